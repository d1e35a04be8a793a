// Polynomials: coefficients by weighted least squares iterated to the smallest largest error
// (Lawson), rounded to f32; highest power first.
#include "compiler/Conversion/TileGPUToNVVM/MathF32.h"

#include <limits>

using namespace mlir;

namespace cosmati::tonvvm {

using FPred = LLVM::FCmpPredicate;

constexpr double kLog2E = 1.4426950408889634;
constexpr double kLn2 = 0.6931471805599453;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// "llvm.nvvm.lg2.approx.f", or its variant that flushes subnormals.
static Value nvvmF32(Emitter &emit, StringRef name, ValueRange args, LoweringContext &context) {
  std::string full = ("llvm.nvvm." + name + (context.mode.ftz ? ".ftz.f" : ".f")).str();
  return emit.intrinsic(full, emit.f32(), args);
}

static Value quietNan(Emitter &emit) { return emit.f32(std::numeric_limits<double>::quiet_NaN()); }

static Value copySign(Emitter &emit, Value magnitude, Value sign) {
  return LLVM::CopySignOp::create(emit.builder, emit.loc, emit.f32(), magnitude, sign);
}

Value emitExp2(Emitter &emit, Value x, LoweringContext &context) {
  // This one is overloaded on the type, and so has no `.f`.
  StringRef name = context.mode.ftz ? "llvm.nvvm.ex2.approx.ftz" : "llvm.nvvm.ex2.approx";
  return emit.intrinsic(name, emit.f32(), x);
}

/// e^x = 2^n * e^r with n = round(x / ln 2), |r| <= ln 2 / 2; ln 2 is subtracted in two pieces.
static Value accurateExp(Emitter &emit, Value x) {
  Type f32 = emit.f32();
  // Beyond these the result is 0 or infinity anyway; NaN passes.
  Value clamped = LLVM::MaximumOp::create(emit.builder, emit.loc, f32, x, emit.f32(-106.0));
  clamped = LLVM::MinimumOp::create(emit.builder, emit.loc, f32, clamped, emit.f32(90.0));
  constexpr double kRounder = 12582912.0; // 1.5 * 2^23: adding it rounds to an integer
  Value shifted = emit.fma(clamped, emit.f32(kLog2E), emit.f32(kRounder));
  Value n = emit.fsub(shifted, emit.f32(kRounder));
  Value r = emit.fma(n, emit.f32(-0.6931471228599548), clamped);
  r = emit.fma(n, emit.f32(-5.769998878690785e-08), r);
  Value power = emit.polynomial(r, {0.0013950521824881434, 0.008368908427655697,
                                    0.04166620597243309, 0.166665181517601, 0.5, 1.0, 1.0});
  // 2^n may be subnormal or beyond the largest: in two factors. The low bits of `shifted` are n.
  Value whole = emit.sub(emit.bitcast(shifted, emit.i32()), emit.i32(0x4b400000));
  Value half = emit.ashr(whole, emit.i32(1));
  Value rest = emit.sub(whole, half);
  for (Value exponent : {half, rest}) {
    Value factor = emit.bitcast(emit.shl(emit.add(exponent, 127), 23), f32);
    power = emit.fmul(power, factor);
  }
  return power;
}

Value emitExp(Emitter &emit, Value x, LoweringContext &context) {
  if (!context.mode.approxMath)
    return accurateExp(emit, x);
  return emitExp2(emit, emit.fmul(x, emit.f32(kLog2E)), context);
}

namespace {
/// x = 2^exponent * (1 + f), f in [-1/3, 1/3], and log(1 + f).
struct LogParts {
  Value exponent, logOfMantissa;
};
} // namespace

static LogParts splitLog(Emitter &emit, Value x) {
  Value tiny = emit.fcmp(FPred::olt, x, emit.f32(0x1p-126));
  Value scaled = emit.select(tiny, emit.fmul(x, emit.f32(0x1p23)), x);
  Value bits = emit.bitcast(scaled, emit.i32());
  // The exponent such that the mantissa lies in [2/3, 4/3).
  Value distance = emit.sub(bits, emit.i32(0x3f2aaaab));
  Value field = emit.bitAnd(distance, int64_t(0xff800000));
  Value f = emit.fsub(emit.bitcast(emit.sub(bits, field), emit.f32()), emit.f32(1.0));
  Value exponent =
      LLVM::SIToFPOp::create(emit.builder, emit.loc, emit.f32(), emit.ashr(field, emit.i32(23)));
  exponent = emit.fadd(exponent, emit.select(tiny, emit.f32(-23.0), emit.f32(0.0)));
  Value tail = emit.polynomial(f, {-0.12948833405971527, 0.14004762470722198, -0.12167185544967651,
                                   0.14001159369945526, -0.16682302951812744, 0.20010747015476227,
                                   -0.24999716877937317, 0.3333320915699005, -0.5});
  return {exponent, emit.fma(tail, emit.fmul(f, f), f)};
}

/// log of 0, negative numbers, infinity and NaN.
static Value withLogSpecials(Emitter &emit, Value x, Value result) {
  Value ordinary = emit.fcmp(FPred::ogt, x, emit.f32(0.0));
  Value infinite = emit.fcmp(FPred::oeq, x, emit.f32(kInfinity));
  Value isZero = emit.fcmp(FPred::oeq, x, emit.f32(0.0));
  result = emit.select(infinite, x, result);
  Value others = emit.select(isZero, emit.f32(-kInfinity), quietNan(emit));
  return emit.select(ordinary, result, others);
}

Value emitLog(Emitter &emit, Value x, LoweringContext &context) {
  if (context.mode.approxMath)
    return emit.fmul(nvvmF32(emit, "lg2.approx", x, context), emit.f32(kLn2));
  LogParts parts = splitLog(emit, x);
  return withLogSpecials(emit, x, emit.fma(parts.exponent, emit.f32(kLn2), parts.logOfMantissa));
}

Value emitLog2(Emitter &emit, Value x, LoweringContext &context) {
  if (context.mode.approxMath)
    return nvvmF32(emit, "lg2.approx", x, context);
  LogParts parts = splitLog(emit, x);
  return withLogSpecials(emit, x, emit.fma(parts.logOfMantissa, emit.f32(kLog2E), parts.exponent));
}

Value emitSqrt(Emitter &emit, Value x, LoweringContext &context) {
  return nvvmF32(emit, context.mode.approxMath ? "sqrt.approx" : "sqrt.rn", x, context);
}

Value emitRsqrt(Emitter &emit, Value x, LoweringContext &context) {
  return nvvmF32(emit, "rsqrt.approx", x, context);
}

/// Near 0 an odd polynomial, else 1 - 2 / (e^2|x| + 1).
Value emitTanh(Emitter &emit, Value x, LoweringContext &context) {
  Value a = emit.fabs(x);
  Value square = emit.fmul(x, x);
  Value series =
      emit.polynomial(square, {-0.00590586056932807, 0.020805377513170242, -0.05378668010234833,
                               0.13331958651542664, -0.33333298563957214});
  Value small = emit.fma(series, emit.fmul(square, a), a);
  Value power = emitExp2(emit, emit.fmul(a, emit.f32(2 * kLog2E)), context);
  StringRef divide = context.mode.ftz ? "llvm.nvvm.div.full.ftz" : "llvm.nvvm.div.full";
  Value quotient =
      emit.intrinsic(divide, emit.f32(), {emit.f32(2.0), emit.fadd(power, emit.f32(1.0))});
  Value large = emit.fsub(emit.f32(1.0), quotient);
  return copySign(emit, emit.select(emit.fcmp(FPred::olt, a, emit.f32(0.6)), small, large), x);
}

/// Near 0 an odd polynomial, else 1 - 2^p(|x|) with p close to log2(erfc); from 4 on that is 1.
Value emitErf(Emitter &emit, Value x, LoweringContext &context) {
  Value a = emit.fabs(x);
  Value square = emit.fmul(x, x);
  Value series =
      emit.polynomial(square, {8.215423440560699e-05, -0.0008105965098366141, 0.00519779697060585,
                               -0.026858104392886162, 0.11283672600984573, -0.37612631916999817,
                               0.12837916612625122});
  Value small = emit.fma(series, x, x);
  Value bounded = LLVM::MinimumOp::create(emit.builder, emit.loc, emit.f32(), a, emit.f32(4.0));
  Value exponent =
      emit.polynomial(bounded, {0.0002812487364280969, -0.004376693163067102, 0.03201308101415634,
                                -0.149833083152771, -0.9193801283836365, -1.6268224716186523,
                                -0.00029865012038499117});
  Value large = emit.fsub(emit.f32(1.0), emitExp2(emit, exponent, context));
  return emit.select(emit.fcmp(FPred::olt, a, emit.f32(0.93)), small, copySign(emit, large, x));
}

} // namespace cosmati::tonvvm
