//===- Scheduler.cpp - warps of a CTA take turns --------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include <algorithm>
#include <cstring>

using namespace cosmati::ptxvm;

namespace {
bool runnable(const Warp &w) {
  if (!w.live)
    return false;
  const WarpState &s = *w.state;
  return s.hasCurrent || std::any_of(s.splits.begin(), s.splits.end(),
                                     [](const Split &x) { return x.wait == Wait::None; });
}

/// Runs until the warp stops by itself or its turn is over, looking up after each instruction.
void runSteps(Warp &w, const Inst *pc, const Turn &turn) {
  Launch &launch = *w.cta->launch;
  bool early = launch.config->async != AsyncCompletion::Late;
  for (uint32_t n = 1; pc; ++n) {
    uint8_t point = turn.until ? launch.switchPoints[launch.indexOf(pc)] : uint8_t(0);
    pc = pc->fn(w, pc);
    if (early && w.stop != Stop::Fault && completesNow(*w.cta))
      completeInFlight(w);
    if (!pc || !((point && point <= turn.until) || n == turn.instructions))
      continue;
    w.state->current.pc = pc;
    w.stop = Stop::Yield;
    return;
  }
}

void runWarp(Warp &w, const Turn &turn) {
  WarpState &s = *w.state;
  if (!s.hasCurrent && !pickSplit(w))
    return;
  ++s.turns;
  w.budget = turn.blocks;
  w.stop = Stop::Yield;
  const Inst *pc = s.current.pc;
  if (turn.instructions || turn.until || w.cta->launch->config->async != AsyncCompletion::Late)
    runSteps(w, pc, turn);
  else
    do
      pc = pc->fn(w, pc);
    while (pc);
  if (w.stop != Stop::Yield)
    return;
  if (++s.idleYields > turn.idleYields)
    releaseWaiting(w);
  rotateSplits(w);
}

uint64_t instructionsSoFar(const Cta &cta) {
  const Program &program = *cta.launch->program;
  uint64_t total = 0;
  for (size_t b = 0; b < program.blocks.size(); ++b)
    total += (*cta.blockCounts)[b] * program.blocks[b].count;
  return total;
}

/// True after recording that the CTA ran too long. `before`: the cluster's count when the slice
/// began.
bool overLimit(Cta &cta, uint64_t before) {
  uint64_t limit = cta.launch->config->maxInstructions;
  if (!limit)
    return false;
  cta.instructions += instructionsSoFar(cta) - before;
  if (cta.instructions <= limit)
    return false;
  for (auto &w : cta.warps)
    if (runnable(*w)) {
      const WarpState &s = *w->state;
      const Split &split = s.hasCurrent ? s.current : s.splits.front();
      faultText(*w, split.pc, FaultKind::Limit, split.mask,
                "the program did not finish within " + std::to_string(limit) +
                    " warp instructions; this warp is here");
      break;
    }
  return true;
}

void resetWarp(Warp &w) {
  WarpState &s = *w.state;
  s.splits.clear();
  s.hasCurrent = false;
  s.reconv.clear();
  s.idleYields = 0;
  s.giveUp = 0;
  s.clusterArrived = s.clusterPassed = 0;
  dropCopies(s);
  s.wgmma = WgmmaQueue();
  s.freeFrames.clear();
  for (auto &frame : s.frames)
    s.freeFrames.push_back(frame.get());
  w.live = s.allLanes;
  std::memset(w.regions, 0, sizeof(w.regions));
  const Launch &launch = *w.cta->launch;
  if (w.local) // fresh for each CTA, so that results don't depend on what ran before
    std::memset(w.local, 0, w.localStride * kLanes);
  Split split;
  split.frame = newFrame(w, launch.function, 0, s.allLanes);
  split.mask = s.allLanes;
  makeCurrent(w, split);
  uint32_t entry = launch.program->functions[launch.function].firstBlock;
  ++w.blockCounts[entry];
  s.current.pc = w.blocks[entry];
}
} // namespace

std::unique_ptr<Cta> cosmati::ptxvm::newCta(Launch &launch, std::vector<uint64_t> &blockCounts) {
  auto cta = std::make_unique<Cta>();
  const LaunchConfig &config = *launch.config;
  cta->launch = &launch;
  cta->blockCounts = &blockCounts;
  cta->threads = config.block[0] * config.block[1] * config.block[2];
  cta->sharedOwner = std::make_unique<uint8_t[]>(launch.sharedBytes + 1024);
  uint8_t *shared = cta->sharedOwner.get();
  shared += -reinterpret_cast<uintptr_t>(shared) & 1023;
  for (uint32_t first = 0; first < cta->threads; first += kLanes) {
    auto w = std::make_unique<Warp>();
    auto s = std::make_unique<WarpState>();
    std::memset(static_cast<void *>(w.get()), 0, sizeof(Warp));
    uint32_t lanes = std::min(kLanes, cta->threads - first);
    s->allLanes = lanes == kLanes ? kFull : (1u << lanes) - 1;
    w->index = first / kLanes;
    w->cta = cta.get();
    w->state = s.get();
    w->blockCounts = blockCounts.data();
    w->blocks = launch.blockStart;
    w->shared = shared;
    w->sharedBytes = launch.sharedBytes;
    w->params = launch.params.data();
    w->paramBytes = launch.params.size();
    w->vectorOps = launch.program->vectorOps.data();
    cta->warps.push_back(std::move(w));
    cta->states.push_back(std::move(s));
  }
  return cta;
}

void cosmati::ptxvm::startCta(Cta &cta, uint64_t linear) {
  const auto &grid = cta.launch->config->grid;
  cta.linear = linear;
  cta.ctaid = {uint32_t(linear % grid[0]), uint32_t(linear / grid[0] % grid[1]),
               uint32_t(linear / grid[0] / grid[1])};
  cta.barriers = {};
  cta.instructions = 0;
  cta.finished = false;
  cta.bulkLoads.clear();
  if (cta.warpgroups)
    cta.warpgroups->groups.clear();
  startTurns(cta);
  if (cta.launch->sharedBytes)
    std::memset(cta.warps[0]->shared, 0, cta.launch->sharedBytes);
  if (Observer *observer = observerOf(cta))
    observer->ctaBegin(cta);
  for (auto &w : cta.warps)
    resetWarp(*w);
}

CtaStatus cosmati::ptxvm::runCta(Cta &cta, uint32_t slices, uint32_t &done) {
  Launch &launch = *cta.launch;
  std::vector<uint32_t> order;
  for (uint32_t end = done + slices; done < end;) {
    order.clear();
    for (uint32_t k = 0; k < cta.warps.size(); ++k)
      if (runnable(*cta.warps[k]))
        order.push_back(k);
    planRound(cta, order);
    uint64_t before = launch.config->maxInstructions ? instructionsSoFar(cta) : 0;
    bool progress = false, living = false;
    for (uint32_t index : order) {
      Warp &w = *cta.warps[index];
      if (!runnable(w))
        continue;
      runWarp(w, planTurn(cta));
      progress = true;
      ++done;
      pollLaunch(launch);
      if (w.stop == Stop::Fault || launch.stop.load(std::memory_order_relaxed))
        return CtaStatus::Failed;
    }
    if (launch.stop.load(std::memory_order_relaxed) || overLimit(cta, before))
      return CtaStatus::Failed;
    for (auto &w : cta.warps)
      living |= w->live != 0;
    if (!living)
      return CtaStatus::Finished;
    if (progress)
      continue;
    for (auto &w : cta.warps)
      progress |= releaseWaiting(*w);
    if (!progress)
      return CtaStatus::Blocked;
  }
  return CtaStatus::Running;
}
