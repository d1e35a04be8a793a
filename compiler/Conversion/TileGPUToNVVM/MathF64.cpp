// Series where they converge fast, else Chebyshev interpolation computed with 60 digits; highest
// power first.
#include "compiler/Conversion/TileGPUToNVVM/MathF64.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace cosmati::tonvvm {

using FPred = LLVM::FCmpPredicate;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLog2E = 1.4426950408889634;
constexpr double kRounder = 6755399441055744.0; // 1.5 * 2^52: adding it rounds to an integer

static Value f64(Emitter &emit, double value) { return emit.real(emit.f64(), value); }

/// min(max(x, low), high); NaN passes.
static Value clamp(Emitter &emit, Value x, double low, double high) {
  Value lower = f64(emit, low), upper = f64(emit, high);
  x = emit.select(emit.fcmp(FPred::olt, x, lower), lower, x);
  return emit.select(emit.fcmp(FPred::ogt, x, upper), upper, x);
}

/// 1/n! for n from `highest` down to `lowest`.
static SmallVector<double> inverseFactorials(int highest, int lowest) {
  SmallVector<double> values;
  for (int n = highest; n >= lowest; --n)
    values.push_back(1.0 / std::tgamma(n + 1.0));
  return values;
}

/// p * 2^n, where the low 32 bits of `shifted` (n + kRounder) are n. In two factors: 2^n may be
/// subnormal or beyond the largest number.
static Value scale(Emitter &emit, Value p, Value shifted) {
  Value n = emit.trunc(emit.bitcast(shifted, emit.i64()), emit.i32());
  Value half = emit.ashr(n, emit.i32(1));
  for (Value exponent : {half, emit.sub(n, half)}) {
    Value biased = emit.zext(emit.add(exponent, 1023), emit.i64());
    p = emit.fmul(p, emit.bitcast(emit.shl(biased, 52), emit.f64()));
  }
  return p;
}

/// e^r for |r| <= ln 2 / 2: the next term, r^14 / 14!, is below 5e-18.
static Value expSeries(Emitter &emit, Value r) {
  return emit.polynomial(r, inverseFactorials(13, 0));
}

Value emitExpF64(Emitter &emit, Value x, LoweringContext &) {
  x = clamp(emit, x, -750.0, 710.0);
  Value shifted = emit.fma(x, f64(emit, kLog2E), f64(emit, kRounder));
  Value n = emit.fsub(shifted, f64(emit, kRounder));
  Value r = emit.fma(n, f64(emit, -0.6931471805599453), x); // ln 2 in two pieces
  r = emit.fma(n, f64(emit, -2.3190468138462996e-17), r);
  return scale(emit, expSeries(emit, r), shifted);
}

Value emitExp2F64(Emitter &emit, Value x, LoweringContext &) {
  x = clamp(emit, x, -1080.0, 1025.0);
  Value shifted = emit.fadd(x, f64(emit, kRounder));
  Value fraction = emit.fsub(x, emit.fsub(shifted, f64(emit, kRounder)));
  Value r = emit.fmul(fraction, f64(emit, 0.6931471805599453));
  return scale(emit, expSeries(emit, r), shifted);
}

namespace {
/// x = 2^exponent * (1 + f), f in [-1/3, 1/3]; log(1 + f) = f - rest.
struct LogParts {
  Value exponent, f, rest;
};
} // namespace

/// With s = f / (2 + f): log(1 + f) = 2 artanh(s) = f - (f^2/2 - s (f^2/2 + R)),
/// R = 2/3 s^2 + 2/5 s^4 + ...; |s| <= 0.2, so 11 terms do.
static LogParts splitLog(Emitter &emit, Value x) {
  Value tiny = emit.fcmp(FPred::olt, x, f64(emit, 0x1p-1022));
  Value scaled = emit.select(tiny, emit.fmul(x, f64(emit, 0x1p54)), x);
  Value bits = emit.bitcast(scaled, emit.i64());
  Value field = emit.bitAnd(emit.sub(bits, emit.i64(0x3fe5555555555555)),
                            static_cast<int64_t>(0xfff0000000000000));
  Value f = emit.fsub(emit.bitcast(emit.sub(bits, field), emit.f64()), f64(emit, 1.0));
  Value exponent = LLVM::SIToFPOp::create(emit.builder, emit.loc, emit.f64(),
                                          emit.trunc(emit.ashr(field, emit.i64(52)), emit.i32()));
  exponent = emit.fadd(exponent, emit.select(tiny, f64(emit, -54.0), f64(emit, 0.0)));
  Value s = emit.fdiv(f, emit.fadd(f, f64(emit, 2.0)));
  Value z = emit.fmul(s, s);
  SmallVector<double> coefficients;
  for (int k = 11; k >= 1; --k)
    coefficients.push_back(2.0 / (2 * k + 1));
  Value series = emit.fmul(z, emit.polynomial(z, coefficients));
  Value halfSquare = emit.fmul(f, emit.fmul(f, f64(emit, 0.5)));
  Value rest = emit.fma(emit.fneg(s), emit.fadd(halfSquare, series), halfSquare);
  return {exponent, f, rest};
}

/// log of 0, negative numbers, infinity and NaN.
static Value withLogSpecials(Emitter &emit, Value x, Value result) {
  Value zero = f64(emit, 0.0);
  result = emit.select(emit.fcmp(FPred::oeq, x, f64(emit, kInfinity)), x, result);
  Value others = emit.select(emit.fcmp(FPred::oeq, x, zero), f64(emit, -kInfinity),
                             f64(emit, std::numeric_limits<double>::quiet_NaN()));
  return emit.select(emit.fcmp(FPred::ogt, x, zero), result, others);
}

Value emitLogF64(Emitter &emit, Value x, LoweringContext &) {
  LogParts parts = splitLog(emit, x);
  // The first piece of ln 2 has 32 bits: its product with the exponent is exact.
  Value low = emit.fma(parts.exponent, f64(emit, -1.9082149292705877e-10), parts.rest);
  Value sum = emit.fsub(parts.f, low);
  return withLogSpecials(emit, x, emit.fma(parts.exponent, f64(emit, 0.6931471803691238), sum));
}

Value emitLog2F64(Emitter &emit, Value x, LoweringContext &) {
  LogParts parts = splitLog(emit, x);
  Value natural = emit.fsub(parts.f, parts.rest);
  return withLogSpecials(emit, x, emit.fma(natural, f64(emit, kLog2E), parts.exponent));
}

/// With y = 2|x|: near 0 (e^y - 1) / (e^y + 1) by the series of e^y - 1, else 1 - 2 / (e^y + 1).
Value emitTanhF64(Emitter &emit, Value x, LoweringContext &context) {
  Value a = emit.fabs(x);
  Value y = emit.fadd(a, a);
  Value series = emit.polynomial(y, inverseFactorials(18, 2));
  Value minusOne = emit.fma(emit.fmul(y, y), series, y);
  Value small = emit.fdiv(minusOne, emit.fadd(minusOne, f64(emit, 2.0)));
  Value power = emit.fadd(emitExpF64(emit, y, context), f64(emit, 1.0));
  Value large = emit.fsub(f64(emit, 1.0), emit.fdiv(f64(emit, 2.0), power));
  Value result = emit.select(emit.fcmp(FPred::olt, a, f64(emit, 0.35)), small, large);
  return LLVM::CopySignOp::create(emit.builder, emit.loc, emit.f64(), result, x);
}

/// Below 1 an odd polynomial, else 1 - e^(-x^2) P(u) with P close to e^(x^2) erfc(x) and
/// u = (|x| - 2) / (|x| + 2); from 6 on that is 1.
Value emitErfF64(Emitter &emit, Value x, LoweringContext &context) {
  Value a = emit.fabs(x);
  Value square = emit.fmul(x, x);
  Value series = emit.polynomial(
      square,
      {5.957176147748911e-11, -1.1372848856791674e-09, 1.4659775274047436e-08,
       -1.6350312701054695e-07, 1.6461000484121368e-06, -1.4925595266831182e-05,
       0.0001205533111164271, -0.000854832698083379, 0.0052239776248180145, -0.026866170645076792,
       0.11283791670954879, -0.3761263890318375, 0.1283791670955126});
  Value small = emit.fma(series, x, x);
  Value bounded = clamp(emit, a, 0.0, 6.0);
  Value u = emit.fdiv(emit.fadd(bounded, f64(emit, -2.0)), emit.fadd(bounded, f64(emit, 2.0)));
  Value scaled =
      emit.polynomial(u, {3.917059299925389e-06, 1.820143195975009e-06, -1.4067532694582058e-05,
                          -2.7647305443610053e-05, 2.754312818566672e-05, 0.00017436697232946864,
                          4.3554202452705896e-05, -0.0009819773208131022, -0.0008471431980760424,
                          0.006997461747753573, 0.00373289240349224, -0.07897858101585253,
                          0.24165819424246987, -0.4271858474139579, 0.25539567631050575});
  Value decay = emitExpF64(emit, emit.fneg(emit.fmul(bounded, bounded)), context);
  Value large = emit.fma(emit.fneg(decay), scaled, f64(emit, 1.0));
  large = LLVM::CopySignOp::create(emit.builder, emit.loc, emit.f64(), large, x);
  return emit.select(emit.fcmp(FPred::olt, a, f64(emit, 1.0)), small, large);
}

Value emitSqrtF64(Emitter &emit, Value x, LoweringContext &) {
  return emit.intrinsic("llvm.nvvm.sqrt.rn.d", emit.f64(), x);
}

Value emitRsqrtF64(Emitter &emit, Value x, LoweringContext &context) {
  return emit.fdiv(f64(emit, 1.0), emitSqrtF64(emit, x, context));
}

} // namespace cosmati::tonvvm
