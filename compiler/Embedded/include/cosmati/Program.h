// The program's place in the grid, debugging, and hints.
#pragma once

#include "cosmati/Block.h"

namespace cosmati {

/// Place of this program in the grid, along axis 0, 1 or 2.
inline Scalar<int32_t> programId(int axis, detail::Where where = detail::Where::current()) {
  return Scalar<int32_t>(detail::programId(axis, where));
}
/// Extent of the grid.
inline Scalar<int32_t> numPrograms(int axis, detail::Where where = detail::Where::current()) {
  return Scalar<int32_t>(detail::numPrograms(axis, where));
}
/// All threads of the program wait here, and see each other's earlier memory accesses.
inline void debugBarrier(detail::Where where = detail::Where::current()) {
  detail::debugBarrier(where);
}

/// Prints each element of `args` with its program and index when the kernel runs.
template <detail::Term... X> void devicePrint(detail::TextAt prefix, const X &...args) {
  detail::print(prefix.text, {detail::Operand(args)...}, false, prefix.where);
}
/// Stops the launch with `message` where `condition` is false. Checked only in kernels compiled
/// with the option `debug`.
template <detail::AnyBlock C>
void deviceAssert(const C &condition, std::string_view message = "",
                  detail::Where where = detail::Where::current()) {
  detail::assertThat(condition, message, detail::Operand(), where);
}
/// Promises that a scalar condition holds.
inline void assume(const Scalar<bool> &condition, detail::Where where = detail::Where::current()) {
  detail::assume(condition, where);
}

#define COSMATI_HINT(name, kind)                                                                   \
  template <int... V, typename T, int... N>                                                        \
  Block<T, N...> name(const Block<T, N...> &x, detail::Where where = detail::Where::current()) {   \
    static_assert(sizeof...(V) == (sizeof...(N) ? sizeof...(N) : 1),                               \
                  #name " takes one number for each dimension");                                   \
    return Block<T, N...>(detail::hint(detail::Hint::kind, x, {V...}, where));                     \
  }
// The value itself with the author's promise about it, for each dimension.
COSMATI_HINT(multipleOf, MultipleOf)
COSMATI_HINT(maxContiguous, MaxContiguous)
COSMATI_HINT(maxConstancy, MaxConstancy)
#undef COSMATI_HINT

} // namespace cosmati
