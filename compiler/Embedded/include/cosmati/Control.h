// Loops and branches of a kernel. Their bodies are C++ lambdas that capture by reference and assign
// variables as C++ does:
//
//   Block<float, 64, 64> acc = 0;
//   forRange(0, k, 32, [&](Scalar<int> i) { acc = dot(load(a + i), load(b + i), acc); });
//
// The body is run once, while the kernel is built. What it assigns to variables from outside
// becomes values that the loop carries or that the branches agree on; what it makes and keeps in no
// such variable ends with it.
#pragma once

#include "cosmati/Block.h"

namespace cosmati {

/// Advice for the compiler; it changes no result.
struct LoopOptions {
  /// Depth of the loop's software pipeline; 0: the launch's numStages.
  int numStages = 0;
  int unrollFactor = 0;
  bool flatten = false, warpSpecialize = false, disableLicm = false;
};

namespace detail {

template <typename X> constexpr Element counterElement() {
  if constexpr (AnyBlock<X>)
    return BlockTraits<X>::element == Element::Bool ? Element::Int32 : BlockTraits<X>::element;
  else
    return sizeof(X) == 8 ? Element::Int64 : Element::Int32;
}
/// An integer: a scalar of the kernel, or a number.
template <typename X>
concept Bound = (AnyBlock<X> && std::is_integral_v<typename BlockTraits<X>::type> &&
                 BlockTraits<X>::dims.rank == 0) ||
                std::is_integral_v<X>;

template <Bound X> Operand bound(const X &x, Where where) {
  if constexpr (Number<X> && sizeof(X) == 8)
    return full(TypeSpec{Element::Int64, 0, false, {}}, static_cast<int64_t>(x), where);
  else
    return Operand(x);
}

template <Bound L, Bound H, Bound S, typename F>
void forRange(const L &low, const H &high, const S &step, F &body, const LoopOptions &options,
              Where where) {
  // A number as step fits int32: the bounds decide about the counter's type.
  constexpr Element stepElement = Number<S> ? Element::Int32 : counterElement<S>();
  constexpr Element e =
      promoteIntegers(promoteIntegers(counterElement<L>(), counterElement<H>()), stepElement);
  using Counter = Scalar<CppType<e>>;
  Counter counter(beginFor(bound(low, where), bound(high, where), step,
                           {options.numStages, options.unrollFactor, options.flatten,
                            options.warpSpecialize, options.disableLicm},
                           where));
  if constexpr (std::is_invocable_v<F &, Counter>)
    body(counter);
  else
    body();
  endFor();
}

} // namespace detail

/// for (i = low; i < high; i += step) body(i). A negative step, written as a number, counts down
/// while i > high. The counter has the bounds' promoted type, int32 at least.
template <detail::Bound L, detail::Bound H, detail::Bound S, typename F>
void forRange(const L &low, const H &high, const S &step, F &&body, LoopOptions options = {},
              detail::Where where = detail::Where::current()) {
  detail::forRange(low, high, step, body, options, where);
}
template <detail::Bound L, detail::Bound H, typename F>
  requires(!detail::Bound<std::remove_cvref_t<F>>)
void forRange(const L &low, const H &high, F &&body, LoopOptions options = {},
              detail::Where where = detail::Where::current()) {
  detail::forRange(low, high, 1, body, options, where);
}
template <detail::Bound H, typename F>
  requires(!detail::Bound<std::remove_cvref_t<F>>)
void forRange(const H &high, F &&body, LoopOptions options = {},
              detail::Where where = detail::Where::current()) {
  detail::forRange(0, high, 1, body, options, where);
}

/// while (condition()) body(). The condition is a scalar truth value; it may read variables but not
/// assign them.
template <typename C, typename F>
void whileLoop(C &&condition, F &&body, detail::Where where = detail::Where::current()) {
  using Truth = std::remove_cvref_t<decltype(condition())>;
  static_assert(std::is_same_v<Truth, Scalar<bool>>,
                "the condition must give a Scalar<bool>: compare scalars, or reduce a block first");
  detail::beginWhile(where);
  {
    Truth goesOn = condition();
    detail::whileCondition(goesOn, where);
  }
  body();
  detail::endWhile();
}

/// if (condition) body(). For conditions that C++ knows while the kernel is built, write C++'s own
/// if; for a choice per element, where().
template <typename F>
void ifThen(const Scalar<bool> &condition, F &&body,
            detail::Where where = detail::Where::current()) {
  detail::beginIf(condition, where);
  body();
  detail::endIf();
}
template <typename F, typename G>
void ifThenElse(const Scalar<bool> &condition, F &&body, G &&otherwise,
                detail::Where where = detail::Where::current()) {
  detail::beginIf(condition, where);
  body();
  detail::beginElse();
  otherwise();
  detail::endIf();
}

} // namespace cosmati
