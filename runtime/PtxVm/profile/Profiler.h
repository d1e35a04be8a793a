//===- Profiler.h - The observer that counts ------------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/check/Observed.h"
#include <atomic>
#include <deque>

namespace cosmati::ptxvm {

/// What one instruction did in one CTA; no lock needed.
struct InstCount {
  uint64_t executions = 0, lanes = 0;
  uint64_t globalRequests = 0, globalSectors = 0, globalIdeal = 0;
  uint64_t sharedRequests = 0, sharedPasses = 0, sharedIdeal = 0;        ///< of generic accesses
  uint64_t globalBytes[2] = {}, sharedBytes[2] = {}, localBytes[2] = {}; ///< read, written
  uint64_t asyncBytes = 0, atomics = 0, waits = 0;
};
struct InstCounts {
  std::vector<InstCount> byInstruction;
};

/// Which sectors of a buffer were touched, by any thread.
class Footprint {
public:
  explicit Footprint(const Region &region)
      : first(region.base / 32), words((region.bytes + 31) / 32 / 64 + 2) {}
  void touch(uint64_t sector) {
    uint64_t bit = sector - first;
    words[bit / 64].fetch_or(uint64_t(1) << (bit % 64), std::memory_order_relaxed);
  }
  uint64_t sectors() const;

private:
  uint64_t first;
  std::vector<std::atomic<uint64_t>> words;
};

class Profiler final : public Observer {
public:
  void launchBegin(Launch &launch) override;
  void ctaBegin(Cta &cta) override;
  void access(const AccessEvent &event) override;
  void asyncIssue(const AsyncEvent &event) override;
  void barrierArrive(Warp &w, const Inst *i, uint32_t id, uint32_t lanes, bool waits) override;
  void mbarrierWait(const MbarrierEvent &event) override;
  void clusterWait(Warp &w, const Inst *i, uint32_t lanes, MemoryOrder order) override;

  /// Puts a counting wrapper before every instruction; comes after all other observers.
  void instrument(ObservedCode &code, const Launch &launch) override;
  const Inst *run(Warp &w, const Inst *i, uint32_t index) { return inner[index](w, i); }
  /// What was counted, once the launch has ended.
  Profile result(const Program &program) const;

private:
  std::vector<Handler> inner; ///< by instruction
  std::mutex mutex;
  std::deque<InstCounts> counts; ///< one for each Cta object, which many CTAs use in turn
  const RegionMap *regions = nullptr, *globals = nullptr;
  std::deque<Footprint> ofRegions, ofGlobals; ///< as regions and globals

  InstCount &countOf(const Warp &w, uint32_t index) { return w.cta->counts->byInstruction[index]; }
  void touch(uint64_t sector);
};

} // namespace cosmati::ptxvm
