//===- Matrix.h - Matrix instructions: kinds and the whole warp -- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the decoder and the handlers of mma, ldmatrix and their kin agree on. Included by files
// compiled for several instruction sets: see Exec.h.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Exec.h"
#include "runtime/PtxVm/exec/Meeting.h"

namespace cosmati::ptxvm {

/// Element types of matrix operands.
enum class Element : uint8_t { F16, BF16, TF32, F32, F64, E4M3, E5M2, S8, U8, S4, U4, B1, S32 };

/// One matrix multiplication, packed into Inst::imm. Shapes in elements.
struct MmaKind {
  enum : uint8_t { Saturate = 1, Sparse = 2, Xor = 4, And = 8, Ordered = 16 };
  /// Values of `mode` of m8n8k4 for f16; D may be wider than C.
  enum : uint8_t { ColumnsA = 1, RowsB = 2, SingleD = 4 };
  Element a, b, c; ///< c: of C and D
  uint8_t flags;
  uint8_t rows; ///< M: 8 or 16; N is 8
  uint8_t mode; ///< f64: rounding (0 rn, 1 rz, 2 rm, 3 rp); sparse: the selector
  uint16_t k;
};
static_assert(sizeof(MmaKind) == 8);

/// Records a fault of kind `Convergence` that says why; returns null. Out of line.
const Inst *matrixFault(Warp &w, const Inst *i, const char *reason);

namespace {

/// Bits of an element, packed in registers.
constexpr inline unsigned bitsOf(Element e) {
  switch (e) {
  case Element::F64:
    return 64;
  case Element::TF32:
  case Element::F32:
  case Element::S32:
    return 32;
  case Element::F16:
  case Element::BF16:
    return 16;
  case Element::S4:
  case Element::U4:
    return 4;
  case Element::B1:
    return 1;
  default:
    return 8;
  }
}

/// RAII: gathers all 32 lanes at an instruction that needs the whole warp. When `ready` is false
/// the handler returns null: the warp waits, or it cannot ever be whole.
struct WholeWarp {
  Warp &w;
  const Inst *i;
  bool ready, joint = false;
  WholeWarp(Warp &w, const Inst *i) : w(w), i(i) {
    ready = w.active == kFull;
    if (ready) [[likely]]
      return;
    if (w.live != kFull)
      matrixFault(w, i,
                  "a matrix instruction needs all 32 threads of the warp; some do not exist "
                  "or have exited");
    else
      ready = joint = meet(w, i, kFull);
  }
  const Inst *done() { return joint ? part(w, i) : i + 1; }
};
} // namespace

} // namespace cosmati::ptxvm
