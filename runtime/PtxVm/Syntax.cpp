//===- Syntax.cpp - Parsing the syntax column -----------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Syntax.h"
#include "llvm/ADT/Twine.h"

using namespace cosmati::ptxvm;

namespace {

/// ".x", "x" or ".(a|b.c)" without the brackets of an optional group.
bool parseGroup(llvm::StringRef text, bool optional, ModifierGroup &group) {
  group.optional = optional;
  if (!text.consume_front("."))
    return false;
  if (text.consume_front("(") && !text.consume_back(")"))
    return false;
  llvm::SmallVector<llvm::StringRef> alternatives;
  text.split(alternatives, '|');
  for (llvm::StringRef alternative : alternatives) {
    group.alternatives.emplace_back();
    llvm::SmallVector<llvm::StringRef> words;
    alternative.split(words, '.');
    for (llvm::StringRef word : words)
      if (word.empty() || word.find_first_of("()[]") != llvm::StringRef::npos)
        return false;
    group.alternatives.back().assign(words.begin(), words.end());
  }
  return true;
}

} // namespace

Syntax cosmati::ptxvm::parseSyntax(llvm::StringRef text, std::string &error) {
  Syntax syntax;
  llvm::StringRef rest = text;
  syntax.opcode = rest.take_until([](char c) { return c == '.' || c == '['; });
  rest = rest.drop_front(syntax.opcode.size());
  while (!rest.empty()) {
    bool optional = rest.consume_front("[");
    size_t end = optional                 ? rest.find(']')
                 : rest.starts_with(".(") ? rest.find(')') + 1
                                          : rest.find_first_of(".[", 1);
    ModifierGroup group;
    if ((optional && end == llvm::StringRef::npos) ||
        !parseGroup(rest.take_front(end), optional, group)) {
      error = ("malformed at '" + rest + "'").str();
      return syntax;
    }
    syntax.groups.push_back(std::move(group));
    rest = rest.substr(std::min(end == llvm::StringRef::npos ? end : end + optional, rest.size()));
  }
  if (syntax.opcode.empty())
    error = "no opcode";
  return syntax;
}
