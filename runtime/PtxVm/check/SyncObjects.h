//===- SyncObjects.h - The live mbarrier objects of a CTA ----- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Cta.h"
#include <map>

namespace cosmati::ptxvm {

/// An initialised mbarrier object.
struct SyncObject {
  uint64_t address = 0;
  AccessPoint initPoint;
  uint32_t phase = 0; ///< phases that are complete
  /// What a thread of the CTA did last: the phase during which it waited and arrived, plus one.
  struct Thread {
    uint32_t waited = 0, arrived = 0;
    uint32_t waitInst = 0;
  };
  std::vector<Thread> threads;

  Thread &of(uint32_t thread) {
    if (thread >= threads.size())
      threads.resize(thread + 1);
    return threads[thread];
  }
  void arrived(uint32_t thread) { of(thread).arrived = phase + 1; }
  /// A wait of this thread has found its phase complete. True if it had found the same before,
  /// although the next one is in use, at the same instruction or after an arrival of its own there:
  /// it must have meant the next one.
  bool waitedAgain(uint32_t thread, uint32_t inst, bool inUse) {
    Thread &t = of(thread);
    bool again = t.waited == phase + 1 && inUse && (t.waitInst == inst || t.arrived == phase + 1);
    t.waited = phase + 1;
    t.waitInst = inst;
    return again;
  }
};

class SyncObjects {
public:
  void clear() { objects.clear(); }
  bool empty() const { return objects.empty(); }
  void add(uint64_t address, AccessPoint point) {
    objects[address] = {};
    objects[address].address = address;
    objects[address].initPoint = std::move(point);
  }
  void remove(uint64_t address) { objects.erase(address); }
  SyncObject *find(uint64_t address) {
    auto it = objects.find(address);
    return it == objects.end() ? nullptr : &it->second;
  }
  template <class F> void each(F f) const {
    for (const auto &[address, object] : objects)
      f(object);
  }
  /// The object that shares bytes with [address, address + bytes).
  const SyncObject *overlapping(uint64_t address, uint64_t bytes) const {
    auto it = objects.lower_bound(address + bytes);
    if (it == objects.begin())
      return nullptr;
    const SyncObject &o = std::prev(it)->second;
    return o.address + 8 > address ? &o : nullptr;
  }

private:
  std::map<uint64_t, SyncObject> objects; ///< by offset in shared memory
};

/// The running phase of the object has seen an arrival, or expects transactions.
bool phaseInUse(const Cta &owner, uint64_t address);

} // namespace cosmati::ptxvm
