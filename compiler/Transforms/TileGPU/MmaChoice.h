// Which matrix instruction multiplies a tile.dot, and in which layouts. The first half of
// tilegpu-select-tensor-core: it decides, SelectTensorCore.cpp builds.
#pragma once

#include "dialects/TileGPU/IR/MmaOps.h"

namespace cosmati::tilegpu {

/// What becomes of the elements of an operand between shared memory and the instruction.
enum class OperandForm : uint8_t {
  AsIs,   ///< the instruction's type
  ToF16,  ///< 8-bit floats where the target has no instruction for them; exact
  Tf32,   ///< f32 rounded to tf32
  Tf32x2, ///< f32 as a sum of two tf32
  Bf16x2, ///< f32 as a sum of two bf16
  Bf16x3, ///< f32 as a sum of three bf16
};

struct MmaChoice {
  const MmaInstruction *instruction = nullptr; ///< null: none; `reason` says why
  OperandForm form = OperandForm::AsIs;
  std::string reason; ///< with what would change it
};

/// The instruction for the types, the precision and the depth of `dot` on this target.
MmaChoice chooseMma(tile::DotOp dot, TargetAttr target);

/// Layouts of the operands and the result.
struct MmaLayouts {
  LinearLayout a, b, acc;
};

/// `rowsOnly`: see mmaWarps. An 8-bit operand whose elements lie along its outer dim in global
/// memory gets a fragment with rows (columns) permuted, and the result with it: then ldmatrix.trans
/// can read it (MatrixAccess.h). An 8-bit left operand that was computed from another product gets
/// its inner dimension in the order of that product's registers.
MmaLayouts chooseMmaLayouts(tile::DotOp dot, const MmaChoice &choice, bool rowsOnly);

/// The dots of a function of which another dot takes the result as its left operand, by way of
/// elementwise operations alone, and these others.
llvm::DenseSet<mlir::Operation *> findChainedDots(mlir::Operation *function);

} // namespace cosmati::tilegpu
