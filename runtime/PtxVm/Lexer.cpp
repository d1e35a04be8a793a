//===- Lexer.cpp ----------------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Lexer.h"
#include "llvm/ADT/StringExtras.h"
#include <cstdlib>
#include <cstring>

using namespace cosmati::ptxvm;

static bool isWordStart(char c) { return llvm::isAlpha(c) || c == '_' || c == '$' || c == '%'; }
static bool isWord(char c) { return llvm::isAlnum(c) || c == '_' || c == '$'; }

void Lexer::skipBlanks() {
  while (cursor != end) {
    if (*cursor == '\n')
      ++line, ++cursor;
    else if (*cursor == ' ' || *cursor == '\t' || *cursor == '\r' || *cursor == '\f')
      ++cursor;
    else if (*cursor == '/' && end - cursor > 1 && cursor[1] == '/')
      while (cursor != end && *cursor != '\n')
        ++cursor;
    else if (*cursor == '/' && end - cursor > 1 && cursor[1] == '*') {
      for (cursor += 2; cursor != end; ++cursor) {
        if (*cursor == '\n')
          ++line;
        if (*cursor == '*' && end - cursor > 1 && cursor[1] == '/') {
          cursor += 2;
          break;
        }
      }
    } else
      return;
  }
}

Token Lexer::finish(Token token, Token::Kind kind) {
  token.kind = kind;
  token.text = llvm::StringRef(token.begin, cursor - token.begin);
  return token;
}

Token Lexer::hexFloat(Token token, unsigned digits, std::string &error) {
  cursor += 2;
  for (unsigned i = 0; i < digits; ++i, ++cursor) {
    if (cursor == end || !llvm::isHexDigit(*cursor)) {
      error = "a 0" + std::string(1, token.begin[1]) + " constant needs " + std::to_string(digits) +
              " hexadecimal digits";
      return finish(token, Token::End);
    }
    token.value = token.value * 16 + llvm::hexDigitValue(*cursor);
  }
  return finish(token, digits == 8 ? Token::Float32 : Token::Float64);
}

Token Lexer::number(std::string &error) {
  Token token;
  token.line = line;
  token.begin = cursor;
  char second = end - cursor > 1 ? cursor[1] : '\0';
  if (*cursor == '0' && (second == 'f' || second == 'F'))
    return hexFloat(token, 8, error);
  if (*cursor == '0' && (second == 'd' || second == 'D'))
    return hexFloat(token, 16, error);
  unsigned radix = 10;
  if (*cursor == '0' && (second == 'x' || second == 'X'))
    radix = 16, cursor += 2;
  else if (*cursor == '0' && (second == 'b' || second == 'B'))
    radix = 2, cursor += 2;
  const char *digits = cursor;
  while (cursor != end && (radix == 16 ? llvm::isHexDigit(*cursor) : llvm::isDigit(*cursor)))
    ++cursor;
  bool real = radix == 10 && cursor != end &&
              ((*cursor == '.' && (end - cursor == 1 || !isWordStart(cursor[1]))) ||
               ((*cursor == 'e' || *cursor == 'E') && end - cursor > 1));
  if (real) {
    while (cursor != end &&
           (llvm::isAlnum(*cursor) || *cursor == '.' ||
            ((*cursor == '-' || *cursor == '+') && llvm::toLower(cursor[-1]) == 'e')))
      ++cursor;
    double value = std::strtod(std::string(digits, cursor).c_str(), nullptr);
    std::memcpy(&token.value, &value, sizeof(value));
    return finish(token, Token::Float64);
  }
  llvm::StringRef text(digits, cursor - digits);
  if (radix == 10 && text.size() > 1 && text[0] == '0')
    radix = 8;
  if (text.getAsInteger(radix, token.value))
    error = "malformed integer constant '" + std::string(token.begin, cursor) + "'";
  if (cursor != end && *cursor == 'U')
    ++cursor;
  return finish(token, Token::Int);
}

Token Lexer::next(std::string &error) {
  skipBlanks();
  Token token;
  token.line = line;
  token.begin = cursor;
  if (cursor == end)
    return token;
  char c = *cursor;
  if (isWordStart(c)) {
    do
      ++cursor;
    while (cursor != end && isWord(*cursor));
    return finish(token, Token::Identifier);
  }
  if (llvm::isDigit(c))
    return number(error);
  if (c == '.' && end - cursor > 1 && isWord(cursor[1])) {
    ++cursor;
    while (cursor != end && (isWord(*cursor) || (*cursor == ':' && end - cursor > 1 &&
                                                 (cursor[1] == ':' || cursor[-1] == ':'))))
      ++cursor;
    token = finish(token, Token::DotWord);
    token.text = token.text.drop_front();
    return token;
  }
  if (c == '"') {
    const char *begin = ++cursor;
    while (cursor != end && *cursor != '"' && *cursor != '\n')
      ++cursor;
    token.text = llvm::StringRef(begin, cursor - begin);
    token.kind = Token::String;
    if (cursor == end || *cursor != '"')
      error = "string without a closing quote";
    else
      ++cursor;
    return token;
  }
  char second = end - cursor > 1 ? cursor[1] : '\0';
  bool doubled = second == c && std::strchr("<>&|=", c);
  cursor += doubled || (second == '=' && std::strchr("<>!", c)) ? 2 : 1;
  if (!std::strchr("{}[]()<>,;:@!+-=|*/&~^?", c))
    error = llvm::isPrint(c) ? "unexpected character '" + std::string(1, c) + "'"
                             : "unexpected byte 0x" + llvm::utohexstr(uint8_t(c));
  return finish(token, Token::Punct);
}
