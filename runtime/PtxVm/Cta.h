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
#include <atomic>
#include <mutex>

namespace cosmati::ptxvm {

struct Frame {
  std::unique_ptr<uint8_t[]> memory;
  uint8_t *regs = nullptr; ///< aligned to 64 bytes
  uint32_t function = 0;
  uint64_t localBase = 0;
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

enum class Wait : uint8_t { None, Barrier, Meeting, Mbarrier };

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
  uint32_t giveUp = 0;          ///< lanes whose try_wait is to return false
  AsyncCopies copies;
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

struct Cta {
  Launch *launch = nullptr;
  std::vector<std::unique_ptr<Warp>> warps;
  std::vector<std::unique_ptr<WarpState>> states;
  std::unique_ptr<uint8_t[]> sharedOwner;
  std::array<uint32_t, 3> ctaid{};
  uint64_t linear = 0;
  uint32_t threads = 0;
  std::array<NamedBarrier, 16> barriers;
  uint64_t random = 0; ///< state of the scheduling order; 0: in order
  uint64_t instructions = 0;
  std::vector<uint64_t> *blockCounts = nullptr;
  std::vector<BulkCopy> bulkLoads; ///< in order of issue
  uint32_t giveUps = 0;            ///< times all try_waits were let go since a phase completed
};

/// What all CTAs of a launch share.
struct Launch {
  const Program *program = nullptr;
  const EntryInfo *entry = nullptr;
  uint32_t function = 0;
  const LaunchConfig *config = nullptr;
  std::vector<uint8_t> params;
  std::shared_ptr<const RegionMap> regions;
  uint32_t sharedBytes = 0;
  std::atomic<bool> stop{false};
  std::mutex mutex; ///< findings, printing
  std::vector<Finding> findings;
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
Frame *newFrame(Warp &w, uint32_t function, uint64_t localBase);
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

// exec/Mbarrier.cpp
/// Arrives `count` times at an initialised mbarrier and, if that ends its phase, wakes who waits.
void arriveAt(Cta &cta, uint8_t *mbarrier, uint32_t count);
/// Lets all waiting try_waits return false; false if none waits, or this has been done too often
/// without a phase completing in between.
bool releaseTryWaits(Cta &cta);

// Scheduler.cpp
enum class CtaStatus { Running, Finished, Failed };
void startCta(Cta &cta, uint64_t linear);
/// Runs the CTA for about `slices` warp slices.
CtaStatus runCta(Cta &cta, uint32_t slices);
std::unique_ptr<Cta> newCta(Launch &launch, std::vector<uint64_t> &blockCounts);

// Fault.cpp
void faultDeadlock(Cta &cta);
void faultText(Warp &w, const Inst *i, FaultKind kind, uint32_t lanes, const std::string &reason);

} // namespace cosmati::ptxvm
