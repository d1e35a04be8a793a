//===- Profiler.cpp - the observer that counts ----------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/profile/Profiler.h"
#include "runtime/PtxVm/profile/Banks.h"
#include <bit>
#include <functional>

using namespace cosmati::ptxvm;

namespace {

/// Counts the instruction for the lanes whose guard is true.
const Inst *counted(Warp &w, const Inst *i) {
  const Launch &launch = *w.cta->launch;
  uint32_t index = launch.indexOf(i);
  uint32_t guard = *reinterpret_cast<const uint32_t *>(w.regs + i->guard) ^ i->guardFlip;
  InstCount &count = w.cta->counts->byInstruction[index];
  ++count.executions;
  count.lanes += uint64_t(std::popcount(w.active & guard));
  return launch.profiler->run(w, i, index);
}

void addBytes(uint64_t (&bytes)[2], AccessKind kind, uint64_t n) {
  if (kind != AccessKind::Write)
    bytes[0] += n;
  if (kind != AccessKind::Read)
    bytes[1] += n;
}

void addTo(ProfileCounts &sum, const InstCount &c) {
  sum.executions += c.executions;
  sum.lanes += c.lanes;
  sum.globalRequests += c.globalRequests;
  sum.globalSectors += c.globalSectors;
  sum.globalIdealSectors += c.globalIdeal;
  sum.sharedRequests += c.sharedRequests;
  sum.sharedPasses += c.sharedPasses;
  sum.sharedIdealPasses += c.sharedIdeal;
  sum.globalReadBytes += c.globalBytes[0];
  sum.globalWriteBytes += c.globalBytes[1];
  sum.sharedReadBytes += c.sharedBytes[0];
  sum.sharedWriteBytes += c.sharedBytes[1];
  sum.localReadBytes += c.localBytes[0];
  sum.localWriteBytes += c.localBytes[1];
  sum.asyncBytes += c.asyncBytes;
  sum.atomics += c.atomics;
  sum.barrierWaits += c.waits;
}

} // namespace

uint64_t Footprint::sectors() const {
  uint64_t n = 0;
  for (const auto &word : words)
    n += uint64_t(std::popcount(word.load(std::memory_order_relaxed)));
  return n;
}

/// The number of a region that a look-up found: those that are included come last.
static size_t numberOf(const RegionMap &map, const Region *found) {
  std::less<const Region *> before;
  const Region *first = map.regions.data(), *end = first + map.regions.size();
  if (!before(found, first) && before(found, end))
    return size_t(found - first);
  return map.regions.size() + size_t(found - map.included->regions.data());
}

void Profiler::launchBegin(Launch &launch) {
  regions = launch.regions.get();
  globals = &launch.program->globalRegions;
  for (const Region &r : regions->regions)
    ofRegions.emplace_back(r);
  if (regions->included)
    for (const Region &r : regions->included->regions)
      ofRegions.emplace_back(r);
  for (const Region &r : globals->regions)
    ofGlobals.emplace_back(r);
}

void Profiler::ctaBegin(Cta &cta) {
  if (cta.counts)
    return;
  std::lock_guard<std::mutex> lock(mutex);
  counts.emplace_back().byInstruction.resize(inner.size());
  cta.counts = &counts.back();
}

void Profiler::touch(uint64_t sector) {
  // A sector may begin before its buffer, or in a gap of a strided one.
  for (uint64_t address = sector * 32; address < sector * 32 + 32; ++address) {
    if (const Region *r = regions->find(address, 1))
      return ofRegions[numberOf(*regions, r)].touch(sector);
    if (const Region *r = globals->find(address, 1))
      return ofGlobals[size_t(r - globals->regions.data())].touch(sector);
  }
}

void Profiler::access(const AccessEvent &e) {
  InstCount &count = countOf(e.warp, e.index);
  uint64_t lanes = uint64_t(std::popcount(e.lanes)), bytes = lanes * e.bytes;
  if (e.kind == AccessKind::ReadWrite)
    count.atomics += lanes;
  if (e.space == Space::Local)
    return addBytes(count.localBytes, e.kind, bytes);
  if (e.space == Space::Shared) {
    Passes passes = sharedPasses(e.address, e.lanes, e.bytes);
    ++count.sharedRequests;
    count.sharedPasses += passes.actual;
    count.sharedIdeal += passes.ideal;
    return addBytes(count.sharedBytes, e.kind, bytes);
  }
  Passes sectors =
      globalSectors(e.address, e.lanes, e.bytes, [this](uint64_t sector) { touch(sector); });
  ++count.globalRequests;
  count.globalSectors += sectors.actual;
  count.globalIdeal += sectors.ideal;
  addBytes(count.globalBytes, e.kind, bytes);
}

void Profiler::asyncIssue(const AsyncEvent &e) {
  InstCount &count = countOf(e.warp, e.index);
  for (const AsyncRange &range : e.ranges) {
    if (range.write)
      count.asyncBytes += range.bytes;
    if (range.space == Space::Global && range.bytes)
      for (uint64_t s = range.address / 32; s <= (range.address + range.bytes - 1) / 32; ++s)
        touch(s);
  }
}

void Profiler::barrierArrive(Warp &w, const Inst *i, uint32_t, uint32_t, bool waits) {
  countOf(w, w.cta->launch->indexOf(i)).waits += waits;
}
void Profiler::mbarrierWait(const MbarrierEvent &e) {
  if (e.warp)
    ++countOf(*e.warp, e.index).waits;
}
void Profiler::clusterWait(Warp &w, const Inst *i, uint32_t, MemoryOrder) {
  ++countOf(w, w.cta->launch->indexOf(i)).waits;
}

void Profiler::instrument(ObservedCode &code, const Launch &) {
  for (const Inst &inst : code.code)
    inner.push_back(inst.fn);
  for (Inst &inst : code.code)
    inst.fn = counted;
}

Profile Profiler::result(const Program &program) const {
  Profile profile;
  for (uint32_t k = 0; k < inner.size(); ++k) {
    const InstInfo &info = program.info[k];
    if (!info.match.form)
      continue; // the machine's own
    ProfiledInstruction p;
    for (const InstCounts &c : counts)
      addTo(p.counts, c.byInstruction[k]);
    if (!p.counts.executions)
      continue;
    p.line = info.line;
    p.text = info.text.str();
    p.locFile = info.loc.file;
    p.locLine = info.loc.line;
    p.locColumn = info.loc.column;
    std::string type;
    if (uint64_t ops = tensorOpsOf(info.text, type))
      p.counts.tensorOps[type] = ops * p.counts.executions;
    p.counts.floatOps = floatOpsOf(info.text) * p.counts.lanes;
    profile.total.add(p.counts);
    profile.instructions.push_back(std::move(p));
  }
  for (const std::deque<Footprint> *set : {&ofRegions, &ofGlobals})
    for (const Footprint &f : *set)
      profile.footprintBytes += 32 * f.sectors();
  return profile;
}
