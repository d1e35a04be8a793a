//===- Banks.h - Sectors and bank conflicts of one access ------ -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>

namespace cosmati::ptxvm {

struct Passes {
  uint64_t actual = 0, ideal = 0;
};

/// Passes of one shared-memory access by the rule in Profile.h. `address`: by lane, in bytes; only
/// those of `lanes` are read. `bytes`: per lane.
Passes sharedPasses(const uint64_t *address, uint32_t lanes, uint32_t bytes);

/// Sectors of 32 bytes that one global access touches, each once, and how many would do.
Passes globalSectors(const uint64_t *address, uint32_t lanes, uint32_t bytes,
                     llvm::function_ref<void(uint64_t sector)> visit);

} // namespace cosmati::ptxvm
