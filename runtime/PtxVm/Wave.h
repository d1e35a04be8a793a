//===- Wave.h - CTAs that run at once, and wait for each other  -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Programs of a grid may wait for each other through global memory: locks, flags. Nothing tells
// such a wait from other loops, but this does: as long as nobody changes global memory, a cluster
// depends on its own state alone, so when its state comes back it will go on like that for ever.
// The machine takes such a cluster out of the turns until memory has changed. When all are out,
// they wait for something that can't happen: for a CTA that has no place, or for a store that
// nobody makes.
//
// Ordinary kernels pay for this what it takes to sum a few counters between long turns: blocks of
// instructions are counted anyway, so what stores and what looks at shared flags (atomics, volatile
// and acquiring loads) is known from those counts, and states are compared only where flags are
// looked at and nothing is stored, or after a long turn without any store.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace cosmati::ptxvm {

struct Cluster;
struct Launch;

/// What a cluster has been seen to do lately.
struct SpinWatch {
  static constexpr uint32_t kFirstSpan = 4, kLongSpan = 256;
  uint32_t span = kFirstSpan;      ///< slices per warp between two looks
  uint32_t slices = 0;             ///< since the last look
  uint32_t quiet = 0;              ///< slices without a store or a look at flags
  uint64_t changes = 0, reads = 0; ///< counted up to the last look
  bool echo = false;               ///< a store counted at the last look may have happened behind it
  uint64_t epoch = 0;              ///< of memory, to which the states below belong
  bool waiting = false;            ///< goes on for ever in this epoch
  std::unordered_map<uint64_t, uint32_t> seen; ///< states of warps, and how often
  std::vector<uint32_t> repeats;               ///< by warp of the cluster
  std::vector<uint64_t> turns;                 ///< by warp: its turns at the last look
  std::vector<uint64_t> counts;                ///< of the blocks that look at flags, then
  std::vector<uint32_t> flagBlocks;            ///< that ran between the last two looks
};

/// Forgets the CTAs that the cluster was before.
void startWatch(Cluster &cluster);
/// After a turn of `slices` that ended with living warps: looks whether the cluster merely waits.
/// True when another one should have the thread.
bool waitsForOthers(Cluster &cluster, uint32_t slices);

/// The clusters that have a place, and when their memory changed.
class Wave {
public:
  /// `places`: clusters that may be unfinished at once.
  void begin(uint64_t places, uint32_t count) {
    this->places = places;
    active = count;
    workers.resize(count);
  }
  uint64_t size() const { return places; }
  /// Takes a place; false if there is none.
  bool enter();
  /// A cluster has ended.
  void leave() {
    giveBack();
    changed();
  }
  void giveBack() { inUse.fetch_sub(1); }
  uint64_t epoch() const { return memoryEpoch.load(); }
  /// Somebody changed memory.
  void changed();

  enum class Parked { GoOn, Deadlock };
  /// The worker has nothing to run: all its clusters wait, or there is no place for another.
  /// Returns after a while, or when something may have changed. Deadlock, for one worker, when that
  /// holds for all of them and will stay so.
  Parked park(uint32_t worker, std::vector<Cluster *> clusters, uint64_t epoch);
  /// The worker has ended.
  void workerEnds();
  /// After Deadlock: every cluster that has a place.
  std::vector<Cluster *> waiting() const;

private:
  struct Sleeper {
    bool asleep = false;
    uint64_t epoch = 0; ///< in which its clusters wait
    std::vector<Cluster *> clusters;
  };
  uint64_t places = 0;
  std::atomic<uint64_t> inUse{0};
  std::atomic<uint64_t> memoryEpoch{1}, changes{0};
  std::atomic<uint32_t> sleepers{0};
  std::mutex mutex;
  std::condition_variable wake;
  uint32_t active = 0;
  uint32_t probes = 0;        ///< times that all were waiting and were made to look again
  uint64_t probedChanges = 0; ///< `changes` at that time
  bool dead = false;
  std::vector<Sleeper> workers;

  bool allAsleep(uint64_t epoch) const;
};

/// Reports that all clusters with a place wait for ever.
void faultWave(Launch &launch, uint64_t begun, uint64_t total);

} // namespace cosmati::ptxvm
