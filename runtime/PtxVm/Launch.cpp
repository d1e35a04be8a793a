//===- Launch.cpp - run a grid --------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cta.h"
#include "runtime/PtxVm/WorkerPool.h"
#include "runtime/PtxVm/check/Observed.h"
#include "runtime/PtxVm/profile/Profiler.h"
#include "llvm/Support/FormatVariadic.h"
#include <chrono>
#include <thread>

using namespace cosmati::ptxvm;

namespace {

constexpr uint32_t kMaxShared = 227 * 1024; ///< of the targets that are implemented
constexpr size_t kMaxResident = 256;        ///< unfinished CTAs per worker
constexpr auto kPollInterval = std::chrono::milliseconds(50);

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

/// One host thread: takes clusters of CTAs and runs them, switching to another when one takes long
/// (it may wait for a CTA that hasn't begun). Without clusters each CTA is one.
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
      Cluster &cluster = *resident[turn];
      size_t warps = cluster.ctas.size() * cluster.ctas[0]->warps.size();
      switch (runCluster(cluster, slicesOfTurn(*launch.config, warps, random))) {
      case CtaStatus::Failed:
      case CtaStatus::Blocked:
        return;
      case CtaStatus::Finished:
        finished += cluster.ctas.size();
        for (auto &cta : cluster.ctas)
          if (launch.observer)
            launch.observer->ctaEnd(*cta);
        idle.push_back(std::move(resident[turn]));
        resident.erase(resident.begin() + ptrdiff_t(turn));
        break;
      case CtaStatus::Running:
        if (resident.size() * cluster.ctas.size() < kMaxResident)
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
  std::vector<std::unique_ptr<Cluster>> resident, idle;
  uint64_t finished = 0;
  uint64_t random = 0; ///< of the clusters' turns

  bool begin() {
    uint64_t ticket = next.fetch_add(1);
    if (ticket >= total)
      return false;
    if (idle.empty()) {
      resident.push_back(newCluster(launch, counts));
    } else {
      resident.push_back(std::move(idle.back()));
      idle.pop_back();
    }
    startCluster(*resident.back(), beginOrder(*launch.config, ticket, total));
    return true;
  }
};

/// The checkers that a launch asks for.
void addCheckers(Observers &observers, Check checks) {
  if (has(checks, Check::Uninitialized))
    observers.add(createUninitializedChecker());
  if (has(checks, Check::Race))
    observers.add(createRaceChecker());
  if (has(checks, Check::Sync))
    observers.add(createSyncChecker());
  if (has(checks, Check::Overflow))
    observers.add(createOverflowChecker());
  if (has(checks, Check::Slices))
    observers.add(createSliceChecker());
}

void addCounters(Counters &counters, const Program &program, const std::vector<uint64_t> &blocks) {
  for (size_t b = 0; b < blocks.size(); ++b) {
    counters.warpInstructions += blocks[b] * program.blocks[b].count;
    for (size_t c = 0; c < counters.byClass.size(); ++c)
      counters.byClass[c] += blocks[b] * program.blocks[b].classes[c];
  }
}

/// Whether this thread is the one that called launch().
thread_local bool pollsHere = false;

void pollNow(Launch &launch) {
  const auto &poll = launch.config->poll;
  if (!poll || launch.interrupted || poll())
    return;
  launch.interrupted = true;
  launch.stop = true;
}

} // namespace

void cosmati::ptxvm::pollLaunch(Launch &launch) {
  if (!launch.config->poll || !pollsHere)
    return;
  auto now = std::chrono::steady_clock::now();
  if (now < launch.nextPoll)
    return;
  launch.nextPoll = now + kPollInterval;
  pollNow(launch);
}

llvm::Error cosmati::ptxvm::launch(const Module &module, llvm::StringRef entryName,
                                   const LaunchConfig &given, llvm::ArrayRef<uint8_t> paramBlock,
                                   const AddressSpace &memory, Report *report) {
  const EntryInfo *entry = module.findEntry(entryName);
  if (!entry)
    return llvm::createStringError("there is no kernel '" + entryName + "' in " +
                                   module.program().name);
  uint64_t shared = uint64_t(entry->staticShared) + given.dynamicShared;
  LaunchConfig config = given;
  if (llvm::Error e = check(*entry, config, shared, paramBlock.size()))
    return e;
  if (std::string reason = shapeCluster(module.program(), *entry, config); !reason.empty())
    return refuse(*entry, reason);
  auto begin = std::chrono::steady_clock::now();
  Launch launch;
  launch.program = &module.program();
  launch.entry = entry;
  launch.function = launch.program->entryFunction[size_t(entry - module.entries().data())];
  launch.config = &config;
  launch.params = paramBlock.vec();
  launch.regions = memory.snapshot();
  launch.sharedBytes = uint32_t(shared);
  launch.explicitCluster =
      volume(config.cluster) != 1 || entry->reqnctapercluster || entry->explicitCluster;

  launch.code = launch.program->code.data();
  launch.blockStart = launch.program->blockStart.data();

  // Without the checker nobody sees what this launch writes.
  if (!has(config.checks, Check::Uninitialized))
    for (const Region &r : launch.regions->regions)
      if (r.written && r.writable)
        r.written->writeAll();

  Observers observers;
  addCheckers(observers, config.checks);
  Profiler *profiler = nullptr;
  if (config.profile) { // the last, so that it counts what the program asked for
    auto owned = std::make_unique<Profiler>();
    launch.profiler = profiler = owned.get();
    observers.add(std::move(owned));
  }
  if (scheduleOf(config) == Schedule::Adversarial)
    launch.switchPoints = switchPoints(*launch.program);
  std::optional<ObservedCode> observed;
  if (!observers.empty()) {
    observed.emplace(*launch.program);
    observed->wrapAccesses(*launch.program);
    launch.code = observed->code.data();
    launch.blockStart = observed->blockStart.data();
    launch.observed = &*observed;
    launch.observer = &observers;
    observers.instrument(*observed, launch);
    observers.launchBegin(launch);
  }

  uint64_t total = volume(config.grid) / volume(config.cluster);
  uint32_t threads =
      config.threads ? config.threads : std::max(1u, std::thread::hardware_concurrency());
  threads = uint32_t(std::min<uint64_t>(threads, total));
  std::atomic<uint64_t> next{0};
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint32_t k = 0; k < threads; ++k)
    workers.push_back(std::make_unique<Worker>(launch, next, total));
  runOnWorkers(
      threads,
      [&](uint32_t k) {
        pollsHere = k == 0;
        workers[k]->run();
        pollsHere = false;
      },
      kPollInterval, [&] { pollNow(launch); });

  if (launch.observer)
    observers.launchEnd(launch);
  if (report) {
    report->findings = launch.findings;
    report->counters = Counters();
    report->profile = profiler ? profiler->result(*launch.program) : Profile();
    for (auto &worker : workers) {
      addCounters(report->counters, *launch.program, worker->blockCounts());
      report->counters.ctas += worker->finishedCtas();
    }
    report->counters.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  if (!launch.findings.empty())
    return llvm::createStringError(launch.findings.front().message);
  if (launch.interrupted)
    return llvm::createStringError("the launch of kernel '" + entry->name + "' was interrupted");
  return llvm::Error::success();
}
