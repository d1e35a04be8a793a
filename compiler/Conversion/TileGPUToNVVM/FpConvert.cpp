// tile.fp_convert, and arith's conversions where a type is fp8.
#include "compiler/Conversion/TileGPUToNVVM/FpFormats.h"
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

LogicalResult lower(ConversionPatternRewriter &rewriter, LoweringContext &context, Operation *op,
                    ValueRange values, tile::Rounding rounding, tile::Overflow overflow) {
  Type from = getElementTypeOrSelf(op->getOperand(0).getType());
  Type to = getElementTypeOrSelf(op->getResult(0).getType());
  if (!canConvert(from, to))
    return op->emitOpError("converts ")
           << from << " to " << to << "; there are f64, f32, f16, bf16, f8E4M3FN and f8E5M2";
  Emitter emit(rewriter, op->getLoc());
  // Equal registers are converted once.
  SmallVector<Value> distinct;
  DenseMap<Value, size_t> positions;
  for (Value value : values)
    if (positions.try_emplace(value, distinct.size()).second)
      distinct.push_back(value);
  SmallVector<Value> converted =
      convertFloats(emit, context.target, distinct, from, to, rounding, overflow);
  SmallVector<Value> results;
  for (Value value : values)
    results.push_back(converted[positions[value]]);
  replaceWithRegisters(rewriter, op, results);
  return success();
}

struct LowerFpConvert : BlockPattern<tile::FpConvertOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::FpConvertOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    return lower(rewriter, context, op, in.getValue(), op.getRounding(), op.getOverflow());
  }
};

/// Of arith only conversions of 8-bit formats come here; IEEE overflow.
template <typename OpT> struct LowerFp8Cast : OpConversionPattern<OpT> {
  using OneToNOpAdaptor = typename OpConversionPattern<OpT>::OneToNOpAdaptor;
  LowerFp8Cast(const TypeConverter &types, LoweringContext &context)
      : OpConversionPattern<OpT>(types, context.module.getContext(), /*benefit=*/2),
        context(context) {}

  LogicalResult matchAndRewrite(OpT op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    if (!fp8Format(getElementTypeOrSelf(op.getIn().getType())) &&
        !fp8Format(getElementTypeOrSelf(op.getType())))
      return rewriter.notifyMatchFailure(op, "converts no 8-bit format");
    return lower(rewriter, context, op, in.getIn(), tile::Rounding::NearestEven,
                 tile::Overflow::NonFinite);
  }
  LoweringContext &context;
};

} // namespace

void populateFpConvert(const TypeConverter &types, RewritePatternSet &patterns,
                       LoweringContext &context) {
  patterns.add<LowerFpConvert, LowerFp8Cast<arith::ExtFOp>, LowerFp8Cast<arith::TruncFOp>>(types,
                                                                                           context);
}

} // namespace cosmati::tonvvm
