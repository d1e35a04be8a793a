// MmaInstructions.td to docs/reference/mma-instructions.md.
#include "dialects/TileGPU/tblgen/Rows.h"
#include "llvm/TableGen/TableGenBackend.h"

using cosmati::tilegpu::rowsInOrder;
using llvm::Record;
using llvm::StringRef;

namespace {

StringRef typeOf(const Record *row, StringRef field) {
  return row->getValueAsDef(field)->getValueAsString("name");
}

/// "8.4" of 84.
std::string version(int64_t number) {
  return std::to_string(number / 10) + "." + std::to_string(number % 10);
}

/// How the compiler emits the row.
std::string emission(const Record *row) {
  if (row->getValueAsBit("nvvmOp"))
    return row->getValueAsBit("sparse") ? "`nvvm.mma.sp.sync`" : "`nvvm.mma.sync`";
  return "`" + row->getValueAsString("intrinsic").str() + "`";
}

void pageRow(const Record *row, llvm::raw_ostream &os) {
  StringRef bitOp = row->getValueAsString("bitOp");
  os << "| " << row->getValueAsString("shape") << " | " << typeOf(row, "a") << " | "
     << typeOf(row, "b") << " | " << typeOf(row, "acc") << " | ";
  if (!bitOp.empty())
    os << bitOp << ", popcount";
  if (row->getValueAsBit("saturates"))
    os << "satfinite";
  os << " | " << row->getValueAsInt("aRegisters") << ", " << row->getValueAsInt("bRegisters")
     << ", " << row->getValueAsInt("accRegisters") << " | sm_" << row->getValueAsInt("sm")
     << ", PTX " << version(row->getValueAsInt("ptxVersion")) << " | " << emission(row) << " |\n";
}

void genPage(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  std::vector<const Record *> rows = rowsInOrder(records, "Mma");
  os << "<!-- Made of dialects/TileGPU/IR/MmaInstructions.td by `cmake --build build --target "
        "mma-page`; don't edit. -->\n"
        "# Matrix instructions\n\n"
        "The "
     << rows.size()
     << " instructions of one warp that the compiler knows: `d = a * b + c`, where `c` and `d` "
        "have the accumulator's type. Registers are those of one thread, of 32 bits (f64: 64), "
        "for a, b and the accumulator; a sparse instruction takes one more for its metadata. "
        "\"since\" is the lowest architecture and the lowest PTX ISA.\n";
  for (const Record *section : rowsInOrder(records, "MmaSection")) {
    os << "\n## " << section->getValueAsString("title") << "\n\n";
    if (StringRef remark = section->getValueAsString("remark"); !remark.empty())
      os << remark << "\n\n";
    os << "| shape | a | b | acc | form | registers | since | emitted as |\n"
          "|---|---|---|---|---|---|---|---|\n";
    for (const Record *row : rows)
      if (row->getValueAsDef("section") == section)
        pageRow(row, os);
  }
}

llvm::TableGen::Emitter::Opt registration("gen-mma-page", genPage,
                                          "docs/reference/mma-instructions.md");

} // namespace
