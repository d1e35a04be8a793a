//===- TensorCopyTest.h - Boxes of tensors, by definition ------ -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tensor in host memory and the definition of what a tensor copy does with each element.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/TensorMap.h"
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"
#include <functional>
#include <random>

namespace vmtest {

inline constexpr uint32_t kSharedBytes = 16384;

/// A tensor, a box of it and where the box lies in shared memory.
struct TensorCase {
  TensorMapDesc desc; ///< without the address
  std::vector<uint8_t> tensor;
  std::array<int32_t, 5> start{};
  uint32_t shared = 0;

  uint32_t element() const { return tensorElementBytes(desc.dataType); }
  uint32_t extent(unsigned k) const; ///< elements of the box along a dimension
  uint32_t boxElements() const;
  uint32_t boxBytes() const { return boxElements() * element(); }
  /// Shared memory that the box takes.
  uint32_t footprint() const;
  /// Calls f(shared address, offset in the tensor or -1 when outside) for each element of the box.
  void each(const std::function<void(uint32_t, int64_t)> &f) const;
  std::string text() const;
};

/// A random legal case of this rank. `clipped`: start coordinates may be negative.
TensorCase randomCase(std::mt19937 &random, unsigned rank, bool clipped);

/// Header, entry and declarations of a kernel whose first parameter is a tensor map, and which has
/// %map (its generic address), %t, %s (16384 bytes of shared memory), %bar (an initialised
/// mbarrier), %out, %at, %tx, %c0 to %c4, %first (thread 0), %p<4>, %v<8>, %d<8>, %h<4>.
std::string tensorProgram(const std::string &code, const std::string &moduleScope = "");
/// ".2d", "{%c0, %c1}".
std::string dims(unsigned rank);
std::string coordinates(unsigned rank);
extern const std::string waitForBar, fillShared, sharedToOut, outToShared;

/// Runs the program with one CTA of 64 threads; %out is `image`, the tensor is mapped as "tensor"
/// and brought back. Returns the error's text.
std::string runTensor(Grid &grid, TensorCase &c, std::vector<uint8_t> &image);

/// Expects that the string `error` holds `text`.
#define EXPECT_TEXT(error, text)                                                                   \
  do {                                                                                             \
    std::string text_ = error;                                                                     \
    EXPECT_NE(text_.find(text), std::string::npos) << text_;                                       \
  } while (false)

} // namespace vmtest
