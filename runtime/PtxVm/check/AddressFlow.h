//===- AddressFlow.h - Registers on their way to addresses ---- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checkers that keep something with each register ("this is wrong", "this points into that
// variable") care only for registers that may reach the address of an access. This finds their
// slots: backwards from the accesses, over the instructions that the checker's rules let its mark
// pass. Registers share slots, so some are found that never reach an address; what is kept with a
// slot is replaced by whatever writes it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/check/Observed.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace cosmati::ptxvm {

/// What a checker's mark does at an instruction.
struct FlowRule {
  uint8_t kind = 0;    ///< the checker's own; 0: destinations lose their marks
  uint8_t sources = 0; ///< bit k: a mark may come from Inst::op[k]
};

/// The tracked slots that an instruction uses, by their numbers.
struct Flow {
  static constexpr uint16_t kNone = 0xffff;
  uint8_t kind = 0;
  bool used = false;      ///< has to be watched
  bool everyLane = false; ///< also writes for lanes that meet the running ones
  std::array<uint16_t, 4> source{kNone, kNone, kNone, kNone}; ///< by operand: op[k]
  uint16_t address = kNone;                                   ///< of the access that it makes
  llvm::SmallVector<uint16_t, 1> destinations;
};

struct AddressFlow {
  std::vector<Flow> flows;       ///< by instruction
  std::vector<uint32_t> numbers; ///< by function: how many slots are tracked
};

/// The slot that holds the base of the address at which the instruction accesses memory; ~0: none.
using AddressSlot = llvm::function_ref<uint32_t(const Inst &, const InstInfo &)>;

AddressFlow findAddressFlow(const ObservedCode &code, const Program &program,
                            llvm::function_ref<FlowRule(const Inst &, const InstInfo &)> rule,
                            AddressSlot addressSlot);

/// The lanes for which the instruction takes effect.
uint32_t effectiveLanes(const Warp &w, const Inst *i);

} // namespace cosmati::ptxvm
