//===- Launch.cpp - run a grid --------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cta.h"
#include "runtime/PtxVm/Occupancy.h"
#include "runtime/PtxVm/WorkerPool.h"
#include "runtime/PtxVm/check/Observed.h"
#include "runtime/PtxVm/profile/Profiler.h"
#include "llvm/Support/FormatVariadic.h"
#include <chrono>
#include <thread>

using namespace cosmati::ptxvm;

namespace {

constexpr uint32_t kMaxShared = 227 * 1024; ///< of the targets that are implemented
/// Unfinished CTAs per worker, unless they wait for others: more cost memory and caches.
constexpr size_t kMaxResident = 256;
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

void addCounters(Counters &counters, const Program &program, const std::vector<uint64_t> &blocks) {
  for (size_t b = 0; b < blocks.size(); ++b) {
    counters.warpInstructions += blocks[b] * program.blocks[b].count;
    for (size_t c = 0; c < counters.byClass.size(); ++c)
      counters.byClass[c] += blocks[b] * program.blocks[b].classes[c];
  }
}

/// Clusters that may be unfinished at once.
uint64_t placesOf(const Launch &launch) {
  const LaunchConfig &config = *launch.config;
  uint64_t ctas = config.resident;
  if (!ctas)
    ctas = residentCtas(gpuModel(launch.program->target),
                        {uint32_t(volume(config.block)), launch.sharedBytes, config.registers});
  return std::max<uint64_t>(ctas / volume(config.cluster), 1);
}

/// One host thread: takes clusters of CTAs and runs them, switching to another when one takes long
/// (it may wait for a CTA that hasn't begun). Without clusters each CTA is one.
class Worker {
public:
  Worker(Launch &launch, uint32_t index, std::atomic<uint64_t> &next, uint64_t total)
      : launch(launch), index(index), next(next), total(total) {}

  void run() {
    while (!launch.stop.load(std::memory_order_relaxed)) {
      uint64_t epoch = launch.wave.epoch();
      if (chooseTurn(epoch)) {
        if (!takeTurn())
          break;
      } else if (!begin()) {
        if (resident.empty() && next.load() >= total)
          break;
        pollLaunch(launch);
        if (launch.wave.park(index, clusters(), epoch) == Wave::Parked::Deadlock)
          faultWave(launch, std::min(next.load(), total), total);
      }
    }
    launch.wave.workerEnds();
  }
  void addCounters(Counters &counters) const {
    for (auto *list : {&resident, &idle})
      for (auto &cluster : *list)
        ::addCounters(counters, *launch.program, cluster->blockCounts);
    counters.ctas += finished;
  }

private:
  Launch &launch;
  uint32_t index; ///< of this worker
  std::atomic<uint64_t> &next;
  uint64_t total;
  std::vector<std::unique_ptr<Cluster>> resident, idle;
  size_t turn = 0; ///< whose turn it is, in `resident`
  uint64_t finished = 0;
  uint64_t random = 0; ///< of the clusters' turns

  std::vector<Cluster *> clusters() const {
    std::vector<Cluster *> all;
    for (auto &cluster : resident)
      all.push_back(cluster.get());
    return all;
  }

  /// Moves on to a cluster that doesn't wait for a change of memory; false if all do.
  bool chooseTurn(uint64_t epoch) {
    for (size_t tries = resident.size(); tries; --tries, ++turn) {
      turn %= resident.size();
      const SpinWatch &watch = resident[turn]->watch;
      if (!watch.waiting || watch.epoch != epoch)
        return true;
    }
    return false;
  }

  /// False when the launch is to end.
  bool takeTurn() {
    Cluster &cluster = *resident[turn];
    uint32_t warps = uint32_t(cluster.ctas.size() * cluster.ctas[0]->warps.size());
    uint32_t left = slicesOfTurn(*launch.config, warps, random);
    for (bool leave = false; left && !leave;) {
      // Random turns are short, and stay whole: that a seed replays them is relied on.
      uint32_t span = ordersAtRandom(*launch.config) ? left : cluster.watch.span * warps;
      uint32_t slices = std::min(left, span);
      switch (runCluster(cluster, slices)) {
      case CtaStatus::Failed:
      case CtaStatus::Blocked:
        return false;
      case CtaStatus::Finished:
        finish();
        return true;
      case CtaStatus::Running:
        leave = waitsForOthers(cluster, slices);
        left -= slices;
      }
    }
    if (resident.size() * cluster.ctas.size() < kMaxResident)
      begin();
    ++turn;
    return true;
  }

  void finish() {
    Cluster &cluster = *resident[turn];
    finished += cluster.ctas.size();
    for (auto &cta : cluster.ctas)
      if (launch.observer)
        launch.observer->ctaEnd(*cta);
    idle.push_back(std::move(resident[turn]));
    resident.erase(resident.begin() + ptrdiff_t(turn));
    launch.wave.leave();
  }

  bool begin() {
    if (next.load(std::memory_order_relaxed) >= total || !launch.wave.enter())
      return false;
    uint64_t ticket = next.fetch_add(1);
    if (ticket >= total) {
      launch.wave.giveBack();
      return false;
    }
    if (idle.empty()) {
      resident.push_back(newCluster(launch));
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
  launch.wave.begin(placesOf(launch), threads);
  std::atomic<uint64_t> next{0};
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint32_t k = 0; k < threads; ++k)
    workers.push_back(std::make_unique<Worker>(launch, k, next, total));
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
    for (auto &worker : workers)
      worker->addCounters(report->counters);
    report->counters.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  if (!launch.findings.empty())
    return llvm::createStringError(launch.findings.front().message);
  if (launch.interrupted)
    return llvm::createStringError("the launch of kernel '" + entry->name + "' was interrupted");
  return llvm::Error::success();
}
