//===- Observed.cpp - wrappers around handlers ----------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observed.h"
#include "runtime/PtxVm/exec/Resolve.h"

using namespace cosmati::ptxvm;

ObservedCode::ObservedCode(const Program &program)
    : code(program.code), original(program.code.size()), accesses(program.code.size()) {
  for (size_t k = 0; k < code.size(); ++k)
    original[k] = code[k].fn;
  for (const BlockInfo &block : program.blocks)
    blockStart.push_back(code.data() + block.first);
}

void ObservedCode::wrap(uint32_t instruction, Handler wrapper) {
  original[instruction] = code[instruction].fn;
  code[instruction].fn = wrapper;
}
void ObservedCode::wrap(uint32_t instruction, Handler wrapper, Layer layer) {
  std::vector<Handler> &handlers = below[size_t(layer)];
  handlers.resize(code.size());
  handlers[instruction] = code[instruction].fn;
  code[instruction].fn = wrapper;
}

void cosmati::ptxvm::addressesOf(Warp &w, const Inst *i, uint32_t mask, uint64_t *address) {
  Way way = Way(i->flags & kWayMask);
  int64_t imm = i->imm + (i->flags & kFrameRelative ? int64_t(w.localBase) : 0);
  if (isNarrow(way))
    loadAddresses(slot<uint32_t>(w, i->op[kAddressOp]), imm, mask, address);
  else
    loadAddresses(slot<uint64_t>(w, i->op[kAddressOp]), imm, mask, address);
}

namespace {

/// Reports shared memory, CTA by CTA of the cluster.
template <class Send> void sendShared(Cta &cta, AccessEvent &event, uint64_t *address, Send send) {
  uint32_t rest = event.lanes;
  while (rest) {
    uint64_t rank = address[__builtin_ctz(rest)] >> kCtaWindowBits;
    uint32_t same = 0;
    for (uint32_t m = rest; m; m &= m - 1)
      if (unsigned l = unsigned(__builtin_ctz(m)); address[l] >> kCtaWindowBits == rank) {
        address[l] &= kCtaWindowBytes - 1;
        same |= 1u << l;
      }
    rest &= ~same;
    event.owner = ctaOfRank(cta, uint32_t(rank));
    send(Space::Shared, same);
  }
  event.owner = &cta;
}

/// Reports the lanes of one space; lanes of parameter memory are nobody's business.
void tell(Observer &observer, AccessEvent event, Way way, uint64_t *address) {
  auto send = [&](Space space, uint32_t lanes) {
    if (!lanes)
      return;
    event.space = space;
    event.lanes = lanes;
    observer.access(event);
  };
  switch (way) {
  case Way::Global:
    return send(Space::Global, event.lanes);
  case Way::Shared:
  case Way::Shared32:
  case Way::Cluster:
  case Way::Cluster32:
    return sendShared(*event.warp.cta, event, address, send);
  case Way::Local:
  case Way::Local32:
    return send(Space::Local, event.lanes);
  case Way::Param:
  case Way::Param32:
    return;
  case Way::Generic:
    break;
  }
  uint32_t in[3] = {}; // global, shared, local
  for (uint32_t rest = event.lanes; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint64_t window = address[l] & ~(kWindowBytes - 1);
    if (window == kParamWindow)
      continue;
    unsigned space = window == kSharedWindow ? 1 : window == kLocalWindow ? 2 : 0;
    if (space)
      address[l] -= window;
    in[space] |= 1u << l;
  }
  send(Space::Global, in[0]);
  event.lanes = in[1];
  sendShared(*event.warp.cta, event, address, send);
  send(Space::Local, in[2]);
}

const Inst *observedAccess(Warp &w, const Inst *i) {
  Launch &launch = *w.cta->launch;
  uint32_t index = launch.indexOf(i);
  const AccessTraits &traits = launch.observed->accesses[index];
  uint32_t lanes = lanesOf(w, i) & traits.lanes;
  if (!lanes)
    return runOriginal(w, i);
  alignas(64) uint64_t address[kLanes];
  addressesOf(w, i, lanes, address);
  AccessEvent event{
      w,     i,     index,        traits.kind, traits.order, traits.scope, Space::Generic,
      w.cta, lanes, traits.bytes, address};
  std::unique_lock<std::recursive_mutex> lock(launch.strongMutex, std::defer_lock);
  if (traits.strong)
    lock.lock();
  const Inst *next = runOriginal(w, i);
  if (next) // else it faulted: accesses never wait
    tell(*launch.observer, event, Way(i->flags & kWayMask), address);
  return next;
}

unsigned elementBytes(const InstInfo &info) { return bitsOf(info.match.types[0]) / 8; }

AccessTraits traitsOf(const InstInfo &info, const Inst &inst) {
  AccessTraits t;
  const InstMatch &m = info.match;
  if (!m.form)
    return t;
  t.order = orderOf(info);
  t.scope = scopeOf(info);
  switch (m.form->id) {
  case InstId::Ld:
  case InstId::Ldu:
    t.bytes = elementBytes(info) * inst.n;
    break;
  case InstId::St:
    t.kind = AccessKind::Write;
    t.bytes = elementBytes(info) * inst.n;
    break;
  case InstId::LdMatrix:
  case InstId::StMatrix:
    t.kind = m.form->id == InstId::LdMatrix ? AccessKind::Read : AccessKind::Write;
    t.bytes = 16;
    t.lanes = inst.n == 4 ? ~0u : (1u << 8 * inst.n) - 1;
    break;
  default:
    if (m.form->family != Family::Atomic)
      return t;
    t.kind = AccessKind::ReadWrite;
    t.bytes = elementBytes(info) * inst.n;
    break;
  }
  t.strong = t.order != MemoryOrder::Weak;
  return t;
}

} // namespace

void ObservedCode::wrapAccesses(const Program &program) {
  for (uint32_t k = 0; k < code.size(); ++k) {
    accesses[k] = traitsOf(program.info[k], code[k]);
    if (accesses[k].bytes)
      wrap(k, observedAccess);
  }
}

MemoryOrder cosmati::ptxvm::orderOf(const InstInfo &info) {
  const InstMatch &m = info.match;
  Family family = m.form->family;
  if (m.has(Mod::sc))
    return MemoryOrder::SeqCst;
  if (m.has(Mod::acqRel))
    return MemoryOrder::AcqRel;
  if (m.has(Mod::acquire))
    return MemoryOrder::Acquire;
  if (m.has(Mod::release))
    return MemoryOrder::Release;
  if (m.has(Mod::relaxed) || m.has(Mod::volatile_) || m.has(Mod::mmio) || family == Family::Atomic)
    return MemoryOrder::Relaxed;
  // What PTX takes when nothing is said: membar and fence order both ways, an arrival releases, a
  // wait acquires.
  if (m.form->id == InstId::Membar)
    return MemoryOrder::SeqCst;
  if (m.form->id == InstId::Fence)
    return MemoryOrder::AcqRel;
  if (m.form->id == InstId::MbarrierTestWait || m.form->id == InstId::MbarrierTryWait)
    return MemoryOrder::Acquire;
  if (family == Family::Mbarrier)
    return MemoryOrder::Release;
  return MemoryOrder::Weak;
}

Scope cosmati::ptxvm::scopeOf(const InstInfo &info) {
  const InstMatch &m = info.match;
  if (m.has(Mod::scopeSys) || m.has(Mod::volatile_) || m.has(Mod::mmio))
    return Scope::Sys;
  if (m.has(Mod::scopeGpu) || m.has(Mod::scopeGl))
    return Scope::Gpu;
  if (m.has(Mod::scopeCluster))
    return Scope::Cluster;
  if (m.has(Mod::scopeCta))
    return Scope::Cta;
  return m.form->family == Family::Mbarrier ? Scope::Cta : Scope::Gpu;
}

void cosmati::ptxvm::observeWarpSync(Warp &w, const Inst *i, uint32_t lanes) {
  if (Observer *observer = observerOf(w))
    observer->warpSync(w, i, lanes);
}

uint64_t cosmati::ptxvm::newTokens(Launch &launch, uint64_t count) {
  return launch.observer ? launch.tokens.fetch_add(count) + 1 : 0;
}
