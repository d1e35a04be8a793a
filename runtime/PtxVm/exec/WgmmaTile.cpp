//===- WgmmaTile.cpp - arithmetic of wgmma --------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp's 16 x N part of D as a block product, in the arithmetic of mma.sync (Mma.cpp,
// docs/ptxvm.md). The 16 rows are the lanes of host vectors: a column of A is two vectors, an
// element of B is broadcast, so that B is read as it lies in memory. Consecutive operations on one
// accumulator keep it in a dense tile between them.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/MmaSparse.h"
#include "runtime/PtxVm/exec/MmaTile.h"
#include "runtime/PtxVm/exec/Wgmma.h"

namespace cosmati::ptxvm {
namespace {

constexpr unsigned kRows = 16, kMaxN = 256;
typedef double Doubles __attribute__((vector_size(64)));
typedef float Floats __attribute__((vector_size(32)));
typedef float Floats16 __attribute__((vector_size(64)));
typedef int32_t Ints16 __attribute__((vector_size(64)));
typedef uint32_t Words16 __attribute__((vector_size(64)));
typedef uint32_t Words32 __attribute__((vector_size(128)));

/// Columns of D that are summed side by side: as many as the host's registers hold.
#if defined(__AVX512F__)
constexpr unsigned kColumns = 8;
#elif defined(__AVX2__)
constexpr unsigned kColumns = 2;
#else
constexpr unsigned kColumns = 1;
#endif

/// c += a * b. In double every product is exact, so it doesn't matter whether it is fused.
inline void multiplyAdd(const Doubles &a, const Doubles &b, Doubles &c) {
#if defined(__FMA__) && __has_builtin(__builtin_elementwise_fma)
  c = __builtin_elementwise_fma(a, b, c);
#else
  c += a * b;
#endif
}

/// Nearest even f16, through the single that rounds to odd (it has bits enough).
inline float roundToHalf(double x) {
  float f = float(x);
  uint32_t bits = bitsAs<uint32_t>(f);
  bool inexact = double(f) != x, tooFar = (f < 0 ? -double(f) : double(f)) > (x < 0 ? -x : x);
  bits = inexact ? (bits - tooFar) | 1 : bits;
  return halfToFloat(floatToHalf(bitsAs<float>(bits)));
}

//===- A --------------------------------------------------------------------===//

/// The elements of A by column; words for b1.
template <class T> struct MatrixA {
  alignas(64) T v[64][kRows];
};

/// Row-major `from` (columns as stored) to columns, spread by metadata if sparse.
template <class T>
void takeRows(const WgmmaKind &kind, const WgmmaOp &op, const T *from, unsigned columns,
              MatrixA<T> &a) {
  if (kind.flags & WgmmaKind::Sparse) {
    SparseRows rows{op.metadata, kind.a, kind.k, kind.selector};
    for (unsigned r = 0; r < kRows; ++r)
      rows.expand(r, from + r * columns, &a.v[0][r], kRows);
    return;
  }
  for (unsigned j = 0; j < columns; ++j)
    for (unsigned r = 0; r < kRows; ++r)
      a.v[j][r] = from[r * columns + j];
}
/// From registers: each is a block of 8 rows; rows fastest.
template <class T>
void fromRegisters(const Warp &w, const WgmmaOp &op, const WgmmaKind &kind, T *rows,
                   unsigned columns) {
  alignas(64) T block[256];
  const uint32_t *list = w.vectorOps + op.inst->aux + placeOfA(kind);
  unsigned width = blockColumns(kind.a);
  for (unsigned r = 0; r < 4; ++r) {
    unpack(kind.a, op.regs + list[r], block);
    for (unsigned g = 0; g < 8; ++g)
      __builtin_memcpy(rows + (8 * (r % 2) + g) * columns + r / 2 * width, block + g * width,
                       width * sizeof(T));
  }
}
/// Linear bytes to elements.
template <class T> void unpackAll(Element type, const uint8_t *bytes, size_t size, T *out) {
  size_t each = type == Element::B1 ? 32 : 1024 / bitsOf(type);
  for (size_t at = 0; at < size; at += 128, out += each)
    unpack(type, bytes + at, out);
}
template <class T> void loadA(const Warp &w, const WgmmaOp &op, MatrixA<T> &a) {
  WgmmaKind kind = wgmmaKind(op.inst);
  alignas(64) T rows[kRows * 64];
  unsigned columns = 2 * blockColumns(kind.a);
  if (kind.flags & WgmmaKind::SharedA) {
    alignas(64) uint8_t bytes[512];
    gatherA(w, op, bytes);
    unpackAll(kind.a, bytes, sizeof(bytes), rows);
    if (kind.flags & WgmmaKind::TransposeA) { // [K][16]
      alignas(64) T transposed[kRows * 64];
      for (unsigned j = 0; j < columns; ++j)
        for (unsigned r = 0; r < kRows; ++r)
          transposed[r * columns + j] = rows[j * kRows + r];
      __builtin_memcpy(rows, transposed, sizeof(rows));
    }
  } else {
    fromRegisters(w, op, kind, rows, columns);
  }
  takeRows(kind, op, rows, columns, a);
  if (kind.flags & WgmmaKind::Negate)
    for (unsigned j = 0; j < kind.k; ++j)
      for (unsigned r = 0; r < kRows; ++r)
        a.v[j][r] = -a.v[j][r];
}

//===- B --------------------------------------------------------------------===//

/// Elements of B: (n, k) at v[n * n1 + k * k1].
template <class T> struct MatrixB {
  const T *v;
  size_t n1, k1;
};
template <class T> MatrixB<T> loadB(Warp &w, const WgmmaOp &op) {
  WgmmaKind kind = wgmmaKind(op.inst);
  bool fresh;
  WgmmaBytes block = gatherB(w, op, fresh);
  T *values = reinterpret_cast<T *>(block.values);
  size_t n = 8u * kind.n8, k = kind.b == Element::B1 ? kind.k / 32u : kind.k;
  if (fresh)
    unpackAll(kind.b, block.raw, n * kind.k * bitsOf(kind.b) / 8, values);
  return kind.flags & WgmmaKind::TransposeB ? MatrixB<T>{values, 1, n} : MatrixB<T>{values, k, 1};
}

//===- D --------------------------------------------------------------------===//

/// 16 rows of D by column; f16 as exact singles, s32 as bits.
struct MatrixD {
  alignas(64) float v[kMaxN][kRows];
};

/// Eight rows of four columns to the lanes of a register, and back: lane 4 * row + column.
inline void interleave(const float *c0, const float *c1, const float *c2, const float *c3,
                       Words32 &lanes) {
  typedef uint32_t Words8 __attribute__((vector_size(32)));
  Words8 a, b, c, d;
  __builtin_memcpy(&a, c0, 32), __builtin_memcpy(&b, c1, 32);
  __builtin_memcpy(&c, c2, 32), __builtin_memcpy(&d, c3, 32);
  Words16 ab = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
  Words16 cd = __builtin_shufflevector(c, d, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
  lanes = __builtin_shufflevector(ab, cd, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23, 8,
                                  9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
}
template <unsigned C> inline void column(const Words32 &lanes, float *to) {
  typedef uint32_t Words8 __attribute__((vector_size(32)));
  Words8 v = __builtin_shufflevector(lanes, lanes, C, C + 4, C + 8, C + 12, C + 16, C + 20, C + 24,
                                     C + 28);
  __builtin_memcpy(to, &v, 32);
}

void loadD(const Warp &w, const WgmmaOp &op, const WgmmaKind &kind, MatrixD &d) {
  const uint32_t *list = w.vectorOps + op.inst->aux;
  for (unsigned block = 0; block < kind.n8; ++block)
    for (unsigned half = 0; half < 2; ++half) {
      float (*to)[kRows] = d.v + 8 * block;
      if (kind.d == Element::F16) {
        alignas(64) float values[64];
        unpack(Element::F16, op.regs + list[2 * block + half], values);
        for (unsigned c = 0; c < 8; ++c)
          for (unsigned r = 0; r < 8; ++r)
            to[c][8 * half + r] = values[8 * r + c];
        continue;
      }
      for (unsigned odd = 0; odd < 2; ++odd) {
        Words32 lanes;
        __builtin_memcpy(&lanes, op.regs + list[4 * block + 2 * half + odd], 128);
        column<0>(lanes, &to[odd][8 * half]);
        column<1>(lanes, &to[2 + odd][8 * half]);
        column<2>(lanes, &to[4 + odd][8 * half]);
        column<3>(lanes, &to[6 + odd][8 * half]);
      }
    }
}
void storeD(const Warp &w, const WgmmaOp &op, const WgmmaKind &kind, const MatrixD &d) {
  const uint32_t *list = w.vectorOps + op.inst->aux;
  for (unsigned block = 0; block < kind.n8; ++block)
    for (unsigned half = 0; half < 2; ++half) {
      const float (*from)[kRows] = d.v + 8 * block;
      if (kind.d == Element::F16) {
        alignas(64) uint16_t values[64];
        for (unsigned c = 0; c < 8; ++c)
          for (unsigned r = 0; r < 8; ++r)
            values[8 * r + c] = floatToHalf(from[c][8 * half + r]);
        __builtin_memcpy(op.regs + list[2 * block + half], values, 128);
        continue;
      }
      for (unsigned odd = 0; odd < 2; ++odd) {
        Words32 lanes;
        interleave(&from[odd][8 * half], &from[2 + odd][8 * half], &from[4 + odd][8 * half],
                   &from[6 + odd][8 * half], lanes);
        if (kind.d == Element::F32)
          lanes = (lanes & 0x7fffffffu) > 0x7f800000u ? Words32{} + kNan32 : lanes;
        __builtin_memcpy(op.regs + list[4 * block + 2 * half + odd], &lanes, 128);
      }
    }
}

//===- Products -------------------------------------------------------------===//

/// d += a * b: C first, then the products in ascending k, summed in double, rounded once.
template <bool HalfD>
void multiplyDouble(const MatrixA<double> &a, const MatrixB<double> &b, unsigned n, unsigned k,
                    MatrixD &d) {
  for (unsigned first = 0; first < n; first += kColumns) {
    Doubles low[kColumns], high[kColumns];
    for (unsigned c = 0; c < kColumns; ++c) {
      Floats x, y;
      __builtin_memcpy(&x, &d.v[first + c][0], 32), __builtin_memcpy(&y, &d.v[first + c][8], 32);
      low[c] = __builtin_convertvector(x, Doubles), high[c] = __builtin_convertvector(y, Doubles);
    }
    const double *from = b.v + first * b.n1;
    for (unsigned j = 0; j < k; ++j, from += b.k1) {
      Doubles x = *reinterpret_cast<const Doubles *>(&a.v[j][0]);
      Doubles y = *reinterpret_cast<const Doubles *>(&a.v[j][8]);
      for (unsigned c = 0; c < kColumns; ++c) {
        double e = from[c * b.n1];
        Doubles q = {e, e, e, e, e, e, e, e};
        multiplyAdd(x, q, low[c]);
        multiplyAdd(y, q, high[c]);
      }
    }
    for (unsigned c = 0; c < kColumns; ++c) {
      float *to = d.v[first + c];
      if (HalfD) {
        for (unsigned r = 0; r < 8; ++r)
          to[r] = roundToHalf(low[c][r]), to[8 + r] = roundToHalf(high[c][r]);
        continue;
      }
      Floats x = __builtin_convertvector(low[c], Floats),
             y = __builtin_convertvector(high[c], Floats);
      __builtin_memcpy(to, &x, 32), __builtin_memcpy(to + 8, &y, 32);
    }
  }
}

/// Adds an exact sum to s32, wrapping or clamped.
inline void addInteger(float *at, const Ints16 &sum, bool saturate) {
  Words16 old;
  __builtin_memcpy(&old, at, 64);
  Words16 total = old + Words16(sum);
  if (saturate) {
    Ints16 limit = Ints16(old) < 0 ? Ints16{} + INT32_MIN : Ints16{} + INT32_MAX;
    // Overflow: the operands have one sign, the result the other.
    Ints16 over = Ints16((total ^ old) & (total ^ Words16(sum))) < 0;
    total = Words16(over ? limit : Ints16(total));
  }
  __builtin_memcpy(at, &total, 64);
}
/// 8-bit integers: sums of up to 64 products are below 2^23, hence exact in single.
void multiplyInteger(const MatrixA<float> &a, const MatrixB<float> &b, unsigned n, unsigned k,
                     bool saturate, MatrixD &d) {
  for (unsigned first = 0; first < n; first += kColumns) {
    Floats16 sum[kColumns] = {};
    const float *from = b.v + first * b.n1;
    for (unsigned j = 0; j < k; ++j, from += b.k1) {
      Floats16 x = *reinterpret_cast<const Floats16 *>(a.v[j]);
      for (unsigned c = 0; c < kColumns; ++c)
        sum[c] += x * from[c * b.n1];
    }
    for (unsigned c = 0; c < kColumns; ++c)
      addInteger(d.v[first + c], __builtin_convertvector(sum[c], Ints16), saturate);
  }
}
inline void countBits(Words16 &x) {
  x = x - (x >> 1 & 0x55555555u);
  x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
  x = (x + (x >> 4)) & 0x0f0f0f0fu;
  x = x * 0x01010101u >> 24;
}
void multiplyBits(const MatrixA<uint32_t> &a, const MatrixB<uint32_t> &b, unsigned n,
                  unsigned words, MatrixD &d) {
  for (unsigned column = 0; column < n; ++column) {
    Words16 sum = {};
    for (unsigned j = 0; j < words; ++j) {
      Words16 both = *reinterpret_cast<const Words16 *>(a.v[j]) & b.v[column * b.n1 + j];
      countBits(both);
      sum += both;
    }
    addInteger(d.v[column], Ints16(sum), /*saturate=*/false);
  }
}

//===- Operations -----------------------------------------------------------===//

/// Loads D if the first operation accumulates, lets `multiply` add each product, stores D.
template <class T, class F> void performOn(Warp &w, const WgmmaOp *ops, size_t count, F multiply) {
  MatrixD d;
  MatrixA<T> a;
  WgmmaKind kind = wgmmaKind(ops[0].inst);
  if (ops[0].accumulate)
    loadD(w, ops[0], kind, d);
  for (size_t k = 0; k < count; ++k) {
    if (!ops[k].accumulate)
      __builtin_memset(d.v, 0, 8 * kind.n8 * sizeof(d.v[0]));
    loadA(w, ops[k], a);
    multiply(wgmmaKind(ops[k].inst), a, loadB<T>(w, ops[k]), d);
  }
  storeD(w, ops[0], kind, d);
}
void performFloat(Warp &w, const WgmmaOp *ops, size_t count) {
  performOn<double>(w, ops, count, [](const WgmmaKind &kind, auto &a, const auto &b, auto &d) {
    if (kind.d == Element::F16)
      multiplyDouble<true>(a, b, 8 * kind.n8, kind.k, d);
    else
      multiplyDouble<false>(a, b, 8 * kind.n8, kind.k, d);
  });
}
void performInteger(Warp &w, const WgmmaOp *ops, size_t count) {
  performOn<float>(w, ops, count, [](const WgmmaKind &kind, auto &a, const auto &b, auto &d) {
    multiplyInteger(a, b, 8 * kind.n8, kind.k, kind.flags & WgmmaKind::Saturate, d);
  });
}
void performBits(Warp &w, const WgmmaOp *ops, size_t count) {
  performOn<uint32_t>(w, ops, count, [](const WgmmaKind &kind, auto &a, const auto &b, auto &d) {
    multiplyBits(a, b, 8 * kind.n8, kind.k / 32, d);
  });
}

template <WgmmaPerform P> const Inst *multiplyAsync(Warp &w, const Inst *i) {
  return issueWgmma(w, i, P);
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectWgmma(const Selection &s) {
  if (Handler control = wgmmaControl(s.id))
    return control;
  switch (bitsAs<WgmmaKind>(s.imm).a) {
  case Element::B1:
    return multiplyAsync<performBits>;
  case Element::S8:
  case Element::U8:
    return multiplyAsync<performInteger>;
  default:
    return multiplyAsync<performFloat>;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
