// Narrow floats on the host: conversions on bits.
#include "cosmati/Elements.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace cosmati::detail {

namespace {

/// A sign, `exponentBits` with the given bias, `mantissaBits`. hasInfinity: the largest exponent is
/// infinity and NaN, as in IEEE 754; else all numbers but the one with all bits set, which is NaN.
struct Format {
  int exponentBits, mantissaBits, bias;
  bool hasInfinity, saturates;

  constexpr uint32_t exponentMask() const { return (1u << exponentBits) - 1; }
  constexpr uint32_t signBit() const { return 1u << (exponentBits + mantissaBits); }
  constexpr uint32_t infinity() const { return exponentMask() << mantissaBits; }
  constexpr uint32_t nan() const {
    return hasInfinity ? infinity() | 1u << (mantissaBits - 1) : signBit() - 1;
  }
  constexpr uint32_t largest() const { return hasInfinity ? infinity() - 1 : signBit() - 2; }
};

constexpr Format kHalf{5, 10, 15, true, false}, kBFloat16{8, 7, 127, true, false},
    kE5M2{5, 2, 15, true, true}, kE4M3{4, 3, 7, false, true};

/// Rounds to nearest even. Values of one format are ordered as their bits: the magnitude in units
/// of its last place, counted from the exponent's first bits, is the encoding.
uint32_t narrow(float value, Format format) {
  uint32_t sign = std::signbit(value) ? format.signBit() : 0;
  if (std::isnan(value))
    return sign | format.nan();
  float magnitude = std::fabs(value);
  if (std::isinf(magnitude))
    return sign | (format.saturates ? format.largest() : format.infinity());
  int lowest = 1 - format.bias;
  int used = magnitude == 0 ? lowest : std::max(lowest, std::ilogb(magnitude));
  // double holds the scaled value exactly, and nearbyint rounds to even.
  double steps =
      std::nearbyint(std::ldexp(static_cast<double>(magnitude), format.mantissaBits - used));
  auto mantissa = static_cast<uint32_t>(steps);
  // A mantissa without its hidden bit is a subnormal number; one that rounded up carries over.
  uint64_t bits = static_cast<uint64_t>(used - lowest) * (1u << format.mantissaBits) + mantissa;
  if (bits > format.largest())
    return sign | (format.saturates ? format.largest() : format.infinity());
  return sign | static_cast<uint32_t>(bits);
}

float widen(uint32_t bits, Format format) {
  bool negative = (bits & format.signBit()) != 0;
  uint32_t magnitude = bits & (format.signBit() - 1);
  uint32_t exponent = magnitude >> format.mantissaBits;
  uint32_t mantissa = magnitude & ((1u << format.mantissaBits) - 1);
  float value;
  if (format.hasInfinity && exponent == format.exponentMask())
    value = mantissa ? std::nanf("") : HUGE_VALF;
  else if (!format.hasInfinity && magnitude == format.nan())
    value = std::nanf("");
  else if (exponent == 0)
    value = std::ldexp(static_cast<float>(mantissa), 1 - format.bias - format.mantissaBits);
  else
    value = std::ldexp(static_cast<float>(mantissa | 1u << format.mantissaBits),
                       static_cast<int>(exponent) - format.bias - format.mantissaBits);
  return negative ? -value : value;
}

} // namespace

uint16_t narrowToHalf(float value) { return static_cast<uint16_t>(narrow(value, kHalf)); }
uint16_t narrowToBFloat16(float value) { return static_cast<uint16_t>(narrow(value, kBFloat16)); }
uint8_t narrowToE5M2(float value) { return static_cast<uint8_t>(narrow(value, kE5M2)); }
uint8_t narrowToE4M3(float value) { return static_cast<uint8_t>(narrow(value, kE4M3)); }
float widenHalf(uint16_t bits) { return widen(bits, kHalf); }
float widenBFloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }
float widenE5M2(uint8_t bits) { return widen(bits, kE5M2); }
float widenE4M3(uint8_t bits) { return widen(bits, kE4M3); }

} // namespace cosmati::detail
