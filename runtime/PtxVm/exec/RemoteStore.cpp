//===- RemoteStore.cpp - st.async, red.async ------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The values travel with the operation; they are written, and the transactions completed, when
// somebody waits at the mbarrier, like a bulk copy.
//
// The list: target, mbarrier, then the n values; imm: bytes of each, and for red.async the
// reduction (BulkOp, then the type from bit 8 on) plus one, from bit 8 on.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Async.h"
#include "runtime/PtxVm/exec/BulkReduce.h"
#include "runtime/PtxVm/exec/Mbarrier.h"
#include <cstring>

namespace cosmati::ptxvm {
namespace {

constexpr unsigned kTarget = 0, kMbarrier = 3, kValues = 6;

void collect(const Warp &w, const Inst *i, unsigned lane, uint32_t each, BulkCopy &copy) {
  auto *to = reinterpret_cast<uint8_t *>(copy.data.data());
  for (unsigned e = 0; e < i->n; ++e)
    std::memcpy(to + e * each, w.regs + listed(w, i, kValues + e) + lane * each, each);
}

void tellIssue(Warp &w, const Inst *i, unsigned lane, BulkCopy &copy) {
  Observer *observer = observerOf(w);
  if (!observer)
    return;
  copy.token = newTokens(*w.cta->launch);
  AsyncRange range{Space::Shared, &ownerOf(*w.cta, copy.to), sharedOffset(*w.cta, copy.to),
                   copy.bytes, true};
  observer->asyncIssue(
      {w, i, w.cta->launch->indexOf(i), lane, AsyncKind::RemoteStore, copy.token, range});
}

const Inst *storeRemote(Warp &w, const Inst *i) {
  uint32_t each = uint32_t(i->imm & 255);
  int64_t reduction = i->imm >> 8;
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    BulkCopy copy{};
    copy.bytes = each * i->n;
    copy.to = sharedBytes(w, i, l, listedAddress(w, i, kTarget, l), copy.bytes, copy.bytes);
    if (!copy.to)
      return nullptr;
    copy.mbarrier = sharedBytes(w, i, l, listedAddress(w, i, kMbarrier, l), 8, 8);
    if (!copy.mbarrier || !checkMbarrier(w, i, l, copy.mbarrier) ||
        !checkSameCta(w, i, l, copy.to, copy.mbarrier))
      return nullptr;
    collect(w, i, l, each, copy);
    if (reduction)
      copy.reduce =
          bulkReduction(BulkOp((reduction - 1) & 255), ScalarType((reduction - 1) >> 8 & 255));
    tellIssue(w, i, l, copy);
    queueArriving(w, i, l, copy);
  }
  return i + 1;
}

} // namespace

Handler remoteStoreHandler(const Selection &s) {
  if (s.id == InstId::StAsync)
    return storeRemote;
  bool reduces = s.id == InstId::RedAsyncB || s.id == InstId::RedAsyncAdd ||
                 s.id == InstId::RedAsyncMinMax || s.id == InstId::RedAsyncIncDec;
  return reduces && bulkReduction(bulkOpOf(s), s.t[0]) ? storeRemote : nullptr;
}

} // namespace cosmati::ptxvm
