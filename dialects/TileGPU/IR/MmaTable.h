// The matrix instructions of one warp as data: what MmaInstructions.td says, and questions about
// it.
//
// Verifier, selection and lowering all read this table; it needs no MLIR. How the matrices lie in
// registers is told by MmaFragments.h.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace cosmati::tilegpu {

/// Element types as PTX names them.
enum class MmaType : uint8_t {
#define MMA_TYPE(id, name, bits) id,
#include "dialects/TileGPU/IR/MmaInstructions.inc"
};

/// "f16", "e4m3", "s8" ...
llvm::StringRef mmaTypeName(MmaType type);
/// Bits of one element: 1, 4, 8, 16, 32 (tf32, too) or 64.
unsigned mmaTypeBits(MmaType type);
std::optional<MmaType> parseMmaType(llvm::StringRef name);

/// What products of single bits are; they are counted, not added.
enum class MmaBitOp : uint8_t { None, Xor, And };

/// One instruction: d = a * b + c. A is m x k, row-major; B is k x n, column-major; C and D are
/// m x n of the type `acc`. Where it is sparse, A holds k / 2 of the k columns of each row and a
/// further 32-bit operand says which ones.
struct MmaInstruction {
  int m, n, k;
  MmaType a, b, acc;
  MmaBitOp bitOp;
  bool sparse;
  int sm;         ///< lowest compute capability: 89 = 8.9; later ones have it, too
  int ptxVersion; ///< lowest PTX ISA: 84 = 8.4
  int aRegisters, bRegisters, accRegisters; ///< of one thread, each of registerBits
  bool nvvmOp; ///< nvvm.mma.sync (sparse: nvvm.mma.sp.sync) takes it; if not, use `intrinsic`
  llvm::StringLiteral ptx;           ///< the opcode with all modifiers, not saturating; its name
  llvm::StringLiteral saturatingPtx; ///< clamps to the range of s32; empty where there is none
  llvm::StringLiteral intrinsic, saturatingIntrinsic; ///< LLVM's: "llvm.nvvm.mma..."

  bool saturates() const { return !saturatingPtx.empty(); }
  /// Columns that A holds.
  int storedK() const { return sparse ? k / 2 : k; }
  /// Width of one register of an operand: 64 for f64, else 32.
  static int registerBits(MmaType type) { return type == MmaType::F64 ? 64 : 32; }
};

/// All rows, in the order of the file.
llvm::ArrayRef<MmaInstruction> mmaTable();

/// The row whose `ptx` is `name`; null where there is none.
const MmaInstruction *mmaByName(llvm::StringRef name);
/// The row of an LLVM intrinsic, saturating or not; null where there is none.
const MmaInstruction *mmaByIntrinsic(llvm::StringRef name);

/// "sm_90a", "90a" -> 90; none for what is no target.
std::optional<int> computeCapability(llvm::StringRef target);

/// What one looks for. A target that is none (see computeCapability) has no instructions.
struct MmaQuery {
  llvm::StringRef target; ///< "80", "90a"
  MmaType a, b, acc;
  MmaBitOp bitOp = MmaBitOp::None;
  bool sparse = false;
};

/// The instructions of these types that the target has, the largest k first, of equal ones the
/// largest m.
llvm::SmallVector<const MmaInstruction *, 4> findMma(const MmaQuery &query);

/// Of those the first one whose k divides `depth`, the extent of the product's inner dimension
/// (sparse: of the matrix that A stands for). Null where there is none.
const MmaInstruction *bestMma(const MmaQuery &query, int64_t depth);

/// Why bestMma has no answer, with what would change it: "no mma of e4m3 x e4m3 -> f32 on sm_80; it
/// needs sm_89".
std::string whyNoMma(const MmaQuery &query, int64_t depth);

} // namespace cosmati::tilegpu
