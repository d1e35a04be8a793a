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
  bool inCall = false;       ///< parentheses hold arguments, not expressions
  bool wantsAddress = false; ///< the instruction takes a variable's address, not its memory
  unsigned depth = 0;        ///< of operands or initialisers within one another

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
  bool skipParentheses();
  bool function(bool entry, Linkage linkage);
  bool declareFunction(ast::Function parsed);
  bool parameterList(std::vector<uint32_t> &indices);
  bool functionDirectives();
  bool shape(std::optional<std::array<uint32_t, 3>> &out);

  // Constants (ParserExpr.cpp).
  struct Constant {
    uint64_t value = 0;
    bool isUnsigned = false;
  };
  bool constant(Constant &out);
  bool binaryConstant(Constant &out, unsigned lowest);
  bool unaryConstant(Constant &out);
  bool number(ast::Operand &out);
  bool offset(int64_t &out);

  // Declarations (ParserDecl.cpp).
  bool variableDecl(Space space, Linkage linkage, bool moduleScope);
  bool variableType(ast::Variable &variable, uint64_t &lanes, bool parameter);
  bool variableName(ast::Variable &variable, uint64_t lanes);
  bool initializer(ast::Variable &variable);
  bool initList(ast::Variable &variable, uint64_t first, size_t level);
  bool initElement(ast::Variable &variable, uint64_t place);
  bool declare(ast::Variable variable, bool moduleScope);
  bool registerDecl();
  bool declareVector(ast::RegisterDecl decl, unsigned lanes, uint32_t line);

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
  bool element(ast::Operand &out);
  const ast::Variable *variableCalled(llvm::StringRef name) const;
  unsigned vectorLanes(llvm::StringRef name) const;
  void vectorRegister(ast::Operand &out, unsigned lanes);
};

} // namespace cosmati::ptxvm
