//===- Unchecked.cpp - a machine that believes addresses -----------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linked into ptxvm-run, it replaces the AVX2 loads, stores and matrix moves by their unchecked
// build before main begins. Only programs that are known to be right may run on it.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/PtxVm.h"
#include "runtime/PtxVm/exec/Isa.h"
#include "llvm/Support/ErrorHandling.h"

namespace cosmati::ptxvm {
namespace unchecked {
Handler selectMemory(const Selection &s);
Handler selectMatrix(const Selection &s);
} // namespace unchecked

static const bool replaced = [] {
  if (!setHostIsa("avx2"))
    llvm::report_fatal_error("the unchecked machine needs a processor with AVX2");
  static Isa isa = hostIsa();
  isa.name = "unchecked";
  isa.select[size_t(Family::Memory)] = unchecked::selectMemory;
  isa.select[size_t(Family::Matrix)] = unchecked::selectMatrix;
  useIsa(isa);
  return true;
}();

} // namespace cosmati::ptxvm
