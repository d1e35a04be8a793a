//===- Schedule.h - Which warp runs next, and how far ---------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX promises almost nothing about the order in which threads proceed, so every schedule here is a
// legal one. All decisions of a CTA come from the seed and the CTA's number, never from the host's
// threads: a seed replays a CTA's order whatever runs beside it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/PtxVm.h"
#include "runtime/PtxVm/exec/Exec.h"

namespace cosmati::ptxvm {

struct Cta;
struct Launch;
struct InstInfo;

/// How far a warp runs when it is its turn.
struct Turn {
  int32_t blocks = 1024;     ///< basic blocks
  uint32_t instructions = 0; ///< instructions; 0: no such bound
  /// Ends behind an instruction that synchronises (1), or accesses shared or global memory at all
  /// (2); 0: neither.
  uint8_t until = 0;
  uint32_t idleYields = 64; ///< turns after which lanes that wait for siblings are let go
};

/// Whom the adversarial schedule prefers for a while.
enum class Preference : uint8_t { Highest, Lowest, Behind, Ahead, Any };

/// A CTA's share of the schedule's state.
struct TurnState {
  uint64_t random = 0;      ///< of the order; 0: in order
  uint64_t asyncRandom = 0; ///< of asynchronous copies
  Preference preference = Preference::Highest;
  uint32_t left = 0;           ///< turns until another preference
  uint32_t last = 0;           ///< warp that ran last
  uint32_t repeated = 0;       ///< turns it has had in a row
  std::vector<uint64_t> turns; ///< by warp: turns so far
};

uint64_t nextRandom(uint64_t &state);
/// What LaunchConfig::schedule and ::seed amount to.
Schedule scheduleOf(const LaunchConfig &config);

/// Whether seed and schedule shuffle what comes in order otherwise.
bool ordersAtRandom(const LaunchConfig &config);

void startTurns(Cta &cta);
/// `order` holds the warps that can run; afterwards those that get a turn in the next round, in the
/// order of their turns.
void planRound(Cta &cta, std::vector<uint32_t> &order);
Turn planTurn(Cta &cta);
/// Whether asynchronous copies in flight are to be completed now, behind an instruction.
bool completesNow(Cta &cta);
/// Completes what the warp, or anyone in its cluster, has in flight, as far as nothing but time
/// keeps it from being complete.
void completeInFlight(Warp &w);

/// Number of the CTA (or cluster) that the `ticket`-th of `total` to begin is.
uint64_t beginOrder(const LaunchConfig &config, uint64_t ticket, uint64_t total);
/// Slices that a cluster with so many warps gets before another one's turn.
uint32_t slicesOfTurn(const LaunchConfig &config, size_t warps, uint64_t &random);

/// By instruction: 1 if it synchronises or accesses memory strongly, 2 if it is an ordinary access
/// to shared or global memory, else 0.
std::vector<uint8_t> switchPoints(const Program &program);

} // namespace cosmati::ptxvm
