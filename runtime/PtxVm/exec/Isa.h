//===- Isa.h -------------------------------------------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Exec.h"

#ifndef COSMATI_VM_ISA
#define COSMATI_VM_ISA base
#endif

namespace cosmati::ptxvm {

/// The best instruction set of this host, or the one forced by setHostIsa.
const Isa &hostIsa();
/// Makes `isa`, which must outlive all modules, the one that modules parsed from now on use.
void useIsa(const Isa &isa);

} // namespace cosmati::ptxvm
