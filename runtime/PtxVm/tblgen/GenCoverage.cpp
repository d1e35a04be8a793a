//===- GenCoverage.cpp - Instructions.td to the coverage page -------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Syntax.h"
#include "runtime/PtxVm/tblgen/Rows.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/TableGen/TableGenBackend.h"

using namespace cosmati::ptxvm;
using llvm::Record;
using llvm::StringRef;

namespace {

/// u32, b8, f16x2, bf16, tf32, e4m3x2, pred ...
bool isType(StringRef word) {
  if (word == "pred")
    return true;
  word = word.take_until([](char c) { return c == 'x'; });
  for (StringRef prefix : {"bf", "tf", "b", "u", "s", "f"})
    if (StringRef digits = word;
        digits.consume_front(prefix) && !digits.empty() && llvm::all_of(digits, llvm::isDigit))
      return true;
  return word == "e4m3" || word == "e5m2" || word == "e2m3" || word == "e3m2" || word == "e2m1" ||
         word == "ue8m0";
}

bool isTypeGroup(const ModifierGroup &group) {
  return llvm::all_of(group.alternatives,
                      [](const auto &words) { return words.size() == 1 && isType(words[0]); });
}

std::string alternativesOf(const ModifierGroup &group, StringRef separator) {
  std::vector<std::string> texts;
  for (const auto &words : group.alternatives)
    texts.push_back(llvm::join(words, "."));
  return llvm::join(texts, separator);
}

/// A row's syntax as people read it, its types apart.
struct Form {
  std::string text, types;
};

Form formOf(StringRef syntaxText) {
  std::string error; // checked by the other generator
  Syntax syntax = parseSyntax(syntaxText, error);
  auto choiceOfTypes = [](const ModifierGroup &g) {
    return isTypeGroup(g) && g.alternatives.size() > 1;
  };
  size_t choices = size_t(llvm::count_if(syntax.groups, choiceOfTypes)), number = 0;
  Form form;
  form.text = syntax.opcode.str();
  std::vector<std::string> fixed;
  for (const ModifierGroup &group : syntax.groups) {
    std::string word;
    if (choiceOfTypes(group)) {
      std::string name = "type" + (choices > 1 ? llvm::utostr(++number) : "");
      word = "." + name;
      form.types += (form.types.empty() ? "" : "; ") + (choices > 1 ? name + ": " : "") +
                    alternativesOf(group, ", ");
    } else if (group.alternatives.size() == 1) {
      word = "." + alternativesOf(group, "");
      if (isTypeGroup(group))
        fixed.push_back(alternativesOf(group, ""));
    } else {
      word = ".(" + alternativesOf(group, "/") + ")";
    }
    form.text += group.optional ? "[" + word + "]" : word;
  }
  if (choices == 0)
    form.types = llvm::join(fixed, ", ");
  return form;
}

std::string stateOf(const Record *row) {
  if (row->isSubClassOf("Rejected"))
    return "rejected: " + row->getValueAsString("reason").str();
  std::string state = row->getValueAsBit("noEffect") ? "executed, no effect" : "executed";
  StringRef doc = row->getValueAsString("doc");
  return doc.empty() ? state : state + ": " + doc.str();
}

std::string checksOf(const Record *row) {
  std::vector<std::string> names;
  if (row->isSubClassOf("Inst"))
    for (const Record *checker : row->getValueAsListOfDefs("checks"))
      names.push_back(checker->getValueAsString("checkerName").str());
  return llvm::join(names, ", ");
}

void sectionTable(const Record *section, llvm::ArrayRef<const Record *> rows,
                  llvm::raw_ostream &os) {
  std::vector<const Record *> inside;
  llvm::copy_if(rows, std::back_inserter(inside),
                [&](const Record *row) { return row->getValueAsDef("section") == section; });
  if (inside.empty())
    return;
  os << "\n## " << section->getValueAsString("sectionNumber") << " "
     << section->getValueAsString("sectionTitle") << "\n\n";
  bool checked = llvm::any_of(inside, [](const Record *row) { return !checksOf(row).empty(); });
  os << "| instruction | types | state |" << (checked ? " checked by |\n" : "\n");
  os << "|---|---|---|" << (checked ? "---|\n" : "\n");
  for (const Record *row : inside) {
    Form form = formOf(row->getValueAsString("syntax"));
    os << "| `" << form.text << "` | " << form.types << " | " << stateOf(row) << " |";
    os << (checked ? " " + checksOf(row) + " |\n" : "\n");
  }
}

void genCoverage(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  std::vector<const Record *> rows = rowsInOrder(records, "Row");
  auto count = [&](auto predicate) { return llvm::count_if(rows, predicate); };
  auto rejected = count([](const Record *row) { return row->isSubClassOf("Rejected"); });
  auto hints = count([](const Record *row) { return row->isSubClassOf("Hint"); });
  os << "<!-- Made of runtime/PtxVm/Instructions.td by `cmake --build build --target "
        "ptx-coverage`; "
        "don't edit. -->\n"
        "# What the PTX machine executes\n\n"
        "Every instruction form that `runtime/PtxVm` knows, by section of the PTX ISA manual "
        "(8.7). "
        "`[.x]` may be left out, `.(x/y)` is one of the two, `.type` one of the types beside it. "
     << rows.size() - size_t(rejected) - size_t(hints) << " forms are executed; " << hints
     << " more are checked and have no effect, because the machine has nothing that they could "
        "change; "
     << rejected
     << " are refused with a reason when the module is loaded. Whatever isn't here is refused, "
        "too.\n";
  if (std::vector<const Record *> checkers = rowsInOrder(records, "Checker"); !checkers.empty()) {
    os << "\nThe last column names the checkers that look at an instruction:\n\n";
    for (const Record *checker : checkers)
      os << "- **" << checker->getValueAsString("checkerName")
         << "**: " << checker->getValueAsString("description") << "\n";
  }
  for (const Record *section : rowsInOrder(records, "Section"))
    sectionTable(section, rows, os);
}

llvm::TableGen::Emitter::Opt registration("gen-coverage", genCoverage,
                                          "docs/reference/ptx-coverage.md");

} // namespace
