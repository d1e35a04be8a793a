// How often a loop runs, as arithmetic in the kernel.
#pragma once

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace cosmati::tile {

/// The bounds of a loop that counts up; an empty range where `low >= high`.
struct LoopBounds {
  mlir::Value low, high, step;
  bool isUnsigned = false; ///< how `low` and `high` are compared

  static LoopBounds of(mlir::scf::ForOp loop);
};

/// The number of iterations, an unsigned number of the bounds' type: ceil((high - low) / step) or
/// 0. Exact for all bounds, also where `high - low` exceeds the signed range. Constants are folded.
mlir::Value emitTripCount(mlir::OpBuilder &builder, mlir::Location loc, const LoopBounds &bounds);

/// An integer constant of `type`.
mlir::Value emitInteger(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
                        int64_t value);

} // namespace cosmati::tile
