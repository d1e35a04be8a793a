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
#include <memory>
#include <vector>

namespace cosmati::ptxvm {

struct Warp;
struct Inst;

/// One cp.async (or its arrival at an mbarrier), for the lanes of a warp that executed it.
struct AsyncCopy {
  uint32_t lanes = 0; ///< for which it is still to be done
  uint32_t bytes = 0; ///< written; 0: an arrival at the mbarrier `to`
  std::array<uint8_t *, 32> to;
  std::array<const uint8_t *, 32> from;
  std::array<uint8_t, 32> take;   ///< bytes read; the rest is written as zero
  std::array<uint32_t, 32> group; ///< number of the lane's group
  uint64_t token = 0;             ///< for observers: lane l's is token + l
  uint32_t moved = 0;             ///< lanes whose bytes have been copied before anybody waited
};

/// The elements of a tensor that cp.async.bulk.tensor moves, in pieces that are contiguous on both
/// sides.
struct TensorBox {
  struct Piece {
    uint32_t shared; ///< offset in the CTA's shared memory
    uint32_t bytes;
    uint8_t *host;   ///< in the tensor; null: outside of it, filled by loads
    uint64_t global; ///< virtual address of `host`
  };
  std::vector<Piece> pieces;
  uint16_t fill = 0;      ///< what every 16 bits outside of the tensor get
  bool roundTf32 = false; ///< loads round 32-bit elements to tf32
};

/// One cp.async.bulk: either it completes transactions at an mbarrier, or it is in a bulk group of
/// its thread.
struct BulkCopy {
  using Reduction = void (*)(uint8_t *to, const uint8_t *from, uint32_t bytes);
  uint8_t *to;
  const uint8_t *from;
  uint32_t bytes;
  uint8_t *mbarrier;              ///< null: in a group
  uint32_t lane = 0;              ///< of the thread that issued it
  uint32_t group = 0;             ///< groups: its number
  Reduction reduce = nullptr;     ///< combines with what is there; null: overwrites
  uint64_t token = 0;             ///< for observers
  std::array<uint64_t, 4> data{}; ///< what st.async and red.async write, when `from` is null
  Warp *warp = nullptr;           ///< who issued it, for copies with an mbarrier
  const Inst *inst = nullptr;
  std::shared_ptr<const TensorBox> box = nullptr; ///< of a tensor copy; its side in shared memory
                                                  ///< is counted from `to` or `from`
  bool moved = false;    ///< groups: the bytes have been copied before anybody waited
  bool readTold = false; ///< observers know that its reads are done
};

struct AsyncCopies {
  std::vector<AsyncCopy> queue;          ///< in order of issue
  std::array<uint32_t, 32> committed{};  ///< groups each lane has committed
  std::vector<BulkCopy> stores;          ///< in order of issue
  std::array<uint32_t, 32> bulkGroups{}; ///< bulk groups each lane has committed
};

} // namespace cosmati::ptxvm
