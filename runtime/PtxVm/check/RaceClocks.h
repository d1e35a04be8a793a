//===- RaceClocks.h - What threads know of each other ---------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Happens-before by vector clocks. Each CTA has a scalar time that grows whenever one of its
// threads releases; an access is stamped (CTA, thread, time). What a thread knows is, for each CTA
// it has heard of, up to which time it knows each thread's accesses. Both are immutable once made
// and shared by everybody who knows the same: after a barrier, by the whole CTA.
//
// Besides threads a CTA has agents, which stand for asynchronous operations: what arrives at one
// mbarrier, and the wgmmas of one warp. Numbers below kWarpAgents are the warps'.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/SmallVector.h"
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace cosmati::ptxvm::races {

inline constexpr uint32_t kWarpAgents = 32;

/// Of one CTA. Times begin at 1. A thread is known up to the largest of the three that apply.
struct Times {
  uint32_t floor = 0;            ///< all threads
  std::vector<uint32_t> warps;   ///< all threads of a warp; missing: 0
  std::vector<uint32_t> threads; ///< missing: 0
  std::vector<uint32_t> agents;  ///< missing: 0

  bool knows(uint32_t thread, uint32_t time) const {
    return time <= floor || (thread / 32 < warps.size() && time <= warps[thread / 32]) ||
           (thread < threads.size() && time <= threads[thread]);
  }
  bool knowsAgent(uint32_t agent, uint32_t time) const {
    return agent < agents.size() && time <= agents[agent];
  }
  /// Certainly everything that `other` knows; false may be pessimistic.
  bool covers(const Times &other) const;
  void join(const Times &other);
  void learn(uint32_t warp, uint32_t lanes, uint32_t time);
  void learnAgent(uint32_t agent, uint32_t time);
};
using TimesPtr = std::shared_ptr<const Times>;

struct Knowledge;
/// Null knows nothing.
using KnowledgePtr = std::shared_ptr<const Knowledge>;

/// Which memory a proxy fence concerns.
enum FencedSpace : unsigned { FencedShared, FencedGlobal };

struct Knowledge {
  llvm::SmallVector<std::pair<uint32_t, TimesPtr>, 1> ctas; ///< by linear number, sorted
  /// The part that a proxy fence has made visible to the async proxy, by FencedSpace.
  std::array<KnowledgePtr, 2> fenced;

  const Times *find(uint32_t cta) const {
    for (const auto &[number, times] : ctas)
      if (number >= cta)
        return number == cta ? times.get() : nullptr;
    return nullptr;
  }
  /// Sets what is known of a CTA.
  void set(uint32_t cta, TimesPtr times);
};
inline bool knows(const Knowledge *k, uint32_t cta, uint32_t thread, uint32_t time) {
  const Times *times = k ? k->find(cta) : nullptr;
  return times && times->knows(thread, time);
}
inline bool knowsAgent(const Knowledge *k, uint32_t cta, uint32_t agent, uint32_t time) {
  const Times *times = k ? k->find(cta) : nullptr;
  return times && times->knowsAgent(agent, time);
}

/// Certainly everything; false may be pessimistic.
bool covers(const KnowledgePtr &a, const KnowledgePtr &b);
/// What both know together; one of the two itself where it covers the other.
KnowledgePtr join(const KnowledgePtr &a, const KnowledgePtr &b);
/// And the accesses of these lanes up to `time`.
KnowledgePtr with(const KnowledgePtr &base, uint32_t cta, uint32_t warp, uint32_t lanes,
                  uint32_t time);
KnowledgePtr withAgent(const KnowledgePtr &base, uint32_t cta, uint32_t agent, uint32_t time);
/// And the fence: what `visible` knows is visible to the async proxy.
KnowledgePtr withFence(const KnowledgePtr &base, FencedSpace space, const KnowledgePtr &visible);
/// All threads of the CTA up to `time`, besides what `base` knows of others and of agents.
KnowledgePtr withFloor(const KnowledgePtr &base, uint32_t cta, uint32_t time);

/// join() for a run of lanes that know the same: equal arguments give the same object.
class JoinMemo {
public:
  const KnowledgePtr &operator()(const KnowledgePtr &a, const KnowledgePtr &b) {
    if (!valid || a != left || b != right) {
      result = join(a, b);
      left = a;
      right = b;
      valid = true;
    }
    return result;
  }

private:
  bool valid = false;
  KnowledgePtr left, right, result;
};

} // namespace cosmati::ptxvm::races
