//===- Lexer.h - Tokens of PTX text -----------------------------*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>

namespace cosmati::ptxvm {

struct Token {
  enum Kind : uint8_t {
    End,
    Identifier, ///< %r1, $L__BB0_1, _
    DotWord,    ///< .f32, .L2::128B: text without the dot
    Int,        ///< value
    Float32,    ///< value: bits (0f...)
    Float64,    ///< value: bits (0d..., 1.5e3)
    String,     ///< text between the quotes
    Punct,      ///< one character, or << >> && || == != <= >=
  };
  Kind kind = End;
  llvm::StringRef text;
  uint64_t value = 0;
  uint32_t line = 1;
  const char *begin = nullptr; ///< first character, for slices of source text
};

/// Splits PTX text into tokens; comments vanish.
class Lexer {
public:
  explicit Lexer(llvm::StringRef text) : cursor(text.begin()), end(text.end()) {}
  /// The next token; `error` is filled for characters or literals that PTX doesn't have.
  Token next(std::string &error);

private:
  const char *cursor, *end;
  uint32_t line = 1;

  void skipBlanks();
  Token number(std::string &error);
  Token hexFloat(Token token, unsigned digits, std::string &error);
  Token finish(Token token, Token::Kind kind);
};

} // namespace cosmati::ptxvm
