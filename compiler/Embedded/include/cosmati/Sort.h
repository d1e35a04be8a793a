// Order along the last dimension, by a bitonic network: its index is taken apart bit by bit.
#pragma once

#include "cosmati/Reduce.h"

namespace cosmati {
namespace detail {

/// [.., n] as [.., n / (2 * Stride), Stride, 2]: elements whose indices differ in one bit are
/// neighbours.
template <int Stride, typename T, int... N> auto paired(const Block<T, N...> &x, Where where) {
  constexpr Dims dims = dimsOf<N...>();
  constexpr int rows = static_cast<int>(dims.numel()) / (2 * Stride);
  BlockOf<T, Dims{3, {rows, 2, Stride}}> apart(
      reshape(x, Dims{3, {rows, 2, Stride}}, false, where));
  return cosmati::permute<0, 2, 1>(apart, where);
}
template <int... N, typename T, int A, int B>
Block<T, N...> unpaired(const Block<T, A, B> &low, const Block<T, A, B> &high, Where where) {
  auto apart = cosmati::permute<0, 2, 1>(join(low, high, where), where);
  return Block<T, N...>(reshape(apart, dimsOf<N...>(), false, where));
}

/// Orders the pairs at distance Stride; the direction alternates between runs of Run elements.
template <int Run, int Stride, typename T, int... N>
Block<T, N...> exchange(const Block<T, N...> &x, bool descending, Where where) {
  auto [low, high] = cosmati::split(paired<Stride>(x, where), where);
  constexpr int last = sizeof...(N) - 1, n = dimsOf<N...>().extent[last];
  auto index = positions<last, N...>(where);
  auto [at, other] = cosmati::split(paired<Stride>(index, where), where);
  auto down = Run < n ? ((at / Run) % 2 == 1) ^ descending : (at < 0) ^ descending;
  // NaNs count as larger than any number, so that they gather at one end.
  auto greater = (low > high) | ((low != low) & (high == high));
  auto less = (low < high) | ((high != high) & (low == low));
  auto swap = (down && less) || (!down && greater);
  return unpaired<N...>(cosmati::where(swap, high, low, where),
                        cosmati::where(swap, low, high, where), where);
}

template <int Run, int Stride, typename T, int... N>
void mergeRuns(Block<T, N...> &x, bool descending, Where where) {
  x = exchange<Run, Stride>(x, descending, where);
  if constexpr (Stride > 1)
    mergeRuns<Run, Stride / 2>(x, descending, where);
}
template <int Run, typename T, int... N>
void sortRuns(Block<T, N...> &x, bool descending, Where where) {
  if constexpr (Run <= dimsOf<N...>().extent[sizeof...(N) - 1]) {
    mergeRuns<Run, Run / 2>(x, descending, where);
    sortRuns<2 * Run>(x, descending, where);
  }
}
template <int Stride, typename T, int... N> void flipBits(Block<T, N...> &x, Where where) {
  if constexpr (Stride < dimsOf<N...>().extent[sizeof...(N) - 1]) {
    auto [low, high] = cosmati::split(paired<Stride>(x, where), where);
    x = unpaired<N...>(high, low, where);
    flipBits<2 * Stride>(x, where);
  }
}

} // namespace detail

/// `x` sorted along its last dimension. NaNs count as larger than every number.
template <typename T, int... N>
Block<T, N...> sort(const Block<T, N...> &x, bool descending = false,
                    detail::Where where = detail::Where::current()) {
  static_assert(sizeof...(N) > 0, "sort takes a block");
  Block<T, N...> sorted = x;
  detail::sortRuns<2>(sorted, descending, where);
  return sorted;
}
/// `x` with the elements along its last dimension in reverse order.
template <typename T, int... N>
Block<T, N...> flip(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  static_assert(sizeof...(N) > 0, "flip takes a block");
  Block<T, N...> flipped = x;
  detail::flipBits<1>(flipped, where);
  return flipped;
}

} // namespace cosmati
