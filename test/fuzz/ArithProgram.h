//===- ArithProgram.h - Random programs, here and in the machine - C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program is a tree of instructions, branches and loops over a few registers of each kind. Each
// thread loads its registers from a buffer, runs, and stores them all. The tree is printed as PTX
// for the machine and walked thread by thread for the expected values.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace vmfuzz {

/// Choices taken from bytes that a fuzzer mutates; when they run out, from a generator they seed.
class Dice {
public:
  explicit Dice(llvm::ArrayRef<uint8_t> bytes);
  /// A number below `n`.
  uint32_t below(uint32_t n);
  uint64_t word() { return uint64_t(random()) << 32 | random(); }

private:
  llvm::ArrayRef<uint8_t> bytes;
  std::mt19937 random;
};

struct Node;
using Nodes = std::vector<std::unique_ptr<Node>>;

class ArithProgram {
public:
  /// Between 1 and about `size` instructions.
  ArithProgram(Dice &dice, unsigned size);
  ~ArithProgram();
  ArithProgram(ArithProgram &&);

  std::string text() const;
  /// What to say about one difference: empty if the machine agrees with the evaluation on every
  /// instruction set of this host.
  std::string compare();
  /// Drops instructions while the difference stays, and returns the smallest program's report.
  std::string minimize();

  static uint64_t valuesCompared(); ///< registers of threads, in all programs so far
  static uint64_t valuesOpen();     ///< of these, how many PTX leaves open

private:
  Nodes body;
  std::vector<uint8_t> input;

  std::vector<uint8_t> expected(std::vector<uint8_t> &state) const;
  bool dropOne(Nodes &nodes);
};

} // namespace vmfuzz
