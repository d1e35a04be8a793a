//===- Wave.cpp - CTAs that run at once, and wait for each other ----------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cta.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/xxhash.h"
#include <algorithm>

using namespace cosmati::ptxvm;

namespace {

constexpr uint32_t kRepeats = 8;       ///< times that each warp's state must come back
constexpr size_t kMaxStates = 1 << 14; ///< remembered of a cluster
/// How long, and how often, all of a launch wait before it is called a deadlock: memory may be
/// changed from outside, by another launch or the host.
constexpr auto kProbeTime = std::chrono::milliseconds(20);
constexpr uint32_t kProbes = 3;

bool runnable(const Warp &w) {
  if (!w.live)
    return false;
  const WarpState &s = *w.state;
  return s.hasCurrent || std::any_of(s.splits.begin(), s.splits.end(),
                                     [](const Split &x) { return x.wait == Wait::None; });
}

uint64_t hashBytes(const void *data, size_t bytes) {
  return llvm::xxh3_64bits(llvm::ArrayRef(static_cast<const uint8_t *>(data), bytes));
}
uint64_t mixed(uint64_t a, uint64_t b) {
  uint64_t words[2] = {a, b};
  return hashBytes(words, sizeof(words));
}

uint64_t hashSplit(const Launch &launch, const Split &split) {
  uint64_t place[] = {launch.indexOf(split.pc), split.mask, uint64_t(split.wait), split.waitArg};
  return hashBytes(place, sizeof(place));
}

/// Where the warp is and what its threads know. Commutative over splits: they change places.
uint64_t hashWarp(const Launch &launch, const Warp &w) {
  const WarpState &s = *w.state;
  uint64_t splits = s.hasCurrent ? hashSplit(launch, s.current) : 0;
  for (const Split &split : s.splits)
    splits += hashSplit(launch, split);
  uint64_t hash = mixed(splits, w.live);
  for (auto &frame : s.frames)
    if (std::find(s.freeFrames.begin(), s.freeFrames.end(), frame.get()) == s.freeFrames.end())
      hash = mixed(hash,
                   hashBytes(frame->regs, launch.program->functions[frame->function].frame.bytes));
  if (w.local)
    hash = mixed(hash, hashBytes(w.local, w.localStride * kLanes));
  return hash;
}

uint64_t sumOf(const std::vector<uint64_t> &counts, const std::vector<uint32_t> &blocks) {
  uint64_t sum = 0;
  for (uint32_t block : blocks)
    sum += counts[block];
  return sum;
}

template <class F> void forWarps(Cluster &cluster, F f) {
  uint32_t k = 0;
  for (auto &cta : cluster.ctas)
    for (auto &w : cta->warps)
      f(*cta, *w, k++);
}

/// Blocks that look at flags and ran since this was asked last.
void noteFlagBlocks(Cluster &cluster) {
  SpinWatch &watch = cluster.watch;
  const std::vector<uint32_t> &blocks = cluster.ctas[0]->launch->program->flagBlocks;
  watch.counts.resize(blocks.size());
  watch.flagBlocks.clear();
  for (size_t k = 0; k < blocks.size(); ++k) {
    uint64_t count = cluster.blockCounts[blocks[k]];
    if (count != std::exchange(watch.counts[k], count))
      watch.flagBlocks.push_back(blocks[k]);
  }
}

/// Notes the states of all warps that ran; true if one was new.
bool noteStates(Cluster &cluster) {
  SpinWatch &watch = cluster.watch;
  const Launch &launch = *cluster.ctas[0]->launch;
  std::vector<uint64_t> shared;
  for (auto &cta : cluster.ctas)
    shared.push_back(hashBytes(cta->warps[0]->shared, launch.sharedBytes));
  uint64_t all = hashBytes(shared.data(), shared.size() * 8);
  size_t warps = cluster.ctas.size() * cluster.ctas[0]->warps.size();
  watch.repeats.resize(warps);
  watch.turns.resize(warps);
  bool fresh = false;
  forWarps(cluster, [&](Cta &, Warp &w, uint32_t k) {
    if (!runnable(w) || w.state->turns == std::exchange(watch.turns[k], w.state->turns))
      return;
    uint32_t &seen = watch.seen[mixed(mixed(hashWarp(launch, w), all), k)];
    watch.repeats[k] += seen != 0;
    fresh |= seen++ == 0;
  });
  return fresh;
}

/// Whether there is anything that the cluster could still do by itself.
bool canGoOn(Cluster &cluster) {
  bool any = endStandstill(cluster);
  forWarps(cluster, [&](Cta &, Warp &w, uint32_t) { any |= w.live && releaseWaiting(w); });
  return any;
}

void forget(SpinWatch &watch) {
  watch.seen.clear();
  watch.repeats.assign(watch.repeats.size(), 0);
  watch.waiting = false;
}

bool allRepeat(Cluster &cluster) {
  bool all = true;
  forWarps(cluster, [&](Cta &, Warp &w, uint32_t k) {
    all &= !runnable(w) || cluster.watch.repeats[k] >= kRepeats;
  });
  return all;
}

} // namespace

void cosmati::ptxvm::startWatch(Cluster &cluster) {
  SpinWatch &watch = cluster.watch;
  forget(watch);
  watch.span = SpinWatch::kFirstSpan;
  watch.slices = watch.quiet = 0;
  watch.echo = false;
}

bool cosmati::ptxvm::waitsForOthers(Cluster &cluster, uint32_t slices) {
  SpinWatch &watch = cluster.watch;
  Launch &launch = *cluster.ctas[0]->launch;
  uint32_t warps = uint32_t(cluster.ctas.size() * cluster.ctas[0]->warps.size());
  watch.slices += slices;
  if (watch.slices < watch.span * warps)
    return false;
  uint32_t passed = std::exchange(watch.slices, 0);
  uint64_t changes = sumOf(cluster.blockCounts, launch.program->storeBlocks);
  for (auto &cta : cluster.ctas)
    changes += cta->atomicChanges;
  uint64_t reads = sumOf(cluster.blockCounts, launch.program->flagBlocks);
  bool looked = reads != std::exchange(watch.reads, reads);
  bool stored = changes != std::exchange(watch.changes, changes);
  if (stored || std::exchange(watch.echo, false)) {
    watch.echo = stored;
    watch.quiet = 0;
    watch.span = SpinWatch::kFirstSpan;
    forget(watch);
    launch.wave.changed();
    return false;
  }
  if (!looked) {
    watch.span = SpinWatch::kFirstSpan;
    if ((watch.quiet += passed) < SpinWatch::kLongSpan * warps)
      return false;
  }
  watch.quiet = 0;
  uint64_t epoch = launch.wave.epoch();
  bool sameEpoch = epoch == std::exchange(watch.epoch, epoch);
  if (!sameEpoch || watch.seen.size() > kMaxStates)
    forget(watch);
  noteFlagBlocks(cluster);
  bool fresh = noteStates(cluster);
  if (looked) // Short turns, but ever longer ones while states don't come back: it may be at work.
    watch.span = fresh && sameEpoch ? std::min(watch.span * 2, SpinWatch::kLongSpan) : 1;
  if (fresh || !allRepeat(cluster))
    return looked;
  if (canGoOn(cluster)) {
    forget(watch);
    return false;
  }
  return watch.waiting = true;
}

bool Wave::enter() {
  if (inUse.fetch_add(1) < places)
    return true;
  giveBack();
  return false;
}

void Wave::changed() {
  changes.fetch_add(1);
  memoryEpoch.fetch_add(1);
  if (!sleepers.load())
    return;
  std::lock_guard<std::mutex> lock(mutex);
  wake.notify_all();
}

void Wave::workerEnds() {
  std::lock_guard<std::mutex> lock(mutex);
  --active;
  wake.notify_all();
}

bool Wave::allAsleep(uint64_t epoch) const {
  return epoch == memoryEpoch.load() && active == llvm::count_if(workers, [&](const Sleeper &s) {
                                          return s.asleep && s.epoch == epoch;
                                        });
}

Wave::Parked Wave::park(uint32_t worker, std::vector<Cluster *> clusters, uint64_t epoch) {
  std::unique_lock<std::mutex> lock(mutex);
  Sleeper &self = workers[worker];
  self = {true, epoch, std::move(clusters)};
  sleepers.fetch_add(1); // before the epoch is read: see changed()
  if (memoryEpoch.load() == epoch)
    wake.wait_for(lock, kProbeTime);
  bool deadlock = false;
  if (allAsleep(epoch) && !dead) {
    if (changes.load() != std::exchange(probedChanges, changes.load()))
      probes = 0;
    dead = deadlock = ++probes > kProbes;
    if (!deadlock) { // everybody looks again
      memoryEpoch.fetch_add(1);
      wake.notify_all();
    }
  }
  sleepers.fetch_sub(1);
  self.asleep = false;
  return deadlock ? Parked::Deadlock : Parked::GoOn;
}

std::vector<Cluster *> Wave::waiting() const {
  std::vector<Cluster *> all;
  for (const Sleeper &s : workers)
    all.insert(all.end(), s.clusters.begin(), s.clusters.end());
  return all;
}
