//===- PerCta.h - What a checker keeps for each CTA ----------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Cta.h"
#include <unordered_map>

namespace cosmati::ptxvm {

/// A `State` for each Cta object that runs. Several host threads may ask at the same time, each for
/// CTAs of its own; mostly they ask for the one that they asked for before.
template <class State> class PerCta {
public:
  State &of(const Cta &cta) {
    struct Last {
      uint64_t owner = 0;
      const Cta *cta = nullptr;
      State *state = nullptr;
    };
    static thread_local Last last;
    if (last.owner == id && last.cta == &cta)
      return *last.state;
    std::lock_guard<std::mutex> lock(mutex);
    std::unique_ptr<State> &state = states[&cta];
    if (!state)
      state = std::make_unique<State>();
    last = {id, &cta, state.get()};
    return *state;
  }

private:
  static uint64_t nextId() {
    static std::atomic<uint64_t> count{0};
    return ++count;
  }
  const uint64_t id = nextId(); ///< a later object at this address is another one
  std::mutex mutex;
  std::unordered_map<const Cta *, std::unique_ptr<State>> states;
};

} // namespace cosmati::ptxvm
