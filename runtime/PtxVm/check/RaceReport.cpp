//===- RaceReport.cpp - the race checker's findings -----------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Findings.h"
#include "runtime/PtxVm/check/Observed.h"
#include "runtime/PtxVm/check/RaceState.h"
#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::ptxvm;
using namespace cosmati::ptxvm::races;

namespace {

/// Instructions that access memory later, and what completes them for the issuing thread.
struct AsyncName {
  llvm::StringRef prefix, wait;
};
constexpr AsyncName kAsyncNames[] = {
    {"cp.async.bulk.tensor",
     "wait at the mbarrier that it arrives at (mbarrier.try_wait), or for a store "
     "cp.async.bulk.wait_group"},
    {"cp.reduce.async.bulk", "cp.async.bulk.wait_group"},
    {"cp.async.bulk", "wait at the mbarrier that it arrives at (mbarrier.try_wait), or for a store "
                      "cp.async.bulk.wait_group"},
    {"cp.async", "cp.async.wait_group, wait_all or the mbarrier that it arrives at"},
    {"wgmma.mma_async", "wgmma.wait_group"},
    {"st.async", "wait at the mbarrier that it arrives at (mbarrier.try_wait)"},
    {"red.async", "wait at the mbarrier that it arrives at (mbarrier.try_wait)"}};

/// The instruction's text without its guard.
llvm::StringRef plainText(const InstInfo &info) {
  llvm::StringRef text = info.text.trim();
  return text.starts_with("@") ? text.drop_while([](char x) { return !isspace(x); }).ltrim() : text;
}
const AsyncName *asyncName(const InstInfo &info) {
  llvm::StringRef text = plainText(info);
  for (const AsyncName &name : kAsyncNames)
    if (text.starts_with(name.prefix))
      return &name;
  return nullptr;
}

std::string describe(const Launch &launch, const Mark &m) {
  const InstInfo &info = launch.program->info[m.inst];
  const AccessTraits &traits = launch.observed->accesses[m.inst];
  llvm::StringRef direction = m.is(MarkWrite) ? "write" : "read";
  if (const AsyncName *name = asyncName(info)) {
    std::string text = llvm::formatv("asynchronous {0} ({1})", direction, name->prefix);
    if (info.match.form->id == InstId::CpAsync)
      text += llvm::formatv(" of {0} bytes", launch.program->code[m.inst].n);
    return text;
  }
  if (traits.bytes == 0)
    return llvm::formatv("{0} of an mbarrier", m.is(MarkStrong) ? "use"
                                               : info.match.form->id == InstId::MbarrierInit
                                                   ? "initialisation"
                                                   : "invalidation");
  std::string kind = traits.kind == AccessKind::ReadWrite ? "atomic operation on"
                     : m.is(MarkStrong) ? llvm::formatv("strong {0} of", direction).str()
                                        : (direction + " of").str();
  return llvm::formatv("{0} {1} bytes", kind, traits.bytes);
}

struct Words {
  std::string sentence, remedy;
};

/// What separates two threads, and what would order them.
Words unordered(const Launch &launch, const Probe &p, const Mark &old, bool sameCluster) {
  const Mark &m = p.mark;
  if (old.is(MarkAgent))
    return {"the asynchronous operation is complete, but this thread hasn't waited for it",
            ("remedy: " + asyncName(launch.program->info[old.inst])->wait +
             " in this thread, or a barrier behind the wait of another one")
                .str()};
  if (old.cta != m.cta)
    return sameCluster
               ? Words{"two CTAs of a cluster, and no synchronisation between the two accesses",
                       "remedy: barrier.cluster.arrive and barrier.cluster.wait between them, or "
                       "release and acquire of cluster scope"}
               : Words{
                     "two CTAs, and no synchronisation between the two accesses",
                     "remedy: atomic operations of gpu scope, release and acquire (with a fence "
                     "or .release/.acquire) of gpu scope between them, or a launch of its own for "
                     "the later one"};
  if (old.warp != m.warp)
    return {"two warps, and no barrier between the two accesses",
            "remedy: bar.sync (__syncthreads) between them"};
  return {"two lanes of a warp, and nothing orders them; PTX runs lanes independently",
          "remedy: bar.warp.sync (__syncwarp) between them"};
}

Words wordsFor(const Launch &launch, const Probe &p, const Mark &old, const Conflict &conflict,
               bool sameCluster) {
  const InstInfo &info = launch.program->info[old.inst];
  switch (conflict.clash) {
  case Clash::Pending:
    return {"the asynchronous operation may still be at it",
            ("remedy: " + asyncName(info)->wait + " before the other access" +
             (old.warp == p.mark.warp && old.cta == p.mark.cta && conflict.oldLane == conflict.lane
                  ? ""
                  : ", and a barrier behind the wait for other threads"))
                .str()};
  case Clash::SameInstruction:
    return {llvm::formatv("lanes {0} and {1} of one instruction write different values",
                          conflict.oldLane, conflict.lane),
            "remedy: let one lane write, give lanes places of their own, or use an atomic "
            "operation"};
  case Clash::Scope:
    return {"both accesses are strong, but the scope of one doesn't cover the other's thread",
            sameCluster ? "remedy: a scope of .cluster or wider on both"
                        : "remedy: .gpu scope on both"};
  case Clash::Proxy:
    return {
        "an ordinary write that the async proxy may not see",
        llvm::formatv("remedy: fence.proxy.async{0} after the write and before the barrier that "
                      "leads to the asynchronous operation",
                      p.space == Space::Shared ? ".shared::cta" : ".global")};
  case Clash::Unordered:
  case Clash::None:
    break;
  }
  Words words = unordered(launch, p, old, sameCluster);
  if (p.mark.is(MarkPending))
    words.remedy += ("; what is to come after the asynchronous operation waits for it: " +
                     asyncName(launch.program->info[p.mark.inst])->wait)
                        .str();
  if (old.cta != p.mark.cta && (old.is(MarkStrong) != p.mark.is(MarkStrong)))
    words.remedy += "; one of the accesses is atomic or strong, the other one isn't";
  return words;
}

} // namespace

void RaceChecker::report(const Probe &p, const Mark &old, const Conflict &conflict) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (reported[{p.mark.inst, old.inst}]++)
      return;
  }
  uint64_t address = p.line + conflict.byte;
  auto ctaidOf = [&](uint32_t linear) -> std::array<uint32_t, 3> {
    const auto &grid = launch->config->grid;
    return {linear % grid[0], linear / grid[0] % grid[1], linear / grid[0] / grid[1]};
  };
  Finding finding;
  finding.kind = "race";
  for (const auto &[mark, lane] :
       {std::pair(&p.mark, conflict.lane), std::pair(&old, conflict.oldLane)})
    finding.accesses.push_back(accessPoint(*launch, mark->inst, describe(*launch, *mark),
                                           ctaidOf(mark->cta), mark->warp, lane));
  nameBuffer(*launch, p.space, address, finding);
  Words words =
      wordsFor(*launch, p, old, conflict, p.mark.cta != old.cta && covers(1, p.mark.cta, old.cta));
  compose(*launch, finding,
          describeAddress(*launch, p.space, address, p.owner) + ": " + words.sentence,
          words.remedy);
  addFinding(*launch, std::move(finding), /*stop=*/false);
}

/// Occurrences were counted here.
void RaceChecker::launchEnd(Launch &l) {
  for (const auto &[pair, count] : reported)
    for (Finding &f : l.findings)
      if (f.kind == "race" && f.accesses[0].line == l.program->info[pair.first].line &&
          f.accesses[1].line == l.program->info[pair.second].line) {
        f.occurrences += count - 1;
        break;
      }
}
