//===- RaceAtomic.cpp - release and acquire through memory ----------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A strong write publishes through its place what its thread released: with release semantics all
// it knows, else what its last fence covered. A strong read of that place takes it, at once with
// acquire semantics, else at the thread's next fence; in either case only when the scopes on both
// sides cover each other's CTA. Read-modify-writes carry on what was released before them, plain
// strong stores don't.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/RaceState.h"

using namespace cosmati::ptxvm;
using namespace cosmati::ptxvm::races;

void RaceChecker::acquireFrom(CtaState &c, LaneState &state, const Location &l,
                              const AccessEvent &e) {
  unsigned reach = reachOf(e.scope);
  if (reach >= 2 && l.wide)
    acquire(c, state, l.wide, e.order, 2);
  auto take = [&](uint32_t cta, const std::array<KnowledgePtr, kReaches> &byReach) {
    unsigned needed = cta == c.linear ? 0 : covers(1, c.linear, cta) ? 1 : 2;
    for (unsigned r = needed; reach >= needed && r < kReaches; ++r)
      if (byReach[r])
        acquire(c, state, byReach[r], e.order, needed);
  };
  if (!c.alone) {
    for (const auto &[cta, byReach] : l.parts)
      if (covers(1, c.linear, cta))
        take(cta, byReach);
  } else if (auto own = l.parts.find(c.linear); own != l.parts.end()) {
    take(own->first, own->second);
  }
}

void RaceChecker::releaseTo(CtaState &c, const LaneState &state, unsigned lane, Location &l,
                            const AccessEvent &e) {
  unsigned reach = reachOf(e.scope);
  auto publish = [&](unsigned r, const KnowledgePtr &what) {
    KnowledgePtr &part = l.parts[c.linear][r];
    part = join(part, what);
    if (r >= 2)
      l.wide = join(l.wide, what);
  };
  if (releases(e.order))
    return publish(reach, released(c, e.warp.index, state, 1u << lane, e.order, reach));
  for (unsigned r = 0; r <= reach; ++r)
    if (state.fence[r].time && (r == reach || !(state.fence[r] == state.fence[r + 1])))
      publish(r, released(c, e.warp.index, state, 1u << lane, e.order, r));
}

void RaceChecker::tidy(Location &l) {
  if (l.parts.size() < l.tidyAt)
    return;
  std::lock_guard<std::mutex> lock(mutex);
  std::erase_if(l.parts, [&](const auto &part) { return !running.count(part.first); });
  l.tidyAt = 2 * l.parts.size() + 64;
}

/// Under Launch::strongMutex, in the order in which the accesses took effect.
void RaceChecker::strongAccess(CtaState &c, const AccessEvent &e) {
  auto &table = e.space == Space::Shared ? stateOf(*e.owner).locations : locations;
  WarpClock &clock = c.clockOf(e.warp);
  for (uint32_t rest = e.lanes; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    auto at = table.find(e.address[lane]);
    if (e.kind != AccessKind::Write && at != table.end())
      clock.update(1u << lane, [&](LaneState &s, uint32_t) { acquireFrom(c, s, at->second, e); });
    if (e.kind == AccessKind::Read)
      continue;
    if (e.kind == AccessKind::Write && at != table.end())
      at->second = {};
    const LaneState &state = clock.state(lane);
    if (releases(e.order) || state.fence[0].time) {
      Location &to = table[e.address[lane]];
      releaseTo(c, state, lane, to, e);
      tidy(to);
    }
  }
  c.now += releases(e.order);
}
