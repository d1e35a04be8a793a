//===- TableTest.cpp - every row of the instruction table has handlers ----===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes an instruction for every row with operands by rule, over all combinations of its types and
// each other modifier in turn, and expects that it loads. A row that promises what no handler does
// would fail here, not in a user's kernel.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/InstTable.h"
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {

using Words = llvm::SmallVector<llvm::StringRef, 1>;

bool isTypeGroup(const InstForm::Group &group) {
  return llvm::all_of(group.alternatives, [](const Words &w) {
    return w.size() == 1 && parseScalarType(w[0]) != ScalarType::None;
  });
}

/// Choices of alternative per group (-1: left out): types vary together, the rest one at a time.
std::vector<std::vector<int>> choicesOf(const InstForm &form) {
  std::vector<int> first;
  for (const auto &group : form.groups)
    first.push_back(group.optional ? -1 : 0);
  std::vector<std::vector<int>> result{first};
  for (size_t g = 0; g < form.groups.size(); ++g)
    if (isTypeGroup(form.groups[g])) {
      std::vector<std::vector<int>> more;
      for (const auto &choice : result)
        for (size_t a = 0; a < form.groups[g].alternatives.size(); ++a) {
          more.push_back(choice);
          more.back()[g] = int(a);
        }
      result = more;
    }
  size_t n = result.size();
  for (size_t g = 0; g < form.groups.size(); ++g)
    if (!isTypeGroup(form.groups[g]))
      for (size_t k = 0; k < n; ++k)
        for (size_t a = 0; a < form.groups[g].alternatives.size(); ++a) {
          result.push_back(result[k]);
          result.back()[g] = int(a);
        }
  return result;
}

std::string registerOf(unsigned bits, unsigned k) {
  std::string n = std::to_string(k);
  return bits == 1    ? "%p" + n
         : bits <= 16 ? "%h" + n
         : bits == 32 ? "%r" + n
         : bits == 64 ? "%d" + n
                      : "%q" + n;
}

/// The instruction's text; `mods` filled for the matcher.
std::string textOf(const InstForm &form, const std::vector<int> &choice) {
  std::string text = form.opcode.str();
  std::vector<ScalarType> types;
  for (size_t g = 0; g < choice.size(); ++g)
    if (choice[g] >= 0)
      for (llvm::StringRef word : form.groups[g].alternatives[size_t(choice[g])]) {
        text += "." + word.str();
        if (ScalarType t = parseScalarType(word); t != ScalarType::None)
          types.push_back(t);
      }
  std::string separator = " ";
  unsigned k = 0;
  for (const OperandRule &rule : form.operands) {
    unsigned bits = bitsOf(rule.typeIndex >= 0 ? types.at(size_t(rule.typeIndex)) : rule.fixed);
    ++k;
    switch (rule.kind) {
    case OperandRule::Carry:
      continue;
    case OperandRule::Wide:
      text += separator + registerOf(2 * bits, k);
      break;
    case OperandRule::Predicate:
    case OperandRule::NegatablePredicate:
      text += separator + registerOf(1, k);
      break;
    case OperandRule::PredicatePair:
      text += separator + "%p1|%p2";
      break;
    case OperandRule::WithPredicate:
      text += separator + registerOf(bits, k) + "|%p7";
      break;
    case OperandRule::Immediate:
      text += separator + "3";
      break;
    default:
      text += separator + registerOf(bits, k);
    }
    separator = ", ";
  }
  return text + ";";
}

std::string kernel(const std::string &body) {
  return moduleHeader() +
         ".visible .entry k() {\n  .reg .pred %p<8>;\n  .reg .b16 %h<8>;\n  .reg .b32 %r<8>;\n"
         "  .reg .b64 %d<8>;\n  .reg .b128 %q<8>;\n" +
         body + "\n  ret;\n}\n";
}

} // namespace

TEST(Table, EveryRowWithOperandRulesLoadsForAllItsTypes) {
  size_t count = 0;
  for (const std::string &isa : hostIsas()) {
    std::string before = hostIsaName().str();
    setHostIsa(isa);
    for (const InstForm &form : instructionForms()) {
      if (form.customOperands || form.family == Family::Barrier)
        continue;
      for (const auto &choice : choicesOf(form)) {
        std::string text = textOf(form, choice), error = parseError(kernel("  " + text));
        EXPECT_EQ(error, "") << text;
        ++count;
      }
    }
    setHostIsa(before);
  }
  EXPECT_GT(count, 1000u);
}
TEST(Table, MemoryRowsLoadForAllTypesAndSpaces) {
  for (std::string type : {"b8", "b16", "b32", "b64", "b128", "u8", "u16", "u32", "u64", "s8",
                           "s16", "s32", "s64", "f32", "f64", "f16", "bf16"}) {
    unsigned bits = bitsOf(parseScalarType(type));
    for (std::string space : {"", ".global", ".shared", ".local", ".const", ".shared::cta"})
      for (unsigned reg : {16u, 32u, 64u, 128u}) {
        bool fits = reg == 128 ? bits == 128 : bits <= reg;
        if (!fits || (type[0] == 'f' && reg != bits) || (type == "bf16" && reg != bits))
          continue;
        std::string r = registerOf(reg, 1);
        EXPECT_EQ(parseError(kernel("  ld" + space + "." + type + " " + r + ", [%d2+8];")), "");
        if (space != ".const")
          EXPECT_EQ(parseError(kernel("  st" + space + "." + type + " [%d2-8], " + r + ";")), "");
      }
  }
}
TEST(Table, AtomicRowsLoad) {
  for (std::string text :
       {"add.u32 %r1, [%d1], %r2", "min.s64 %d3, [%d1], %d2", "add.f32 %r1, [%d1], %r2",
        "add.f64 %d3, [%d1], %d2", "add.noftz.f16 %h1, [%d1], %h2",
        "add.noftz.bf16x2 %r1, [%d1], %r2", "and.b64 %d3, [%d1], %d2", "exch.b128 %q1, [%d1], %q2",
        "cas.b16 %h1, [%d1], %h2, %h3", "inc.u32 %r1, [%d1], %r2"})
    for (std::string how : {"", "global.", "shared.", "relaxed.gpu.global.", "acq_rel.sys.",
                            "acquire.cta.shared::cta.", "global.gpu.", "release.cluster.global."})
      EXPECT_EQ(parseError(kernel("  atom." + how + text + ";")), "");
}
