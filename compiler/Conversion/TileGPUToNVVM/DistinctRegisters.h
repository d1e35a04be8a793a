// Work on the different registers of a block only.
#pragma once

#include "mlir/IR/ValueRange.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace cosmati::tonvvm {

/// `convert` of the registers without repetitions, in the order of their first places; its results
/// at all places. Where a block holds an element several times it is converted once, and pairs are
/// made of neighbours that differ.
inline llvm::SmallVector<mlir::Value>
onDistinct(mlir::ValueRange registers,
           llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)> convert) {
  llvm::SmallVector<mlir::Value> distinct;
  llvm::DenseMap<mlir::Value, size_t> positions;
  for (mlir::Value value : registers)
    if (positions.try_emplace(value, distinct.size()).second)
      distinct.push_back(value);
  llvm::SmallVector<mlir::Value> converted = convert(distinct);
  llvm::SmallVector<mlir::Value> results;
  for (mlir::Value value : registers)
    results.push_back(converted[positions[value]]);
  return results;
}

} // namespace cosmati::tonvvm
