//===- Functions.h - Exponential and logarithm ---------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Soft.h"

namespace cosmati::ptxvm {
namespace {

/// 2^x. Splits x = n + f, |f| <= 1/2; e^(f ln 2) by its Taylor series in double (error below
/// 1e-12), scaled in two steps so that subnormal results round once.
inline float exp2Single(float x) {
  float c = x > 200.0f ? 200.0f : x < -200.0f ? -200.0f : x;
  c = c == c ? c : 0.0f;
  double d = double(c);
  double n = (d + 0x1.8p52) - 0x1.8p52;
  double t = (d - n) * 0.693147180559945309417;
  double p = 1.0 / 3628800;
  p = p * t + 1.0 / 362880;
  p = p * t + 1.0 / 40320;
  p = p * t + 1.0 / 5040;
  p = p * t + 1.0 / 720;
  p = p * t + 1.0 / 120;
  p = p * t + 1.0 / 24;
  p = p * t + 1.0 / 6;
  p = p * t + 0.5;
  p = p * t + 1.0;
  p = p * t + 1.0;
  double scaled = bitsAs<double>(bitsAs<uint64_t>(p) + (uint64_t(int64_t(n)) << 52));
  return x == x ? float(scaled) : bitsAs<float>(kNan32);
}
/// log2(x) for positive finite x: x = m * 2^e, m in [sqrt(1/2), sqrt(2)), atanh series in double.
inline float log2Positive(float x) {
  double d = double(x);
  uint64_t bits = bitsAs<uint64_t>(d);
  uint64_t shifted = bits - 0x3fe6a09e667f3bcdull;
  int64_t e = int64_t(shifted) >> 52;
  double m = bitsAs<double>(bits - (uint64_t(e) << 52));
  double s = (m - 1.0) / (m + 1.0), z = s * s;
  double p = 1.0 / 17;
  p = p * z + 1.0 / 15;
  p = p * z + 1.0 / 13;
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  p = p * z + 1.0 / 3;
  p = p * z + 1.0;
  return float(double(e) + 2.0 * s * p * 1.44269504088896340736);
}

} // namespace
} // namespace cosmati::ptxvm
