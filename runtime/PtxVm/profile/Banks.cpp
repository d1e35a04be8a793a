//===- Banks.cpp - sectors and bank conflicts of one access ---------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/profile/Banks.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>

using namespace cosmati::ptxvm;

namespace {

constexpr unsigned kLanes = 32, kBanks = 32, kWord = 4;
constexpr uint64_t kSector = 32;
using Units = llvm::SmallVector<uint64_t, 128>;

/// The different units of `size` bytes that the lanes of `part` touch, in order.
Units unitsOf(const uint64_t *address, uint32_t part, uint32_t bytes, uint64_t size) {
  Units units;
  for (uint32_t rest = part; rest; rest &= rest - 1) {
    uint64_t first = address[__builtin_ctz(rest)];
    for (uint64_t u = first / size; u <= (first + bytes - 1) / size; ++u)
      units.push_back(u);
  }
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  return units;
}

} // namespace

Passes cosmati::ptxvm::sharedPasses(const uint64_t *address, uint32_t lanes, uint32_t bytes) {
  // Vectors wider than 16 bytes are served as several of 16.
  unsigned step = bytes <= kWord ? kLanes : bytes <= 2 * kWord ? kLanes / 2 : kLanes / 4;
  Passes passes;
  for (unsigned first = 0; first < kLanes; first += step) {
    uint32_t part = lanes & uint32_t(((uint64_t(1) << step) - 1) << first);
    if (!part)
      continue;
    Units words = unitsOf(address, part, bytes, kWord);
    uint64_t inBank[kBanks] = {}, fullest = 0;
    for (uint64_t word : words)
      fullest = std::max(fullest, ++inBank[word % kBanks]);
    passes.actual += fullest;
    passes.ideal += (words.size() + kBanks - 1) / kBanks;
  }
  return passes;
}

Passes cosmati::ptxvm::globalSectors(const uint64_t *address, uint32_t lanes, uint32_t bytes,
                                     llvm::function_ref<void(uint64_t)> visit) {
  Units sectors = unitsOf(address, lanes, bytes, kSector);
  for (uint64_t sector : sectors)
    visit(sector);
  // Different bytes: the union of the lanes' intervals.
  llvm::SmallVector<uint64_t, kLanes> begins;
  for (uint32_t rest = lanes; rest; rest &= rest - 1)
    begins.push_back(address[__builtin_ctz(rest)]);
  std::sort(begins.begin(), begins.end());
  uint64_t covered = 0, end = 0;
  for (uint64_t begin : begins) {
    covered += begin + bytes - std::max(begin, std::min(end, begin + bytes));
    end = std::max(end, begin + bytes);
  }
  return {sectors.size(), (covered + kSector - 1) / kSector};
}
