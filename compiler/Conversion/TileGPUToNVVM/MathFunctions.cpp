// The functions of the math dialect: f32 by MathF32, f64 by MathF64, f16 and bf16 through f32;
// functions that those lack by libdevice (undefined functions __nv_*, which the target stage
// links).
#include "compiler/Conversion/TileGPUToNVVM/MathF32.h"
#include "compiler/Conversion/TileGPUToNVVM/MathF64.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

using EmitFunction = Value (*)(Emitter &, Value, LoweringContext &);

/// Of one function: our own code, or where that is null the name in libdevice.
struct Implementation {
  EmitFunction single = nullptr, full = nullptr; ///< f32, f64
  StringRef singleName = "", fullName = "";
};

/// One function of one or two floats.
template <typename OpT> struct LowerFunction : OpConversionPattern<OpT> {
  LowerFunction(const TypeConverter &types, LoweringContext &context, Implementation how,
                PatternBenefit benefit)
      : OpConversionPattern<OpT>(types, context.module.getContext(), benefit), context(context),
        how(how) {}

  LogicalResult matchAndRewrite(OpT op, typename OpT::Adaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    Type type = op->getResult(0).getType();
    SmallVector<Value> args(in.getOperands());
    if (type.isF64()) {
      rewriter.replaceOp(op, how.full ? how.full(emit, args[0], context)
                                      : call(emit, how.fullName, args));
      return success();
    }
    if (!type.isF32() && !type.isF16() && !type.isBF16())
      return op.emitOpError("has no lowering for ") << type;
    for (Value &arg : args)
      arg = emit.fpext(arg, emit.f32());
    Value result =
        how.single ? how.single(emit, args[0], context) : call(emit, how.singleName, args);
    rewriter.replaceOp(op, emit.fptrunc(result, type));
    return success();
  }

private:
  Value call(Emitter &emit, StringRef name, ValueRange args) const {
    SmallVector<Type> types(args.getTypes());
    LLVM::LLVMFuncOp callee = context.declare(name, types.front(), types);
    return LLVM::CallOp::create(emit.builder, emit.loc, callee, args).getResult();
  }

  LoweringContext &context;
  Implementation how;
};

/// x to an integer power.
struct LowerFPowI : OpConversionPattern<math::FPowIOp> {
  LowerFPowI(const TypeConverter &types, LoweringContext &context, PatternBenefit benefit)
      : OpConversionPattern(types, context.module.getContext(), benefit), context(context) {}

  LogicalResult matchAndRewrite(math::FPowIOp op, OpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    Type type = op.getType();
    Type computed = type.isF64() ? type : emit.f32();
    if (!in.getRhs().getType().isInteger(32))
      return op.emitOpError("has an exponent of type ") << in.getRhs().getType() << "; it is i32";
    auto callee = context.declare(type.isF64() ? "__nv_powi" : "__nv_powif", computed,
                                  {computed, emit.i32()});
    Value args[] = {emit.fpext(in.getLhs(), computed), in.getRhs()};
    Value power = LLVM::CallOp::create(rewriter, op.getLoc(), callee, args).getResult();
    rewriter.replaceOp(op, emit.fptrunc(power, type));
    return success();
  }
  LoweringContext &context;
};

} // namespace

void populateMathFunctions(const TypeConverter &types, RewritePatternSet &patterns,
                           LoweringContext &context, PatternBenefit benefit) {
  auto own = [&]<typename OpT>(EmitFunction single, EmitFunction full) {
    patterns.add<LowerFunction<OpT>>(types, context, Implementation{single, full}, benefit);
  };
  own.operator()<math::ExpOp>(emitExp, emitExpF64);
  own.operator()<math::Exp2Op>(emitExp2, emitExp2F64);
  own.operator()<math::LogOp>(emitLog, emitLogF64);
  own.operator()<math::Log2Op>(emitLog2, emitLog2F64);
  own.operator()<math::SinOp>(emitSin, emitSinF64);
  own.operator()<math::CosOp>(emitCos, emitCosF64);
  own.operator()<math::TanhOp>(emitTanh, emitTanhF64);
  own.operator()<math::ErfOp>(emitErf, emitErfF64);
  own.operator()<math::SqrtOp>(emitSqrt, emitSqrtF64);
  own.operator()<math::RsqrtOp>(emitRsqrt, emitRsqrtF64);

  auto library = [&]<typename OpT>(StringRef single, StringRef full) {
    patterns.add<LowerFunction<OpT>>(types, context, Implementation{nullptr, nullptr, single, full},
                                     benefit);
  };
  library.operator()<math::AcosOp>("__nv_acosf", "__nv_acos");
  library.operator()<math::AcoshOp>("__nv_acoshf", "__nv_acosh");
  library.operator()<math::AsinOp>("__nv_asinf", "__nv_asin");
  library.operator()<math::AsinhOp>("__nv_asinhf", "__nv_asinh");
  library.operator()<math::AtanOp>("__nv_atanf", "__nv_atan");
  library.operator()<math::AtanhOp>("__nv_atanhf", "__nv_atanh");
  library.operator()<math::Atan2Op>("__nv_atan2f", "__nv_atan2");
  library.operator()<math::CbrtOp>("__nv_cbrtf", "__nv_cbrt");
  library.operator()<math::CoshOp>("__nv_coshf", "__nv_cosh");
  library.operator()<math::SinhOp>("__nv_sinhf", "__nv_sinh");
  library.operator()<math::TanOp>("__nv_tanf", "__nv_tan");
  library.operator()<math::ErfcOp>("__nv_erfcf", "__nv_erfc");
  library.operator()<math::ExpM1Op>("__nv_expm1f", "__nv_expm1");
  library.operator()<math::Log10Op>("__nv_log10f", "__nv_log10");
  library.operator()<math::Log1pOp>("__nv_log1pf", "__nv_log1p");
  library.operator()<math::PowFOp>("__nv_powf", "__nv_pow");
  patterns.add<LowerFPowI>(types, context, benefit);
}

} // namespace cosmati::tonvvm
