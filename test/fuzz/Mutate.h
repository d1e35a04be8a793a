//===- Mutate.h - Changes to PTX text that keep it PTX-like ---- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include <random>
#include <string>
#include <vector>

namespace vmfuzz {

/// `ptx` after one to four small changes: modifiers, opcodes and operands exchanged for others of
/// the instruction table or of the text, statements moved, doubled or dropped, numbers made
/// extreme. Bytes flipped blindly die in the lexer; these reach the decoder and the executor.
std::string mutate(const std::string &ptx, std::mt19937 &random);

/// A text with statements of `a` in which some are replaced by statements of `b`.
std::string crossOver(const std::string &a, const std::string &b, std::mt19937 &random);

/// All words of the instruction table, and directives and registers: a dictionary for a fuzzer.
std::vector<std::string> dictionary();

} // namespace vmfuzz
