//===- Launch.cpp - run a grid --------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cta.h"
#include "runtime/PtxVm/WorkerPool.h"
#include "llvm/Support/FormatVariadic.h"
#include <chrono>
#include <numeric>
#include <thread>

using namespace cosmati::ptxvm;

namespace {

constexpr uint32_t kMaxShared = 227 * 1024; ///< of the targets that are implemented
constexpr size_t kMaxResident = 256;        ///< unfinished CTAs per worker
constexpr uint32_t kSlicesPerTurn = 256;    ///< per warp, before another CTA gets the worker

std::string dims(const std::array<uint32_t, 3> &v) {
  return llvm::formatv("({0},{1},{2})", v[0], v[1], v[2]).str();
}
uint64_t volume(const std::array<uint32_t, 3> &v) { return uint64_t(v[0]) * v[1] * v[2]; }

llvm::Error refuse(const EntryInfo &entry, const std::string &reason) {
  return llvm::createStringError("cannot launch kernel '" + entry.name + "': " + reason);
}

llvm::Error check(const EntryInfo &entry, const LaunchConfig &config, uint64_t shared,
                  size_t paramBytes) {
  uint64_t threads = volume(config.block);
  if (threads == 0 || threads > 1024)
    return refuse(entry, "block " + dims(config.block) + " has " + std::to_string(threads) +
                             " threads; 1 to 1024 are possible");
  if (volume(config.grid) == 0)
    return refuse(entry, "grid " + dims(config.grid) + " has no CTA");
  if (volume(config.cluster) != 1)
    return refuse(entry,
                  "cluster " + dims(config.cluster) + "; the machine runs clusters of one CTA");
  if (entry.reqntid && *entry.reqntid != config.block)
    return refuse(entry, "block " + dims(config.block) + " but the kernel requires " +
                             dims(*entry.reqntid));
  if (entry.maxntid && threads > volume(*entry.maxntid))
    return refuse(entry,
                  "block " + dims(config.block) + " exceeds .maxntid " + dims(*entry.maxntid));
  if (shared > kMaxShared)
    return refuse(entry, std::to_string(shared) + " bytes of shared memory; the limit is " +
                             std::to_string(kMaxShared));
  if (paramBytes != entry.paramBytes)
    return refuse(entry, "parameter block of " + std::to_string(paramBytes) +
                             " bytes; the kernel takes " + std::to_string(entry.paramBytes));
  return llvm::Error::success();
}

/// One host thread: takes CTAs and runs them, switching to another when one takes long (it may wait
/// for a CTA that hasn't begun).
class Worker {
public:
  Worker(Launch &launch, std::atomic<uint64_t> &next, uint64_t total)
      : launch(launch), next(next), total(total), counts(launch.program->blocks.size()) {}

  void run() {
    size_t turn = 0;
    while (!launch.stop.load(std::memory_order_relaxed)) {
      if (resident.empty() && !begin())
        return;
      turn %= resident.size();
      uint32_t slices = kSlicesPerTurn * uint32_t(resident[turn]->warps.size());
      switch (runCta(*resident[turn], slices)) {
      case CtaStatus::Failed:
        return;
      case CtaStatus::Finished:
        ++finished;
        idle.push_back(std::move(resident[turn]));
        resident.erase(resident.begin() + ptrdiff_t(turn));
        break;
      case CtaStatus::Running:
        if (resident.size() < kMaxResident)
          begin();
        ++turn;
        break;
      }
    }
  }
  const std::vector<uint64_t> &blockCounts() const { return counts; }
  uint64_t finishedCtas() const { return finished; }

private:
  Launch &launch;
  std::atomic<uint64_t> &next;
  uint64_t total;
  std::vector<uint64_t> counts;
  std::vector<std::unique_ptr<Cta>> resident, idle;
  uint64_t finished = 0;

  bool begin() {
    uint64_t ticket = next.fetch_add(1);
    if (ticket >= total)
      return false;
    if (idle.empty()) {
      resident.push_back(newCta(launch, counts));
    } else {
      resident.push_back(std::move(idle.back()));
      idle.pop_back();
    }
    startCta(*resident.back(), order(ticket));
    return true;
  }
  /// A seeded order of the CTAs: multiplication by an odd step coprime to the total.
  uint64_t order(uint64_t ticket) const {
    uint64_t seed = launch.config->seed;
    if (!seed || total < 3)
      return ticket;
    uint64_t step = seed % total | 1;
    while (std::gcd(step, total) != 1)
      step += 2;
    return uint64_t((static_cast<unsigned __int128>(ticket) * step + seed) % total);
  }
};

void addCounters(Counters &counters, const Program &program, const std::vector<uint64_t> &blocks) {
  for (size_t b = 0; b < blocks.size(); ++b) {
    counters.warpInstructions += blocks[b] * program.blocks[b].count;
    for (size_t c = 0; c < counters.byClass.size(); ++c)
      counters.byClass[c] += blocks[b] * program.blocks[b].classes[c];
  }
}

} // namespace

llvm::Error cosmati::ptxvm::launch(const Module &module, llvm::StringRef entryName,
                                   const LaunchConfig &config, llvm::ArrayRef<uint8_t> paramBlock,
                                   const AddressSpace &memory, Report *report) {
  const EntryInfo *entry = module.findEntry(entryName);
  if (!entry)
    return llvm::createStringError("there is no kernel '" + entryName + "' in " +
                                   module.program().name);
  uint64_t shared = uint64_t(entry->staticShared) + config.dynamicShared;
  if (llvm::Error e = check(*entry, config, shared, paramBlock.size()))
    return e;
  auto begin = std::chrono::steady_clock::now();
  Launch launch;
  launch.program = &module.program();
  launch.entry = entry;
  launch.function = launch.program->entryFunction[size_t(entry - module.entries().data())];
  launch.config = &config;
  launch.params = paramBlock.vec();
  launch.regions = memory.snapshot();
  launch.sharedBytes = uint32_t(shared);

  uint64_t total = volume(config.grid);
  uint32_t threads =
      config.threads ? config.threads : std::max(1u, std::thread::hardware_concurrency());
  threads = uint32_t(std::min<uint64_t>(threads, total));
  std::atomic<uint64_t> next{0};
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint32_t k = 0; k < threads; ++k)
    workers.push_back(std::make_unique<Worker>(launch, next, total));
  runOnWorkers(threads, [&](uint32_t k) { workers[k]->run(); });

  if (report) {
    report->findings = launch.findings;
    report->counters = Counters();
    for (auto &worker : workers) {
      addCounters(report->counters, *launch.program, worker->blockCounts());
      report->counters.ctas += worker->finishedCtas();
    }
    report->counters.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  if (!launch.findings.empty())
    return llvm::createStringError(launch.findings.front().message);
  return llvm::Error::success();
}
