//===- InstTable.cpp ------------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/InstTable.h"
#include "llvm/ADT/StringMap.h"
#include <cassert>

using namespace cosmati::ptxvm;

namespace {

struct Row {
  InstId id;
  Family family;
  InstClass cls;
  const char *syntax;
  const char *operands;
};
constexpr Row rows[] = {
#define PTX_INST(id, family, cls, syntax, operands)                                                \
  {InstId::id, Family::family, InstClass::cls, syntax, operands},
#include "runtime/PtxVm/Instructions.def"
};

InstForm::Group parseGroup(llvm::StringRef text, bool optional) {
  InstForm::Group group;
  group.optional = optional;
  text.consume_front(".");
  if (text.consume_front("("))
    text.consume_back(")");
  llvm::SmallVector<llvm::StringRef> alternatives;
  text.split(alternatives, '|');
  for (llvm::StringRef alternative : alternatives) {
    group.alternatives.emplace_back();
    llvm::SmallVector<llvm::StringRef> words;
    alternative.split(words, '.');
    group.alternatives.back().assign(words.begin(), words.end());
  }
  return group;
}

/// "fma.(rn|rz)[.ftz].f32" to opcode and groups. A parenthesis may not nest.
void parseSyntax(InstForm &form) {
  llvm::StringRef rest = form.syntax;
  form.opcode = rest.take_until([](char c) { return c == '.' || c == '['; });
  rest = rest.drop_front(form.opcode.size());
  while (!rest.empty()) {
    if (rest.consume_front("[")) {
      auto [inside, after] = rest.split(']');
      form.groups.push_back(parseGroup(inside, true));
      rest = after;
    } else {
      assert(rest.front() == '.' && "modifiers begin with a dot");
      size_t end = rest.starts_with(".(") ? rest.find(')') + 1 : rest.find_first_of(".[", 1);
      form.groups.push_back(parseGroup(rest.take_front(end), false));
      rest = rest.substr(std::min(end, rest.size()));
    }
  }
}

OperandRule parseRule(llvm::StringRef text) {
  OperandRule rule;
  rule.destination = text.consume_front("=");
  rule.optional = text.consume_back("?");
  if (text.consume_back("|p"))
    rule.kind = OperandRule::WithPredicate;
  if (text == "p|q") {
    rule.kind = OperandRule::PredicatePair;
  } else if (text == "pred") {
    rule.kind = OperandRule::Predicate;
  } else if (text == "!pred") {
    rule.kind = OperandRule::NegatablePredicate;
  } else if (text == "imm") {
    rule.kind = OperandRule::Immediate;
  } else if (text == "cc") {
    rule.kind = OperandRule::Carry;
  } else if (text == "t" || text == "t1" || text == "t2") {
    rule.typeIndex = text.size() == 1 ? 0 : int8_t(text[1] - '0');
  } else if (text == "x" || text == "x1") {
    rule.kind = OperandRule::Relaxed;
    rule.typeIndex = text == "x" ? 0 : 1;
  } else if (text == "w") {
    rule.kind = OperandRule::Wide;
    rule.typeIndex = 0;
  } else {
    rule.fixed = parseScalarType(text);
    assert(rule.fixed != ScalarType::None && "unknown operand rule");
  }
  return rule;
}

std::vector<InstForm> buildForms() {
  std::vector<InstForm> forms;
  for (const Row &row : rows) {
    InstForm form;
    form.id = row.id;
    form.family = row.family;
    form.cls = row.cls;
    form.syntax = row.syntax;
    form.operandText = row.operands;
    parseSyntax(form);
    form.customOperands = form.operandText == "*";
    llvm::SmallVector<llvm::StringRef> words;
    if (!form.customOperands)
      form.operandText.split(words, ' ', -1, /*KeepEmpty=*/false);
    for (llvm::StringRef word : words)
      form.operands.push_back(parseRule(word));
    forms.push_back(std::move(form));
  }
  return forms;
}

const llvm::StringMap<Mod> &modifierIds() {
  static const llvm::StringMap<Mod> ids = [] {
    llvm::StringMap<Mod> map;
#define PTX_MOD(id, text) map[text] = Mod::id;
#include "runtime/PtxVm/Modifiers.def"
    return map;
  }();
  return ids;
}

const llvm::StringMap<llvm::SmallVector<const InstForm *, 4>> &formsByOpcode() {
  static const auto map = [] {
    llvm::StringMap<llvm::SmallVector<const InstForm *, 4>> result;
    for (const InstForm &form : instructionForms())
      result[form.opcode].push_back(&form);
    return result;
  }();
  return map;
}

bool sequenceAt(llvm::ArrayRef<llvm::StringRef> sequence, llvm::ArrayRef<llvm::StringRef> mods,
                size_t at) {
  if (at + sequence.size() > mods.size())
    return false;
  for (size_t k = 0; k < sequence.size(); ++k)
    if (mods[at + k] != sequence[k])
      return false;
  return true;
}

/// Consumes `mods` group by group; alternatives of neighbouring groups never overlap in the table,
/// or the earlier group may take them. `reached`: how many modifiers were understood.
bool matchForm(const InstForm &form, llvm::ArrayRef<llvm::StringRef> mods, InstMatch &match,
               size_t &reached) {
  size_t at = 0;
  unsigned numTypes = 0;
  match = InstMatch();
  match.form = &form;
  for (const InstForm::Group &group : form.groups) {
    const llvm::SmallVector<llvm::StringRef, 1> *chosen = nullptr;
    for (const auto &alternative : group.alternatives)
      if (sequenceAt(alternative, mods, at))
        chosen = &alternative;
    reached = at;
    if (!chosen) {
      if (group.optional)
        continue;
      return false;
    }
    for (llvm::StringRef word : *chosen) {
      if (ScalarType type = parseScalarType(word); type != ScalarType::None && numTypes < 3)
        match.types[numTypes++] = type;
      if (auto it = modifierIds().find(word); it != modifierIds().end())
        match.mods[unsigned(it->second) / 64] |= uint64_t(1) << (unsigned(it->second) % 64);
    }
    at += chosen->size();
  }
  reached = at;
  return at == mods.size();
}

} // namespace

llvm::ArrayRef<InstForm> cosmati::ptxvm::instructionForms() {
  static const std::vector<InstForm> forms = buildForms();
  return forms;
}

bool cosmati::ptxvm::matchInstruction(llvm::StringRef opcode, llvm::ArrayRef<llvm::StringRef> mods,
                                      InstMatch &match, std::string &reason) {
  auto it = formsByOpcode().find(opcode);
  if (it == formsByOpcode().end()) {
    reason = ("instruction '" + opcode + "' is not implemented").str();
    return false;
  }
  size_t furthest = 0;
  for (const InstForm *form : it->second) {
    size_t reached = 0;
    if (matchForm(*form, mods, match, reached))
      return true;
    furthest = std::max(furthest, reached);
  }
  if (furthest < mods.size())
    reason = ("'." + mods[furthest] + "' is not implemented here for '" + opcode + "'").str();
  else
    reason = ("'" + opcode + "' lacks a modifier or type").str();
  return false;
}
