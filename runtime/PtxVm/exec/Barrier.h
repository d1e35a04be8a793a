//===- Barrier.h - Flags of barrier instructions -------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace cosmati::ptxvm {

enum : uint16_t {
  kBarrierCounted = 1, ///< op[2] holds a thread count
  kBarrierArrive = 2,  ///< arrive without waiting
  kBarrierPopc = 4,
  kBarrierAnd = 8,
  kBarrierOr = 16,
};

} // namespace cosmati::ptxvm
