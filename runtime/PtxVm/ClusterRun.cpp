//===- ClusterRun.cpp - shape and turns of clusters -----------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One host thread runs all CTAs of a cluster, each for a few turns of its warps. What ends a
// standstill (copies in flight, try_waits that give up) is done only when no CTA of the cluster can
// go on, and a deadlock is one of the whole cluster.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Cluster.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <numeric>

using namespace cosmati::ptxvm;

namespace {

constexpr uint64_t kPortableCtas = 8, kMaxCtas = 16; ///< of a cluster, on sm_90
using Dims = std::array<uint32_t, 3>;

std::string text(const Dims &v) { return llvm::formatv("({0},{1},{2})", v[0], v[1], v[2]).str(); }
/// CTAs; sizes that are far too large don't wrap around.
uint64_t volume(const Dims &v) {
  auto extent = [](uint32_t d) { return std::min<uint64_t>(d, 1 << 20); };
  return extent(v[0]) * extent(v[1]) * extent(v[2]);
}

/// Number in ".target sm_90a".
unsigned targetNumber(llvm::StringRef target) {
  unsigned number = 0;
  target.consume_front("sm_");
  target.consumeInteger(10, number);
  return number;
}

/// The cluster that the kernel's directives and the launch agree on.
std::string chooseShape(const EntryInfo &entry, LaunchConfig &config) {
  bool given = volume(config.cluster) != 1;
  if (entry.reqnctapercluster) {
    if (given && config.cluster != *entry.reqnctapercluster)
      return "cluster " + text(config.cluster) + " but the kernel has .reqnctapercluster " +
             text(*entry.reqnctapercluster) + "; launch with that, or give no cluster";
    config.cluster = *entry.reqnctapercluster;
  } else if (entry.explicitCluster && !given) {
    return "the kernel has .explicitcluster, but the launch gives no cluster; set "
           "LaunchConfig::cluster";
  }
  if (!entry.blocksAreClusters)
    return "";
  for (unsigned d = 0; d < 3; ++d) { // the grid counts clusters
    uint64_t ctas = uint64_t(config.grid[d]) * config.cluster[d];
    if (ctas > INT32_MAX)
      return llvm::formatv(
          "grid {0} of clusters {1} has {2} CTAs in dimension {3}; {4} are possible",
          text(config.grid), text(config.cluster), ctas, d, INT32_MAX);
    config.grid[d] = uint32_t(ctas);
  }
  return "";
}

/// A seeded order in which the CTAs get their turns.
void shuffle(std::vector<uint32_t> &order, uint64_t &random) {
  for (size_t k = order.size(); random && k > 1; --k)
    std::swap(order[k - 1], order[nextRandom(random) % k]);
}

} // namespace

bool cosmati::ptxvm::endStandstill(Cluster &cluster) {
  bool any = false;
  for (auto &cta : cluster.ctas)
    any |= !cta->finished && completeArrivals(*cta);
  return any || releaseTryWaits(cluster);
}

std::string cosmati::ptxvm::shapeCluster(const Program &program, const EntryInfo &entry,
                                         LaunchConfig &config) {
  if (volume(config.cluster) == 0)
    return "cluster " + text(config.cluster) + " has no CTA; every dimension is at least 1";
  if (std::string reason = chooseShape(entry, config); !reason.empty())
    return reason;
  uint64_t ctas = volume(config.cluster);
  std::string what = "cluster " + text(config.cluster) + " has " + std::to_string(ctas) + " CTAs; ";
  if (ctas == 1)
    return "";
  if (unsigned sm = targetNumber(program.target); sm < 90)
    return what + "the module is for " + program.target + ", clusters need sm_90 or newer";
  if (ctas > kMaxCtas)
    return what + "at most " + std::to_string(kMaxCtas) + " are possible";
  if (entry.maxClusterRank && ctas > *entry.maxClusterRank)
    return what + "the kernel has .maxclusterrank " + std::to_string(*entry.maxClusterRank);
  if (ctas > kPortableCtas && !config.nonPortableCluster)
    return what + "at most " + std::to_string(kPortableCtas) + " are portable; set " +
           "LaunchConfig::nonPortableCluster for up to " + std::to_string(kMaxCtas);
  for (unsigned d = 0; d < 3; ++d)
    if (config.grid[d] % config.cluster[d])
      return llvm::formatv("grid {0} is no multiple of cluster {1} in dimension {2}: {3} CTAs, "
                           "{4} in a cluster; make the grid a multiple of the cluster",
                           text(config.grid), text(config.cluster), "xyz"[d], config.grid[d],
                           config.cluster[d]);
  return "";
}

std::unique_ptr<Cluster> cosmati::ptxvm::newCluster(Launch &launch) {
  auto cluster = std::make_unique<Cluster>();
  cluster->blockCounts.resize(launch.program->blocks.size());
  uint64_t ctas = volume(launch.config->cluster);
  for (uint32_t rank = 0; rank < ctas; ++rank) {
    auto cta = newCta(launch, cluster->blockCounts);
    cta->cluster = cluster.get();
    cta->rank = rank;
    for (auto &w : cta->warps)
      w->sharedBase = rank * kCtaWindowBytes;
    cluster->ctas.push_back(std::move(cta));
  }
  return cluster;
}

void cosmati::ptxvm::startCluster(Cluster &cluster, uint64_t number) {
  const LaunchConfig &config = *cluster.ctas[0]->launch->config;
  const Dims &shape = config.cluster, &grid = config.grid;
  Dims clusters;
  for (unsigned d = 0; d < 3; ++d)
    clusters[d] = grid[d] / shape[d];
  uint64_t first[3] = {number % clusters[0] * shape[0],
                       number / clusters[0] % clusters[1] * shape[1],
                       number / clusters[0] / clusters[1] * shape[2]};
  cluster.giveUps = 0;
  startWatch(cluster);
  cluster.random = ordersAtRandom(config) && cluster.ctas.size() > 1
                       ? (config.seed * 0xd1342543de82ef95ull) ^ (number + 1)
                       : 0;
  for (auto &cta : cluster.ctas) {
    uint64_t x = first[0] + cta->rank % shape[0], y = first[1] + cta->rank / shape[0] % shape[1],
             z = first[2] + cta->rank / shape[0] / shape[1];
    startCta(*cta, x + grid[0] * (y + uint64_t(grid[1]) * z));
  }
}

CtaStatus cosmati::ptxvm::runCluster(Cluster &cluster, uint32_t slices) {
  size_t ctas = cluster.ctas.size();
  std::vector<uint32_t> order(ctas);
  std::iota(order.begin(), order.end(), 0u);
  for (uint32_t done = 0; done < slices;) {
    shuffle(order, cluster.random);
    uint32_t before = done;
    bool living = false, ended = false;
    for (uint32_t rank : order) {
      Cta &cta = *cluster.ctas[rank];
      if (cta.finished)
        continue;
      uint32_t turns = ctas == 1        ? slices
                       : cluster.random ? 1 + uint32_t(nextRandom(cluster.random) % 4)
                                        : uint32_t(cta.warps.size());
      CtaStatus status = runCta(cta, turns, done);
      if (status == CtaStatus::Failed)
        return status;
      living |= status != CtaStatus::Finished;
      if (status != CtaStatus::Finished)
        continue;
      cta.finished = ended = true;
      if (ctas > 1 && !checkNothingInFlight(cta))
        return CtaStatus::Failed;
    }
    if (!living)
      return CtaStatus::Finished;
    if (done != before || ended || endStandstill(cluster))
      continue;
    faultDeadlock(cluster);
    return CtaStatus::Failed;
  }
  return CtaStatus::Running;
}
