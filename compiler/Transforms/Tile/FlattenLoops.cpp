// A loop over tiles with a loop over K in it becomes one loop; Passes.td shows before and after.
//
// The code before and after the inner loop is taken apart into
// - cheap code: arithmetic on indices and addresses that depends on nothing but the outer loop's
//   counter and variables. It is made again wherever its values are needed, in each iteration; so
//   the loads of the inner loop's body may run ahead of the iteration (a value that comes out of a
//   condition with stores in it could not).
// - everything else, which runs once per outer iteration, under a condition. What it yields to
// later
//   iterations is carried by the new loop.
#include "compiler/Analysis/Remarks.h"
#include "compiler/Transforms/Tile/FlattenedNest.h"
#include "compiler/Transforms/Tile/Passes.h"

namespace cosmati::tile {
#define GEN_PASS_DEF_FLATTENLOOPS
#include "compiler/Transforms/Tile/Passes.h.inc"
} // namespace cosmati::tile

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tile;

namespace {

class FlattenLoopsPass : public tile::impl::FlattenLoopsBase<FlattenLoopsPass> {
  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) {
      if (loop->hasAttr(kFlatten))
        loops.push_back(loop);
    });
    for (scf::ForOp loop : loops) {
      loop->removeAttr(kFlatten);
      FlattenedNest nest(loop);
      if (std::string reason = nest.whyNot(); !reason.empty()) {
        cosmati::emitRemark(loop, Remark::LoopNotFlattened) << reason;
        continue;
      }
      nest.replace();
      ++numLoops;
    }
  }
};

} // namespace
