//===- Fault.cpp - reports ------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cta.h"
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
  case FaultKind::BadAsync:
    return "asynchronous";
  case FaultKind::Convergence:
    return "convergence";
  }
  return "";
}

std::string triple(const std::array<uint32_t, 3> &v) {
  return llvm::formatv("({0},{1},{2})", v[0], v[1], v[2]).str();
}
std::string hex(uint64_t v) { return "0x" + llvm::utohexstr(v, /*LowerCase=*/true); }

std::array<uint32_t, 3> threadOf(const Warp &w, unsigned lane) {
  const auto &block = w.cta->launch->config->block;
  uint32_t t = w.index * kLanes + lane;
  return {t % block[0], t / block[0] % block[1], t / block[0] / block[1]};
}

/// "PTX line 12: ld.global.f32 ...;" and where that comes from.
std::string place(const Program &program, const Inst *i) {
  const InstInfo &info = program.info[program.indexOf(i)];
  std::string text = llvm::formatv("{0}:{1}: {2}", program.name, info.line, info.text).str();
  if (info.loc.file)
    text += llvm::formatv("\n  .loc file {0}, line {1}, column {2}", info.loc.file, info.loc.line,
                          info.loc.column);
  return text;
}

Finding findingAt(Warp &w, const Inst *i, FaultKind kind, unsigned lane) {
  const Launch &launch = *w.cta->launch;
  const InstInfo &info = launch.program->info[launch.program->indexOf(i)];
  Finding f;
  f.kind = kindName(kind).str();
  f.entry = launch.entry->name;
  f.ctaid = w.cta->ctaid;
  f.tid = threadOf(w, lane);
  f.line = info.line;
  f.instruction = info.text.str();
  f.locFile = info.loc.file;
  f.locLine = info.loc.line;
  f.locColumn = info.loc.column;
  return f;
}

void record(Launch &launch, Finding finding) {
  std::lock_guard<std::mutex> lock(launch.mutex);
  if (launch.findings.size() < 64)
    launch.findings.push_back(std::move(finding));
  launch.stop = true;
}

std::string header(const Finding &f) {
  return llvm::formatv("{0} in kernel '{1}', program id {2}, thread {3}", f.kind, f.entry,
                       triple(f.ctaid), triple(f.tid));
}

/// How the access lies to the buffer next to it.
std::string neighbour(const Warp &w, uint64_t address, uint32_t bytes) {
  const Launch &launch = *w.cta->launch;
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
  else
    where = llvm::formatv("at its byte {0}, {1} bytes beyond its end", address - r->base,
                          address + bytes - end);
  return llvm::formatv("nearest buffer: '{0}', {1} bytes at {2}; the access is {3}", r->name,
                       r->bytes, hex(r->base), where);
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
    return llvm::formatv("the CTA has {0} bytes of shared memory", w.sharedBytes);
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
  Launch &launch = *w.cta->launch;
  Finding f = findingAt(w, i, kind, lane);
  f.address = address;
  std::string reason;
  if (kind == FaultKind::Misaligned)
    reason = llvm::formatv("the address is not a multiple of {0}", bytes);
  else if (kind == FaultKind::ReadOnly)
    reason = "the buffer was mapped read-only; " + neighbour(w, address, bytes);
  else
    reason = bounds(w, space, address, bytes);
  f.message = llvm::formatv("{0}: {1} bytes at {2} address {3}\n  {4}\n  {5}", header(f), bytes,
                            spaceName(space), hex(address), place(*launch.program, i), reason);
  record(launch, std::move(f));
  w.stop = Stop::Fault;
  return nullptr;
}

void cosmati::ptxvm::faultText(Warp &w, const Inst *i, FaultKind kind, uint32_t lanes,
                               const std::string &reason) {
  Finding f = findingAt(w, i, kind, lanes ? unsigned(__builtin_ctz(lanes)) : 0);
  f.message =
      llvm::formatv("{0}: {1}\n  {2}", header(f), reason, place(*w.cta->launch->program, i));
  record(*w.cta->launch, std::move(f));
  w.stop = Stop::Fault;
}

/// One line per waiting split of each warp.
void cosmati::ptxvm::faultDeadlock(Cta &cta) {
  const Program &program = *cta.launch->program;
  std::string lines;
  Warp *first = nullptr;
  const Inst *at = nullptr;
  for (auto &w : cta.warps)
    for (const Split &split : w->state->splits) {
      const Inst *i = split.wait == Wait::Barrier ? split.pc - 1 : split.pc;
      if (!first)
        first = w.get(), at = i;
      std::string on =
          split.wait == Wait::Barrier ? llvm::formatv("at barrier {0}", split.waitArg).str()
          : split.wait == Wait::Mbarrier
              ? llvm::formatv("at the mbarrier at shared address {0}", hex(split.waitArg)).str()
              : llvm::formatv("for lanes {0}", hex(split.waitArg & ~split.mask)).str();
      lines += llvm::formatv("\n  warp {0}, lanes {1}: waits {2} at {3}", w->index, hex(split.mask),
                             on, place(program, i));
    }
  if (!first)
    return;
  uint32_t mask = first->state->splits.front().mask;
  Finding f = findingAt(*first, at, FaultKind::Deadlock, unsigned(__builtin_ctz(mask)));
  f.message = llvm::formatv("deadlock in kernel '{0}', program id {1}: every warp waits{2}",
                            f.entry, triple(f.ctaid), lines);
  record(*cta.launch, std::move(f));
}

const RegionSlot *cosmati::ptxvm::findRegion(Warp &w, uint64_t address, uint64_t bytes) {
  const Launch &launch = *w.cta->launch;
  const Region *r = launch.regions->find(address, bytes);
  if (!r)
    r = launch.program->globalRegions.find(address, bytes);
  if (!r)
    return nullptr;
  RegionSlot &slot = w.regions[(address >> 32) % kRegionSlots];
  slot = {r->base, r->bytes, r->host, r->writable};
  return &slot;
}
