//===- Cluster.cpp - addresses within a cluster, mapa, getctarank ---------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Cluster.h"
#include "runtime/PtxVm/Cta.h"
#include "runtime/PtxVm/exec/Lanes.h"
#include "llvm/Support/FormatVariadic.h"

namespace cosmati::ptxvm {

Cta *ctaOfRank(const Cta &cta, uint32_t rank) {
  const auto &ctas = cta.cluster->ctas;
  return rank < ctas.size() ? ctas[rank].get() : nullptr;
}

static bool owns(const Cta &cta, const uint8_t *bytes) {
  const Warp &w = *cta.warps[0];
  return uintptr_t(bytes) - uintptr_t(w.shared) < w.sharedBytes;
}
Cta &ownerOf(Cta &cta, const uint8_t *bytes) {
  for (auto &other : cta.cluster->ctas)
    if (owns(*other, bytes))
      return *other;
  return cta;
}
uint32_t sharedOffset(Cta &cta, const uint8_t *bytes) {
  return uint32_t(bytes - ownerOf(cta, bytes).warps[0]->shared);
}
uint8_t *counterpart(Cta &cta, const uint8_t *bytes, const Cta &to) {
  return to.warps[0]->shared + sharedOffset(cta, bytes);
}

uint8_t *clusterLane(Warp &w, uint64_t address, uint32_t bytes, FaultKind &kind) {
  kind = FaultKind::OutOfBounds;
  uint64_t rank = address >> kCtaWindowBits, offset = address & (kCtaWindowBytes - 1);
  Cta *cta = rank <= UINT32_MAX ? ctaOfRank(*w.cta, uint32_t(rank)) : nullptr;
  if (!cta || w.sharedBytes < bytes || offset > w.sharedBytes - bytes)
    return nullptr;
  kind = FaultKind::Exited;
  return cta->finished ? nullptr : cta->warps[0]->shared + offset;
}
uint8_t *clusterBytes(Warp &w, const Inst *i, unsigned lane, uint64_t address, uint32_t bytes,
                      uint32_t alignment) {
  FaultKind kind = FaultKind::Misaligned;
  uint8_t *p = address % alignment ? nullptr : clusterLane(w, address, bytes, kind);
  if (!p)
    fault(w, i, kind, lane, address, kind == FaultKind::Misaligned ? alignment : bytes,
          Space::Shared);
  return p;
}

void queueArriving(Warp &w, const Inst *i, unsigned lane, BulkCopy copy) {
  copy.warp = &w;
  copy.inst = i;
  copy.lane = lane;
  Cta &owner = ownerOf(*w.cta, copy.mbarrier);
  // Who waits there already demands it: tries again.
  uint32_t address = sharedOffset(owner, copy.mbarrier);
  for (auto &state : owner.states)
    for (Split &split : state->splits)
      if (split.wait == Wait::Mbarrier && split.waitArg == address)
        split.wait = Wait::None;
  owner.bulkLoads.push_back(std::move(copy));
}
BulkCopy copyFor(Cta &cta, const BulkCopy &copy, const Cta &to) {
  BulkCopy result = copy;
  result.to = counterpart(cta, copy.to, to);
  result.mbarrier = counterpart(cta, copy.mbarrier, to);
  return result;
}

static bool misuse(Warp &w, const Inst *i, unsigned lane, FaultKind kind,
                   const std::string &reason) {
  faultText(w, i, kind, 1u << lane, reason);
  return false;
}
bool checkMulticast(Warp &w, const Inst *i, unsigned lane, uint32_t mask) {
  size_t ctas = w.cta->cluster->ctas.size();
  std::string what = llvm::formatv("multicast mask {0:x}", mask);
  if (!mask)
    return misuse(w, i, lane, FaultKind::BadCluster, what + " names no CTA");
  if (mask >> ctas)
    return misuse(w, i, lane, FaultKind::BadCluster,
                  llvm::formatv("{0} names a CTA beyond the cluster, which has {1}: bits 0 to {2} "
                                "are possible",
                                what, ctas, ctas - 1));
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    if (uint32_t rank = uint32_t(__builtin_ctz(rest)); ctaOfRank(*w.cta, rank)->finished)
      return misuse(w, i, lane, FaultKind::Exited,
                    llvm::formatv("{0} names the CTA of rank {1}, which has exited; keep it alive "
                                  "with barrier.cluster.arrive and .wait at its end",
                                  what, rank));
  return true;
}
bool checkSameCta(Warp &w, const Inst *i, unsigned lane, const uint8_t *to,
                  const uint8_t *mbarrier) {
  uint32_t target = ownerOf(*w.cta, to).rank, signal = ownerOf(*w.cta, mbarrier).rank;
  if (target == signal)
    return true;
  return misuse(w, i, lane, FaultKind::BadCluster,
                llvm::formatv("the destination is in the CTA of rank {0}, the mbarrier in that of "
                              "rank {1}; both must be in one CTA (map both with mapa)",
                              target, signal));
}

/// The first copy that keeps `cta` from ending, or null.
static const BulkCopy *inFlight(const Cta &cta) {
  for (const auto &other : cta.cluster->ctas)
    for (const BulkCopy &copy : other->bulkLoads) {
      bool writes = other.get() == &cta, foreign = copy.warp && copy.warp->cta != &cta;
      if ((writes && foreign) || (!writes && copy.from && owns(cta, copy.from)))
        return &copy;
    }
  return nullptr;
}
bool checkNothingInFlight(Cta &cta) {
  const BulkCopy *copy = inFlight(cta);
  if (!copy)
    return true;
  bool writes = copy->warp->cta != &cta;
  misuse(
      *copy->warp, copy->inst, copy->lane, FaultKind::Exited,
      llvm::formatv("the CTA of rank {0} exits while this copy {1} its shared memory is in "
                    "flight; wait at the mbarrier, then barrier.cluster.arrive and .wait, before "
                    "its end",
                    cta.rank, writes ? "into" : "out of"));
  return false;
}

namespace {

/// imm: the generic window, or 0. The rank replaces that of the address. (A generic address of 32
/// bits has no room for the window.)
template <class T> const Inst *mapAddress(Warp &w, const Inst *i) {
  const T *a = slot<T>(w, i->op[1]);
  const uint32_t *rank = slot<uint32_t>(w, i->op[2]);
  uint32_t mask = lanesOf(w, i);
  T *d = slot<T>(w, i->op[0]);
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint64_t shared = (a[l] - uint64_t(i->imm)) & (kCtaWindowBytes - 1);
    // A rank that doesn't exist shows when the address is used.
    uint64_t tag = rank[l] < 255 ? rank[l] : 255;
    d[l] = T(uint64_t(i->imm) + (tag << kCtaWindowBits) + shared);
  }
  return i + 1;
}
template <class T> const Inst *rankOfAddress(Warp &w, const Inst *i) {
  const T *a = slot<T>(w, i->op[1]);
  uint32_t *d = slot<uint32_t>(w, i->op[0]);
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint64_t address = T(a[l] - T(i->imm)), rank = address >> kCtaWindowBits;
    if (rank >= w.cta->cluster->ctas.size())
      return fault(w, i, FaultKind::OutOfBounds, l, address, 1, Space::Shared);
    d[l] = uint32_t(rank);
  }
  return i + 1;
}

} // namespace

Handler clusterBarrierHandler(const Selection &s);
Handler remoteStoreHandler(const Selection &s);

namespace base {
Handler selectCluster(const Selection &s) {
  bool wide = s.t[0] == ScalarType::U64;
  int64_t window = has(s, Mod::sharedCluster) ? 0 : int64_t(kSharedWindow);
  switch (s.id) {
  case InstId::Mapa:
    s.imm = window;
    return wide ? mapAddress<uint64_t> : mapAddress<uint32_t>;
  case InstId::GetCtaRank:
    s.imm = window;
    return wide ? rankOfAddress<uint64_t> : rankOfAddress<uint32_t>;
  case InstId::BarrierClusterArrive:
  case InstId::BarrierClusterWait:
    return clusterBarrierHandler(s);
  default:
    return remoteStoreHandler(s);
  }
}
} // namespace base
} // namespace cosmati::ptxvm
