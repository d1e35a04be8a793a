// One pair of loops that becomes a single loop: whether it can, and the rewrite.
#pragma once

#include "compiler/Transforms/Tile/TripCount.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

#include <string>

namespace cosmati::tile {

inline constexpr const char *kFlatten = "tile.flatten";

class FlattenedNest {
public:
  explicit FlattenedNest(mlir::scf::ForOp outer);

  /// Why the loop can't be flattened, with advice; empty if it can.
  std::string whyNot();
  /// Puts the flattened loop in the outer loop's place; where the inner loop may be empty, under a
  /// condition, with the outer loop as it was for the other case.
  void replace();

private:
  using Map = mlir::IRMapping;

  void classify();
  bool isCheapValue(mlir::Value value);
  std::string whyNotBounds();
  std::string whyNotCarried();
  bool dependsOnCounter(mlir::Value value);
  void collectAddressArguments();

  mlir::Value make(mlir::OpBuilder &builder, mlir::Value value, Map &map);
  void cloneWith(mlir::OpBuilder &builder, mlir::Operation *op, Map &map);
  LoopBounds innerBounds(mlir::OpBuilder &builder, Map &map);
  void countIterations(mlir::OpBuilder &builder);
  void keepOriginal(mlir::scf::IfOp choice);

  mlir::scf::ForOp emitLoop(mlir::OpBuilder &builder);
  void emitBody(mlir::scf::ForOp loop);
  void emitBefore(mlir::OpBuilder &builder, mlir::Value first, Map &map);
  llvm::SmallVector<mlir::Value> emitAfter(mlir::OpBuilder &builder, mlir::Value last, Map &map);
  bool isReset(unsigned index); ///< the inner variable starts from a value of no iteration

  mlir::scf::ForOp outer, inner;
  llvm::SmallVector<mlir::Operation *> before, after; ///< all but cheap code, in order
  llvm::DenseSet<mlir::Operation *> cheap;
  llvm::SmallVector<mlir::Value> kept;          ///< results of `before` that later code uses
  llvm::SmallVector<unsigned> selected;         ///< inner variables that start by a select
  llvm::SmallVector<unsigned> conditioned;      ///< inner variables that start under the condition
  llvm::DenseSet<unsigned> addressVariables;    ///< inner variables that addresses depend on
  mlir::Value iterations, allRun, uniformTrips; ///< made by countIterations
};

} // namespace cosmati::tile
