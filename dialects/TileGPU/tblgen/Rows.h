// Records of the table of matrix instructions.
#pragma once

#include "llvm/ADT/STLExtras.h"
#include "llvm/TableGen/Record.h"

namespace cosmati::tilegpu {

/// The records of a class in the order of the file: TableGen sorts them by name.
inline std::vector<const llvm::Record *> rowsInOrder(const llvm::RecordKeeper &records,
                                                     llvm::StringRef className) {
  std::vector<const llvm::Record *> rows = records.getAllDerivedDefinitionsIfDefined(className);
  llvm::sort(rows, llvm::LessRecordByID());
  return rows;
}

} // namespace cosmati::tilegpu
