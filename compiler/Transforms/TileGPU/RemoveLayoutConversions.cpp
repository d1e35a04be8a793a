#include "compiler/Transforms/TileGPU/LayoutAssignment.h"
#include "compiler/Transforms/TileGPU/Passes.h"

#include "mlir/IR/Iterators.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_REMOVELAYOUTCONVERSIONS
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

class RemoveLayoutConversions
    : public tilegpu::impl::RemoveLayoutConversionsBase<RemoveLayoutConversions> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    LayoutAssignment assignment(function);
    applyLayouts(function, assignment);
    dropIdentities(function);
    function.walk([&](ConvertLayoutOp convert) { numRematerialized += rematerialize(convert); });
    eraseDead(function);
    function.walk([&](ConvertLayoutOp) { ++numLeft; });
  }

  static void dropIdentities(func::FuncOp function) {
    function.walk([](ConvertLayoutOp convert) {
      if (convert.getType() != convert.getValue().getType())
        return;
      convert.getResult().replaceAllUsesWith(convert.getValue());
      convert.erase();
    });
  }

  /// Users come after what they use: one walk backwards finds all.
  static void eraseDead(func::FuncOp function) {
    function.walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
      if (isOpTriviallyDead(op))
        op->erase();
    });
  }
};

} // namespace
