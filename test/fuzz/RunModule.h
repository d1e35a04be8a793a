//===- RunModule.h - Load and run any PTX within bounds -------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"

namespace vmfuzz {

/// What became of a text.
struct Outcome {
  bool loaded = false;
  unsigned launches = 0; ///< entries that began to run
  unsigned finished = 0; ///< of these, how many ended without a finding
};

/// Parses `ptx` and, when that succeeds, runs its first entries over a tiny grid with pointers to a
/// small buffer, a bounded number of instructions and one host thread. Whatever the text: returns.
Outcome runModule(llvm::StringRef ptx);

} // namespace vmfuzz
