//===- Barrier.cpp - barriers of a CTA ------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arrival is counted per warp, as hardware does: a warp all of whose living lanes have arrived
// counts
// 32. A barrier without a count waits for every living thread of the CTA; exited threads don't
// count. Operands: op[0] destination of a reduction, op[1] barrier, op[2] count, op[3] predicate.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Barrier.h"
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Lanes.h"

namespace cosmati::ptxvm {
namespace {

bool complete(const Cta &cta, const NamedBarrier &b, bool counted) {
  uint32_t count = 0;
  bool everyone = true, anyone = false;
  for (size_t k = 0; k < cta.warps.size(); ++k) {
    const Warp &w = *cta.warps[k];
    bool whole = !(w.live & ~b.arrived[k]);
    anyone |= b.arrived[k] != 0;
    everyone &= whole;
    count += !b.arrived[k] ? 0 : whole ? kLanes : uint32_t(__builtin_popcount(b.arrived[k]));
  }
  return counted ? count >= b.expected : everyone && anyone;
}

void writeResult(Split &split, const NamedBarrier &b) {
  const Inst *i = split.pc - 1;
  uint8_t *regs = split.frame->regs;
  if (i->flags & kBarrierPopc) {
    for (uint32_t m = split.mask; m; m &= m - 1)
      reinterpret_cast<uint32_t *>(regs + i->op[0])[__builtin_ctz(m)] = b.popc;
  } else if (i->flags & (kBarrierAnd | kBarrierOr)) {
    uint32_t &p = *reinterpret_cast<uint32_t *>(regs + i->op[0]);
    bool value = i->flags & kBarrierAnd ? b.all : b.any;
    p = (p & ~split.mask) | (value ? split.mask : 0);
  }
}

constexpr uint32_t kEveryone = ~0u; ///< NamedBarrier::expected of a barrier without a count

void tellComplete(Observer &observer, Cta &cta, uint32_t id) {
  std::vector<uint32_t> arrived, waiting;
  for (size_t k = 0; k < cta.warps.size(); ++k) {
    arrived.push_back(cta.barriers[id].arrived[k]);
    waiting.push_back(0);
    for (const Split &split : cta.states[k]->splits)
      if (split.wait == Wait::Barrier && split.waitArg == id)
        waiting.back() |= split.mask;
  }
  observer.barrierComplete(cta, id, arrived, waiting);
}

void release(Cta &cta, uint32_t id) {
  NamedBarrier &b = cta.barriers[id];
  if (Observer *observer = observerOf(cta))
    tellComplete(*observer, cta, id);
  for (auto &state : cta.states)
    for (Split &split : state->splits)
      if (split.wait == Wait::Barrier && split.waitArg == id) {
        writeResult(split, b);
        split.wait = Wait::None;
      }
  b = NamedBarrier();
}
void settle(Cta &cta, uint32_t id) {
  NamedBarrier &b = cta.barriers[id];
  if (b.expected && complete(cta, b, b.expected != kEveryone))
    release(cta, id);
}

/// Checks the operands; false after a fault.
bool check(Warp &w, const Inst *i, uint32_t id, uint32_t expected) {
  std::string reason;
  NamedBarrier *b = id < 16 ? &w.cta->barriers[id] : nullptr;
  if (!b)
    reason = "barrier " + std::to_string(id) + " does not exist; there are 16, 0 to 15";
  else if (expected != kEveryone && (expected == 0 || expected % kLanes))
    reason = "barrier count " + std::to_string(expected) + " is not a positive multiple of 32";
  else if (b->expected && b->expected != expected)
    reason = "threads arrive at barrier " + std::to_string(id) + " with different counts";
  else if (b->arrived[w.index] & w.active)
    reason = "threads arrive at barrier " + std::to_string(id) + " again before it completed";
  if (reason.empty())
    return true;
  faultText(w, i, FaultKind::BadBarrier, w.active, reason);
  return false;
}

const Inst *barrier(Warp &w, const Inst *i) {
  Cta &cta = *w.cta;
  unsigned lane = unsigned(__builtin_ctz(w.active));
  auto at = [&](unsigned k) { return reinterpret_cast<const uint32_t *>(w.regs + i->op[k])[lane]; };
  uint32_t id = at(1), expected = i->flags & kBarrierCounted ? at(2) : kEveryone;
  if (!check(w, i, id, expected))
    return nullptr;
  NamedBarrier &b = cta.barriers[id];
  b.expected = expected;
  b.arrived[w.index] |= w.active;
  if (i->flags & (kBarrierPopc | kBarrierAnd | kBarrierOr)) {
    uint32_t p = *reinterpret_cast<const uint32_t *>(w.regs + i->op[3]);
    uint32_t yes = (i->flags & kNegatedPredicate ? ~p : p) & w.active;
    b.popc += uint32_t(__builtin_popcount(yes));
    b.all &= yes == w.active;
    b.any |= yes != 0;
  }
  if (Observer *observer = observerOf(cta))
    observer->barrierArrive(w, i, id, w.active, !(i->flags & kBarrierArrive));
  if (i->flags & kBarrierArrive) {
    settle(cta, id);
    return i + 1;
  }
  parkCurrent(w, i + 1, Wait::Barrier, id);
  settle(cta, id);
  return nextSplit(w);
}

} // namespace

void barrierExit(Warp &w) {
  for (uint32_t id = 0; id < w.cta->barriers.size(); ++id)
    settle(*w.cta, id);
}

namespace base {
Handler selectBarrier(const Selection &s) {
  s.flags =
      uint16_t((has(s, Mod::arrive) ? kBarrierArrive : 0) | (has(s, Mod::popc) ? kBarrierPopc : 0) |
               (has(s, Mod::and_) ? kBarrierAnd : 0) | (has(s, Mod::or_) ? kBarrierOr : 0));
  return barrier;
}
} // namespace base
} // namespace cosmati::ptxvm
