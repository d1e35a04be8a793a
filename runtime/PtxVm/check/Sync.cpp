//===- Sync.cpp - misuse of barriers, mbarriers and copies ----------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What always ends a launch (a barrier that can't complete, an mbarrier that is none) is found by
// the machine itself. Here is what hardware would let pass, or hang on, now and then.
//
// Barriers. An aligned barrier must be executed by all living lanes of a warp together. It is not,
// if lanes of one warp wait at different barrier instructions, if a barrier with a count completes
// with a part of a warp, or if lanes have gone past the point where control flow meets again while
// their siblings wait in the barrier. Threads that have exited are not missed, which is what
// hardware since sm_70 does.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Findings.h"
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/check/PerCta.h"
#include "runtime/PtxVm/check/SyncObjects.h"
#include "runtime/PtxVm/exec/Control.h"
#include "runtime/PtxVm/exec/Mbarrier.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::ptxvm;

bool cosmati::ptxvm::phaseInUse(const Cta &owner, uint64_t address) {
  MbarrierBits b = MbarrierBits::load(owner.warps[0]->shared + address);
  return b.pending != b.expected || b.tx != 0;
}

namespace {

/// Lanes of a warp that have arrived together at a barrier that is not complete.
struct Arrival {
  uint32_t warp, lanes;
  const Inst *inst;
};
/// A copy in flight.
struct Copy {
  uint32_t index = 0;
  uint32_t warp = 0;
  uint8_t lane = 0;
  AsyncKind kind = AsyncKind::Copy;
};

struct CtaSync {
  std::array<std::vector<Arrival>, 16> arrivals;
  std::vector<Arrival> clusterArrivals; ///< at the cluster's barrier
  SyncObjects objects;
  llvm::DenseMap<uint64_t, Copy> copies; ///< of groups, by token
};

bool aligned(const InstInfo &info) {
  return info.match.form && (info.match.form->opcode == "bar" || info.text.contains(".aligned"));
}
/// From `pc` on lanes do nothing but exit.
bool ends(const Launch &launch, const Inst *pc) {
  for (unsigned steps = 0; steps < 8; ++steps) {
    const InstMatch &match = launch.infoOf(pc).match;
    if (match.form && (match.form->id == InstId::Ret || match.form->id == InstId::Exit))
      return true;
    bool jump = match.form ? match.form->id == InstId::Bra && pc->op[0] == pc->op[1]
                           : pc->fn == fallThroughHandler();
    if (!jump)
      return false;
    pc = launch.blockStart[pc->op[0]];
  }
  return false;
}
std::string hex(uint32_t lanes) { return "0x" + llvm::utohexstr(lanes, /*LowerCase=*/true); }

class SyncChecker : public Observer {
public:
  void ctaBegin(Cta &cta) override {
    CtaSync &state = ctas.of(cta);
    for (auto &arrivals : state.arrivals)
      arrivals.clear();
    state.clusterArrivals.clear();
    state.copies.clear();
    state.objects.clear();
  }
  void ctaEnd(Cta &cta) override {
    CtaSync &state = ctas.of(cta);
    bool inFlight = false;
    for (const auto &[token, copy] : state.copies)
      if (copy.kind != AsyncKind::Copy) {
        inFlight = true;
        reportCopy(cta, copy, "no thread has waited at its mbarrier when the CTA ends",
                   "wait for the mbarrier's phase before the last thread exits");
      }
    if (!inFlight)
      state.objects.each([&](const SyncObject &object) { endObject(cta, object); });
  }

  // Barriers.
  void barrierArrive(Warp &w, const Inst *i, uint32_t id, uint32_t lanes, bool) override {
    ctas.of(*w.cta).arrivals[id].push_back({w.index, lanes, i});
  }
  void barrierComplete(Cta &cta, uint32_t id, llvm::ArrayRef<uint32_t> arrived,
                       llvm::ArrayRef<uint32_t>) override {
    auto &arrivals = ctas.of(cta).arrivals[id];
    std::vector<const Arrival *> first(cta.warps.size());
    for (const Arrival &a : arrivals) {
      if (!aligned(cta.launch->infoOf(a.inst)))
        continue;
      Warp &w = *cta.warps[a.warp];
      if (!first[a.warp]) {
        first[a.warp] = &a;
        if (uint32_t missing = w.live & ~arrived[a.warp])
          reportPart(w, a, missing);
      } else if (first[a.warp]->inst != a.inst) {
        reportDifferent(w, "barrier " + std::to_string(id), *first[a.warp], a);
      }
    }
    arrivals.clear();
  }
  void clusterArrive(Warp &w, const Inst *i, uint32_t lanes, MemoryOrder) override {
    ctas.of(*w.cta).clusterArrivals.push_back({w.index, lanes, i});
  }
  void clusterComplete(llvm::ArrayRef<Cta *> cluster) override {
    for (Cta *cta : cluster) {
      auto &arrivals = ctas.of(*cta).clusterArrivals;
      std::vector<const Arrival *> first(cta->warps.size());
      for (const Arrival &a : arrivals)
        if (!first[a.warp])
          first[a.warp] = &a;
        else if (first[a.warp]->inst != a.inst &&
                 (aligned(cta->launch->infoOf(a.inst)) ||
                  aligned(cta->launch->infoOf(first[a.warp]->inst))))
          reportDifferent(*cta->warps[a.warp], "the cluster's barrier", *first[a.warp], a);
      arrivals.clear();
    }
  }
  void convergenceLost(Warp &w, uint32_t passed, uint32_t missing, const Inst *pc) override {
    const Launch &launch = *w.cta->launch;
    if (ends(launch, pc))
      return;
    for (const Split &split : w.state->splits) {
      if ((split.wait != Wait::Barrier && split.wait != Wait::Cluster) || !(split.mask & missing))
        continue;
      const Inst *i = split.pc - 1;
      if (!aligned(launch.infoOf(i)))
        continue;
      Finding f = barrierFinding(w, i, split.mask);
      f.accesses.push_back(
          accessPoint(w, pc, "lanes " + hex(passed) + " go on", unsigned(__builtin_ctz(passed))));
      finish(w, f,
             llvm::formatv("lanes {0} of the warp wait in an aligned barrier that its lanes {1} "
                           "have gone past",
                           hex(split.mask), hex(passed)),
             "let all threads of the warp reach the barrier: take it out of the branch");
    }
  }

  // Mbarriers.
  void access(const AccessEvent &e) override {
    if (e.space != Space::Shared || e.kind == AccessKind::Read)
      return;
    const SyncObjects &objects = ctas.of(*e.owner).objects;
    if (objects.empty())
      return;
    for (uint32_t rest = e.lanes; rest; rest &= rest - 1) {
      unsigned l = unsigned(__builtin_ctz(rest));
      if (const SyncObject *object = objects.overlapping(e.address[l], e.bytes))
        return reportOverwritten(e.warp, e.inst, l, *e.owner, *object,
                                 llvm::formatv("write of {0} bytes", e.bytes));
    }
  }
  void mbarrierInit(const MbarrierEvent &e) override {
    SyncObjects &objects = ctas.of(*e.owner).objects;
    if (const SyncObject *object = objects.find(e.address)) {
      Finding f = mbarrierFinding(e, "second mbarrier.init");
      f.accesses.push_back(object->initPoint);
      finish(*e.warp, f,
             "mbarrier.init of a live mbarrier object at " + objectText(*e.owner, e.address),
             "one thread initialises it once; mbarrier.inval must come before another use of these "
             "bytes");
    }
    objects.add(e.address, accessPoint(*e.warp, e.inst, "mbarrier.init", e.lane));
  }
  void mbarrierInval(const MbarrierEvent &e) override {
    for (auto &state : e.owner->states)
      for (const Split &split : state->splits)
        if (split.wait == Wait::Mbarrier && split.waitArg == e.address) {
          Finding f = mbarrierFinding(e, "mbarrier.inval");
          auto warp = uint32_t(&state - e.owner->states.data());
          f.accesses.push_back(accessPoint(*e.owner->warps[warp], split.pc, "wait",
                                           unsigned(__builtin_ctz(split.mask))));
          finish(*e.warp, f,
                 "mbarrier.inval of an object that threads wait at, " +
                     objectText(*e.owner, e.address),
                 "put a barrier between the last wait and mbarrier.inval");
        }
    ctas.of(*e.owner).objects.remove(e.address);
  }
  void mbarrierArrive(const MbarrierEvent &e) override {
    bool own = e.warp && e.warp->cta == e.owner; // only those threads can wait here
    if (SyncObject *object = own ? ctas.of(*e.owner).objects.find(e.address) : nullptr)
      object->arrived(threadOf(e));
  }
  void mbarrierPhase(Cta &owner, uint64_t address) override {
    if (SyncObject *object = ctas.of(owner).objects.find(address))
      ++object->phase;
  }
  void mbarrierWait(const MbarrierEvent &e) override {
    SyncObject *object = ctas.of(*e.owner).objects.find(e.address);
    if (!object || !object->waitedAgain(threadOf(e), e.index, phaseInUse(*e.owner, e.address)))
      return;
    Finding f = mbarrierFinding(e, "wait");
    finish(*e.warp, f,
           llvm::formatv("the wait at {0} returns at once, for a phase that this thread has waited "
                         "for already, while the next one ({1} phases are complete) is running",
                         objectText(*e.owner, e.address), object->phase),
           "flip the parity that is waited for after each phase");
  }

  // Copies.
  void asyncIssue(const AsyncEvent &e) override {
    if (e.kind == AsyncKind::Wgmma || e.kind == AsyncKind::RemoteStore)
      return;
    ctas.of(*e.warp.cta).copies[e.token] = {e.index, e.warp.index, uint8_t(e.lane), e.kind};
    for (const AsyncRange &r : e.ranges) {
      if (!r.write || r.space != Space::Shared)
        continue;
      if (const SyncObject *object = ctas.of(*r.owner).objects.overlapping(r.address, r.bytes))
        reportOverwritten(e.warp, e.inst, e.lane, *r.owner, *object,
                          llvm::formatv("asynchronous write of {0} bytes", r.bytes));
    }
  }
  void asyncWaited(Warp &w, unsigned, uint64_t token, bool) override {
    ctas.of(*w.cta).copies.erase(token);
  }
  void asyncArrived(Cta &owner, uint64_t, uint64_t token) override {
    for (auto &cta : owner.cluster->ctas) // the one that issued it
      if (ctas.of(*cta).copies.erase(token))
        return;
  }
  void threadsLeave(Warp &w, uint32_t lanes) override {
    const AsyncCopies &copies = w.state->copies;
    uint32_t arrives = 0; // lanes whose later entries of the queue complete the earlier ones
    for (size_t k = copies.queue.size(); k-- > 0;) {
      const AsyncCopy &copy = copies.queue[k];
      if (!copy.bytes)
        arrives |= copy.lanes;
      if (uint32_t left = copy.bytes ? copy.lanes & lanes & ~arrives : 0)
        leave(w, copy.token + unsigned(__builtin_ctz(left)),
              copy.group[unsigned(__builtin_ctz(left))] <
                  copies.committed[unsigned(__builtin_ctz(left))]);
    }
    for (const BulkCopy &copy : copies.stores)
      if (lanes >> copy.lane & 1)
        leave(w, copy.token, copy.group < copies.bulkGroups[copy.lane]);
  }

private:
  PerCta<CtaSync> ctas;

  static uint32_t threadOf(const MbarrierEvent &e) { return e.warp->index * kLanes + e.lane; }

  void finish(Warp &w, Finding &f, const std::string &sentence, const std::string &hint) {
    Launch &launch = *w.cta->launch;
    compose(launch, f, sentence, hint);
    addFinding(launch, std::move(f), /*stop=*/false);
  }

  static Finding barrierFinding(Warp &w, const Inst *i, uint32_t lanes) {
    Finding f;
    f.kind = "barrier-divergence";
    f.accesses.push_back(
        accessPoint(w, i, "lanes " + hex(lanes) + " wait", unsigned(__builtin_ctz(lanes))));
    return f;
  }
  void reportPart(Warp &w, const Arrival &a, uint32_t missing) {
    Finding f = barrierFinding(w, a.inst, a.lanes);
    finish(w, f,
           llvm::formatv("an aligned barrier completes with a part of a warp: its lanes {0} live, "
                         "but have not arrived",
                         hex(missing)),
           "let all threads of the warp reach the barrier together");
  }
  void reportDifferent(Warp &w, const std::string &barrier, const Arrival &a, const Arrival &b) {
    Finding f = barrierFinding(w, a.inst, a.lanes);
    f.accesses.push_back(accessPoint(w, b.inst, "lanes " + hex(b.lanes) + " wait",
                                     unsigned(__builtin_ctz(b.lanes))));
    finish(w, f,
           llvm::formatv("lanes of one warp meet in {0} from different instructions", barrier),
           "an aligned barrier needs one instruction for all threads of a warp: take it out of the "
           "branches");
  }

  static std::string objectText(const Cta &owner, uint64_t address) {
    return describeAddress(*owner.launch, Space::Shared, address, &owner);
  }
  static Finding mbarrierFinding(const MbarrierEvent &e, std::string what) {
    Finding f;
    f.kind = "mbarrier";
    nameBuffer(*e.owner->launch, Space::Shared, e.address, f);
    f.accesses.push_back(accessPoint(*e.warp, e.inst, std::move(what), e.lane));
    return f;
  }
  void reportOverwritten(Warp &w, const Inst *i, unsigned lane, const Cta &owner,
                         const SyncObject &object, std::string what) {
    Finding f;
    f.kind = "mbarrier";
    nameBuffer(*owner.launch, Space::Shared, object.address, f);
    f.accesses = {accessPoint(w, i, what, lane), object.initPoint};
    finish(w, f, what + " hits the live mbarrier object at " + objectText(owner, object.address),
           "mbarrier.inval comes before another use of these bytes");
  }

  /// Transactions that were announced and never came, or came unannounced.
  void endObject(Cta &cta, const SyncObject &object) {
    MbarrierBits b = MbarrierBits::load(cta.warps[0]->shared + object.address);
    if (!b.valid || b.tx == 0)
      return;
    Launch &launch = *cta.launch;
    Finding f;
    f.kind = "mbarrier";
    nameBuffer(launch, Space::Shared, object.address, f);
    f.accesses = {object.initPoint};
    compose(launch, f,
            llvm::formatv("at the end of the CTA the mbarrier object at {0} {1} {2} transaction "
                          "bytes that {3}: its running phase can never complete",
                          objectText(cta, object.address), b.tx > 0 ? "still expects" : "has got",
                          b.tx > 0 ? b.tx : -b.tx,
                          b.tx > 0 ? "no copy brought" : "no expect_tx announced"),
            "expect_tx must name exactly the bytes that copies bring in this phase");
    addFinding(launch, std::move(f), /*stop=*/false);
  }

  void leave(Warp &w, uint64_t token, bool committed) {
    auto &copies = ctas.of(*w.cta).copies;
    auto it = copies.find(token);
    if (it == copies.end())
      return;
    Copy copy = it->second;
    copies.erase(it);
    const char *group = copy.kind == AsyncKind::Copy ? "cp.async" : "cp.async.bulk";
    reportCopy(*w.cta, copy,
               committed ? "its group is committed, but its thread exits without waiting for it"
                         : "its thread exits without committing it to a group",
               llvm::formatv("{0}{1}.wait_group 0 before the thread exits",
                             committed ? "" : llvm::formatv("{0}.commit_group, then ", group).str(),
                             group));
  }
  void reportCopy(Cta &cta, const Copy &copy, const std::string &why, const std::string &hint) {
    Launch &launch = *cta.launch;
    Finding f;
    f.kind = "async";
    f.accesses.push_back(
        accessPoint(launch, copy.index, "asynchronous copy", cta.ctaid, copy.warp, copy.lane));
    compose(launch, f, "nobody waits for an asynchronous copy: " + why, hint);
    addFinding(launch, std::move(f), /*stop=*/false);
  }
};

} // namespace

std::unique_ptr<Observer> cosmati::ptxvm::createSyncChecker() {
  return std::make_unique<SyncChecker>();
}
