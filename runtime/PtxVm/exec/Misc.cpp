//===- Misc.cpp - fences, hints, policies ---------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Lanes.h"
#include <atomic>

namespace cosmati::ptxvm {
namespace {

const Inst *nothing(Warp &, const Inst *i) { return i + 1; }
FenceKind fenceKind(const InstInfo &info) {
  switch (info.match.form->id) {
  case InstId::FenceProxy:
    return !info.match.has(Mod::async)   ? FenceKind::OtherProxy
           : info.match.has(Mod::global) ? FenceKind::ProxyAsyncGlobal
           : info.match.has(Mod::sharedCta) || info.match.has(Mod::sharedCluster)
               ? FenceKind::ProxyAsyncShared
               : FenceKind::ProxyAsync;
  case InstId::FenceProxyGeneric:
    return FenceKind::ProxyAsyncShared;
  case InstId::FenceTensorMapRelease:
  case InstId::FenceTensorMapAcquire:
    return FenceKind::OtherProxy;
  case InstId::FenceMbarrier:
    return FenceKind::MbarrierInit;
  default:
    return FenceKind::Memory;
  }
}
const Inst *fence(Warp &w, const Inst *i) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (Observer *observer = observerOf(w)) {
    const InstInfo &info = w.cta->launch->infoOf(i);
    observer->fence(w, i, lanesOf(w, i), fenceKind(info), orderOf(info), scopeOf(info));
  }
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

/// lop3 with a predicate: d|p, a, b, c, table (imm), q; p = (d != 0) op q.
template <bool And> const Inst *lop3Bool(Warp &w, const Inst *i) {
  const uint32_t *a = slot<uint32_t>(w, i->op[2]), *b = slot<uint32_t>(w, i->op[3]),
                 *c = slot<uint32_t>(w, i->op[4]);
  uint32_t q = predicate(w, i->op[5]) ^ (i->flags & kNegatedPredicate ? kFull : 0), nonzero = 0;
  alignas(64) uint32_t d[kLanes];
  for (unsigned l = 0; l < kLanes; ++l) {
    uint32_t v = 0;
    for (unsigned row = 0; row < 8; ++row)
      if (i->imm >> row & 1)
        v |= (row & 4 ? a[l] : ~a[l]) & (row & 2 ? b[l] : ~b[l]) & (row & 1 ? c[l] : ~c[l]);
    d[l] = v;
    nonzero |= uint32_t(v != 0) << l;
  }
  uint32_t lanes = lanesOf(w, i);
  blend(slot<uint32_t>(w, i->op[0]), static_cast<const uint32_t *>(d), lanes);
  setPredicate(w, i->op[1], And ? nonzero & q : nonzero | q, lanes);
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
  case InstId::FenceRestrict:
  case InstId::FenceProxyGeneric:
  case InstId::FenceTensorMapRelease:
  case InstId::FenceTensorMapAcquire:
    return fence;
  case InstId::Lop3Bool:
    return has(s, Mod::and_) ? lop3Bool<true> : lop3Bool<false>;
  case InstId::CreatePolicyFraction:
  case InstId::CreatePolicyRange:
  case InstId::CreatePolicyCvt:
    return policy;
  case InstId::Prefetch:
  case InstId::Prefetchu:
  case InstId::ApplyPriority:
  case InstId::Discard:
  case InstId::GridDep:
  case InstId::SetMaxNReg: // registers are not scarce here
  case InstId::PmEvent:
    return nothing;
  default:
    return nullptr;
  }
}
} // namespace base
} // namespace cosmati::ptxvm
