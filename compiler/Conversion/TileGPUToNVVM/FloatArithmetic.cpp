// Float division and remainder; everything else of arith's floats is LLVM's own.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

/// f32: div.full (2 ulp) or rounded to nearest. f16, bf16: the f32 quotient, rounded, which is
/// right in every case if that is (24 bits >= 2 * 11 + 2).
struct LowerDivF : OpConversionPattern<arith::DivFOp> {
  LowerDivF(const TypeConverter &types, LoweringContext &context, PatternBenefit benefit)
      : OpConversionPattern(types, context.module.getContext(), benefit), context(context) {}

  LogicalResult matchAndRewrite(arith::DivFOp op, OpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    Type type = op.getType();
    Value x = in.getLhs(), y = in.getRhs();
    if (!context.mode.approxDivision || type.isF64()) {
      rewriter.replaceOp(op, emit.fdiv(x, y));
      return success();
    }
    FloatAttr constant;
    APFloat inverse(0.0f);
    if (matchPattern(op.getRhs(), m_Constant(&constant)) &&
        constant.getValue().getExactInverse(&inverse)) {
      Value factor =
          LLVM::ConstantOp::create(rewriter, op.getLoc(), type, FloatAttr::get(type, inverse));
      rewriter.replaceOp(op, emit.fmul(x, factor));
      return success();
    }
    StringRef name = context.mode.ftz ? "llvm.nvvm.div.full.ftz" : "llvm.nvvm.div.full";
    Value quotient =
        emit.intrinsic(name, emit.f32(), {emit.fpext(x, emit.f32()), emit.fpext(y, emit.f32())});
    rewriter.replaceOp(op, emit.fptrunc(quotient, type));
    return success();
  }
  LoweringContext &context;
};

/// The remainder of the quotient rounded toward zero, with the sign of x: in f64 by
/// r = |x| - floor(|x| / |y|) * |y|, which a fused step makes exact up to one |y| of either sign
/// while the quotient is below 2^52; beyond that the last bits of the quotient are lost, and r with
/// them.
struct LowerRemF : OpConversionPattern<arith::RemFOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(arith::RemFOp op, OpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    using P = LLVM::FCmpPredicate;
    Value x = emit.fpext(in.getLhs(), emit.f64()), y = emit.fpext(in.getRhs(), emit.f64());
    Value ax = emit.fabs(x), ay = emit.fabs(y);
    Value zero = emit.real(emit.f64(), 0);
    Value quotient = LLVM::FFloorOp::create(rewriter, op.getLoc(), emit.f64(), emit.fdiv(ax, ay));
    Value r = emit.fma(emit.fneg(quotient), ay, ax);
    r = emit.select(emit.fcmp(P::olt, r, zero), emit.fadd(r, ay), r);
    r = emit.select(emit.fcmp(P::oge, r, ay), emit.fsub(r, ay), r);
    r = emit.select(emit.fcmp(P::olt, ax, ay), ax, r); // includes y infinite
    r = LLVM::CopySignOp::create(rewriter, op.getLoc(), emit.f64(), r, x);
    rewriter.replaceOp(op, emit.fptrunc(r, op.getType()));
    return success();
  }
};

} // namespace

void populateFloatArithmetic(const TypeConverter &types, RewritePatternSet &patterns,
                             LoweringContext &context, PatternBenefit benefit) {
  patterns.add<LowerDivF>(types, context, benefit);
  patterns.add<LowerRemF>(types, patterns.getContext(), benefit);
}

} // namespace cosmati::tonvvm
