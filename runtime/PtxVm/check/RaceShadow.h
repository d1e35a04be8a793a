//===- RaceShadow.h - Who accessed which bytes last ------------ -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shadow memory. A line stands for 32 bytes and holds marks: one says that lanes of a warp accessed
// some of these bytes at some time, either each lane all of them, or (spread) consecutive lanes
// consecutive pieces. So a warp's access to consecutive memory costs one mark a line, and a byte
// that a neighbour's access doesn't touch is never taken for touched.
//
// Two marks lie in the line, further ones in a vector. Shared memory takes 56 bytes of shadow for
// 32 bytes and keeps every mark that matters. Global memory takes as much for each page of 4096
// bytes that was touched, and keeps of each byte the last write and at most two reads (and two
// atomic operations) that nothing orders.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/AddressSpace.h"
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace cosmati::ptxvm::races {

inline constexpr unsigned kLineShift = 5;
inline constexpr uint64_t kLineBytes = 1 << kLineShift;

enum MarkFlags : uint8_t {
  MarkWrite = 1,
  MarkStrong = 2,   ///< atomic or with an order: no race with others of its kind in its scope
  MarkReach = 12,   ///< its scope, see reachOf, at kReachShift
  MarkPending = 16, ///< asynchronous and not yet complete
  MarkAsync = 32,   ///< by the async proxy
  MarkAgent = 64,   ///< complete, known through `agent`
  MarkSpread = 128, ///< byte b by lane place.base + (b >> place.shift)
};
inline constexpr unsigned kReachShift = 2;

struct Mark {
  uint32_t bytes = 0; ///< of the line; 0: no mark
  uint32_t time;      ///< of the CTA; pending: the operation's token
  uint32_t lanes;     ///< not spread: each of them accessed all the bytes
  uint32_t inst;
  uint32_t cta;
  uint8_t warp;
  uint8_t flags;
  union {
    struct {
      int8_t base;
      uint8_t shift;
    } place;
    uint16_t agent;
  };

  bool is(uint8_t flag) const { return flags & flag; }
  unsigned reach() const { return (flags & MarkReach) >> kReachShift; }
  /// The lanes that accessed this byte of the line.
  uint32_t lanesAt(unsigned byte) const {
    return is(MarkSpread) ? 1u << (place.base + int(byte >> place.shift)) : lanes;
  }
};
static_assert(sizeof(Mark) == 24);

struct Line {
  Mark near[2];
  std::unique_ptr<std::vector<Mark>> far;

  template <class F> void each(F visit) {
    for (Mark &m : near)
      if (m.bytes)
        visit(m);
    if (far)
      for (Mark &m : *far)
        if (m.bytes)
          visit(m);
  }
  void add(const Mark &mark) {
    for (Mark &m : near)
      if (!m.bytes) {
        m = mark;
        return;
      }
    if (!far)
      far = std::make_unique<std::vector<Mark>>();
    for (Mark &m : *far)
      if (!m.bytes) {
        m = mark;
        return;
      }
    far->push_back(mark);
  }
  void clear() {
    near[0].bytes = near[1].bytes = 0;
    if (far)
      far->clear();
  }
};

/// Of global memory. Pages are made when first touched, by any host thread.
class GlobalShadow {
public:
  static constexpr unsigned kPageShift = 12;
  struct Page {
    std::atomic_flag locked = ATOMIC_FLAG_INIT;
    std::array<Line, (1 << kPageShift) / kLineBytes> lines;
    void lock() {
      while (locked.test_and_set(std::memory_order_acquire))
        while (locked.test(std::memory_order_relaxed)) {
        }
    }
    void unlock() { locked.clear(std::memory_order_release); }
  };

  ~GlobalShadow();
  void add(const RegionMap &regions);
  void finish(); ///< after the last add
  /// The page that holds the address, which lies in some region; null if it doesn't.
  Page *page(uint64_t address);

private:
  /// Pages that regions touch without a gap.
  struct Span {
    uint64_t first, end; ///< page numbers
    std::unique_ptr<std::atomic<Page *>[]> pages;
  };
  std::vector<Span> spans; ///< sorted

  std::atomic<Page *> *slot(uint64_t number);
};

} // namespace cosmati::ptxvm::races
