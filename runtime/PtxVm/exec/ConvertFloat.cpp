//===- ConvertFloat.cpp - conversions between floating-point formats ------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Soft.h"
#include <cmath>

namespace cosmati::ptxvm {
namespace {

enum : uint16_t { kSat = 1, kFtz = 2, kRelu = 4, kFinite = 8, kIntegral = 16, kModeShift = 8 };
constexpr int64_t kAwayFromTies = 1; ///< Inst::imm: rna

const Format &formatOf(ScalarType t) {
  return t == ScalarType::F16 ? kHalf : t == ScalarType::BF16 ? kBfloat : kSingle;
}
Rounding modeOf(const Inst *i) { return Rounding(i->flags >> kModeShift & 7); }

double roundIntegral(double x, Rounding mode) {
  switch (mode) {
  case Rounding::Zero:
    return std::trunc(x);
  case Rounding::Down:
    return std::floor(x);
  case Rounding::Up:
    return std::ceil(x);
  default:
    return std::nearbyint(x);
  }
}
double readLane(const Warp &w, uint32_t offset, ScalarType t, bool wide, unsigned l) {
  if (t == ScalarType::F64)
    return slot<double>(w, offset)[l];
  if (t == ScalarType::F32)
    return double(slot<float>(w, offset)[l]);
  uint16_t h = wide ? uint16_t(slot<uint32_t>(w, offset)[l]) : slot<uint16_t>(w, offset)[l];
  return double(t == ScalarType::F16 ? halfToFloat(h) : bfloatToFloat(h));
}
bool tiny(uint32_t bits, const Format &f) {
  return !(bits >> f.mantissaBits & ((1u << f.exponentBits) - 1));
}

/// Any pair, any mode. aux: dst type, src type, wide flags.
const Inst *floatToFloat(Warp &w, const Inst *i) {
  ScalarType dst = ScalarType(i->aux & 0xff), src = ScalarType(i->aux >> 8 & 0xff);
  bool wideDst = i->aux >> 16 & 1, wideSrc = i->aux >> 17 & 1;
  bool ftz = i->flags & kFtz;
  uint32_t mask = lanesOf(w, i);
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!(mask >> l & 1))
      continue;
    double x = readLane(w, i->op[1], src, wideSrc, l);
    if (ftz && src == ScalarType::F32)
      x = double(flush(float(x)));
    if (i->flags & kIntegral)
      x = roundIntegral(x, modeOf(i));
    if (i->flags & kSat)
      x = x > 0 ? (x < 1 ? x : 1) : 0;
    if (i->flags & kRelu)
      x = x < 0 || (x == 0 && std::signbit(x)) ? 0 : x;
    if (dst == ScalarType::F64) {
      slot<double>(w, i->op[0])[l] = x;
      continue;
    }
    const Format &f = formatOf(dst);
    uint32_t bits = roundTo(f, x, modeOf(i), i->flags & kFinite);
    if (ftz && dst == ScalarType::F32 && tiny(bits, f))
      bits &= 0x80000000u;
    if (dst == ScalarType::F32 || wideDst)
      slot<uint32_t>(w, i->op[0])[l] = bits;
    else
      slot<uint16_t>(w, i->op[0])[l] = uint16_t(bits);
  }
  return i + 1;
}

struct HalfOfSingle {
  static uint16_t apply(float x) { return floatToHalf(x); }
};
struct BfloatOfSingle {
  static uint16_t apply(float x) { return floatToBfloat(x); }
};
struct SingleOfHalf {
  static float apply(uint16_t x) { return canonical(halfToFloat(x)); }
};
struct SingleOfBfloat {
  static float apply(uint16_t x) { return canonical(bfloatToFloat(x)); }
};
struct DoubleOfSingle {
  static double apply(float x) { return double(x); }
};
struct SingleOfDouble {
  static float apply(double x) { return canonical(float(x)); }
};
/// d = {a, b}: a in the upper half.
struct HalvesOfSingles {
  static uint32_t apply(float a, float b) {
    return uint32_t(floatToHalf(a)) << 16 | floatToHalf(b);
  }
};
struct BfloatsOfSingles {
  static uint32_t apply(float a, float b) {
    return uint32_t(floatToBfloat(a)) << 16 | floatToBfloat(b);
  }
};

uint32_t narrow(const Format &f, double x, const Inst *i) {
  if ((i->flags & kRelu) && (x < 0 || (x == 0 && std::signbit(x))))
    x = 0;
  Rounding mode = i->imm == kAwayFromTies ? Rounding::NearestAway : modeOf(i);
  return roundTo(f, x, mode, i->flags & kFinite);
}
/// f16x2 / bf16x2 from two singles, any mode.
const Inst *packHalves(Warp &w, const Inst *i) {
  const Format &f = ScalarType(i->aux) == ScalarType::F16x2 ? kHalf : kBfloat;
  Result<uint32_t> r(w, i, 0);
  uint32_t *out = r.data();
  const float *a = slot<float>(w, i->op[1]), *b = slot<float>(w, i->op[2]);
  for (unsigned l = 0; l < kLanes; ++l)
    out[l] = narrow(f, a[l], i) << 16 | narrow(f, b[l], i);
  r.finish();
  return i + 1;
}
const Inst *toTf32(Warp &w, const Inst *i) {
  Result<uint32_t> r(w, i, 0);
  uint32_t *out = r.data();
  const float *a = slot<float>(w, i->op[1]);
  for (unsigned l = 0; l < kLanes; ++l)
    out[l] = a[l] != a[l] ? kNan32 : narrow(kTf32, a[l], i) << 13;
  r.finish();
  return i + 1;
}

// Eight-bit formats; E is the number of exponent bits.

template <unsigned E, bool Relu> uint32_t toFp8(float x) {
  uint32_t byte = floatToFp8<E>(x);
  return Relu && (byte & 0x80) ? 0 : byte;
}
/// d = {a, b}: a in the upper byte.
template <unsigned E, bool Relu> struct Fp8OfSingles {
  static uint16_t apply(float a, float b) {
    return uint16_t(toFp8<E, Relu>(a) << 8 | toFp8<E, Relu>(b));
  }
};
template <unsigned E, bool Relu> struct Fp8OfHalves {
  static uint16_t apply(uint32_t a) {
    return uint16_t(toFp8<E, Relu>(halfToFloat(uint16_t(a >> 16))) << 8 |
                    toFp8<E, Relu>(halfToFloat(uint16_t(a))));
  }
};
/// The f16 encoding of a byte; E5M2 is a half's upper byte.
template <unsigned E, bool Relu> uint32_t halfOfFp8(uint32_t byte) {
  uint32_t magnitude = byte & 0x7f;
  uint32_t h = E == 4             ? floatToHalf(e4m3ToFloat(uint8_t(byte)))
               : magnitude > 0x7c ? kNan16
                                  : byte << 8;
  return Relu && (h & 0x8000) ? 0 : h;
}
template <unsigned E, bool Relu> struct HalvesOfFp8 {
  static uint32_t apply(uint16_t a) {
    return halfOfFp8<E, Relu>(uint32_t(a) >> 8) << 16 | halfOfFp8<E, Relu>(a & 0xff);
  }
};
template <unsigned E, bool Relu> Handler fp8Handler(InstId id) {
  if (id == InstId::CvtToFp8)
    return binary<Fp8OfSingles<E, Relu>, uint16_t, float, float>;
  if (id == InstId::CvtHToFp8)
    return unary<Fp8OfHalves<E, Relu>, uint16_t, uint32_t>;
  return unary<HalvesOfFp8<E, Relu>, uint32_t, uint16_t>;
}
Handler fp8Handler(const Selection &s) {
  bool relu = has(s, Mod::relu);
  if (s.t[0] == ScalarType::E4M3x2 || s.t[1] == ScalarType::E4M3x2)
    return relu ? fp8Handler<4, true>(s.id) : fp8Handler<4, false>(s.id);
  return relu ? fp8Handler<5, true>(s.id) : fp8Handler<5, false>(s.id);
}

uint16_t flagsOf(const Selection &s) {
  Rounding mode = has(s, Mod::rz) || has(s, Mod::rzi)   ? Rounding::Zero
                  : has(s, Mod::rm) || has(s, Mod::rmi) ? Rounding::Down
                  : has(s, Mod::rp) || has(s, Mod::rpi) ? Rounding::Up
                                                        : Rounding::NearestEven;
  bool integral = has(s, Mod::rni) || has(s, Mod::rzi) || has(s, Mod::rmi) || has(s, Mod::rpi);
  return uint16_t((has(s, Mod::sat) ? kSat : 0) | (has(s, Mod::ftz) ? kFtz : 0) |
                  (has(s, Mod::relu) ? kRelu : 0) | (has(s, Mod::satfinite) ? kFinite : 0) |
                  (integral ? kIntegral : 0) | unsigned(mode) << kModeShift);
}
/// Loops for the plain conversions; null if `s` asks for more.
Handler direct(const Selection &s) {
  using T = ScalarType;
  if (s.flags != 0)
    return nullptr;
  bool natural16 = (bool)(s.t[0] == T::F16 || s.t[0] == T::BF16 ? s.dstBits == 16 : true) &&
                   (s.t[1] == T::F16 || s.t[1] == T::BF16 ? s.srcBits == 16 : true);
  if (!natural16)
    return nullptr;
  if (s.t[0] == T::F16 && s.t[1] == T::F32)
    return unary<HalfOfSingle, uint16_t, float>;
  if (s.t[0] == T::BF16 && s.t[1] == T::F32)
    return unary<BfloatOfSingle, uint16_t, float>;
  if (s.t[0] == T::F32 && s.t[1] == T::F16)
    return unary<SingleOfHalf, float, uint16_t>;
  if (s.t[0] == T::F32 && s.t[1] == T::BF16)
    return unary<SingleOfBfloat, float, uint16_t>;
  if (s.t[0] == T::F64 && s.t[1] == T::F32)
    return unary<DoubleOfSingle, double, float>;
  if (s.t[0] == T::F32 && s.t[1] == T::F64)
    return unary<SingleOfDouble, float, double>;
  return nullptr;
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectConvertFloat(const Selection &s) {
  s.flags = flagsOf(s);
  s.imm = has(s, Mod::rna) ? kAwayFromTies : 0;
  s.aux = uint32_t(s.t[0]);
  switch (s.id) {
  case InstId::CvtFF:
    if (Handler h = direct(s))
      return h;
    s.aux |=
        uint32_t(s.t[1]) << 8 | uint32_t(s.dstBits > 16) << 16 | uint32_t(s.srcBits > 16) << 17;
    return floatToFloat;
  case InstId::CvtPackH:
    if (s.flags == 0)
      return s.t[0] == ScalarType::F16x2 ? binary<HalvesOfSingles, uint32_t, float, float>
                                         : binary<BfloatsOfSingles, uint32_t, float, float>;
    return packHalves;
  case InstId::CvtTf32:
    return toTf32;
  case InstId::CvtToFp8:
  case InstId::CvtHToFp8:
  case InstId::CvtFromFp8:
    return fp8Handler(s);
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
