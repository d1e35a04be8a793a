// Dots as matrix instructions.
#include "compiler/Analysis/Remarks.h"
#include "compiler/Transforms/TileGPU/MmaChoice.h"
#include "compiler/Transforms/TileGPU/Passes.h"
#include "compiler/Transforms/TileGPU/SelectSpecialDots.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_SELECTTENSORCORE
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

/// Builds one dot as one or several tilegpu.mma.
class DotBuilder {
public:
  DotBuilder(tile::DotOp dot, const MmaChoice &choice, const MmaLayouts &layouts)
      : dot(dot), choice(choice), layouts(layouts), builder(dot), loc(dot.getLoc()) {}

  Value build() {
    Value a = convert(dot.getA(), layouts.a), b = convert(dot.getB(), layouts.b);
    Value acc = convert(dot.getAcc(), layouts.acc);
    switch (choice.form) {
    case OperandForm::AsIs:
      return multiply(a, b, acc);
    case OperandForm::ToF16:
      return multiply(toF16(a), toF16(b), acc);
    case OperandForm::Tf32:
      return multiply(round(a), round(b), acc);
    case OperandForm::Tf32x2:
    case OperandForm::Bf16x2:
      return sumOfProducts(split(a, 2), split(b, 2), acc);
    case OperandForm::Bf16x3:
      return sumOfProducts(split(a, 3), split(b, 3), acc);
    }
    llvm::report_fatal_error("select-tensor-core: unknown form of operands");
  }

private:
  Value convert(Value value, const LinearLayout &layout) {
    auto block = cast<RankedTensorType>(value.getType());
    return builder.createOrFold<ConvertLayoutOp>(loc, withLayout(block, layout), value);
  }
  RankedTensorType retyped(Value value, Type element) {
    return cast<RankedTensorType>(cast<RankedTensorType>(value.getType()).clone(element));
  }
  Value toF16(Value value) {
    // Every 8-bit float is one of f16.
    return tile::FpConvertOp::create(builder, loc, retyped(value, builder.getF16Type()), value,
                                     tile::Rounding::NearestEven, tile::Overflow::NonFinite);
  }
  Value round(Value value) { return RoundTf32Op::create(builder, loc, value.getType(), value); }

  Value multiply(Value a, Value b, Value acc) {
    // K counts all products of the instruction's block; a bound that the block does not reach is
    // none.
    int64_t most = dot.getMaxNumImpreciseAcc();
    bool promote = most > 0 && most < dot.getA().getType().getShape().back() &&
                   mmaTypeBits(choice.instruction->a) == 8 &&
                   choice.instruction->acc == MmaType::F32;
    return MmaOp::create(builder, loc, acc.getType(), choice.instruction->ptx, a, b, acc,
                         /*saturate=*/false, static_cast<uint32_t>(promote ? most : 0));
  }

  /// Parts of f32 values whose sum is the value, as far as so many parts can tell: each is the rest
  /// rounded. The rest of what is not finite is 0.
  SmallVector<Value> split(Value value, int parts) {
    bool tf32 = choice.form == OperandForm::Tf32x2;
    SmallVector<Value> result;
    for (int i = 0; i < parts; ++i) {
      Value part = tf32 ? round(value)
                        : arith::TruncFOp::create(builder, loc,
                                                  retyped(value, builder.getBF16Type()), value);
      result.push_back(part);
      if (i + 1 == parts)
        break;
      Value wide =
          tf32 ? part : arith::ExtFOp::create(builder, loc, value.getType(), part).getResult();
      Value rest = arith::SubFOp::create(builder, loc, value, wide);
      value = zeroNans(rest);
    }
    return result;
  }

  Value zeros(Type type) {
    return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  }
  Value zeroNans(Value value) {
    Value ordered = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::ORD, value, value);
    return arith::SelectOp::create(builder, loc, ordered, value, zeros(value.getType()));
  }

  /// acc + the products of parts whose numbers sum to less than the number of parts, smallest
  /// first. The small ones are summed apart: infinity times a zero rest is no number, and must not
  /// spoil the product of the first parts, which says what is right.
  Value sumOfProducts(ArrayRef<Value> a, ArrayRef<Value> b, Value acc) {
    Value sum = zeros(acc.getType());
    for (size_t order = a.size(); --order > 0;)
      for (size_t i = 0; i <= order; ++i)
        sum = multiply(a[i], b[order - i], sum);
    sum = multiply(a[0], b[0], zeroNans(sum));
    return arith::AddFOp::create(builder, loc, acc, sum);
  }

  tile::DotOp dot;
  const MmaChoice &choice;
  const MmaLayouts &layouts;
  OpBuilder builder;
  Location loc;
};

class SelectTensorCorePass : public tilegpu::impl::SelectTensorCoreBase<SelectTensorCorePass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    llvm::DenseSet<Operation *> chained = findChainedDots(function);
    SmallVector<tile::DotOp> dots;
    function.walk([&](tile::DotOp dot) { dots.push_back(dot); });
    for (tile::DotOp dot : dots)
      select(dot, chained.contains(dot));
    if (failed(selectSpecialDots(function)))
      signalPassFailure();
  }

  LogicalResult selectSpecialDots(func::FuncOp function) {
    SmallVector<Operation *> dots;
    function.walk([&](Operation *op) {
      if (isa<tile::DotPackedOp, tile::DotSparseOp>(op))
        dots.push_back(op);
    });
    for (Operation *op : dots) {
      auto packed = dyn_cast<tile::DotPackedOp>(op);
      if (failed(packed ? selectPackedDot(packed) : selectSparseDot(cast<tile::DotSparseOp>(op))))
        return failure();
      ++numDots;
    }
    return success();
  }

  void select(tile::DotOp dot, bool rowsOnly) {
    MmaChoice choice = chooseMma(dot, targetOf(dot));
    if (!choice.instruction) {
      cosmati::emitRemark(dot, Remark::DotOnFma)
          << "dot runs on FMA, not on tensor cores: " << choice.reason;
      return;
    }
    MmaLayouts layouts = chooseMmaLayouts(dot, choice, rowsOnly);
    Value result = DotBuilder(dot, choice, layouts).build();
    OpBuilder builder(dot);
    dot.replaceAllUsesWith(
        ConvertLayoutOp::create(builder, dot.getLoc(), dot.getType(), result).getResult());
    dot.erase();
    ++numDots;
  }
};

} // namespace
