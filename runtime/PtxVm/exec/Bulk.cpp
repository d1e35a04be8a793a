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
#include "runtime/PtxVm/Cta.h"
#include "runtime/PtxVm/exec/Async.h"
#include "runtime/PtxVm/exec/Mbarrier.h"
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
    std::memmove(copy.to, copy.from, copy.bytes);
    if (MbarrierBits::load(copy.mbarrier).valid)
      addTransactions(cta, copy.mbarrier, -int32_t(copy.bytes));
    any = true;
  }
  return any;
}

/// Performs, in order, each lane's stores of groups before `end[lane]`.
static void completeStores(Warp &w, uint32_t lanes, const std::array<uint32_t, kLanes> &end) {
  auto &stores = w.state->copies.stores;
  auto due = [&](const BulkCopy &c) { return (lanes >> c.lane & 1) && c.group < end[c.lane]; };
  for (const BulkCopy &copy : stores)
    if (due(copy))
      std::memcpy(copy.to, copy.from, copy.bytes);
  stores.erase(std::remove_if(stores.begin(), stores.end(), due), stores.end());
}
void completeBulkStores(Warp &w, uint32_t lanes) {
  if (w.state->copies.stores.empty())
    return;
  std::array<uint32_t, kLanes> all;
  all.fill(~0u);
  completeStores(w, lanes, all);
}

namespace {

/// The bytes of one side of a copy; null after a fault.
uint8_t *sideOf(Warp &w, const Inst *i, unsigned lane, uint64_t address, uint32_t bytes,
                bool global, bool write) {
  FaultKind kind = FaultKind::Misaligned;
  Way way = global ? Way::Global : Way::Shared;
  if (!global)
    address = uint32_t(address);
  uint8_t *p = address % 16 ? nullptr : resolveLane(w, way, address, bytes, write, lane, kind);
  if (!p)
    fault(w, i, kind, lane, address, kind == FaultKind::Misaligned ? 16 : bytes,
          global ? Space::Global : Space::Shared);
  return p;
}

enum class Direction { Load, Move, Store };
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
    copy.to = sideOf(w, i, l, listedAddress(w, i, 0, l), bytes, D == Direction::Store, true);
    if (!copy.to)
      return nullptr;
    copy.from = sideOf(w, i, l, listedAddress(w, i, 3, l), bytes, D == Direction::Load, false);
    if (!copy.from)
      return nullptr;
    AsyncCopies &copies = w.state->copies;
    if (D == Direction::Store) {
      copy.lane = l;
      copy.group = copies.bulkGroups[l];
      copies.stores.push_back(copy);
      continue;
    }
    copy.mbarrier = sharedBytes(w, i, l, listedAddress(w, i, 7, l), 8, 8);
    if (!copy.mbarrier || !checkMbarrier(w, i, l, copy.mbarrier))
      return nullptr;
    w.cta->bulkLoads.push_back(copy);
  }
  return i + 1;
}
/// Checks what it would read.
const Inst *prefetchBulk(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint32_t bytes = slot<uint32_t>(w, listed(w, i, 3))[l];
    if (!sideOf(w, i, l, listedAddress(w, i, 0, l), bytes, true, false))
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
  completeStores(w, lanesOf(w, i), end);
  return i + 1;
}

} // namespace

namespace base {
Handler selectBulk(const Selection &s) {
  switch (s.id) {
  case InstId::BulkLoad:
    return copyBulk<Direction::Load>;
  case InstId::BulkMove:
    return copyBulk<Direction::Move>;
  case InstId::BulkStore:
    return copyBulk<Direction::Store>;
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
