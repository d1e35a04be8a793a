//===- WorkerPool.h - Host threads shared by all launches ----- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace cosmati::ptxvm {

/// Runs `work(0) ... work(count - 1)` at once, the first on the calling thread, and returns when
/// all are done. Helper threads are started when first needed and kept; a forked child starts its
/// own. `whileWaiting` is called every `interval` by the calling thread once only others work.
void runOnWorkers(uint32_t count, const std::function<void(uint32_t)> &work,
                  std::chrono::milliseconds interval, const std::function<void()> &whileWaiting);

} // namespace cosmati::ptxvm
