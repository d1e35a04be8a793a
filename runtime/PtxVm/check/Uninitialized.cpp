//===- Uninitialized.cpp - reads of what nobody wrote ---------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A bit per byte of shared and local memory, and of those global buffers whose host says that
// nobody has written them (Region::written). Writes set bits, asynchronous ones when they are
// complete. A read of a clear bit is reported once; then the byte counts as written.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Findings.h"
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/check/PerCta.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::ptxvm;

namespace {

using Ranges = llvm::SmallVector<AsyncRange, 1>; ///< that an operation will write

using LocalBytes = std::array<WrittenBytes, kLanes>; ///< of a warp, by lane

struct CtaBytes {
  WrittenBytes shared;
  std::vector<std::unique_ptr<LocalBytes>> local; ///< by warp
  llvm::DenseMap<uint64_t, AsyncRange> copies;    ///< cp.async in flight, by token
};

const char *remedy(Space space) {
  switch (space) {
  case Space::Shared:
    return "shared memory begins without contents: store to these bytes (and wait for the copy or "
           "the barrier) before they are read, or mask the read";
  case Space::Local:
    return "initialise the variable before it is read";
  default:
    return "copy or fill the buffer before the launch, or mask the load";
  }
}

class UninitializedChecker : public Observer {
public:
  void launchBegin(Launch &l) override {
    launch = &l;
    for (const Region &r : l.regions->regions)
      watchGlobal |= r.written != nullptr;
    paramsOf.resize(l.program->functions.size());
    for (const VariableInfo &v : l.program->variables)
      if (v.space == Space::Param)
        paramsOf[v.function].push_back({uint32_t(v.offset), uint32_t(v.bytes)});
  }
  void ctaBegin(Cta &cta) override {
    CtaBytes &state = ctas.of(cta);
    state.shared.reset(launch->sharedBytes);
    state.copies.clear();
    state.local.resize(cta.warps.size());
  }
  void localFrame(Warp &w, uint32_t lanes, uint64_t offset, uint32_t function) override {
    uint64_t bytes = launch->program->functions[function].frame.localBytes;
    if (!bytes)
      return;
    LocalBytes &local = localOf(w);
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
      WrittenBytes &lane = local[unsigned(__builtin_ctz(rest))];
      lane.grow(w.localStride);
      lane.forget(offset, bytes);
      for (const Slice &p : paramsOf[function])
        lane.write(offset + p.offset, p.bytes);
    }
  }

  void access(const AccessEvent &e) override {
    if (e.space == Space::Shared) {
      visit(e, ctas.of(*e.owner).shared, 0);
    } else if (e.space == Space::Local) {
      LocalBytes &local = localOf(e.warp);
      for (uint32_t rest = e.lanes; rest; rest &= rest - 1) {
        unsigned l = unsigned(__builtin_ctz(rest));
        touch(e, local[l], e.address[l], e.bytes, l);
      }
    } else if (watchGlobal) {
      global(e);
    }
  }

  void mbarrierInit(const MbarrierEvent &e) override {
    ctas.of(*e.owner).shared.write(e.address, 8);
  }

  void asyncIssue(const AsyncEvent &e) override {
    Ranges writes;
    for (const AsyncRange &r : e.ranges) {
      if (r.write)
        writes.push_back(r);
      else
        readRange(e, r);
    }
    if (e.kind == AsyncKind::Copy) { // one range, completed by its own CTA
      ctas.of(*e.warp.cta).copies[e.token] = writes.front();
      return;
    }
    if (writes.empty())
      return;
    std::lock_guard<std::mutex> lock(mutex);
    inFlight[e.token] = std::move(writes);
  }
  void asyncWaited(Warp &w, unsigned, uint64_t token, bool) override { complete(*w.cta, token); }
  void asyncArrived(Cta &owner, uint64_t, uint64_t token) override { complete(owner, token); }

private:
  Launch *launch = nullptr;
  bool watchGlobal = false;
  std::vector<std::vector<Slice>> paramsOf; ///< by function
  PerCta<CtaBytes> ctas;
  std::mutex mutex;
  llvm::DenseMap<uint64_t, Ranges> inFlight; ///< what other CTAs may complete, by token

  LocalBytes &localOf(Warp &w) {
    std::unique_ptr<LocalBytes> &local = ctas.of(*w.cta).local[w.index];
    if (!local)
      local = std::make_unique<LocalBytes>();
    return *local;
  }

  void complete(Cta &cta, uint64_t token) {
    auto &copies = ctas.of(cta).copies;
    if (auto it = copies.find(token); it != copies.end()) {
      AsyncRange range = it->second;
      copies.erase(it);
      return writeRange(range);
    }
    std::lock_guard<std::mutex> lock(mutex);
    auto it = inFlight.find(token);
    if (it == inFlight.end())
      return;
    for (const AsyncRange &range : it->second)
      writeRange(range);
    inFlight.erase(it);
  }
  void writeRange(const AsyncRange &r) {
    if (r.space == Space::Shared)
      ctas.of(*r.owner).shared.write(r.address, r.bytes);
    else if (const Region *region = watchGlobal ? launch->regions->find(r.address, 1) : nullptr)
      if (region->written)
        region->written->write(region->writtenFrom + (r.address - region->base), r.bytes);
  }
  void readRange(const AsyncEvent &e, const AsyncRange &r) {
    WrittenBytes *bytes = nullptr;
    uint64_t at = r.address;
    if (r.space == Space::Shared) {
      bytes = &ctas.of(*r.owner).shared;
    } else if (const Region *region = watchGlobal ? launch->regions->find(r.address, 1) : nullptr) {
      bytes = region->written.get();
      at += region->writtenFrom - region->base;
    }
    if (!bytes)
      return;
    uint64_t first = bytes->firstUnwritten(at, r.bytes);
    if (first == r.bytes)
      return;
    bytes->write(at, r.bytes);
    report(e.warp, e.inst, e.lane, r.space, r.owner, r.address, first,
           llvm::formatv("asynchronous read of {0} bytes", r.bytes));
  }

  void global(const AccessEvent &e) {
    const Region *region = nullptr;
    unsigned l = unsigned(__builtin_ctz(e.lanes));
    region = launch->regions->find(e.address[l], e.bytes);
    bool same = region != nullptr;
    for (uint32_t rest = e.lanes; rest && same; rest &= rest - 1)
      same = e.address[__builtin_ctz(rest)] - region->base <= region->bytes - e.bytes;
    if (same) {
      if (region->written)
        visit(e, *region->written, region->writtenFrom - region->base);
      return;
    }
    for (uint32_t rest = e.lanes; rest; rest &= rest - 1) {
      l = unsigned(__builtin_ctz(rest));
      region = launch->regions->find(e.address[l], e.bytes);
      if (region && region->written)
        touch(e, *region->written, e.address[l] + region->writtenFrom - region->base, e.bytes, l);
    }
  }

  /// All lanes access one memory; `shift` leads from their addresses to its bytes.
  void visit(const AccessEvent &e, WrittenBytes &bytes, uint64_t shift) {
    const uint64_t *a = e.address;
    if (e.lanes == kFull) {
      uint64_t next = 0, other = 0;
      for (unsigned l = 0; l < kLanes; ++l) {
        next |= a[l] ^ (a[0] + uint64_t(l) * e.bytes);
        other |= a[l] ^ a[0];
      }
      // The usual cases as one range; only a finding has to know the lane.
      uint64_t size = !next ? uint64_t(kLanes) * e.bytes : e.bytes;
      if ((!next || !other) && settle(e, bytes, a[0] + shift, size))
        return;
    }
    if (bytes.seemsWritten(a, shift, e.lanes, e.bytes))
      return;
    for (uint32_t rest = e.lanes; rest; rest &= rest - 1) {
      unsigned l = unsigned(__builtin_ctz(rest));
      touch(e, bytes, a[l] + shift, e.bytes, l);
    }
  }
  /// False if the range has something to report.
  bool settle(const AccessEvent &e, WrittenBytes &bytes, uint64_t at, uint64_t size) {
    if (e.kind != AccessKind::Write && bytes.firstUnwritten(at, size) != size)
      return false;
    if (e.kind != AccessKind::Read)
      bytes.write(at, size);
    return true;
  }
  void touch(const AccessEvent &e, WrittenBytes &bytes, uint64_t at, uint64_t size, unsigned lane) {
    if (settle(e, bytes, at, size))
      return;
    uint64_t first = bytes.firstUnwritten(at, size);
    bytes.write(at, size);
    report(e.warp, e.inst, lane, e.space, e.owner, e.address[lane], first,
           llvm::formatv("{0} of {1} bytes", e.kind == AccessKind::Read ? "read" : "update", size));
  }

  /// `first`: of the accessed bytes, the first one that nobody wrote.
  void report(Warp &w, const Inst *i, unsigned lane, Space space, const Cta *owner,
              uint64_t address, uint64_t first, std::string what) {
    Finding f;
    f.kind = "uninitialized";
    std::string where = describeAddress(*launch, space, address + first, owner);
    nameBuffer(*launch, space, address + first, f);
    if (const VariableInfo *v =
            space == Space::Local ? localVariable(w, address + first) : nullptr) {
      f.buffer = v->name;
      f.index = address + first - w.localBase - v->offset;
      where += llvm::formatv(" ('{0}' + {1})", v->name, f.index);
    }
    f.accesses.push_back(accessPoint(w, i, what, lane));
    compose(*launch, f, what + ", but nobody has written " + where, remedy(space));
    addFinding(*launch, std::move(f), /*stop=*/false);
  }
};

} // namespace

std::unique_ptr<Observer> cosmati::ptxvm::createUninitializedChecker() {
  return std::make_unique<UninitializedChecker>();
}
