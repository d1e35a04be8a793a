//===- Slots.h - Registers to slots of the frame -------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compilers give every value a register of its own; a warp's frame would be megabytes. Registers
// whose live ranges don't meet share a slot, which keeps a frame in the first cache level. Ranges
// are those of one thread along its path; since every lane writes only its own element of a slot,
// what other lanes do in the meantime does not matter.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Cfg.h"
#include "runtime/PtxVm/Decode.h"

namespace cosmati::ptxvm {

struct SlotAssignment {
  std::vector<uint32_t> registers; ///< byte offset by register; ~0 for unused ones
  std::vector<uint32_t> constants, specials;
  FrameLayout layout; ///< all but localBytes
  uint32_t numSlots = 0;
};

SlotAssignment assignSlots(const FunctionDraft &draft, const Cfg &cfg);

} // namespace cosmati::ptxvm
