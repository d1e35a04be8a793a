//===- CudaPrograms.h - Programs compiled from CUDA C++ -------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// cuda/NAME.VARIANT.ptx was made from cuda/NAME.cu by cuda/regenerate. COSMATI_VM_CUDA names
// another folder to take the PTX from.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "test/unit/Vm/VmTest.h"
#include <functional>
#include <random>

namespace vmtest {

/// One compiled variant of a program under one schedule.
struct Compiled {
  std::shared_ptr<Module> module;
  std::string variant; ///< "sm_80", "sm_90a", "O0", "nvrtc"
  uint64_t seed;       ///< of the schedule
  uint32_t threads;    ///< host threads
  /// A launch of `entry` under this schedule.
  Grid grid(const std::string &entry) const;
};

/// Calls `body` for each variant of program `name` under several schedules.
void forEachVariant(const std::string &name, const std::function<void(const Compiled &)> &body);

/// Uniform numbers in [-1, 1).
std::vector<float> randomFloats(size_t n, unsigned seed);
std::vector<int> randomInts(size_t n, unsigned seed, int low, int high);
std::vector<uint32_t> randomWords(size_t n, unsigned seed);

} // namespace vmtest
