//===- Wgmma.h - Building wgmma programs and their operands ---- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One wgmma.mma_async of one warpgroup. The host lays its matrices out in an image of shared memory
// by the canonical layouts of the PTX ISA, evaluated as nested shapes and strides, then a swizzle:
// no formula is shared with the machine.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "test/unit/Vm/VmTest.h"
#include <functional>

namespace vmtest {

/// Swizzling modes as in bits 62-63 of a descriptor.
enum class Swizzle : unsigned { None, B128, B64, B32 };

/// Where the elements of a matrix with `rows` (M or N) by `k` elements lie.
struct SharedLayout {
  Swizzle swizzle = Swizzle::None;
  bool transposed = false; ///< MN-major
  unsigned rows = 64, k = 16, bits = 16;
  uint32_t start = 0, baseOffset = 0;
  uint32_t padding = 0; ///< extra bytes in the larger stride
  uint32_t leading() const;
  uint32_t stride() const;
  uint64_t descriptor() const;
  /// Bit offset of an element in shared memory.
  uint64_t bitOf(unsigned row, unsigned column) const;
  uint32_t width() const; ///< of the swizzle in bytes; 16 without
};

struct WgmmaForm {
  std::string d, a, b; ///< types
  unsigned n, k;       ///< k: of the dense product
  bool sparse = false;
  bool registersA = false;
  bool accumulate = true;
  bool minusA = false, minusB = false, transA = false, transB = false;
  bool saturate = false;
  unsigned selector = 0;

  unsigned bits() const;
  unsigned storedK() const { return sparse ? k / 2 : k; }
  unsigned results() const { return d == "f16" ? n / 4 : n / 2; }
  bool integer() const { return d == "s32"; }
  /// "wgmma.mma_async...;" on registers %d<>, %a<>, %da, %db, %m, %p.
  std::string instruction() const;
};

/// A kernel k(image, words, D, A registers, metadata, descA, descB) of 128 threads that copies
/// `words` words of the image to shared memory, loads registers, runs `body` and stores %d<>.
std::string wgmmaKernel(const WgmmaForm &form, const std::string &body, const std::string &name);
/// fence, the instruction, commit, wait.
std::string plainBody(const WgmmaForm &form);

/// Elements as numbers, and where they lie.
struct WgmmaProblem {
  WgmmaForm form;
  SharedLayout a, b;
  std::vector<uint32_t> stored; ///< A [64][storedK], encodings
  std::vector<uint32_t> dense;  ///< A [64][k]
  std::vector<uint32_t> right;  ///< B [n][k]
  std::vector<uint32_t> start;  ///< D [64][n]
  std::vector<uint32_t> image, regsA, metadata, d;
  AsyncCompletion async = AsyncCompletion::Late; ///< of launches

  WgmmaProblem(const WgmmaForm &form, Swizzle swizzleA, Swizzle swizzleB);
  /// Fills A, B and D by encodings from `value(which)`: 'a', 'b', 'd'.
  template <class F> void fill(F value);
  /// Lays everything out for a launch.
  void place();
  /// Launches; the error's text.
  /// `body` in place of plainBody; `change` edits the whole text.
  std::string launch(const std::string &body = "", Check checks = Check::None,
                     const std::function<void(std::string &)> &change = {});
  uint32_t result(unsigned row, unsigned column) const;

private:
  void placeMatrix(const SharedLayout &layout, const std::vector<uint32_t> &elements, unsigned k);
  void choosePositions();
  std::vector<uint8_t> codes; ///< sparse: by row and chunk
};

/// The value of an encoding.
long double elementValue(const std::string &type, uint32_t bits);
/// Encodings of small integers.
uint32_t smallInteger(const std::string &type, int v);

template <class F> void WgmmaProblem::fill(F value) {
  for (uint32_t &x : stored)
    x = value('a');
  for (uint32_t &x : right)
    x = value('b');
  for (uint32_t &x : start)
    x = value('d');
}

} // namespace vmtest
