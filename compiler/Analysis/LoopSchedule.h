// In which stage of a software pipeline each op of a loop runs.
//
// With S stages the iterations of a loop overlap: while iteration i does its last stage, iteration
// i + 1 does the stage before, and so on, so that a load may be issued S - 1 iterations before what
// it loads is used. A schedule is legal if no op needs a value of its own iteration that is made in
// a later stage, and none of the previous iteration that is made more than a stage later.
//
// Here loads go early, with all that their addresses and masks are computed from; everything else
// stays in the last stage. A load whose address comes from another load (an index, a page number)
// goes a stage later than that one, as far as there are stages.
#pragma once

#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"

namespace cosmati::tilegpu {

class LoopSchedule {
public:
  /// The schedule of a loop whose body holds no other loop: `stages` >= 2. Loads that cannot go
  /// early are named, with the reason, in `refused`.
  LoopSchedule(mlir::scf::ForOp loop, int stages);

  int stages() const { return numStages; }
  int lastStage() const { return numStages - 1; }
  int stageOf(mlir::Operation *op) const {
    auto found = early.find(op);
    return found == early.end() ? lastStage() : found->second;
  }
  /// The loads that go early, in the order of the loop.
  llvm::ArrayRef<tile::LoadOp> loads() const { return pipelined; }
  /// The ops before the last stage, loads too, in the order of the loop.
  llvm::SmallVector<mlir::Operation *> earlyOps() const;

  struct Refusal {
    tile::LoadOp load;
    std::string reason;
  };
  llvm::ArrayRef<Refusal> refusals() const { return refused; }

private:
  bool admit(tile::LoadOp load);
  void placeLoads();

  mlir::scf::ForOp loop;
  int numStages;
  llvm::SmallVector<tile::LoadOp> pipelined;
  llvm::SmallVector<Refusal> refused;
  llvm::DenseMap<mlir::Operation *, int> early;
};

/// Why a load cannot become a copy from global to shared memory that passes by the registers; empty
/// if it can.
std::string whyNoCopy(tile::LoadOp load);

/// The number of stages that a loop asks for: its own (`tile.num_stages`), else the kernel's.
int stagesOf(mlir::scf::ForOp loop, int kernelStages);

} // namespace cosmati::tilegpu
