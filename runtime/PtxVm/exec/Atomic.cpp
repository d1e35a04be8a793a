//===- Atomic.cpp - atom and red ------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lane by lane in lane order, each a compare-and-swap loop on the host's memory, so that CTAs on
// other threads see them whole. All orderings are sequentially consistent, which every weaker one
// allows.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cta.h"
#include "runtime/PtxVm/exec/CombineFloat.h"
#include "runtime/PtxVm/exec/Resolve.h"
#include <atomic>

namespace cosmati::ptxvm {
namespace {

struct Exch {
  template <class T> static T apply(T, T v) { return v; }
};
template <class T, class Op> const Inst *update(Warp &w, const Inst *i) {
  uint32_t mask = lanesOf(w, i);
  if (!mask)
    return i + 1;
  Access x;
  if (!resolve(w, i, mask, sizeof(T), /*write=*/true, x))
    return nullptr;
  alignas(64) T operand[kLanes]; // the destination may be the operand's register
  __builtin_memcpy(operand, slot<T>(w, i->op[1]), sizeof(operand));
  T *d = slot<T>(w, i->op[0]);
  bool changed = false;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    T old = updateElement<T, Op>(reinterpret_cast<T *>(at(x, l)), operand[l]);
    changed |= T(Op::apply(old, operand[l])) != old;
    d[l] = old;
  }
  w.cta->atomicChanges += changed;
  return i + 1;
}
/// Vectors: every element of every lane is updated on its own. The operands are a list: results,
/// then values.
template <class T, class Op> const Inst *updateVector(Warp &w, const Inst *i) {
  constexpr unsigned mostElements = 8;
  uint32_t mask = lanesOf(w, i);
  if (!mask)
    return i + 1;
  Access x;
  if (!resolve(w, i, mask, uint32_t(sizeof(T)) * i->n, /*write=*/true, x))
    return nullptr;
  const uint32_t *operands = w.vectorOps + i->aux;
  alignas(64) T value[mostElements][kLanes]; // a result may be a value's register
  for (unsigned e = 0; e < i->n; ++e)
    __builtin_memcpy(value[e], slot<T>(w, operands[i->n + e]), sizeof(value[e]));
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    for (unsigned e = 0; e < i->n; ++e)
      slot<T>(w, operands[e])[l] =
          updateElement<T, Op>(reinterpret_cast<T *>(at(x, l, e * sizeof(T))), value[e][l]);
  }
  ++w.cta->atomicChanges; // at most one change too many
  return i + 1;
}
template <class T> const Inst *compareAndSwap(Warp &w, const Inst *i) {
  uint32_t mask = lanesOf(w, i);
  if (!mask)
    return i + 1;
  Access x;
  if (!resolve(w, i, mask, sizeof(T), /*write=*/true, x))
    return nullptr;
  alignas(64) T expected[kLanes], desired[kLanes];
  __builtin_memcpy(expected, slot<T>(w, i->op[1]), sizeof(expected));
  __builtin_memcpy(desired, slot<T>(w, i->op[2]), sizeof(desired));
  T *d = slot<T>(w, i->op[0]);
  bool changed = false;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    T old = expected[l];
    bool equal = __atomic_compare_exchange_n(reinterpret_cast<T *>(at(x, l)), &old, desired[l],
                                             false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    changed |= equal && desired[l] != old;
    d[l] = old;
  }
  w.cta->atomicChanges += changed;
  return i + 1;
}

struct Wide128 {
  uint64_t lo, hi;
};
/// 16-byte atomics exclude each other by one lock; plain accesses of the halves are not excluded.
std::atomic_flag wideLock = ATOMIC_FLAG_INIT;
template <bool Compare> const Inst *wide(Warp &w, const Inst *i) {
  uint32_t mask = lanesOf(w, i);
  if (!mask)
    return i + 1;
  Access x;
  if (!resolve(w, i, mask, 16, /*write=*/true, x))
    return nullptr;
  const Wide128 *first = slot<Wide128>(w, i->op[1]);
  const Wide128 *second = slot<Wide128>(w, i->op[Compare ? 2 : 1]);
  Wide128 *d = slot<Wide128>(w, i->op[0]);
  bool changed = false;
  while (wideLock.test_and_set(std::memory_order_acquire)) {
  }
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    Wide128 old, next = second[l], expected = first[l];
    __builtin_memcpy(&old, at(x, l), 16);
    if (!Compare || (old.lo == expected.lo && old.hi == expected.hi)) {
      __builtin_memcpy(at(x, l), &next, 16);
      changed |= old.lo != next.lo || old.hi != next.hi;
    }
    d[l] = old;
  }
  wideLock.clear(std::memory_order_release);
  w.cta->atomicChanges += changed;
  return i + 1;
}

template <class Op> Handler integer(ScalarType t) {
  switch (t) {
  case ScalarType::U32:
    return update<uint32_t, Op>;
  case ScalarType::S32:
    return update<int32_t, Op>;
  case ScalarType::U64:
    return update<uint64_t, Op>;
  case ScalarType::S64:
    return update<int64_t, Op>;
  default:
    return nullptr;
  }
}
template <class Op> Handler bits(ScalarType t) {
  return t == ScalarType::B64 ? update<uint64_t, Op> : update<uint32_t, Op>;
}
Handler floatAdd(ScalarType t) {
  switch (t) {
  case ScalarType::F32:
    return update<uint32_t, AddSingle<>>;
  case ScalarType::F64:
    return update<uint64_t, AddDouble>;
  case ScalarType::F16:
    return update<uint16_t, AddHalf<false>>;
  case ScalarType::BF16:
    return update<uint16_t, AddHalf<true>>;
  case ScalarType::F16x2:
    return update<uint32_t, Packed<AddHalf<false>>>;
  case ScalarType::BF16x2:
    return update<uint32_t, Packed<AddHalf<true>>>;
  default:
    return nullptr;
  }
}
template <class F16, class BF16> Handler vectorOf(ScalarType t) {
  switch (t) {
  case ScalarType::F16:
    return updateVector<uint16_t, F16>;
  case ScalarType::BF16:
    return updateVector<uint16_t, BF16>;
  case ScalarType::F16x2:
    return updateVector<uint32_t, Packed<F16>>;
  case ScalarType::BF16x2:
    return updateVector<uint32_t, Packed<BF16>>;
  default:
    return nullptr;
  }
}
Handler vectorFor(const Selection &s) {
  if (s.t[0] == ScalarType::F32)
    return updateVector<uint32_t, AddSingle<>>;
  if (has(s, Mod::add))
    return vectorOf<AddHalf<false>, AddHalf<true>>(s.t[0]);
  return has(s, Mod::max) ? vectorOf<MinMaxHalf<false, true>, MinMaxHalf<true, true>>(s.t[0])
                          : vectorOf<MinMaxHalf<false, false>, MinMaxHalf<true, false>>(s.t[0]);
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectAtomic(const Selection &s) {
  ScalarType t = s.t[0];
  switch (s.id) {
  case InstId::AtomI:
  case InstId::RedI:
    return has(s, Mod::add)   ? integer<Add>(t)
           : has(s, Mod::min) ? integer<Min>(t)
                              : integer<Max>(t);
  case InstId::AtomF:
  case InstId::RedF:
    return floatAdd(t);
  case InstId::AtomV:
  case InstId::RedV:
    return vectorFor(s);
  case InstId::AtomB:
  case InstId::RedB:
    return has(s, Mod::and_) ? bits<And>(t) : has(s, Mod::or_) ? bits<Or>(t) : bits<Xor>(t);
  case InstId::AtomExch:
    return t == ScalarType::B128 ? wide<false> : bits<Exch>(t);
  case InstId::AtomIncDec:
  case InstId::RedIncDec:
    return has(s, Mod::inc) ? update<uint32_t, Inc> : update<uint32_t, Dec>;
  case InstId::AtomCas:
    if (t == ScalarType::B128)
      return wide<true>;
    if (t == ScalarType::B16)
      return compareAndSwap<uint16_t>;
    return t == ScalarType::B64 ? compareAndSwap<uint64_t> : compareAndSwap<uint32_t>;
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
