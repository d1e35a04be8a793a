// Elementwise functions.
#pragma once

#include "cosmati/Block.h"

namespace cosmati {

/// What minimum, maximum and clamp give where an operand is NaN: the other one, or NaN.
enum class PropagateNan : bool { None, All };

namespace detail {

template <typename T> constexpr bool isSingleOrDouble() {
  return std::is_same_v<T, float> || std::is_same_v<T, double>;
}

/// A number as a value of its own type, for functions that do not fit it to the other operand.
template <Term X> Operand strong(const X &x, Where where) {
  if constexpr (Number<X>)
    return full(TypeSpec{ownElement<X>(), 0, false, {}}, x, where);
  else
    return Operand(x);
}

template <Term... X> constexpr Dims commonDims() {
  Dims dims;
  ((dims = dims.isValid() ? broadcast(dims, BlockTraits<X>::dims) : dims), ...);
  return dims;
}

/// Common type of arguments that take their own types.
template <Term X, Term... Rest> constexpr Element commonElement() {
  Element e = BlockTraits<X>::element;
  ((e = e == Element::None ? e : promote(e, false, BlockTraits<Rest>::element, false, false)), ...);
  return e;
}

constexpr Element widenedBF16(Element e) { return e == Element::BF16 ? Element::FP32 : e; }

template <Element E, Term... X> struct ElementwiseType {
  static constexpr Dims dims = commonDims<X...>();
  static_assert(dims.isValid(), "the arguments' shapes do not broadcast: counted from the last "
                                "dimension, extents must be equal, or one of them 1");
  static_assert(E != Element::None, "the arguments have no common type: convert them with .to<>()");
  using type = BlockOf<CppType<E>, dims>;
};
template <Element E, Term... X> using Elementwise = typename ElementwiseType<E, X...>::type;

} // namespace detail

#define COSMATI_MATH(name, op)                                                                     \
  template <typename T, int... N>                                                                  \
  Block<T, N...> name(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {   \
    static_assert(detail::isSingleOrDouble<T>(),                                                   \
                  #name " computes in fp32 and fp64 only: convert with .to<float>()");             \
    return Block<T, N...>(detail::unary(detail::op, x, where));                                    \
  }
COSMATI_MATH(exp, UnaryOp::Exp)
COSMATI_MATH(exp2, UnaryOp::Exp2)
COSMATI_MATH(log, UnaryOp::Log)
COSMATI_MATH(log2, UnaryOp::Log2)
COSMATI_MATH(sin, UnaryOp::Sin)
COSMATI_MATH(cos, UnaryOp::Cos)
COSMATI_MATH(tanh, FloatOp::Tanh)
COSMATI_MATH(erf, FloatOp::Erf)
COSMATI_MATH(sqrt, FloatOp::Sqrt)
COSMATI_MATH(rsqrt, FloatOp::Rsqrt)
COSMATI_MATH(floor, FloatOp::Floor)
COSMATI_MATH(ceil, FloatOp::Ceil)
#undef COSMATI_MATH

/// Square root of fp32, rounded to nearest even.
template <int... N>
Block<float, N...> sqrtRn(const Block<float, N...> &x,
                          detail::Where where = detail::Where::current()) {
  return Block<float, N...>(detail::unary(detail::FloatOp::SqrtRn, x, where));
}
/// The most negative integer stays itself.
template <typename T, int... N>
Block<T, N...> abs(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  static_assert(!std::is_pointer_v<T>, "abs takes numbers");
  return Block<T, N...>(detail::unary(detail::UnaryOp::Abs, x, where));
}

#define COSMATI_EXTREMUM(name, isMax)                                                              \
  template <detail::Term X, detail::Term Y>                                                        \
    requires(detail::AnyBlock<X> || detail::AnyBlock<Y>)                                           \
  auto name(const X &x, const Y &y, PropagateNan nan = PropagateNan::None,                         \
            detail::Where where = detail::Where::current()) {                                      \
    using namespace detail;                                                                        \
    constexpr Element e = promote(widenedBF16(BlockTraits<X>::element), false,                     \
                                  widenedBF16(BlockTraits<Y>::element), false, false);             \
    return Elementwise<e, X, Y>(                                                                   \
        extremum(isMax, strong(x, where), strong(y, where), nan == PropagateNan::All, where));     \
  }
// The smaller and the larger of two; bf16 becomes fp32. (min and max reduce one block.)
COSMATI_EXTREMUM(minimum, false)
COSMATI_EXTREMUM(maximum, true)
#undef COSMATI_EXTREMUM

/// minimum(maximum(x, low), high) of floats.
template <detail::AnyBlock X, detail::Term L, detail::Term H>
auto clamp(const X &x, const L &low, const H &high, PropagateNan nan = PropagateNan::None,
           detail::Where where = detail::Where::current()) {
  using namespace detail;
  constexpr Element bounds = promote(widenedBF16(BlockTraits<L>::element), false,
                                     widenedBF16(BlockTraits<H>::element), false, false);
  constexpr Element e = promote(widenedBF16(BlockTraits<X>::element), false, bounds, false, false);
  static_assert(isFloat(e), "clamp takes floats: use minimum and maximum for integers");
  return Elementwise<e, X, L, H>(
      detail::clamp(x, strong(low, where), strong(high, where), nan == PropagateNan::All, where));
}

/// condition ? x : y for each element; x and y are promoted, and all three broadcast.
template <detail::AnyBlock C, detail::Term X, detail::Term Y>
auto where(const C &condition, const X &x, const Y &y,
           detail::Where place = detail::Where::current()) {
  using namespace detail;
  using A = BlockTraits<X>;
  using B = BlockTraits<Y>;
  static_assert(A::isPointer == B::isPointer, "where takes two numbers or two pointers");
  Operand a = x, b = y;
  if constexpr (A::isNumber && B::isNumber) {
    a = strong(x, place);
    b = strong(y, place);
  }
  if constexpr (A::isPointer) {
    static_assert(std::is_same_v<typename A::type, typename B::type>,
                  "where takes pointers of one type");
    return BlockOf<typename A::type, commonDims<C, X, Y>()>(detail::where(condition, a, b, place));
  } else {
    constexpr Element e = promote(A::element, A::isNumber, B::element, B::isNumber, false);
    return Elementwise<e, C, X, Y>(detail::where(condition, a, b, place));
  }
}

/// x * y + z, rounded once; floats of 16 bits or more.
template <detail::Term X, detail::Term Y, detail::Term Z>
  requires(detail::AnyBlock<X> || detail::AnyBlock<Y> || detail::AnyBlock<Z>)
auto fma(const X &x, const Y &y, const Z &z, detail::Where where = detail::Where::current()) {
  using namespace detail;
  constexpr Element e = commonElement<X, Y, Z>();
  static_assert(isFloat(e) && !isFP8(e), "fma takes floats of 16 bits or more: use x * y + z");
  return Elementwise<e, X, Y, Z>(
      detail::fma(strong(x, where), strong(y, where), strong(z, where), where));
}

/// Quotient in the operands' own float type; `ieeeRounding` demands the nearest one.
template <detail::Term X, detail::Term Y>
  requires(detail::AnyBlock<X> || detail::AnyBlock<Y>)
auto fdiv(const X &x, const Y &y, bool ieeeRounding = false,
          detail::Where where = detail::Where::current()) {
  using namespace detail;
  static_assert(isFloat(BlockTraits<X>::element) && isFloat(BlockTraits<Y>::element),
                "both operands of fdiv must be floats");
  return Elementwise<commonElement<X, Y>(), X, Y>(
      detail::fdiv(strong(x, where), strong(y, where), ieeeRounding, where));
}
/// `/` of integers as a float: fp32.
template <detail::Term X, detail::Term Y>
  requires(detail::AnyBlock<X> || detail::AnyBlock<Y>)
auto truediv(const X &x, const Y &y, detail::Where where = detail::Where::current()) {
  return detail::binaryOf<detail::BinaryOp::TrueDiv>(x, y, where);
}
/// fp32 quotient, rounded to nearest even.
template <int... N, int... M>
auto divRn(const Block<float, N...> &x, const Block<float, M...> &y,
           detail::Where where = detail::Where::current()) {
  return detail::binaryOf<detail::BinaryOp::DivRn>(x, y, where);
}
/// Upper half of the product of two unsigned integers of 32 or 64 bits.
template <typename T, int... N, int... M>
auto umulhi(const Block<T, N...> &x, const Block<T, M...> &y,
            detail::Where where = detail::Where::current()) {
  static_assert(std::is_integral_v<T> && sizeof(T) >= 4, "umulhi takes integers of 32 or 64 bits");
  return detail::binaryOf<detail::BinaryOp::UMulHi>(x, y, where);
}

/// 1 / (1 + exp(-x)).
template <typename T, int... N>
Block<T, N...> sigmoid(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  return 1 / (1 + exp(-x, where));
}
/// x / div rounded up, for div > 0 and x >= 0: numbers or integer values.
template <detail::Term X, detail::Term Y> auto cdiv(const X &x, const Y &div) {
  return (x + (div - 1)) / div;
}

} // namespace cosmati
