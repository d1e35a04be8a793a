//===- Async.h - Operand lists of asynchronous instructions --- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// These instructions have several addresses, so all their operands lie in Warp::vectorOps, from
// Inst::aux on: an address takes three places (its base in 32 or in 64 bits, the other one being
// zero, and a constant offset), anything else one.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Resolve.h"

namespace cosmati::ptxvm {

/// Inst::flags: the shared address is a generic one; it may be another CTA's of the cluster.
inline constexpr uint16_t kGenericAddress = 1, kClusterAddress = 16;
/// Copies with .multicast::cluster: the last operand is the mask of CTAs.
inline constexpr uint16_t kMulticast = 32;
/// cp.async: the last operand is the ignore-src predicate.
inline constexpr uint16_t kIgnoreSource = 2;
/// mbarrier: there is a state to write, a count.
inline constexpr uint16_t kHasState = 2, kHasCount = 4, kParity = 8;

namespace {

inline uint32_t listed(const Warp &w, const Inst *i, unsigned k) { return w.vectorOps[i->aux + k]; }
inline uint64_t listedAddress(const Warp &w, const Inst *i, unsigned k, unsigned lane) {
  return slot<uint64_t>(w, listed(w, i, k))[lane] + slot<uint32_t>(w, listed(w, i, k + 1))[lane] +
         slot<uint64_t>(w, listed(w, i, k + 2))[lane];
}
/// The bytes at a shared (or, by flag, generic) address of this CTA (or, by flag, of the cluster);
/// null after a fault.
inline uint8_t *sharedBytes(Warp &w, const Inst *i, unsigned lane, uint64_t address, uint32_t bytes,
                            uint32_t alignment) {
  if (i->flags & kGenericAddress)
    address -= kSharedWindow;
  else
    address = uint32_t(address);
  bool aligned = address % alignment == 0;
  uint64_t offset = address - w.sharedBase;
  if (aligned && w.sharedBytes >= bytes && offset <= w.sharedBytes - bytes)
    return w.shared + offset;
  if (i->flags & kClusterAddress)
    return clusterBytes(w, i, lane, address, bytes, alignment);
  fault(w, i, aligned ? FaultKind::OutOfBounds : FaultKind::Misaligned, lane, address,
        aligned ? bytes : alignment, Space::Shared);
  return nullptr;
}

} // namespace
} // namespace cosmati::ptxvm
