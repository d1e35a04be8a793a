//===- Bulk.cpp - cp.async.bulk without tensors ---------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Like cp.async, a bulk copy happens when something demands it: a wait at its mbarrier, a
// wait_group of its thread (with or without .read), or the end of the thread.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Async.h"
#include "runtime/PtxVm/exec/BulkReduce.h"
#include "runtime/PtxVm/exec/Mbarrier.h"
#include "runtime/PtxVm/exec/Tensor.h"
#include <algorithm>
#include <cstring>

namespace cosmati::ptxvm {

bool completeBulkLoads(Cta &cta, const uint8_t *mbarrier) {
  auto &loads = cta.bulkLoads;
  bool any = false;
  for (size_t k = 0; k < loads.size();) {
    if (mbarrier && loads[k].mbarrier != mbarrier) {
      ++k;
      continue;
    }
    BulkCopy copy = loads[k];
    loads.erase(loads.begin() + ptrdiff_t(k));
    const uint8_t *from =
        copy.from ? copy.from : reinterpret_cast<const uint8_t *>(copy.data.data());
    if (copy.box)
      loadBox(*copy.box, copy.to);
    else if (copy.reduce)
      copy.reduce(copy.to, from, copy.bytes);
    else
      std::memmove(copy.to, from, copy.bytes);
    if (Observer *observer = observerOf(cta))
      observer->asyncArrived(cta, uint64_t(copy.mbarrier - cta.warps[0]->shared), copy.token);
    if (MbarrierBits::load(copy.mbarrier).valid)
      addTransactions(cta, copy.mbarrier, -int32_t(copy.bytes));
    any = true;
  }
  return any;
}

static void performStore(const BulkCopy &copy) {
  if (copy.box)
    storeBox(*copy.box, copy.from, copy.reduce);
  else if (copy.reduce)
    copy.reduce(copy.to, copy.from, copy.bytes);
  else
    std::memcpy(copy.to, copy.from, copy.bytes);
}
void performStoresEarly(Warp &w) {
  for (BulkCopy &copy : w.state->copies.stores) {
    if (!copy.moved)
      performStore(copy);
    copy.moved = true;
  }
}

/// Performs, in order, each lane's stores of groups before `end[lane]`. `readsOnly`: what the
/// thread waits for.
static void completeStores(Warp &w, uint32_t lanes, const std::array<uint32_t, kLanes> &end,
                           bool readsOnly) {
  auto &stores = w.state->copies.stores;
  auto due = [&](const BulkCopy &c) { return (lanes >> c.lane & 1) && c.group < end[c.lane]; };
  for (BulkCopy &copy : stores) {
    if (!due(copy))
      continue;
    if (!copy.moved)
      performStore(copy);
    copy.moved = true;
    bool news = !readsOnly || !copy.readTold;
    if (Observer *observer = news ? observerOf(w) : nullptr)
      observer->asyncWaited(w, copy.lane, copy.token, readsOnly);
    copy.readTold = true;
  }
  if (readsOnly && observerOf(w))
    return; // a later wait, or the thread's end, tells observers of the writes
  stores.erase(std::remove_if(stores.begin(), stores.end(), due), stores.end());
}
void completeBulkStores(Warp &w, uint32_t lanes) {
  if (w.state->copies.stores.empty())
    return;
  std::array<uint32_t, kLanes> all;
  all.fill(~0u);
  completeStores(w, lanes, all, /*readsOnly=*/false);
}

namespace {

/// The bytes of one side of a copy; null after a fault.
uint8_t *sideOf(Warp &w, const Inst *i, unsigned lane, uint64_t address, uint32_t bytes, Way way,
                bool write) {
  FaultKind kind = FaultKind::Misaligned;
  bool global = way == Way::Global;
  if (!global)
    address = uint32_t(address);
  uint8_t *p = address % 16 ? nullptr : resolveLane(w, way, address, bytes, write, lane, kind);
  if (!p)
    fault(w, i, kind, lane, address, kind == FaultKind::Misaligned ? 16 : bytes,
          global ? Space::Global : Space::Shared);
  return p;
}

/// Tells observers of a copy. `global`: the address of its side in global memory, if it has one.
void tellIssue(Warp &w, const Inst *i, unsigned lane, BulkCopy &copy, bool toGlobal,
               bool fromGlobal, uint64_t global) {
  Observer *observer = observerOf(w);
  if (!observer)
    return;
  copy.token = newTokens(*w.cta->launch);
  auto side = [&](const uint8_t *bytes, bool isGlobal, bool write) -> AsyncRange {
    if (isGlobal)
      return {Space::Global, w.cta, global, copy.bytes, write};
    return {Space::Shared, &ownerOf(*w.cta, bytes), sharedOffset(*w.cta, bytes), copy.bytes, write};
  };
  AsyncRange ranges[] = {side(copy.to, toGlobal, true), side(copy.from, fromGlobal, false)};
  observer->asyncIssue(
      {w, i, w.cta->launch->indexOf(i), lane, AsyncKind::Bulk, copy.token, ranges});
}

/// Queues a copy to shared memory, or with `mask` one for each CTA that it names. False after a
/// fault.
bool queueLoad(Warp &w, const Inst *i, unsigned l, BulkCopy copy, bool fromGlobal, uint64_t global,
               const uint16_t *mask) {
  copy.mbarrier = sharedBytes(w, i, l, listedAddress(w, i, 7, l), 8, 8);
  if (!copy.mbarrier || !checkSameCta(w, i, l, copy.to, copy.mbarrier) ||
      (mask && !checkMulticast(w, i, l, *mask)))
    return false;
  uint32_t targets = mask ? *mask : 1u << ownerOf(*w.cta, copy.to).rank;
  for (uint32_t rest = targets; rest; rest &= rest - 1) {
    Cta &target = *ctaOfRank(*w.cta, uint32_t(__builtin_ctz(rest)));
    BulkCopy each = copyFor(*w.cta, copy, target);
    if (!checkMbarrier(w, i, l, each.mbarrier))
      return false;
    tellIssue(w, i, l, each, /*toGlobal=*/false, fromGlobal, global);
    queueArriving(w, i, l, each);
  }
  return true;
}

enum class Direction { Load, Move, Store };
/// imm: the reduction (BulkOp, then the type from bit 8 on) plus one; 0: overwrite.
template <Direction D> const Inst *copyBulk(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint32_t bytes = slot<uint32_t>(w, listed(w, i, 6))[l];
    if (bytes % 16 || bytes > uint32_t(MbarrierBits::kMaxTx)) {
      faultText(w, i, FaultKind::BadAsync, 1u << l,
                std::to_string(bytes) + " bytes; a bulk copy has a multiple of 16, below 1 MiB");
      return nullptr;
    }
    BulkCopy copy{};
    copy.bytes = bytes;
    uint64_t to = listedAddress(w, i, 0, l), from = listedAddress(w, i, 3, l);
    Way target = i->flags & kClusterAddress ? Way::Cluster : Way::Shared;
    copy.to = sideOf(w, i, l, to, bytes, D == Direction::Store ? Way::Global : target, true);
    if (!copy.to)
      return nullptr;
    copy.from =
        sideOf(w, i, l, from, bytes, D == Direction::Load ? Way::Global : Way::Shared, false);
    if (!copy.from)
      return nullptr;
    if (i->imm)
      copy.reduce = bulkReduction(BulkOp((i->imm - 1) & 255), ScalarType((i->imm - 1) >> 8));
    AsyncCopies &copies = w.state->copies;
    if (D == Direction::Store) {
      tellIssue(w, i, l, copy, /*toGlobal=*/true, /*fromGlobal=*/false, to);
      copy.lane = l;
      copy.group = copies.bulkGroups[l];
      copies.stores.push_back(copy);
      continue;
    }
    const uint16_t *mask =
        i->flags & kMulticast ? slot<uint16_t>(w, listed(w, i, 10)) + l : nullptr;
    if (!queueLoad(w, i, l, copy, D == Direction::Load, from, mask))
      return nullptr;
  }
  return i + 1;
}
/// Checks what it would read.
const Inst *prefetchBulk(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint32_t bytes = slot<uint32_t>(w, listed(w, i, 3))[l];
    if (!sideOf(w, i, l, listedAddress(w, i, 0, l), bytes, Way::Global, false))
      return nullptr;
  }
  return i + 1;
}
const Inst *commitBulk(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1)
    ++w.state->copies.bulkGroups[unsigned(__builtin_ctz(rest))];
  return i + 1;
}
const Inst *waitBulk(Warp &w, const Inst *i) {
  std::array<uint32_t, kLanes> end;
  for (unsigned l = 0; l < kLanes; ++l) {
    uint64_t committed = w.state->copies.bulkGroups[l];
    end[l] = committed > uint64_t(i->imm) ? uint32_t(committed - uint64_t(i->imm)) : 0;
  }
  completeStores(w, lanesOf(w, i), end, w.cta->launch->infoOf(i).match.has(Mod::read));
  return i + 1;
}

} // namespace

namespace base {
Handler selectBulk(const Selection &s) {
  switch (s.id) {
  case InstId::BulkLoad:
  case InstId::BulkMulticast:
    return copyBulk<Direction::Load>;
  case InstId::BulkMove:
    return copyBulk<Direction::Move>;
  case InstId::BulkStore:
    return copyBulk<Direction::Store>;
  case InstId::BulkReduceB:
  case InstId::BulkReduceMinMax:
  case InstId::BulkReduceAdd:
  case InstId::BulkReduceAddH:
  case InstId::BulkReduceIncDec:
    s.imm = (int64_t(bulkOpOf(s)) | int64_t(s.t[0]) << 8) + 1;
    return bulkReduction(bulkOpOf(s), s.t[0]) ? copyBulk<Direction::Store> : nullptr;
  case InstId::BulkMoveReduceB:
  case InstId::BulkMoveReduceMinMax:
  case InstId::BulkMoveReduceAdd:
  case InstId::BulkMoveReduceIncDec:
    s.imm = (int64_t(bulkOpOf(s)) | int64_t(s.t[0]) << 8) + 1;
    return bulkReduction(bulkOpOf(s), s.t[0]) ? copyBulk<Direction::Move> : nullptr;
  case InstId::BulkPrefetch:
    return prefetchBulk;
  case InstId::BulkCommit:
    return commitBulk;
  case InstId::BulkWait:
    return waitBulk;
  default:
    return nullptr;
  }
}
} // namespace base
} // namespace cosmati::ptxvm
