// Float division and remainder, integers to bf16; everything else of arith's floats is LLVM's own.
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

/// Integers of 32 and 64 bits to bf16 where the target has no such instruction, and LLVM would
/// round to f32 first, then to bf16. Here the first step is toward zero with the last bit set where
/// that was inexact ("round to odd"), so that the second one rounds the integer itself.
template <typename OpT, bool isSigned> struct LowerIntToBf16 : OpConversionPattern<OpT> {
  LowerIntToBf16(const TypeConverter &types, LoweringContext &context, PatternBenefit benefit)
      : OpConversionPattern<OpT>(types, context.module.getContext(), benefit), context(context) {}

  LogicalResult matchAndRewrite(OpT op, typename OpT::Adaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    unsigned width = cast<IntegerType>(op.getIn().getType()).getWidth();
    if (!op.getType().isBF16() || context.target.hasBf16Arithmetic() ||
        (width != 32 && width != 64))
      return rewriter.notifyMatchFailure(op, "one conversion rounds once");
    Emitter emit(rewriter, op.getLoc());
    std::string integer = std::string(isSigned ? "" : "u") + (width == 64 ? "ll" : "i");
    Value x = in.getIn();
    Value single = emit.intrinsic("llvm.nvvm." + integer + "2f.rz", emit.f32(), {x});
    Value back = emit.intrinsic("llvm.nvvm.f2" + integer + ".rz", x.getType(), {single});
    Value inexact = emit.icmp(LLVM::ICmpPredicate::ne, back, x);
    Value bits = emit.bitOr(emit.bitcast(single, emit.i32()), emit.zext(inexact, emit.i32()));
    rewriter.replaceOp(op, emit.fptrunc(emit.bitcast(bits, emit.f32()), op.getType()));
    return success();
  }
  LoweringContext &context;
};

} // namespace

void populateFloatArithmetic(const TypeConverter &types, RewritePatternSet &patterns,
                             LoweringContext &context, PatternBenefit benefit) {
  patterns.add<LowerDivF, LowerIntToBf16<arith::SIToFPOp, true>,
               LowerIntToBf16<arith::UIToFPOp, false>>(types, context, benefit);
  patterns.add<LowerRemF>(types, patterns.getContext(), benefit);
}

} // namespace cosmati::tonvvm
