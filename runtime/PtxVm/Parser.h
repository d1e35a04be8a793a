//===- Parser.h - PTX text to AST ----------------------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Ast.h"
#include "runtime/PtxVm/Lexer.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

namespace cosmati::ptxvm {

/// Parses `text`; errors read "name:line: reason".
llvm::Expected<std::unique_ptr<ast::Module>> parseModule(llvm::StringRef text,
                                                         llvm::StringRef name);

/// Recursive-descent parser. A member returns false once `error` is set.
class Parser {
public:
  Parser(ast::Module &module, llvm::StringRef name);
  bool parse();
  std::string error;

private:
  ast::Module &module;
  std::string fileName;
  Lexer lexer;
  Token tok;
  const char *lastEnd = nullptr; ///< end of the token before `tok`
  ast::Function *fn = nullptr;
  uint32_t scope = 0;
  ast::Location loc;
  unsigned depth = 0; ///< of operands or initialisers within one another

  /// Counts one level while it lives: text decides how deep the parser recurses.
  struct Nested {
    static constexpr unsigned kMaxDepth = 64;
    Parser &parser;
    explicit Nested(Parser &parser) : parser(parser) { ++parser.depth; }
    ~Nested() { --parser.depth; }
    bool allowed() {
      return parser.depth <= kMaxDepth ||
             parser.fail("braces nest deeper than " + llvm::Twine(kMaxDepth) + " levels");
    }
  };

  // Tokens.
  void advance();
  bool fail(const llvm::Twine &reason, uint32_t line = 0);
  bool isPunct(llvm::StringRef text) const { return tok.kind == Token::Punct && tok.text == text; }
  bool isDot(llvm::StringRef text) const { return tok.kind == Token::DotWord && tok.text == text; }
  bool take(llvm::StringRef punct);
  bool expect(llvm::StringRef punct);
  bool expectInt(uint64_t &value);
  bool expectName(llvm::StringRef &name);

  // Module level (Parser.cpp).
  bool topLevel();
  bool targetDirective();
  bool skipSection();
  bool fileDirective();
  bool locDirective();
  bool alias();
  bool function(bool entry);
  bool parameterList(std::vector<uint32_t> &indices);
  bool functionDirectives();
  bool shape(std::optional<std::array<uint32_t, 3>> &out);

  // Declarations (ParserDecl.cpp).
  bool variableDecl(Space space, bool external, bool moduleScope);
  bool variableHead(ast::Variable &variable, bool parameter);
  bool dimensions(ast::Variable &variable);
  bool initializer(std::vector<ast::Operand> &out, const ast::Variable &variable);
  bool initElement(std::vector<ast::Operand> &out);
  bool declare(ast::Variable variable, bool moduleScope);
  bool registerDecl();

  // Bodies (ParserBody.cpp).
  bool body();
  bool statement();
  bool bodyDirective();
  bool instruction(llvm::StringRef guard, bool negated, const char *begin, uint32_t line);
  bool labelOrInstruction();
  bool branchTargets(ast::Statement &statement);
  bool operand(ast::Operand &out);
  bool simpleOperand(ast::Operand &out);
  bool address(ast::Operand &out);
  bool operandList(std::vector<ast::Operand> &out, llvm::StringRef close);
  bool signedInt(ast::Operand &out);
};

} // namespace cosmati::ptxvm
