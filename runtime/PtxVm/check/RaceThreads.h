//===- RaceThreads.h - The clocks of a warp's lanes ------------ -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes have clocks of their own: PTX orders the lanes of a warp by bar.warp.sync and barriers
// only. Lanes whose state is equal form a group; mostly a warp is one group.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/check/RaceClocks.h"

namespace cosmati::ptxvm::races {

/// Scopes as far as this machine tells them apart: of the CTA, the cluster, everything.
inline constexpr unsigned kReaches = 3;
inline unsigned reachOf(Scope s) { return s == Scope::Cta ? 0 : s == Scope::Cluster ? 1 : 2; }

/// A releasing fence: a later strong write publishes what was known then, and the thread's own
/// accesses up to `time`.
struct FencePoint {
  KnowledgePtr known;
  uint32_t time = 0; ///< 0: there was none
  bool operator==(const FencePoint &o) const { return known == o.known && time == o.time; }
};

struct LaneState {
  KnowledgePtr known;
  std::array<FencePoint, kReaches> fence; ///< by reach: the last fence of at least that scope
  /// What strong reads have seen, by the reach that an acquiring fence needs to take it.
  std::array<KnowledgePtr, kReaches> seen;
  bool operator==(const LaneState &o) const {
    return known == o.known && fence == o.fence && seen == o.seen;
  }
};

class WarpClock {
public:
  explicit WarpClock(uint32_t lanes = 0) { groups.push_back({lanes, {}}); }

  /// What the lane knows; null: nothing.
  const KnowledgePtr &known(unsigned lane) const { return state(lane).known; }
  const LaneState &state(unsigned lane) const {
    for (const Group &g : groups)
      if (g.mask >> lane & 1)
        return g.state;
    return groups.front().state;
  }
  /// Whether all these lanes know the same: then what.
  bool agree(uint32_t lanes, const Knowledge *&known) const {
    bool first = true;
    for (const Group &g : groups) {
      if (!(g.mask & lanes))
        continue;
      if (!first && g.state.known.get() != known)
        return false;
      known = g.state.known.get();
      first = false;
    }
    return true;
  }
  /// Calls `change(state, lanes)` for lanes of equal state.
  template <class F> void update(uint32_t lanes, F change) {
    for (size_t k = 0, end = groups.size(); k < end; ++k) {
      uint32_t in = groups[k].mask & lanes;
      if (!in)
        continue;
      if (in != groups[k].mask) {
        Group rest = groups[k];
        rest.mask &= ~in;
        groups[k].mask = in;
        groups.push_back(std::move(rest));
      }
      change(groups[k].state, in);
    }
    merge();
  }
  /// All lanes of `lanes` by group.
  template <class F> void each(uint32_t lanes, F visit) const {
    for (const Group &g : groups)
      if (g.mask & lanes)
        visit(g.state, g.mask & lanes);
  }

private:
  struct Group {
    uint32_t mask;
    LaneState state;
  };
  llvm::SmallVector<Group, 1> groups;

  void merge() {
    for (size_t k = 0; k < groups.size(); ++k)
      for (size_t m = groups.size(); m-- > k + 1;)
        if (groups[m].state == groups[k].state) {
          groups[k].mask |= groups[m].mask;
          groups.erase(groups.begin() + ptrdiff_t(m));
        }
  }
};

} // namespace cosmati::ptxvm::races
