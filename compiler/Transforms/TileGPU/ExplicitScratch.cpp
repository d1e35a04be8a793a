// Shared memory that conversions and atomics need, as allocations.
#include "compiler/Transforms/TileGPU/Passes.h"

#include "dialects/Layout/ConversionPlan.h"
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/LayoutQueries.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_EXPLICITSCRATCH
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

/// Accesses of 16 bytes need it.
constexpr int32_t kScratchAlignment = 16;

/// `value` through a buffer, read back as `type`.
Value throughShared(OpBuilder &builder, Location loc, Value value, RankedTensorType type,
                    StringRef purpose) {
  auto block = cast<RankedTensorType>(value.getType());
  LinearLayout map =
      chooseSharedLayout(layoutOf(block), layoutOf(type), elementBits(block.getElementType()));
  auto shared = SharedLayoutAttr::get(builder.getContext(),
                                      map.withInputs({LayoutDim::Block, LayoutDim::Offset}),
                                      kScratchAlignment);
  auto memory =
      MemDescType::get(builder.getContext(), block.getShape(), block.getElementType(), shared);
  auto alloc =
      SharedAllocOp::create(builder, loc, memory, IntegerAttr(), builder.getStringAttr(purpose));
  SharedStoreOp::create(builder, loc, value, alloc);
  return SharedLoadOp::create(builder, loc, type, alloc);
}

class ExplicitScratchPass : public tilegpu::impl::ExplicitScratchBase<ExplicitScratchPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<ConvertLayoutOp, tile::AtomicRMWOp, tile::AtomicCASOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : llvm::reverse(ops)) { // users first: what they no longer need is dropped
      auto convert = dyn_cast<ConvertLayoutOp>(op);
      if (!convert)
        shareAtomicResult(op);
      else if (failed(expandConversion(convert)))
        return signalPassFailure();
    }
  }

  LogicalResult expandConversion(ConvertLayoutOp op);
  void shareAtomicResult(Operation *atomic);
  Operation *asBlockOfOne(Operation *atomic);
};

LogicalResult ExplicitScratchPass::expandConversion(ConvertLayoutOp op) {
  if (op.use_empty()) {
    op.erase();
    return success();
  }
  auto block = op.getType();
  llvm::Expected<ConversionCost> cost =
      conversionCost(layoutOf(op.getValue()), layoutOf(block), elementBits(block.getElementType()));
  if (!cost)
    return op.emitOpError(llvm::toString(cost.takeError()));
  if (cost->kind != ConversionKind::SharedMemory)
    return success();
  OpBuilder builder(op);
  op.replaceAllUsesWith(
      throughShared(builder, op.getLoc(), op.getValue(), block, "layout conversion"));
  op.erase();
  ++numConversions;
  return success();
}

/// A scalar atomic as one of a block of one element, which every thread holds; its result is the
/// block's element again.
Operation *ExplicitScratchPass::asBlockOfOne(Operation *atomic) {
  OpBuilder builder(atomic);
  Location loc = atomic->getLoc();
  auto layout = LayoutAttr::get(
      &getContext(), blockedLayout({1}, defaultBlockedParameters({1}, numWarpsOf(atomic))));
  auto blockOf = [&](Type element) { return RankedTensorType::get({1}, element, layout); };
  SmallVector<Value> operands =
      llvm::map_to_vector(atomic->getOperands(), [&](Value operand) -> Value {
        return tile::SplatOp::create(builder, loc, blockOf(operand.getType()), operand);
      });
  OperationState state(loc, atomic->getName(), operands, blockOf(atomic->getResult(0).getType()),
                       atomic->getAttrs());
  Operation *block = builder.create(state);
  auto element =
      tile::UnsplatOp::create(builder, loc, atomic->getResult(0).getType(), block->getResult(0));
  atomic->getResult(0).replaceAllUsesWith(element);
  atomic->erase();
  return block;
}

/// One replica performs an atomic; the others learn the result from it.
void ExplicitScratchPass::shareAtomicResult(Operation *atomic) {
  if (atomic->getResult(0).use_empty())
    return;
  if (!isa<RankedTensorType>(atomic->getResult(0).getType()))
    atomic = asBlockOfOne(atomic);
  Value result = atomic->getResult(0);
  auto type = cast<RankedTensorType>(result.getType());
  if (!replicationMasks(layoutOf(type)).any())
    return;
  OpBuilder builder(atomic->getContext());
  builder.setInsertionPointAfter(atomic);
  Value shared = throughShared(builder, atomic->getLoc(), result, type, "result of an atomic");
  result.replaceUsesWithIf(shared,
                           [](OpOperand &use) { return !isa<SharedStoreOp>(use.getOwner()); });
  ++numAtomics;
}

} // namespace
