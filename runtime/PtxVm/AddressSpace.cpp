//===- AddressSpace.cpp ---------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/AddressSpace.h"
#include <algorithm>

using namespace cosmati::ptxvm;

namespace {
constexpr uint64_t kGuard = uint64_t(1) << 31;
constexpr uint64_t kSlot = uint64_t(1) << 32;
} // namespace

const Region *RegionMap::find(uint64_t address, uint64_t bytes) const {
  auto it = std::upper_bound(regions.begin(), regions.end(), address,
                             [](uint64_t a, const Region &r) { return a < r.base; });
  for (size_t k = size_t(it - regions.begin()); k-- > 0;) {
    if (reach[k] <= address)
      return nullptr; // nothing at or before k reaches this far
    const Region &r = regions[k];
    if (r.bytes >= bytes && address - r.base <= r.bytes - bytes)
      return &r;
  }
  return nullptr;
}

const Region *RegionMap::nearest(uint64_t address, uint64_t &distance) const {
  const Region *best = nullptr;
  for (const Region &r : regions) {
    uint64_t end = r.base + r.bytes;
    uint64_t d = address < r.base ? r.base - address : address >= end ? address - end : 0;
    if (!best || d < distance)
      best = &r, distance = d;
  }
  return best;
}

void RegionMap::finish() {
  std::sort(regions.begin(), regions.end(),
            [](const Region &a, const Region &b) { return a.base < b.base; });
  reach.resize(regions.size());
  uint64_t furthest = 0;
  for (size_t k = 0; k < regions.size(); ++k)
    reach[k] = furthest = std::max(furthest, regions[k].base + regions[k].bytes);
}

/// A fresh range of addresses with a guard on both sides, keeping the host address modulo 256.
uint64_t AddressSpace::reserve(const void *host, uint64_t bytes) {
  uint64_t low = reinterpret_cast<uintptr_t>(host) & 255;
  uint64_t base = next + kGuard + low;
  next += (bytes + 2 * kGuard + 256 + kSlot - 1) / kSlot * kSlot;
  return base;
}

uint64_t AddressSpace::map(void *host, uint64_t bytes, std::string name, bool writable) {
  std::lock_guard<std::mutex> lock(mutex);
  cached.reset();
  auto *begin = static_cast<uint8_t *>(host);
  uint64_t base = 0;
  for (Region &r : regions) {
    if (r.host == begin && r.bytes == bytes && r.writable == writable) {
      ++r.uses;
      return r.base;
    }
    // Bytes shared with a buffer keep their distance to it.
    bool overlaps = bytes && r.bytes && begin < r.host + r.bytes && r.host < begin + bytes;
    if (overlaps && !base)
      base = r.base + uint64_t(begin - r.host);
  }
  Region region;
  region.base = base ? base : reserve(host, bytes);
  region.bytes = bytes;
  region.host = begin;
  region.writable = writable;
  region.name = std::move(name);
  regions.push_back(std::move(region));
  return regions.back().base;
}

bool AddressSpace::unmap(uint64_t address, uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  for (auto it = regions.begin(); it != regions.end(); ++it) {
    if (it->base != address || it->bytes != bytes)
      continue;
    if (--it->uses == 0) {
      cached.reset();
      regions.erase(it);
    }
    return true;
  }
  return false;
}

std::shared_ptr<const RegionMap> AddressSpace::snapshot() const {
  std::lock_guard<std::mutex> lock(mutex);
  if (!cached) {
    auto map = std::make_shared<RegionMap>();
    map->regions = regions;
    map->finish();
    cached = map;
  }
  return cached;
}

void *AddressSpace::translate(uint64_t address, uint64_t bytes) const {
  std::shared_ptr<const RegionMap> map = snapshot();
  const Region *r = map->find(address, bytes);
  return r ? r->host + (address - r->base) : nullptr;
}
