//===- Parser.cpp - module level ------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Parser.h"
#include "runtime/PtxVm/Link.h"
#include "llvm/ADT/Twine.h"

using namespace cosmati::ptxvm;

Parser::Parser(ast::Module &module, llvm::StringRef name)
    : module(module), fileName(name), lexer(module.text) {
  advance();
}

void Parser::advance() {
  lastEnd = tok.text.end();
  std::string lexError;
  tok = lexer.next(lexError);
  if (!lexError.empty())
    fail(lexError);
}

bool Parser::fail(const llvm::Twine &reason, uint32_t line) {
  if (error.empty())
    error = (fileName + ":" + llvm::Twine(line ? line : tok.line) + ": " + reason).str();
  tok = Token(); // Every loop ends at End.
  return false;
}

bool Parser::take(llvm::StringRef punct) {
  if (!isPunct(punct))
    return false;
  advance();
  return true;
}

bool Parser::expect(llvm::StringRef punct) {
  if (take(punct))
    return error.empty();
  return fail("expected '" + punct + "' before '" + tok.text + "'");
}

bool Parser::expectInt(uint64_t &value) {
  if (tok.kind != Token::Int)
    return fail("expected an integer, got '" + tok.text + "'");
  value = tok.value;
  advance();
  return error.empty();
}

bool Parser::expectName(llvm::StringRef &name) {
  if (tok.kind != Token::Identifier)
    return fail("expected a name, got '" + tok.text + "'");
  name = tok.text;
  advance();
  return error.empty();
}

bool Parser::parse() {
  while (error.empty() && tok.kind != Token::End)
    if (!topLevel())
      return false;
  if (error.empty() && module.target.empty())
    return fail("no .target directive: this is not PTX");
  return error.empty();
}

bool Parser::targetDirective() {
  advance();
  llvm::StringRef target;
  if (!expectName(target))
    return false;
  module.target = target.str();
  while (take(",")) // ", debug", ", texmode_independent"
    if (!expectName(target))
      return false;
  return true;
}

bool Parser::skipSection() {
  advance();
  while (tok.kind == Token::DotWord || tok.kind == Token::Identifier)
    advance();
  if (!expect("{"))
    return false;
  while (tok.kind != Token::End && !isPunct("}"))
    advance();
  return expect("}");
}

bool Parser::fileDirective() {
  advance();
  uint64_t ignored;
  if (!expectInt(ignored))
    return false;
  if (tok.kind != Token::String)
    return fail("expected the file's name after .file");
  advance();
  while (take(",")) // timestamp, size
    if (!expectInt(ignored))
      return false;
  return true;
}

/// `.loc F L C`, and what nvcc adds: `, function_name label+off, inlined_at F L C`.
bool Parser::locDirective() {
  advance();
  uint64_t f = 0, l = 0, c = 0;
  if (!expectInt(f) || !expectInt(l) || !expectInt(c))
    return false;
  loc = {uint32_t(f), uint32_t(l), uint32_t(c)};
  while (take(",")) {
    llvm::StringRef word, label;
    if (!expectName(word))
      return false;
    if (word == "function_name") {
      if (!expectName(label) || (take("+") && !expectInt(f)))
        return false;
    } else if (word != "inlined_at" || !expectInt(f) || !expectInt(l) || !expectInt(c)) {
      return fail("'" + word + "' is not implemented in .loc");
    }
  }
  return true;
}

/// `.alias name, target;` gives a defined function another name, which was declared before.
bool Parser::alias() {
  ast::Alias alias;
  alias.line = tok.line;
  advance();
  if (!expectName(alias.name) || !expect(",") || !expectName(alias.target) || !expect(";"))
    return false;
  for (llvm::StringRef name : {alias.name, alias.target}) {
    auto it = module.functionIndex.find(name);
    if (it == module.functionIndex.end())
      return fail(".alias: function '" + name + "' is not declared", alias.line);
    bool wanted = name == alias.target;
    const ast::Function &function = module.functions[it->second];
    if (function.defined != wanted || function.entry)
      return fail(".alias: '" + name + "' must be a function " +
                      (wanted ? "with a body" : "without a body"),
                  alias.line);
  }
  const ast::Function &function = module.functions[module.functionIndex[alias.name]],
                      &target = module.functions[module.functionIndex[alias.target]];
  if (!sameSignature(function, target))
    return fail(".alias: " + signatureOf(function) + " cannot stand for " + signatureOf(target),
                alias.line);
  module.aliases.push_back(alias);
  return true;
}

/// `( ... )`, parentheses inside included.
bool Parser::skipParentheses() {
  unsigned open = 0;
  do {
    if (tok.kind == Token::End || (open == 0 && !isPunct("(")))
      return fail("expected '(' ... ')'");
    open += isPunct("(");
    open -= isPunct(")");
    advance();
  } while (open);
  return error.empty();
}

bool Parser::topLevel() {
  if (take(";"))
    return true;
  if (tok.kind != Token::DotWord)
    return fail("expected a directive, got '" + tok.text + "'");
  llvm::StringRef word = tok.text;
  uint64_t value;
  if (word == "version") {
    advance();
    if (tok.kind != Token::Float64)
      return fail("expected a version such as 8.0");
    std::pair<llvm::StringRef, llvm::StringRef> parts = tok.text.split('.');
    if (parts.first.getAsInteger(10, module.versionMajor) ||
        parts.second.getAsInteger(10, module.versionMinor))
      return fail("malformed version '" + tok.text + "'");
    advance();
    return error.empty();
  }
  if (word == "target")
    return targetDirective();
  if (word == "address_size") {
    advance();
    if (!expectInt(value))
      return false;
    return value == 64 || fail("only .address_size 64 is implemented");
  }
  if (word == "file")
    return fileDirective();
  if (word == "loc")
    return locDirective();
  if (word == "section")
    return skipSection();
  if (word == "alias")
    return alias();
  if (word == "pragma") {
    while (tok.kind != Token::End && !isPunct(";"))
      advance();
    return expect(";");
  }
  Linkage linkage = isDot("visible")  ? Linkage::Visible
                    : isDot("extern") ? Linkage::Extern
                    : isDot("weak")   ? Linkage::Weak
                    : isDot("common") ? Linkage::Common
                                      : Linkage::Static;
  if (linkage != Linkage::Static)
    advance();
  if (isDot("entry") || isDot("func")) {
    bool entry = tok.text == "entry";
    advance();
    return function(entry, linkage);
  }
  for (Space space : {Space::Global, Space::Const, Space::Shared})
    if (isDot(spaceName(space))) {
      advance();
      if (linkage == Linkage::Common && space != Space::Global)
        return fail("only .global variables can be .common");
      return variableDecl(space, linkage, /*moduleScope=*/true);
    }
  return fail("directive '." + tok.text + "' is not implemented at module scope");
}

bool Parser::shape(std::optional<std::array<uint32_t, 3>> &out) {
  std::array<uint32_t, 3> dims{1, 1, 1};
  for (size_t i = 0; i < 3; ++i) {
    uint64_t value;
    if (!expectInt(value))
      return false;
    dims[i] = uint32_t(value);
    if (!take(","))
      break;
  }
  out = dims;
  return true;
}

bool Parser::functionDirectives() {
  while (tok.kind == Token::DotWord) {
    llvm::StringRef word = tok.text;
    advance();
    uint64_t value;
    if (word == "reqntid") {
      if (!shape(fn->reqntid))
        return false;
    } else if (word == "maxntid") {
      if (!shape(fn->maxntid))
        return false;
    } else if (word == "reqnctapercluster") {
      if (!shape(fn->reqnctapercluster))
        return false;
      for (uint32_t extent : *fn->reqnctapercluster)
        if (extent < 1 || extent > 16)
          return fail(".reqnctapercluster " + llvm::Twine(extent) + "; 1 to 16 are possible");
    } else if (word == "maxclusterrank") {
      if (!expectInt(value))
        return false;
      if (value < 1 || value > UINT32_MAX)
        return fail(".maxclusterrank " + llvm::Twine(value) + "; it is at least 1");
      fn->maxClusterRank = uint32_t(value);
    } else if (word == "minnctapersm" || word == "maxnctapersm" || word == "maxnreg" ||
               word == "abi_preserve" || word == "abi_preserve_control") {
      if (!expectInt(value))
        return false;
    } else if (word == "pragma") {
      while (tok.kind == Token::String || isPunct(","))
        advance();
      if (!expect(";"))
        return false;
    } else if (word == "attribute") {
      if (!skipParentheses())
        return false;
    } else if (word == "explicitcluster") {
      fn->explicitCluster = true;
    } else if (word == "blocksareclusters") {
      fn->blocksAreClusters = true;
    } else if (word != "noreturn") {
      return fail("directive '." + word + "' of a function is not implemented");
    }
  }
  if (fn->blocksAreClusters && !(fn->reqntid && fn->reqnctapercluster))
    return fail(".blocksareclusters needs .reqntid and .reqnctapercluster");
  return error.empty();
}

bool Parser::parameterList(std::vector<uint32_t> &indices) {
  if (!take("("))
    return true;
  while (error.empty() && !isPunct(")")) {
    if (!isDot("param"))
      return fail("only .param parameters are implemented, got '" + tok.text + "'");
    advance();
    ast::Variable variable;
    variable.space = Space::Param;
    uint64_t lanes;
    if (!variableType(variable, lanes, /*parameter=*/true) || !variableName(variable, lanes))
      return false;
    indices.push_back(uint32_t(fn->variables.size()));
    if (!declare(std::move(variable), /*moduleScope=*/false))
      return false;
    if (!take(","))
      break;
  }
  return expect(")");
}

bool Parser::function(bool entry, Linkage linkage) {
  ast::Function parsed;
  parsed.linkage = linkage;
  fn = &parsed;
  scope = 0;
  loc = {};
  parsed.scopes.emplace_back();
  parsed.entry = entry;
  parsed.line = tok.line;
  if (isDot("attribute")) {
    advance();
    if (!skipParentheses())
      return false;
  }
  if (!entry && !parameterList(parsed.results))
    return false;
  if (!expectName(parsed.name) || !parameterList(parsed.params) || !functionDirectives())
    return false;
  if (isPunct("{")) {
    parsed.defined = true;
    if (!body())
      return false;
  } else if (!expect(";")) {
    return false;
  }
  fn = nullptr;
  return declareFunction(std::move(parsed));
}

/// A definition takes the place of declarations before it.
bool Parser::declareFunction(ast::Function parsed) {
  auto [it, inserted] = module.functionIndex.try_emplace(parsed.name, module.functions.size());
  if (inserted) {
    module.functions.push_back(std::move(parsed));
    return true;
  }
  ast::Function &earlier = module.functions[it->second];
  if (parsed.defined && earlier.defined)
    return fail("function '" + parsed.name + "' is defined twice", parsed.line);
  if (!sameSignature(parsed, earlier))
    return fail("'" + parsed.name + "' is " + signatureOf(parsed) + ", in line " +
                    llvm::Twine(earlier.line) + " it is " + signatureOf(earlier),
                parsed.line);
  if (parsed.linkage == Linkage::Static)
    parsed.linkage = earlier.linkage == Linkage::Extern ? Linkage::Visible : earlier.linkage;
  if (parsed.defined)
    earlier = std::move(parsed);
  return true;
}

llvm::Expected<std::unique_ptr<ast::Module>> cosmati::ptxvm::parseModule(llvm::StringRef text,
                                                                         llvm::StringRef name) {
  auto module = std::make_unique<ast::Module>();
  module->text = text.str();
  module->name = name.str();
  Parser parser(*module, name);
  if (!parser.parse() || !parser.error.empty())
    return llvm::createStringError(parser.error);
  return module;
}
