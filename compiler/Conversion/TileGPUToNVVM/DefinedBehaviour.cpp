// The one place that gives a result to what LLVM leaves undefined.
//
//   x / 0 = 0 and x % 0 = x          so that x = (x / y) * y + x % y holds always; LLVM: the
//   program is undefined INT_MIN / -1 = INT_MIN, rest 0   two's complement x << n, x >>u n = 0; x
//   >>s n = sign copies, for n >= width      LLVM: poison float to integer saturates, NaN gives 0
//   LLVM: poison promises (nsw, nuw, exact) are dropped
//
// A division guarded by the user, where(y == 0, a, x // y), stays guarded: nothing here is
// undefined, so LLVM may not conclude that y isn't 0.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

std::optional<APInt> constantOf(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant;
  return std::nullopt;
}

/// One division or remainder; `OpT` is arith's, `LlvmT` LLVM's.
template <typename OpT, typename LlvmT, bool isSigned, bool isRemainder>
struct LowerDivision : OpConversionPattern<OpT> {
  using OpConversionPattern<OpT>::OpConversionPattern;

  LogicalResult matchAndRewrite(OpT op, typename OpT::Adaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    Value x = in.getLhs(), y = in.getRhs();
    auto divide = [&](Value divisor) -> Value {
      return LlvmT::create(rewriter, op.getLoc(), x, divisor);
    };
    std::optional<APInt> constant = constantOf(op.getRhs());
    if (constant && !constant->isZero() && !(isSigned && constant->isAllOnes())) {
      rewriter.replaceOp(op, divide(y));
      return success();
    }
    // Divide by 1 instead of the exceptions, then put in their results.
    Value isZero = emit.eq(y, 0);
    Value one = emit.integer(y.getType(), 1);
    if (!isSigned) {
      Value result = divide(emit.select(isZero, one, y));
      rewriter.replaceOp(op, emit.select(isZero, resultOfZero(emit, x), result));
      return success();
    }
    Value isMinusOne = emit.eq(y, -1);
    Value safe = emit.select(emit.bitOr(isZero, isMinusOne), one, y);
    Value result = divide(safe);
    if (!isRemainder) // x % 1 = 0 is right for -1, too
      result = emit.select(isMinusOne, emit.sub(emit.integer(x.getType(), 0), x), result);
    rewriter.replaceOp(op, emit.select(isZero, resultOfZero(emit, x), result));
    return success();
  }

  static Value resultOfZero(Emitter &emit, Value x) {
    return isRemainder ? x : emit.integer(x.getType(), 0);
  }
};

template <typename OpT, typename LlvmT, bool copiesSign>
struct LowerShift : OpConversionPattern<OpT> {
  using OpConversionPattern<OpT>::OpConversionPattern;

  LogicalResult matchAndRewrite(OpT op, typename OpT::Adaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    Value x = in.getLhs(), amount = in.getRhs();
    unsigned width = cast<IntegerType>(x.getType()).getWidth();
    auto shift = [&](Value by) -> Value { return LlvmT::create(rewriter, op.getLoc(), x, by); };
    std::optional<APInt> constant = constantOf(op.getRhs());
    if (constant && constant->ult(width)) {
      rewriter.replaceOp(op, shift(amount));
      return success();
    }
    Value zero = emit.integer(x.getType(), 0), most = emit.integer(x.getType(), width - 1);
    if (!copiesSign && width == 64)
      // LLVM 22 takes the selection below for PTX's own clamp, but then cuts the amount to 32 bits.
      x = emit.select(emit.ult(amount, width), x, zero);
    if (copiesSign || width == 64)
      rewriter.replaceOp(op, shift(emit.umin(amount, most)));
    else // the shift's poison is not chosen
      rewriter.replaceOp(op, emit.select(emit.ult(amount, width), shift(amount), zero));
    return success();
  }
};

/// cvt.rzi saturates. NaN gives 0, but half the range where a type has 64 bits (PTX ISA, cvt).
template <typename OpT, bool isSigned> struct LowerFloatToInt : OpConversionPattern<OpT> {
  using OpConversionPattern<OpT>::OpConversionPattern;

  LogicalResult matchAndRewrite(OpT op, typename OpT::Adaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    Value value = in.getIn();
    auto type = dyn_cast<IntegerType>(op.getType());
    if (!type || type.getWidth() > 64)
      return op.emitOpError("converts to ") << op.getType() << "; there are i1 to i64";
    bool isDouble = value.getType().isF64();
    if (!isDouble)
      value = emit.fpext(value, emit.f32());
    bool isWide = type.getWidth() > 32;
    Type wide = isWide ? emit.i64() : emit.i32();
    std::string name = std::string("llvm.nvvm.") + (isDouble ? "d2" : "f2") +
                       (isSigned ? "" : "u") + (isWide ? "ll" : "i") + ".rz";
    Value result = emit.intrinsic(name, wide, {value});
    if (isWide || isDouble)
      result = emit.select(emit.isNan(value), emit.integer(wide, 0), result);
    rewriter.replaceOp(op, emit.trunc(clamp(emit, result, type.getWidth()), type));
    return success();
  }

  static Value clamp(Emitter &emit, Value value, unsigned width) {
    unsigned has = cast<IntegerType>(value.getType()).getWidth();
    if (width == has)
      return value;
    if (!isSigned)
      return emit.umin(value, emit.integer(value.getType(), APInt::getLowBitsSet(has, width)));
    APInt largest = APInt::getSignedMaxValue(width).sext(has);
    APInt smallest = APInt::getSignedMinValue(width).sext(has);
    value = emit.smin(value, emit.integer(value.getType(), largest));
    return emit.smax(value, emit.integer(value.getType(), smallest));
  }
};

} // namespace

void populateDefinedBehaviour(const TypeConverter &types, RewritePatternSet &patterns,
                              PatternBenefit benefit) {
  MLIRContext *context = patterns.getContext();
  patterns.add<LowerDivision<arith::DivSIOp, LLVM::SDivOp, true, false>,
               LowerDivision<arith::DivUIOp, LLVM::UDivOp, false, false>,
               LowerDivision<arith::RemSIOp, LLVM::SRemOp, true, true>,
               LowerDivision<arith::RemUIOp, LLVM::URemOp, false, true>>(types, context, benefit);
  patterns.add<LowerShift<arith::ShLIOp, LLVM::ShlOp, false>,
               LowerShift<arith::ShRUIOp, LLVM::LShrOp, false>,
               LowerShift<arith::ShRSIOp, LLVM::AShrOp, true>>(types, context, benefit);
  patterns.add<LowerFloatToInt<arith::FPToSIOp, true>, LowerFloatToInt<arith::FPToUIOp, false>>(
      types, context, benefit);
}

void dropPromises(ModuleOp module) {
  module.walk([](Operation *op) {
    if (auto flags = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(op);
        flags && flags.getOverflowAttr().getValue() != arith::IntegerOverflowFlags::none)
      op->setAttr(flags.getIntegerOverflowAttrName(),
                  arith::IntegerOverflowFlagsAttr::get(op->getContext(),
                                                       arith::IntegerOverflowFlags::none));
    if (isa<arith::DivUIOp, arith::DivSIOp, arith::ShRUIOp, arith::ShRSIOp>(op))
      op->removeAttr("isExact");
    if (isa<arith::ExtUIOp, arith::UIToFPOp>(op))
      op->removeAttr("nonNeg");
  });
}

} // namespace cosmati::tonvvm
