//===- MmaSparse.h - Metadata of sparse matrices A ------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA, "Sparse matrix storage". Four bits describe one chunk of a row of A: two positions of
// two bits. A chunk is 4 elements of which 2 are stored (f16, bf16, fp8, 8-bit integers), 2
// elements of which 1 is stored (tf32: positions of the element's halves), or 8 elements of which 2
// pairs are stored (4-bit integers). The selector chooses the lanes of each quad that hold the
// metadata of 16 rows:
//   16- and 32-bit types: the j-th of these lanes holds bits 16 j to 16 j + 15 of row g (its quad)
//     in the low half of its word and those of row g + 8 in the high half.
//   narrower types: lanes alternate between rows g and g + 8; the j-th pair of lanes holds bits 32
//   j
//     to 32 j + 31.
// The warps of a warpgroup hold 16 rows each in the same way.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Matrix.h"

namespace cosmati::ptxvm {
namespace {

struct Chunk {
  unsigned elements, stored;
};
inline Chunk chunkOf(Element type) {
  unsigned bits = bitsOf(type);
  return bits == 32 ? Chunk{2, 1} : bits == 4 ? Chunk{8, 4} : Chunk{4, 2};
}

/// The metadata of 16 rows; k: elements of a row.
struct SparseRows {
  const uint32_t *words; ///< by lane
  Element type;
  unsigned k, selector;

  unsigned chunks() const { return k / chunkOf(type).elements; }
  /// Lanes of a quad that hold metadata.
  unsigned lanes() const { return chunks() / 4; }
  unsigned firstLane(unsigned row) const { return 4 * (row % 8) + selector * lanes(); }

  /// A row's metadata as a string of bits.
  uint64_t bitsOfRow(unsigned row) const {
    unsigned first = firstLane(row), high = row / 8;
    uint64_t result = 0;
    if (bitsOf(type) >= 16) {
      for (unsigned j = 0; j < lanes(); ++j)
        result |= uint64_t(words[first + j] >> (16 * high) & 0xffff) << (16 * j);
    } else {
      for (unsigned j = 0; j < lanes() / 2; ++j)
        result |= uint64_t(words[first + 2 * j + high]) << (32 * j);
    }
    return result;
  }
  unsigned laneOf(unsigned row, unsigned chunk) const {
    unsigned high = row / 8;
    return firstLane(row) + (bitsOf(type) >= 16 ? chunk / 4 : 2 * (chunk / 8) + high);
  }
  /// The first chunk of a row whose metadata PTX gives no meaning; -1 if there is none. `ordered`:
  /// positions must ascend (.sp::ordered_metadata).
  int firstInvalid(unsigned row, bool ordered) const {
    uint64_t bits = bitsOfRow(row), ones = 0x1111111111111111u;
    uint64_t f0 = bits, f1 = bits >> 1, s0 = bits >> 2, s1 = bits >> 3; // of first and second
    uint64_t valid = bitsOf(type) == 32 ? ~(s1 ^ f1) & ~f0 & s0
                     : ordered          ? (s1 & ~f1) | (~(s1 ^ f1) & s0 & ~f0)
                                        : (s1 ^ f1) | (s0 ^ f0);
    uint64_t invalid = ~valid & ones;
    if (chunks() < 16)
      invalid &= (uint64_t(1) << 4 * chunks()) - 1;
    return invalid ? __builtin_ctzll(invalid) / 4 : -1;
  }

  /// dense[column * stride] for a row, from its stored elements; the rest is zero.
  template <class T> void expand(unsigned row, const T *stored, T *dense, unsigned stride) const {
    for (unsigned j = 0; j < k; ++j)
      dense[j * stride] = T(0);
    Chunk chunk = chunkOf(type);
    uint64_t bits = bitsOfRow(row);
    for (unsigned c = 0; c < chunks(); ++c, bits >>= 4) {
      unsigned first = bits & 3, second = bits >> 2 & 3;
      T *to = dense + c * chunk.elements * stride;
      const T *from = stored + c * chunk.stored;
      if (chunk.elements == 2) {
        to[first / 2 * stride] = from[0];
      } else if (chunk.elements == 4) {
        to[first * stride] = from[0];
        to[second * stride] = from[1];
      } else {
        to[2 * first * stride] = from[0], to[(2 * first + 1) * stride] = from[1];
        to[2 * second * stride] = from[2], to[(2 * second + 1) * stride] = from[3];
      }
    }
  }
};

} // namespace

/// Records a fault of kind "matrix": the metadata of a chunk has no meaning. Out of line.
void metadataFault(Warp &w, const Inst *i, unsigned lane, unsigned row, unsigned chunk,
                   uint32_t code, bool ordered);

namespace {
/// Checks the metadata of 16 rows, the first of which is number `firstRow` of A; false after a
/// fault.
inline bool checkMetadata(Warp &w, const Inst *i, const SparseRows &rows, unsigned firstRow,
                          bool ordered) {
  for (unsigned row = 0; row < 16; ++row)
    if (int chunk = rows.firstInvalid(row, ordered); chunk >= 0) [[unlikely]] {
      unsigned c = unsigned(chunk);
      metadataFault(w, i, rows.laneOf(row, c), firstRow + row, c,
                    uint32_t(rows.bitsOfRow(row) >> 4 * c & 15), ordered);
      return false;
    }
  return true;
}
} // namespace

} // namespace cosmati::ptxvm
