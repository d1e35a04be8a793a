//===- FloatArith.cpp - f32 and f64 arithmetic ----------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding to nearest is the loop itself; the other modes set the host's rounding mode around the
// same loop. Each handler is one loop over memory, so nothing can move across the change of mode.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Soft.h"
#include <cfenv>
#include <cmath>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace cosmati::ptxvm {
namespace {

struct Add {
  template <class T> static T apply(T a, T b) { return a + b; }
};
struct Sub {
  template <class T> static T apply(T a, T b) { return a - b; }
};
struct Mul {
  template <class T> static T apply(T a, T b) { return a * b; }
};
struct Div {
  template <class T> static T apply(T a, T b) { return a / b; }
};
struct Rcp {
  template <class T> static T apply(T a) { return T(1) / a; }
};
struct Sqrt {
  static float apply(float a) { return __builtin_sqrtf(a); }
  static double apply(double a) { return __builtin_sqrt(a); }
};
struct Fma {
  static float apply(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
  static double apply(double a, double b, double c) { return __builtin_fma(a, b, c); }
};

/// Single precision: optional flush of inputs and result, one NaN, optional saturation.
template <class Op, bool Ftz, bool Sat> struct Single {
  static float in(float x) { return Ftz ? flush(x) : x; }
  static float out(float x) {
    if (Ftz)
      x = flush(x);
    return Sat ? saturate(x) : canonical(x);
  }
  template <class... A> static float apply(A... a) { return out(Op::apply(in(a)...)); }
};

/// Sets the rounding mode of the arithmetic that handlers use.
inline void setRounding(int mode) {
#if defined(__SSE2__) // fesetround sets the x87 unit, too, which costs more than the loop
  unsigned bits = mode == FE_DOWNWARD     ? 0x2000
                  : mode == FE_UPWARD     ? 0x4000
                  : mode == FE_TOWARDZERO ? 0x6000
                                          : 0;
  _mm_setcsr((_mm_getcsr() & ~0x6000u) | bits);
#else
  std::fesetround(mode);
#endif
}
template <int Mode> const Inst *rounded(Warp &w, const Inst *i) {
  setRounding(Mode);
  const Inst *next = i->inner(w, i);
  setRounding(FE_TONEAREST);
  return next;
}
/// Wraps `nearest` for the rounding mode of `s`.
Handler withRounding(const Selection &s, Handler nearest) {
  s.imm = reinterpret_cast<int64_t>(nearest);
  if (has(s, Mod::rz))
    return rounded<FE_TOWARDZERO>;
  if (has(s, Mod::rm))
    return rounded<FE_DOWNWARD>;
  if (has(s, Mod::rp))
    return rounded<FE_UPWARD>;
  return nearest;
}

template <class Op> Handler binarySingle(const Selection &s) {
  bool ftz = has(s, Mod::ftz), sat = has(s, Mod::sat);
  Handler h = ftz ? (sat ? binary<Single<Op, true, true>, float, float, float>
                         : binary<Single<Op, true, false>, float, float, float>)
                  : (sat ? binary<Single<Op, false, true>, float, float, float>
                         : binary<Single<Op, false, false>, float, float, float>);
  return withRounding(s, h);
}
template <class Op> Handler ternarySingle(const Selection &s) {
  bool ftz = has(s, Mod::ftz), sat = has(s, Mod::sat);
  Handler h = ftz ? (sat ? ternary<Single<Op, true, true>, float, float, float, float>
                         : ternary<Single<Op, true, false>, float, float, float, float>)
                  : (sat ? ternary<Single<Op, false, true>, float, float, float, float>
                         : ternary<Single<Op, false, false>, float, float, float, float>);
  return withRounding(s, h);
}
template <class Op> Handler unarySingle(const Selection &s) {
  return withRounding(s, has(s, Mod::ftz) ? unary<Single<Op, true, false>, float, float>
                                          : unary<Single<Op, false, false>, float, float>);
}
/// Mixed precision (sm_100): all operands but the last are f16 or bf16, whose values single
/// precision holds exactly.
template <class Op, bool Brain, bool Sat> struct Mixed {
  static float wide(uint16_t x) { return Brain ? bfloatToFloat(x) : halfToFloat(x); }
  static float apply(uint16_t a, float c) { return Single<Op, false, Sat>::apply(wide(a), c); }
  static float apply(uint16_t a, uint16_t b, float c) {
    return Single<Op, false, Sat>::apply(wide(a), wide(b), c);
  }
};
template <class Op, bool Brain, bool Sat> Handler mixedOf(const Selection &s) {
  if constexpr (std::is_same_v<Op, Fma>)
    return withRounding(s, ternary<Mixed<Op, Brain, Sat>, float, uint16_t, uint16_t, float>);
  else
    return withRounding(s, binary<Mixed<Op, Brain, Sat>, float, uint16_t, float>);
}
template <class Op> Handler mixed(const Selection &s) {
  bool brain = s.t[1] == ScalarType::BF16, sat = has(s, Mod::sat);
  if (brain)
    return sat ? mixedOf<Op, true, true>(s) : mixedOf<Op, true, false>(s);
  return sat ? mixedOf<Op, false, true>(s) : mixedOf<Op, false, false>(s);
}
template <class Op> Handler binaryDouble(const Selection &s) {
  return withRounding(s, binary<Op, double, double, double>);
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectFloatArith(const Selection &s) {
  switch (s.id) {
  case InstId::AddF32:
    return binarySingle<Add>(s);
  case InstId::SubF32:
    return binarySingle<Sub>(s);
  case InstId::MulF32:
    return binarySingle<Mul>(s);
  case InstId::DivF32:
  case InstId::DivApproxF32:
    return binarySingle<Div>(s);
  case InstId::FmaF32:
  case InstId::MadF32:
    return ternarySingle<Fma>(s);
  case InstId::AddMixed:
    return mixed<Add>(s);
  case InstId::SubMixed:
    return mixed<Sub>(s);
  case InstId::FmaMixed:
    return mixed<Fma>(s);
  case InstId::RcpF32:
    return unarySingle<Rcp>(s);
  case InstId::SqrtF32:
    return unarySingle<Sqrt>(s);
  case InstId::AddF64:
    return binaryDouble<Add>(s);
  case InstId::SubF64:
    return binaryDouble<Sub>(s);
  case InstId::MulF64:
    return binaryDouble<Mul>(s);
  case InstId::DivF64:
    return binaryDouble<Div>(s);
  case InstId::FmaF64:
  case InstId::MadF64:
    return withRounding(s, ternary<Fma, double, double, double, double>);
  case InstId::RcpF64:
    return withRounding(s, unary<Rcp, double, double>);
  case InstId::SqrtF64:
    return withRounding(s, unary<Sqrt, double, double>);
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
