//===- FloatMisc.cpp - abs, neg, min, max, testp, copysign ----------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Soft.h"

namespace cosmati::ptxvm {
namespace {

template <bool Ftz> struct AbsSingle {
  static float apply(float a) {
    return bitsAs<float>(bitsAs<uint32_t>(canonical(Ftz ? flush(a) : a)) & 0x7fffffffu);
  }
};
template <bool Ftz> struct NegSingle {
  static float apply(float a) {
    float x = Ftz ? flush(a) : a;
    return x != x ? bitsAs<float>(kNan32) : bitsAs<float>(bitsAs<uint32_t>(x) ^ 0x80000000u);
  }
};
struct AbsDouble {
  static double apply(double a) {
    return bitsAs<double>(bitsAs<uint64_t>(a) & ~(uint64_t(1) << 63));
  }
};
struct NegDouble {
  static double apply(double a) { return bitsAs<double>(bitsAs<uint64_t>(a) ^ uint64_t(1) << 63); }
};

/// The lesser of two numbers; -0 is below +0; a NaN loses against a number.
template <bool Max, class T, class Bits> T pick(T a, T b) {
  constexpr unsigned top = 8 * sizeof(T) - 1;
  bool aNegative = bitsAs<Bits>(a) >> top;
  bool takeA = a == b ? aNegative != Max : Max ? a > b : a < b;
  return takeA || b != b ? a : b;
}
template <bool Max, bool Ftz, bool NaN, bool XorSign> struct MinMaxSingle {
  static float apply(float a, float b) {
    if (Ftz)
      a = flush(a), b = flush(b);
    uint32_t sign = (bitsAs<uint32_t>(a) ^ bitsAs<uint32_t>(b)) & 0x80000000u;
    if (XorSign) {
      a = bitsAs<float>(bitsAs<uint32_t>(a) & 0x7fffffffu);
      b = bitsAs<float>(bitsAs<uint32_t>(b) & 0x7fffffffu);
    }
    float r = pick<Max, float, uint32_t>(a, b);
    bool nan = NaN ? (a != a || b != b) : (a != a && b != b);
    if (XorSign)
      r = bitsAs<float>((bitsAs<uint32_t>(r) & 0x7fffffffu) | sign);
    return nan ? bitsAs<float>(kNan32) : r;
  }
};
template <bool Max> struct MinMaxDouble {
  static double apply(double a, double b) { return pick<Max, double, uint64_t>(a, b); }
};
struct CopySign32 { // copysign d, a, b: the sign of a on the magnitude of b
  static uint32_t apply(uint32_t a, uint32_t b) { return (a & 0x80000000u) | (b & 0x7fffffffu); }
};
struct CopySign64 {
  static uint64_t apply(uint64_t a, uint64_t b) {
    uint64_t sign = uint64_t(1) << 63;
    return (a & sign) | (b & ~sign);
  }
};

/// Bit pattern classes, in one loop for every mode: flags says which of them count.
enum : uint16_t { kIsNormal = 1, kIsSubnormal = 2, kIsZero = 4, kIsInfinite = 8, kIsNan = 16 };
template <class Bits, unsigned MantissaBits> const Inst *testp(Warp &w, const Inst *i) {
  constexpr Bits mantissa = (Bits(1) << MantissaBits) - 1;
  constexpr Bits exponent = ~mantissa & ~(Bits(1) << (8 * sizeof(Bits) - 1));
  const Bits *a = slot<Bits>(w, i->op[1]);
  uint32_t result = 0;
  for (unsigned l = 0; l < kLanes; ++l) {
    Bits e = a[l] & exponent, m = a[l] & mantissa;
    uint16_t cls = e == exponent ? (m ? kIsNan : kIsInfinite)
                   : e           ? kIsNormal
                   : m           ? kIsSubnormal
                                 : kIsZero;
    result |= uint32_t((i->flags & cls) != 0) << l;
  }
  setPredicate(w, i->op[0], result, lanesOf(w, i));
  return i + 1;
}
uint16_t testClasses(const Selection &s) {
  if (has(s, Mod::finite))
    return kIsNormal | kIsSubnormal | kIsZero;
  if (has(s, Mod::infinite))
    return kIsInfinite;
  if (has(s, Mod::number))
    return kIsNormal | kIsSubnormal | kIsZero | kIsInfinite;
  if (has(s, Mod::notanumber))
    return kIsNan;
  if (has(s, Mod::normal))
    return kIsNormal;
  return kIsSubnormal;
}

template <class Op> Handler two() { return binary<Op, float, float, float>; }
template <bool Max, bool Ftz> Handler minMaxWith(const Selection &s) {
  bool nan = has(s, Mod::NaN), x = has(s, Mod::xorsign);
  if (nan)
    return x ? two<MinMaxSingle<Max, Ftz, true, true>>()
             : two<MinMaxSingle<Max, Ftz, true, false>>();
  return x ? two<MinMaxSingle<Max, Ftz, false, true>>()
           : two<MinMaxSingle<Max, Ftz, false, false>>();
}
template <bool Max> Handler minMax(const Selection &s) {
  return has(s, Mod::ftz) ? minMaxWith<Max, true>(s) : minMaxWith<Max, false>(s);
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectFloatMisc(const Selection &s) {
  bool ftz = has(s, Mod::ftz);
  switch (s.id) {
  case InstId::AbsF32:
    return ftz ? unary<AbsSingle<true>, float, float> : unary<AbsSingle<false>, float, float>;
  case InstId::NegF32:
    return ftz ? unary<NegSingle<true>, float, float> : unary<NegSingle<false>, float, float>;
  case InstId::AbsF64:
    return unary<AbsDouble, double, double>;
  case InstId::NegF64:
    return unary<NegDouble, double, double>;
  case InstId::MinF32:
    return minMax<false>(s);
  case InstId::MaxF32:
    return minMax<true>(s);
  case InstId::MinF64:
    return binary<MinMaxDouble<false>, double, double, double>;
  case InstId::MaxF64:
    return binary<MinMaxDouble<true>, double, double, double>;
  case InstId::Testp:
    s.flags = testClasses(s);
    return s.t[0] == ScalarType::F64 ? testp<uint64_t, 52> : testp<uint32_t, 23>;
  case InstId::CopySign:
    return s.t[0] == ScalarType::F64 ? binary<CopySign64, uint64_t, uint64_t, uint64_t>
                                     : binary<CopySign32, uint32_t, uint32_t, uint32_t>;
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
