//===- Tensor.h - What the handlers of tensor copies share ----- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operands lie in Warp::vectorOps as exec/Async.h says. Copies: the address in shared memory (not
// of a prefetch), that of the mbarrier (loads), that of the tensor map, one coordinate per
// dimension, the mask of CTAs (multicast). Inst::n is the number of dimensions.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Async.h"
#include "runtime/PtxVm/TensorMap.h"
#include "runtime/PtxVm/exec/Async.h"

namespace cosmati::ptxvm {

/// Where a tensor map lies, and its 128 bytes; null after a fault. `way`: of the address.
uint8_t *tensorMapBytes(Warp &w, const Inst *i, unsigned lane, Way way, uint64_t address,
                        bool write);
/// The tensor map at a generic address, legal and of the instruction's rank; false after a fault.
bool readTensorMap(Warp &w, const Inst *i, unsigned lane, uint64_t address, TensorMapDesc &map);

/// One box of a tensor, as an instruction names it.
struct BoxRequest {
  TensorMapDesc map;
  uint64_t mapAddress = 0;
  std::array<int32_t, kMaxTensorRank> start{}; ///< coordinates of its first element
  uint32_t shared = 0;                         ///< offset of the box in shared memory
  bool store = false;                          ///< writes the tensor

  uint32_t rows() const; ///< runs along dimension 0
  uint32_t rowBytes() const { return map.boxDim[0] * tensorElementBytes(map.dataType); }
  /// Distance of rows in shared memory: a swizzled row takes a whole span.
  uint32_t pitch() const;
  uint32_t bytes() const { return rows() * rowBytes(); } ///< that complete_tx counts
};
/// Where the box's bytes lie on both sides; null after a fault.
std::shared_ptr<const TensorBox> layOutBox(Warp &w, const Inst *i, unsigned lane,
                                           const BoxRequest &request);

/// Moves a box to shared memory that begins at `shared`, or from it to the tensor.
void loadBox(const TensorBox &box, uint8_t *shared);
void storeBox(const TensorBox &box, const uint8_t *shared, BulkCopy::Reduction reduce);

namespace base {
Handler selectTensorMap(const Selection &s); ///< tensormap.*
} // namespace base

} // namespace cosmati::ptxvm
