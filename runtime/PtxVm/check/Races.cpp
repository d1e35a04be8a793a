//===- Races.cpp - the race checker's launches and CTAs -------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/RaceState.h"

using namespace cosmati::ptxvm;
using namespace cosmati::ptxvm::races;

std::unique_ptr<Observer> cosmati::ptxvm::createRaceChecker() {
  return std::make_unique<RaceChecker>();
}

void CtaState::begin(Cta &owner) {
  cta = &owner;
  linear = uint32_t(owner.linear);
  alone = owner.cluster->ctas.size() == 1;
  now = 1;
  floor = 0;
  warps.clear();
  for (auto &s : owner.states)
    warps.emplace_back(s->allLanes);
  for (Line &line : lines)
    line.clear();
  lines.resize((owner.launch->sharedBytes + kLineBytes - 1) / kLineBytes);
  barriers = {};
  mbarriers.clear();
  agents = kWarpAgents;
  locations.clear();
  pending.clear();
  wgmmaWaits.clear();
  clusterRunning = clusterDone = nullptr;
}

uint32_t CtaState::agentOf(uint64_t mbarrier) {
  MbarrierClock &m = mbarriers[mbarrier];
  if (!m.agent)
    m.agent = agents++;
  return m.agent;
}

// The end of a launch orders everything, so a launch begins with an empty checker.

void RaceChecker::launchBegin(Launch &l) {
  launch = &l;
  global.add(*l.regions);
  global.add(l.program->globalRegions);
  global.finish();
}

void RaceChecker::ctaBegin(Cta &cta) {
  std::lock_guard<std::mutex> lock(mutex);
  running.insert(uint32_t(cta.linear));
  if (!cta.races) {
    states.push_back(std::make_unique<CtaState>());
    cta.races = states.back().get();
  }
  stateOf(cta).begin(cta);
}

/// What the CTA's threads didn't wait for is complete when the CTA ends, at the latest; only the
/// end of the launch tells anybody.
void RaceChecker::ctaEnd(Cta &cta) {
  CtaState &c = stateOf(cta);
  for (const auto &[token, op] : c.pending)
    for (const AsyncRange &range : op.ranges)
      complete(c, op, range, token, c.linear, c.now, -1);
  c.pending.clear();
  std::lock_guard<std::mutex> lock(mutex);
  running.erase(c.linear);
}
