//===- Control.cpp - branches, calls, exit --------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Control.h"
#include "runtime/PtxVm/Cta.h"
#include <chrono>
#include <cstring>

namespace cosmati::ptxvm {
namespace {

uint32_t &predicate(const Warp &w, uint32_t offset) {
  return *reinterpret_cast<uint32_t *>(w.regs + offset);
}
uint32_t lanesOf(const Warp &w, const Inst *i) {
  return w.active & (predicate(w, i->guard) ^ i->guardFlip);
}
inline const Inst *jump(Warp &w, uint32_t block) {
  if (block == w.reconvBlock || w.budget <= 1)
    return enterBlock(w, block);
  --w.budget;
  ++w.blockCounts[block];
  return w.blocks[block];
}

/// The entry under which the parts of a diverging split meet at `block`.
int32_t meetingPoint(Warp &w, uint32_t block) {
  WarpState &s = *w.state;
  int32_t outer = s.current.reconv;
  if (block == kNoBlock || w.reconvBlock == block)
    return outer; // they meet where the split as a whole is expected anyway
  int32_t index = newReconv(s);
  Reconv &entry = s.reconv[index];
  entry.block = block;
  entry.parent = outer;
  entry.members = w.active;
  entry.frame = s.current.frame;
  return index;
}
void narrowTo(Warp &w, uint32_t mask, int32_t reconv) {
  WarpState &s = *w.state;
  s.current.reconv = reconv;
  w.active = mask;
  w.reconvBlock = reconv < 0 ? kNoBlock : s.reconv[reconv].block;
}

/// op: target block, next block; aux: immediate post-dominator.
const Inst *branch(Warp &w, const Inst *i) {
  uint32_t taken = lanesOf(w, i);
  if (taken == w.active)
    return jump(w, i->op[0]);
  if (!taken)
    return jump(w, i->op[1]);
  uint32_t rest = w.active & ~taken;
  int32_t reconv = meetingPoint(w, i->aux);
  Split other;
  other.mask = rest;
  other.reconv = reconv;
  other.frame = w.state->current.frame;
  narrowTo(w, taken, reconv);
  placeSplit(w, other, i->op[1]);
  return enterBlock(w, i->op[0]);
}
const Inst *fallThrough(Warp &w, const Inst *i) { return jump(w, i->op[0]); }

/// op[0]: index; op[1]: table; aux: immediate post-dominator.
const Inst *branchIndexed(Warp &w, const Inst *i) {
  const auto &table = w.cta->launch->program->branchTables[i->op[1]];
  const uint32_t *index = reinterpret_cast<const uint32_t *>(w.regs + i->op[0]);
  uint32_t rest = w.active;
  for (uint32_t m = rest; m; m &= m - 1)
    if (uint32_t v = index[__builtin_ctz(m)]; v >= table.size()) {
      faultText(w, i, FaultKind::BadCall, 1u << __builtin_ctz(m),
                "brx.idx index " + std::to_string(v) + " is beyond the " +
                    std::to_string(table.size()) + " targets");
      return nullptr;
    }
  auto lanesTo = [&](uint32_t block) {
    uint32_t mask = 0;
    for (uint32_t m = rest; m; m &= m - 1)
      if (table[index[__builtin_ctz(m)]] == block)
        mask |= m & -m;
    return mask;
  };
  uint32_t block = table[index[__builtin_ctz(rest)]];
  uint32_t mask = lanesTo(block);
  if (mask == rest)
    return jump(w, block);
  int32_t reconv = meetingPoint(w, i->aux);
  Frame *frame = w.state->current.frame;
  while (mask != rest) {
    Split other;
    other.mask = mask;
    other.reconv = reconv;
    other.frame = frame;
    rest &= ~mask;
    placeSplit(w, other, block);
    block = table[index[__builtin_ctz(rest)]];
    mask = lanesTo(block);
  }
  narrowTo(w, mask, reconv);
  return enterBlock(w, block);
}

void copySlices(Warp &w, uint32_t mask, uint64_t toBase, const std::vector<Slice> &to,
                uint64_t fromBase, const std::vector<Slice> &from) {
  for (size_t k = 0; k < to.size() && k < from.size(); ++k)
    for (uint32_t m = mask; m; m &= m - 1) {
      uint8_t *lane = w.local + uint64_t(__builtin_ctz(m)) * w.localStride;
      std::memcpy(lane + toBase + to[k].offset, lane + fromBase + from[k].offset,
                  std::min(to[k].bytes, from[k].bytes));
    }
}

/// Which function the lanes call; lanes with another target wait for their turn at the same place.
bool chooseTarget(Warp &w, const Inst *i, const CallSite &site, uint32_t &function) {
  const Program &program = *w.cta->launch->program;
  function = site.function;
  if (function != ~0u)
    return true;
  const uint64_t *target = reinterpret_cast<const uint64_t *>(w.regs + site.target);
  uint64_t first = target[__builtin_ctz(w.active)];
  uint64_t number = first - kFunctionAddressBase;
  if (number >= program.functions.size() || program.functions[number].entry ||
      program.functions[number].params.size() != site.arguments.size()) {
    faultText(w, i, FaultKind::BadCall, w.active & -w.active,
              "indirect call of " + std::to_string(first) +
                  ", which is no function with these parameters");
    return false;
  }
  uint32_t same = 0;
  for (uint32_t m = w.active; m; m &= m - 1)
    if (target[__builtin_ctz(m)] == first)
      same |= m & -m;
  if (same != w.active) {
    Split other = w.state->current;
    other.mask = w.active & ~same;
    other.pc = i;
    other.wait = Wait::None;
    w.state->splits.push_back(other);
    w.active = same;
  }
  function = uint32_t(number);
  return true;
}

constexpr uint64_t kMaxFrameBytes = uint64_t(1) << 26; ///< registers of a warp's call stack
constexpr uint64_t kMaxLocalBytes = uint64_t(1) << 19; ///< per thread, as on hardware

const Inst *call(Warp &w, const Inst *i) {
  const Program &program = *w.cta->launch->program;
  const CallSite &site = program.calls[i->aux];
  if (site.builtin != Builtin::None)
    return callBuiltin(w, i, site);
  uint32_t function;
  if (!chooseTarget(w, i, site, function))
    return nullptr;
  WarpState &s = *w.state;
  const FunctionInfo &callee = program.functions[function];
  Frame *caller = s.current.frame;
  uint64_t base = caller->localBase + program.functions[caller->function].frame.localBytes;
  base = (base + 15) & ~uint64_t(15);
  if (base + callee.frame.localBytes > kMaxLocalBytes ||
      s.frames.size() * uint64_t(callee.frame.bytes + 4096) > kMaxFrameBytes) {
    faultText(w, i, FaultKind::BadCall, w.active,
              "the call stack needs more than 512 KiB of local memory per thread, or is too deep");
    return nullptr;
  }
  Frame *frame = newFrame(w, function, base, w.active);
  copySlices(w, w.active, base, callee.params, caller->localBase, site.arguments);
  int32_t index = newReconv(s);
  Reconv &entry = s.reconv[index];
  entry.parent = s.current.reconv;
  entry.members = w.active;
  entry.frame = caller;
  entry.callee = frame;
  entry.resume = i + 1;
  entry.callSite = i->aux;
  Split inner;
  inner.mask = w.active;
  inner.reconv = index;
  inner.frame = frame;
  makeCurrent(w, inner);
  return enterBlock(w, callee.firstBlock);
}

const Inst *returnLanes(Warp &w, const Inst *) {
  WarpState &s = *w.state;
  int32_t index = s.current.reconv;
  while (index >= 0 && !s.reconv[index].callee)
    index = s.reconv[index].parent;
  if (index < 0)
    return exitLanes(w, w.active);
  const Program &program = *w.cta->launch->program;
  Frame *frame = s.current.frame;
  uint32_t lanes = w.active;
  copySlices(w, lanes, s.reconv[index].frame->localBase,
             program.calls[s.reconv[index].callSite].results, frame->localBase,
             program.functions[frame->function].results);
  s.hasCurrent = false;
  removeMembers(w, s.current.reconv, index, lanes);
  Reconv &entry = s.reconv[index];
  entry.waiting |= lanes;
  if (entry.waiting != entry.members)
    return nextSplit(w);
  Split outer;
  outer.mask = entry.waiting;
  outer.reconv = entry.parent;
  outer.frame = entry.frame;
  const Inst *resume = entry.resume;
  s.freeFrames.push_back(entry.callee);
  entry.used = false;
  makeCurrent(w, outer);
  return resume;
}

const Inst *exitAll(Warp &w, const Inst *) { return exitLanes(w, w.active); }
const Inst *trap(Warp &w, const Inst *i) {
  faultText(w, i, FaultKind::Trap, w.active, "trap");
  return nullptr;
}
const Inst *breakpoint(Warp &w, const Inst *i) {
  faultText(w, i, FaultKind::Breakpoint, w.active, "brkpt: no debugger is attached");
  return nullptr;
}
/// Sleeping is a hint that others should run.
const Inst *sleep(Warp &w, const Inst *i) {
  w.state->current.pc = i + 1;
  w.state->idleYields += 8;
  w.stop = Stop::Yield;
  return nullptr;
}

} // namespace

const Inst *readClock(Warp &w, const Inst *i) {
  using namespace std::chrono;
  uint64_t ns = uint64_t(duration_cast<nanoseconds>((Special(i->aux) >= Special::GlobalTimer
                                                         ? system_clock::now().time_since_epoch()
                                                         : steady_clock::now().time_since_epoch()))
                             .count());
  Special which = Special(i->aux);
  if (which == Special::ClockHi || which == Special::GlobalTimerHi)
    ns >>= 32;
  bool wide = which == Special::Clock64 || which == Special::GlobalTimer;
  uint32_t mask = lanesOf(w, i);
  for (uint32_t m = mask; m; m &= m - 1)
    if (wide)
      reinterpret_cast<uint64_t *>(w.regs + i->op[0])[__builtin_ctz(m)] = ns;
    else
      reinterpret_cast<uint32_t *>(w.regs + i->op[0])[__builtin_ctz(m)] = uint32_t(ns);
  return i + 1;
}

Handler fallThroughHandler() { return fallThrough; }

namespace base {
Handler selectControl(const Selection &s) {
  switch (s.id) {
  case InstId::Bra:
    return branch;
  case InstId::BrxIdx:
    return branchIndexed;
  case InstId::Call:
    return call;
  case InstId::Ret:
    return returnLanes;
  case InstId::Exit:
    return exitAll;
  case InstId::Trap:
    return trap;
  case InstId::Brkpt:
    return breakpoint;
  case InstId::Nanosleep:
    return sleep;
  default:
    return nullptr;
  }
}
} // namespace base
} // namespace cosmati::ptxvm
