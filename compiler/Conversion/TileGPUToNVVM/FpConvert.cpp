// tile.fp_convert, arith's conversions where a type is fp8 or where two registers are narrowed at
// once, and tilegpu.round_tf32.
#include "compiler/Conversion/TileGPUToNVVM/DistinctRegisters.h"
#include "compiler/Conversion/TileGPUToNVVM/FpFormats.h"
#include "compiler/Conversion/TileGPUToNVVM/IntToFloat.h"
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "dialects/TileGPU/IR/MmaOps.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

LogicalResult lower(ConversionPatternRewriter &rewriter, LoweringContext &context, Operation *op,
                    ValueRange values, tile::Rounding rounding, tile::Overflow overflow) {
  Type from = getElementTypeOrSelf(op->getOperand(0).getType());
  Type to = getElementTypeOrSelf(op->getResult(0).getType());
  if (!canConvert(from, to))
    return op->emitOpError("converts ")
           << from << " to " << to
           << "; there are f64, f32, f16, bf16, f8E4M3FN, f8E5M2, f8E4M3FNUZ and f8E5M2FNUZ";
  Emitter emit(rewriter, op->getLoc());
  SmallVector<Value> results = onDistinct(values, [&](ValueRange distinct) {
    return convertFloats(emit, context.target, context.mode.ftz, distinct, from, to, rounding,
                         overflow);
  });
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

/// Conversions of arith that LLVM lacks (8-bit formats), or does one at a time unless both results
/// go into one word within the same branch: blocks of f32 to 16 bits. IEEE overflow.
template <typename OpT> struct LowerCast : OpConversionPattern<OpT> {
  using OneToNOpAdaptor = typename OpConversionPattern<OpT>::OneToNOpAdaptor;
  LowerCast(const TypeConverter &types, LoweringContext &context)
      : OpConversionPattern<OpT>(types, context.module.getContext(), /*benefit=*/2),
        context(context) {}

  LogicalResult matchAndRewrite(OpT op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Type from = getElementTypeOrSelf(op.getIn().getType());
    Type to = getElementTypeOrSelf(op.getType());
    bool inPairs = from.isF32() && (to.isF16() || to.isBF16()) && in.getIn().size() > 1;
    if (!fp8Format(from) && !fp8Format(to) && !inPairs)
      return rewriter.notifyMatchFailure(op, "is LLVM's own conversion");
    if constexpr (std::is_same_v<OpT, arith::TruncFOp>)
      if (op.getRoundingmode() && *op.getRoundingmode() != arith::RoundingMode::to_nearest_even)
        return rewriter.notifyMatchFailure(op, "does not round to nearest even");
    return lower(rewriter, context, op, in.getIn(), tile::Rounding::NearestEven,
                 tile::Overflow::NonFinite);
  }
  LoweringContext &context;
};

struct LowerRoundTf32 : BlockPattern<tilegpu::RoundTf32Op> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::RoundTf32Op op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    ValueRange values = in.getValue();
    replaceWithRegisters(rewriter, op,
                         perRegister({values}, registerCount(op.getType()), [&](ArrayRef<Value> x) {
                           Value bits = NVVM::ConvertFloatToTF32Op::create(
                               rewriter, op.getLoc(), emit.i32(), x[0], NVVM::FPRoundingMode::RNA,
                               NVVM::SaturationMode::NONE, /*relu=*/false);
                           return emit.bitcast(bits, emit.f32());
                         }));
    return success();
  }
};

} // namespace

void populateFpConvert(const TypeConverter &types, RewritePatternSet &patterns,
                       LoweringContext &context) {
  patterns
      .add<LowerFpConvert, LowerCast<arith::ExtFOp>, LowerCast<arith::TruncFOp>, LowerRoundTf32>(
          types, context);
  populateIntToFloat(types, patterns, context);
}

} // namespace cosmati::tonvvm
