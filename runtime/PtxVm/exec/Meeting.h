//===- Meeting.h - Waiting for other lanes of the warp -------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Exec.h"

namespace cosmati::ptxvm {

/// Tries to gather the lanes `need` at `i`. If all of them wait here already, they join the running
/// split and the result is true; after the operation `part` must follow. Otherwise the running
/// split is parked, the warp stopped, and the result is false: return null from the handler.
bool meet(Warp &w, const Inst *i, uint32_t need);

/// Ends a joint operation: everyone goes on behind `i`. Returns the next instruction.
const Inst *part(Warp &w, const Inst *i);

} // namespace cosmati::ptxvm
