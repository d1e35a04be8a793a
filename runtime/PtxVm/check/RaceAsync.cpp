//===- RaceAsync.cpp - asynchronous operations and mbarriers --------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From its issue on, the bytes of an asynchronous operation are in use by nobody whom anyone knows,
// the issuing thread included. When the thread has waited, they were accessed by that thread at
// that moment; when it arrived at an mbarrier, by the mbarrier's agent, whom a wait makes known.
// The warps of wgmma.wait_group know of an agent, too: all lanes waited, and an operation is that
// of the whole warpgroup.
//
// cp.async, st.async and red.async are of the generic proxy, the others of the async proxy.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/RaceCursor.h"

using namespace cosmati::ptxvm;
using namespace cosmati::ptxvm::races;

static bool isReduction(const InstInfo &info) {
  llvm::StringRef syntax = info.match.form->syntax;
  return syntax.starts_with("red.") || syntax.starts_with("cp.reduce");
}

void RaceChecker::asyncIssue(const AsyncEvent &e) {
  CtaState &c = stateOf(e.warp);
  Probe p{c, e.warp, nullptr, {}};
  p.agreed = c.clockOf(e.warp).agree(1u << e.lane, p.known);
  bool asyncProxy = e.kind != AsyncKind::Copy && e.kind != AsyncKind::RemoteStore;
  bool reduction = isReduction(launch->program->info[e.index]);
  PendingOperation op{e.kind, e.index, e.warp.index, e.lane, {}};
  op.ranges.append(e.ranges.begin(), e.ranges.end());
  c.pending.emplace(e.token, std::move(op));
  for (const AsyncRange &range : e.ranges) {
    p.space = range.space;
    p.owner = range.owner;
    p.mark.time = uint32_t(e.token);
    p.mark.lanes = 1u << e.lane;
    p.mark.inst = e.index;
    p.mark.cta = c.linear;
    p.mark.warp = uint8_t(e.warp.index);
    p.mark.agent = 0;
    p.mark.flags =
        uint8_t(MarkPending | (range.write ? MarkWrite : 0) | (asyncProxy ? MarkAsync : 0) |
                (range.write && reduction ? MarkStrong | 2 << kReachShift : 0));
    recordRange(p, range.address, range.bytes);
  }
}

/// The operation's marks become those of an ordinary access of the issuing thread at that time, or
/// of an agent (>= 0) of CTA `cta`.
void RaceChecker::complete(CtaState &issuer, const PendingOperation &op, const AsyncRange &range,
                           uint64_t token, uint32_t cta, uint32_t time, int agent) {
  LineCursor cursor(*this, issuer, range.space, range.owner);
  uint64_t end = range.address + range.bytes;
  for (uint64_t at = range.address & ~(kLineBytes - 1); at < end; at += kLineBytes) {
    Line *line = cursor.at(at);
    if (!line)
      continue;
    line->each([&](Mark &m) {
      if (!m.is(MarkPending) || m.time != uint32_t(token) || m.inst != op.inst ||
          m.cta != issuer.linear || m.is(MarkWrite) != range.write)
        return;
      m.flags &= uint8_t(~MarkPending);
      m.time = time;
      m.cta = cta;
      if (agent >= 0) {
        m.flags |= MarkAgent;
        m.agent = uint16_t(agent);
      }
    });
  }
}

/// Completes the ranges that `done` accepts, and forgets the operation when all are.
template <class Done, class Complete>
static void completeRanges(CtaState &issuer, uint64_t token, Done done, Complete complete) {
  auto it = issuer.pending.find(token);
  if (it == issuer.pending.end())
    return;
  auto &ranges = it->second.ranges;
  for (const AsyncRange &range : ranges)
    if (done(range))
      complete(it->second, range);
  llvm::erase_if(ranges, done);
  if (ranges.empty())
    issuer.pending.erase(it);
}

/// All four warps of a warpgroup wait for each part of an operation: the first one's wait completes
/// it, the others learn of that.
static void learnOfWgmma(CtaState &c, Warp &w, const WgmmaWait &wait) {
  c.clockOf(w).update(~0u, [&](LaneState &s, uint32_t) {
    s.known = withAgent(s.known, c.linear, wait.agent, wait.time);
  });
}

void RaceChecker::asyncWaited(Warp &w, unsigned, uint64_t token, bool readsOnly) {
  CtaState &c = stateOf(w);
  if (auto it = c.wgmmaWaits.find(token); it != c.wgmmaWaits.end()) {
    learnOfWgmma(c, w, it->second);
    if (--it->second.left == 0)
      c.wgmmaWaits.erase(it);
    return;
  }
  bool wgmma = false;
  completeRanges(
      c, token, [&](const AsyncRange &range) { return !range.write || !readsOnly; },
      [&](const PendingOperation &op, const AsyncRange &range) {
        wgmma = op.kind == AsyncKind::Wgmma;
        complete(c, op, range, token, c.linear, c.now, wgmma ? int(w.index) : -1);
      });
  if (!wgmma)
    return;
  WgmmaWait &wait = c.wgmmaWaits[token] = {w.index, c.now, 3};
  learnOfWgmma(c, w, wait);
  ++c.now;
}

void RaceChecker::asyncArrived(Cta &owner, uint64_t mbarrier, uint64_t token) {
  CtaState &c = stateOf(owner);
  uint32_t agent = c.agentOf(mbarrier);
  MbarrierClock &clock = c.mbarriers[mbarrier];
  clock.running = withAgent(clock.running, c.linear, agent, c.now);
  // Multicast writes arrive in each CTA that they write to.
  auto done = [&](const AsyncRange &range) {
    return range.space == Space::Global || !range.write || range.owner == &owner;
  };
  for (auto &peer : owner.cluster->ctas)
    if (CtaState &issuer = stateOf(*peer); issuer.pending.count(token))
      completeRanges(issuer, token, done, [&](const PendingOperation &op, const AsyncRange &range) {
        complete(issuer, op, range, token, c.linear, c.now, int(agent));
      });
}

// The object itself is memory: its initialisation must be ordered with its use.

void RaceChecker::touchMbarrier(const MbarrierEvent &e, bool plainWrite) {
  CtaState &c = stateOf(*e.warp);
  Probe p{c, *e.warp, nullptr, {}};
  p.agreed = c.clockOf(*e.warp).agree(1u << e.lane, p.known);
  p.owner = e.owner;
  p.mark.time = c.now;
  p.mark.lanes = 1u << e.lane;
  p.mark.inst = e.index;
  p.mark.cta = c.linear;
  p.mark.warp = uint8_t(e.warp->index);
  p.mark.agent = 0;
  p.mark.flags = uint8_t(MarkWrite | (plainWrite ? 0 : MarkStrong | 1 << kReachShift));
  recordRange(p, e.address, 8, /*keep=*/plainWrite);
}

void RaceChecker::mbarrierInit(const MbarrierEvent &e) {
  touchMbarrier(e, /*plainWrite=*/true);
  CtaState &owner = stateOf(*e.owner);
  uint32_t agent = owner.agentOf(e.address);
  owner.mbarriers[e.address] = {agent, nullptr, nullptr};
}
void RaceChecker::mbarrierInval(const MbarrierEvent &e) { touchMbarrier(e, /*plainWrite=*/true); }

void RaceChecker::mbarrierArrive(const MbarrierEvent &e) {
  if (!e.warp)
    return; // asyncArrived has told what arrives
  touchMbarrier(e, /*plainWrite=*/false);
  CtaState &c = stateOf(*e.warp);
  MbarrierClock &clock = stateOf(*e.owner).mbarriers[e.address];
  clock.running = join(clock.running, released(c, e.warp->index, c.clockOf(*e.warp).state(e.lane),
                                               1u << e.lane, e.order, 0));
  c.now += releases(e.order);
}
void RaceChecker::mbarrierPhase(Cta &owner, uint64_t address) {
  CtaState &c = stateOf(owner);
  MbarrierClock &clock = c.mbarriers[address];
  clock.done = join(clock.done, clock.running);
  clock.running = nullptr;
  ++c.now;
}
void RaceChecker::mbarrierWait(const MbarrierEvent &e) {
  touchMbarrier(e, /*plainWrite=*/false);
  CtaState &c = stateOf(*e.warp);
  const KnowledgePtr &done = stateOf(*e.owner).mbarriers[e.address].done;
  c.clockOf(*e.warp).update(1u << e.lane,
                            [&](LaneState &s, uint32_t) { acquire(c, s, done, e.order, 0); });
}
