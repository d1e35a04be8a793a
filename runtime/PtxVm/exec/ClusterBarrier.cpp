//===- ClusterBarrier.cpp - barrier.cluster -------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A phase is complete when every thread of the cluster that has not exited has arrived. A lane is
// in one of three states: it has not arrived (neither mask), it has arrived in the running phase
// (clusterArrived), or that phase is complete and the lane has yet to wait (clusterPassed). It must
// wait before it arrives again, so that the next phase cannot complete without it.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Cluster.h"
#include "runtime/PtxVm/exec/Lanes.h"

namespace cosmati::ptxvm {
namespace {

template <class F> void eachWarp(Cluster &cluster, F f) {
  for (auto &cta : cluster.ctas)
    for (auto &w : cta->warps)
      f(*w);
}

void tellComplete(Observer &observer, Cluster &cluster) {
  std::vector<Cta *> ctas;
  for (auto &cta : cluster.ctas)
    ctas.push_back(cta.get());
  observer.clusterComplete(ctas);
}
MemoryOrder orderAt(const Warp &w, const Inst *i) {
  const InstMatch &match = w.cta->launch->infoOf(i).match;
  if (match.has(Mod::relaxed))
    return MemoryOrder::Relaxed;
  return match.form->id == InstId::BarrierClusterArrive ? MemoryOrder::Release
                                                        : MemoryOrder::Acquire;
}
/// Splits that wait and whose lanes have all passed go on.
void wake(Warp &w) {
  WarpState &s = *w.state;
  for (Split &split : s.splits) {
    if (split.wait != Wait::Cluster || (split.mask & ~s.clusterPassed))
      continue;
    split.wait = Wait::None;
    s.clusterPassed &= ~split.mask;
    if (Observer *observer = observerOf(w))
      observer->clusterWait(w, split.pc - 1, split.mask, orderAt(w, split.pc - 1));
  }
}
void settle(Cluster &cluster) {
  bool everyone = true, anyone = false;
  eachWarp(cluster, [&](Warp &w) {
    everyone &= !(w.live & ~w.state->clusterArrived);
    anyone |= w.state->clusterArrived != 0;
  });
  if (!everyone || !anyone)
    return;
  if (Observer *observer = observerOf(*cluster.ctas[0]))
    tellComplete(*observer, cluster);
  eachWarp(cluster, [](Warp &w) {
    w.state->clusterPassed |= w.state->clusterArrived;
    w.state->clusterArrived = 0;
    wake(w);
  });
}

const Inst *misuse(Warp &w, const Inst *i, uint32_t lanes, const char *reason) {
  faultText(w, i, FaultKind::BadCluster, lanes, reason);
  return nullptr;
}

const Inst *arrive(Warp &w, const Inst *i) {
  WarpState &s = *w.state;
  if (uint32_t again = w.active & (s.clusterArrived | s.clusterPassed))
    return misuse(w, i, again,
                  "threads arrive at the cluster's barrier again without having waited; "
                  "barrier.cluster.wait comes between two arrivals");
  s.clusterArrived |= w.active;
  if (Observer *observer = observerOf(w))
    observer->clusterArrive(w, i, w.active, orderAt(w, i));
  settle(*w.cta->cluster);
  return i + 1;
}
const Inst *wait(Warp &w, const Inst *i) {
  WarpState &s = *w.state;
  if (uint32_t without = w.active & ~(s.clusterArrived | s.clusterPassed))
    return misuse(w, i, without,
                  "threads wait at the cluster's barrier without having arrived; "
                  "barrier.cluster.arrive comes first");
  if (w.active & s.clusterArrived) {
    parkCurrent(w, i + 1, Wait::Cluster, 0);
    return nextSplit(w);
  }
  s.clusterPassed &= ~w.active;
  if (Observer *observer = observerOf(w))
    observer->clusterWait(w, i, w.active, orderAt(w, i));
  return i + 1;
}

} // namespace

void clusterExit(Warp &w) {
  w.state->clusterArrived &= w.live;
  w.state->clusterPassed &= w.live;
  settle(*w.cta->cluster);
}

Handler clusterBarrierHandler(const Selection &s) {
  return s.id == InstId::BarrierClusterArrive ? arrive : wait;
}

} // namespace cosmati::ptxvm
