//===- InstTable.h - Matching instructions against the table -- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/PtxVm.h"
#include "runtime/PtxVm/Syntax.h"
#include "runtime/PtxVm/Types.h"
#include "runtime/PtxVm/exec/Exec.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <vector>

namespace cosmati::ptxvm {

/// What an operand must be; see Instructions.td.
struct OperandRule {
  enum Kind : uint8_t {
    Typed,
    Wide,
    Relaxed,
    Predicate,
    NegatablePredicate,
    PredicatePair,
    WithPredicate,
    Immediate,
    Carry
  };
  Kind kind = Typed;
  bool destination = false;
  bool optional = false;
  int8_t typeIndex = -1; ///< t, t1, t2; -1: `fixed`
  ScalarType fixed = ScalarType::None;
};

/// One row of the table.
struct InstForm {
  InstId id;
  Family family;
  InstClass cls;
  llvm::StringRef syntax, operandText;
  llvm::StringRef opcode;
  using Group = ModifierGroup;
  std::vector<Group> groups; ///< modifiers in order
  std::vector<OperandRule> operands;
  bool customOperands = false;
};

/// A row and the choices made.
struct InstMatch {
  const InstForm *form = nullptr;
  ScalarType types[3] = {};
  uint64_t mods[2] = {};
  bool has(Mod m) const { return mods[unsigned(m) / 64] >> (unsigned(m) % 64) & 1; }
};

/// All rows, in the order of Instructions.td.
llvm::ArrayRef<InstForm> instructionForms();

/// Finds the row for `opcode` with `mods`. On failure `reason` says why PTX's instruction is
/// rejected, or names the first modifier that no row accepts at its place.
bool matchInstruction(llvm::StringRef opcode, llvm::ArrayRef<llvm::StringRef> mods,
                      InstMatch &match, std::string &reason);

} // namespace cosmati::ptxvm
