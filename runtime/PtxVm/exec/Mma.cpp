//===- Mma.cpp - mma.sync -------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// D = A * B + C of one warp as a product of dense tiles. The arithmetic model (docs/ptxvm.md):
//   floating point of up to 32 bits: products are exact; C and they are added in double precision,
//     in ascending k; the sum is rounded once, to nearest even, to the type of D. Subnormals count.
//   f64: a chain of fused multiply-adds in ascending k, each rounded as the instruction says.
//   integers: exact; the result wraps, or with .satfinite is clamped once.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/MmaSparse.h"
#include "runtime/PtxVm/exec/MmaTile.h"

namespace cosmati::ptxvm {

/// One row of a chain of fused multiply-adds in a rounding mode; compiled once.
void fmaChain(unsigned rounding, const double (*a)[kMaxK], const double (*b)[8], unsigned rows,
              unsigned k, double (*c)[8]);

/// mma.m8n8k4 for f16; compiled once.
Handler mmaQuadsHandler();

namespace {

/// Where the operands begin in the list of registers: D, A, B, C, metadata.
struct Operands {
  const uint32_t *d, *a, *b, *c, *metadata;
  unsigned columns; ///< of A as stored
  Operands(const Warp &w, const Inst *i, const MmaKind &kind) {
    bool halfResult = kind.c == Element::F16;
    unsigned results = kind.rows / 8 * (halfResult ? 1 : 2);
    unsigned words = kind.a == Element::B1 ? 32 : 1;
    columns = kind.k / words / (kind.flags & MmaKind::Sparse ? 2 : 1);
    d = w.vectorOps + i->aux;
    a = d + results;
    b = a + kind.rows / 8 * columns / blockColumns(kind.a);
    c = b + kind.k / words / blockColumns(kind.b);
    metadata = c + results;
  }
};

/// False after a fault: metadata without a meaning.
template <class T>
bool expand(Warp &w, const Inst *i, const Operands &o, const MmaKind &kind, T (*a)[kMaxK]) {
  SparseRows rows{slot<uint32_t>(w, *o.metadata), kind.a, kind.k, kind.mode};
  if (!checkMetadata(w, i, rows, 0, kind.flags & MmaKind::Ordered))
    return false;
  for (unsigned row = 0; row < kind.rows; ++row) {
    T stored[kMaxK];
    __builtin_memcpy(stored, a[row], o.columns * sizeof(T));
    rows.expand(row, stored, a[row], 1);
  }
  return true;
}

template <class T>
bool loadOperands(Warp &w, const Inst *i, const Operands &o, const MmaKind &kind, MmaTiles<T> &t) {
  unsigned k = kind.a == Element::B1 ? kind.k / 32u : kind.k;
  loadA(w, o.a, kind.a, kind.rows, o.columns, t.a);
  if ((kind.flags & MmaKind::Sparse) && !expand(w, i, o, kind, t.a))
    return false;
  loadB(w, o.b, kind.b, k, t.b);
  return true;
}

void loadHalfC(const Warp &w, const uint32_t *ops, unsigned rows, double (*c)[8]) {
  for (unsigned block = 0; block < rows / 8; ++block)
    unpack(Element::F16, w.regs + ops[block], &c[8 * block][0]);
}
void storeHalfD(const Warp &w, const uint32_t *ops, unsigned rows, const double (*d)[8]) {
  for (unsigned block = 0; block < rows / 8; ++block) {
    uint16_t *reg = slot<uint16_t>(w, ops[block]);
    for (unsigned j = 0; j < 64; ++j)
      reg[j] = uint16_t(roundTo(kHalf, d[8 * block + j / 8][j % 8], Rounding::NearestEven, false));
  }
}

const Inst *mmaFloat(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  MmaKind kind = bitsAs<MmaKind>(i->imm);
  Operands o(w, i, kind);
  MmaTiles<double> t;
  alignas(64) double c[16][8];
  if (!loadOperands(w, i, o, kind, t))
    return nullptr;
  if (kind.c == Element::F16) {
    loadHalfC(w, o.c, kind.rows, c);
    multiply(t.a, t.b, kind.rows, kind.k, c);
    storeHalfD(w, o.d, kind.rows, c);
    return warp.done();
  }
  alignas(64) float single[16][8];
  loadC(w, o.c, kind.rows, single);
  for (unsigned r = 0; r < kind.rows; ++r)
    for (unsigned n = 0; n < 8; ++n)
      c[r][n] = double(single[r][n]);
  multiply(t.a, t.b, kind.rows, kind.k, c);
  for (unsigned r = 0; r < kind.rows; ++r)
    for (unsigned n = 0; n < 8; ++n)
      single[r][n] = canonical(float(c[r][n]));
  storeD(w, o.d, kind.rows, single);
  return warp.done();
}

const Inst *mmaDouble(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  MmaKind kind = bitsAs<MmaKind>(i->imm);
  Operands o(w, i, kind);
  MmaTiles<double> t;
  alignas(64) double c[16][8];
  if (!loadOperands(w, i, o, kind, t))
    return nullptr;
  loadC(w, o.c, kind.rows, c);
  fmaChain(kind.mode, t.a, t.b, kind.rows, kind.k, c);
  storeD(w, o.d, kind.rows, c);
  return warp.done();
}

inline uint32_t addWrapping(uint32_t a, uint32_t b) { return a + b; }
const Inst *mmaInteger(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  MmaKind kind = bitsAs<MmaKind>(i->imm);
  Operands o(w, i, kind);
  MmaTiles<int32_t> t;
  alignas(64) int32_t c[16][8], sum[16][8] = {};
  if (!loadOperands(w, i, o, kind, t))
    return nullptr;
  loadC(w, o.c, kind.rows, c);
  multiply(t.a, t.b, kind.rows, kind.k, sum); // below 2^24: no overflow
  for (unsigned r = 0; r < kind.rows; ++r)
    for (unsigned n = 0; n < 8; ++n) {
      int64_t exact = int64_t(c[r][n]) + sum[r][n];
      int64_t limited = exact > INT32_MAX ? INT32_MAX : exact < INT32_MIN ? INT32_MIN : exact;
      c[r][n] = kind.flags & MmaKind::Saturate ? int32_t(limited) : int32_t(uint32_t(exact));
    }
  storeD(w, o.d, kind.rows, c);
  return warp.done();
}

const Inst *mmaBits(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  MmaKind kind = bitsAs<MmaKind>(i->imm);
  Operands o(w, i, kind);
  MmaTiles<uint32_t> t;
  alignas(64) uint32_t c[16][8];
  if (!loadOperands(w, i, o, kind, t))
    return nullptr;
  loadC(w, o.c, kind.rows, c);
  bool both = kind.flags & MmaKind::And;
  for (unsigned r = 0; r < kind.rows; ++r)
    for (unsigned n = 0; n < 8; ++n)
      for (unsigned j = 0; j < kind.k / 32u; ++j) {
        uint32_t x = t.a[r][j], y = t.b[j][n];
        c[r][n] = addWrapping(c[r][n], uint32_t(__builtin_popcount(both ? x & y : x ^ y)));
      }
  storeD(w, o.d, kind.rows, c);
  return warp.done();
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectMma(const Selection &s) {
  if (s.id == InstId::MmaQuads)
    return mmaQuadsHandler();
  switch (bitsAs<MmaKind>(s.imm).a) {
  case Element::F64:
    return mmaDouble;
  case Element::B1:
    return mmaBits;
  case Element::S8:
  case Element::U8:
  case Element::S4:
  case Element::U4:
    return mmaInteger;
  default:
    return mmaFloat;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
