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
// Views that have no byte in common lie far apart, even if they are slices of one array.
//
// Addresses are not used again: what was unmapped stays known, so that an access to it can be told
// from one that hits nothing.
//
// A launch has an address space of its own. Buffers whose addresses are kept in memory, for any
// later launch to follow, are mapped in standingBuffers() instead, which launches include.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/WrittenBytes.h"
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace cosmati::ptxvm {

/// The bytes of a strided view: runs of `run` bytes, repeated by each level (the outermost first).
struct StridedBytes {
  struct Level {
    uint64_t stride, count;
  };
  std::vector<Level> levels;
  uint64_t run = 0;
  /// Distance from the run that holds byte `offset` of the view's extent to that byte; `run` or
  /// more if the byte lies in a gap.
  uint64_t inRun(uint64_t offset) const;
};

/// One mapped buffer. Ranges of aliases may overlap.
struct Region {
  uint64_t base = 0; ///< virtual address
  uint64_t bytes = 0;
  uint8_t *host = nullptr;
  bool writable = false;
  std::string name;
  uint32_t uses = 1;   ///< how many times it was mapped
  uint64_t handle = 0; ///< what `map` returned: `base`, or the address of a view's first element
  std::shared_ptr<WrittenBytes> written;    ///< null: every byte counts as written
  uint64_t writtenFrom = 0;                 ///< where this buffer begins in `written`
  std::shared_ptr<const StridedBytes> view; ///< null: all bytes of the range
  std::string released;                     ///< of a region that is gone: when

  /// The contiguous bytes around `address` that belong to the buffer, as [begin, begin + size).
  /// False if none does.
  bool runAt(uint64_t address, uint64_t &begin, uint64_t &size) const;
};

/// An immutable list of regions, sorted by base. `reach[i]` is the largest end among regions 0..i.
struct RegionMap {
  std::vector<Region> regions;
  std::vector<uint64_t> reach;
  std::vector<Region> released;              ///< in the order in which they went
  std::shared_ptr<const RegionMap> included; ///< also looked through, after this; or null

  /// The region that holds [address, address + bytes) whole, or null.
  const Region *find(uint64_t address, uint64_t bytes) const;
  /// The released buffer that lay there, the latest one; null if there was none.
  const Region *findReleased(uint64_t address) const;
  /// The region whose bytes lie nearest to `address`, and how far away; null when there is none.
  const Region *nearest(uint64_t address, uint64_t &distance) const;
  void finish(); ///< sorts and fills `reach`
};

struct MapOptions {
  bool writable = true;
  /// False: nobody has written it; reads are found by Check::Uninitialized until somebody does.
  bool initialized = true;
  /// Keeps account of what is written in this buffer, beyond the mapping's life; its byte
  /// `writtenFrom` is the buffer's first one. Null: see `initialized`.
  std::shared_ptr<WrittenBytes> written;
  uint64_t writtenFrom = 0;
};

/// The global memory that a launch may touch. All members may be called from several threads.
class AddressSpace {
public:
  AddressSpace() = default;
  /// Gives out addresses from `first` on.
  explicit AddressSpace(uint64_t first) : next(first) {}
  /// Makes the buffers of another space, as of now, reachable in this one at the addresses that
  /// they have there; what is mapped here from now on and shares bytes with one of them shares its
  /// mapping. Both give out addresses of different ranges.
  void include(const AddressSpace &other);
  /// Whether `address` lies in an included buffer or at its end, or did until that was unmapped.
  bool includes(uint64_t address) const;
  /// Maps `bytes` bytes at `host` and returns the virtual address. Mapping a range that lies in, or
  /// overlaps with, one already mapped gives an address in that mapping's neighbourhood. An empty
  /// range gets an address, too, at which nothing can be accessed.
  uint64_t map(void *host, uint64_t bytes, std::string name, const MapOptions &options);
  uint64_t map(void *host, uint64_t bytes, std::string name, bool writable = true) {
    return map(host, bytes, std::move(name), MapOptions{writable, true, nullptr, 0});
  }
  uint64_t map(const void *host, uint64_t bytes, std::string name) {
    return map(const_cast<void *>(host), bytes, std::move(name), false);
  }
  /// Maps the elements of a strided view and nothing between them: an access to a gap, or one that
  /// reaches into a gap, is out of bounds. `host`: element (0, ..., 0); strides in bytes, of any
  /// sign. Of a view whose dimensions interleave (no dimension steps over all of the next one) the
  /// gaps are not seen: it is bounded by its extent. Returns the address of element (0, ..., 0).
  uint64_t mapStrided(void *host, std::span<const uint64_t> shape, std::span<const int64_t> strides,
                      uint32_t itemsize, std::string name, const MapOptions &options = {});
  /// Undoes one `map` that returned `address` for the same size, or one `mapStrided` (whose size is
  /// ignored). False if there was none. `when` goes into the reports of accesses that come too
  /// late: "after launch 3".
  bool unmap(uint64_t address, uint64_t bytes, std::string when = "");
  /// An address whose access is reported as use after free: for a pointer to `bytes` bytes of
  /// memory that the host has released.
  uint64_t mapReleased(uint64_t bytes, std::string name, std::string when);
  /// "'x' (80 bytes at 0x10280000110), released after launch 3", when a buffer that began at
  /// `address` has been unmapped; else empty. For hosts that report a second unmap.
  std::string releasedAt(uint64_t address) const;
  /// Host pointer for [address, address + bytes), or null when that range is not mapped whole.
  void *translate(uint64_t address, uint64_t bytes) const;
  /// The regions as of now; later changes don't touch it.
  std::shared_ptr<const RegionMap> snapshot() const;

private:
  mutable std::mutex mutex;
  std::vector<Region> regions, released;
  mutable std::shared_ptr<const RegionMap> cached;
  std::shared_ptr<const RegionMap> included; ///< null: nothing
  uint64_t next = uint64_t(1) << 40;

  uint64_t reserve(const void *host, uint64_t bytes);
  uint64_t place(Region &region, const MapOptions &options);
  void release(Region region, std::string when);
};

/// The process's buffers whose addresses outlive launches: entries of tables of pointers. Its range
/// begins above what launches use, and above host addresses.
AddressSpace &standingBuffers();

/// "'x' (80 bytes at 0x10280000110), released after launch 3".
std::string releasedText(const Region &region);

} // namespace cosmati::ptxvm
