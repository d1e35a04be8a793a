//===- FloatApprox.cpp - approximate functions ----------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Hardware's approximations are only bounded, not defined, so these are as exact as is cheap:
// within 1 ulp of the true value for normal results. Exponential and logarithm are polynomials that
// vectorise.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Functions.h"
#include <cmath>

namespace cosmati::ptxvm {
namespace {

struct Ex2 {
  static float apply(float a) { return exp2Single(a); }
};
struct Lg2 {
  static float apply(float a) {
    float inside = a > 0 && a < __builtin_inff() ? a : 1.0f;
    float r = log2Positive(inside);
    return a != a || a < 0         ? bitsAs<float>(kNan32)
           : a == 0                ? -__builtin_inff()
           : a == __builtin_inff() ? a
                                   : r;
  }
};
struct Rcp {
  static float apply(float a) { return 1.0f / a; }
};
struct Sqrt {
  static float apply(float a) { return __builtin_sqrtf(a); }
};
struct Rsqrt {
  static float apply(float a) { return float(1.0 / __builtin_sqrt(double(a))); }
};
struct Sin {
  static float apply(float a) { return float(std::sin(double(a))); }
};
struct Cos {
  static float apply(float a) { return float(std::cos(double(a))); }
};
struct Tanh {
  static float apply(float a) { return float(std::tanh(double(a))); }
};

template <class Op, bool Ftz> struct Approx {
  static float apply(float a) {
    float r = Op::apply(Ftz ? flush(a) : a);
    return canonical(Ftz ? flush(r) : r);
  }
};
/// The f64 approximations keep the top 32 bits of a double and flush subnormals.
inline double coarse(double x) {
  uint64_t bits = bitsAs<uint64_t>(x);
  if (!(bits & 0x7ff0000000000000ull))
    bits &= uint64_t(1) << 63;
  return bitsAs<double>(x == x ? bits & 0xffffffff00000000ull : 0x7fffffff00000000ull);
}
struct RcpDouble {
  static double apply(double a) { return coarse(1.0 / coarse(a)); }
};
template <bool Ftz> struct RsqrtDouble {
  static double apply(double a) {
    return Ftz ? coarse(1.0 / __builtin_sqrt(coarse(a))) : 1.0 / __builtin_sqrt(a);
  }
};

template <class Op> Handler approx(const Selection &s) {
  return has(s, Mod::ftz) ? unary<Approx<Op, true>, float, float>
                          : unary<Approx<Op, false>, float, float>;
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectFloatApprox(const Selection &s) {
  switch (s.id) {
  case InstId::RcpApprox:
    return approx<Rcp>(s);
  case InstId::SqrtApprox:
    return approx<Sqrt>(s);
  case InstId::RsqrtApprox:
    return approx<Rsqrt>(s);
  case InstId::SinApprox:
    return approx<Sin>(s);
  case InstId::CosApprox:
    return approx<Cos>(s);
  case InstId::Lg2Approx:
    return approx<Lg2>(s);
  case InstId::Ex2Approx:
    return approx<Ex2>(s);
  case InstId::TanhApprox:
    return approx<Tanh>(s);
  case InstId::RcpApproxF64:
    return unary<RcpDouble, double, double>;
  case InstId::RsqrtApproxF64:
    return has(s, Mod::ftz) ? unary<RsqrtDouble<true>, double, double>
                            : unary<RsqrtDouble<false>, double, double>;
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
