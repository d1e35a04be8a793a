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

/// What follows `.param`/`.global`/...: alignment, pointer attributes, vector, type.
bool Parser::variableType(ast::Variable &variable, uint64_t &lanes, bool parameter) {
  uint64_t align = 0;
  bool pointerAlign = false;
  lanes = 1;
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
      if (!skipParentheses())
        return false;
    } else if (word == "texref" || word == "samplerref" || word == "surfref") {
      return fail("not implemented: textures and surfaces (." + word + ")");
    } else if (ScalarType type = parseScalarType(word);
               type != ScalarType::None && variable.type == ScalarType::None) {
      variable.type = type;
    } else {
      return fail("'." + word + "' is not implemented in a declaration");
    }
  }
  if (variable.type == ScalarType::None || variable.type == ScalarType::Pred)
    return fail("a variable needs a type of at least a byte");
  variable.align = uint32_t(align ? align : bytesOf(variable.type) * lanes);
  return true;
}

/// The name and the dimensions.
bool Parser::variableName(ast::Variable &variable, uint64_t lanes) {
  variable.line = tok.line;
  if (!expectName(variable.name))
    return false;
  while (take("[")) {
    variable.array = true;
    Constant size;
    if (!isPunct("]") && !constant(size))
      return false;
    variable.dims.push_back(size.value);
    variable.count *= size.value;
    if (size.value > kMaxElements || variable.count > kMaxElements)
      return fail("an array of more than " + llvm::Twine(kMaxElements) + " elements");
    if (!expect("]"))
      return false;
  }
  variable.count *= lanes;
  if (lanes > 1)
    variable.dims.push_back(lanes);
  return error.empty();
}

/// One element of an initialiser: a number, `symbol`, `symbol+4`, `generic(symbol)+4`,
/// `0xff00(symbol)`.
bool Parser::initElement(ast::Variable &variable, uint64_t place) {
  ast::Operand element;
  bool parenthesis = false;
  if (tok.kind == Token::Identifier && tok.text == "generic") {
    advance();
    element.negated = true; // marks a generic address
    parenthesis = true;
  } else if (tok.kind != Token::Identifier) {
    if (!number(element))
      return false;
    parenthesis = element.kind == ast::Operand::Int && isPunct("(");
    if (parenthesis && element.value == 0)
      return fail("the mask of an address is 0; it must have a bit");
  }
  if (parenthesis || element.kind == ast::Operand::Name) {
    element.kind = ast::Operand::Name;
    if ((parenthesis && !expect("(")) || !expectName(element.name) || !offset(element.offset) ||
        (parenthesis && !expect(")")) || !offset(element.offset))
      return false;
  }
  variable.init.emplace_back(place, std::move(element));
  return true;
}

/// `{...}` from element `first` on; inner braces begin at whole rows, what they leave out is zero.
bool Parser::initList(ast::Variable &variable, uint64_t first, size_t level) {
  Nested nested(*this);
  if (!nested.allowed() || !expect("{"))
    return false;
  uint64_t row = 1, next = first;
  for (size_t d = level + 1; d < variable.dims.size(); ++d)
    row *= variable.dims[d];
  while (error.empty() && !isPunct("}")) {
    bool inner = isPunct("{");
    if (inner ? !initList(variable, next, level + 1) : !initElement(variable, next))
      return false;
    next += inner ? row : 1;
    if (!take(","))
      break;
  }
  uint64_t room = level >= variable.dims.size() ? 1
                  : variable.dims[level]        ? variable.dims[level] * row
                                                : kMaxElements;
  if (next - first > room)
    return fail("'" + variable.name + "' has " + llvm::Twine(next - first) + " initialisers for " +
                llvm::Twine(room) + " elements");
  if (level == 0 && variable.array && variable.count == 0) // the first dimension was left open
    variable.count = (next + row - 1) / row * row;
  return expect("}");
}

bool Parser::initializer(ast::Variable &variable) {
  return isPunct("{") ? initList(variable, 0, 0) : initElement(variable, 0);
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
  ast::Variable &earlier = list[it->second];
  if (!moduleScope || (!earlier.isExternal() && !variable.isExternal()))
    return fail("'" + name + "' is declared twice", line);
  if (!variable.isExternal())
    earlier = std::move(variable);
  return true;
}

bool Parser::variableDecl(Space space, Linkage linkage, bool moduleScope) {
  ast::Variable head;
  uint64_t lanes;
  head.space = space;
  head.linkage = linkage;
  if (!variableType(head, lanes, /*parameter=*/false))
    return false;
  do {
    ast::Variable variable = head;
    if (!variableName(variable, lanes) || (take("=") && !initializer(variable)))
      return false;
    if (variable.count == 0 && linkage != Linkage::Extern)
      return fail("'" + variable.name + "' has no size; only .extern arrays may lack one");
    if (!declare(std::move(variable), moduleScope))
      return false;
  } while (take(","));
  return expect(";");
}

bool Parser::registerDecl() {
  advance();
  uint32_t line = tok.line;
  unsigned lanes = isDot("v2") ? 2 : isDot("v4") ? 4 : 1;
  if (lanes > 1)
    advance();
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
    if (lanes > 1) {
      if (!declareVector(decl, lanes, line))
        return false;
      continue;
    }
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

/// A vector register is as many registers a.x, a.y, ...
bool Parser::declareVector(ast::RegisterDecl decl, unsigned lanes, uint32_t line) {
  llvm::StringRef name = decl.name;
  if (fn->registerTypes.size() + lanes > kMaxRegisters)
    return fail("'" + fn->name + "' declares more than " + llvm::Twine(kMaxRegisters) +
                " registers");
  if (!fn->scopes[scope].vectors.try_emplace(name, lanes).second)
    return fail("register '" + name + "' is declared twice", line);
  for (unsigned k = 0; k < lanes; ++k) {
    decl.name = module.intern(name + "." + llvm::Twine("xyzw"[k]));
    decl.id = uint32_t(fn->registerTypes.size());
    fn->scopes[scope].registers.try_emplace(decl.name, decl);
    fn->registerTypes.push_back(decl.type);
  }
  return true;
}
