//===- AddressSpace.cpp ---------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/AddressSpace.h"
#include <algorithm>
#include <cstdio>

using namespace cosmati::ptxvm;

namespace {
constexpr uint64_t kGuard = uint64_t(1) << 31;
constexpr uint64_t kSlot = uint64_t(1) << 32;
constexpr uint64_t kStanding = uint64_t(1) << 48; ///< beyond user addresses of x86-64 and AArch64
constexpr size_t kMaxReleased = 1024;             ///< buffers that are remembered after their end

bool overlap(const Region &a, const Region &b) {
  return a.bytes && b.bytes && a.host < b.host + b.bytes && b.host < a.host + a.bytes;
}

/// The bytes of a view whose dimensions all have more than one element and positive strides, given
/// from the smallest stride to the largest.
StridedBytes bytesOf(const std::vector<StridedBytes::Level> &dimensions, uint32_t itemsize) {
  StridedBytes view;
  view.run = itemsize;
  uint64_t extent = itemsize; // of everything so far
  for (const StridedBytes::Level &d : dimensions) {
    if (d.stride <= extent) { // interleaves with what is inside, or touches its last run
      view.levels.clear();
      view.run = extent;
    }
    if (d.stride <= view.run && view.levels.empty())
      view.run += d.stride * (d.count - 1);
    else
      view.levels.insert(view.levels.begin(), d);
    extent += d.stride * (d.count - 1);
  }
  return view;
}
} // namespace

uint64_t StridedBytes::inRun(uint64_t offset) const {
  for (const Level &level : levels)
    offset -= std::min(offset / level.stride, level.count - 1) * level.stride;
  return offset;
}

bool Region::runAt(uint64_t address, uint64_t &begin, uint64_t &size) const {
  uint64_t offset = address - base;
  if (offset >= bytes)
    return false;
  if (!view) {
    begin = base;
    size = bytes;
    return true;
  }
  uint64_t into = view->inRun(offset);
  if (into >= view->run)
    return false;
  begin = address - into;
  size = view->run;
  return true;
}

const Region *RegionMap::find(uint64_t address, uint64_t bytes) const {
  auto it = std::upper_bound(regions.begin(), regions.end(), address,
                             [](uint64_t a, const Region &r) { return a < r.base; });
  for (size_t k = size_t(it - regions.begin()); k-- > 0;) {
    if (reach[k] <= address)
      break; // nothing at or before k reaches this far
    const Region &r = regions[k];
    uint64_t begin, size;
    if (r.runAt(address, begin, size) && size >= bytes && address - begin <= size - bytes)
      return &r;
  }
  return included ? included->find(address, bytes) : nullptr;
}

const Region *RegionMap::findReleased(uint64_t address) const {
  for (auto it = released.rbegin(); it != released.rend(); ++it)
    if (address - it->base < it->bytes)
      return &*it;
  return included ? included->findReleased(address) : nullptr;
}

const Region *RegionMap::nearest(uint64_t address, uint64_t &distance) const {
  const Region *best = nullptr;
  for (const Region &r : regions) {
    uint64_t end = r.base + r.bytes;
    uint64_t d = address < r.base ? r.base - address : address >= end ? address - end : 0;
    if (!best || d < distance)
      best = &r, distance = d;
  }
  uint64_t other = 0;
  const Region *there = included ? included->nearest(address, other) : nullptr;
  if (there && (!best || other < distance))
    best = there, distance = other;
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

/// Gives `region` an address and adds it. Returns its base.
uint64_t AddressSpace::place(Region &region, const MapOptions &options) {
  cached.reset();
  region.writable = options.writable;
  region.written = options.written;
  region.writtenFrom = options.writtenFrom;
  if (!region.written && !options.initialized)
    region.written = std::make_shared<WrittenBytes>(region.bytes);
  // Bytes shared with a buffer keep their distance to it, and its account of what is written.
  if (included)
    for (const Region &r : included->regions)
      if (!region.base && overlap(region, r))
        region.base = r.base + uint64_t(region.host - r.host);
  for (const Region &r : regions) {
    if (!overlap(region, r))
      continue;
    uint64_t distance = uint64_t(region.host - r.host);
    if (!region.base)
      region.base = r.base + distance;
    bool within = distance <= r.bytes && region.bytes <= r.bytes - distance;
    if (r.written && !region.written && within) {
      region.written = r.written;
      region.writtenFrom = r.writtenFrom + distance;
    }
  }
  if (!region.base)
    region.base = reserve(region.host, region.bytes);
  region.handle += region.base;
  regions.push_back(region);
  return region.base;
}

uint64_t AddressSpace::map(void *host, uint64_t bytes, std::string name,
                           const MapOptions &options) {
  std::lock_guard<std::mutex> lock(mutex);
  auto *begin = static_cast<uint8_t *>(host);
  for (Region &r : regions)
    if (r.host == begin && r.bytes == bytes && r.writable == options.writable && !r.view) {
      ++r.uses;
      return r.base;
    }
  Region region;
  region.bytes = bytes;
  region.host = begin;
  region.name = std::move(name);
  return place(region, options);
}

uint64_t AddressSpace::mapStrided(void *host, std::span<const uint64_t> shape,
                                  std::span<const int64_t> strides, uint32_t itemsize,
                                  std::string name, const MapOptions &options) {
  std::vector<StridedBytes::Level> dimensions;
  uint64_t below = 0, extent = itemsize; // `below`: bytes before element (0, ..., 0)
  for (size_t k = 0; k < shape.size(); ++k) {
    if (shape[k] == 0)
      return map(host, 0, std::move(name), options);
    uint64_t stride = strides[k] < 0 ? 0 - uint64_t(strides[k]) : uint64_t(strides[k]);
    if (shape[k] == 1 || stride == 0)
      continue;
    below += strides[k] < 0 ? stride * (shape[k] - 1) : 0;
    extent += stride * (shape[k] - 1);
    dimensions.push_back({stride, shape[k]});
  }
  std::stable_sort(dimensions.begin(), dimensions.end(),
                   [](const auto &a, const auto &b) { return a.stride < b.stride; });
  auto view = std::make_shared<StridedBytes>(bytesOf(dimensions, itemsize));
  auto *begin = static_cast<uint8_t *>(host) - below;
  std::lock_guard<std::mutex> lock(mutex);
  Region region;
  region.bytes = extent;
  region.host = begin;
  region.name = std::move(name);
  region.view = std::move(view);
  region.handle = below;
  return place(region, options) + below;
}

void AddressSpace::include(const AddressSpace &other) {
  std::shared_ptr<const RegionMap> map = other.snapshot();
  if (map->regions.empty() && map->released.empty())
    return;
  std::lock_guard<std::mutex> lock(mutex);
  included = std::move(map);
  cached.reset();
}

bool AddressSpace::includes(uint64_t address) const {
  std::lock_guard<std::mutex> lock(mutex);
  uint64_t distance = 0;
  return included && ((included->nearest(address, distance) && distance == 0) ||
                      included->findReleased(address));
}

void AddressSpace::release(Region region, std::string when) {
  region.released = when.empty() ? "by the host" : std::move(when);
  if (released.size() == kMaxReleased)
    released.erase(released.begin());
  released.push_back(std::move(region));
  cached.reset();
}

bool AddressSpace::unmap(uint64_t address, uint64_t bytes, std::string when) {
  std::lock_guard<std::mutex> lock(mutex);
  for (auto it = regions.begin(); it != regions.end(); ++it) {
    if (it->handle != address || (it->bytes != bytes && !it->view))
      continue;
    if (--it->uses == 0) {
      Region gone = std::move(*it);
      regions.erase(it);
      release(std::move(gone), std::move(when));
    }
    return true;
  }
  return false;
}

uint64_t AddressSpace::mapReleased(uint64_t bytes, std::string name, std::string when) {
  std::lock_guard<std::mutex> lock(mutex);
  Region region;
  region.base = region.handle = reserve(nullptr, bytes);
  region.bytes = bytes;
  region.name = std::move(name);
  uint64_t base = region.base;
  release(std::move(region), std::move(when));
  return base;
}

std::string cosmati::ptxvm::releasedText(const Region &r) {
  char address[32];
  std::snprintf(address, sizeof(address), "0x%llx", static_cast<unsigned long long>(r.base));
  return "'" + r.name + "' (" + std::to_string(r.bytes) + " bytes at " + address + "), released " +
         r.released;
}

std::string AddressSpace::releasedAt(uint64_t address) const {
  std::lock_guard<std::mutex> lock(mutex);
  for (auto it = released.rbegin(); it != released.rend(); ++it)
    if (it->handle == address)
      return releasedText(*it);
  return "";
}

std::shared_ptr<const RegionMap> AddressSpace::snapshot() const {
  std::lock_guard<std::mutex> lock(mutex);
  if (!cached) {
    auto map = std::make_shared<RegionMap>();
    map->regions = regions;
    map->released = released;
    map->included = included;
    map->finish();
    cached = map;
  }
  return cached;
}

AddressSpace &cosmati::ptxvm::standingBuffers() {
  static auto *space = new AddressSpace(kStanding); // outlives whatever unmaps at the process's end
  return *space;
}

void *AddressSpace::translate(uint64_t address, uint64_t bytes) const {
  std::shared_ptr<const RegionMap> map = snapshot();
  const Region *r = map->find(address, bytes);
  return r ? r->host + (address - r->base) : nullptr;
}
