//===- Deadlock.cpp - the report of a standstill --------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every group of lanes that waits, where, on what, and what is missing there.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Occupancy.h"
#include "runtime/PtxVm/check/Findings.h"
#include "runtime/PtxVm/exec/Mbarrier.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::ptxvm;

namespace {

std::string hex(uint64_t v) { return "0x" + llvm::utohexstr(v, /*LowerCase=*/true); }

const Inst *waitingAt(const Split &split) {
  bool behind = split.wait == Wait::Barrier || split.wait == Wait::Cluster;
  return behind ? split.pc - 1 : split.pc;
}

std::string waitedFor(const Split &split) {
  switch (split.wait) {
  case Wait::Barrier:
    return llvm::formatv("at barrier {0}", split.waitArg);
  case Wait::Cluster:
    return "at the cluster's barrier";
  case Wait::Mbarrier:
    return llvm::formatv("at the mbarrier at shared address {0}", hex(split.waitArg));
  case Wait::Warpgroup:
    return "for the other warps of its warpgroup to issue the same operations";
  default:
    return llvm::formatv("for lanes {0}", hex(split.waitArg & ~split.mask));
  }
}

/// "32 of 64 threads have arrived". Without a count a barrier needs all living threads.
std::string barrierState(const Cta &cta, uint32_t id) {
  const NamedBarrier &b = cta.barriers[id];
  uint32_t arrived = 0, living = 0;
  for (size_t k = 0; k < cta.warps.size(); ++k) {
    arrived += uint32_t(__builtin_popcount(b.arrived[k]));
    living += uint32_t(__builtin_popcount(cta.warps[k]->live));
  }
  bool counted = b.expected != ~0u;
  std::string text = llvm::formatv("{0} of {1} {2}threads have arrived", arrived,
                                   counted ? b.expected : living, counted ? "" : "living ");
  if (counted && b.expected > cta.threads)
    text += llvm::formatv("; it can never complete, since the CTA has {0}", cta.threads);
  else if (counted && b.expected > living)
    text += llvm::formatv("; it can never complete, since {0} threads are alive", living);
  return text;
}

std::string mbarrierState(const Cta &cta, uint32_t address) {
  MbarrierBits b = MbarrierBits::load(cta.warps[0]->shared + address);
  if (!b.valid)
    return "it holds no initialised mbarrier any more";
  std::string text =
      llvm::formatv("the running phase has parity {0}; {1} of {2} arrivals are pending",
                    b.parity ? 1 : 0, b.pending, b.expected);
  if (b.tx > 0)
    text += llvm::formatv("; {0} transaction bytes are expected that no copy brings", b.tx);
  else if (b.tx < 0)
    text += llvm::formatv("; copies brought {0} bytes that no expect_tx announced", -b.tx);
  return text;
}

std::string clusterState(const Cluster &cluster) {
  uint32_t arrived = 0, living = 0;
  for (auto &cta : cluster.ctas)
    for (auto &w : cta->warps) {
      arrived += uint32_t(__builtin_popcount(w->state->clusterArrived));
      living += uint32_t(__builtin_popcount(w->live));
    }
  return llvm::formatv("{0} of {1} living threads of the cluster have arrived", arrived, living);
}

/// What is missing; empty if the wait says it all.
std::string stateOf(const Cta &cta, const Split &split) {
  if (split.wait == Wait::Barrier)
    return barrierState(cta, split.waitArg);
  if (split.wait == Wait::Mbarrier)
    return mbarrierState(cta, split.waitArg);
  if (split.wait == Wait::Cluster)
    return clusterState(*cta.cluster);
  return "";
}

/// Adds the waits of a CTA to the finding and to its text.
void addWaits(const Cta &cta, Finding &f) {
  for (auto &w : cta.warps)
    for (const Split &split : w->state->splits) {
      if (split.wait == Wait::None)
        continue;
      std::string on = "waits " + waitedFor(split), state = stateOf(cta, split);
      const Inst *i = waitingAt(split);
      AccessPoint point = accessPoint(*w, i, on, unsigned(__builtin_ctz(split.mask)));
      f.message += llvm::formatv("\n  warp {0}, lanes {1}: {2} at {3}", w->index, hex(split.mask),
                                 on, placeText(*cta.launch, point));
      if (!state.empty()) {
        f.message += "\n    " + state;
        point.what += ": " + state;
      }
      f.accesses.push_back(std::move(point));
    }
}

constexpr size_t kMaxListed = 8; ///< CTAs that a report lists

/// The instruction around which the warp goes: of the blocks that looked at flags lately the one of
/// its function, else where it stands.
const Inst *spinsAt(const Cluster &cluster, const Warp &w) {
  const Launch &launch = *cluster.ctas[0]->launch;
  const WarpState &s = *w.state;
  const Inst *here = s.hasCurrent ? s.current.pc : s.splits.front().pc;
  for (uint32_t block : cluster.watch.flagBlocks) {
    const BlockInfo &info = launch.program->blocks[block];
    for (uint32_t k = info.first; k < info.first + info.count; ++k)
      if (looksAtFlags(launch.program->info[k].match, launch.code[k]))
        return &launch.code[k];
  }
  return here;
}

bool spins(const Warp &w) {
  const WarpState &s = *w.state;
  return w.live && (s.hasCurrent ||
                    llvm::any_of(s.splits, [](const Split &x) { return x.wait == Wait::None; }));
}

/// Adds what a CTA's first spinning warp waits for.
void addSpin(const Cta &cta, Finding &f) {
  auto first = llvm::find_if(cta.warps, [](auto &w) { return spins(*w); });
  if (first == cta.warps.end())
    return;
  const Warp &w = **first;
  const WarpState &s = *w.state;
  const Inst *i = spinsAt(*cta.cluster, w);
  uint32_t mask = s.hasCurrent ? s.current.mask : s.splits.front().mask;
  std::string what = "waits for a change of what it reads";
  f.accesses.push_back(accessPoint(w, i, what, unsigned(__builtin_ctz(mask))));
  f.message += llvm::formatv("\n program id {0}: warp {1} {2} at {3}", tripleText(cta.ctaid),
                             w.index, what, placeText(*cta.launch, f.accesses.back()));
}

/// Why those that might make the change have not begun; empty if all have.
std::string noPlaceText(const Launch &launch, uint64_t begun, uint64_t total) {
  if (begun == total)
    return "";
  const LaunchConfig &config = *launch.config;
  uint64_t ctas = uint64_t(config.cluster[0]) * config.cluster[1] * config.cluster[2];
  const GpuModel &gpu = gpuModel(launch.program->target);
  std::string holder = llvm::formatv("the GPU modelled for {0} ({1}, {2} multiprocessors)",
                                     launch.program->target, gpu.name, gpu.multiprocessors);
  if (config.resident)
    holder = "the launch";
  return llvm::formatv("\n {0} of {1} CTAs have not begun: {2} holds {3} of this kernel at once. "
                       "Launch no more than that, or let no CTA wait for one that begins later",
                       (total - begun) * ctas, total * ctas, holder, launch.wave.size() * ctas);
}

} // namespace

void cosmati::ptxvm::faultWave(Launch &launch, uint64_t begun, uint64_t total) {
  std::vector<Cluster *> clusters = launch.wave.waiting();
  llvm::sort(clusters,
             [](Cluster *a, Cluster *b) { return a->ctas[0]->linear < b->ctas[0]->linear; });
  Finding f;
  f.kind = "deadlock";
  f.entry = launch.entry->name;
  size_t ctas = 0;
  for (Cluster *cluster : clusters)
    for (auto &cta : cluster->ctas) {
      if (cta->finished || ++ctas > kMaxListed)
        continue;
      addSpin(*cta, f);
      addWaits(*cta, f);
    }
  if (f.accesses.empty())
    return;
  if (ctas > kMaxListed)
    f.message += llvm::formatv("\n and {0} more CTAs", ctas - kMaxListed);
  takePlace(f, f.accesses.front());
  f.message = llvm::formatv("deadlock in kernel '{0}', program id {1}: every CTA that has begun "
                            "waits for a change of memory that nobody makes",
                            f.entry, tripleText(f.ctaid))
                  .str() +
              noPlaceText(launch, begun, total) + f.message;
  addFinding(launch, std::move(f), /*stop=*/true);
}

void cosmati::ptxvm::faultDeadlock(Cluster &cluster) {
  Launch &launch = *cluster.ctas[0]->launch;
  bool several = cluster.ctas.size() > 1;
  Finding f;
  f.kind = "deadlock";
  f.entry = launch.entry->name;
  for (auto &cta : cluster.ctas) {
    if (several)
      f.message += llvm::formatv("\n CTA of rank {0}, program id {1}:{2}", cta->rank,
                                 tripleText(cta->ctaid), cta->finished ? " has exited" : "");
    addWaits(*cta, f);
  }
  if (f.accesses.empty())
    return;
  takePlace(f, f.accesses.front());
  f.message = llvm::formatv("deadlock in kernel '{0}', program id {1}: every warp {2}waits",
                            f.entry, tripleText(f.ctaid), several ? "of the cluster " : "")
                  .str() +
              f.message;
  addFinding(launch, std::move(f), /*stop=*/true);
}
