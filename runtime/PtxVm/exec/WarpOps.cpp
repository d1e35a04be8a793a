//===- WarpOps.cpp - shfl, vote, match, redux, elect, activemask ----------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations between lanes name the lanes that take part. When some of those run elsewhere at the
// moment, `meet` parks this split until they arrive at the same instruction; it then runs for all.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Combine.h"
#include "runtime/PtxVm/exec/Lanes.h"
#include "runtime/PtxVm/exec/Meeting.h"

namespace cosmati::ptxvm {
namespace {

/// RAII of a meeting: `ready` is false when the warp must wait. Lanes that run together may name
/// different members (tiles of cooperative groups do): each set is a group of its own. The decoder
/// unguards these instructions.
class Meeting {
public:
  bool ready;
  Meeting(Warp &w, const Inst *i, unsigned membersOperand)
      : w(w), i(i), members(slot<uint32_t>(w, i->op[membersOperand])) {
    uint32_t need = unite() & w.live;
    ready = !(need & ~w.active);
    if (!ready) {
      ready = joint = meet(w, i, need);
      if (joint)
        unite();
    }
  }
  /// Calls `operation` once for each group, with w.active being that group.
  template <class Operation> const Inst *run(Operation operation) {
    if (!ready)
      return nullptr;
    if (uniform) {
      operation();
    } else {
      uint32_t all = w.active;
      for (uint32_t rest = all; rest; rest &= ~w.active) {
        unsigned lane = unsigned(__builtin_ctz(rest));
        w.active = (members[lane] & rest) | 1u << lane;
        operation();
      }
      w.active = all;
    }
    return joint ? part(w, i) : i + 1;
  }

private:
  Warp &w;
  const Inst *i;
  const uint32_t *members;
  bool joint = false, uniform = true;

  /// All members that the active lanes name.
  uint32_t unite() {
    uint32_t any = 0, every = kFull;
    COSMATI_VM_LANES {
      bool active = w.active >> l & 1;
      any |= active ? members[l] : 0;
      every &= active ? members[l] : kFull;
    }
    uniform = any == every;
    return any;
  }
};

enum class Mode { Up, Down, Bfly, Idx };
/// op: d, p, a, b, c, members.
template <Mode M> const Inst *shuffle(Warp &w, const Inst *i) {
  return Meeting(w, i, 5).run([&] {
    alignas(64) uint32_t a[kLanes];
    alignas(64) uint32_t from[kLanes];
    alignas(64) uint8_t valid[kLanes];
    __builtin_memcpy(a, slot<uint32_t>(w, i->op[2]), sizeof(a));
    const uint32_t *b = slot<uint32_t>(w, i->op[3]), *c = slot<uint32_t>(w, i->op[4]);
    COSMATI_VM_LANES {
      uint32_t distance = b[l] & 31, segment = c[l] >> 8 & 31;
      uint32_t first = l & segment, last = first | (c[l] & 31 & ~segment);
      uint32_t j = M == Mode::Up     ? l - distance
                   : M == Mode::Down ? l + distance
                   : M == Mode::Bfly ? l ^ distance
                                     : first | (distance & ~segment);
      bool ok = M == Mode::Up ? int32_t(j) >= int32_t(last) : j <= last;
      valid[l] = ok ? 1 : 0;
      from[l] = ok ? j & 31 : l;
    }
    Result<uint32_t> r(w, i, 0);
    uint32_t *out = r.data();
    for (unsigned l = 0; l < kLanes; ++l)
      out[l] = a[from[l]];
    r.finish();
    setPredicate(w, i->op[1], maskOfBytes(valid), lanesOf(w, i));
  });
}
Handler shuffleFor(const Selection &s) {
  if (has(s, Mod::up))
    return shuffle<Mode::Up>;
  if (has(s, Mod::down))
    return shuffle<Mode::Down>;
  if (has(s, Mod::bfly))
    return shuffle<Mode::Bfly>;
  return shuffle<Mode::Idx>;
}

/// The source predicate of a vote among the lanes here.
inline uint32_t votes(const Warp &w, const Inst *i) {
  uint32_t p = predicate(w, i->op[1]) ^ (i->flags & kNegatedPredicate ? kFull : 0);
  return p & w.active;
}
enum class Poll { All, Any, Uni };
template <Poll P> const Inst *vote(Warp &w, const Inst *i) {
  return Meeting(w, i, 2).run([&] {
    uint32_t yes = votes(w, i), all = w.active;
    bool result = P == Poll::All ? yes == all : P == Poll::Any ? yes != 0 : yes == all || yes == 0;
    setPredicate(w, i->op[0], result ? kFull : 0, all);
  });
}
inline void writeUniform(Warp &w, const Inst *i, uint32_t value) {
  Result<uint32_t> r(w, i, 0);
  uint32_t *out = r.data();
  COSMATI_VM_LANES out[l] = value;
  r.finish();
}
const Inst *ballot(Warp &w, const Inst *i) {
  return Meeting(w, i, 2).run([&] { writeUniform(w, i, votes(w, i)); });
}

/// Lanes whose value equals lane l's. op: d, a, members; match.all has p second.
template <class T, bool All> const Inst *match(Warp &w, const Inst *i) {
  constexpr unsigned first = All ? 2 : 1;
  return Meeting(w, i, first + 1).run([&] {
    alignas(64) T a[kLanes];
    __builtin_memcpy(a, slot<T>(w, i->op[first]), sizeof(a));
    uint32_t *d = slot<uint32_t>(w, i->op[0]);
    for (unsigned l = 0; l < kLanes; ++l) {
      if (!(w.active >> l & 1))
        continue;
      uint32_t same = 0;
      for (unsigned k = 0; k < kLanes; ++k)
        same |= uint32_t(a[k] == a[l]) << k;
      same &= w.active;
      d[l] = All ? (same == w.active ? same : 0) : same;
      if (All)
        setPredicate(w, i->op[1], same == w.active ? kFull : 0, 1u << l);
    }
  });
}

template <class Op, class T> const Inst *redux(Warp &w, const Inst *i) {
  return Meeting(w, i, 2).run([&] {
    const T *a = slot<T>(w, i->op[1]);
    uint32_t rest = w.active;
    T value = a[__builtin_ctz(rest)];
    for (rest &= rest - 1; rest; rest &= rest - 1)
      value = Op::apply(value, a[__builtin_ctz(rest)]);
    writeUniform(w, i, uint32_t(value));
  });
}
Handler reduxFor(const Selection &s) {
  bool isSigned = s.t[0] == ScalarType::S32;
  if (has(s, Mod::add))
    return redux<Add, uint32_t>;
  if (has(s, Mod::min))
    return isSigned ? redux<Min, int32_t> : redux<Min, uint32_t>;
  if (has(s, Mod::max))
    return isSigned ? redux<Max, int32_t> : redux<Max, uint32_t>;
  if (has(s, Mod::and_))
    return redux<And, uint32_t>;
  if (has(s, Mod::or_))
    return redux<Or, uint32_t>;
  return redux<Xor, uint32_t>;
}

/// elect.sync d|p, members: the lowest lane leads.
const Inst *elect(Warp &w, const Inst *i) {
  return Meeting(w, i, 2).run([&] {
    uint32_t leader = uint32_t(__builtin_ctz(w.active));
    writeUniform(w, i, leader);
    setPredicate(w, i->op[1], 1u << leader, w.active);
  });
}
const Inst *barrierOfWarp(Warp &w, const Inst *i) {
  return Meeting(w, i, 0).run([&] { observeWarpSync(w, i, w.active); });
}
const Inst *activeMask(Warp &w, const Inst *i) {
  writeUniform(w, i, w.active);
  return i + 1;
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectWarpOps(const Selection &s) {
  bool wide = s.t[0] == ScalarType::B64;
  switch (s.id) {
  case InstId::Shfl:
    return shuffleFor(s);
  case InstId::Vote:
    return has(s, Mod::all)   ? vote<Poll::All>
           : has(s, Mod::any) ? vote<Poll::Any>
                              : vote<Poll::Uni>;
  case InstId::Ballot:
    return ballot;
  case InstId::MatchAny:
    return wide ? match<uint64_t, false> : match<uint32_t, false>;
  case InstId::MatchAll:
    return wide ? match<uint64_t, true> : match<uint32_t, true>;
  case InstId::ReduxI:
  case InstId::ReduxB:
    return reduxFor(s);
  case InstId::Elect:
    return elect;
  case InstId::BarWarp:
    return barrierOfWarp;
  case InstId::ActiveMask:
    return activeMask;
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
