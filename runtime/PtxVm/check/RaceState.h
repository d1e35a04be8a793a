//===- RaceState.h - What the race checker keeps --------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The checker is one class whose parts lie in files of their own:
//   Races.cpp       launches and CTAs begin and end
//   RaceAccess.cpp  accesses become marks in shadow memory
//   RaceOrder.cpp   do two marks conflict, does anything order them
//   RaceSync.cpp    barriers, bar.warp.sync, clusters, fences
//   RaceAtomic.cpp  release and acquire through memory
//   RaceAsync.cpp   asynchronous operations and mbarriers
//   RaceReport.cpp  findings
// and RaceClocks (vector clocks), RaceThreads (lanes), RaceShadow (shadow memory) below them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/check/RaceShadow.h"
#include "runtime/PtxVm/check/RaceThreads.h"
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace cosmati::ptxvm::races {

/// What has been released through a place in memory since the last store that isn't part of a
/// release sequence.
struct Location {
  KnowledgePtr wide; ///< for everyone
  /// By releasing CTA, and by the reach of the release: all of it. For those who look with a scope
  /// too narrow for `wide`, so only of CTAs that still run.
  std::map<uint32_t, std::array<KnowledgePtr, kReaches>> parts;
  size_t tidyAt = 64; ///< parts that make it worth while to drop those of CTAs that have ended
};

struct BarrierClock {
  KnowledgePtr known; ///< what those who have arrived knew
  struct Arrival {
    uint32_t warp, lanes, time;
  };
  llvm::SmallVector<Arrival, 8> arrivals;
};

struct MbarrierClock {
  uint32_t agent = 0;
  KnowledgePtr running, done; ///< released in the running phase; in those before
};

/// An asynchronous operation that is not yet complete.
struct PendingOperation {
  AsyncKind kind;
  uint32_t inst, warp;
  unsigned lane;
  llvm::SmallVector<AsyncRange, 2> ranges;
};

/// A part of a wgmma.mma_async that one warp of the warpgroup has waited for: when its reads
/// happened, and how many warps are still to learn of it.
struct WgmmaWait {
  uint32_t agent, time, left;
};

/// Of a CTA; the next CTA in the same place takes it over.
struct CtaState {
  Cta *cta = nullptr;
  uint32_t linear = 0;
  bool alone = true; ///< its cluster has no other CTA
  uint32_t now = 1;
  uint32_t floor = 0; ///< every thread knows every thread's accesses up to here
  std::vector<WarpClock> warps;
  std::vector<Line> lines; ///< of its shared memory
  std::array<BarrierClock, 16> barriers;
  std::unordered_map<uint64_t, MbarrierClock> mbarriers;
  uint32_t agents = kWarpAgents;                          ///< numbers given so far
  std::unordered_map<uint64_t, Location> locations;       ///< in its shared memory
  std::unordered_map<uint64_t, PendingOperation> pending; ///< by token
  std::unordered_map<uint64_t, WgmmaWait> wgmmaWaits;     ///< by token
  KnowledgePtr clusterRunning, clusterDone;
  JoinMemo join;
  uint64_t pageNumber = 0; ///< of `page`, the last one looked up
  GlobalShadow::Page *page = nullptr;

  void begin(Cta &owner);
  WarpClock &clockOf(const Warp &w) { return warps[w.index]; }
  uint32_t agentOf(uint64_t mbarrier);
};
inline CtaState &stateOf(const Cta &cta) { return *static_cast<CtaState *>(cta.races); }
inline CtaState &stateOf(const Warp &w) { return stateOf(*w.cta); }

/// An access while it is compared with earlier ones.
struct Probe {
  CtaState &cta;
  const Warp &warp;
  const AccessEvent *event; ///< null: not by one of the ordinary instructions
  Mark mark;
  Space space = Space::Shared;
  const Cta *owner = nullptr; ///< of shared memory
  uint64_t line = 0;          ///< address of the line's first byte
  bool agreed = false;        ///< all lanes know the same: `known`
  const Knowledge *known = nullptr;

  const Knowledge *knownBy(unsigned lane) const {
    return agreed ? known : cta.warps[warp.index].known(lane).get();
  }
};

/// Why two accesses are a race.
enum class Clash : uint8_t {
  None,
  Unordered,
  Pending,         ///< the earlier one is asynchronous and not complete
  SameInstruction, ///< lanes of one store, different values
  Scope,           ///< both strong, but a scope doesn't cover the other thread
  Proxy            ///< ordered, but without a proxy fence
};
struct Conflict {
  Clash clash = Clash::None;
  unsigned byte = 0; ///< of the line
  unsigned oldLane = 0, lane = 0;
};

class RaceChecker final : public Observer {
public:
  void launchBegin(Launch &l) override;
  void launchEnd(Launch &l) override;
  void ctaBegin(Cta &cta) override;
  void ctaEnd(Cta &cta) override;

  void access(const AccessEvent &e) override;

  void asyncIssue(const AsyncEvent &e) override;
  void asyncWaited(Warp &w, unsigned lane, uint64_t token, bool readsOnly) override;
  void asyncArrived(Cta &owner, uint64_t mbarrier, uint64_t token) override;
  void mbarrierInit(const MbarrierEvent &e) override;
  void mbarrierInval(const MbarrierEvent &e) override;
  void mbarrierArrive(const MbarrierEvent &e) override;
  void mbarrierPhase(Cta &owner, uint64_t address) override;
  void mbarrierWait(const MbarrierEvent &e) override;

  void fence(Warp &w, const Inst *i, uint32_t lanes, FenceKind kind, MemoryOrder order,
             Scope scope) override;
  void warpSync(Warp &w, const Inst *i, uint32_t lanes) override;
  void barrierArrive(Warp &w, const Inst *i, uint32_t id, uint32_t lanes, bool waits) override;
  void barrierComplete(Cta &cta, uint32_t id, llvm::ArrayRef<uint32_t> arrived,
                       llvm::ArrayRef<uint32_t> waiting) override;
  void clusterArrive(Warp &w, const Inst *i, uint32_t lanes, MemoryOrder order) override;
  void clusterComplete(llvm::ArrayRef<Cta *> cluster) override;
  void clusterWait(Warp &w, const Inst *i, uint32_t lanes, MemoryOrder order) override;

private:
  Launch *launch = nullptr;
  GlobalShadow global;
  std::unordered_map<uint64_t, Location> locations; ///< global; under Launch::strongMutex
  std::mutex mutex;                                 ///< of the following
  std::unordered_set<uint32_t> running;             ///< CTAs
  std::vector<std::unique_ptr<CtaState>> states;
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> reported; ///< by the pair's instructions

  // RaceAccess.cpp
  void accessInPieces(const AccessEvent &e);
  void recordLanes(Probe &p, const AccessEvent &e);
  void recordRange(Probe &p, uint64_t address, uint64_t bytes, bool keep = true);
  void record(Line &line, Probe &p, bool keep);
  template <class Visit> void eachLine(CtaState &c, const AsyncRange &range, Visit visit);
  friend class LineCursor;

  // RaceOrder.cpp
  Conflict compare(const Probe &p, const Mark &old, uint32_t overlap) const;
  Conflict compareAgent(const Probe &p, const Mark &old, uint32_t overlap) const;
  Clash compareThreads(const Probe &p, const Mark &old, unsigned byte, unsigned oldLane,
                       unsigned lane) const;
  bool covers(unsigned reach, uint32_t a, uint32_t b) const; ///< from CTA a, CTA b
  bool sameCopy(const Probe &p, const Mark &old) const;
  uint32_t clusterOf(uint32_t cta) const;

  // RaceSync.cpp
  KnowledgePtr released(CtaState &c, uint32_t warp, const LaneState &state, uint32_t lanes,
                        MemoryOrder order, unsigned reach);
  void acquire(CtaState &c, LaneState &state, const KnowledgePtr &what, MemoryOrder order,
               unsigned reach);

  // RaceAtomic.cpp
  void strongAccess(CtaState &c, const AccessEvent &e);
  void acquireFrom(CtaState &c, LaneState &state, const Location &l, const AccessEvent &e);
  void releaseTo(CtaState &c, const LaneState &state, unsigned lane, Location &l,
                 const AccessEvent &e);
  void tidy(Location &l);

  // RaceAsync.cpp
  void complete(CtaState &issuer, const PendingOperation &op, const AsyncRange &range,
                uint64_t token, uint32_t cta, uint32_t time, int agent);
  void touchMbarrier(const MbarrierEvent &e, bool plainWrite);

  // RaceReport.cpp
  void report(const Probe &p, const Mark &old, const Conflict &conflict);
};

} // namespace cosmati::ptxvm::races
