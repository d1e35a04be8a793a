//===- Warpgroup.h - Warpgroup matrix operations in flight ----- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A wgmma.mma_async does nothing but join the queue of its warp. It happens, for all four warps of
// the warpgroup, when the first of them waits for its group: that is late enough for a missing wait
// to show as old accumulators and for memory that is overwritten too early to show as wrong
// products, and early enough for one warp's wait to promise that the operation as a whole is
// complete. A warp that waits for an operation that another one has yet to issue is parked. A log
// per warpgroup checks that all four execute the same instructions.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Wgmma.h"
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cosmati::ptxvm {

/// What a warp has in flight.
struct WgmmaQueue {
  std::vector<WgmmaOp> pending; ///< not waited for, in order of issue
  uint64_t issued = 0;          ///< operations
  uint32_t committed = 0;       ///< groups
  uint64_t executed = 0;        ///< wgmma instructions so far, for the warpgroup's log
  bool fenced = false;          ///< there was a wgmma.fence
  /// Registers touched since the last fence, and by what; only those that WgmmaFlow found suspect.
  std::vector<std::pair<const uint8_t *, const Inst *>> touched;
};

/// One instruction of a warpgroup, as the first warp there executed it.
struct WgmmaStep {
  const Inst *inst;
  uint64_t a, b;
  bool accumulate;
  uint8_t passed; ///< warps that have executed it
  uint32_t warp;  ///< the first one
};
struct Warpgroup {
  std::deque<WgmmaStep> steps; ///< not yet executed by all four
  uint64_t first = 0;          ///< number of steps.front()
  /// When observed: by operation the tokens of its four parts.
  std::vector<std::array<uint64_t, 4>> tokens;
};

/// A matrix B that was unpacked for one warp and serves the next ones while its bytes don't change.
struct WgmmaBlock {
  std::unique_ptr<uint8_t[]> memory;
  WgmmaBytes matrix;
  uint64_t kind = ~uint64_t(0);
};

/// A CTA's part; made at its first wgmma.
struct Warpgroups {
  std::vector<Warpgroup> groups;
  std::array<WgmmaBlock, 8> blocks;
};

/// Records a fault of kind "wgmma"; returns null. (MatrixOnce.cpp)
const Inst *wgmmaFault(Warp &w, const Inst *i, uint32_t lanes, const std::string &reason);

} // namespace cosmati::ptxvm
