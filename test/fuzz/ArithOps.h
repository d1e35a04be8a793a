//===- ArithOps.h - Instructions and what they compute --------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The vocabulary of random arithmetic programs: each entry is an instruction's text and its meaning
// for one thread, written from the PTX definition with plain integers and exact numbers (Exact.h).
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace vmfuzz {

/// What a register holds. Halves and integers of 16 bits are kept apart, so that the unspecified
/// payload of a NaN reaches integers only through an explicit mov.
enum class Kind : uint8_t { Pred, I16, I32, I64, F32, F64, Half, Bfloat, Half2, Bfloat2, NumKinds };
inline constexpr size_t kKinds = size_t(Kind::NumKinds);
unsigned bytesOf(Kind kind);

/// A register's content in one thread.
struct Value {
  uint64_t bits = 0;
  uint8_t loose = 0; ///< bit k: element k is a NaN whose sign and payload PTX leaves open
  bool known = true; ///< false: PTX doesn't say what it is
};

/// `text` has $d for the result, $0, $1, ... for the operands, $t for a scratch register.
struct Op {
  std::string text;
  Kind result;
  std::vector<Kind> operands;
  std::function<Value(const Value *)> eval; ///< called only if all operands are known
};

const std::vector<Op> &arithmeticOps();

// The parts of the table, by file.
void addIntegerOps(std::vector<Op> &ops);
void addBitOps(std::vector<Op> &ops);
void addFloatOps(std::vector<Op> &ops);
void addCompareOps(std::vector<Op> &ops);
void addConversions(std::vector<Op> &ops);

} // namespace vmfuzz
