//===- GenInstructions.cpp - Instructions.td to X-macros ------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX_FAMILY(id)
// PTX_INST(id, family, counter class, "syntax", "operands")
// PTX_FORM(id, family, counter class, "syntax", "operands")      another syntax of an id
// PTX_REJECTED("beginning of a syntax", "reason")
//
// in the order of the file. A consumer defines those that it wants before it includes the file.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Syntax.h"
#include "runtime/PtxVm/tblgen/Rows.h"
#include "llvm/TableGen/Error.h"
#include "llvm/TableGen/TableGenBackend.h"

using namespace cosmati::ptxvm;
using llvm::Record;

namespace {

void quoted(llvm::raw_ostream &os, llvm::StringRef text) {
  os << '"';
  os.write_escaped(text);
  os << '"';
}

void checkSyntax(const Record *row) {
  std::string error;
  parseSyntax(row->getValueAsString("syntax"), error);
  if (!error.empty())
    llvm::PrintFatalError(row, "syntax: " + error);
}

void defaultMacro(llvm::raw_ostream &os, llvm::StringRef name, llvm::StringRef parameters) {
  os << "#ifndef " << name << "\n#define " << name << "(" << parameters << ")\n#endif\n";
}

void genInstructions(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  llvm::emitSourceFileHeader("Instruction table", os, records);
  defaultMacro(os, "PTX_FAMILY", "id");
  defaultMacro(os, "PTX_INST", "id, family, cls, syntax, operands");
  defaultMacro(os, "PTX_FORM", "id, family, cls, syntax, operands");
  defaultMacro(os, "PTX_REJECTED", "syntax, reason");
  for (const Record *family : rowsInOrder(records, "Family"))
    os << "PTX_FAMILY(" << family->getName() << ")\n";
  for (const Record *row : rowsInOrder(records, "Inst")) {
    checkSyntax(row);
    bool form = row->isSubClassOf("Form");
    const Record *named = form ? row->getValueAsDef("variantOf") : row;
    os << (form ? "PTX_FORM(" : "PTX_INST(") << named->getName() << ", "
       << row->getValueAsDef("family")->getName() << ", "
       << row->getValueAsDef("counter")->getValueAsString("name") << ", ";
    quoted(os, row->getValueAsString("syntax"));
    os << ", ";
    quoted(os, row->getValueAsString("operands"));
    os << ")\n";
  }
  for (const Record *row : rowsInOrder(records, "Rejected")) {
    checkSyntax(row);
    os << "PTX_REJECTED(";
    quoted(os, row->getValueAsString("syntax"));
    os << ", ";
    quoted(os, row->getValueAsString("reason"));
    os << ")\n";
  }
  os << "#undef PTX_FAMILY\n#undef PTX_INST\n#undef PTX_FORM\n#undef PTX_REJECTED\n";
}

llvm::TableGen::Emitter::Opt registration("gen-instructions", genInstructions,
                                          "Instructions.inc: the X-macros of the table");

} // namespace
