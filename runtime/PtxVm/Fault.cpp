//===- Fault.cpp - reports ------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Findings.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::ptxvm;

namespace {

llvm::StringRef kindName(FaultKind kind) {
  switch (kind) {
  case FaultKind::OutOfBounds:
    return "out-of-bounds";
  case FaultKind::Misaligned:
    return "misaligned";
  case FaultKind::ReadOnly:
    return "read-only";
  case FaultKind::Trap:
    return "trap";
  case FaultKind::Breakpoint:
    return "breakpoint";
  case FaultKind::BadBarrier:
    return "barrier";
  case FaultKind::BadCall:
    return "control-flow";
  case FaultKind::Limit:
    return "instruction-limit";
  case FaultKind::Deadlock:
    return "deadlock";
  case FaultKind::Exited:
    return "use-after-exit";
  case FaultKind::BadCluster:
    return "cluster";
  case FaultKind::BadAsync:
    return "asynchronous";
  case FaultKind::Matrix:
    return "matrix";
  case FaultKind::Wgmma:
    return "wgmma";
  case FaultKind::Convergence:
    return "convergence";
  }
  return "";
}

std::string hex(uint64_t v) { return "0x" + llvm::utohexstr(v, /*LowerCase=*/true); }

Finding findingAt(Warp &w, const Inst *i, FaultKind kind, unsigned lane) {
  Finding f;
  f.kind = kindName(kind).str();
  f.entry = w.cta->launch->entry->name;
  takePlace(f, accessPoint(w, i, "", lane));
  return f;
}
std::string place(const Warp &w, const Inst *i) {
  return placeText(*w.cta->launch, accessPoint(w, i, "", 0));
}

/// What is wrong with an address of the host's; empty if it doesn't look like one. `address` hits
/// no buffer.
std::string hostAddress(const Launch &launch, uint64_t address) {
  static const char here = 0;
  constexpr uint64_t terabyte = uint64_t(1) << 40;
  auto isNear = [&](const void *host) {
    return reinterpret_cast<uintptr_t>(host) / terabyte == address / terabyte;
  };
  constexpr llvm::StringLiteral remedy =
      "kernels reach memory at virtual addresses: a table of pointers holds those that "
      "cosmati.address_of(array) gives (AddressSpace::map in C++)";
  bool looks = isNear(&here) || isNear(&launch); // with libraries and stacks, or on the heap
  for (const RegionMap *map = launch.regions.get(); map; map = map->included.get())
    for (const Region &r : map->regions) {
      uint64_t offset = address - reinterpret_cast<uintptr_t>(r.host);
      if (r.host && offset < r.bytes)
        return llvm::formatv("it is the host's address of byte {0} of '{1}'; {2}", offset, r.name,
                             remedy);
      looks |= r.bytes && isNear(r.host);
    }
  return looks ? llvm::formatv("it looks like an address of the host; {0}", remedy).str() : "";
}

/// How the access lies to the buffer next to it.
std::string neighbour(const Warp &w, uint64_t address, uint32_t bytes) {
  const Launch &launch = *w.cta->launch;
  if (const Region *gone = launch.regions->findReleased(address))
    return llvm::formatv("it is byte {0} of {1}: keep a buffer until the kernels that use it have "
                         "ended",
                         address - gone->base, releasedText(*gone));
  if (std::string host = hostAddress(launch, address); !host.empty())
    return host;
  uint64_t distance = 0, globalDistance = 0;
  const Region *r = launch.regions->nearest(address, distance);
  const Region *g = launch.program->globalRegions.nearest(address, globalDistance);
  if (g && (!r || globalDistance < distance))
    r = g, distance = globalDistance;
  if (!r)
    return "no buffer is mapped";
  uint64_t end = r->base + r->bytes;
  std::string where;
  if (address < r->base)
    where = llvm::formatv("{0} bytes before its begin", r->base - address);
  else if (address >= end)
    where = llvm::formatv("{0} bytes past its end", address - end);
  else if (r->view)
    where =
        llvm::formatv("at its byte {0}, in or into the gap between two of its runs of {1} bytes",
                      address - r->base, r->view->run);
  else if (address + bytes > end)
    where = llvm::formatv("at its byte {0}, {1} bytes beyond its end", address - r->base,
                          address + bytes - end);
  else // inside, and refused for another reason
    where = llvm::formatv("at its byte {0}", address - r->base);
  return llvm::formatv("nearest buffer: '{0}', {1} bytes at {2}; the access is {3}", r->name,
                       r->bytes, hex(r->base), where);
}

/// What is wrong with an address in the shared memory of a cluster.
std::string sharedBounds(const Warp &w, uint64_t address, uint32_t bytes) {
  size_t ctas = w.cta->cluster->ctas.size();
  uint64_t rank = address >> kCtaWindowBits, offset = address & (kCtaWindowBytes - 1);
  if (ctas == 1)
    return llvm::formatv("the CTA has {0} bytes of shared memory", w.sharedBytes);
  if (rank >= ctas)
    return llvm::formatv(
        "the address is in the CTA of rank {0} of the cluster, which has {1} CTAs, "
        "ranks 0 to {2}; mapa takes a rank below %cluster_nctarank",
        rank, ctas, ctas - 1);
  bool inside = bytes <= w.sharedBytes && offset <= w.sharedBytes - bytes;
  if (inside && rank != w.cta->rank)
    return llvm::formatv("the address is in the shared memory of the CTA of rank {0}; this "
                         "instruction reaches only that of its own CTA, rank {1}: use "
                         ".shared::cluster where the instruction has it",
                         rank, w.cta->rank);
  return llvm::formatv(
      "the access is at byte {0} of the CTA of rank {1}; each CTA has {2} bytes of "
      "shared memory",
      offset, rank, w.sharedBytes);
}

std::string bounds(const Warp &w, Space space, uint64_t address, uint32_t bytes) {
  if (space == Space::Generic) {
    uint64_t window = address & ~(kWindowBytes - 1);
    space = window == kSharedWindow  ? Space::Shared
            : window == kLocalWindow ? Space::Local
            : window == kParamWindow ? Space::Param
                                     : Space::Global;
  }
  switch (space) {
  case Space::Shared:
    return sharedBounds(w, address & (kWindowBytes - 1), bytes);
  case Space::Local:
    return llvm::formatv("the thread has {0} bytes of local memory", w.localStride);
  case Space::Param:
    return llvm::formatv("the parameter block has {0} bytes", w.paramBytes);
  default:
    return neighbour(w, address, bytes);
  }
}

} // namespace

const Inst *cosmati::ptxvm::fault(Warp &w, const Inst *i, FaultKind kind, unsigned lane,
                                  uint64_t address, uint32_t bytes, Space space) {
  return faultNoted(w, i, kind, lane, address, bytes, space, "");
}

const Inst *cosmati::ptxvm::faultNoted(Warp &w, const Inst *i, FaultKind kind, unsigned lane,
                                       uint64_t address, uint32_t bytes, Space space,
                                       const std::string &note) {
  Launch &launch = *w.cta->launch;
  Finding f = findingAt(w, i, kind, lane);
  f.address = address;
  const Region *gone =
      kind == FaultKind::OutOfBounds ? launch.regions->findReleased(address) : nullptr;
  if (gone) {
    f.kind = "use-after-free";
    f.buffer = gone->name;
    f.index = address - gone->base;
  }
  std::string reason;
  if (kind == FaultKind::Misaligned)
    reason = llvm::formatv("the address is not a multiple of {0}", bytes);
  else if (kind == FaultKind::ReadOnly)
    reason = "the buffer was mapped read-only; " + neighbour(w, address, bytes);
  else if (kind == FaultKind::Exited)
    reason = llvm::formatv("the CTA of rank {0}, whose shared memory this is, has exited; keep it "
                           "alive with barrier.cluster.arrive and .wait at its end",
                           (address & (kWindowBytes - 1)) >> kCtaWindowBits);
  else
    reason = bounds(w, space, address, bytes);
  if (!note.empty())
    reason += "\n  " + note;
  f.message = llvm::formatv("{0}: {1} bytes at {2} address {3}\n  {4}\n  {5}", headerText(f), bytes,
                            spaceName(space), hex(address), place(w, i), reason);
  addFinding(launch, std::move(f), /*stop=*/true);
  w.stop = Stop::Fault;
  return nullptr;
}

void cosmati::ptxvm::faultText(Warp &w, const Inst *i, FaultKind kind, uint32_t lanes,
                               const std::string &reason) {
  Finding f = findingAt(w, i, kind, lanes ? unsigned(__builtin_ctz(lanes)) : 0);
  f.message = llvm::formatv("{0}: {1}\n  {2}", headerText(f), reason, place(w, i));
  addFinding(*w.cta->launch, std::move(f), /*stop=*/true);
  w.stop = Stop::Fault;
}

const RegionSlot *cosmati::ptxvm::findRegion(Warp &w, uint64_t address, uint64_t bytes) {
  const Launch &launch = *w.cta->launch;
  const Region *r = launch.regions->find(address, bytes);
  if (!r)
    r = launch.program->globalRegions.find(address, bytes);
  if (!r)
    return nullptr;
  RegionSlot &slot = w.regions[(address >> 32) % kRegionSlots];
  uint64_t begin = 0, size = 0;
  r->runAt(address, begin, size);
  slot = {begin, size, r->host + (begin - r->base), r->writable};
  return &slot;
}
