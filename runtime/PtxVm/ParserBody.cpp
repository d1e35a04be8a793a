//===- ParserBody.cpp - statements and operands ---------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Parser.h"
#include "llvm/ADT/Twine.h"

using namespace cosmati::ptxvm;

bool Parser::body() {
  if (!expect("{"))
    return false;
  llvm::SmallVector<uint32_t, 8> outer;
  while (error.empty()) {
    if (take("{")) {
      outer.push_back(scope);
      fn->scopes.emplace_back();
      fn->scopes.back().parent = scope;
      scope = uint32_t(fn->scopes.size() - 1);
    } else if (take("}")) {
      if (outer.empty())
        return true;
      scope = outer.pop_back_val();
    } else if (tok.kind == Token::End) {
      return fail("the body of '" + fn->name + "' is not closed");
    } else if (!statement()) {
      return false;
    }
  }
  return false;
}

bool Parser::statement() {
  if (take(";"))
    return true;
  if (tok.kind == Token::DotWord)
    return bodyDirective();
  if (tok.kind == Token::Identifier)
    return labelOrInstruction();
  if (!isPunct("@"))
    return fail("expected a statement, got '" + tok.text + "'");
  const char *begin = tok.begin;
  uint32_t line = tok.line;
  advance();
  bool negated = take("!");
  llvm::StringRef guard;
  if (!expectName(guard))
    return false;
  return instruction(guard, negated, begin, line);
}

bool Parser::bodyDirective() {
  llvm::StringRef word = tok.text;
  if (word == "reg")
    return registerDecl();
  if (word == "loc")
    return locDirective();
  if (word == "file")
    return fileDirective();
  if (word == "section")
    return skipSection();
  if (word == "pragma") {
    while (tok.kind != Token::End && !isPunct(";"))
      advance();
    return expect(";");
  }
  for (Space space : {Space::Local, Space::Shared, Space::Param, Space::Global, Space::Const})
    if (word == spaceName(space)) {
      advance();
      return variableDecl(space, Linkage::Static, /*moduleScope=*/false);
    }
  return fail("directive '." + word + "' is not implemented in a body");
}

bool Parser::labelOrInstruction() {
  llvm::StringRef name = tok.text;
  const char *begin = tok.begin;
  uint32_t line = tok.line;
  Lexer saved = lexer;
  Token savedTok = tok;
  advance();
  if (!take(":")) {
    lexer = saved;
    tok = savedTok;
    return instruction({}, false, begin, line);
  }
  ast::Statement label;
  label.kind = ast::Statement::Label;
  label.name = name;
  label.scope = scope;
  label.line = line;
  label.loc = loc;
  if (isDot("branchtargets") || isDot("calltargets")) {
    label.kind = ast::Statement::BranchTargets;
    advance();
    if (!branchTargets(label))
      return false;
  } else if (isDot("callprototype")) {
    // The prototype tells only types; arguments are matched against the function that is called.
    label.kind = ast::Statement::Prototype;
    while (tok.kind != Token::End && !isPunct(";"))
      advance();
    if (!expect(";"))
      return false;
  }
  if (!fn->scopes[scope].labels.try_emplace(name, uint32_t(fn->body.size())).second)
    return fail("label '" + name + "' is defined twice", line);
  label.text = llvm::StringRef(begin, lastEnd - begin);
  fn->body.push_back(std::move(label));
  return error.empty();
}

bool Parser::branchTargets(ast::Statement &statement) {
  do {
    ast::Operand target;
    if (!expectName(target.name))
      return false;
    statement.operands.push_back(target);
  } while (take(","));
  return expect(";");
}

bool Parser::instruction(llvm::StringRef guard, bool negated, const char *begin, uint32_t line) {
  ast::Statement inst;
  inst.guard = guard;
  inst.guardNegated = negated;
  inst.scope = scope;
  inst.line = line;
  inst.loc = loc;
  if (!expectName(inst.name))
    return false;
  while (tok.kind == Token::DotWord) {
    inst.mods.push_back(tok.text);
    advance();
  }
  inCall = inst.name == "call";
  wantsAddress = inst.name == "mov" || inst.name == "cvta";
  while (error.empty() && !isPunct(";")) {
    if (tok.kind == Token::End || isPunct("}"))
      return fail("expected ';' after '" + inst.name + "'", line);
    inst.operands.emplace_back();
    if (!operand(inst.operands.back()))
      return false;
    if (!take(","))
      break;
  }
  inst.text = llvm::StringRef(begin, lastEnd - begin);
  if (!expect(";"))
    return false;
  fn->body.push_back(std::move(inst));
  return true;
}

bool Parser::operandList(std::vector<ast::Operand> &out, llvm::StringRef close) {
  while (error.empty() && !isPunct(close)) {
    out.emplace_back();
    if (!operand(out.back()))
      return false;
    if (!take(","))
      break;
  }
  return expect(close);
}

/// [base], [base+offset], [base, {coordinates}].
bool Parser::address(ast::Operand &out) {
  out.kind = ast::Operand::Address;
  out.items.emplace_back();
  if (!simpleOperand(out.items.back()))
    return false;
  if (!offset(out.offset))
    return false;
  while (take(",")) {
    out.items.emplace_back();
    if (!operand(out.items.back()))
      return false;
  }
  if (!expect("]"))
    return false;
  if (isDot("unified")) // says that all lanes read one place
    advance();
  return error.empty();
}

bool Parser::simpleOperand(ast::Operand &out) {
  if (isPunct("!")) {
    Lexer saved = lexer;
    Token mark = tok;
    advance();
    out.negated = tok.kind == Token::Identifier;
    if (!out.negated) { // an expression
      lexer = saved;
      tok = mark;
    }
  }
  if (tok.kind != Token::Identifier)
    return number(out);
  const char *begin = tok.begin;
  out.name = tok.text;
  out.kind = out.name == "_" ? ast::Operand::Sink : ast::Operand::Name;
  advance();
  if (tok.kind == Token::DotWord && vectorLanes(out.name)) { // v.x, or v.r as of a color
    size_t lane = llvm::StringRef("xyzwrgba").find(tok.text);
    if (tok.text.size() != 1 || lane == llvm::StringRef::npos || lane % 4 >= vectorLanes(out.name))
      return fail("'" + out.name + "' has no element '." + tok.text + "'");
    out.name = module.intern(out.name + "." + llvm::Twine("xyzw"[lane % 4]));
    advance();
  } else if (out.name.starts_with("%") && tok.kind == Token::DotWord) { // %tid.x
    out.name = llvm::StringRef(begin, tok.text.end() - begin);
    advance();
  }
  return error.empty();
}

bool Parser::operand(ast::Operand &out) {
  Nested nested(*this);
  if (!nested.allowed())
    return false;
  if (take("{")) {
    out.kind = ast::Operand::Vector;
    return operandList(out.items, "}");
  }
  if (inCall && take("(")) {
    out.kind = ast::Operand::Paren;
    return operandList(out.items, ")");
  }
  if (take("["))
    return address(out);
  if (!simpleOperand(out))
    return false;
  if (isPunct("|")) {
    ast::Operand first = std::move(out);
    out = ast::Operand();
    out.kind = ast::Operand::Pair;
    out.items.push_back(std::move(first));
    advance();
    out.items.emplace_back();
    return simpleOperand(out.items.back());
  }
  if (out.kind != ast::Operand::Name)
    return error.empty();
  if (unsigned lanes = vectorLanes(out.name)) {
    vectorRegister(out, lanes);
    return true;
  }
  return isPunct("[") ? element(out) : offset(out.offset); // mov.u64 %rd, symbol+8
}

/// `table[3]`: the element's memory, or for mov its address.
bool Parser::element(ast::Operand &out) {
  const ast::Variable *variable = variableCalled(out.name);
  if (!variable)
    return fail("'" + out.name + "' is no variable");
  advance();
  Constant index;
  if (!constant(index) || !expect("]"))
    return false;
  ast::Operand place = std::move(out);
  place.offset = int64_t(index.value * bytesOf(variable->type));
  out = ast::Operand();
  if (wantsAddress) {
    out = std::move(place);
    return true;
  }
  out.kind = ast::Operand::Address;
  std::swap(out.offset, place.offset);
  out.items.push_back(std::move(place));
  return true;
}

const ast::Variable *Parser::variableCalled(llvm::StringRef name) const {
  for (uint32_t s = scope; s != ~0u; s = fn->scopes[s].parent)
    if (auto it = fn->scopes[s].variables.find(name); it != fn->scopes[s].variables.end())
      return &fn->variables[it->second];
  auto it = module.variableIndex.find(name);
  return it == module.variableIndex.end() ? nullptr : &module.variables[it->second];
}

/// Elements of the vector register `name` (.reg .v4 .f32 a); 0 if it is none.
unsigned Parser::vectorLanes(llvm::StringRef name) const {
  for (uint32_t s = scope; s != ~0u; s = fn->scopes[s].parent)
    if (auto it = fn->scopes[s].vectors.find(name); it != fn->scopes[s].vectors.end())
      return it->second;
  return 0;
}

/// A whole vector register: {a.x, a.y, ...}.
void Parser::vectorRegister(ast::Operand &out, unsigned lanes) {
  llvm::StringRef name = out.name;
  out = ast::Operand();
  out.kind = ast::Operand::Vector;
  for (unsigned k = 0; k < lanes; ++k) {
    out.items.emplace_back();
    out.items.back().name = module.intern(name + "." + llvm::Twine("xyzw"[k]));
  }
}
