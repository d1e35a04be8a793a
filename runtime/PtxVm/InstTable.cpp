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
#define PTX_FORM PTX_INST
#include "runtime/PtxVm/Instructions.inc"
};

/// Instructions of PTX that the machine refuses: the beginning of a syntax, and why.
struct Refusal {
  const char *syntax;
  const char *reason;
};
constexpr Refusal refusals[] = {
#define PTX_REJECTED(syntax, reason) {syntax, reason},
#include "runtime/PtxVm/Instructions.inc"
};

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
    std::string error; // the generator has checked the syntax
    Syntax syntax = parseSyntax(form.syntax, error);
    form.opcode = syntax.opcode;
    form.groups = std::move(syntax.groups);
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

/// Consumes `mods` group by group, telling `chose` of each choice; alternatives of neighbouring
/// groups never overlap in the table, or the earlier group may take them. Returns whether all
/// groups found their modifiers; `reached`: how many were understood.
template <class Chose>
bool matchGroups(llvm::ArrayRef<ModifierGroup> groups, llvm::ArrayRef<llvm::StringRef> mods,
                 size_t &reached, Chose chose) {
  reached = 0;
  for (const ModifierGroup &group : groups) {
    const llvm::SmallVector<llvm::StringRef, 1> *chosen = nullptr;
    for (const auto &alternative : group.alternatives)
      if (sequenceAt(alternative, mods, reached))
        chosen = &alternative;
    if (!chosen) {
      if (group.optional)
        continue;
      return false;
    }
    chose(*chosen);
    reached += chosen->size();
  }
  return true;
}

bool matchForm(const InstForm &form, llvm::ArrayRef<llvm::StringRef> mods, InstMatch &match,
               size_t &reached) {
  unsigned numTypes = 0;
  match = InstMatch();
  match.form = &form;
  bool complete = matchGroups(form.groups, mods, reached, [&](const auto &words) {
    for (llvm::StringRef word : words) {
      if (ScalarType type = parseScalarType(word); type != ScalarType::None && numTypes < 3)
        match.types[numTypes++] = type;
      if (auto it = modifierIds().find(word); it != modifierIds().end())
        match.mods[unsigned(it->second) / 64] |= uint64_t(1) << (unsigned(it->second) % 64);
    }
  });
  return complete && reached == mods.size();
}

/// Why the table refuses an instruction; empty if it doesn't name it. Looked up once, for an error.
llvm::StringRef refusalOf(llvm::StringRef opcode, llvm::ArrayRef<llvm::StringRef> mods) {
  for (const Refusal &refusal : refusals) {
    std::string error;
    Syntax syntax = parseSyntax(refusal.syntax, error);
    size_t reached;
    if (syntax.opcode == opcode && matchGroups(syntax.groups, mods, reached, [](const auto &) {}))
      return refusal.reason;
  }
  return {};
}

} // namespace

llvm::ArrayRef<InstForm> cosmati::ptxvm::instructionForms() {
  static const std::vector<InstForm> forms = buildForms();
  return forms;
}

bool cosmati::ptxvm::matchInstruction(llvm::StringRef opcode, llvm::ArrayRef<llvm::StringRef> mods,
                                      InstMatch &match, std::string &reason) {
  size_t furthest = 0;
  auto it = formsByOpcode().find(opcode);
  if (it != formsByOpcode().end())
    for (const InstForm *form : it->second) {
      size_t reached = 0;
      if (matchForm(*form, mods, match, reached))
        return true;
      furthest = std::max(furthest, reached);
    }
  if (llvm::StringRef refusal = refusalOf(opcode, mods); !refusal.empty())
    reason = ("not implemented: " + refusal).str();
  else if (it == formsByOpcode().end())
    reason = ("instruction '" + opcode + "' is not implemented").str();
  else if (furthest < mods.size())
    reason = ("'." + mods[furthest] + "' is not implemented here for '" + opcode + "'").str();
  else
    reason = ("'" + opcode + "' lacks a modifier or type").str();
  return false;
}
