//===- Observer.h - What checkers and counters see of a launch -- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A launch with checkers runs a copy of the program in which the handlers of the instructions that
// somebody wants to see are replaced by wrappers (Observed.h); without, it runs the program itself.
// Instructions that are rare or act later than they are issued (barriers, mbarriers, asynchronous
// copies) call the hooks at the end of this file, which return at once when nobody observes.
//
// Calls for one CTA come from one host thread at a time; calls for different CTAs come at the same
// time from several. An observer that keeps state beyond a CTA locks it. Strong accesses (atomics,
// relaxed/acquire/release/volatile loads and stores) are made under Launch::strongMutex together
// with their event, so that the order of events is the order of effects.
//
// Events tell what happened, after it happened without a fault.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Cta.h"
#include "llvm/ADT/ArrayRef.h"

namespace cosmati::ptxvm {

enum class MemoryOrder : uint8_t { Weak, Relaxed, Acquire, Release, AcqRel, SeqCst };
enum class Scope : uint8_t { Cta, Cluster, Gpu, Sys };
inline bool acquires(MemoryOrder o) {
  return o == MemoryOrder::Acquire || o >= MemoryOrder::AcqRel;
}
inline bool releases(MemoryOrder o) { return o >= MemoryOrder::Release; }

enum class AccessKind : uint8_t { Read, Write, ReadWrite };

/// One instruction's access to one state space, made by the lanes of a warp.
struct AccessEvent {
  Warp &warp;
  const Inst *inst;
  uint32_t index; ///< number of the instruction, for Program::info
  AccessKind kind;
  MemoryOrder order; ///< Weak: an ordinary access. Volatile counts as Relaxed at Scope::Sys.
  Scope scope;
  Space space; ///< Global (and Const), Shared or Local; generic addresses have been resolved
  Cta *owner;  ///< Shared: the CTA whose memory it is; else the accessing thread's
  uint32_t lanes;
  uint32_t bytes; ///< per lane, consecutive from `address`
  /// By lane: virtual address (Global), or offset in the CTA's shared or the lane's local memory.
  const uint64_t *address;
};

/// What performs an asynchronous operation, and by which proxy.
enum class AsyncKind : uint8_t {
  Copy,       ///< cp.async: generic proxy
  Bulk,       ///< cp.async.bulk, cp.reduce.async.bulk: async proxy
  Tensor,     ///< cp.async.bulk.tensor and its reductions: async proxy
  Wgmma,      ///< reads of wgmma.mma_async: async proxy
  RemoteStore ///< st.async, red.async
};
struct AsyncRange {
  Space space; ///< Global or Shared
  Cta *owner;  ///< Shared: whose memory
  uint64_t address;
  uint32_t bytes;
  bool write;
};
/// An asynchronous operation begins: from now until it is complete these bytes are in use.
struct AsyncEvent {
  Warp &warp;
  const Inst *inst;
  uint32_t index;
  unsigned lane; ///< the issuing thread (Wgmma: the warp's first lane; one event per warp)
  AsyncKind kind;
  uint64_t token; ///< names it in the later events; unique in the launch
  llvm::ArrayRef<AsyncRange> ranges;
};

enum class FenceKind : uint8_t {
  Memory,           ///< fence, membar
  ProxyAsync,       ///< fence.proxy.async: shared and global memory
  ProxyAsyncGlobal, ///< fence.proxy.async.global
  ProxyAsyncShared, ///< fence.proxy.async.shared::{cta,cluster}
  OtherProxy,       ///< fence.proxy.alias, .tensormap
  MbarrierInit,     ///< fence.mbarrier_init
  Wgmma             ///< wgmma.fence
};

/// An arrival or a wait at an mbarrier. `address`: its offset in `owner`'s shared memory.
struct MbarrierEvent {
  Warp *warp; ///< null: an asynchronous operation arrives (cp.async.mbarrier.arrive, complete_tx)
  const Inst *inst = nullptr;
  uint32_t index = 0;
  unsigned lane = 0;
  Cta *owner = nullptr;
  uint64_t address = 0;
  uint32_t count = 1;
  MemoryOrder order = MemoryOrder::Release;
  Scope scope = Scope::Cta;
};

/// Derive, override what matters.
class Observer {
public:
  virtual ~Observer() = default;

  /// Puts wrappers of its own around instructions, before the launch begins.
  virtual void instrument(ObservedCode &, const Launch &) {}

  virtual void launchBegin(Launch &) {}
  virtual void launchEnd(Launch &) {}
  virtual void ctaBegin(Cta &) {}
  virtual void ctaEnd(Cta &) {}
  /// `lanes` of the warp have exited.
  virtual void threadsExit(Warp &, uint32_t /*lanes*/) {}
  /// `lanes` of the warp are about to exit; copies of theirs may still be in flight.
  virtual void threadsLeave(Warp &, uint32_t /*lanes*/) {}
  /// A function's frame begins at `offset` in each of these lanes' local memory. Its bytes
  /// (FrameLayout::localBytes) hold nothing yet, apart from `.param` arguments, which the caller
  /// wrote.
  virtual void localFrame(Warp &, uint32_t /*lanes*/, uint64_t /*offset*/, uint32_t /*function*/) {}
  /// Lanes `passed` have waited at `pc`, where all control flow of the warp meets again, and go on
  /// without the lanes `missing`, because the CTA or the warp gets no further otherwise.
  virtual void convergenceLost(Warp &, uint32_t /*passed*/, uint32_t /*missing*/,
                               const Inst * /*pc*/) {}

  virtual void access(const AccessEvent &) {}

  virtual void asyncIssue(const AsyncEvent &) {}
  /// A thread has waited for the operation through its group; for Wgmma a warp, and each warp of
  /// the warpgroup waits for the parts of all four. `readsOnly`: only the reads are known to be
  /// done (cp.async.bulk.wait_group.read).
  virtual void asyncWaited(Warp &, unsigned /*lane*/, uint64_t /*token*/, bool /*readsOnly*/) {}
  /// The operation is complete and its completion takes part in the running phase of an mbarrier.
  virtual void asyncArrived(Cta & /*owner*/, uint64_t /*mbarrier*/, uint64_t /*token*/) {}

  virtual void fence(Warp &, const Inst *, uint32_t /*lanes*/, FenceKind, MemoryOrder, Scope) {}
  /// bar.warp.sync has gathered these lanes.
  virtual void warpSync(Warp &, const Inst *, uint32_t /*lanes*/) {}
  /// Lanes arrive at a barrier of the CTA. `waits`: they wait for it, too.
  virtual void barrierArrive(Warp &, const Inst *, uint32_t /*id*/, uint32_t /*lanes*/,
                             bool /*waits*/) {}
  /// The barrier is complete. By warp: who had arrived, and who of them waited.
  virtual void barrierComplete(Cta &, uint32_t /*id*/, llvm::ArrayRef<uint32_t> /*arrived*/,
                               llvm::ArrayRef<uint32_t> /*waiting*/) {}
  /// barrier.cluster: the lanes arrive; everyone in the cluster has; the lanes' wait is over.
  virtual void clusterArrive(Warp &, const Inst *, uint32_t /*lanes*/, MemoryOrder) {}
  virtual void clusterComplete(llvm::ArrayRef<Cta *> /*cluster*/) {}
  virtual void clusterWait(Warp &, const Inst *, uint32_t /*lanes*/, MemoryOrder) {}

  virtual void mbarrierInit(const MbarrierEvent &) {}
  virtual void mbarrierInval(const MbarrierEvent &) {}
  virtual void mbarrierArrive(const MbarrierEvent &) {}
  /// The running phase is complete; the next begins.
  virtual void mbarrierPhase(Cta & /*owner*/, uint64_t /*address*/) {}
  /// A test or wait has found its phase complete.
  virtual void mbarrierWait(const MbarrierEvent &) {}
};

/// All observers of a launch as one; null in Launch::observer when there is none.
class Observers final : public Observer {
public:
  void add(std::unique_ptr<Observer> o) { list.push_back(std::move(o)); }
  bool empty() const { return list.empty(); }
  llvm::ArrayRef<std::unique_ptr<Observer>> all() const { return list; }

  void instrument(ObservedCode &code, const Launch &l) override {
    for (auto &o : list)
      o->instrument(code, l);
  }
#define COSMATI_FORWARD(name, parameters, arguments)                                               \
  void name parameters override {                                                                  \
    for (auto &each : list)                                                                        \
      each->name arguments;                                                                        \
  }
  COSMATI_FORWARD(launchBegin, (Launch & l), (l))
  COSMATI_FORWARD(launchEnd, (Launch & l), (l))
  COSMATI_FORWARD(ctaBegin, (Cta & c), (c))
  COSMATI_FORWARD(ctaEnd, (Cta & c), (c))
  COSMATI_FORWARD(threadsExit, (Warp & w, uint32_t m), (w, m))
  COSMATI_FORWARD(threadsLeave, (Warp & w, uint32_t m), (w, m))
  COSMATI_FORWARD(convergenceLost, (Warp & w, uint32_t p, uint32_t m, const Inst *i), (w, p, m, i))
  COSMATI_FORWARD(localFrame, (Warp & w, uint32_t m, uint64_t at, uint32_t f), (w, m, at, f))
  COSMATI_FORWARD(access, (const AccessEvent &e), (e))
  COSMATI_FORWARD(asyncIssue, (const AsyncEvent &e), (e))
  COSMATI_FORWARD(asyncWaited, (Warp & w, unsigned l, uint64_t t, bool r), (w, l, t, r))
  COSMATI_FORWARD(asyncArrived, (Cta & c, uint64_t a, uint64_t t), (c, a, t))
  COSMATI_FORWARD(fence, (Warp & w, const Inst *i, uint32_t m, FenceKind k, MemoryOrder o, Scope s),
                  (w, i, m, k, o, s))
  COSMATI_FORWARD(warpSync, (Warp & w, const Inst *i, uint32_t m), (w, i, m))
  COSMATI_FORWARD(barrierArrive, (Warp & w, const Inst *i, uint32_t id, uint32_t m, bool b),
                  (w, i, id, m, b))
  COSMATI_FORWARD(barrierComplete,
                  (Cta & c, uint32_t id, llvm::ArrayRef<uint32_t> a, llvm::ArrayRef<uint32_t> b),
                  (c, id, a, b))
  COSMATI_FORWARD(clusterArrive, (Warp & w, const Inst *i, uint32_t m, MemoryOrder o), (w, i, m, o))
  COSMATI_FORWARD(clusterComplete, (llvm::ArrayRef<Cta *> c), (c))
  COSMATI_FORWARD(clusterWait, (Warp & w, const Inst *i, uint32_t m, MemoryOrder o), (w, i, m, o))
  COSMATI_FORWARD(mbarrierInit, (const MbarrierEvent &e), (e))
  COSMATI_FORWARD(mbarrierInval, (const MbarrierEvent &e), (e))
  COSMATI_FORWARD(mbarrierArrive, (const MbarrierEvent &e), (e))
  COSMATI_FORWARD(mbarrierPhase, (Cta & c, uint64_t a), (c, a))
  COSMATI_FORWARD(mbarrierWait, (const MbarrierEvent &e), (e))
#undef COSMATI_FORWARD

private:
  std::vector<std::unique_ptr<Observer>> list;
};

/// The observer to tell, or null. Every hook is `if (Observer *o = observerOf(cta)) o->...`.
inline Observer *observerOf(const Cta &cta) { return cta.launch->observer; }
inline Observer *observerOf(const Warp &w) { return w.cta->launch->observer; }

/// Order and scope that an instruction's modifiers ask for.
MemoryOrder orderOf(const InstInfo &info);
Scope scopeOf(const InstInfo &info);
/// The first of `count` fresh numbers for asynchronous operations; 0 when nobody observes.
uint64_t newTokens(Launch &launch, uint64_t count = 1);

// Checkers, each in a file of its own. `Launch::config->checks` says which are on.
std::unique_ptr<Observer> createUninitializedChecker();
std::unique_ptr<Observer> createRaceChecker();
std::unique_ptr<Observer> createSyncChecker();
std::unique_ptr<Observer> createOverflowChecker();
std::unique_ptr<Observer> createSliceChecker();

} // namespace cosmati::ptxvm
