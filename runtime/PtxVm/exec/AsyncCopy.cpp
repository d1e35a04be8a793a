//===- AsyncCopy.cpp - cp.async, its groups, its arrival at mbarriers -----===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Async.h"
#include "runtime/PtxVm/exec/Mbarrier.h"
#include <cstring>

namespace cosmati::ptxvm {
namespace {

void perform(Cta &cta, const AsyncCopy &copy, unsigned lane) {
  if (!copy.bytes)
    return arriveAt(cta, copy.to[lane], 1);
  if (copy.moved >> lane & 1)
    return;
  unsigned take = copy.take[lane];
  if (take == 16) {
    std::memcpy(copy.to[lane], copy.from[lane], 16);
    return;
  }
  std::memcpy(copy.to[lane], copy.from[lane], take);
  std::memset(copy.to[lane] + take, 0, copy.bytes - take);
}

void removeDone(AsyncCopies &copies) {
  auto &queue = copies.queue;
  size_t kept = 0;
  for (size_t k = 0; k < queue.size(); ++k)
    if (queue[k].lanes) {
      if (kept != k)
        queue[kept] = queue[k];
      ++kept;
    }
  queue.resize(kept);
}

/// Performs, in order, each lane's entries of groups before `end[lane]`.
void completeGroups(Warp &w, uint32_t lanes, const uint32_t *end) {
  AsyncCopies &copies = w.state->copies;
  for (AsyncCopy &copy : copies.queue)
    for (uint32_t rest = copy.lanes & lanes; rest; rest &= rest - 1) {
      unsigned l = unsigned(__builtin_ctz(rest));
      if (copy.group[l] >= end[l])
        continue;
      perform(*w.cta, copy, l);
      if (Observer *observer = copy.bytes ? observerOf(w) : nullptr)
        observer->asyncWaited(w, l, copy.token + l, /*readsOnly=*/false);
      copy.lanes &= ~(1u << l);
    }
  removeDone(copies);
}

/// Performs everything before and including the last arrival that `wanted` accepts, lane by lane.
template <class Wanted> bool completeUpTo(Cta &cta, WarpState &state, Wanted wanted) {
  auto &queue = state.copies.queue;
  bool any = false;
  for (size_t last = 0; last < queue.size(); ++last) {
    if (queue[last].bytes)
      continue;
    for (uint32_t rest = queue[last].lanes; rest; rest &= rest - 1) {
      unsigned l = unsigned(__builtin_ctz(rest));
      if (!wanted(queue[last].to[l]))
        continue;
      any = true;
      for (size_t k = 0; k <= last; ++k)
        if (queue[k].lanes >> l & 1) {
          if (Observer *observer = queue[k].bytes ? observerOf(cta) : nullptr)
            observer->asyncArrived(cta, uint64_t(queue[last].to[l] - cta.warps[0]->shared),
                                   queue[k].token + l);
          perform(cta, queue[k], l);
          queue[k].lanes &= ~(1u << l);
        }
    }
  }
  if (any)
    removeDone(state.copies);
  return any;
}

void tellIssue(Observer &observer, Warp &w, const Inst *i, unsigned lane, const AsyncCopy &copy,
               uint64_t target, uint64_t source) {
  AsyncRange ranges[] = {{Space::Shared, w.cta, target - w.sharedBase, copy.bytes, true},
                         {Space::Global, nullptr, source, copy.take[lane], false}};
  uint64_t token = copy.token + lane;
  observer.asyncIssue({w, i, w.cta->launch->indexOf(i), lane, AsyncKind::Copy, token,
                       llvm::ArrayRef(ranges, copy.take[lane] ? 2 : 1)});
}

/// List: shared address, global address, bytes to read or the predicate; n: size.
const Inst *copyAsync(Warp &w, const Inst *i) {
  uint32_t mask = lanesOf(w, i), size = i->n;
  if (!mask)
    return i + 1;
  AsyncCopies &copies = w.state->copies;
  AsyncCopy &copy = copies.queue.emplace_back();
  copy.lanes = mask;
  copy.bytes = size;
  copy.group = copies.committed;
  copy.token = newTokens(*w.cta->launch, kLanes);
  uint32_t ignored = i->flags & kIgnoreSource ? predicate(w, listed(w, i, 6)) : 0;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint64_t target = uint32_t(listedAddress(w, i, 0, l)), source = listedAddress(w, i, 3, l);
    uint32_t take = i->flags & kIgnoreSource ? (ignored >> l & 1 ? 0 : size)
                                             : slot<uint32_t>(w, listed(w, i, 6))[l];
    take = take < size ? take : size;
    FaultKind kind = FaultKind::Misaligned;
    copy.to[l] = target % size ? nullptr : resolveLane(w, Way::Shared, target, size, true, l, kind);
    if (!copy.to[l])
      return fault(w, i, kind, l, target, size, Space::Shared);
    kind = FaultKind::Misaligned;
    copy.from[l] = source % size ? nullptr
                   : take        ? resolveLane(w, Way::Global, source, take, false, l, kind)
                                 : copy.to[l];
    if (!copy.from[l])
      return fault(w, i, kind, l, source, kind == FaultKind::Misaligned ? size : take,
                   Space::Global);
    copy.take[l] = uint8_t(take);
    if (Observer *observer = observerOf(w))
      tellIssue(*observer, w, i, l, copy, target, source);
  }
  return i + 1;
}

const Inst *commitGroup(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1)
    ++w.state->copies.committed[unsigned(__builtin_ctz(rest))];
  return i + 1;
}
/// imm: how many of the latest groups may stay pending.
const Inst *waitGroup(Warp &w, const Inst *i) {
  std::array<uint32_t, kLanes> end;
  for (unsigned l = 0; l < kLanes; ++l) {
    uint64_t committed = w.state->copies.committed[l];
    end[l] = committed > uint64_t(i->imm) ? uint32_t(committed - uint64_t(i->imm)) : 0;
  }
  completeGroups(w, lanesOf(w, i), end.data());
  return i + 1;
}
const Inst *waitAll(Warp &w, const Inst *i) {
  std::array<uint32_t, kLanes> end;
  end.fill(~0u);
  completeGroups(w, lanesOf(w, i), end.data());
  return i + 1;
}

/// Joins the queue behind the copies that it tracks. Without noinc the pending count grows by the
/// arrival that is to come.
template <bool NoInc> const Inst *arriveAfterCopies(Warp &w, const Inst *i) {
  uint32_t mask = lanesOf(w, i);
  if (!mask)
    return i + 1;
  AsyncCopies &copies = w.state->copies;
  AsyncCopy arrival;
  arrival.lanes = mask;
  arrival.group = copies.committed;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint8_t *bytes = sharedBytes(w, i, l, listedAddress(w, i, 0, l), 8, 8);
    if (!bytes || !checkMbarrier(w, i, l, bytes))
      return nullptr;
    arrival.to[l] = bytes;
    if (!NoInc)
      addPending(bytes);
  }
  copies.queue.push_back(arrival);
  return i + 1;
}

} // namespace

void completeCopiesEarly(Warp &w) {
  if (w.state->copies.queue.empty())
    return;
  completeUpTo(*w.cta, *w.state, [](const uint8_t *) { return true; });
  for (AsyncCopy &copy : w.state->copies.queue) {
    for (uint32_t rest = copy.lanes & ~copy.moved; rest; rest &= rest - 1)
      perform(*w.cta, copy, unsigned(__builtin_ctz(rest)));
    copy.moved |= copy.lanes;
  }
}

void completeFor(Cta &cta, const uint8_t *mbarrier) {
  completeBulkLoads(cta, mbarrier);
  for (auto &state : cta.states)
    if (!state->copies.queue.empty())
      completeUpTo(cta, *state, [&](const uint8_t *to) { return to == mbarrier; });
}
bool completeArrivals(Cta &cta) {
  bool any = completeBulkLoads(cta, nullptr);
  for (auto &state : cta.states)
    any |= completeUpTo(cta, *state, [](const uint8_t *) { return true; });
  return any;
}
void dropCopies(WarpState &state) {
  state.copies.queue.clear();
  state.copies.stores.clear();
  state.copies.committed = {};
  state.copies.bulkGroups = {};
}

namespace base {
Handler selectAsyncCopy(const Selection &s) {
  switch (s.id) {
  case InstId::CpAsync:
    return copyAsync;
  case InstId::CpAsyncCommit:
    return commitGroup;
  case InstId::CpAsyncWait:
    return waitGroup;
  case InstId::CpAsyncWaitAll:
    return waitAll;
  case InstId::CpAsyncArrive:
    return has(s, Mod::noinc) ? arriveAfterCopies<true> : arriveAfterCopies<false>;
  default:
    return nullptr;
  }
}
} // namespace base
} // namespace cosmati::ptxvm
