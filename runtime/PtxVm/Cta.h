//===- Cta.h - A running CTA ---------------------------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Divergence. A warp is a set of splits: lanes that run together. A split that branches both ways
// becomes two, which meet again at the branch's immediate post-dominator: a Reconv entry collects
// the lanes that have arrived and turns them into one split when no member is left. Reconvergence
// is an optimisation, not semantics: when lanes that wait there keep others from going on (a spin
// loop, a barrier), they are released early. Everything is data, so any warp can be left and
// resumed anywhere.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Async.h"
#include "runtime/PtxVm/Program.h"
#include "runtime/PtxVm/Schedule.h"
#include "runtime/PtxVm/Warpgroup.h"
#include "runtime/PtxVm/Wave.h"
#include <atomic>
#include <chrono>
#include <mutex>

namespace cosmati::ptxvm {

struct Frame {
  std::unique_ptr<uint8_t[]> memory;
  uint8_t *regs = nullptr; ///< aligned to 64 bytes
  uint32_t function = 0;
  uint64_t localBase = 0;
  std::array<std::shared_ptr<void>, 2> shadow; ///< what checkers keep for its registers
};

/// A place where lanes wait for their siblings: a block, or (call) the return of a function.
struct Reconv {
  uint32_t block = kNoBlock;
  int32_t parent = -1;
  uint32_t members = 0;         ///< lanes that will arrive
  uint32_t waiting = 0;         ///< lanes that have
  Frame *frame = nullptr;       ///< frame in force behind it
  Frame *callee = nullptr;      ///< call: frame to free at the end
  const Inst *resume = nullptr; ///< call: instruction behind the call
  uint32_t callSite = 0;
  bool used = false;
};

enum class Wait : uint8_t { None, Barrier, Meeting, Mbarrier, Cluster, Warpgroup };

struct Split {
  const Inst *pc = nullptr;
  uint32_t mask = 0;
  int32_t reconv = -1;
  Frame *frame = nullptr;
  Wait wait = Wait::None;
  uint32_t waitArg = 0; ///< barrier number, the lanes a meeting needs, or an mbarrier's address
};

/// The cold part of a warp.
struct WarpState {
  std::vector<Split> splits; ///< all but the running one
  Split current;             ///< valid while `hasCurrent`; pc is up to date only when stopped
  bool hasCurrent = false;
  std::vector<Reconv> reconv;
  std::vector<std::unique_ptr<Frame>> frames;
  std::vector<Frame *> freeFrames;
  std::unique_ptr<uint8_t[]> localMemory;
  uint32_t meetingMask = 0;     ///< lanes of the running split before a joint operation
  std::vector<uint32_t> joined; ///< splits that take part in it
  uint32_t idleYields = 0;      ///< yields since lanes last met
  uint32_t allLanes = 0;        ///< lanes that exist
  uint64_t turns = 0;           ///< that it has had
  uint32_t giveUp = 0;          ///< lanes whose try_wait is to return false
  uint32_t clusterArrived = 0;  ///< lanes at the cluster's barrier, which is not complete
  uint32_t clusterPassed = 0;   ///< lanes whose arrival completed it, and that have yet to wait
  AsyncCopies copies;
  WgmmaQueue wgmma;
};

struct NamedBarrier {
  uint32_t expected = 0;              ///< threads; 0: not in use
  std::array<uint32_t, 32> arrived{}; ///< lanes by warp
  uint32_t count = 0;                 ///< threads arrived, whole warps counted as 32
  bool reduction = false;
  uint32_t popc = 0;
  bool all = true, any = false;
};

struct Launch;
struct Cluster;
struct InstCounts;
class Profiler;
class Observer;
struct ObservedCode;

struct Cta {
  Launch *launch = nullptr;
  Cluster *cluster = nullptr;
  uint32_t rank = 0;     ///< within the cluster
  bool finished = false; ///< all its threads have exited
  std::vector<std::unique_ptr<Warp>> warps;
  std::vector<std::unique_ptr<WarpState>> states;
  std::unique_ptr<uint8_t[]> sharedOwner;
  std::array<uint32_t, 3> ctaid{};
  uint64_t linear = 0;
  uint32_t threads = 0;
  std::array<NamedBarrier, 16> barriers;
  TurnState turns;
  InstCounts *counts = nullptr; ///< the profiler's, when there is one
  uint64_t instructions = 0;
  uint64_t atomicChanges = 0; ///< atomic operations after which memory held something else
  std::vector<uint64_t> *blockCounts = nullptr;
  std::vector<BulkCopy> bulkLoads;        ///< whose mbarrier is in this CTA, in order of issue
  std::unique_ptr<Warpgroups> warpgroups; ///< null before its first wgmma
  void *races = nullptr;                  ///< the race checker's view of it (check/RaceState.h)
};

/// The CTAs of a cluster, which one host thread runs in turns. Their shared memory stays until all
/// have ended. A launch without clusters has clusters of one CTA.
struct Cluster {
  std::vector<std::unique_ptr<Cta>> ctas; ///< by rank
  uint64_t random = 0;                    ///< state of the order of turns; 0: by rank
  uint32_t giveUps = 0;              ///< times all try_waits were let go since a phase completed
  std::vector<uint64_t> blockCounts; ///< by block: times that a warp of its CTAs entered it
  SpinWatch watch;
};

/// What all CTAs of a launch share.
struct Launch {
  const Program *program = nullptr;
  const Inst *code = nullptr;              ///< what runs: the program's, or its observed copy
  const Inst *const *blockStart = nullptr; ///< by block, in `code`
  Observer *observer = nullptr;            ///< null: nobody watches
  const ObservedCode *observed = nullptr;  ///< wrappers' view of `code`
  Profiler *profiler = nullptr;
  std::recursive_mutex strongMutex; ///< see check/Observer.h
  std::atomic<uint64_t> tokens{0};  ///< asynchronous operations, when observed
  const EntryInfo *entry = nullptr;
  uint32_t function = 0;
  const LaunchConfig *config = nullptr;
  std::vector<uint8_t> params;
  std::shared_ptr<const RegionMap> regions;
  uint32_t sharedBytes = 0;
  bool explicitCluster = false; ///< by the launch or by a directive
  std::atomic<bool> stop{false};
  std::vector<uint8_t> switchPoints; ///< by instruction; for the adversarial schedule
  std::atomic<bool> interrupted{false};
  std::chrono::steady_clock::time_point nextPoll; ///< of the thread that called launch()
  std::mutex mutex;                               ///< findings, printing
  Wave wave;
  std::vector<Finding> findings;

  uint32_t indexOf(const Inst *i) const { return uint32_t(i - code); }
  const InstInfo &infoOf(const Inst *i) const { return program->info[indexOf(i)]; }
};

// Splits.cpp
/// Makes the warp's next runnable split the running one; false if there is none.
bool pickSplit(Warp &w);
/// Parks the running split at `pc`, waiting as told (Wait::None: runnable).
void parkCurrent(Warp &w, const Inst *pc, Wait wait, uint32_t arg);
/// Enters `block`; returns its first instruction, or that of another split, or null to stop.
const Inst *enterBlock(Warp &w, uint32_t block);
/// Adds a runnable split at `block`, honouring reconvergence there.
void placeSplit(Warp &w, Split split, uint32_t block);
/// After a yield: another runnable split, if any, gets its turn; the running one queues behind.
void rotateSplits(Warp &w);
void makeCurrent(Warp &w, const Split &split);
/// The running lanes `mask`, all of them, leave (exit). Returns what to run next, or null.
const Inst *exitLanes(Warp &w, uint32_t mask);
/// Lets lanes go that wait for siblings; true if there were any.
bool releaseWaiting(Warp &w);
/// Continues with another split or stops: Done when no lane lives, Blocked otherwise.
const Inst *nextSplit(Warp &w);
/// Takes lanes out of the reconvergence entries from `entry` up to (not including) `end`.
void removeMembers(Warp &w, int32_t entry, int32_t end, uint32_t mask);
int32_t newReconv(WarpState &s);

// Frames.cpp
Frame *newFrame(Warp &w, uint32_t function, uint64_t localBase, uint32_t lanes);
void fillSpecials(Warp &w, Frame &frame);
void ensureLocal(Warp &w, uint64_t bytesPerLane);

// Barrier.cpp
/// Re-examines barriers after lanes of warp `w` have exited.
void barrierExit(Warp &w);

// exec/AsyncCopy.cpp
/// Completes the copies of the CTA that an arrival at the mbarrier with these bytes waits for.
void completeFor(Cta &cta, const uint8_t *mbarrier);
/// Completes everything that arrives at some mbarrier; false if there was nothing.
bool completeArrivals(Cta &cta);
void dropCopies(WarpState &state);

// exec/Bulk.cpp
/// Completes the CTA's bulk copies that complete transactions at this mbarrier (null: at any).
bool completeBulkLoads(Cta &cta, const uint8_t *mbarrier);
/// Completes the bulk groups of lanes that end.
void completeBulkStores(Warp &w, uint32_t lanes);

// exec/Wgmma.cpp
/// A warp has exited: has it executed what the others of its warpgroup have? False after a fault.
bool warpgroupExit(Warp &w);
/// Performs the wgmmas that all four warps of their warpgroup have issued.
void performWgmmaEarly(Cta &cta);

// exec/Mbarrier.cpp
/// Arrives `count` times at an initialised mbarrier and, if that ends its phase, wakes who waits.
void arriveAt(Cta &cta, uint8_t *mbarrier, uint32_t count);
/// Lets all waiting try_waits of the cluster return false; false if none waits, or this has been
/// done too often without a phase completing in between.
bool releaseTryWaits(Cluster &cluster);

// Scheduler.cpp
enum class CtaStatus { Running, Finished, Failed, Blocked };
/// Makes it the CTA with this number in the grid.
void startCta(Cta &cta, uint64_t linear);
/// Runs the CTA for about `slices` warp slices and adds how many there were to `done`. Blocked: no
/// warp can go on by itself.
CtaStatus runCta(Cta &cta, uint32_t slices, uint32_t &done);
std::unique_ptr<Cta> newCta(Launch &launch, std::vector<uint64_t> &blockCounts);

// ClusterRun.cpp
/// Completes and checks config.cluster (and, for .blocksareclusters, config.grid). Returns what is
/// wrong; empty if nothing is.
std::string shapeCluster(const Program &program, const EntryInfo &entry, LaunchConfig &config);
std::unique_ptr<Cluster> newCluster(Launch &launch);
/// Places the CTAs of the cluster with this number in the grid.
void startCluster(Cluster &cluster, uint64_t linear);
/// Runs the cluster for about `slices` warp slices; never Blocked.
CtaStatus runCluster(Cluster &cluster, uint32_t slices);
/// Does what may be done when no warp of the cluster can go on; false if there was nothing.
bool endStandstill(Cluster &cluster);

// exec/Cluster.cpp
/// A CTA has ended: false after a fault, if copies into or out of its shared memory that others
/// wait for are still in flight.
bool checkNothingInFlight(Cta &cta);

// exec/ClusterBarrier.cpp
/// Re-examines the cluster's barrier after lanes of the warp have exited.
void clusterExit(Warp &w);

// Launch.cpp
/// Asks LaunchConfig::poll when it is time to, on the thread that called launch().
void pollLaunch(Launch &launch);

// exec/AsyncCopy.cpp, exec/Bulk.cpp
/// Moves the data of the warp's copies that are in flight, before anybody waits for it.
void completeCopiesEarly(Warp &w);
void performStoresEarly(Warp &w);

// Fault.cpp
void faultDeadlock(Cluster &cluster);
void faultText(Warp &w, const Inst *i, FaultKind kind, uint32_t lanes, const std::string &reason);
/// As `fault`, with a further line that says what is accessed.
const Inst *faultNoted(Warp &w, const Inst *i, FaultKind kind, unsigned lane, uint64_t address,
                       uint32_t bytes, Space space, const std::string &note);

} // namespace cosmati::ptxvm
