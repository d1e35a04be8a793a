//===- MmaTile.h - Fragments of a warp as dense tiles ---------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA, "Matrix fragments for mma.m16n8k4 ... m16n8k256". With e elements in a register (32
// bits, for f64 64 bits), all fragments but those of the old m8n8k4 for f16 follow one pattern: one
// register of the warp is a block of 8 rows and 4 * e columns in row-major order (lane l holds row
// l / 4, columns e * (l % 4) to e * (l % 4) + e - 1). A is made of such blocks, rows fastest; B of
// blocks of its transpose, along k; C and D are blocks of 8 x 8: one register when two elements fit
// into it (f16), else two, of which the first holds the even columns.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Matrix.h"
#include "runtime/PtxVm/exec/Soft.h"

namespace cosmati::ptxvm {
namespace {

inline constexpr unsigned kMaxK = 256; ///< elements of a row of A; B1 counts 32-bit words

/// A (M x K, row-major with stride kMaxK), and B (K x 8).
template <class T> struct MmaTiles {
  alignas(64) T a[16][kMaxK];
  alignas(64) T b[kMaxK][8];
};

/// The elements of one register of the warp, in order of lane, then position.
template <class T> void unpack(Element type, const uint8_t *reg, T *out) {
  const uint32_t *words = static_cast<const uint32_t *>(__builtin_assume_aligned(reg, 64));
  const uint16_t *halves = reinterpret_cast<const uint16_t *>(words);
  const uint8_t *bytes = reg;
  switch (type) {
  case Element::F16:
    for (unsigned j = 0; j < 64; ++j)
      out[j] = T(halfToFloat(halves[j]));
    return;
  case Element::BF16:
    for (unsigned j = 0; j < 64; ++j)
      out[j] = T(bfloatToFloat(halves[j]));
    return;
  case Element::TF32: // the 13 low bits don't take part
    for (unsigned j = 0; j < 32; ++j)
      out[j] = T(bitsAs<float>(words[j] & 0xffffe000u));
    return;
  case Element::F64:
    for (unsigned j = 0; j < 32; ++j)
      out[j] = T(reinterpret_cast<const double *>(reg)[j]);
    return;
  case Element::E4M3:
    for (unsigned j = 0; j < 128; ++j)
      out[j] = T(e4m3ToFloat(bytes[j]));
    return;
  case Element::E5M2: // the upper half of an f16
    for (unsigned j = 0; j < 128; ++j)
      out[j] = T(halfToFloat(uint16_t(bytes[j] << 8)));
    return;
  case Element::S8:
    for (unsigned j = 0; j < 128; ++j)
      out[j] = T(int8_t(bytes[j]));
    return;
  case Element::U8:
    for (unsigned j = 0; j < 128; ++j)
      out[j] = T(bytes[j]);
    return;
  case Element::S4:
    for (unsigned j = 0; j < 128; ++j) {
      out[2 * j] = T(int8_t(bytes[j] << 4) >> 4);
      out[2 * j + 1] = T(int8_t(bytes[j]) >> 4);
    }
    return;
  case Element::U4:
    for (unsigned j = 0; j < 128; ++j) {
      out[2 * j] = T(bytes[j] & 15);
      out[2 * j + 1] = T(bytes[j] >> 4);
    }
    return;
  case Element::B1: // whole words
  case Element::F32:
  case Element::S32:
    for (unsigned j = 0; j < 32; ++j)
      out[j] = T(words[j]);
    return;
  }
}

/// Columns of a register's block.
inline unsigned blockColumns(Element type) {
  return type == Element::F64 || type == Element::B1 ? 4 : 128 / bitsOf(type);
}

/// `columns`: of the (compressed) matrix A; `ops`: its registers.
template <class T>
void loadA(const Warp &w, const uint32_t *ops, Element type, unsigned rows, unsigned columns,
           T (*a)[kMaxK]) {
  alignas(64) T block[256];
  unsigned width = blockColumns(type), rowBlocks = rows / 8;
  for (unsigned r = 0; r < rowBlocks * columns / width; ++r) {
    unpack(type, w.regs + ops[r], block);
    T(*to)[kMaxK] = a + 8 * (r % rowBlocks);
    unsigned first = r / rowBlocks * width;
    for (unsigned g = 0; g < 8; ++g)
      __builtin_memcpy(to[g] + first, block + g * width, width * sizeof(T));
  }
}
template <class T>
void loadB(const Warp &w, const uint32_t *ops, Element type, unsigned k, T (*b)[8]) {
  alignas(64) T block[256];
  unsigned width = blockColumns(type);
  for (unsigned r = 0; r < k / width; ++r) {
    unpack(type, w.regs + ops[r], block);
    for (unsigned g = 0; g < 8; ++g)
      for (unsigned c = 0; c < width; ++c)
        b[r * width + c][g] = block[g * width + c];
  }
}
/// C of 32- or 64-bit elements as they lie in registers.
template <class T> void loadC(const Warp &w, const uint32_t *ops, unsigned rows, T (*c)[8]) {
  for (unsigned block = 0; block < rows / 8; ++block)
    for (unsigned odd = 0; odd < 2; ++odd) {
      const T *reg = slot<T>(w, ops[2 * block + odd]);
      for (unsigned l = 0; l < kLanes; ++l)
        c[8 * block + l / 4][2 * (l % 4) + odd] = reg[l];
    }
}
template <class T> void storeD(const Warp &w, const uint32_t *ops, unsigned rows, const T (*d)[8]) {
  for (unsigned block = 0; block < rows / 8; ++block)
    for (unsigned odd = 0; odd < 2; ++odd) {
      T *reg = slot<T>(w, ops[2 * block + odd]);
      for (unsigned l = 0; l < kLanes; ++l)
        reg[l] = d[8 * block + l / 4][2 * (l % 4) + odd];
    }
}

/// Eight columns at once; a compiler builds it from the vectors that it has.
template <class T> struct RowOf8 {
  typedef T type __attribute__((vector_size(8 * sizeof(T))));
};
/// c += a * b, summed in ascending k, in T.
template <class T>
void multiply(const T (*a)[kMaxK], const T (*b)[8], unsigned rows, unsigned k, T (*c)[8]) {
  using Row = typename RowOf8<T>::type;
  const Row *bRows = reinterpret_cast<const Row *>(b);
  for (unsigned m = 0; m < rows; m += 8) {
    Row sum[8];
    for (unsigned r = 0; r < 8; ++r)
      __builtin_memcpy(&sum[r], c[m + r], sizeof(Row));
    for (unsigned j = 0; j < k; ++j)
      for (unsigned r = 0; r < 8; ++r)
        sum[r] += a[m + r][j] * bRows[j];
    for (unsigned r = 0; r < 8; ++r)
      __builtin_memcpy(c[m + r], &sum[r], sizeof(Row));
  }
}

} // namespace
} // namespace cosmati::ptxvm
