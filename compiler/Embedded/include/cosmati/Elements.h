// Element types: those of C++ and the narrow floats that C++ lacks, and what two of them become.
#pragma once

#include "cosmati/Export.h"

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace cosmati {

namespace detail {
COSMATI_API uint16_t narrowToHalf(float value);
COSMATI_API uint16_t narrowToBFloat16(float value);
COSMATI_API uint8_t narrowToE5M2(float value);
COSMATI_API uint8_t narrowToE4M3(float value);
COSMATI_API float widenHalf(uint16_t bits);
COSMATI_API float widenBFloat16(uint16_t bits);
COSMATI_API float widenE5M2(uint8_t bits);
COSMATI_API float widenE4M3(uint8_t bits);
} // namespace detail

// Storage of narrow floats on the host. A float rounds to the nearest one (ties to even); fp16 and
// bf16 overflow to infinity, 8-bit formats to their largest finite number. NaN stays NaN.

/// IEEE 754 binary16.
struct float16 {
  uint16_t bits = 0;
  float16() = default;
  explicit float16(float value) : bits(detail::narrowToHalf(value)) {}
  operator float() const { return detail::widenHalf(bits); }
};
/// The upper half of a float.
struct bfloat16 {
  uint16_t bits = 0;
  bfloat16() = default;
  explicit bfloat16(float value) : bits(detail::narrowToBFloat16(value)) {}
  operator float() const { return detail::widenBFloat16(bits); }
};
/// OCP E5M2: with infinities.
struct float8e5 {
  uint8_t bits = 0;
  float8e5() = default;
  explicit float8e5(float value) : bits(detail::narrowToE5M2(value)) {}
  operator float() const { return detail::widenE5M2(bits); }
};
/// OCP E4M3: no infinity, largest number 448.
struct float8e4nv {
  uint8_t bits = 0;
  float8e4nv() = default;
  explicit float8e4nv(float value) : bits(detail::narrowToE4M3(value)) {}
  operator float() const { return detail::widenE4M3(bits); }
};

namespace detail {

enum class Element : uint8_t {
  Bool,
  Int8,
  Int16,
  Int32,
  Int64,
  UInt8,
  UInt16,
  UInt32,
  UInt64,
  FP8E5,
  FP8E4NV,
  FP16,
  BF16,
  FP32,
  FP64,
  None,
};

template <Element E, typename T> struct ElementIs {
  static constexpr Element element = E;
  using type = T;
};
template <typename T> struct ElementOf : ElementIs<Element::None, void> {};
template <Element E> struct CppTypeOf;

#define COSMATI_ELEMENT(name, cpp)                                                                 \
  template <> struct ElementOf<cpp> : ElementIs<Element::name, cpp> {};                            \
  template <> struct CppTypeOf<Element::name> {                                                    \
    using type = cpp;                                                                              \
  };
COSMATI_ELEMENT(Bool, bool)
COSMATI_ELEMENT(Int8, int8_t)
COSMATI_ELEMENT(Int16, int16_t)
COSMATI_ELEMENT(Int32, int32_t)
COSMATI_ELEMENT(Int64, int64_t)
COSMATI_ELEMENT(UInt8, uint8_t)
COSMATI_ELEMENT(UInt16, uint16_t)
COSMATI_ELEMENT(UInt32, uint32_t)
COSMATI_ELEMENT(UInt64, uint64_t)
COSMATI_ELEMENT(FP8E5, float8e5)
COSMATI_ELEMENT(FP8E4NV, float8e4nv)
COSMATI_ELEMENT(FP16, float16)
COSMATI_ELEMENT(BF16, bfloat16)
COSMATI_ELEMENT(FP32, float)
COSMATI_ELEMENT(FP64, double)
#undef COSMATI_ELEMENT

template <typename T> inline constexpr Element elementOf = ElementOf<T>::element;
template <Element E> using CppType = typename CppTypeOf<E>::type;

constexpr bool isFloat(Element e) { return e >= Element::FP8E5 && e <= Element::FP64; }
constexpr bool isFP8(Element e) { return e == Element::FP8E5 || e == Element::FP8E4NV; }
constexpr bool isHalf(Element e) { return e == Element::FP16 || e == Element::BF16; }
constexpr bool isInteger(Element e) { return e <= Element::UInt64; }
constexpr bool isSigned(Element e) { return e >= Element::Int8 && e <= Element::Int64; }
constexpr int bitsOf(Element e) {
  constexpr int bits[] = {1, 8, 16, 32, 64, 8, 16, 32, 64, 8, 8, 16, 16, 32, 64, 0};
  return bits[static_cast<int>(e)];
}

/// A number written in a kernel's C++: it takes the type of the value beside it.
template <typename T>
concept Number = std::is_arithmetic_v<T>;

/// The type of a number that stands alone. A double is fp32, as everywhere in the language: write
/// full<double> for fp64.
template <Number T> constexpr Element ownElement() {
  if constexpr (std::is_same_v<T, bool>)
    return Element::Bool;
  else if constexpr (std::is_floating_point_v<T>)
    return Element::FP32;
  else if constexpr (sizeof(T) == 8)
    return std::is_signed_v<T> ? Element::Int64 : Element::UInt64;
  else
    return std::is_same_v<T, unsigned> ? Element::UInt32 : Element::Int32;
}

/// 0: truth value, 1: integer, 2: float. A number of lower or equal kind takes a value's type.
constexpr int kindOf(Element e) { return e == Element::Bool ? 0 : isFloat(e) ? 2 : 1; }

constexpr Element promoteIntegers(Element a, Element b) {
  if (bitsOf(a) != bitsOf(b))
    return bitsOf(a) > bitsOf(b) ? a : b;
  return isSigned(a) ? b : a;
}

constexpr Element commonFloat(Element a, Element b, bool divides) {
  auto either = [&](Element e) { return a == e || b == e; };
  if (either(Element::FP64))
    return Element::FP64;
  if (either(Element::FP32))
    return Element::FP32;
  if (isHalf(a) || isHalf(b)) {
    if (divides || (either(Element::FP16) && either(Element::BF16)))
      return Element::FP32;
    if (either(Element::FP16))
      return Element::FP16;
    return a == b ? Element::BF16 : Element::FP32;
  }
  if (isFP8(a) && isFP8(b))
    return a == b ? a : divides ? Element::FP32 : Element::FP16;
  return Element::None;
}

/// What `a op b` computes in; None where the language gives no type. It mirrors
/// compiler/Builder/Promotion.h for the static types; the Builder decides, and a result of another
/// type is an error.
constexpr Element promote(Element a, bool aIsNumber, Element b, bool bIsNumber, bool divides) {
  if (aIsNumber != bIsNumber) {
    Element number = aIsNumber ? a : b, value = aIsNumber ? b : a;
    if (kindOf(number) <= kindOf(value))
      return divides && isHalf(value) ? Element::FP32 : value;
  }
  if (isFloat(a) || isFloat(b))
    return commonFloat(a, b, divides);
  bool mixed = isSigned(a) != isSigned(b) && a != Element::Bool && b != Element::Bool;
  return divides && mixed ? Element::None : promoteIntegers(a, b);
}

} // namespace detail
} // namespace cosmati
