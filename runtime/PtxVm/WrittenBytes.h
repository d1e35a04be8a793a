//===- WrittenBytes.h - Which bytes of a memory hold something -*- C++ -*--===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

namespace cosmati::ptxvm {

/// A bit per byte: has anybody written it? Any thread may mark and ask at any time.
class WrittenBytes {
public:
  explicit WrittenBytes(uint64_t bytes = 0) { reset(bytes); }

  /// Begins anew with `bytes` bytes that nobody has written.
  void reset(uint64_t bytes) {
    all.store(false, std::memory_order_relaxed);
    if (bytes != size || !words)
      words = std::make_unique<std::atomic<uint64_t>[]>(bytes / 64 + 1);
    else
      forget(0, bytes);
    size = bytes;
  }
  uint64_t bytes() const { return size; }
  /// Adds bytes at the end that nobody has written. Not while other threads use it.
  void grow(uint64_t bytes) {
    if (bytes <= size)
      return;
    auto larger = std::make_unique<std::atomic<uint64_t>[]>(bytes / 64 + 1);
    for (uint64_t k = 0; k < size / 64 + 1; ++k)
      larger[k].store(words[k].load(std::memory_order_relaxed), std::memory_order_relaxed);
    words = std::move(larger);
    size = bytes;
  }

  /// [at, at + bytes) is written. What lies beyond the memory's end is ignored.
  void write(uint64_t at, uint64_t bytes) {
    if (all.load(std::memory_order_relaxed))
      return;
    eachWord(at, bytes, [&](uint64_t k, uint64_t mask) {
      if (~words[k].load(std::memory_order_relaxed) & mask)
        words[k].fetch_or(mask, std::memory_order_relaxed);
      return true;
    });
  }
  /// Everything is written, for good: nobody keeps account any longer.
  void writeAll() { all.store(true, std::memory_order_relaxed); }
  void forget(uint64_t at, uint64_t bytes) {
    eachWord(at, bytes, [&](uint64_t k, uint64_t mask) {
      words[k].fetch_and(~mask, std::memory_order_relaxed);
      return true;
    });
  }
  /// Distance from `at` to the first byte of the range that nobody has written; `bytes` if there is
  /// none.
  uint64_t firstUnwritten(uint64_t at, uint64_t bytes) const {
    if (all.load(std::memory_order_relaxed))
      return bytes;
    uint64_t found = bytes;
    eachWord(at, bytes, [&](uint64_t k, uint64_t mask) {
      uint64_t missing = ~words[k].load(std::memory_order_relaxed) & mask;
      if (!missing)
        return true;
      found = 64 * k + uint64_t(__builtin_ctzll(missing)) - at;
      return false;
    });
    return found;
  }

  /// The same question for 32 ranges of `bytes` bytes at `at[l] + shift`, of which
  /// those count whose bit is set in `lanes`; quick. May say no although all is written, as it does
  /// for more than 32 bytes (rows of wmma).
  bool seemsWritten(const uint64_t *at, uint64_t shift, uint32_t lanes, uint32_t bytes) const {
    if (all.load(std::memory_order_relaxed))
      return true;
    if (bytes > 32)
      return false;
    uint64_t ones = (uint64_t(1) << bytes) - 1, missing = 0, crosses = 0;
    for (; lanes; lanes &= lanes - 1) {
      uint64_t begin = at[__builtin_ctz(lanes)] + shift, low = begin % 64;
      missing |= ~(words[begin / 64].load(std::memory_order_relaxed) >> low) & ones;
      crosses |= uint64_t(low + bytes > 64);
    }
    return !(missing | crosses);
  }

private:
  uint64_t size = 0;
  std::unique_ptr<std::atomic<uint64_t>[]> words;
  std::atomic<bool> all{false};

  template <class F> void eachWord(uint64_t at, uint64_t bytes, F f) const {
    uint64_t end = bytes > size || at > size - bytes ? size : at + bytes;
    while (at < end) {
      uint64_t low = at % 64, count = std::min<uint64_t>(64 - low, end - at);
      uint64_t mask = (count == 64 ? ~uint64_t(0) : (uint64_t(1) << count) - 1) << low;
      if (!f(at / 64, mask))
        return;
      at += count;
    }
  }
};

} // namespace cosmati::ptxvm
