//===- IntCarry.cpp - extended precision: the carry CC.CF -----------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The carry is a predicate of the frame: op[1] is where it goes, the last operand where it comes
// from.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Lanes.h"

namespace cosmati::ptxvm {
namespace {

/// d = a + b + carry; returns the carry out.
template <class T> bool addStep(T a, T b, bool carry, T &d) {
  T partial;
  bool first = __builtin_add_overflow(a, b, &partial);
  bool second = __builtin_add_overflow(partial, T(carry), &d);
  return first | second;
}
/// d = a - b - borrow; returns the borrow out.
template <class T> bool subStep(T a, T b, bool borrow, T &d) {
  T partial;
  bool first = __builtin_sub_overflow(a, b, &partial);
  bool second = __builtin_sub_overflow(partial, T(borrow), &d);
  return first | second;
}
template <class T> struct DoubleOf {
  using type = uint64_t;
};
template <> struct DoubleOf<uint64_t> {
  using type = unsigned __int128;
};
template <> struct DoubleOf<int32_t> {
  using type = int64_t;
};
template <> struct DoubleOf<int64_t> {
  using type = __int128;
};

enum class Kind { Add, Sub, MadLo, MadHi };

/// S: the type whose signedness counts for the high product; T: the same width, unsigned.
template <Kind K, bool CarryIn, class S, class T> const Inst *carry(Warp &w, const Inst *i) {
  constexpr bool product = K == Kind::MadLo || K == Kind::MadHi;
  constexpr unsigned carrySlot = product ? 5 : 4;
  uint32_t mask = lanesOf(w, i), out = 0;
  uint32_t in = CarryIn ? predicate(w, i->op[carrySlot]) : 0;
  T *d = slot<T>(w, i->op[0]);
  const T *a = slot<T>(w, i->op[2]);
  const T *b = slot<T>(w, i->op[3]);
  const T *c = product ? slot<T>(w, i->op[4]) : nullptr;
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!(mask >> l & 1))
      continue;
    bool carryIn = in >> l & 1, carryOut;
    if constexpr (K == Kind::Add) {
      carryOut = addStep(a[l], b[l], carryIn, d[l]);
    } else if constexpr (K == Kind::Sub) {
      carryOut = subStep(a[l], b[l], carryIn, d[l]);
    } else {
      using D = typename DoubleOf<S>::type;
      D full = D(S(a[l])) * D(S(b[l]));
      T part = K == Kind::MadLo ? T(full) : T(full >> (8 * sizeof(T)));
      carryOut = addStep(part, c[l], carryIn, d[l]);
    }
    out |= uint32_t(carryOut) << l;
  }
  setPredicate(w, i->op[1], out, mask);
  return i + 1;
}

template <Kind K, bool CarryIn> Handler carryFor(ScalarType t) {
  switch (t) {
  case ScalarType::U32:
    return carry<K, CarryIn, uint32_t, uint32_t>;
  case ScalarType::S32:
    return carry<K, CarryIn, int32_t, uint32_t>;
  case ScalarType::U64:
    return carry<K, CarryIn, uint64_t, uint64_t>;
  case ScalarType::S64:
    return carry<K, CarryIn, int64_t, uint64_t>;
  default:
    return nullptr;
  }
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectIntCarry(const Selection &s) {
  switch (s.id) {
  case InstId::AddCC:
    return carryFor<Kind::Add, false>(s.t[0]);
  case InstId::AddC:
    return carryFor<Kind::Add, true>(s.t[0]);
  case InstId::SubCC:
    return carryFor<Kind::Sub, false>(s.t[0]);
  case InstId::SubC:
    return carryFor<Kind::Sub, true>(s.t[0]);
  case InstId::MadLoCC:
    return carryFor<Kind::MadLo, false>(s.t[0]);
  case InstId::MadHiCC:
    return carryFor<Kind::MadHi, false>(s.t[0]);
  case InstId::MadCLo:
    return carryFor<Kind::MadLo, true>(s.t[0]);
  case InstId::MadCHi:
    return carryFor<Kind::MadHi, true>(s.t[0]);
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
