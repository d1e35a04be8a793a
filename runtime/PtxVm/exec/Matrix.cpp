//===- Matrix.cpp - ldmatrix, stmatrix, movmatrix -------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA, "ldmatrix", "stmatrix", "movmatrix". An 8x8 matrix of 16-bit elements is spread over the
// warp: lane l holds elements 2 * (l % 4) and the next of row l / 4 in one 32-bit register, so that
// a register of the warp is the matrix in row-major order. Lane 8 * m + r gives the address of row
// r of matrix m; a row is 16 bytes, aligned to that.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Matrix.h"
#include "runtime/PtxVm/exec/Resolve.h"

namespace cosmati::ptxvm {
namespace {

struct Tile8x8 {
  alignas(64) uint16_t v[64]; ///< row-major; also the 32 lanes of a register
};
inline Tile8x8 transposed(const Tile8x8 &a) {
  Tile8x8 t;
  for (unsigned r = 0; r < 8; ++r)
    for (unsigned c = 0; c < 8; ++c)
      t.v[8 * c + r] = a.v[8 * r + c];
  return t;
}
constexpr uint32_t addressLanes(unsigned matrices) {
  return matrices == 4 ? kFull : (1u << (8 * matrices)) - 1;
}

/// vectorOps: the destinations; n: how many.
template <bool Transpose> const Inst *loadMatrix(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  Access x;
  if (!resolve(w, i, addressLanes(i->n), 16, /*write=*/false, x))
    return nullptr;
  Tile8x8 tiles[4];
  for (unsigned row = 0; row < 8u * i->n; ++row)
    __builtin_memcpy(&tiles[row / 8].v[8 * (row % 8)], at(x, row), 16);
  for (unsigned m = 0; m < i->n; ++m) {
    Tile8x8 t = Transpose ? transposed(tiles[m]) : tiles[m];
    __builtin_memcpy(w.regs + w.vectorOps[i->aux + m], t.v, sizeof(t.v));
  }
  return warp.done();
}

template <bool Transpose> const Inst *storeMatrix(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  Access x;
  if (!resolve(w, i, addressLanes(i->n), 16, /*write=*/true, x))
    return nullptr;
  for (unsigned m = 0; m < i->n; ++m) {
    Tile8x8 t;
    __builtin_memcpy(t.v, w.regs + w.vectorOps[i->aux + m], sizeof(t.v));
    if (Transpose)
      t = transposed(t);
    for (unsigned r = 0; r < 8; ++r)
      __builtin_memcpy(at(x, 8 * m + r), &t.v[8 * r], 16);
  }
  return warp.done();
}

const Inst *moveMatrix(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  Tile8x8 t;
  __builtin_memcpy(t.v, w.regs + i->op[1], sizeof(t.v));
  t = transposed(t);
  __builtin_memcpy(w.regs + i->op[0], t.v, sizeof(t.v));
  return warp.done();
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectMatrix(const Selection &s) {
  bool transpose = has(s, Mod::trans);
  switch (s.id) {
  case InstId::LdMatrix:
    return transpose ? loadMatrix<true> : loadMatrix<false>;
  case InstId::StMatrix:
    return transpose ? storeMatrix<true> : storeMatrix<false>;
  case InstId::MovMatrix:
    return moveMatrix;
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
