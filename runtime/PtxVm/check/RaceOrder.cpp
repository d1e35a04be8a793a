//===- RaceOrder.cpp - do two accesses conflict, and unordered? -----------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One of the two writes. They don't race if both are strong and each one's scope covers the other's
// thread, or if the later one's thread knows the earlier one. Where the later one is of the async
// proxy and the earlier one an ordinary write, a proxy fence must lie between them, too. For a
// write of the async proxy over what was merely read none is asked for: arriving at an mbarrier
// after reading is the usual way to hand a buffer back.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/RaceState.h"

using namespace cosmati::ptxvm;
using namespace cosmati::ptxvm::races;

uint32_t RaceChecker::clusterOf(uint32_t cta) const {
  const auto &grid = launch->config->grid, &cluster = launch->config->cluster;
  uint32_t x = cta % grid[0] / cluster[0], y = cta / grid[0] % grid[1] / cluster[1],
           z = cta / grid[0] / grid[1] / cluster[2];
  return (z * (grid[1] / cluster[1]) + y) * (grid[0] / cluster[0]) + x;
}
bool RaceChecker::covers(unsigned reach, uint32_t a, uint32_t b) const {
  return a == b || reach >= 2 || (reach == 1 && clusterOf(a) == clusterOf(b));
}

/// The byte of lane `l` at `address` of what an ordinary store writes.
static uint8_t storedByte(const Probe &p, unsigned l, uint64_t address) {
  const Inst *i = p.event->inst;
  uint64_t offset = address - p.event->address[l];
  uint64_t width = p.event->bytes / i->n; // of an element in memory
  uint32_t reg = (i->n > 4 ? p.warp.vectorOps + i->aux : i->op)[offset / width];
  uint32_t stride = 2u << ((i->flags & kStoredWidth) / kStoredWidthUnit);
  return p.warp.regs[reg + l * stride + offset % width];
}

/// Another lane of the very access in hand? A lane that accessed the byte earlier in the same
/// instruction, too, counts as one: its later access conflicts as well.
static bool sameInstruction(const Probe &p, const Mark &old, unsigned oldLane, uint64_t address) {
  const AccessEvent *e = p.event;
  return e && old.inst == p.mark.inst && old.warp == p.mark.warp && old.cta == p.mark.cta &&
         old.time == p.mark.time && (e->lanes >> oldLane & 1) && e->address[oldLane] <= address &&
         address < e->address[oldLane] + e->bytes;
}
static bool sameValues(const Probe &p, unsigned a, unsigned b, uint64_t address) {
  const InstMatch &match = p.cta.cta->launch->program->info[p.event->index].match;
  return match.form->id == InstId::St && storedByte(p, a, address) == storedByte(p, b, address);
}

Clash RaceChecker::compareThreads(const Probe &p, const Mark &old, unsigned byte, unsigned oldLane,
                                  unsigned lane) const {
  const Knowledge *known = p.knownBy(lane);
  uint32_t thread = old.warp * 32u + oldLane;
  bool same = old.cta == p.mark.cta && old.warp == p.mark.warp && oldLane == lane;
  if (same || knows(known, old.cta, thread, old.time)) {
    if (!p.mark.is(MarkAsync) || old.is(MarkAsync) || !old.is(MarkWrite))
      return Clash::None;
    const Knowledge *visible =
        known ? known->fenced[p.space == Space::Shared ? FencedShared : FencedGlobal].get()
              : nullptr;
    return knows(visible, old.cta, thread, old.time) ? Clash::None : Clash::Proxy;
  }
  if (sameInstruction(p, old, oldLane, p.line + byte))
    return sameValues(p, oldLane, lane, p.line + byte) ? Clash::None : Clash::SameInstruction;
  return old.is(MarkStrong) && p.mark.is(MarkStrong) ? Clash::Scope : Clash::Unordered;
}

/// Two lanes that copy the same bytes to the same place by one cp.async write the same values.
bool RaceChecker::sameCopy(const Probe &p, const Mark &old) const {
  if (old.inst != p.mark.inst || old.cta != p.mark.cta || !p.mark.is(MarkPending))
    return false;
  auto find = [&](uint32_t token) -> const PendingOperation * {
    for (const auto &[full, op] : p.cta.pending)
      if (uint32_t(full) == token)
        return &op;
    return nullptr;
  };
  const PendingOperation *a = find(old.time), *b = find(p.mark.time);
  if (!a || !b || a->kind != AsyncKind::Copy || a->ranges.size() != b->ranges.size())
    return false;
  for (size_t k = 0; k < a->ranges.size(); ++k)
    if (a->ranges[k].address != b->ranges[k].address || a->ranges[k].bytes != b->ranges[k].bytes)
      return false;
  return true;
}

Conflict RaceChecker::compareAgent(const Probe &p, const Mark &old, uint32_t overlap) const {
  for (uint32_t bytes = overlap; bytes; bytes &= bytes - 1) {
    unsigned byte = unsigned(__builtin_ctz(bytes));
    for (uint32_t rest = p.mark.lanesAt(byte); rest; rest &= rest - 1) {
      unsigned lane = unsigned(__builtin_ctz(rest));
      if (!knowsAgent(p.knownBy(lane), old.cta, old.agent, old.time))
        return {Clash::Unordered, byte, unsigned(__builtin_ctz(old.lanes)), lane};
    }
    if (!p.mark.is(MarkSpread) || p.agreed)
      break;
  }
  return {};
}

Conflict RaceChecker::compare(const Probe &p, const Mark &old, uint32_t overlap) const {
  const Mark &m = p.mark;
  if (old.is(MarkStrong) && m.is(MarkStrong) && covers(old.reach(), old.cta, m.cta) &&
      covers(m.reach(), m.cta, old.cta))
    return {};
  if (old.is(MarkPending)) {
    if (sameCopy(p, old))
      return {};
    unsigned byte = unsigned(__builtin_ctz(overlap));
    return {Clash::Pending, byte, unsigned(__builtin_ctz(old.lanes)),
            unsigned(__builtin_ctz(m.lanesAt(byte)))};
  }
  if (old.is(MarkAgent))
    return compareAgent(p, old, overlap);
  bool proxy = m.is(MarkAsync) && old.is(MarkWrite) && !old.is(MarkAsync);
  if (!proxy && old.cta == m.cta) {
    if (old.time <= p.cta.floor)
      return {};
    bool spread = (old.flags & m.flags) & MarkSpread;
    if (old.warp == m.warp && spread && old.place.base == m.place.base &&
        old.place.shift == m.place.shift)
      return {};
  }
  bool any = (old.flags | m.flags) & MarkSpread;
  uint32_t lastOld = 0, last = 0;
  for (uint32_t bytes = overlap; bytes; bytes &= bytes - 1) {
    unsigned byte = unsigned(__builtin_ctz(bytes));
    uint32_t oldLanes = old.lanesAt(byte), lanes = m.lanesAt(byte);
    if (oldLanes == lastOld && lanes == last)
      continue;
    lastOld = oldLanes;
    last = lanes;
    for (uint32_t x = lanes; x; x &= x - 1)
      for (uint32_t y = oldLanes; y; y &= y - 1) {
        unsigned lane = unsigned(__builtin_ctz(x)), oldLane = unsigned(__builtin_ctz(y));
        if (Clash clash = compareThreads(p, old, byte, oldLane, lane); clash != Clash::None)
          return {clash, byte, oldLane, lane};
      }
    // A store of several lanes to one place may agree in this byte and differ in the next.
    if (!any && !sameInstruction(p, old, unsigned(__builtin_ctz(oldLanes)), p.line + byte))
      break;
    lastOld = any ? lastOld : 0;
  }
  return {};
}
