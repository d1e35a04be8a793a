//===- ArithFloat.h - PTX's floating-point types --------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "test/fuzz/ArithOps.h"
#include "test/fuzz/Exact.h"

namespace vmfuzz {

struct Float {
  const char *name;
  Format format;
  Kind kind, pair; ///< Pred: there is no packed form
};
inline constexpr Float kSingle{"f32", kF32, Kind::F32, Kind::Pred},
    kDouble{"f64", kF64, Kind::F64, Kind::Pred}, kHalf{"f16", kF16, Kind::Half, Kind::Half2},
    kBfloat{"bf16", kBf16, Kind::Bfloat, Kind::Bfloat2};

struct Flags {
  bool ftz = false, sat = false, relu = false;
};

inline uint64_t flushed(const Format &f, uint64_t v) {
  return isSubnormal(f, v) ? v & signBit(f) : v;
}

/// a < b of numbers.
inline bool less(const Format &f, uint64_t a, uint64_t b) {
  if (isInf(f, a) || isInf(f, b))
    return a != b && (isInf(f, a) ? isNegative(f, a) : !isNegative(f, b));
  return compare(exact(f, a), exact(f, b)) < 0;
}

/// What happens to a rounded result: flush, clamp, canonical NaN (of f64 any NaN).
inline Value finish(const Format &f, uint64_t v, Flags flags) {
  uint64_t one = uint64_t(f.bias) << f.mantissa;
  if (isNan(f, v)) {
    if (flags.sat)
      return {0};
    return f.bits == 64 ? Value{someNan(f), 1} : Value{signBit(f) - 1};
  }
  if (flags.ftz)
    v = flushed(f, v);
  if ((flags.sat || flags.relu) && isNegative(f, v))
    return {0};
  if (flags.sat && less(f, one, v))
    return {one};
  return {v};
}

} // namespace vmfuzz
