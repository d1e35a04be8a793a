//===- ParserExpr.cpp - constant expressions ------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX evaluates integer constants in 64 bits, signed unless a literal says U or doesn't fit.
// Operators and their precedence are C's; comparisons and logical operators give a signed 0 or 1.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Parser.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"

using namespace cosmati::ptxvm;

namespace {

/// 0: no binary operator.
unsigned precedenceOf(const Token &token) {
  if (token.kind == Token::Identifier && token.text == "%")
    return 10;
  if (token.kind != Token::Punct)
    return 0;
  return llvm::StringSwitch<unsigned>(token.text)
      .Case("||", 1)
      .Case("&&", 2)
      .Case("|", 3)
      .Case("^", 4)
      .Case("&", 5)
      .Cases({"==", "!="}, 6)
      .Cases({"<", ">", "<=", ">="}, 7)
      .Cases({"<<", ">>"}, 8)
      .Cases({"+", "-"}, 9)
      .Cases({"*", "/"}, 10)
      .Default(0);
}

struct Operands {
  uint64_t a, b;
  bool isUnsigned;
  template <class F> uint64_t compare(F f) const {
    return isUnsigned ? f(a, b) : f(int64_t(a), int64_t(b));
  }
};

/// `b` is not zero for / and %.
uint64_t apply(llvm::StringRef op, const Operands &x) {
  uint64_t a = x.a, b = x.b;
  bool overflow = !x.isUnsigned && int64_t(b) == -1;
  if (op == "/")
    return x.isUnsigned ? a / b : overflow ? 0 - a : uint64_t(int64_t(a) / int64_t(b));
  if (op == "%")
    return x.isUnsigned ? a % b : overflow ? 0 : uint64_t(int64_t(a) % int64_t(b));
  if (op == "<<")
    return b < 64 ? a << b : 0;
  if (op == ">>")
    return x.isUnsigned ? (b < 64 ? a >> b : 0) : uint64_t(int64_t(a) >> (b < 64 ? b : 63));
  if (op == "<")
    return x.compare([](auto p, auto q) { return p < q; });
  if (op == ">")
    return x.compare([](auto p, auto q) { return p > q; });
  if (op == "<=")
    return x.compare([](auto p, auto q) { return p <= q; });
  if (op == ">=")
    return x.compare([](auto p, auto q) { return p >= q; });
  return llvm::StringSwitch<uint64_t>(op)
      .Case("||", a || b)
      .Case("&&", a && b)
      .Case("|", a | b)
      .Case("^", a ^ b)
      .Case("&", a & b)
      .Case("==", a == b)
      .Case("!=", a != b)
      .Case("+", a + b)
      .Case("-", a - b)
      .Default(a * b);
}

} // namespace

bool Parser::unaryConstant(Constant &out) {
  Nested nested(*this);
  if (!nested.allowed())
    return false;
  for (llvm::StringRef op : {"-", "+", "~", "!"})
    if (take(op)) {
      if (!unaryConstant(out))
        return false;
      if (op == "-")
        out.value = 0 - out.value;
      else if (op == "~")
        out.value = ~out.value;
      else if (op == "!")
        out = {out.value == 0, false};
      return true;
    }
  if (take("(")) {
    if (isDot("s64") || isDot("u64")) { // a cast
      bool isUnsigned = isDot("u64");
      advance();
      if (!expect(")") || !unaryConstant(out))
        return false;
      out.isUnsigned = isUnsigned;
      return true;
    }
    return constant(out) && expect(")");
  }
  if (tok.kind != Token::Int)
    return fail("expected an operand, got '" + tok.text + "'");
  out = {tok.value, tok.text.ends_with("U") || int64_t(tok.value) < 0};
  advance();
  return error.empty();
}

bool Parser::binaryConstant(Constant &out, unsigned lowest) {
  if (!unaryConstant(out))
    return false;
  for (unsigned precedence; (precedence = precedenceOf(tok)) >= lowest;) {
    llvm::StringRef op = tok.text;
    advance();
    Constant right;
    if (!binaryConstant(right, precedence + 1))
      return false;
    if ((op == "/" || op == "%") && right.value == 0)
      return fail("division by zero in a constant expression");
    bool shift = op == "<<" || op == ">>", logical = precedence <= 2 || (precedence / 2 == 3);
    bool isUnsigned = out.isUnsigned || (!shift && right.isUnsigned);
    out.value = apply(op, {out.value, right.value, isUnsigned});
    out.isUnsigned = isUnsigned && !logical;
  }
  return error.empty();
}

bool Parser::constant(Constant &out) {
  if (!binaryConstant(out, 1))
    return false;
  if (!take("?"))
    return error.empty();
  Nested nested(*this);
  Constant yes, no;
  if (!nested.allowed() || !constant(yes) || !expect(":") || !constant(no))
    return false;
  out = out.value ? yes : no;
  return true;
}

/// An integer expression, or a floating-point literal with its sign.
bool Parser::number(ast::Operand &out) {
  Lexer saved = lexer;
  Token first = tok;
  const char *end = lastEnd;
  bool minus = take("-");
  if (!minus)
    take("+");
  if (tok.kind == Token::Float32 || tok.kind == Token::Float64) {
    bool single = tok.kind == Token::Float32;
    out.kind = single ? ast::Operand::Float32 : ast::Operand::Float64;
    out.value = tok.value ^ (minus ? (single ? 0x80000000u : uint64_t(1) << 63) : 0);
    advance();
    return error.empty();
  }
  lexer = saved;
  tok = first;
  lastEnd = end;
  Constant value;
  if (!constant(value))
    return false;
  out.kind = ast::Operand::Int;
  out.value = value.value;
  return true;
}

/// `+4`, `-8`, `+4*2-1` behind a name.
bool Parser::offset(int64_t &out) {
  while (isPunct("+") || isPunct("-")) {
    bool minus = isPunct("-");
    advance();
    Constant value;
    if (!binaryConstant(value, /*lowest: products=*/10))
      return false;
    out = int64_t(uint64_t(out) + (minus ? 0 - value.value : value.value));
  }
  return error.empty();
}
