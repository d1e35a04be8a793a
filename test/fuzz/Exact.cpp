//===- Exact.cpp ----------------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/fuzz/Exact.h"
#include <algorithm>

using namespace vmfuzz;
using llvm::APInt;

namespace {
constexpr unsigned kWidth = 4608;
constexpr int kPoint = 2400;

uint64_t lowBits(unsigned n) { return n >= 64 ? ~uint64_t(0) : (uint64_t(1) << n) - 1; }
uint64_t magnitudeOf(const Format &f, uint64_t bits) { return bits & lowBits(f.bits - 1); }

/// Whether a magnitude of which `half` and `sticky` fall off behind `odd` grows by one.
bool roundsUp(Mode mode, bool negative, bool odd, bool half, bool sticky) {
  switch (mode) {
  case Mode::Rn:
    return half && (sticky || odd);
  case Mode::Rna:
    return half;
  case Mode::Rz:
    return false;
  case Mode::Rm:
    return negative && (half || sticky);
  case Mode::Rp:
    return !negative && (half || sticky);
  }
  return false;
}

/// Significand and the exponent of its last bit.
void split(const Format &f, uint64_t bits, uint64_t &significand, int &exponent) {
  uint64_t m = magnitudeOf(f, bits), e = m >> f.mantissa;
  significand = m & lowBits(f.mantissa);
  if (e)
    significand |= uint64_t(1) << f.mantissa;
  exponent = int(std::max<uint64_t>(e, 1)) - f.bias - int(f.mantissa);
}
Exact scaled(bool negative, unsigned __int128 significand, int exponent) {
  uint64_t words[2] = {uint64_t(significand), uint64_t(significand >> 64)};
  return {negative,
          APInt(kWidth, llvm::ArrayRef<uint64_t>(words)).shl(unsigned(exponent + kPoint))};
}
} // namespace

uint64_t vmfuzz::signBit(const Format &f) { return uint64_t(1) << (f.bits - 1); }
uint64_t vmfuzz::infinity(const Format &f) {
  uint64_t all = lowBits(f.bits - 1);
  return f.infinite ? all & ~lowBits(f.mantissa) : all;
}
bool vmfuzz::isNan(const Format &f, uint64_t bits) {
  return f.infinite ? magnitudeOf(f, bits) > infinity(f) : magnitudeOf(f, bits) == infinity(f);
}
bool vmfuzz::isInf(const Format &f, uint64_t bits) {
  return f.infinite && magnitudeOf(f, bits) == infinity(f);
}
bool vmfuzz::isZero(const Format &f, uint64_t bits) { return magnitudeOf(f, bits) == 0; }
bool vmfuzz::isSubnormal(const Format &f, uint64_t bits) {
  return !isZero(f, bits) && magnitudeOf(f, bits) >> f.mantissa == 0;
}
bool vmfuzz::isNegative(const Format &f, uint64_t bits) { return bits & signBit(f); }

Exact vmfuzz::exact(const Format &f, uint64_t bits) {
  uint64_t significand;
  int exponent;
  split(f, bits, significand, exponent);
  return scaled(isNegative(f, bits), significand, exponent);
}
Exact vmfuzz::exactInteger(bool negative, uint64_t magnitude) {
  return scaled(negative, magnitude, 0);
}
Exact vmfuzz::sum(const Exact &a, const Exact &b) {
  if (a.negative == b.negative)
    return {a.negative, a.magnitude + b.magnitude};
  if (a.magnitude == b.magnitude)
    return {false, APInt(kWidth, 0)};
  bool aWins = a.magnitude.ugt(b.magnitude);
  return aWins ? Exact{a.negative, a.magnitude - b.magnitude}
               : Exact{b.negative, b.magnitude - a.magnitude};
}
Exact vmfuzz::product(const Exact &a, const Exact &b) {
  // Numbers of at most 64 bits: shift them out, multiply, shift back.
  bool negative = a.negative != b.negative;
  if (a.magnitude.isZero() || b.magnitude.isZero())
    return {negative, APInt(kWidth, 0)};
  unsigned ta = a.magnitude.countr_zero(), tb = b.magnitude.countr_zero();
  unsigned __int128 p = static_cast<unsigned __int128>(a.magnitude.lshr(ta).getZExtValue()) *
                        b.magnitude.lshr(tb).getZExtValue();
  return scaled(negative, p, int(ta) + int(tb) - 2 * kPoint);
}
int vmfuzz::compare(const Exact &a, const Exact &b) {
  if (a.magnitude.isZero() && b.magnitude.isZero())
    return 0;
  if (a.negative != b.negative)
    return a.negative ? -1 : 1;
  int order = a.magnitude == b.magnitude ? 0 : a.magnitude.ugt(b.magnitude) ? 1 : -1;
  return a.negative ? -order : order;
}

uint64_t vmfuzz::round(const Format &f, Mode mode, const Exact &v) {
  uint64_t sign = v.negative ? signBit(f) : 0;
  if (v.magnitude.isZero())
    return sign;
  int exponent = std::max(int(v.magnitude.getActiveBits()) - 1 - kPoint, 1 - f.bias);
  unsigned shift = unsigned(exponent - int(f.mantissa) + kPoint);
  uint64_t units = v.magnitude.lshr(shift).getZExtValue();
  bool half = v.magnitude[shift - 1], sticky = v.magnitude.countr_zero() < shift - 1;
  units += roundsUp(mode, v.negative, units & 1, half, sticky);
  uint64_t top = infinity(f);
  // Exponents that no encoding has would wrap below.
  if (exponent > f.bias + 1)
    units = top;
  else
    units += uint64_t(exponent + f.bias - 1) << f.mantissa;
  if (units >= top) {
    bool stays =
        mode == Mode::Rz || (mode == Mode::Rm && !v.negative) || (mode == Mode::Rp && v.negative);
    units = stays ? top - 1 : top;
  }
  return sign | units;
}

Exact vmfuzz::roundToInteger(Mode mode, const Exact &v) {
  APInt whole = v.magnitude.lshr(kPoint);
  bool half = v.magnitude[kPoint - 1];
  bool sticky = !v.magnitude.isZero() && v.magnitude.countr_zero() < kPoint - 1;
  if (roundsUp(mode, v.negative, whole[0], half, sticky))
    ++whole;
  return {v.negative, whole.shl(kPoint)};
}
unsigned __int128 vmfuzz::integerPart(const Exact &v) {
  APInt whole = v.magnitude.lshr(kPoint);
  if (whole.getActiveBits() > 127)
    return static_cast<unsigned __int128>(1) << 127;
  return static_cast<unsigned __int128>(whole.extractBitsAsZExtValue(64, 64)) << 64 |
         whole.extractBitsAsZExtValue(64, 0);
}

uint64_t vmfuzz::multiplyAdd(const Format &f, Mode mode, uint64_t a, uint64_t b, uint64_t c,
                             bool hasSum) {
  bool negative = isNegative(f, a) != isNegative(f, b);
  bool infinite = isInf(f, a) || isInf(f, b);
  if (isNan(f, a) || isNan(f, b) || (hasSum && isNan(f, c)) ||
      (infinite && (isZero(f, a) || isZero(f, b))) ||
      (infinite && hasSum && isInf(f, c) && isNegative(f, c) != negative))
    return someNan(f);
  if (infinite)
    return infinity(f) | (negative ? signBit(f) : 0);
  if (hasSum && isInf(f, c))
    return c;
  Exact p = product(exact(f, a), exact(f, b));
  if (!hasSum)
    return round(f, mode, p);
  Exact addend = exact(f, c), total = sum(p, addend);
  if (total.magnitude.isZero()) // equal signs keep theirs; others give +0, downwards -0
    total.negative = p.negative == addend.negative ? p.negative : mode == Mode::Rm;
  return round(f, mode, total);
}

uint64_t vmfuzz::divide(const Format &f, Mode mode, uint64_t a, uint64_t b) {
  uint64_t sign = isNegative(f, a) != isNegative(f, b) ? signBit(f) : 0;
  if (isNan(f, a) || isNan(f, b) || (isInf(f, a) && isInf(f, b)) || (isZero(f, a) && isZero(f, b)))
    return someNan(f);
  if (isInf(f, a) || isZero(f, b))
    return sign | infinity(f);
  if (isInf(f, b) || isZero(f, a))
    return sign;
  uint64_t ma, mb;
  int ea, eb;
  split(f, a, ma, ea);
  split(f, b, mb, eb);
  // Both to 64 significant bits: the quotient then has 63 or 64, and a bit for what is left.
  unsigned za = unsigned(__builtin_clzll(ma)), zb = unsigned(__builtin_clzll(mb));
  unsigned __int128 dividend = static_cast<unsigned __int128>(ma << za) << 63;
  uint64_t divisor = mb << zb;
  unsigned __int128 q = dividend / divisor;
  q = q << 1 | (dividend % divisor != 0);
  return round(f, mode, scaled(sign != 0, q, ea - int(za) - eb + int(zb) - 64));
}

uint64_t vmfuzz::squareRoot(const Format &f, Mode mode, uint64_t a) {
  if (isNan(f, a) || (isNegative(f, a) && !isZero(f, a)))
    return someNan(f);
  if (isInf(f, a) || isZero(f, a))
    return a;
  uint64_t m;
  int e;
  split(f, a, m, e);
  unsigned __int128 radicand = m;
  while (radicand >> 124 == 0 || e % 2)
    radicand <<= 1, --e;
  unsigned __int128 root = 0;
  for (int bit = 63; bit >= 0; --bit) {
    unsigned __int128 next = root | static_cast<unsigned __int128>(1) << bit;
    if (next * next <= radicand)
      root = next;
  }
  root = root << 1 | (root * root != radicand);
  return round(f, mode, scaled(false, root, e / 2 - 1));
}
