// Loads, stores and atomics.
#pragma once

#include "cosmati/Math.h"

namespace cosmati {

/// Words of Triton: cache "", ".ca", ".cg", ".cv"; evict "", "evict_first", "evict_last".
struct LoadOptions {
  std::string_view cache = "", evict = "";
  bool isVolatile = false;
};
/// cache "", ".wb", ".cg", ".cs", ".wt".
struct StoreOptions {
  std::string_view cache = "", evict = "";
};
/// sem "" (acq_rel), "relaxed", "acquire", "release"; scope "" (gpu), "cta", "sys".
struct AtomicOptions {
  std::string_view sem = "", scope = "";
};

namespace detail {

/// All elements: no mask is given.
struct NoMask {};
/// Masked-off elements are 0: no other value is given.
struct NoOther {};

template <typename M>
concept Mask = std::is_same_v<M, NoMask> || std::is_same_v<M, bool> ||
               (AnyBlock<M> && std::is_same_v<typename BlockTraits<M>::type, bool>);

template <typename X> Operand optional(const X &x) {
  if constexpr (Term<X>)
    return Operand(x);
  else
    return Operand();
}
template <typename X> constexpr Dims optionalDims() {
  if constexpr (Term<X>)
    return BlockTraits<X>::dims;
  else
    return Dims{};
}

template <PointerBlock P> using Pointee = std::remove_pointer_t<typename BlockTraits<P>::type>;

template <PointerBlock P, typename M, typename O> struct LoadType {
  static constexpr Dims withMask = broadcast(BlockTraits<P>::dims, optionalDims<M>());
  static constexpr Dims dims =
      withMask.isValid() ? broadcast(withMask, optionalDims<O>()) : withMask;
  static_assert(dims.isValid(), "the shapes of pointers, mask and other value do not broadcast");
  static_assert(BlockTraits<P>::dims.rank > 0 || dims.rank == 0,
                "one pointer loads one value: add a block to it, e.g. pointer + arange<128>()");
  using type = BlockOf<std::remove_cv_t<Pointee<P>>, dims>;
};

template <PointerBlock P, typename V, typename M> constexpr void checkStore() {
  static_assert(!std::is_const_v<Pointee<P>>, "cannot store to a Ptr<const T>");
  static_assert(broadcast(BlockTraits<P>::dims, optionalDims<V>()) == BlockTraits<P>::dims,
                "the stored value has more elements than there are pointers");
  static_assert(broadcast(BlockTraits<P>::dims, optionalDims<M>()) == BlockTraits<P>::dims,
                "the mask has more elements than there are pointers");
}

template <PointerBlock P> using OldValue = BlockOf<Pointee<P>, BlockTraits<P>::dims>;

} // namespace detail

/// The elements at `pointer`; where `mask` is false `other`, or 0 without one.
template <detail::PointerBlock P, typename M = detail::NoMask, typename O = detail::NoOther>
auto load(const P &pointer, const M &mask = {}, const O &other = {}, LoadOptions options = {},
          detail::Where where = detail::Where::current()) {
  static_assert(detail::Mask<M>, "a mask is bool or a block of bool: write `mask != 0`");
  using Result = typename detail::LoadType<P, M, O>::type;
  return Result(detail::load(pointer, detail::optional(mask), detail::optional(other),
                             {options.cache, options.evict, options.isVolatile}, where));
}

/// Stores `value`, converted to the element type and broadcast, where `mask` is true.
template <detail::PointerBlock P, detail::Term V, typename M = detail::NoMask>
void store(const P &pointer, const V &value, const M &mask = {}, StoreOptions options = {},
           detail::Where where = detail::Where::current()) {
  static_assert(detail::Mask<M>, "a mask is bool or a block of bool: write `mask != 0`");
  detail::checkStore<P, V, M>();
  detail::store(pointer, value, detail::optional(mask), {options.cache, options.evict, false},
                where);
}

#define COSMATI_ATOMIC(name, op)                                                                   \
  template <detail::PointerBlock P, detail::Term V, typename M = detail::NoMask>                   \
  detail::OldValue<P> name(const P &pointer, const V &value, const M &mask = {},                   \
                           AtomicOptions options = {},                                             \
                           detail::Where where = detail::Where::current()) {                       \
    static_assert(detail::Mask<M>, "a mask is bool or a block of bool: write `mask != 0`");        \
    detail::checkStore<P, V, M>();                                                                 \
    return detail::OldValue<P>(detail::atomic(detail::AtomicOp::op, pointer, value,                \
                                              detail::optional(mask), options.sem, options.scope,  \
                                              where));                                             \
  }
// Read, combine and write at once; they give the old values. Integers and floats of 32 or 64 bits
// (add: also fp16 and bf16; and, or, xor: integers).
COSMATI_ATOMIC(atomicAdd, Add)
COSMATI_ATOMIC(atomicMax, Max)
COSMATI_ATOMIC(atomicMin, Min)
COSMATI_ATOMIC(atomicAnd, And)
COSMATI_ATOMIC(atomicOr, Or)
COSMATI_ATOMIC(atomicXor, Xor)
COSMATI_ATOMIC(atomicXchg, Xchg)
#undef COSMATI_ATOMIC

/// Stores `value` where the old value equals `compare`; gives the old values. 16, 32 or 64 bits.
template <detail::PointerBlock P, detail::Term C, detail::Term V>
detail::OldValue<P> atomicCas(const P &pointer, const C &compare, const V &value,
                              AtomicOptions options = {},
                              detail::Where where = detail::Where::current()) {
  detail::checkStore<P, V, C>();
  return detail::OldValue<P>(
      detail::atomicCas(pointer, compare, value, options.sem, options.scope, where));
}

} // namespace cosmati
