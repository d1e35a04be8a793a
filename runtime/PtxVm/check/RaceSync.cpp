//===- RaceSync.cpp - barriers, clusters, fences --------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/RaceState.h"

using namespace cosmati::ptxvm;
using namespace cosmati::ptxvm::races;

/// What lanes of one state publish: all they know and did, or without release what they knew and
/// had done at their last fence. The caller advances the CTA's time after a release.
KnowledgePtr RaceChecker::released(CtaState &c, uint32_t warp, const LaneState &state,
                                   uint32_t lanes, MemoryOrder order, unsigned reach) {
  if (releases(order))
    return with(state.known, c.linear, warp, lanes, c.now);
  const FencePoint &fence = state.fence[reach];
  return fence.time ? with(fence.known, c.linear, warp, lanes, fence.time) : nullptr;
}
/// Without acquire it becomes known at the next fence.
void RaceChecker::acquire(CtaState &c, LaneState &state, const KnowledgePtr &what,
                          MemoryOrder order, unsigned reach) {
  if (acquires(order))
    state.known = c.join(state.known, what);
  else
    state.seen[reach] = c.join(state.seen[reach], what);
}

void RaceChecker::fence(Warp &w, const Inst *, uint32_t lanes, FenceKind kind, MemoryOrder order,
                        Scope scope) {
  CtaState &c = stateOf(w);
  unsigned reach = reachOf(scope);
  auto memory = [&](LaneState &state, uint32_t) {
    for (unsigned r = 0; r <= reach; ++r) {
      if (acquires(order) && state.seen[r]) {
        state.known = join(state.known, state.seen[r]);
        state.seen[r] = nullptr;
      }
    }
    if (releases(order))
      for (unsigned r = 0; r <= reach; ++r)
        state.fence[r] = {state.known, c.now};
  };
  auto proxy = [&](LaneState &state, uint32_t mask) {
    KnowledgePtr visible = with(state.known, c.linear, w.index, mask, c.now);
    if (kind != FenceKind::ProxyAsyncGlobal)
      state.known = withFence(state.known, FencedShared, visible);
    if (kind != FenceKind::ProxyAsyncShared)
      state.known = withFence(state.known, FencedGlobal, visible);
  };
  switch (kind) {
  case FenceKind::MbarrierInit: // of mbarrier.init only; here of everything
    order = MemoryOrder::Release;
    reach = reachOf(Scope::Cluster);
    [[fallthrough]];
  case FenceKind::Memory:
    c.clockOf(w).update(lanes, memory);
    break;
  case FenceKind::ProxyAsync:
  case FenceKind::ProxyAsyncGlobal:
  case FenceKind::ProxyAsyncShared:
    c.clockOf(w).update(lanes, proxy);
    break;
  case FenceKind::OtherProxy:
  case FenceKind::Wgmma: // registers
    return;
  }
  ++c.now;
}

void RaceChecker::warpSync(Warp &w, const Inst *, uint32_t lanes) {
  CtaState &c = stateOf(w);
  KnowledgePtr all;
  c.clockOf(w).each(lanes, [&](const LaneState &s, uint32_t) { all = join(all, s.known); });
  all = with(all, c.linear, w.index, lanes, c.now++);
  c.clockOf(w).update(lanes, [&](LaneState &s, uint32_t) { s.known = all; });
}

void RaceChecker::barrierArrive(Warp &w, const Inst *, uint32_t id, uint32_t lanes, bool) {
  CtaState &c = stateOf(w);
  BarrierClock &b = c.barriers[id];
  c.clockOf(w).each(lanes,
                    [&](const LaneState &s, uint32_t) { b.known = c.join(b.known, s.known); });
  b.arrivals.push_back({w.index, lanes, c.now++});
}

void RaceChecker::barrierComplete(Cta &cta, uint32_t id, llvm::ArrayRef<uint32_t> arrived,
                                  llvm::ArrayRef<uint32_t> waiting) {
  CtaState &c = stateOf(cta);
  BarrierClock b = std::move(c.barriers[id]);
  c.barriers[id] = {};
  bool everyone = true;
  for (size_t k = 0; k < arrived.size(); ++k)
    everyone &= waiting[k] == cta.states[k]->allLanes;
  KnowledgePtr all = b.known;
  if (everyone) {
    // Nobody has done anything since arriving.
    all = withFloor(all, c.linear, c.now);
    c.floor = c.now++;
  } else {
    for (const BarrierClock::Arrival &a : b.arrivals)
      all = with(all, c.linear, a.warp, a.lanes, a.time);
  }
  for (size_t k = 0; k < waiting.size(); ++k)
    if (waiting[k])
      c.warps[k].update(waiting[k],
                        [&](LaneState &s, uint32_t) { s.known = c.join(s.known, all); });
}

void RaceChecker::clusterArrive(Warp &w, const Inst *, uint32_t lanes, MemoryOrder order) {
  CtaState &c = stateOf(w);
  c.clockOf(w).each(lanes, [&](const LaneState &s, uint32_t mask) {
    c.clusterRunning =
        join(c.clusterRunning, released(c, w.index, s, mask, order, reachOf(Scope::Cluster)));
  });
  c.now += releases(order);
}
void RaceChecker::clusterComplete(llvm::ArrayRef<Cta *> cluster) {
  KnowledgePtr all;
  for (Cta *cta : cluster)
    all = join(all, stateOf(*cta).clusterRunning);
  for (Cta *cta : cluster) {
    stateOf(*cta).clusterRunning = nullptr;
    stateOf(*cta).clusterDone = all;
  }
}
void RaceChecker::clusterWait(Warp &w, const Inst *, uint32_t lanes, MemoryOrder order) {
  CtaState &c = stateOf(w);
  c.clockOf(w).update(lanes, [&](LaneState &s, uint32_t) {
    acquire(c, s, c.clusterDone, order, reachOf(Scope::Cluster));
  });
}
