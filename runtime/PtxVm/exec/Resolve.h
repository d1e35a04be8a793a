//===- Resolve.h - From the addresses of a warp to host bytes -- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every access is checked: inside one buffer, aligned, writable for stores. One vector loop checks
// the common case, in which all lanes hit the same buffer, and finds on the way whether the lanes
// read one place or consecutive places. Lanes that are off take the first active lane's address.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Cluster.h"
#include "runtime/PtxVm/exec/Lanes.h"

namespace cosmati::ptxvm {
namespace {

struct Access {
  uintptr_t host; ///< lane l's bytes begin at host + offset[l]; see at()
  alignas(64) uint64_t offset[kLanes];
  bool
      contiguous; ///< all lanes on, each directly behind the one before (lanes that are off repeat)
  bool uniform;   ///< all active lanes at one place
};

/// Lane l's bytes, `bytes` further on.
inline uint8_t *at(const Access &x, unsigned l, size_t bytes = 0) {
  return reinterpret_cast<uint8_t *>(x.host + x.offset[l] + bytes);
}

template <class A> void loadAddresses(const A *a, int64_t imm, uint32_t mask, uint64_t *out) {
  if (mask == kFull) {
    COSMATI_VM_LANES out[l] = A(a[l] + A(imm));
    return;
  }
  A first = A(a[__builtin_ctz(mask)] + A(imm));
  COSMATI_VM_LANES out[l] = (mask >> l & 1) ? A(a[l] + A(imm)) : first;
}

/// All lanes at one place, or each directly behind the one before? The ends tell which to look for.
inline void findPattern(Access &x, uint32_t bytes) {
  uint64_t first = x.offset[0], span = x.offset[kLanes - 1] - first, differs = 0;
  x.contiguous = x.uniform = false;
  if (span == 0) {
    COSMATI_VM_LANES differs |= x.offset[l] ^ first;
    x.uniform = differs == 0;
  } else if (span == uint64_t(kLanes - 1) * bytes) {
    COSMATI_VM_LANES differs |= x.offset[l] ^ (first + uint64_t(l) * bytes);
    x.contiguous = differs == 0;
  }
}

/// bench/vm builds a machine that believes every address, to measure what checking them costs.
#ifdef COSMATI_VM_UNCHECKED
constexpr bool kUnchecked = true;
#else
constexpr bool kUnchecked = false;
#endif

/// Fills `x` from the addresses. True if every lane is inside [base, base + size) and aligned.
inline bool inside(const uint64_t *address, uint64_t base, uint64_t size, uint32_t bytes,
                   uint8_t *host, Access &x) {
  if (size < bytes)
    return false;
  uint64_t limit = size - bytes, wrong = 0;
  COSMATI_VM_LANES {
    uint64_t o = address[l] - base;
    x.offset[l] = o;
    if (!kUnchecked)
      wrong |= (address[l] & (bytes - 1)) | (o > limit ? 1 : 0);
  }
  x.host = reinterpret_cast<uintptr_t>(host);
  return wrong == 0;
}

/// The address register has 32 bits.
inline bool isNarrow(Way way) {
  return way == Way::Shared32 || way == Way::Cluster32 || way == Way::Local32 ||
         way == Way::Param32;
}

/// Host bytes for one generic-free address of `way`; null and `kind` if it is illegal.
inline uint8_t *resolveLane(Warp &w, Way way, uint64_t address, uint32_t bytes, bool write,
                            unsigned lane, FaultKind &kind) {
  kind = FaultKind::OutOfBounds;
  if (way == Way::Generic) {
    uint64_t window = address & ~(kWindowBytes - 1);
    way = window == kSharedWindow  ? Way::Cluster
          : window == kLocalWindow ? Way::Local
          : window == kParamWindow ? Way::Param
                                   : Way::Global;
    if (way != Way::Global)
      address -= window;
  }
  auto within = [&](uint64_t size) { return size >= bytes && address <= size - bytes; };
  switch (way) {
  case Way::Shared:
  case Way::Shared32:
    address -= w.sharedBase;
    return within(w.sharedBytes) ? w.shared + address : nullptr;
  case Way::Cluster:
  case Way::Cluster32:
    return clusterLane(w, address, bytes, kind);
  case Way::Local:
  case Way::Local32:
    return within(w.localStride) ? w.local + lane * w.localStride + address : nullptr;
  case Way::Param:
  case Way::Param32:
    return within(w.paramBytes) ? const_cast<uint8_t *>(w.params) + address : nullptr;
  default:
    break;
  }
  const RegionSlot *region = findRegion(w, address, bytes);
  if (!region)
    return nullptr;
  kind = FaultKind::ReadOnly;
  return write && !region->writable ? nullptr : region->host + (address - region->base);
}

/// Lane by lane: several buffers or spaces at once, or a fault to report.
inline bool resolveEach(Warp &w, const Inst *i, Way way, const uint64_t *address, uint32_t mask,
                        uint32_t bytes, bool write, Space space, Access &x) {
  x.host = 0;
  x.contiguous = x.uniform = false;
  uint8_t *some = nullptr;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    FaultKind kind = FaultKind::Misaligned;
    uint8_t *p =
        address[l] & (bytes - 1) ? nullptr : resolveLane(w, way, address[l], bytes, write, l, kind);
    if (!p) {
      fault(w, i, kind, l, address[l], bytes, space);
      return false;
    }
    x.offset[l] = reinterpret_cast<uint64_t>(p);
    some = p;
  }
  for (unsigned l = 0; l < kLanes; ++l)
    if (!(mask >> l & 1))
      x.offset[l] = reinterpret_cast<uint64_t>(some);
  return true;
}

inline bool resolveGlobal(Warp &w, const Inst *i, const uint64_t *address, uint32_t mask,
                          uint32_t bytes, bool write, Access &x) {
  uint64_t first = address[__builtin_ctz(mask)];
  const RegionSlot *region = &w.regions[(first >> 32) % kRegionSlots];
  if (first - region->base >= region->bytes) {
    region = findRegion(w, first, bytes);
    if (!region) // report through the lane-wise path
      return resolveEach(w, i, Way::Global, address, mask, bytes, write, Space::Global, x);
  }
  if (inside(address, region->base, region->bytes, bytes, region->host, x) &&
      (!write || region->writable)) {
    findPattern(x, bytes);
    return true;
  }
  return resolveEach(w, i, Way::Global, address, mask, bytes, write, Space::Global, x);
}
inline bool resolveFlat(Warp &w, const Inst *i, Way way, const uint64_t *address, uint32_t mask,
                        uint32_t bytes, bool write, uint8_t *host, uint64_t base, uint64_t size,
                        Space space, Access &x) {
  if (inside(address, base, size, bytes, host, x)) {
    findPattern(x, bytes);
    return true;
  }
  return resolveEach(w, i, way, address, mask, bytes, write, space, x);
}
/// Shared memory of any CTA of the cluster: the fast way for the own one.
inline bool resolveCluster(Warp &w, const Inst *i, const uint64_t *address, uint32_t mask,
                           uint32_t bytes, bool write, Access &x) {
  return resolveFlat(w, i, Way::Cluster, address, mask, bytes, write, w.shared, w.sharedBase,
                     w.sharedBytes, Space::Shared, x);
}
inline bool resolveLocal(Warp &w, const Inst *i, const uint64_t *address, uint32_t mask,
                         uint32_t bytes, bool write, Access &x) {
  if (!inside(address, 0, w.localStride, bytes, w.local, x))
    return resolveEach(w, i, Way::Local, address, mask, bytes, write, Space::Local, x);
  COSMATI_VM_LANES x.offset[l] += l * w.localStride;
  x.contiguous = x.uniform = false;
  return true;
}
inline bool resolveGeneric(Warp &w, const Inst *i, uint64_t *address, uint32_t mask, uint32_t bytes,
                           bool write, Access &x) {
  uint64_t window = address[__builtin_ctz(mask)] & ~(kWindowBytes - 1);
  uint64_t differs = 0;
  if (window < kSharedWindow) {
    COSMATI_VM_LANES differs |= address[l] >= kSharedWindow ? 1 : 0;
    if (!differs)
      return resolveGlobal(w, i, address, mask, bytes, write, x);
  } else {
    COSMATI_VM_LANES differs |= (address[l] ^ window) >= kWindowBytes ? 1 : 0;
    if (!differs && (window == kSharedWindow || window == kLocalWindow)) {
      COSMATI_VM_LANES address[l] -= window;
      return window == kSharedWindow ? resolveCluster(w, i, address, mask, bytes, write, x)
                                     : resolveLocal(w, i, address, mask, bytes, write, x);
    }
  }
  return resolveEach(w, i, Way::Generic, address, mask, bytes, write, Space::Generic, x);
}

/// Resolves [op[7] + imm] for the lanes of `mask` (not empty). False after a fault.
[[gnu::noinline]] inline bool resolve(Warp &w, const Inst *i, uint32_t mask, uint32_t bytes,
                                      bool write, Access &x) {
  Way way = Way(i->flags & kWayMask);
  alignas(64) uint64_t address[kLanes];
  int64_t imm = i->imm + (i->flags & kFrameRelative ? int64_t(w.localBase) : 0);
  if (isNarrow(way))
    loadAddresses(slot<uint32_t>(w, i->op[kAddressOp]), imm, mask, address);
  else
    loadAddresses(slot<uint64_t>(w, i->op[kAddressOp]), imm, mask, address);
  switch (way) {
  case Way::Global:
    return resolveGlobal(w, i, address, mask, bytes, write, x);
  case Way::Shared:
  case Way::Shared32:
    return resolveFlat(w, i, way, address, mask, bytes, write, w.shared, w.sharedBase,
                       w.sharedBytes, Space::Shared, x);
  case Way::Cluster:
  case Way::Cluster32:
    return resolveCluster(w, i, address, mask, bytes, write, x);
  case Way::Local:
  case Way::Local32:
    return resolveLocal(w, i, address, mask, bytes, write, x);
  case Way::Param:
  case Way::Param32:
    return resolveFlat(w, i, way, address, mask, bytes, write, const_cast<uint8_t *>(w.params), 0,
                       w.paramBytes, Space::Param, x);
  case Way::Generic:
    return resolveGeneric(w, i, address, mask, bytes, write, x);
  }
  return false;
}

} // namespace
} // namespace cosmati::ptxvm
