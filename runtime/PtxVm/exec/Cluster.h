//===- Cluster.h - CTAs of a cluster reach each other ---------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An address in .shared::cluster is rank * 16 MiB + offset. A CTA's own shared memory therefore
// begins at Warp::sharedBase, and its .shared::cta addresses are valid in the whole cluster, as on
// hardware. A launch without clusters has clusters of one CTA, of rank 0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Exec.h"

namespace cosmati::ptxvm {

struct BulkCopy;

/// The CTA of this rank in the cluster of `cta`; null if the cluster has fewer.
Cta *ctaOfRank(const Cta &cta, uint32_t rank);
/// The CTA of the cluster in whose shared memory these host bytes lie.
Cta &ownerOf(Cta &cta, const uint8_t *bytes);
/// Offset of these host bytes in the shared memory of the CTA that owns them.
uint32_t sharedOffset(Cta &cta, const uint8_t *bytes);
/// The host bytes of `to` at the same offset as `bytes` in their owner's shared memory.
uint8_t *counterpart(Cta &cta, const uint8_t *bytes, const Cta &to);

/// Host bytes at a .shared::cluster address (without the generic window); null and `kind` if there
/// are none, or their CTA has exited. Alignment is the caller's business.
uint8_t *clusterLane(Warp &w, uint64_t address, uint32_t bytes, FaultKind &kind);
/// The same with alignment; null after a fault, which it reports.
uint8_t *clusterBytes(Warp &w, const Inst *i, unsigned lane, uint64_t address, uint32_t bytes,
                      uint32_t alignment);

/// Queues a copy that completes transactions at copy.mbarrier, with the CTA that has it.
void queueArriving(Warp &w, const Inst *i, unsigned lane, BulkCopy copy);
/// A multicast copy as the CTA `to` gets it: copy.to and copy.mbarrier at the same offsets in its
/// shared memory. To be queued for each CTA of the mask.
BulkCopy copyFor(Cta &cta, const BulkCopy &copy, const Cta &to);

/// Checks a .multicast::cluster mask (bit r: the CTA of rank r): not empty, no rank beyond the
/// cluster, no CTA that has exited. False after a fault, which it reports.
bool checkMulticast(Warp &w, const Inst *i, unsigned lane, uint32_t mask);
/// Checks that a destination and its mbarrier lie in one CTA; false after a fault.
bool checkSameCta(Warp &w, const Inst *i, unsigned lane, const uint8_t *to,
                  const uint8_t *mbarrier);

} // namespace cosmati::ptxvm
