//===- Rows.h - Records of the instruction table --------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/STLExtras.h"
#include "llvm/TableGen/Record.h"

namespace cosmati::ptxvm {

/// The records of a class in the order of the file: TableGen sorts them by name.
inline std::vector<const llvm::Record *> rowsInOrder(const llvm::RecordKeeper &records,
                                                     llvm::StringRef className) {
  std::vector<const llvm::Record *> rows = records.getAllDerivedDefinitionsIfDefined(className);
  llvm::sort(rows, llvm::LessRecordByID());
  return rows;
}

} // namespace cosmati::ptxvm
