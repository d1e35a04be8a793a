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
  if (*a == MmaType::F32) {
    choice.form = formOfF32(dot.getPrecision());
    if (choice.form == OperandForm::AsIs) {
      choice.reason = "input_precision='ieee' asks for products of full float32, which tensor cores "
                      "do not have; input_precision='tf32x3' comes close, 'tf32' is the fastest";
      return choice;
    }
    a = b = typeOfForm(choice.form);
  }
  const int64_t depth = dot.getA().getType().getShape().back();
  MmaQuery query{target.getSm(), *a, *b, *acc};
  choice.instruction = bestMma(query, depth);
  bool eightBits = mmaTypeBits(*a) == 8 && *acc != MmaType::S32;
  if (!choice.instruction && eightBits) {
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

/// Whether an operand comes from a load along whose dim `dim` (from the end: 1 or 2) memory is
/// contiguous.
static bool liesAlong(Value operand, unsigned dimFromEnd) {
  bool transposed = false;
  auto load = originOf(operand, transposed).getDefiningOp<tile::LoadOp>();
  if (!load || !layoutAttrOf(load.getType()))
    return false;
  const LinearLayout &layout = layoutOf(load.getType());
  if (layout.inBits(LayoutDim::Register) == 0)
    return false;
  unsigned dim = transposed ? 3 - dimFromEnd : dimFromEnd;
  auto first = layout.basis(LayoutDim::Register, 0);
  return first[first.size() - dim] == 1;
}

/// Bits of the inner dimension as an accumulator of f32 has them in its registers and lanes, where
/// a fragment of 8-bit elements wants 0, 1 in registers, 2, 3 in lanes.
static LinearLayout innerFromAccumulator(const LinearLayout &layout, unsigned axis) {
  // In the end bit 0 stays, 1 is where 3 was, 2 where 1 was, 3 where 2 was.
  LinearLayout result = layout;
  for (unsigned bit : {3, 3, 2})
    result = moveBitToFront(result, axis, bit);
  return result;
}

/// Whether the left operand is computed from the result of another product.
static bool comesFromDot(Value operand) {
  bool transposed = false;
  return !transposed && isa_and_nonnull<tile::DotOp, MmaOp>(
                            originOf(operand, transposed).getDefiningOp());
}

MmaLayouts chooseMmaLayouts(tile::DotOp dot, const MmaChoice &choice, bool rowsOnly) {
  const MmaInstruction &instruction = *choice.instruction;
  ArrayRef<int64_t> shape = dot.getType().getShape();
  const unsigned dimM = shape.size() - 2, dimN = shape.size() - 1;
  SmallVector<int64_t, 3> warps = mmaWarps(shape, numWarpsOf(dot), rowsOnly);
  MmaLayouts layouts{mmaLayoutA(instruction, dot.getA().getType().getShape(), warps),
                     mmaLayoutB(instruction, dot.getB().getType().getShape(), warps),
                     mmaLayoutAcc(instruction, shape, warps)};
  if (mmaTypeBits(instruction.a) != 8)
    return layouts;
  if (auto bit = pairingBit(layouts.a, dimM); bit && liesAlong(dot.getA(), 2)) {
    layouts.a = moveBitToFront(layouts.a, dimM, *bit);
    layouts.acc = moveBitToFront(layouts.acc, dimM, *bit);
  }
  if (auto bit = pairingBit(layouts.b, dimN); bit && liesAlong(dot.getB(), 1)) {
    layouts.b = moveBitToFront(layouts.b, dimN, *bit);
    layouts.acc = moveBitToFront(layouts.acc, dimN, *bit);
  }
  if (rowsOnly && comesFromDot(dot.getA())) {
    layouts.a = innerFromAccumulator(layouts.a, dimN);
    layouts.b = innerFromAccumulator(layouts.b, dimM);
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
