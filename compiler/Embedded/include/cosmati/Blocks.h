// Making, reshaping and joining blocks.
#pragma once

#include "cosmati/Block.h"

namespace cosmati {

/// [Start, Start + 1, ..., End - 1]; the extent is a power of two.
template <int Start, int End>
Block<int32_t, End - Start> arange(detail::Where where = detail::Where::current()) {
  return Block<int32_t, End - Start>(detail::arange(Start, End, where));
}
/// [0, 1, ..., N - 1].
template <int N> Block<int32_t, N> arange(detail::Where where = detail::Where::current()) {
  return arange<0, N>(where);
}

/// A block whose elements are all `value`, a number or a scalar, converted to T.
template <typename T, int... N, detail::Term V>
Block<T, N...> full(const V &value, detail::Where where = detail::Where::current()) {
  return Block<T, N...>(detail::full(Block<T, N...>::spec, value, where));
}
template <typename T, int... N>
Block<T, N...> zeros(detail::Where where = detail::Where::current()) {
  return full<T, N...>(0, where);
}

/// Repeats extents of 1 until the shape is N...; a scalar fits every shape.
template <int... N, typename T, int... M>
Block<T, N...> broadcastTo(const Block<T, M...> &x,
                           detail::Where where = detail::Where::current()) {
  static_assert(detail::broadcast(detail::dimsOf<M...>(), detail::dimsOf<N...>()) ==
                    detail::dimsOf<N...>(),
                "the shape does not broadcast to the one asked for: only extents of 1 repeat");
  return Block<T, N...>(detail::broadcastTo(x, detail::dimsOf<N...>(), where));
}

/// Inserts an extent of 1 before dimension Axis of the result (negative: from its end).
template <int Axis, typename T, int... N>
auto expandDims(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  constexpr int axis = detail::normalAxis(Axis, sizeof...(N) + 1);
  static_assert(axis >= 0, "the axis is outside of the result's dimensions");
  return detail::BlockOf<T, detail::inserted(detail::dimsOf<N...>(), axis, 1)>(
      detail::expandDims(x, axis, where));
}

/// The same elements in row-major order; with CanReorder in any order, which may be cheaper.
template <int... N, typename T, int... M>
Block<T, N...> reshape(const Block<T, M...> &x, bool canReorder = false,
                       detail::Where where = detail::Where::current()) {
  static_assert(detail::dimsOf<N...>().numel() == detail::dimsOf<M...>().numel(),
                "reshape cannot change the number of elements");
  return Block<T, N...>(detail::reshape(x, detail::dimsOf<N...>(), canReorder, where));
}
/// All elements as a block of rank 1.
template <typename T, int... N>
auto ravel(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  return reshape<static_cast<int>(detail::dimsOf<N...>().numel())>(x, false, where);
}
/// The only element of a block of one element.
template <typename T, int... N>
Scalar<T> item(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  static_assert(detail::dimsOf<N...>().numel() == 1, "item takes a block of one element");
  return Scalar<T>(detail::reshape(x, detail::Dims{}, false, where));
}

/// Dimension d of the result is the source's dimension D[d].
template <int... D, typename T, int... N>
auto permute(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  constexpr detail::Dims order = detail::dimsOf<D...>();
  static_assert(detail::isPermutation(order, sizeof...(N)),
                "permute takes each dimension of its argument once");
  return detail::BlockOf<T, detail::permuted(detail::dimsOf<N...>(), order)>(
      detail::permute(x, order, where));
}
/// Swaps the last two dimensions.
template <typename T, int... N>
auto trans(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  static_assert(sizeof...(N) >= 2, "trans needs at least two dimensions");
  constexpr detail::Dims order = detail::swappedLast(detail::identityOrder(sizeof...(N)));
  return detail::BlockOf<T, detail::swappedLast(detail::dimsOf<N...>())>(
      detail::permute(x, order, where));
}

/// Stacks two blocks of one type along a new last dimension of extent 2.
template <typename T, int... N>
Block<T, N..., 2> join(const Block<T, N...> &x, const Block<T, N...> &y,
                       detail::Where where = detail::Where::current()) {
  return Block<T, N..., 2>(detail::join(x, y, where));
}
/// The two halves along the last dimension, which has extent 2.
template <typename T, int... N>
auto split(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {
  constexpr detail::Dims dims = detail::dimsOf<N...>();
  static_assert(dims.rank > 0 && dims.extent[dims.rank > 0 ? dims.rank - 1 : 0] == 2,
                "split takes a block whose last dimension is 2");
  using Half = detail::BlockOf<T, detail::removed(dims, dims.rank - 1)>;
  auto [first, second] = detail::split(x, where);
  return std::pair<Half, Half>(Half(first), Half(second));
}
/// The elements of x, then those of y, along dimension Axis.
template <int Axis = 0, typename T, int... N>
auto cat(const Block<T, N...> &x, const Block<T, N...> &y,
         detail::Where where = detail::Where::current()) {
  constexpr detail::Dims dims = detail::dimsOf<N...>();
  constexpr int axis = detail::normalAxis(Axis, dims.rank);
  static_assert(axis >= 0, "the axis is outside of the dimensions");
  return detail::BlockOf<T, detail::replaced(dims, axis, 2 * dims.extent[axis])>(
      detail::cat(x, y, axis, where));
}

} // namespace cosmati
