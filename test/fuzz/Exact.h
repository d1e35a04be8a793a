//===- Exact.h - Floating point by exact integers -------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A second implementation of the arithmetic that PTX defines, to compare the machine's with: values
// are integers of 4,608 bits in units of 2^-2400, which hold every sum and product of doubles
// exactly; results are rounded once, by looking at the bits that fall off. Slow and plain on
// purpose.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/APInt.h"
#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace vmfuzz {

/// An IEEE-like binary format.
struct Format {
  unsigned mantissa; ///< stored bits
  int bias;
  unsigned bits; ///< of an encoding
  bool infinite =
      true; ///< e4m3 has no infinities: its largest exponent holds numbers, all ones NaN
};
inline constexpr Format kF64{52, 1023, 64}, kF32{23, 127, 32}, kF16{10, 15, 16}, kBf16{7, 127, 16},
    kTf32{10, 127, 19}, kE4m3{3, 7, 8, false}, kE5m2{2, 15, 8};

/// Rounding: to nearest even, towards zero, down, up, to nearest with ties away from zero.
enum class Mode { Rn, Rz, Rm, Rp, Rna };

uint64_t signBit(const Format &f);
uint64_t infinity(const Format &f); ///< for e4m3 the encoding above its largest number: its NaN
bool isNan(const Format &f, uint64_t bits);
bool isInf(const Format &f, uint64_t bits);
bool isZero(const Format &f, uint64_t bits);
bool isSubnormal(const Format &f, uint64_t bits);
bool isNegative(const Format &f, uint64_t bits);

/// A finite number: (-1)^negative * magnitude * 2^-2400.
struct Exact {
  bool negative = false;
  llvm::APInt magnitude;
};
Exact exact(const Format &f, uint64_t bits);
Exact exactInteger(bool negative, uint64_t magnitude);
Exact sum(const Exact &a, const Exact &b); ///< an exact zero is positive
Exact product(const Exact &a, const Exact &b);
int compare(const Exact &a, const Exact &b);
/// The encoding nearest in the sense of `mode`; beyond the largest number infinity or that number,
/// as the mode says. Zero keeps its sign.
uint64_t round(const Format &f, Mode mode, const Exact &v);
/// Rounded to an integer, as its magnitude (at most 2^64, else 2^64) and sign.
Exact roundToInteger(Mode mode, const Exact &v);
/// Integer part of |v|, saturated at 2^127.
unsigned __int128 integerPart(const Exact &v);

/// a * b + c with one rounding; NaN comes back as the format's infinity plus one. `c` may be left
/// out of a product by `hasSum` = false, `b` of a sum by passing one.
uint64_t multiplyAdd(const Format &f, Mode mode, uint64_t a, uint64_t b, uint64_t c, bool hasSum);
uint64_t divide(const Format &f, Mode mode, uint64_t a, uint64_t b);
uint64_t squareRoot(const Format &f, Mode mode, uint64_t a);
inline uint64_t someNan(const Format &f) { return infinity(f) + (f.infinite ? 1 : 0); }

} // namespace vmfuzz
