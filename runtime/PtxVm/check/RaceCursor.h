//===- RaceCursor.h - Finding lines of shadow memory ----------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/check/RaceState.h"

namespace cosmati::ptxvm::races {

/// Finds lines of one space and holds the lock of the page it is in. One host thread runs all CTAs
/// that can reach a shared memory, so that needs none.
class LineCursor {
public:
  LineCursor(RaceChecker &checker, CtaState &c, Space space, const Cta *owner)
      : checker(checker), c(c), lines(space == Space::Shared ? &stateOf(*owner).lines : nullptr) {}
  LineCursor(const LineCursor &) = delete;
  ~LineCursor() {
    if (held)
      held->unlock();
  }
  /// Null outside of all buffers: the constant bank.
  Line *at(uint64_t address) {
    if (lines)
      return address >> kLineShift < lines->size() ? &(*lines)[address >> kLineShift] : nullptr;
    uint64_t number = address >> GlobalShadow::kPageShift;
    if (!c.page || c.pageNumber != number) {
      c.page = checker.global.page(address);
      c.pageNumber = number;
    }
    if (held != c.page) {
      if (held)
        held->unlock();
      held = c.page;
      if (held)
        held->lock();
    }
    constexpr uint64_t kMask = (uint64_t(1) << GlobalShadow::kPageShift) - 1;
    return held ? &held->lines[(address & kMask) >> kLineShift] : nullptr;
  }

private:
  RaceChecker &checker;
  CtaState &c;
  std::vector<Line> *lines;
  GlobalShadow::Page *held = nullptr;
};

} // namespace cosmati::ptxvm::races
