// Loop-invariant code motion that leaves marked loops as they are.
#include "compiler/Transforms/Tile/Passes.h"

#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

namespace cosmati::tile {
#define GEN_PASS_DEF_HOISTINVARIANTS
#include "compiler/Transforms/Tile/Passes.h.inc"
} // namespace cosmati::tile

using namespace mlir;

namespace {

/// LLVM moves invariant code, too: this keeps it from doing so for the loop made of `loop`.
Attribute noMotion(MLIRContext *context) {
  auto motion = LLVM::LoopLICMAttr::get(context, /*disable=*/BoolAttr::get(context, true),
                                        /*versioningDisable=*/BoolAttr());
  return LLVM::LoopAnnotationAttr::get(
      context, /*disableNonforced=*/{}, /*vectorize=*/{}, /*interleave=*/{}, /*unroll=*/{},
      /*unrollAndJam=*/{}, motion, /*distribute=*/{}, /*pipeline=*/{}, /*peeled=*/{},
      /*unswitch=*/{}, /*mustProgress=*/{}, /*isVectorized=*/{}, /*startLoc=*/{}, /*endLoc=*/{},
      /*parallelAccesses=*/{});
}

class HoistInvariantsPass : public cosmati::tile::impl::HoistInvariantsBase<HoistInvariantsPass> {
  void runOnOperation() override {
    // Inner loops first, so that code can leave several.
    getOperation().walk([&](LoopLikeOpInterface loop) {
      if (loop->hasAttr("tile.disable_licm"))
        loop->setAttr("loop_annotation", noMotion(&getContext()));
      else
        numMoved += moveLoopInvariantCode(loop);
    });
  }
};

} // namespace
