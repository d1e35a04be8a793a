//===- AddressSpace.h - Virtual addresses of global memory ------*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels see virtual addresses, never host ones. Each host buffer is mapped in place at an address
// of its own: equal to the host address modulo 256 (so alignment is what it would be), and at least
// 2 GiB of unmapped guard away from its neighbours (so a wrong index lands in no other buffer). Two
// views of the same host bytes share one mapping: their virtual distance is their host distance.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cosmati::ptxvm {

/// One mapped buffer. Ranges of aliases may overlap.
struct Region {
  uint64_t base = 0; ///< virtual address
  uint64_t bytes = 0;
  uint8_t *host = nullptr;
  bool writable = false;
  std::string name;
  uint32_t uses = 1; ///< how many times it was mapped
};

/// An immutable list of regions, sorted by base. `reach[i]` is the largest end among regions 0..i.
struct RegionMap {
  std::vector<Region> regions;
  std::vector<uint64_t> reach;

  /// The region that holds [address, address + bytes) whole, or null.
  const Region *find(uint64_t address, uint64_t bytes) const;
  /// The region whose bytes lie nearest to `address`, and how far away; null when there is none.
  const Region *nearest(uint64_t address, uint64_t &distance) const;
  void finish(); ///< sorts and fills `reach`
};

/// The global memory that a launch may touch. All members may be called from several threads.
class AddressSpace {
public:
  /// Maps `bytes` bytes at `host` and returns the virtual address. Mapping a range that lies in, or
  /// overlaps with, one already mapped gives an address in that mapping's neighbourhood. An empty
  /// range gets an address, too, at which nothing can be accessed.
  uint64_t map(void *host, uint64_t bytes, std::string name, bool writable = true);
  uint64_t map(const void *host, uint64_t bytes, std::string name) {
    return map(const_cast<void *>(host), bytes, std::move(name), false);
  }
  /// Undoes one `map` that returned `address` for the same size. False if there was none.
  bool unmap(uint64_t address, uint64_t bytes);
  /// Host pointer for [address, address + bytes), or null when that range is not mapped whole.
  void *translate(uint64_t address, uint64_t bytes) const;
  /// The regions as of now; later changes don't touch it.
  std::shared_ptr<const RegionMap> snapshot() const;

private:
  mutable std::mutex mutex;
  std::vector<Region> regions;
  mutable std::shared_ptr<const RegionMap> cached;
  uint64_t next = uint64_t(1) << 40;

  uint64_t reserve(const void *host, uint64_t bytes);
};

} // namespace cosmati::ptxvm
