//===- ParserDecl.cpp - variables and registers ---------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Parser.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

using namespace cosmati::ptxvm;

/// Bounds what a hostile declaration can make the machine allocate.
static constexpr uint64_t kMaxElements = uint64_t(1) << 30;
static constexpr uint64_t kMaxRegisters = uint64_t(1) << 20;

/// What follows `.param`/`.global`/...: alignment, pointer attributes, vector, type, name,
/// dimensions.
bool Parser::variableHead(ast::Variable &variable, bool parameter) {
  variable.line = tok.line;
  uint64_t lanes = 1, align = 0;
  bool pointerAlign = false;
  while (tok.kind == Token::DotWord) {
    llvm::StringRef word = tok.text;
    advance();
    if (word == "align") {
      uint64_t value;
      if (!expectInt(value))
        return false;
      if (!llvm::isPowerOf2_64(value) || value > (1 << 20))
        return fail("alignment " + llvm::Twine(value) + " is not a power of two");
      if (!pointerAlign) // after .ptr it speaks of the pointee
        align = value;
    } else if (word == "ptr" && parameter) {
      variable.pointer = pointerAlign = true;
    } else if (variable.pointer &&
               (word == "global" || word == "shared" || word == "local" || word == "const")) {
    } else if (word == "v2" || word == "v4") {
      lanes = word == "v2" ? 2 : 4;
    } else if (word == "attribute") {
      while (tok.kind != Token::End && !isPunct(")"))
        advance();
      if (!expect(")"))
        return false;
    } else if (ScalarType type = parseScalarType(word);
               type != ScalarType::None && variable.type == ScalarType::None) {
      variable.type = type;
    } else {
      return fail("'." + word + "' is not implemented in a declaration");
    }
  }
  if (variable.type == ScalarType::None || variable.type == ScalarType::Pred)
    return fail("a variable needs a type of at least a byte");
  if (!expectName(variable.name) || !dimensions(variable))
    return false;
  variable.count *= lanes;
  variable.align = uint32_t(align ? align : bytesOf(variable.type) * lanes);
  return true;
}

bool Parser::dimensions(ast::Variable &variable) {
  while (take("[")) {
    variable.array = true;
    uint64_t size = 0;
    if (!isPunct("]") && !expectInt(size))
      return false;
    variable.count *= size;
    if (size > kMaxElements || variable.count > kMaxElements)
      return fail("an array of more than " + llvm::Twine(kMaxElements) + " elements");
    if (!expect("]"))
      return false;
  }
  return error.empty();
}

/// One element of an initialiser: a number, `symbol`, `symbol+4`, `generic(symbol)+4`.
bool Parser::initElement(std::vector<ast::Operand> &out) {
  ast::Operand element;
  if (tok.kind == Token::Identifier && tok.text == "generic") {
    advance();
    if (!expect("(") || !expectName(element.name) || !expect(")"))
      return false;
    element.negated = true; // marks a generic address
  } else if (tok.kind == Token::Identifier) {
    if (!expectName(element.name))
      return false;
  } else {
    if (!signedInt(element))
      return false;
    out.push_back(element);
    return true;
  }
  if (isPunct("(")) // 0xff(symbol) and friends
    return fail("a mask on an address initialiser is not implemented");
  if (isPunct("+") || isPunct("-")) {
    bool minus = isPunct("-");
    advance();
    uint64_t value;
    if (!expectInt(value))
      return false;
    element.offset = int64_t(minus ? 0 - value : value);
  }
  out.push_back(element);
  return true;
}

bool Parser::initializer(std::vector<ast::Operand> &out, const ast::Variable &variable) {
  if (!isPunct("{"))
    return initElement(out);
  Nested nested(*this);
  if (!nested.allowed())
    return false;
  advance();
  while (error.empty() && !isPunct("}")) {
    if (!initializer(out, variable))
      return false;
    if (!take(","))
      break;
  }
  return expect("}");
}

bool Parser::declare(ast::Variable variable, bool moduleScope) {
  uint32_t line = variable.line;
  llvm::StringRef name = variable.name;
  auto &index = moduleScope ? module.variableIndex : fn->scopes[scope].variables;
  auto &list = moduleScope ? module.variables : fn->variables;
  auto [it, inserted] = index.try_emplace(name, uint32_t(list.size()));
  if (inserted) {
    list.push_back(std::move(variable));
    return true;
  }
  if (!moduleScope || (!list[it->second].external && !variable.external))
    return fail("'" + name + "' is declared twice", line);
  if (!variable.external)
    list[it->second] = std::move(variable);
  return true;
}

bool Parser::variableDecl(Space space, bool external, bool moduleScope) {
  ast::Variable variable;
  variable.space = space;
  variable.external = external;
  if (!variableHead(variable, /*parameter=*/false))
    return false;
  if (take("=")) {
    if (!initializer(variable.init, variable))
      return false;
    if (variable.array && variable.count == 0)
      variable.count = variable.init.size();
    if (variable.init.size() > variable.count)
      return fail("'" + variable.name + "' has " + llvm::Twine(variable.init.size()) +
                  " initialisers for " + llvm::Twine(variable.count) + " elements");
  }
  if (variable.count == 0 && !(space == Space::Shared && external))
    return fail("'" + variable.name + "' has no size; only .extern .shared arrays may lack one");
  if (!declare(variable, moduleScope))
    return false;
  if (take(",")) // `.shared .b32 a, b;`
    return fail("several variables in one declaration are not implemented: write one each");
  return expect(";");
}

bool Parser::registerDecl() {
  advance();
  uint32_t line = tok.line;
  ScalarType type = tok.kind == Token::DotWord ? parseScalarType(tok.text) : ScalarType::None;
  if (type == ScalarType::None)
    return fail("register type '." + tok.text + "' is not implemented");
  advance();
  do {
    ast::RegisterDecl decl;
    decl.type = type;
    decl.id = uint32_t(fn->registerTypes.size());
    if (!expectName(decl.name))
      return false;
    uint64_t count = 1;
    if (take("<")) {
      if (!expectInt(count) || !expect(">"))
        return false;
      if (count > kMaxRegisters || count + fn->registerTypes.size() > kMaxRegisters)
        return fail("'" + fn->name + "' declares more than " + llvm::Twine(kMaxRegisters) +
                    " registers");
      decl.count = int64_t(count);
    }
    if (!fn->scopes[scope].registers.try_emplace(decl.name, decl).second)
      return fail("register '" + decl.name + "' is declared twice", line);
    fn->registerTypes.insert(fn->registerTypes.end(), count, type);
  } while (take(","));
  return expect(";");
}
