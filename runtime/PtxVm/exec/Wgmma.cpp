//===- Wgmma.cpp - wgmma: issue, groups, hazards --------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See Warpgroup.h for when things happen. Hazards that a wgmma instruction itself can see are found
// here: operands of pending operations, a missing fence. Ordinary instructions that touch registers
// in flight are found by the checks that WgmmaFlow.cpp puts before those few of them that could.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Wgmma.h"
#include "runtime/PtxVm/check/Findings.h"
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/MmaSparse.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

namespace cosmati::ptxvm {
namespace {

/// Reports a hazard between two instructions.
void report(Warp &w, const Inst *now, std::string what, const Inst *before, std::string beforeWhat,
            const std::string &sentence, const std::string &hint, bool stop) {
  Launch &launch = *w.cta->launch;
  unsigned lane = unsigned(__builtin_ctz(w.active));
  Finding f;
  f.kind = "wgmma";
  f.accesses.push_back(accessPoint(w, now, std::move(what), lane));
  if (before)
    f.accesses.push_back(accessPoint(w, before, std::move(beforeWhat), lane));
  compose(launch, f, sentence, hint);
  addFinding(launch, std::move(f), stop);
}
/// The same, and stops.
const Inst *hazard(Warp &w, const Inst *now, std::string what, const Inst *before,
                   std::string beforeWhat, const std::string &sentence, const std::string &hint) {
  report(w, now, std::move(what), before, std::move(beforeWhat), sentence, hint, /*stop=*/true);
  w.stop = Stop::Fault;
  return nullptr;
}

std::string registerName(const Warp &w, uint32_t place) {
  const auto &names = w.cta->launch->program->vectorNames;
  auto it = names.find(place);
  return it == names.end() ? "a register" : "register '" + it->second.str() + "'";
}

//===- All four warps execute the same --------------------------------------===//

bool sameStep(const WgmmaStep &s, const Inst *i, const WgmmaOp &op) {
  return s.inst == i && s.a == op.a && s.b == op.b && s.accumulate == op.accumulate;
}
const Inst *differs(Warp &w, const Inst *i, const WgmmaStep &step, const WgmmaOp &op) {
  std::string other = "warp " + std::to_string(step.warp), what;
  if (step.inst != i)
    what = "other instructions";
  else if (step.accumulate != op.accumulate)
    what = "different values of scale-d";
  else
    what = llvm::formatv("different descriptors: 0x{0:x-}, 0x{1:x-} and 0x{2:x-}, 0x{3:x-} (0x0: A "
                         "in registers)",
                         op.a, op.b, step.a, step.b);
  return hazard(w, i, "executed", step.inst, "executed in " + other,
                "the warps of a warpgroup execute " + what,
                "all four warps must execute the same wgmma instructions in the same order, with "
                "the same descriptors (.aligned)");
}

/// Enters the instruction into the warpgroup's log, or compares with what other warps executed
/// there; false after a fault.
bool logStep(Warp &w, const Inst *i, const WgmmaOp &op) {
  Cta &cta = *w.cta;
  size_t number = w.index / 4;
  if (4 * number + 4 > cta.warps.size()) {
    wgmmaFault(w, i, w.active,
               "a warpgroup has 4 warps, the first one's number a multiple of 4; warp " +
                   std::to_string(w.index) + " of a CTA of " + std::to_string(cta.warps.size()) +
                   " warps belongs to none");
    return false;
  }
  if (!cta.warpgroups)
    cta.warpgroups = std::make_unique<Warpgroups>();
  auto &groups = cta.warpgroups->groups;
  groups.resize(std::max(groups.size(), number + 1));
  Warpgroup &group = groups[number];
  size_t at = size_t(w.state->wgmma.executed++ - group.first);
  if (at == group.steps.size()) {
    for (size_t other = 4 * number; other < 4 * number + 4; ++other)
      if (!cta.warps[other]->live) {
        wgmmaFault(w, i, w.active,
                   "warp " + std::to_string(other) +
                       " of this warpgroup has exited; all four warps must execute it");
        return false;
      }
    group.steps.push_back({i, op.a, op.b, op.accumulate, 0, w.index});
  }
  WgmmaStep &step = group.steps[at];
  if (!sameStep(step, i, op)) {
    differs(w, i, step, op);
    return false;
  }
  if (++step.passed == 4) { // steps complete in order
    group.steps.pop_front();
    ++group.first;
  }
  return true;
}

//===- Registers in flight --------------------------------------------------===//

/// The registers of D or A in a list: places [first, last).
struct Places {
  unsigned first, last;
};
Places placesOfD(const WgmmaKind &k) { return {0, resultsOf(k)}; }
Places placesOfA(const WgmmaKind &k) {
  unsigned first = placeOfA(k);
  return {first, k.flags & WgmmaKind::SharedA ? first : first + 4};
}

/// The place in `op`'s list that names the register at this address; -1 if none in `places` does.
int findPlace(const Warp &w, const WgmmaOp &op, Places places, const uint8_t *reg) {
  for (unsigned p = places.first; p < places.last; ++p)
    if (op.regs + w.vectorOps[op.inst->aux + p] == reg)
      return int(p);
  return -1;
}

constexpr const char *kWaitHint =
    "wgmma.commit_group and a wgmma.wait_group that covers the operation must come before";
constexpr const char *kFenceHint =
    "put wgmma.fence.sync.aligned between the register's last use and the first wgmma.mma_async";

bool sameShape(const WgmmaKind &a, const WgmmaKind &b) {
  return a.n8 == b.n8 && a.k == b.k && a.d == b.d;
}

/// Does the new operation use registers of a pending one in a way that isn't ordered?
const Inst *conflict(Warp &w, const Inst *i, const WgmmaOp &op) {
  WgmmaKind mine = wgmmaKind(i);
  for (const WgmmaOp &old : w.state->wgmma.pending) {
    WgmmaKind theirs = wgmmaKind(old.inst);
    auto clash = [&](Places of, Places with, const char *what, const char *oldWhat) {
      for (unsigned p = of.first; p < of.last; ++p) {
        const uint8_t *reg = op.regs + w.vectorOps[i->aux + p];
        if (findPlace(w, old, with, reg) < 0)
          continue;
        hazard(w, i, what, old.inst, oldWhat,
               registerName(w, i->aux + p) + " is still in flight in an earlier wgmma.mma_async",
               kWaitHint);
        return true;
      }
      return false;
    };
    bool ordered = sameShape(mine, theirs); // accumulators of one shape follow each other
    if ((!ordered && clash(placesOfD(mine), placesOfD(theirs), "asynchronous write",
                           "asynchronous write in another shape")) ||
        clash(placesOfD(mine), placesOfA(theirs), "asynchronous write", "asynchronous read as A") ||
        clash(placesOfA(mine), placesOfD(theirs), "asynchronous read as A", "asynchronous write"))
      return old.inst;
  }
  return nullptr;
}

/// Has there been a fence, and has no register of the operation been touched since? NVIDIA's
/// assembler mends what is missing, and the machine's results don't depend on it: only checkers
/// want to know.
void checkFence(Warp &w, const Inst *i, const WgmmaOp &op) {
  WgmmaQueue &queue = w.state->wgmma;
  if (!has(w.cta->launch->config->checks, Check::Sync))
    return;
  if (!queue.fenced)
    report(w, i, "asynchronous use", nullptr, "",
           "no wgmma.fence came before the warp's first wgmma.mma_async",
           "wgmma.fence.sync.aligned must come first", /*stop=*/false);
  queue.fenced = true;
  WgmmaKind kind = wgmmaKind(i);
  for (auto [reg, by] : queue.touched)
    for (Places places : {placesOfD(kind), placesOfA(kind)})
      if (int place = findPlace(w, op, places, reg); place >= 0)
        report(w, i, "asynchronous use", by, "last access",
               registerName(w, i->aux + uint32_t(place)) +
                   " is used by wgmma.mma_async without a fence behind its last access",
               kFenceHint, /*stop=*/false);
}

/// Emitted before instructions that may touch registers in flight.
const Inst *checkRegisters(Warp &w, const Inst *i) {
  WgmmaQueue &queue = w.state->wgmma;
  uint32_t lanes = w.active & (*reinterpret_cast<uint32_t *>(w.regs + i->guard) ^ i->guardFlip);
  if (!lanes)
    return i + 1;
  uint64_t bits = uint64_t(i->imm);
  for (unsigned k = 0; k < i->n; ++k) {
    const uint8_t *reg = w.regs + w.vectorOps[i->aux + k];
    bool written = bits >> k & 1;
    for (const WgmmaOp &op : queue.pending) {
      WgmmaKind kind = wgmmaKind(op.inst);
      bool result = findPlace(w, op, placesOfD(kind), reg) >= 0;
      if (!result && findPlace(w, op, placesOfA(kind), reg) < 0)
        continue;
      return hazard(w, i, written ? "write" : "read", op.inst,
                    result ? "asynchronous write" : "asynchronous read",
                    registerName(w, i->aux + k) + " is " + (written ? "written" : "read") +
                        " while it is " + (result ? "the accumulator" : "matrix A") +
                        " of a wgmma.mma_async in flight",
                    kWaitHint);
    }
    auto known = [&](auto &t) { return t.first == reg; };
    auto it = std::find_if(queue.touched.begin(), queue.touched.end(), known);
    if (it == queue.touched.end())
      queue.touched.emplace_back(reg, i);
    else
      it->second = i;
  }
  return i + 1;
}

//===- Groups ---------------------------------------------------------------===//

bool oneAccumulator(const Warp &w, const WgmmaOp &a, const WgmmaOp &b) {
  WgmmaKind x = wgmmaKind(a.inst), y = wgmmaKind(b.inst);
  if (a.perform != b.perform || a.regs != b.regs || x.n8 != y.n8 || x.d != y.d)
    return false;
  const uint32_t *p = w.vectorOps + a.inst->aux, *q = w.vectorOps + b.inst->aux;
  return a.inst == b.inst || std::equal(p, p + resultsOf(x), q);
}

/// The warps of `w`'s warpgroup.
template <class F> void forWarps(Warp &w, F f) {
  for (size_t k = w.index / 4 * 4, end = k + 4; k < end; ++k)
    f(*w.cta->warps[k]);
}

/// Performs the warp's operations before number `end`, in order.
void perform(Warp &w, uint64_t end) {
  auto &pending = w.state->wgmma.pending;
  for (size_t at = 0; at < pending.size() && pending[at].number < end;) {
    if (pending[at].performed) {
      ++at;
      continue;
    }
    size_t run = at + 1;
    while (run < pending.size() && pending[run].number < end &&
           oneAccumulator(w, pending[at], pending[run]))
      ++run;
    pending[at].perform(w, &pending[at], run - at);
    for (; at < run; ++at)
      pending[at].performed = true;
  }
}

/// The wait for groups before `end`. False if a warp of the warpgroup has yet to issue some of
/// their operations.
bool completeGroups(Warp &w, uint32_t end) {
  auto &pending = w.state->wgmma.pending;
  size_t count = 0;
  while (count < pending.size() && pending[count].group < end)
    ++count;
  if (count == 0)
    return true;
  uint64_t first = pending[0].number, last = first + count;
  bool complete = true;
  forWarps(w, [&](Warp &other) { complete &= other.state->wgmma.issued >= last; });
  if (!complete)
    return false;
  forWarps(w, [&](Warp &other) { perform(other, last); });
  if (Observer *observer = observerOf(w))
    for (uint64_t k = first; k < last; ++k)
      for (uint64_t token : w.cta->warpgroups->groups[w.index / 4].tokens[k])
        observer->asyncWaited(w, 0, token, /*readsOnly=*/false);
  pending.erase(pending.begin(), pending.begin() + ptrdiff_t(count));
  return true;
}
/// Parks the running split at `i` until another warp issues an operation.
const Inst *parkAt(Warp &w, const Inst *i, bool joint) {
  if (joint)
    w.active = w.state->meetingMask;
  parkCurrent(w, i, Wait::Warpgroup, w.index / 4);
  return nextSplit(w);
}

const Inst *fence(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready || !logStep(w, i, WgmmaOp()))
    return nullptr;
  w.state->wgmma.fenced = true;
  w.state->wgmma.touched.clear();
  if (Observer *observer = observerOf(w))
    observer->fence(w, i, w.active, FenceKind::Wgmma, MemoryOrder::AcqRel, Scope::Cta);
  return warp.done();
}
const Inst *commit(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready || !logStep(w, i, WgmmaOp()))
    return nullptr;
  ++w.state->wgmma.committed;
  return warp.done();
}
/// imm: how many of the latest groups may stay pending.
const Inst *wait(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  uint64_t committed = w.state->wgmma.committed;
  if (!completeGroups(w, committed > uint64_t(i->imm) ? uint32_t(committed - uint64_t(i->imm)) : 0))
    return parkAt(w, i, warp.joint);
  if (!logStep(w, i, WgmmaOp()))
    return nullptr;
  return warp.done();
}
/// Before the return of a function: its registers end.
const Inst *drain(Warp &w, const Inst *i) {
  return completeGroups(w, ~0u) ? i + 1 : parkAt(w, i, /*joint=*/false);
}

//===- Operands -------------------------------------------------------------===//

/// The value that all lanes have in common; false after a fault.
bool uniform(Warp &w, const Inst *i, uint32_t place, const char *name, uint64_t &value) {
  const uint64_t *lanes = reinterpret_cast<const uint64_t *>(w.regs + w.vectorOps[place]);
  value = lanes[0];
  for (unsigned l = 1; l < kLanes; ++l)
    if (lanes[l] != value) {
      wgmmaFault(w, i, 1u << l,
                 llvm::formatv("the descriptor of {0} is 0x{1:x-} in lane {2} and 0x{3:x-} in lane "
                               "0; it must be the same in all threads of the warpgroup",
                               name, lanes[l], l, value));
      return false;
    }
  return true;
}
bool takeScale(Warp &w, const Inst *i, WgmmaOp &op) {
  uint32_t place = i->aux + placeOfScale(wgmmaKind(i));
  uint32_t p = *reinterpret_cast<const uint32_t *>(w.regs + w.vectorOps[place]);
  if (i->flags & kNegatedPredicate)
    p = ~p;
  op.accumulate = p == kFull;
  if (p == 0 || p == kFull)
    return true;
  wgmmaFault(w, i, w.active,
             llvm::formatv("the predicate scale-d holds in lanes 0x{0:x-} only; it must be the "
                           "same in all threads of the warpgroup",
                           p));
  return false;
}
bool takeMetadata(Warp &w, const Inst *i, WgmmaOp &op) {
  WgmmaKind kind = wgmmaKind(i);
  if (!(kind.flags & WgmmaKind::Sparse))
    return true;
  const uint8_t *from = w.regs + w.vectorOps[i->aux + placeOfB(kind) + 1];
  __builtin_memcpy(op.metadata, from, sizeof(op.metadata));
  SparseRows rows{op.metadata, kind.a, kind.k, kind.selector};
  return checkMetadata(w, i, rows, 16 * (w.index % 4), /*ordered=*/false);
}

} // namespace

const Inst *issueWgmma(Warp &w, const Inst *i, WgmmaPerform perform) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  WgmmaQueue &queue = w.state->wgmma;
  WgmmaKind kind = wgmmaKind(i);
  WgmmaOp op;
  op.inst = i;
  op.regs = w.regs;
  op.perform = perform;
  op.group = queue.committed;
  bool sharedA = kind.flags & WgmmaKind::SharedA;
  if ((sharedA && !uniform(w, i, i->aux + placeOfA(kind), "A", op.a)) ||
      !uniform(w, i, i->aux + placeOfB(kind), "B", op.b) || !takeScale(w, i, op) ||
      (sharedA && !checkDescriptor(w, i, op.a, /*isA=*/true)) ||
      !checkDescriptor(w, i, op.b, /*isA=*/false) || !takeMetadata(w, i, op) || !logStep(w, i, op))
    return nullptr;
  if (conflict(w, i, op))
    return nullptr;
  checkFence(w, i, op);
  op.number = queue.issued++;
  if (observerOf(w)) {
    op.token = newTokens(*w.cta->launch);
    auto &tokens = w.cta->warpgroups->groups[w.index / 4].tokens;
    tokens.resize(std::max(tokens.size(), size_t(op.number) + 1));
    tokens[op.number][w.index % 4] = op.token;
  }
  announceReads(w, i, op);
  queue.pending.push_back(op);
  forWarps(w, [](Warp &other) {
    for (Split &split : other.state->splits)
      if (split.wait == Wait::Warpgroup)
        split.wait = Wait::None;
  });
  return warp.done();
}

Handler wgmmaControl(InstId id) {
  switch (id) {
  case InstId::WgmmaFence:
    return fence;
  case InstId::WgmmaCommit:
    return commit;
  case InstId::WgmmaWait:
    return wait;
  default:
    return nullptr;
  }
}
Handler wgmmaCheckHandler() { return checkRegisters; }
Handler wgmmaDrainHandler() { return drain; }

void performWgmmaEarly(Cta &cta) {
  size_t groups = cta.warpgroups ? cta.warpgroups->groups.size() : 0;
  for (size_t g = 0; g < groups; ++g) {
    uint64_t issued = ~uint64_t(0);
    forWarps(*cta.warps[4 * g], [&](Warp &w) { issued = std::min(issued, w.state->wgmma.issued); });
    forWarps(*cta.warps[4 * g], [&](Warp &w) { perform(w, issued); });
  }
}

bool warpgroupExit(Warp &w) {
  Cta &cta = *w.cta;
  size_t number = w.index / 4;
  if (!cta.warpgroups || number >= cta.warpgroups->groups.size())
    return true;
  const Warpgroup &group = cta.warpgroups->groups[number];
  uint64_t at = w.state->wgmma.executed - group.first;
  if (at >= group.steps.size())
    return true;
  const WgmmaStep &step = group.steps[size_t(at)];
  wgmmaFault(*cta.warps[step.warp], step.inst, 1,
             "warp " + std::to_string(w.index) +
                 " has exited without it; all four warps of the warpgroup must execute it");
  w.stop = Stop::Fault;
  return false;
}

} // namespace cosmati::ptxvm
