//===- Observed.h - The copy of a program that observers watch -- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The same instructions in the same order; those to be seen have a wrapper for a handler, which
// calls the original one. So the program itself has no test whether somebody watches.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/check/Observer.h"

namespace cosmati::ptxvm {

/// What a wrapper needs to know about an access; the address is where Resolve.h finds it.
struct AccessTraits {
  AccessKind kind = AccessKind::Read;
  MemoryOrder order = MemoryOrder::Weak;
  Scope scope = Scope::Sys;
  uint32_t bytes = 0;   ///< per lane
  uint32_t lanes = ~0u; ///< that give addresses (ldmatrix)
  bool strong = false;  ///< under Launch::strongMutex
};

/// Who wraps: each may wrap an instruction once. What is wrapped later runs first.
enum class Layer : uint8_t { Access, Overflow, Slices, NumLayers };

struct ObservedCode {
  std::vector<Inst> code;
  std::vector<const Inst *> blockStart;
  std::vector<Handler> original; ///< by instruction; what the access layer's wrapper calls
  std::array<std::vector<Handler>, size_t(Layer::NumLayers)> below; ///< the other layers'
  std::array<Observer *, size_t(Layer::NumLayers)> owner{};         ///< for their wrappers
  std::vector<AccessTraits> accesses; ///< by instruction; bytes = 0: none

  explicit ObservedCode(const Program &program);
  /// Puts `wrapper` before what runs now; `original` then leads to that. At most once for an
  /// instruction.
  void wrap(uint32_t instruction, Handler wrapper);
  void wrap(uint32_t instruction, Handler wrapper, Layer layer);
  /// Wraps all accesses to global, shared and local memory.
  void wrapAccesses(const Program &program);
};

/// Runs the instruction as it would run without its wrapper.
inline const Inst *runOriginal(Warp &w, const Inst *i) {
  const Launch &launch = *w.cta->launch;
  return launch.observed->original[launch.indexOf(i)](w, i);
}
/// Runs what this layer's wrapper stands before.
inline const Inst *runBelow(Layer layer, Warp &w, const Inst *i) {
  const Launch &launch = *w.cta->launch;
  return launch.observed->below[size_t(layer)][launch.indexOf(i)](w, i);
}

/// The addresses that the lanes of `mask` (not empty) of a load, store or atomic use, in the terms
/// of its way (Resolve.h); lanes that are off repeat one of them. `address` is aligned to 64 bytes.
void addressesOf(Warp &w, const Inst *i, uint32_t mask, uint64_t *address);

} // namespace cosmati::ptxvm
