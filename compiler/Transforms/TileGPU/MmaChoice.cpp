#include "compiler/Transforms/TileGPU/MmaChoice.h"

#include "compiler/Transforms/TileGPU/MmaWarps.h"
#include "dialects/Layout/MatrixAccess.h"
#include "dialects/TileGPU/IR/ShapeLayouts.h"

using namespace mlir;

namespace cosmati::tilegpu {

//===--------------------------------------------------------------------------------------------===//
// The instruction
//===--------------------------------------------------------------------------------------------===//

static std::optional<MmaType> mmaTypeOf(Type type) {
  return llvm::TypeSwitch<Type, std::optional<MmaType>>(type)
      .Case<Float16Type>([](Type) { return MmaType::F16; })
      .Case<BFloat16Type>([](Type) { return MmaType::BF16; })
      .Case<Float32Type>([](Type) { return MmaType::F32; })
      .Case<Float64Type>([](Type) { return MmaType::F64; })
      .Case<Float8E4M3FNType>([](Type) { return MmaType::E4M3; })
      .Case<Float8E5M2Type>([](Type) { return MmaType::E5M2; })
      .Case<IntegerType>([](IntegerType integer) -> std::optional<MmaType> {
        if (integer.getWidth() == 8)
          return MmaType::S8;
        if (integer.getWidth() == 32)
          return MmaType::S32;
        return std::nullopt;
      })
      .Default(std::optional<MmaType>());
}

static OperandForm formOfF32(tile::InputPrecision precision) {
  switch (precision) {
  case tile::InputPrecision::TF32:
    return OperandForm::Tf32;
  case tile::InputPrecision::TF32x3:
    return OperandForm::Tf32x2;
  case tile::InputPrecision::BF16x3:
    return OperandForm::Bf16x2;
  case tile::InputPrecision::BF16x6:
    return OperandForm::Bf16x3;
  case tile::InputPrecision::IEEE:
    break;
  }
  return OperandForm::AsIs;
}

/// The type that an operand of f32 has in the instruction.
static MmaType typeOfForm(OperandForm form) {
  return form == OperandForm::Tf32 || form == OperandForm::Tf32x2 ? MmaType::TF32 : MmaType::BF16;
}

MmaChoice chooseMma(tile::DotOp dot, TargetAttr target) {
  MmaChoice choice;
  std::optional<MmaType> a = mmaTypeOf(dot.getA().getType().getElementType()),
                         b = mmaTypeOf(dot.getB().getType().getElementType()),
                         acc = mmaTypeOf(dot.getType().getElementType());
  if (!a || !b || !acc) {
    choice.reason = "no matrix instruction has operands of these types";
    return choice;
  }
  if (dot.getUnsignedA())
    a = MmaType::U8;
  if (dot.getUnsignedB())
    b = MmaType::U8;
  if (*a == MmaType::F32) {
    choice.form = formOfF32(dot.getPrecision());
    if (choice.form == OperandForm::AsIs) {
      choice.reason =
          "input_precision='ieee' asks for products of full float32, which tensor cores "
          "do not have; input_precision='tf32x3' comes close, 'tf32' is the fastest";
      return choice;
    }
    a = b = typeOfForm(choice.form);
  }
  const int64_t depth = dot.getA().getType().getShape().back();
  MmaQuery query{target.getSm(), *a, *b, *acc};
  const bool fp8 = mmaTypeBits(*a) == 8 && *acc != MmaType::S32;
  if (!fp8 || target.row().fp8Mma)
    choice.instruction = bestMma(query, depth);
  if (!choice.instruction && fp8) {
    query.a = query.b = MmaType::F16;
    choice.instruction = bestMma(query, depth);
    choice.form = OperandForm::ToF16;
  }
  if (!choice.instruction)
    choice.reason = whyNoMma(query, depth);
  return choice;
}

//===--------------------------------------------------------------------------------------------===//
// Layouts
//===--------------------------------------------------------------------------------------------===//

/// The value that `value` is made of by elementwise operations, conversions and transpositions:
/// the first operand that is a block, as far back as it goes. `transposed` counts.
static Value originOf(Value value, bool &transposed) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto trans = dyn_cast<tile::TransOp>(op)) {
      transposed = !transposed;
      value = trans->getOperand(0);
    } else if (isa<ConvertLayoutOp>(op) || op->hasTrait<OpTrait::Elementwise>()) {
      value = op->getOperand(0);
    } else {
      break;
    }
  }
  return value;
}

/// The load that an operand comes from, and where it is contiguous in memory.
struct Source {
  unsigned bits = 0;                  ///< of its elements; 0: there is no such load
  std::optional<unsigned> along = {}; ///< dim of the operand, counted from the end: 1 or 2
};

static Source sourceOf(Value operand) {
  bool transposed = false;
  auto load = originOf(operand, transposed).getDefiningOp<tile::LoadOp>();
  if (!load || !layoutAttrOf(load.getType()))
    return {};
  const LinearLayout &layout = layoutOf(load.getType());
  Source source{elementBits(cast<RankedTensorType>(load.getType()).getElementType())};
  if (layout.inBits(LayoutDim::Register) == 0)
    return source;
  auto first = layout.basis(LayoutDim::Register, 0);
  for (unsigned fromEnd : {1u, 2u})
    if (first.size() >= fromEnd && first[first.size() - fromEnd] == 1)
      source.along = transposed ? 3 - fromEnd : fromEnd;
  return source;
}

static LinearLayout moveInner(LinearLayout layout, unsigned axis, ArrayRef<unsigned> toFront) {
  for (unsigned bit : toFront)
    layout = moveBitToFront(layout, axis, bit);
  return layout;
}

/// A fragment of 8-bit elements has bits 0, 1 of the inner dimension in registers and 2, 3 in
/// lanes. With registers for 0, 3 and lanes for 1, 2 it is as an accumulator has its columns, which
/// so can be the left operand as they are. (2 goes to 1, 3 to 2, 1 to 3.)
static LinearLayout innerOfAccumulator(const LinearLayout &layout, unsigned axis) {
  return moveInner(layout, axis, {3, 3, 2});
}

/// A fragment of 16-bit elements has bits 0, 3 of the inner dimension in registers and 1, 2 in
/// lanes. With registers for 0, 1 and lanes for 2, 3 a lane holds four neighbours, which of 8-bit
/// elements are a word that ldmatrix gives. (3 goes to 1, 1 to 2, 2 to 3.)
static LinearLayout innerByFours(const LinearLayout &layout, unsigned axis) {
  return moveInner(layout, axis, {3, 1});
}

/// Whether the left operand is computed from the result of another product.
static bool comesFromDot(Value operand) {
  bool transposed = false;
  return !transposed &&
         isa_and_nonnull<tile::DotOp, MmaOp>(originOf(operand, transposed).getDefiningOp());
}

MmaLayouts chooseMmaLayouts(tile::DotOp dot, const MmaChoice &choice, bool rowsOnly) {
  const MmaInstruction &instruction = *choice.instruction;
  ArrayRef<int64_t> shape = dot.getType().getShape();
  const unsigned dimM = shape.size() - 2, dimN = shape.size() - 1;
  SmallVector<int64_t, 3> warps = mmaWarps(shape, numWarpsOf(dot), rowsOnly);
  MmaLayouts layouts{mmaLayoutA(instruction, dot.getA().getType().getShape(), warps),
                     mmaLayoutB(instruction, dot.getB().getType().getShape(), warps),
                     mmaLayoutAcc(instruction, shape, warps)};
  constexpr unsigned kOuterOfA = 2, kInnerOfA = 1, kInnerOfB = 2, kOuterOfB = 1; // from the end
  const unsigned bits = mmaTypeBits(instruction.a);
  if (bits != 8 && bits != 16)
    return layouts;
  const Source a = sourceOf(dot.getA()), b = sourceOf(dot.getB());
  const bool chained = rowsOnly && comesFromDot(dot.getA());
  if (auto bit = pairingBit(layouts.a, dimM); bit && a.bits == 8 && a.along == kOuterOfA) {
    layouts.a = moveBitToFront(layouts.a, dimM, *bit);
    layouts.acc = moveBitToFront(layouts.acc, dimM, *bit);
  }
  if (auto bit = pairingBit(layouts.b, dimN); bit && b.bits == 8 && b.along == kOuterOfB) {
    layouts.b = moveBitToFront(layouts.b, dimN, *bit);
    layouts.acc = moveBitToFront(layouts.acc, dimN, *bit);
  }
  const bool byFours =
      (a.bits == 8 && a.along == kInnerOfA) || (b.bits == 8 && b.along == kInnerOfB);
  if (bits == 8 && chained) {
    layouts.a = innerOfAccumulator(layouts.a, dimN);
    layouts.b = innerOfAccumulator(layouts.b, dimM);
  } else if (bits == 16 && byFours && !chained) {
    layouts.a = innerByFours(layouts.a, dimN);
    layouts.b = innerByFours(layouts.b, dimM);
  }
  return layouts;
}

//===--------------------------------------------------------------------------------------------===//
// Chains
//===--------------------------------------------------------------------------------------------===//

llvm::DenseSet<Operation *> findChainedDots(Operation *function) {
  llvm::DenseSet<Operation *> chained;
  function->walk([&](tile::DotOp dot) {
    SmallVector<Value> worklist{dot.getResult()};
    llvm::DenseSet<Value> seen;
    while (!worklist.empty()) {
      Value value = worklist.pop_back_val();
      if (!seen.insert(value).second)
        continue;
      for (OpOperand &use : value.getUses()) {
        Operation *user = use.getOwner();
        auto next = dyn_cast<tile::DotOp>(user);
        if (next && use.getOperandNumber() == 0) {
          chained.insert(dot);
          chained.insert(next);
        } else if (isa<ConvertLayoutOp>(user) || user->hasTrait<OpTrait::Elementwise>()) {
          worklist.append(user->result_begin(), user->result_end());
        }
      }
    }
  });
  return chained;
}

} // namespace cosmati::tilegpu
