//===- Control.h - Control flow handlers the decoder asks for by name -- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Exec.h"

namespace cosmati::ptxvm {

struct CallSite;

/// The pseudo instruction at the end of a block that just goes on: op[0] is the next block.
Handler fallThroughHandler();
/// mov from a clock: op[0] is the destination, aux the Special.
const Inst *readClock(Warp &w, const Inst *i);
/// vprintf and __assertfail; the decoder has checked the number of arguments. Returns the next
/// instruction or null after a fault.
const Inst *callBuiltin(Warp &w, const Inst *i, const CallSite &site);

} // namespace cosmati::ptxvm
