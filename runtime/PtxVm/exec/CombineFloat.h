//===- CombineFloat.h - Combine.h for floating point -------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Combine.h"
#include "runtime/PtxVm/exec/Soft.h"

namespace cosmati::ptxvm {
namespace {

/// f32 addition of atom flushes subnormals in hardware's global memory; PTX leaves it open, we keep
/// them.
template <bool Flush = false> struct AddSingle {
  static uint32_t apply(uint32_t old, uint32_t v) {
    float x = bitsAs<float>(old), y = bitsAs<float>(v);
    float sum = Flush ? flush(flush(x) + flush(y)) : x + y;
    return bitsAs<uint32_t>(canonical(sum));
  }
};
struct AddDouble {
  static uint64_t apply(uint64_t old, uint64_t v) {
    return bitsAs<uint64_t>(bitsAs<double>(old) + bitsAs<double>(v));
  }
};
template <bool Bf> float widen(uint16_t v) { return Bf ? bfloatToFloat(v) : halfToFloat(v); }
template <bool Bf> uint16_t narrow(float v) { return Bf ? floatToBfloat(v) : floatToHalf(v); }
/// A single holds the sum closely enough that rounding twice does no harm.
template <bool Bf> struct AddHalf {
  static uint16_t apply(uint16_t old, uint16_t v) {
    return narrow<Bf>(widen<Bf>(old) + widen<Bf>(v));
  }
};
/// A number wins over a NaN, and -0 counts as less than +0.
template <bool Bf, bool Max> struct MinMaxHalf {
  static uint16_t apply(uint16_t old, uint16_t v) {
    float a = widen<Bf>(old), b = widen<Bf>(v);
    if (a != a)
      return b != b ? kNan16 : v;
    bool take = a == b ? ((old >> 15) != (v >> 15)) && ((old >> 15) == uint16_t(Max))
                : Max  ? b > a
                       : b < a;
    return take ? v : old;
  }
};
template <class E> struct Packed {
  static uint32_t apply(uint32_t old, uint32_t v) {
    return E::apply(uint16_t(old), uint16_t(v)) |
           uint32_t(E::apply(uint16_t(old >> 16), uint16_t(v >> 16))) << 16;
  }
};

/// Applies Op in one piece; returns what was there.
template <class T, class Op> T updateElement(T *p, T operand) {
  T old = __atomic_load_n(p, __ATOMIC_RELAXED), next;
  do
    next = Op::apply(old, operand);
  while (!__atomic_compare_exchange_n(p, &old, next, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
  return old;
}

} // namespace
} // namespace cosmati::ptxvm
