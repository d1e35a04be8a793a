//===- MmaQuads.cpp - mma.m8n8k4 for f16 ----------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA, "Matrix Fragments for mma.m8n8k4 with .f16 floating point type": four independent
// products of 8 x 4 by 4 x 8. Product q belongs to lanes 4 q to 4 q + 3 (the low group) and 16 more
// (the high group), which hold rows 0 to 3 and 4 to 7 of A and likewise parts of the others.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/MmaTile.h"

namespace cosmati::ptxvm {
namespace {

/// Lane `t` of a group (0 to 3) in product `q`.
unsigned laneOf(unsigned q, unsigned t, bool high) { return 4 * q + t + (high ? 16 : 0); }

/// Half number `i` of a lane's fragment in packed registers.
uint16_t *half(const Warp &w, const uint32_t *regs, unsigned lane, unsigned i) {
  return slot<uint16_t>(w, regs[i / 2]) + 2 * lane + i % 2;
}
/// Place of (row, column) of C or D in singles: lane of the group and number in the fragment.
struct SinglePlace {
  unsigned thread, i;
};
SinglePlace singlePlace(unsigned row, unsigned column) {
  return {(row & 1) | (column & 2), (row & 2) | (column & 4) | (column & 1)};
}

double elementC(const Warp &w, const uint32_t *regs, bool single, unsigned q, unsigned row,
                unsigned column) {
  bool high = row >= 4;
  if (!single)
    return halfToFloat(*half(w, regs, laneOf(q, row % 4, high), column));
  SinglePlace p = singlePlace(row % 4, column);
  return slot<float>(w, regs[p.i])[laneOf(q, p.thread, high)];
}
void storeD(const Warp &w, const uint32_t *regs, bool single, unsigned q, unsigned row,
            unsigned column, double value) {
  bool high = row >= 4;
  if (!single) {
    *half(w, regs, laneOf(q, row % 4, high), column) =
        uint16_t(roundTo(kHalf, value, Rounding::NearestEven, false));
    return;
  }
  SinglePlace p = singlePlace(row % 4, column);
  slot<float>(w, regs[p.i])[laneOf(q, p.thread, high)] = canonical(float(value));
}

/// Vector list: D, A, B, C.
const Inst *mmaQuads(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  MmaKind kind = bitsAs<MmaKind>(i->imm);
  bool singleD = kind.mode & MmaKind::SingleD, singleC = kind.c == Element::F32;
  const uint32_t *d = w.vectorOps + i->aux, *a = d + (singleD ? 8 : 4), *b = a + 2, *c = b + 2;
  double sums[4][8][8];
  for (unsigned q = 0; q < 4; ++q)
    for (unsigned row = 0; row < 8; ++row)
      for (unsigned column = 0; column < 8; ++column) {
        double sum = elementC(w, c, singleC, q, row, column);
        for (unsigned k = 0; k < 4; ++k) {
          // Rows of A by thread, or (by columns) k by thread; B likewise.
          bool byColumns = kind.mode & MmaKind::ColumnsA, byRows = kind.mode & MmaKind::RowsB;
          uint16_t x =
              *half(w, a, laneOf(q, byColumns ? k : row % 4, row >= 4), byColumns ? row % 4 : k);
          uint16_t y =
              *half(w, b, laneOf(q, byRows ? k : column % 4, column >= 4), byRows ? column % 4 : k);
          sum += double(halfToFloat(x)) * double(halfToFloat(y));
        }
        sums[q][row][column] = sum;
      }
  for (unsigned q = 0; q < 4; ++q)
    for (unsigned row = 0; row < 8; ++row)
      for (unsigned column = 0; column < 8; ++column)
        storeD(w, d, singleD, q, row, column, sums[q][row][column]);
  return warp.done();
}

} // namespace

Handler mmaQuadsHandler();
Handler mmaQuadsHandler() { return mmaQuads; }

} // namespace cosmati::ptxvm
