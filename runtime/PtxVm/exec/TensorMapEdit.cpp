//===- TensorMapEdit.cpp - tensormap.*, prefetch.tensormap ----------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// tensormap.replace changes one field; whether the map is legal is looked at when a copy uses it,
// because several fields may have to change together.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Meeting.h"
#include "runtime/PtxVm/exec/Tensor.h"
#include <cstring>

namespace cosmati::ptxvm {
namespace {

/// The way of the address, in Inst::flags.
Way wayOf(const Inst *i) { return Way(i->flags & kWayMask); }
uint64_t addressIn(Warp &w, const Inst *i, Way way, unsigned place, unsigned lane) {
  uint64_t address = listedAddress(w, i, place, lane);
  return way == Way::Shared ? uint32_t(address) : address;
}

void tellAccess(Warp &w, const Inst *i, unsigned lane, AccessKind kind, Way way, uint64_t address) {
  Observer *observer = observerOf(w);
  if (!observer)
    return;
  if (way == Way::Generic && address >= kSharedWindow) {
    if ((address & ~(kWindowBytes - 1)) != kSharedWindow)
      return; // parameters
    way = Way::Shared;
    address -= kSharedWindow;
  }
  alignas(64) uint64_t addresses[kLanes];
  addresses[lane] = address;
  observer->access({w, i, w.cta->launch->indexOf(i), kind, MemoryOrder::Weak, Scope::Cta,
                    way == Way::Shared ? Space::Shared : Space::Global, w.cta, 1u << lane,
                    sizeof(TensorMap), addresses});
}

/// List: address, value. n: the field; imm: the ordinal.
const Inst *replaceField(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    auto field = TensorMapField(i->n);
    uint64_t address = addressIn(w, i, wayOf(i), 0, l);
    uint8_t *bytes = tensorMapBytes(w, i, l, wayOf(i), address, /*write=*/true);
    if (!bytes)
      return nullptr;
    bool wide = field == TensorMapField::GlobalAddress || field == TensorMapField::GlobalStride;
    uint64_t value =
        wide ? slot<uint64_t>(w, listed(w, i, 3))[l] : slot<uint32_t>(w, listed(w, i, 3))[l];
    replaceTensorMapField(bytes, field, unsigned(i->imm), value);
    tellAccess(w, i, l, AccessKind::ReadWrite, wayOf(i), address);
  }
  return i + 1;
}

/// List: global address, shared address. One copy for the warp, whose lanes agree on both.
const Inst *copyMap(Warp &w, const Inst *i) {
  bool joint = w.active != w.live;
  if (joint && !meet(w, i, w.live))
    return nullptr;
  unsigned l = unsigned(__builtin_ctz(w.active));
  uint64_t to = addressIn(w, i, Way::Global, 0, l), from = addressIn(w, i, Way::Shared, 3, l);
  for (uint32_t rest = w.active; rest; rest &= rest - 1) {
    unsigned other = unsigned(__builtin_ctz(rest));
    if (addressIn(w, i, Way::Global, 0, other) == to &&
        addressIn(w, i, Way::Shared, 3, other) == from)
      continue;
    faultText(w, i, FaultKind::Convergence, 1u << other,
              "lanes " + std::to_string(l) + " and " + std::to_string(other) +
                  " of the warp give different addresses; all give the same");
    return nullptr;
  }
  const uint8_t *source = tensorMapBytes(w, i, l, Way::Shared, from, /*write=*/false);
  if (!source)
    return nullptr;
  FaultKind kind = FaultKind::Misaligned;
  uint8_t *target =
      to % 64 ? nullptr : resolveLane(w, Way::Global, to, sizeof(TensorMap), true, l, kind);
  if (!target)
    return fault(w, i, kind, l, to, kind == FaultKind::Misaligned ? 64 : sizeof(TensorMap),
                 Space::Global);
  std::memcpy(target, source, sizeof(TensorMap));
  tellAccess(w, i, l, AccessKind::Read, Way::Shared, from);
  tellAccess(w, i, l, AccessKind::Write, Way::Global, to);
  if (Observer *observer = observerOf(w))
    observer->fence(w, i, w.active, FenceKind::OtherProxy, MemoryOrder::Release,
                    scopeOf(w.cta->launch->infoOf(i)));
  return joint ? part(w, i) : i + 1;
}

/// List: address. Checks that there is a tensor map.
const Inst *prefetchMap(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    Way way = wayOf(i);
    if (!tensorMapBytes(w, i, l, way, listedAddress(w, i, 0, l), /*write=*/false))
      return nullptr;
  }
  return i + 1;
}

} // namespace

namespace base {
Handler selectTensorMap(const Selection &s) {
  switch (s.id) {
  case InstId::TensorMapAddress:
  case InstId::TensorMapRank:
  case InstId::TensorMapOrdinal:
  case InstId::TensorMapStride:
  case InstId::TensorMapMode:
    return replaceField;
  case InstId::TensorMapCopyFence:
    return copyMap;
  case InstId::TensorMapPrefetch:
    return prefetchMap;
  default:
    return nullptr;
  }
}
} // namespace base
} // namespace cosmati::ptxvm
