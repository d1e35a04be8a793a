//===- Soft.h - Small floating-point formats and helpers ------ -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Branch-light conversions that a compiler can turn into vector code, and exact scalar rounding to
// any binary format. In an unnamed namespace: compiled for several instruction sets.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Lanes.h"

namespace cosmati::ptxvm {
namespace {

inline constexpr uint32_t kNan32 =
    0x7fffffffu;                           ///< the NaN that single-precision PTX operations return
inline constexpr uint16_t kNan16 = 0x7fff; ///< likewise for f16 and bf16

inline bool isNan(float x) { return x != x; }
inline bool isNan(double x) { return x != x; }

/// Subnormal singles become zero of their sign.
inline float flush(float x) {
  uint32_t bits = bitsAs<uint32_t>(x);
  return bitsAs<float>((bits & 0x7f800000u) ? bits : bits & 0x80000000u);
}
/// Looks at the bits: `x != x ? nan : x` the compiler may take for x, as to it all NaNs are alike.
inline float canonical(float x) {
  return bitsAs<float>((bitsAs<uint32_t>(x) & 0x7fffffffu) > 0x7f800000u ? kNan32
                                                                         : bitsAs<uint32_t>(x));
}
/// .sat: clamp to [0, 1], NaN to +0.
inline float saturate(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }

inline float halfToFloat(uint16_t h) {
  uint32_t magnitude = uint32_t(h & 0x7fff) << 13;
  uint32_t sign = uint32_t(h & 0x8000) << 16;
  float normal = bitsAs<float>(magnitude + (112u << 23));
  float special = bitsAs<float>(magnitude | 0x7f800000u);
  float subnormal =
      bitsAs<float>((magnitude >> 13) | 0x4b000000u) - 8388608.0f; // integer in units of 2^-24
  subnormal *= 0x1p-24f;
  bool isSpecial = (h & 0x7c00) == 0x7c00, isTiny = (h & 0x7c00) == 0;
  float value = isSpecial ? special : isTiny ? subnormal : normal;
  return bitsAs<float>(bitsAs<uint32_t>(value) | sign);
}
/// Round to nearest even; NaN becomes 0x7fff.
inline uint16_t floatToHalf(float x) {
  uint32_t bits = bitsAs<uint32_t>(x), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffffu;
  // Normal results: rebias, then add just below half a unit, plus one if the kept part is odd.
  uint32_t normal = (magnitude - (112u << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13;
  // Subnormal results: adding 0.5 aligns the units of 2^-24 with the low mantissa bits.
  uint32_t tiny = bitsAs<uint32_t>(bitsAs<float>(magnitude) + 0.5f) - 0x3f000000u;
  uint32_t result = magnitude < (113u << 23) ? tiny : normal;
  result = magnitude >= 0x477ff000u ? 0x7c00 : result; // 65520 and beyond
  result = magnitude > 0x7f800000u ? kNan16 : result | sign;
  return uint16_t(result);
}
inline float bfloatToFloat(uint16_t b) { return bitsAs<float>(uint32_t(b) << 16); }
inline uint16_t floatToBfloat(float x) {
  uint32_t bits = bitsAs<uint32_t>(x);
  uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return uint16_t((bits & 0x7fffffffu) > 0x7f800000u ? kNan16 : rounded);
}

/// Round to nearest even and saturate to an 8-bit format: E4M3 (no infinity) or E5M2. NaN becomes
/// 0x7f. The way of floatToHalf: the unit of subnormals is 2^-9 or 2^-16, aligned by adding 2^14 or
/// 2^7.
template <unsigned ExponentBits> inline uint8_t floatToFp8(float x) {
  constexpr unsigned mantissa = 7 - ExponentBits, drop = 23 - mantissa;
  constexpr uint32_t bias = ExponentBits == 4 ? 7 : 15, largest = ExponentBits == 4 ? 0x7e : 0x7b;
  constexpr uint32_t magic = ExponentBits == 4 ? (14 + 127) << 23 : (7 + 127) << 23;
  uint32_t bits = bitsAs<uint32_t>(x), sign = bits >> 24 & 0x80, magnitude = bits & 0x7fffffffu;
  uint32_t odd = magnitude >> drop & 1;
  uint32_t normal = (magnitude - ((127 - bias) << 23) + (1u << (drop - 1)) - 1 + odd) >> drop;
  uint32_t tiny = bitsAs<uint32_t>(bitsAs<float>(magnitude) + bitsAs<float>(magic)) - magic;
  uint32_t result = magnitude < ((128 - bias) << 23) ? tiny : normal;
  result = result > largest ? largest : result;
  return uint8_t(magnitude > 0x7f800000u ? 0x7f : result | sign);
}

/// The value of an E4M3 encoding: its fields in those of a single are 2^120 too small.
inline float e4m3ToFloat(uint8_t b) {
  float value = bitsAs<float>(uint32_t(b & 0x7f) << 20) * 0x1p120f;
  uint32_t bits = (b & 0x7f) == 0x7f ? kNan32 : bitsAs<uint32_t>(value) | uint32_t(b & 0x80) << 24;
  return bitsAs<float>(bits);
}

/// A binary format: exponent and mantissa bits, bias, largest finite encoding, and its special
/// values.
struct Format {
  unsigned exponentBits, mantissaBits;
  int bias;
  uint32_t maxFinite; ///< magnitude bits
  uint32_t infinity;  ///< magnitude bits; equal to nan where the format has no infinity
  uint32_t nan;       ///< canonical NaN, magnitude bits
};
inline constexpr Format kHalf{5, 10, 15, 0x7bff, 0x7c00, 0x7fff};
inline constexpr Format kBfloat{8, 7, 127, 0x7f7f, 0x7f80, 0x7fff};
inline constexpr Format kTf32{8, 10, 127, 0x3fbff, 0x3fc00, 0x3ffff};
inline constexpr Format kSingle{8, 23, 127, 0x7f7fffffu, 0x7f800000u, 0x7fffffffu};

enum class Rounding : uint8_t { NearestEven, NearestAway, Zero, Down, Up };

/// Rounds the exact value of `x` once to `f`. Overflow goes to infinity (NaN where there is none)
/// when the rounding leads there, else to the largest finite value; `saturateFinite` always gives
/// the latter. Returns sign and magnitude bits.
inline uint32_t roundTo(const Format &f, double x, Rounding mode, bool saturateFinite) {
  uint64_t bits = bitsAs<uint64_t>(x);
  uint32_t signBit = 1u << (f.exponentBits + f.mantissaBits);
  bool negative = bits >> 63;
  uint32_t sign = negative ? signBit : 0;
  if (x != x)
    return f.nan;
  bool away = (mode == Rounding::Up && !negative) || (mode == Rounding::Down && negative);
  bool truncate =
      mode == Rounding::Zero || (!away && (mode == Rounding::Up || mode == Rounding::Down));
  uint64_t magnitude = bits & ~(uint64_t(1) << 63);
  if (magnitude == 0)
    return sign;
  if (magnitude == uint64_t(0x7ff) << 52)
    return sign | (saturateFinite ? f.maxFinite : f.infinity);
  int exponent = int(magnitude >> 52);
  uint64_t mantissa = magnitude & ((uint64_t(1) << 52) - 1);
  if (exponent == 0)
    exponent = 1;
  else
    mantissa |= uint64_t(1) << 52;
  // Value = mantissa * 2^(exponent - 1075). Unit of the result's last place:
  int target = exponent - 1023; // exponent of the leading bit if normal
  int least = 1 - f.bias;
  int drop = 52 - int(f.mantissaBits) + (target < least ? least - target : 0);
  uint64_t kept, rest, half;
  if (drop > 63) {
    kept = 0, rest = 1, half = 2;
  } else {
    kept = mantissa >> drop;
    rest = mantissa & ((uint64_t(1) << drop) - 1);
    half = uint64_t(1) << (drop - 1);
  }
  bool up = truncate                        ? false
            : away                          ? rest != 0
            : mode == Rounding::NearestAway ? rest >= half
                                            : rest > half || (rest == half && (kept & 1));
  kept += up;
  // Adding the biased exponent lets a carry out of the mantissa raise it.
  uint64_t biased = target < least ? 0 : uint64_t(target + f.bias - 1);
  uint64_t result = (biased << f.mantissaBits) + kept;
  if (result > f.maxFinite) {
    bool finite = saturateFinite || (truncate && x == x);
    return sign | (finite ? f.maxFinite : f.infinity);
  }
  return sign | uint32_t(result);
}

} // namespace
} // namespace cosmati::ptxvm
