//===- Async.h - Asynchronous copies in flight ---------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cp.async does nothing but join a queue. It reads and writes when something demands that it be
// complete: a wait_group or wait_all of its thread, or a wait at the mbarrier that it arrives at.
// That is the latest moment which PTX allows, so that a wait that is missing shows.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace cosmati::ptxvm {

/// One cp.async (or its arrival at an mbarrier), for the lanes of a warp that executed it.
struct AsyncCopy {
  uint32_t lanes = 0; ///< for which it is still to be done
  uint32_t bytes = 0; ///< written; 0: an arrival at the mbarrier `to`
  std::array<uint8_t *, 32> to;
  std::array<const uint8_t *, 32> from;
  std::array<uint8_t, 32> take;   ///< bytes read; the rest is written as zero
  std::array<uint32_t, 32> group; ///< number of the lane's group
};

/// One cp.async.bulk: either it completes transactions at an mbarrier, or it is in a bulk group of
/// its thread.
struct BulkCopy {
  using Reduction = void (*)(uint8_t *to, const uint8_t *from, uint32_t bytes);
  uint8_t *to;
  const uint8_t *from;
  uint32_t bytes;
  uint8_t *mbarrier;          ///< null: in a group
  uint32_t lane = 0;          ///< groups: of the thread
  uint32_t group = 0;         ///< groups: its number
  Reduction reduce = nullptr; ///< combines with what is there; null: overwrites
};

struct AsyncCopies {
  std::vector<AsyncCopy> queue;          ///< in order of issue
  std::array<uint32_t, 32> committed{};  ///< groups each lane has committed
  std::vector<BulkCopy> stores;          ///< in order of issue
  std::array<uint32_t, 32> bulkGroups{}; ///< bulk groups each lane has committed
};

} // namespace cosmati::ptxvm
