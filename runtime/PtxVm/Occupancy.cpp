//===- Occupancy.cpp - how many CTAs a GPU holds at once ------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Occupancy.h"
#include <algorithm>
#include <iterator>

using namespace cosmati::ptxvm;

namespace {

constexpr uint32_t kKiB = 1024;
/// Ascending.
constexpr GpuModel kModels[] = {
    {70, "V100", 80, 2048, 32, 96 * kKiB, 96 * kKiB, 0},
    {75, "T4", 40, 1024, 16, 64 * kKiB, 64 * kKiB, 0},
    {80, "A100", 108, 2048, 32, 164 * kKiB, 163 * kKiB, kKiB},
    {86, "A10", 72, 1536, 16, 100 * kKiB, 99 * kKiB, kKiB},
    {87, "Jetson AGX Orin", 16, 1536, 16, 164 * kKiB, 163 * kKiB, kKiB},
    {89, "L40S", 142, 1536, 24, 100 * kKiB, 99 * kKiB, kKiB},
    {90, "H100", 132, 2048, 32, 228 * kKiB, 227 * kKiB, kKiB},
    {100, "B200", 148, 2048, 32, 228 * kKiB, 227 * kKiB, kKiB},
    {120, "RTX 5090", 170, 1536, 24, 100 * kKiB, 99 * kKiB, kKiB},
};
/// Registers are given to warps in units (the same guide's occupancy rules).
constexpr uint32_t kRegisterUnit = 256, kWarp = 32;

uint32_t roundUp(uint32_t value, uint32_t unit) { return (value + unit - 1) / unit * unit; }

} // namespace

const GpuModel &cosmati::ptxvm::gpuModel(llvm::StringRef target) {
  unsigned sm = 0;
  target.consume_front("sm_");
  target.consumeInteger(10, sm);
  auto newer = std::find_if(std::begin(kModels), std::end(kModels),
                            [&](const GpuModel &model) { return model.sm > sm; });
  return newer == std::begin(kModels) ? *newer : *std::prev(newer);
}

uint32_t cosmati::ptxvm::ctasPerMultiprocessor(const GpuModel &gpu, const CtaNeeds &needs) {
  uint32_t threads = roundUp(std::max(needs.threads, 1u), kWarp);
  uint32_t shared = needs.sharedBytes + gpu.sharedBytesReserved;
  uint32_t count = std::min(gpu.ctas, gpu.threads / threads);
  if (shared)
    count = std::min(count, gpu.sharedBytes / shared);
  if (needs.registers)
    count = std::min(count, gpu.registers / roundUp(needs.registers * kWarp, kRegisterUnit) /
                                (threads / kWarp));
  return std::max(count, 1u);
}

uint64_t cosmati::ptxvm::residentCtas(const GpuModel &gpu, const CtaNeeds &needs) {
  return uint64_t(gpu.multiprocessors) * ctasPerMultiprocessor(gpu, needs);
}
