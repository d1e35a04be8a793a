// MmaInstructions.td to X-macros:
//
// MMA_TYPE(id, "name", bits)
// MMA_INSTRUCTION(m, n, k, a, b, acc, bit operation, sparse, sm, PTX version, registers of a, of b,
//                 of acc, is NVVM op, "ptx", "saturating ptx", "intrinsic", "saturating intrinsic")
//
// in the order of the file. A consumer defines those that it wants before it includes the file.
#include "dialects/TileGPU/tblgen/Rows.h"
#include "llvm/TableGen/Error.h"
#include "llvm/TableGen/TableGenBackend.h"

using llvm::Record;

namespace {

void defaultMacro(llvm::raw_ostream &os, llvm::StringRef name) {
  os << "#ifndef " << name << "\n#define " << name << "(...)\n#endif\n";
}

llvm::StringRef bitOpOf(const Record *row) {
  llvm::StringRef op = row->getValueAsString("bitOp");
  if (op != "" && op != "xor" && op != "and")
    llvm::PrintFatalError(row, "bitOp is '" + op + "'; 'xor' and 'and' are known");
  return op == "xor" ? "Xor" : op == "and" ? "And" : "None";
}

void genRow(const Record *row, llvm::raw_ostream &os) {
  os << "MMA_INSTRUCTION(";
  for (llvm::StringRef field : {"m", "n", "k"})
    os << row->getValueAsInt(field) << ", ";
  for (llvm::StringRef field : {"a", "b", "acc"})
    os << row->getValueAsDef(field)->getName() << ", ";
  os << bitOpOf(row) << ", " << (row->getValueAsBit("sparse") ? "true" : "false");
  for (llvm::StringRef field : {"sm", "ptxVersion", "aRegisters", "bRegisters", "accRegisters"})
    os << ", " << row->getValueAsInt(field);
  os << ", " << (row->getValueAsBit("nvvmOp") ? "true" : "false");
  for (llvm::StringRef field : {"ptx", "saturatingPtx", "intrinsic", "saturatingIntrinsic"})
    os << ",\n                \"" << row->getValueAsString(field) << '"';
  os << ")\n";
}

void genTable(const llvm::RecordKeeper &records, llvm::raw_ostream &os) {
  llvm::emitSourceFileHeader("Matrix instructions", os, records);
  defaultMacro(os, "MMA_TYPE");
  defaultMacro(os, "MMA_INSTRUCTION");
  for (const Record *type : cosmati::tilegpu::rowsInOrder(records, "MmaType"))
    os << "MMA_TYPE(" << type->getName() << ", \"" << type->getValueAsString("name") << "\", "
       << type->getValueAsInt("width") << ")\n";
  for (const Record *row : cosmati::tilegpu::rowsInOrder(records, "Mma"))
    genRow(row, os);
  os << "#undef MMA_TYPE\n#undef MMA_INSTRUCTION\n";
}

llvm::TableGen::Emitter::Opt registration("gen-mma-table", genTable,
                                          "MmaInstructions.inc: the X-macros of the table");

} // namespace
