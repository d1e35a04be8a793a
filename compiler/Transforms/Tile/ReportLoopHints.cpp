// Hints of loops that the compiler has no use for are named once, before loops are copied or
// merged.
#include "compiler/Analysis/Remarks.h"
#include "compiler/Transforms/Tile/Passes.h"

namespace cosmati::tile {
#define GEN_PASS_DEF_REPORTLOOPHINTS
#include "compiler/Transforms/Tile/Passes.h.inc"
} // namespace cosmati::tile

using namespace mlir;
using namespace cosmati;

namespace {

class ReportLoopHintsPass : public tile::impl::ReportLoopHintsBase<ReportLoopHintsPass> {
  void runOnOperation() override {
    getOperation().walk([&](scf::ForOp loop) {
      if (loop->hasAttr("tile.warp_specialize"))
        cosmati::emitRemark(loop, Remark::LoopNotSpecialized)
            << "warp_specialize has no effect: all warps run the same program, and copies run "
               "beside the arithmetic by cp.async; num_stages sets how far ahead";
    });
  }
};

} // namespace
