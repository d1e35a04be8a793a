//===- Misc.cpp - fences, hints, policies ---------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Lanes.h"
#include <atomic>

namespace cosmati::ptxvm {
namespace {

const Inst *nothing(Warp &, const Inst *i) { return i + 1; }
const Inst *fence(Warp &, const Inst *i) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return i + 1;
}
/// A cache policy is an opaque value that no instruction here looks at.
const Inst *policy(Warp &w, const Inst *i) {
  Result<uint64_t> r(w, i, 0);
  uint64_t *out = r.data();
  COSMATI_VM_LANES out[l] = 0;
  r.finish();
  return i + 1;
}

} // namespace

namespace base {
Handler selectMisc(const Selection &s) {
  switch (s.id) {
  case InstId::Membar:
  case InstId::Fence:
  case InstId::FenceProxy:
  case InstId::FenceMbarrier:
  case InstId::FenceTensorMapRelease:
  case InstId::FenceTensorMapAcquire:
    return fence;
  case InstId::CreatePolicyFraction:
  case InstId::CreatePolicyCvt:
    return policy;
  case InstId::Prefetch:
  case InstId::Prefetchu:
  case InstId::ApplyPriority:
  case InstId::Discard:
  case InstId::GridDep:
  case InstId::PmEvent:
    return nothing;
  default:
    return nullptr;
  }
}
} // namespace base
} // namespace cosmati::ptxvm
