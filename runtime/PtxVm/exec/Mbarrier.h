//===- Mbarrier.h - The bits of an mbarrier ------------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX leaves the 64 bits opaque. Here they hold, from the lowest: the count that each phase expects
// (20 bits), the arrivals still pending (20), the transaction count (21, signed), the phase's
// parity, and a mark that tells an initialised object from other bytes (2). A state is the object's
// value when the thread arrived.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Exec.h"
#include <cstring>

namespace cosmati::ptxvm {

struct MbarrierBits {
  static constexpr uint32_t kMaxCount = (1u << 20) - 1;
  static constexpr int32_t kMaxTx = (1 << 20) - 1;
  static constexpr uint64_t kMark = uint64_t(2) << 62;

  uint32_t expected = 0, pending = 0;
  int32_t tx = 0;
  bool parity = false, valid = false;

  static MbarrierBits load(const uint8_t *bytes) {
    uint64_t v;
    std::memcpy(&v, bytes, 8);
    return of(v);
  }
  static MbarrierBits of(uint64_t v) {
    MbarrierBits b;
    b.expected = uint32_t(v) & kMaxCount;
    b.pending = uint32_t(v >> 20) & kMaxCount;
    b.tx = int32_t(uint32_t(v >> 40 & 0x1fffff) << 11) >> 11;
    b.parity = v >> 61 & 1;
    b.valid = v >> 62 == kMark >> 62;
    return b;
  }
  uint64_t value() const {
    return kMark | uint64_t(parity) << 61 | uint64_t(uint32_t(tx) & 0x1fffff) << 40 |
           uint64_t(pending) << 20 | expected;
  }
  void store(uint8_t *bytes) const {
    uint64_t v = value();
    std::memcpy(bytes, &v, 8);
  }
};

struct Cta;
/// False after a fault: the bytes hold no initialised mbarrier.
bool checkMbarrier(Warp &w, const Inst *i, unsigned lane, const uint8_t *bytes);
/// One more arrival is expected in this phase.
void addPending(uint8_t *bytes);
/// Adds to the transaction count; ends the phase if that completes it.
void addTransactions(Cta &cta, uint8_t *bytes, int32_t count);

} // namespace cosmati::ptxvm
