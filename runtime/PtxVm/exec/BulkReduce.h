//===- BulkReduce.h - Reductions of bulk and tensor copies ----- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Async.h"
#include "runtime/PtxVm/exec/Lanes.h"

namespace cosmati::ptxvm {

enum class BulkOp : uint8_t { Add, Min, Max, Inc, Dec, And, Or, Xor };

/// The function that combines arrays of `type` element by element, each an atomic operation; null
/// where PTX defines none. `flush`: f32 operands and results that are subnormal count as zero.
BulkCopy::Reduction bulkReduction(BulkOp op, ScalarType type, bool flush = false);

namespace {
/// The operation that an instruction names.
inline BulkOp bulkOpOf(const Selection &s) {
  return has(s, Mod::add)    ? BulkOp::Add
         : has(s, Mod::min)  ? BulkOp::Min
         : has(s, Mod::max)  ? BulkOp::Max
         : has(s, Mod::inc)  ? BulkOp::Inc
         : has(s, Mod::dec)  ? BulkOp::Dec
         : has(s, Mod::and_) ? BulkOp::And
         : has(s, Mod::or_)  ? BulkOp::Or
                             : BulkOp::Xor;
}
} // namespace
} // namespace cosmati::ptxvm
