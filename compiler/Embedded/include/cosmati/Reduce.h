// Reductions and scans, with functions of the user's own or the common ones.
#pragma once

#include "cosmati/Blocks.h"
#include "cosmati/Math.h"

#include <tuple>

namespace cosmati {
namespace detail {

/// Calls `combine(a..., b...)` in the open region; fills `combined`.
template <typename... T, typename F, size_t... I>
void callCombine(F &combine, const Handle *arguments, Operand *combined,
                 std::index_sequence<I...>) {
  auto result = combine(Scalar<T>(arguments[I])..., Scalar<T>(arguments[sizeof...(T) + I])...);
  if constexpr (sizeof...(T) == 1) {
    static_assert((std::is_same_v<decltype(result), Scalar<T>> && ...),
                  "the combine function must return the type of its arguments");
    combined[0] = result;
  } else {
    static_assert(std::is_same_v<decltype(result), std::tuple<Scalar<T>...>>,
                  "the combine function must return a std::tuple of its arguments' types");
    ((combined[I] = std::get<I>(result)), ...);
  }
}

/// The handles of the reduced (Axis < 0: over all elements) or scanned blocks.
template <bool IsScan, typename... T, typename F, typename... Blocks>
void combineBlocks(int axis, bool reverse, F &combine, Handle *results, Where where,
                   const Blocks &...blocks) {
  constexpr size_t count = sizeof...(T);
  Handle sources[count] = {blocks.handle()...}, arguments[2 * count];
  Operand combined[count];
  if constexpr (IsScan)
    beginScan(sources, count, axis, reverse, arguments, where);
  else
    beginReduce(sources, count, axis, arguments, where);
  callCombine<T...>(combine, arguments, combined, std::index_sequence_for<T...>());
  if constexpr (IsScan)
    endScan(combined, count, results);
  else
    endReduce(combined, count, results);
}

template <int Axis, Dims D> constexpr int checkedAxis() {
  constexpr int axis = normalAxis(Axis, D.rank);
  static_assert(axis >= 0, "the axis is outside of the block's dimensions");
  return axis;
}

template <bool KeepDims, typename T, Dims D, int Axis> auto reduced(Handle handle, Where where) {
  BlockOf<T, removed(D, Axis)> result(handle);
  if constexpr (KeepDims)
    return expandDims<Axis>(result, where);
  else
    return result;
}

} // namespace detail

/// The elements along dimension Axis combined into one by `combine(Scalar<T> a, Scalar<T> b)`,
/// which must be associative and commutative; it may use its arguments and numbers alone. KeepDims
/// leaves the dimension with extent 1.
template <int Axis, bool KeepDims = false, typename T, int... N, typename F>
auto reduce(const Block<T, N...> &x, F combine, detail::Where where = detail::Where::current()) {
  constexpr detail::Dims dims = detail::dimsOf<N...>();
  constexpr int axis = detail::checkedAxis<Axis, dims>();
  detail::Handle result;
  detail::combineBlocks<false, T>(axis, false, combine, &result, where, x);
  return detail::reduced<KeepDims, T, dims, axis>(result, where);
}
/// As above, of pairs: `combine(a0, a1, b0, b1)` returns a std::tuple of two.
template <int Axis, bool KeepDims = false, typename A, typename B, int... N, typename F>
auto reduce(const std::tuple<Block<A, N...>, Block<B, N...>> &x, F combine,
            detail::Where where = detail::Where::current()) {
  constexpr detail::Dims dims = detail::dimsOf<N...>();
  constexpr int axis = detail::checkedAxis<Axis, dims>();
  detail::Handle results[2];
  detail::combineBlocks<false, A, B>(axis, false, combine, results, where, std::get<0>(x),
                                     std::get<1>(x));
  return std::tuple(detail::reduced<KeepDims, A, dims, axis>(results[0], where),
                    detail::reduced<KeepDims, B, dims, axis>(results[1], where));
}
/// All elements combined into one.
template <typename T, int... N, typename F>
Scalar<T> reduceAll(const Block<T, N...> &x, F combine,
                    detail::Where where = detail::Where::current()) {
  static_assert(sizeof...(N) > 0, "a reduction takes a block");
  detail::Handle result;
  detail::combineBlocks<false, T>(-1, false, combine, &result, where, x);
  return Scalar<T>(result);
}

/// Running combination along dimension Axis; with `reverse` from its end.
template <int Axis = 0, typename T, int... N, typename F>
Block<T, N...> scan(const Block<T, N...> &x, F combine, bool reverse = false,
                    detail::Where where = detail::Where::current()) {
  constexpr int axis = detail::checkedAxis<Axis, detail::dimsOf<N...>()>();
  detail::Handle result;
  detail::combineBlocks<true, T>(axis, reverse, combine, &result, where, x);
  return Block<T, N...>(result);
}

namespace detail {

/// Types that sums are formed in: integers below 32 bits widen, floats keep their type.
template <typename T> constexpr Element sumElement() {
  constexpr Element e = elementOf<T>;
  return isInteger(e) && bitsOf(e) < 32 ? (isSigned(e) ? Element::Int32 : Element::UInt32) : e;
}
/// Types that are compared: those below 32 bits widen.
template <typename T> constexpr Element comparedElement() {
  constexpr Element e = elementOf<T>;
  return bitsOf(e) >= 32 ? e : isFloat(e) ? Element::FP32 : Element::Int32;
}
template <Element E, typename T, int... N> auto converted(const Block<T, N...> &x, Where where) {
  if constexpr (elementOf<T> == E)
    return x;
  else
    return x.template to<CppType<E>>("", where);
}

struct Plus {
  template <typename S> S operator()(const S &a, const S &b) const { return a + b; }
};
struct Times {
  template <typename S> S operator()(const S &a, const S &b) const { return a * b; }
};
struct ExclusiveOr {
  template <typename S> S operator()(const S &a, const S &b) const { return a ^ b; }
};
struct Larger {
  template <typename S> S operator()(const S &a, const S &b) const { return maximum(a, b); }
};
struct Smaller {
  template <typename S> S operator()(const S &a, const S &b) const { return minimum(a, b); }
};

} // namespace detail

#define COSMATI_REDUCTION(name, element, combine)                                                  \
  template <int Axis, bool KeepDims = false, typename T, int... N>                                 \
  auto name(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {             \
    return reduce<Axis, KeepDims>(detail::converted<detail::element<T>()>(x, where),               \
                                  detail::combine(), where);                                       \
  }                                                                                                \
  template <typename T, int... N>                                                                  \
  auto name(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {             \
    return reduceAll(detail::converted<detail::element<T>()>(x, where), detail::combine(), where); \
  }
/// Sum along an axis, or of all elements. Integers below 32 bits are summed as int32 or uint32,
/// floats in their own type.
COSMATI_REDUCTION(sum, sumElement, Plus)
// Largest and smallest; types below 32 bits give fp32 or int32. A NaN is the result only where
// every element is one.
COSMATI_REDUCTION(max, comparedElement, Larger)
COSMATI_REDUCTION(min, comparedElement, Smaller)
COSMATI_REDUCTION(xorSum, sumElement, ExclusiveOr)
#undef COSMATI_REDUCTION

namespace detail {

/// Position along Axis of each element.
template <int Axis, int... N> Block<int32_t, N...> positions(Where where) {
  constexpr Dims dims = dimsOf<N...>();
  constexpr int extent = dims.extent[Axis];
  constexpr Dims line = alongAxis(dims, Axis);
  auto numbers = cosmati::arange<0, extent>(where);
  BlockOf<int32_t, line> index(reshape(numbers, line, false, where));
  return Block<int32_t, N...>(broadcastTo(index, dims, where));
}

/// The winner's value and index. A NaN never wins against a number; of equal values (NaNs count as
/// equal) the smaller index wins.
template <bool IsMax> struct Winner {
  template <typename V, typename I>
  std::tuple<V, I> operator()(const V &x, const I &i, const V &y, const I &j) const {
    auto better = IsMax ? x > y : x < y;
    auto first = better | ((y != y) & (x == x));
    auto equal = (x == y) | ((x != x) & (y != y));
    auto take = first | (equal & (i < j));
    return {where(take, x, y), where(take, i, j)};
  }
};

template <bool IsMax, int Axis, bool KeepDims, typename T, int... N>
auto winner(const Block<T, N...> &x, Where where) {
  constexpr int axis = checkedAxis<Axis, dimsOf<N...>()>();
  auto wide = converted<widenedBF16(elementOf<T>)>(x, where);
  return reduce<axis, KeepDims>(std::tuple(wide, positions<axis, N...>(where)), Winner<IsMax>(),
                                where);
}

} // namespace detail

/// int32 position of the largest or smallest element along an axis; of equal ones the first. NaNs
/// lose against numbers.
template <int Axis, bool KeepDims = false, typename T, int... N>
auto argmax(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  return std::get<1>(detail::winner<true, Axis, KeepDims>(x, where));
}
template <int Axis, bool KeepDims = false, typename T, int... N>
auto argmin(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  return std::get<1>(detail::winner<false, Axis, KeepDims>(x, where));
}

/// Running sum and product; bf16 as fp32, integers below 32 bits as int32 or uint32.
template <int Axis = 0, typename T, int... N>
auto cumsum(const Block<T, N...> &x, bool reverse = false,
            detail::Where where = detail::Where::current()) {
  constexpr detail::Element e = detail::widenedBF16(detail::sumElement<T>());
  return scan<Axis>(detail::converted<e>(x, where), detail::Plus(), reverse, where);
}
template <int Axis = 0, typename T, int... N>
auto cumprod(const Block<T, N...> &x, bool reverse = false,
             detail::Where where = detail::Where::current()) {
  constexpr detail::Element e = detail::widenedBF16(detail::elementOf<T>);
  return scan<Axis>(detail::converted<e>(x, where), detail::Times(), reverse, where);
}

/// exp(x - max) / sum(exp(x - max)) along an axis.
template <int Axis = 0, typename T, int... N>
Block<T, N...> softmax(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  auto numerator = exp(x - max<Axis, true>(x, where), where);
  return numerator / sum<Axis, true>(numerator, where);
}

} // namespace cosmati
