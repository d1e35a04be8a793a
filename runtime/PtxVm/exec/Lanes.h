//===- Lanes.h - Loops over the lanes of a warp --------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one shape of an elementwise handler: compute all 32 lanes into the destination, or, when some
// lanes are off, into a temporary that is then blended in. The compiler turns each loop into a few
// vector instructions. A destination may be a source's very slot (same width), never a partial
// overlap.
//
// Everything is in an unnamed namespace: this file is compiled for several instruction sets.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Exec.h"

#ifndef COSMATI_VM_ISA
#define COSMATI_VM_ISA base
#endif

#if defined(__clang__)
// Without unroll(disable) the loop is unrolled to scalar code before the vectoriser sees it.
#define COSMATI_VM_LANES                                                                           \
  _Pragma(                                                                                         \
      "clang loop vectorize(assume_safety) interleave_count(2) unroll(disable)") for (unsigned l = \
                                                                                          0;       \
                                                                                      l < kLanes;  \
                                                                                      ++l)
#else
#define COSMATI_VM_LANES _Pragma("GCC ivdep") for (unsigned l = 0; l < kLanes; ++l)
#endif

namespace cosmati::ptxvm {
namespace {

inline bool has(const Selection &s, Mod m) {
  return s.mods[unsigned(m) / 64] >> (unsigned(m) % 64) & 1;
}

template <class T> inline T *slot(const Warp &w, uint32_t offset) {
  return static_cast<T *>(__builtin_assume_aligned(w.regs + offset, 64));
}
inline uint32_t &predicate(const Warp &w, uint32_t offset) {
  return *reinterpret_cast<uint32_t *>(w.regs + offset);
}
/// The lanes for which this instruction takes effect.
inline uint32_t lanesOf(const Warp &w, const Inst *i) {
  return w.active & (predicate(w, i->guard) ^ i->guardFlip);
}

template <class T> [[gnu::noinline]] void blendLanes(T *dst, const T *src, uint32_t mask) {
  COSMATI_VM_LANES {
    T on = src[l], off = dst[l];
    dst[l] = (mask >> l & 1) ? on : off;
  }
}
struct TwoWords {
  uint64_t word[2];
};
template <unsigned Bytes> struct BitsOf;
template <> struct BitsOf<2> {
  using type = uint16_t;
};
template <> struct BitsOf<4> {
  using type = uint32_t;
};
template <> struct BitsOf<8> {
  using type = uint64_t;
};
template <> struct BitsOf<16> {
  using type = TwoWords;
};
/// dst[l] = src[l] for the lanes of `mask`. Out of line: most instructions run with all lanes on.
template <class T> inline void blend(T *dst, const T *src, uint32_t mask) {
  using Bits = typename BitsOf<sizeof(T)>::type;
  blendLanes(reinterpret_cast<Bits *>(dst), reinterpret_cast<const Bits *>(src), mask);
}

/// Where an elementwise result goes: straight to the slot, or by way of a temporary.
template <class D> struct Result {
  alignas(64) D temporary[kLanes];
  D *const slotData;
  const uint32_t mask;
  Result(Warp &w, const Inst *i, unsigned operand) : Result(w, i->op[operand], lanesOf(w, i)) {}
  Result(Warp &w, uint32_t offset, uint32_t lanes) : slotData(slot<D>(w, offset)), mask(lanes) {}
  D *data() {
    return static_cast<D *>(__builtin_assume_aligned(mask == kFull ? slotData : temporary, 64));
  }
  void finish() {
    if (mask != kFull) [[unlikely]]
      blend(slotData, static_cast<const D *>(temporary), mask);
  }
};

/// out[l] = f(l) for all lanes, then the blend if some are off.
template <class D, class F> inline const Inst *each(Warp &w, const Inst *i, F f) {
  uint32_t mask = lanesOf(w, i);
  D *d = slot<D>(w, i->op[0]);
  alignas(64) D temporary[kLanes];
  D *out = static_cast<D *>(__builtin_assume_aligned(mask == kFull ? d : temporary, 64));
  COSMATI_VM_LANES out[l] = f(l);
  if (mask != kFull) [[unlikely]]
    blend(d, static_cast<const D *>(temporary), mask);
  return i + 1;
}

template <class Op, class D, class A> const Inst *unary(Warp &w, const Inst *i) {
  const A *a = slot<A>(w, i->op[1]);
  return each<D>(w, i, [=](unsigned l) { return Op::apply(a[l]); });
}
template <class Op, class D, class A, class B> const Inst *binary(Warp &w, const Inst *i) {
  const A *a = slot<A>(w, i->op[1]);
  const B *b = slot<B>(w, i->op[2]);
  return each<D>(w, i, [=](unsigned l) { return Op::apply(a[l], b[l]); });
}
template <class Op, class D, class A, class B, class C>
const Inst *ternary(Warp &w, const Inst *i) {
  const A *a = slot<A>(w, i->op[1]);
  const B *b = slot<B>(w, i->op[2]);
  const C *c = slot<C>(w, i->op[3]);
  return each<D>(w, i, [=](unsigned l) { return Op::apply(a[l], b[l], c[l]); });
}
template <class Op, class D, class A, class B, class C, class E>
const Inst *quaternary(Warp &w, const Inst *i) {
  const A *a = slot<A>(w, i->op[1]);
  const B *b = slot<B>(w, i->op[2]);
  const C *c = slot<C>(w, i->op[3]);
  const E *e = slot<E>(w, i->op[4]);
  return each<D>(w, i, [=](unsigned l) { return Op::apply(a[l], b[l], c[l], e[l]); });
}

/// Bit l of the result is byte l's lowest bit. Bytes must be 0 or 1.
inline uint32_t maskOfBytes(const uint8_t *bytes) {
  uint32_t mask = 0;
  for (unsigned k = 0; k < 4; ++k) {
    uint64_t eight;
    __builtin_memcpy(&eight, bytes + 8 * k, 8);
    mask |= uint32_t(eight * 0x0102040810204080ull >> 56) << (8 * k);
  }
  return mask;
}
/// Lanes at which Op::apply(a, b) holds.
template <class Op, class T> inline uint32_t lanesWhere(const T *a, const T *b) {
  alignas(64) uint8_t bytes[kLanes];
  COSMATI_VM_LANES bytes[l] = Op::apply(a[l], b[l]) ? 1 : 0;
  return maskOfBytes(bytes);
}
inline void setPredicate(Warp &w, uint32_t offset, uint32_t value, uint32_t mask) {
  uint32_t &p = predicate(w, offset);
  p = (p & ~mask) | (value & mask);
}

template <class To, class From> inline To bitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

} // namespace
} // namespace cosmati::ptxvm
