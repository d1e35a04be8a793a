//===- Splits.cpp - divergence and reconvergence --------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Meeting.h"

using namespace cosmati::ptxvm;

static uint32_t reconvBlockOf(const WarpState &s, int32_t entry) {
  return entry < 0 ? kNoBlock : s.reconv[entry].block;
}

void cosmati::ptxvm::makeCurrent(Warp &w, const Split &split) {
  WarpState &s = *w.state;
  s.current = split;
  s.hasCurrent = true;
  w.active = split.mask;
  w.regs = split.frame->regs;
  w.localBase = split.frame->localBase;
  w.reconvBlock = reconvBlockOf(s, split.reconv);
}

int32_t cosmati::ptxvm::newReconv(WarpState &s) {
  for (size_t k = 0; k < s.reconv.size(); ++k)
    if (!s.reconv[k].used) {
      s.reconv[k] = Reconv();
      s.reconv[k].used = true;
      return int32_t(k);
    }
  s.reconv.emplace_back();
  s.reconv.back().used = true;
  return int32_t(s.reconv.size() - 1);
}

bool cosmati::ptxvm::pickSplit(Warp &w) {
  WarpState &s = *w.state;
  for (size_t k = s.splits.size(); k-- > 0;) {
    if (s.splits[k].wait != Wait::None)
      continue;
    Split split = s.splits[k];
    s.splits.erase(s.splits.begin() + ptrdiff_t(k));
    makeCurrent(w, split);
    return true;
  }
  return false;
}

void cosmati::ptxvm::rotateSplits(Warp &w) {
  WarpState &s = *w.state;
  for (size_t k = 0; k < s.splits.size(); ++k) {
    if (s.splits[k].wait != Wait::None)
      continue;
    Split split = s.splits[k];
    s.splits.erase(s.splits.begin() + ptrdiff_t(k));
    parkCurrent(w, s.current.pc, Wait::None, 0);
    makeCurrent(w, split);
    return;
  }
}

void cosmati::ptxvm::parkCurrent(Warp &w, const Inst *pc, Wait wait, uint32_t arg) {
  WarpState &s = *w.state;
  Split split = s.current;
  split.pc = pc;
  split.mask = w.active;
  split.wait = wait;
  split.waitArg = arg;
  s.splits.push_back(split);
  s.hasCurrent = false;
}

const Inst *cosmati::ptxvm::nextSplit(Warp &w) {
  if (pickSplit(w))
    return w.state->current.pc;
  w.stop = w.live == 0 ? Stop::Done : Stop::Blocked;
  return nullptr;
}

/// Lets `split` arrive at `block` as often as it is expected there. False if it must wait; else it
/// is the merged split to go on with.
static bool arrive(WarpState &s, Split &split, uint32_t block) {
  while (split.reconv >= 0 && s.reconv[split.reconv].block == block) {
    Reconv &entry = s.reconv[split.reconv];
    entry.waiting |= split.mask;
    if (entry.waiting != entry.members)
      return false;
    s.idleYields = 0;
    split.mask = entry.waiting;
    split.frame = entry.frame;
    entry.used = false;
    split.reconv = entry.parent;
  }
  return true;
}

void cosmati::ptxvm::placeSplit(Warp &w, Split split, uint32_t block) {
  if (!arrive(*w.state, split, block))
    return;
  ++w.blockCounts[block];
  split.pc = w.blocks[block];
  split.wait = Wait::None;
  w.state->splits.push_back(split);
}

const Inst *cosmati::ptxvm::enterBlock(Warp &w, uint32_t block) {
  WarpState &s = *w.state;
  if (block == w.reconvBlock) {
    Split split = s.current;
    split.mask = w.active;
    s.hasCurrent = false;
    if (!arrive(s, split, block))
      return nextSplit(w);
    makeCurrent(w, split);
  }
  ++w.blockCounts[block];
  if (--w.budget > 0)
    return w.blocks[block];
  s.current.pc = w.blocks[block];
  w.stop = Stop::Yield;
  return nullptr;
}

/// The lanes that wait at `entry` go on although siblings are missing.
static void releaseEntry(Warp &w, int32_t index) {
  WarpState &s = *w.state;
  Reconv &entry = s.reconv[index];
  Split split;
  split.mask = entry.waiting;
  split.frame = entry.frame;
  split.reconv = entry.parent;
  entry.members &= ~entry.waiting;
  entry.waiting = 0;
  bool call = entry.callee != nullptr;
  const Inst *resume = entry.resume;
  uint32_t block = entry.block;
  if (Observer *observer = split.mask && entry.members ? observerOf(w) : nullptr)
    observer->convergenceLost(w, split.mask, entry.members, call ? resume : w.blocks[block]);
  if (entry.members == 0) {
    if (entry.callee)
      s.freeFrames.push_back(entry.callee);
    entry.used = false;
  }
  if (split.mask == 0)
    return;
  if (call) {
    split.pc = resume;
    s.splits.push_back(split);
  } else {
    placeSplit(w, split, block);
  }
}

void cosmati::ptxvm::removeMembers(Warp &w, int32_t entry, int32_t end, uint32_t mask) {
  WarpState &s = *w.state;
  while (entry >= 0 && entry != end) {
    Reconv &r = s.reconv[entry];
    int32_t parent = r.parent;
    r.members &= ~mask;
    if (r.members == r.waiting)
      releaseEntry(w, entry); // also frees an entry without members
    entry = parent;
  }
}

const Inst *cosmati::ptxvm::exitLanes(Warp &w, uint32_t mask) {
  WarpState &s = *w.state;
  int32_t entry = s.current.reconv;
  if (Observer *observer = observerOf(w))
    observer->threadsLeave(w, mask);
  completeBulkStores(w, mask);
  if (Observer *observer = observerOf(w))
    observer->threadsExit(w, mask);
  w.live &= ~mask;
  for (Split &split : s.splits) // whoever waits for these lanes looks again
    if (split.wait == Wait::Meeting && (split.waitArg & mask))
      split.wait = Wait::None;
  s.hasCurrent = false;
  // Splits that the removal makes runnable are pushed; an entry without members leaves no split.
  removeMembers(w, entry, -1, mask);
  barrierExit(w);
  clusterExit(w);
  if (!w.live && !warpgroupExit(w))
    return nullptr;
  return nextSplit(w);
}

bool cosmati::ptxvm::releaseWaiting(Warp &w) {
  WarpState &s = *w.state;
  bool any = false;
  for (size_t k = 0; k < s.reconv.size(); ++k)
    if (s.reconv[k].used && s.reconv[k].waiting) {
      releaseEntry(w, int32_t(k));
      any = true;
    }
  s.idleYields = 0;
  return any;
}

// Meetings of lanes for warp-wide operations.

bool cosmati::ptxvm::meet(Warp &w, const Inst *i, uint32_t need) {
  WarpState &s = *w.state;
  s.joined.clear();
  for (size_t k = 0; k < s.splits.size(); ++k) {
    const Split &split = s.splits[k];
    if (split.wait == Wait::Meeting && split.pc == i && split.frame == s.current.frame)
      s.joined.push_back(uint32_t(k));
  }
  // Several groups may gather at one instruction: those go on whose lanes are all here.
  uint32_t here = w.active;
  for (uint32_t before = 0; here != before;) {
    before = here;
    here = w.active;
    for (uint32_t k : s.joined)
      here |= s.splits[k].mask;
    llvm::erase_if(s.joined, [&](uint32_t k) { return s.splits[k].waitArg & w.live & ~here; });
  }
  if (need & ~here) {
    parkCurrent(w, i, Wait::Meeting, need);
    nextSplit(w);
    // Blocked unless another split can run; then the warp yields to reload it.
    if (s.hasCurrent) {
      w.stop = Stop::Yield;
    }
    return false;
  }
  s.meetingMask = w.active;
  w.active = here;
  return true;
}

const Inst *cosmati::ptxvm::part(Warp &w, const Inst *i) {
  WarpState &s = *w.state;
  w.active = s.meetingMask;
  for (uint32_t k : s.joined) {
    s.splits[k].wait = Wait::None;
    s.splits[k].pc = i + 1;
  }
  return i + 1;
}
