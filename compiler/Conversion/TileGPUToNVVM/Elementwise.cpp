// Elementwise ops: one clone per register, still in arith and math.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

#include "mlir/Dialect/UB/IR/UBOps.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

bool isFp8(Type type) {
  auto floating = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  return floating && floating.getWidth() == 8;
}

/// Any elementwise op of arith and math.
class CloneElementwise : public ConversionPattern {
public:
  CloneElementwise(const TypeConverter &types, MLIRContext *context)
      : ConversionPattern(types, MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op, ArrayRef<ValueRange> operands,
                                ConversionPatternRewriter &rewriter) const override {
    if (!OpTrait::hasElementwiseMappableTraits(op) ||
        !isa<arith::ArithDialect, math::MathDialect>(op->getDialect()))
      return rewriter.notifyMatchFailure(op, "is no elementwise op of arith or math");
    if (isa<arith::BitcastOp>(op) &&
        operands[0][0].getType() == loweredElementType(op->getResult(0).getType())) {
      rewriter.replaceOpWithMultiple(op, {operands[0]});
      return success();
    }
    if (!isa<arith::BitcastOp, arith::SelectOp>(op) && touchesFp8(op))
      return op->emitOpError("computes on 8-bit floats; convert them to f16 or f32 first "
                             "(tile.fp_convert)");
    cloneAll(op, operands, rewriter);
    return success();
  }

private:
  static bool touchesFp8(Operation *op) {
    return llvm::any_of(op->getOperandTypes(), isFp8) || llvm::any_of(op->getResultTypes(), isFp8);
  }

  static void cloneAll(Operation *op, ArrayRef<ValueRange> operands,
                       ConversionPatternRewriter &rewriter) {
    SmallVector<Type, 1> types;
    for (Type type : op->getResultTypes())
      types.push_back(loweredElementType(type));
    int64_t registers = registerCount(op->getResult(0).getType());
    auto clone = [&](ArrayRef<Value> values) -> Value {
      Operation *copy =
          Operation::create(op->getLoc(), op->getName(), types, values,
                            NamedAttrList(op->getDiscardableAttrDictionary()),
                            op->getPropertiesStorage(), BlockRange(), /*numRegions=*/0);
      return rewriter.insert(copy)->getResult(0);
    };
    SmallVector<SmallVector<Value>> results(types.size());
    results[0] = perRegister(operands, registers, clone);
    for (size_t i = 1; i < types.size(); ++i)
      for (Value first : results[0])
        results[i].push_back(first.getDefiningOp()->getResult(i));
    rewriter.replaceOpWithMultiple(op, std::move(results));
  }
};

/// Splat constants, 8-bit floats as their bits.
struct LowerConstant : BlockPattern<arith::ConstantOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(arith::ConstantOp op, OneToNOpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Attribute value = op.getValue();
    if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
      if (!dense.isSplat())
        return op.emitOpError("is a block of different elements; only splat constants can be "
                              "lowered (build others from tile.make_range)");
      value = dense.getSplatValue<Attribute>();
    }
    Type type = loweredElementType(op.getType());
    if (auto floating = dyn_cast<FloatAttr>(value); floating && isa<IntegerType>(type))
      value = IntegerAttr::get(type, floating.getValue().bitcastToAPInt());
    Value constant = LLVM::ConstantOp::create(rewriter, op.getLoc(), type, cast<TypedAttr>(value));
    replaceWithRegisters(rewriter, op, SmallVector<Value>(registerCount(op.getType()), constant));
    return success();
  }
};

/// A value that nobody defines is 0.
struct LowerPoison : BlockPattern<ub::PoisonOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(ub::PoisonOp op, OneToNOpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    Value zero = emit.zero(loweredElementType(op.getType()));
    replaceWithRegisters(rewriter, op, SmallVector<Value>(registerCount(op.getType()), zero));
    return success();
  }
};

struct LowerSplat : BlockPattern<tile::SplatOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::SplatOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    replaceWithRegisters(rewriter, op,
                         SmallVector<Value>(registerCount(op.getType()), in.getValue().front()));
    return success();
  }
};

/// Every thread holds the only element in its first register.
struct LowerUnsplat : BlockPattern<tile::UnsplatOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::UnsplatOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    replaceWithRegisters(rewriter, op, {in.getValue().front()});
    return success();
  }
};

struct LowerHint : BlockPattern<tile::HintOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::HintOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithMultiple(op, {in.getValue()});
    return success();
  }
};

/// f16 and bf16 go through f32, which rounds the same: 24 bits >= 2 * 11 + 2.
struct LowerDivRn : BlockPattern<tile::DivRnOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::DivRnOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    Type type = loweredElementType(op.getType());
    if (!type.isF64() && !type.isF32() && !type.isF16() && !type.isBF16())
      return op.emitOpError("has no lowering for ") << type;
    StringRef divide = context.mode.ftz ? "llvm.nvvm.div.rn.ftz.f" : "llvm.nvvm.div.rn.f";
    auto make = [&](ArrayRef<Value> v) -> Value {
      if (type.isF64())
        return emit.fdiv(v[0], v[1]);
      Value a = emit.fpext(v[0], emit.f32()), b = emit.fpext(v[1], emit.f32());
      return emit.fptrunc(emit.intrinsic(divide, emit.f32(), {a, b}), type);
    };
    replaceWithRegisters(
        rewriter, op, perRegister({in.getLhs(), in.getRhs()}, registerCount(op.getType()), make));
    return success();
  }
};

struct LowerSqrtRn : BlockPattern<tile::SqrtRnOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::SqrtRnOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    Type type = loweredElementType(op.getType());
    if (!type.isF64() && !type.isF32() && !type.isF16() && !type.isBF16())
      return op.emitOpError("has no lowering for ") << type;
    StringRef root = context.mode.ftz ? "llvm.nvvm.sqrt.rn.ftz.f" : "llvm.nvvm.sqrt.rn.f";
    auto make = [&](ArrayRef<Value> v) -> Value {
      if (type.isF64())
        return emit.intrinsic("llvm.nvvm.sqrt.rn.d", type, v);
      Value a = emit.fpext(v[0], emit.f32());
      return emit.fptrunc(emit.intrinsic(root, emit.f32(), {a}), type);
    };
    replaceWithRegisters(rewriter, op,
                         perRegister({in.getValue()}, registerCount(op.getType()), make));
    return success();
  }
};

/// The backends match this to mul.hi.
struct LowerMulHiU : BlockPattern<tile::MulHiUOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::MulHiUOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    Type type = loweredElementType(op.getType());
    unsigned bits = type.getIntOrFloatBitWidth();
    Type wide = emit.intType(2 * bits);
    auto make = [&](ArrayRef<Value> v) {
      Value product = emit.mul(emit.zext(v[0], wide), emit.zext(v[1], wide));
      return emit.trunc(emit.lshr(product, bits), type);
    };
    replaceWithRegisters(
        rewriter, op, perRegister({in.getLhs(), in.getRhs()}, registerCount(op.getType()), make));
    return success();
  }
};

} // namespace

void populateElementwise(const TypeConverter &types, RewritePatternSet &patterns,
                         LoweringContext &context) {
  patterns.add<CloneElementwise>(types, patterns.getContext());
  patterns.add<LowerConstant, LowerPoison, LowerSplat, LowerUnsplat, LowerHint, LowerDivRn,
               LowerSqrtRn, LowerMulHiU>(types, context);
}

} // namespace cosmati::tonvvm
