// Barriers where the analysis of hazards misses them.
#include "compiler/Transforms/TileGPU/Passes.h"

#include "compiler/Analysis/SharedHazards.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_INSERTBARRIERS
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati::tilegpu;

namespace {

class InsertBarriersPass : public cosmati::tilegpu::impl::InsertBarriersBase<InsertBarriersPass> {
  void runOnOperation() override {
    FailureOr<SmallVector<Operation *>> missing = findMissingBarriers(getOperation());
    if (failed(missing))
      return signalPassFailure();
    for (Operation *op : *missing) {
      OpBuilder builder(op);
      BarrierOp::create(builder, op->getLoc());
    }
    numBarriers += missing->size();
  }
};

} // namespace
