//===- HostIsa.cpp - choice of the host's instruction set -----------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/PtxVm.h"
#include "runtime/PtxVm/exec/Isa.h"
#include <atomic>

namespace cosmati::ptxvm {
namespace base {
extern const Isa isa;
}
#ifdef COSMATI_VM_X86
namespace avx2 {
extern const Isa isa;
}
namespace avx512 {
extern const Isa isa;
}
#endif
} // namespace cosmati::ptxvm

using namespace cosmati::ptxvm;

namespace {
bool supports(llvm::StringRef name) {
  if (name == "base")
    return true;
#ifdef COSMATI_VM_X86
  __builtin_cpu_init();
  bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
            __builtin_cpu_supports("bmi2");
  if (name == "avx2")
    return v3;
  if (name == "avx512")
    return v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
  return false;
}
const Isa *best() {
#ifdef COSMATI_VM_X86
  if (supports("avx512"))
    return &avx512::isa;
  if (supports("avx2"))
    return &avx2::isa;
#endif
  return &base::isa;
}
std::atomic<const Isa *> chosen{nullptr};
} // namespace

const Isa &cosmati::ptxvm::hostIsa() {
  const Isa *isa = chosen.load();
  if (!isa) {
    isa = best();
    chosen = isa;
  }
  return *isa;
}

void cosmati::ptxvm::useIsa(const Isa &isa) { chosen = &isa; }

llvm::StringRef cosmati::ptxvm::hostIsaName() { return hostIsa().name; }

bool cosmati::ptxvm::setHostIsa(llvm::StringRef name) {
  if (!supports(name))
    return false;
  const Isa *isa = &base::isa;
#ifdef COSMATI_VM_X86
  isa = name == "avx512" ? &avx512::isa : name == "avx2" ? &avx2::isa : isa;
#endif
  chosen = isa;
  return true;
}
