//===- Half.cpp - f16, bf16 and their packed forms ------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each operation rounds once. Sums and f16 products are computed in single precision, whose second
// rounding is harmless (24 >= 2p + 2 bits); fused and bf16 products in double, rounded to odd on
// the way so that the last rounding sees which side of a tie the exact value lies on.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Functions.h"
#include <cmath>

namespace cosmati::ptxvm {
namespace {

/// `x`, inexact by a positive or negative `error`, as the neighbour with an odd last bit.
inline double toOdd(double x, double error) {
  uint64_t bits = bitsAs<uint64_t>(x);
  bool above = error != 0 && ((error < 0) == (x > 0)); // |x| exceeds the exact value
  uint64_t odd = (bits - above) | 1;
  bool usable = error != 0 && __builtin_fabs(x) < __builtin_inf();
  return bitsAs<double>(usable ? odd : bits);
}
inline float toSingleOdd(double d) {
  float f = float(d);
  uint32_t bits = bitsAs<uint32_t>(f);
  bool inexact = double(f) != d && d == d;
  bool above = __builtin_fabs(double(f)) > __builtin_fabs(d);
  return bitsAs<float>(inexact ? (bits - above) | 1 : bits);
}
/// a * b + c with one rounding to odd; a * b must be exact in double.
inline double fmaOdd(double a, double b, double c) {
  double p = a * b, s = p + c, t = s - p;
  return toOdd(s, (p - (s - t)) + (c - t));
}

struct F16 {
  static float read(uint16_t v) { return halfToFloat(v); }
  static uint16_t write(float v) { return floatToHalf(v); }
  static uint16_t flush(uint16_t v) { return v & 0x7c00 ? v : v & 0x8000; }
  static constexpr uint16_t one = 0x3c00, infinity = 0x7c00;
};
struct BF16 {
  static float read(uint16_t v) { return bfloatToFloat(v); }
  static uint16_t write(float v) { return floatToBfloat(v); }
  static uint16_t flush(uint16_t v) { return v & 0x7f80 ? v : v & 0x8000; }
  static constexpr uint16_t one = 0x3f80, infinity = 0x7f80;
};

struct Add {
  template <class F> static float apply(float a, float b) { return a + b; }
};
struct Sub {
  template <class F> static float apply(float a, float b) { return a - b; }
};
struct Mul {
  template <class F> static float apply(float a, float b) {
    return toSingleOdd(double(a) * double(b));
  }
};
struct Fma {
  template <class F> static float apply(float a, float b, float c) {
    return toSingleOdd(fmaOdd(a, b, c));
  }
};
struct Ex2 {
  template <class F> static float apply(float a) { return exp2Single(a); }
};
struct Tanh {
  template <class F> static float apply(float a) { return float(std::tanh(double(a))); }
};

enum class Clamp { None, Sat, Relu };

/// Flush, compute, round, clamp: one element.
template <class Op, class F, bool Ftz, Clamp C> struct Element {
  template <class... A> static uint16_t apply(A... a) {
    float r = Op::template apply<F>(F::read(Ftz ? F::flush(a) : a)...);
    uint16_t h = F::write(r);
    if (Ftz)
      h = F::flush(h);
    if (C == Clamp::Sat) {
      h = h > F::one ? F::one : h; // also turns negative values and NaN into one, corrected next
      h = r > 0 ? h : 0;
    }
    if (C == Clamp::Relu)
      h = h & 0x8000 ? 0 : h;
    return h;
  }
};
template <class F, bool Ftz> struct Abs {
  static uint16_t apply(uint16_t a) {
    uint16_t v = uint16_t((Ftz ? F::flush(a) : a) & 0x7fff);
    return v > F::infinity ? kNan16 : v;
  }
};
template <class F, bool Ftz> struct Neg {
  static uint16_t apply(uint16_t a) {
    uint16_t v = Ftz ? F::flush(a) : a;
    return (v & 0x7fff) > F::infinity ? kNan16 : uint16_t(v ^ 0x8000);
  }
};
/// Order of the encodings as signed integers (sign-magnitude to two's complement).
inline int32_t ordered(uint16_t v) { return v & 0x8000 ? -int32_t(v & 0x7fff) - 1 : int32_t(v); }
template <class F, bool Max, bool Ftz, bool NaN, bool XorSign> struct MinMax {
  static uint16_t apply(uint16_t a, uint16_t b) {
    if (Ftz)
      a = F::flush(a), b = F::flush(b);
    bool aNan = (a & 0x7fff) > F::infinity, bNan = (b & 0x7fff) > F::infinity;
    uint16_t sign = XorSign ? (a ^ b) & 0x8000 : 0;
    if (XorSign)
      a &= 0x7fff, b &= 0x7fff;
    bool takeA = Max ? ordered(a) > ordered(b) : ordered(a) < ordered(b);
    uint16_t r = uint16_t((!aNan && (takeA || bNan) ? a : b) | sign);
    return (NaN ? aNan || bNan : aNan && bNan) ? kNan16 : r;
  }
};
/// fma.oob: the value with which tensor copies fill what lies outside the tensor, as a factor,
/// makes the result +0.
constexpr uint16_t kOobNan = 0x7ff7;
template <class F, Clamp C> struct FmaOob {
  static uint16_t apply(uint16_t a, uint16_t b, uint16_t c) {
    uint16_t r = Element<Fma, F, false, C>::apply(a, b, c);
    return a == kOobNan || b == kOobNan ? 0 : r;
  }
};
/// An element operation on both halves of a 32-bit register.
template <class E> struct Packed {
  template <class... A> static uint32_t apply(A... a) {
    return E::apply(uint16_t(a)...) | uint32_t(E::apply(uint16_t(a >> 16)...)) << 16;
  }
};

bool packed(ScalarType t) { return t == ScalarType::F16x2 || t == ScalarType::BF16x2; }
template <class E> Handler one(ScalarType t) {
  return packed(t) ? unary<Packed<E>, uint32_t, uint32_t> : unary<E, uint16_t, uint16_t>;
}
template <class E> Handler two(ScalarType t) {
  return packed(t) ? binary<Packed<E>, uint32_t, uint32_t, uint32_t>
                   : binary<E, uint16_t, uint16_t, uint16_t>;
}
template <class E> Handler three(ScalarType t) {
  return packed(t) ? ternary<Packed<E>, uint32_t, uint32_t, uint32_t, uint32_t>
                   : ternary<E, uint16_t, uint16_t, uint16_t, uint16_t>;
}
template <class Op> Handler binaryHalf(const Selection &s) {
  if (has(s, Mod::sat))
    return has(s, Mod::ftz) ? two<Element<Op, F16, true, Clamp::Sat>>(s.t[0])
                            : two<Element<Op, F16, false, Clamp::Sat>>(s.t[0]);
  return has(s, Mod::ftz) ? two<Element<Op, F16, true, Clamp::None>>(s.t[0])
                          : two<Element<Op, F16, false, Clamp::None>>(s.t[0]);
}
template <bool Ftz> Handler fmaHalf(const Selection &s) {
  if (has(s, Mod::sat))
    return three<Element<Fma, F16, Ftz, Clamp::Sat>>(s.t[0]);
  if (has(s, Mod::relu))
    return three<Element<Fma, F16, Ftz, Clamp::Relu>>(s.t[0]);
  return three<Element<Fma, F16, Ftz, Clamp::None>>(s.t[0]);
}
template <class F> Handler fmaOob(const Selection &s) {
  return has(s, Mod::relu) ? three<FmaOob<F, Clamp::Relu>>(s.t[0])
                           : three<FmaOob<F, Clamp::None>>(s.t[0]);
}
template <class F, bool Max, bool Ftz> Handler minMaxWith(const Selection &s) {
  bool x = has(s, Mod::xorsign);
  if (has(s, Mod::NaN))
    return x ? two<MinMax<F, Max, Ftz, true, true>>(s.t[0])
             : two<MinMax<F, Max, Ftz, true, false>>(s.t[0]);
  return x ? two<MinMax<F, Max, Ftz, false, true>>(s.t[0])
           : two<MinMax<F, Max, Ftz, false, false>>(s.t[0]);
}
template <class F, bool Max> Handler minMax(const Selection &s) {
  return has(s, Mod::ftz) ? minMaxWith<F, Max, true>(s) : minMaxWith<F, Max, false>(s);
}
template <class Op> using PlainB = Element<Op, BF16, false, Clamp::None>;
template <class Op> using PlainH = Element<Op, F16, false, Clamp::None>;

} // namespace

namespace COSMATI_VM_ISA {
Handler selectHalf(const Selection &s) {
  ScalarType t = s.t[0];
  bool ftz = has(s, Mod::ftz);
  switch (s.id) {
  case InstId::AddH:
    return binaryHalf<Add>(s);
  case InstId::SubH:
    return binaryHalf<Sub>(s);
  case InstId::MulH:
    return binaryHalf<Mul>(s);
  case InstId::FmaH:
    return ftz ? fmaHalf<true>(s) : fmaHalf<false>(s);
  case InstId::AddB:
    return two<PlainB<Add>>(t);
  case InstId::SubB:
    return two<PlainB<Sub>>(t);
  case InstId::MulB:
    return two<PlainB<Mul>>(t);
  case InstId::FmaB:
    return has(s, Mod::relu) ? three<Element<Fma, BF16, false, Clamp::Relu>>(t)
                             : three<PlainB<Fma>>(t);
  case InstId::FmaOob:
    return t == ScalarType::F16 || t == ScalarType::F16x2 ? fmaOob<F16>(s) : fmaOob<BF16>(s);
  case InstId::AbsH:
    return ftz ? one<Abs<F16, true>>(t) : one<Abs<F16, false>>(t);
  case InstId::NegH:
    return ftz ? one<Neg<F16, true>>(t) : one<Neg<F16, false>>(t);
  case InstId::AbsB:
    return one<Abs<BF16, false>>(t);
  case InstId::NegB:
    return one<Neg<BF16, false>>(t);
  case InstId::MinH:
    return minMax<F16, false>(s);
  case InstId::MaxH:
    return minMax<F16, true>(s);
  case InstId::MinB:
    return minMax<BF16, false>(s);
  case InstId::MaxB:
    return minMax<BF16, true>(s);
  case InstId::Ex2H:
    return one<PlainH<Ex2>>(t);
  case InstId::Ex2B:
    return one<Element<Ex2, BF16, true, Clamp::None>>(t);
  case InstId::TanhH:
    return one<PlainH<Tanh>>(t);
  case InstId::TanhB:
    return one<PlainB<Tanh>>(t);
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
