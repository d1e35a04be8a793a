//===- Wmma.h - What decoder and handlers of wmma agree on ----- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX leaves the layout of fragments open. Here the registers of a fragment, one behind the other
// with their 32 lanes, are the matrix in row-major order: A as [M][K], B as [N][K], C and D as
// [M][N]. The fragments of f16 A and B have room for more elements than the matrix; it is repeated.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Matrix.h"

namespace cosmati::ptxvm {

/// One wmma instruction. wmma.mma packs it into Inst::imm, loads and stores keep its number in a
/// table (WmmaAccess::index) in Inst::n.
struct WmmaShape {
  uint8_t m, n, k;
};
inline constexpr WmmaShape kWmmaShapes[] = {{16, 16, 16}, {8, 32, 16}, {32, 8, 16}, {16, 16, 8},
                                            {8, 8, 4},    {8, 8, 32},  {8, 8, 128}};

/// A load or store, packed into Inst::n. The list holds the registers, then the stride in elements.
struct WmmaAccess {
  enum Role : uint16_t { A, B, C };
  uint16_t shape, role, type;
  bool columns; ///< of memory: column-major

  uint16_t pack() const { return uint16_t(shape | role << 3 | type << 5 | columns << 9); }
  static WmmaAccess unpack(uint16_t v) {
    return {uint16_t(v & 7), uint16_t(v >> 3 & 3), uint16_t(v >> 5 & 15), bool(v >> 9 & 1)};
  }
  Element element() const { return Element(type); }
  /// Rows and columns of the matrix as it lies in registers.
  unsigned rows() const { return role == B ? kWmmaShapes[shape].n : kWmmaShapes[shape].m; }
  unsigned across() const { return role == C ? kWmmaShapes[shape].n : kWmmaShapes[shape].k; }
  /// Does memory hold the register's rows one behind the other?
  bool sameOrder() const { return columns == (role == B); }
};

/// A multiplication, packed into Inst::imm.
struct WmmaKind {
  enum : uint8_t { Saturate = 1, Xor = 2 };
  Element type, d, c;
  uint8_t m, n, k, flags;
  uint8_t rounding; ///< f64: as in MmaKind::mode
};
static_assert(sizeof(WmmaKind) == 8);

namespace {
/// Registers of a fragment of `elements` elements.
constexpr unsigned wmmaRegisters(Element type, unsigned elements, bool accumulator) {
  if (type == Element::F64)
    return elements / 32;
  return type == Element::F16 && !accumulator ? 8 : elements * bitsOf(type) / 1024;
}
} // namespace

} // namespace cosmati::ptxvm
