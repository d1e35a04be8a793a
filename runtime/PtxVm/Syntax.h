//===- Syntax.h - The syntax column of the instruction table --- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Read by the machine when it matches instructions and by the generator of the table's pages; see
// Instructions.td for the notation. All strings are slices of the text that was parsed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace cosmati::ptxvm {

/// Modifiers of which one is chosen; alternatives may be sequences ("xorsign.abs").
struct ModifierGroup {
  bool optional = false;
  llvm::SmallVector<llvm::SmallVector<llvm::StringRef, 1>, 4> alternatives;
};

/// "fma.(rn|rz)[.ftz].f32": the opcode and its groups in order.
struct Syntax {
  llvm::StringRef opcode;
  std::vector<ModifierGroup> groups;
};

/// Parses `text`. A text that breaks the notation leaves `error` filled.
Syntax parseSyntax(llvm::StringRef text, std::string &error);

} // namespace cosmati::ptxvm
