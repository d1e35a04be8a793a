// What must hold between the stages of the GPU pipeline.
#include "compiler/Transforms/TileGPU/Passes.h"

#include "compiler/Analysis/AxisOfLayout.h"
#include "compiler/Analysis/SharedHazards.h"
#include "compiler/Analysis/SharedLifetime.h"
#include "dialects/Layout/ConversionPlan.h"
#include "dialects/Layout/LayoutQueries.h"
#include "dialects/TileGPU/IR/ShapeLayouts.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_VERIFYSTAGE
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

//===--------------------------------------------------------------------------------------------===//
// layouts
//===--------------------------------------------------------------------------------------------===//

LogicalResult verifyModule(ModuleOp module) {
  if (!module->getAttrOfType<TargetAttr>(kTargetAttr))
    return module.emitOpError() << "has no '" << kTargetAttr
                                << "'; convert-tile-to-tilegpu sets it";
  if (!module->getAttrOfType<IntegerAttr>(kNumWarpsAttr))
    return module.emitOpError() << "has no '" << kNumWarpsAttr
                                << "'; convert-tile-to-tilegpu sets it";
  return success();
}

LogicalResult verifyBlock(Operation *op, Type type, int numWarps) {
  auto block = dyn_cast<RankedTensorType>(type);
  if (!block)
    return success();
  LayoutAttr layout = layoutAttrOf(block);
  if (!layout)
    return op->emitOpError("has a block without a layout: ") << block;
  if (int64_t warps = layout.getMap().inSize(LayoutDim::Warp); warps != numWarps)
    return op->emitOpError("has a block spread over ")
           << warps << " warps in a module of " << numWarps << ": " << block;
  return success();
}

LogicalResult verifyLayouts(Operation *op, int numWarps) {
  for (Type type : op->getResultTypes())
    if (failed(verifyBlock(op, type, numWarps)))
      return failure();
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Type type : block.getArgumentTypes())
        if (failed(verifyBlock(op, type, numWarps)))
          return failure();
  if (auto cat = dyn_cast<tile::CatOp>(op);
      cat && layoutOf(cat.getType()) != forwardCatLayout(cat, layoutOf(cat.getLhs())))
    return op->emitOpError("keeps each thread's elements: its result's registers are those of the "
                           "first block, then those of the second; got ")
           << cat.getLhs().getType() << " and " << cat.getType();
  return success();
}

//===--------------------------------------------------------------------------------------------===//
// scratch
//===--------------------------------------------------------------------------------------------===//

LogicalResult verifyConversion(ConvertLayoutOp op) {
  llvm::Expected<ConversionCost> cost = conversionCost(
      layoutOf(op.getValue()), layoutOf(op.getType()), elementBits(op.getType().getElementType()));
  if (!cost)
    return op.emitOpError(llvm::toString(cost.takeError()));
  if (cost->kind == ConversionKind::SharedMemory)
    return op.emitOpError("still needs ")
           << cost->scratchBytes << " bytes of shared memory that it does not name";
  return success();
}

LogicalResult verifyAxis(Operation *op, unsigned axis) {
  const LinearLayout &layout = layoutOf(op->getOperand(0));
  if (!axisIsSeparate(layout, axis))
    return op->emitOpError("combines along axis ")
           << axis << ", which shares bits of the layout with other dimensions";
  for (LayoutDim dim : {LayoutDim::Warp, LayoutDim::Block})
    if (axisCrosses(layout, axis, dim))
      return op->emitOpError("combines along axis ")
             << axis << ", which is spread over several " << layoutDimName(dim) << "s";
  return success();
}

LogicalResult verifyAtomic(Operation *op) {
  Value result = op->getResult(0);
  auto reachesOthers = [](Operation *user) { return isa<SharedStoreOp>(user); };
  LayoutAttr layout = layoutAttrOf(result.getType());
  if ((layout && !replicationMasks(layout.getMap()).any()) ||
      llvm::all_of(result.getUsers(), reachesOthers))
    return success();
  return op->emitOpError(
      "is performed by one of several threads, yet others use its result directly");
}

LogicalResult verifyScratch(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([](ConvertLayoutOp convert) { return verifyConversion(convert); })
      .Case([](tile::ReduceOp reduce) { return verifyAxis(reduce, reduce.getAxis()); })
      .Case([](tile::ScanOp scan) { return verifyAxis(scan, scan.getAxis()); })
      .Case<tile::AtomicRMWOp, tile::AtomicCASOp>(
          [](Operation *atomic) { return verifyAtomic(atomic); })
      .Case([](tile::DotOp dot) {
        return dot.emitOpError("is not placed; tilegpu-stage-dot places it");
      })
      .Default([](Operation *) { return success(); });
}

//===--------------------------------------------------------------------------------------------===//
// allocated, barriers
//===--------------------------------------------------------------------------------------------===//

LogicalResult verifyAllocation(func::FuncOp func, int64_t sharedBytes) {
  FailureOr<SmallVector<SharedBuffer>> buffers = findSharedBuffers(func);
  if (failed(buffers))
    return failure();
  for (const SharedBuffer &buffer : *buffers) {
    SharedAllocOp alloc = buffer.alloc;
    if (!alloc.getOffset())
      return alloc.emitOpError("has no offset; tilegpu-allocate-shared gives one");
    if (buffer.offset() + buffer.bytes > sharedBytes)
      return alloc.emitOpError("ends at byte ")
             << buffer.offset() + buffer.bytes << ", beyond the module's " << sharedBytes;
  }
  for (const SharedBuffer &one : *buffers)
    for (const SharedBuffer &other : *buffers)
      if (&one < &other && one.aliveWith(other) && one.overlapsInBytes(other)) {
        InFlightDiagnostic error =
            SharedAllocOp(other.alloc)
                .emitOpError("shares bytes with a buffer that is alive at the same time");
        error.attachNote(one.alloc->getLoc()) << "the other buffer";
        return error;
      }
  return success();
}

LogicalResult verifyBarriers(func::FuncOp func) {
  FailureOr<SmallVector<Operation *>> missing = findMissingBarriers(func);
  if (failed(missing))
    return failure();
  if (!missing->empty())
    return missing->front()->emitOpError(
        "conflicts with an earlier access that no barrier separates from it");
  return success();
}

class VerifyStagePass : public tilegpu::impl::VerifyStageBase<VerifyStagePass> {
public:
  using VerifyStageBase::VerifyStageBase;

private:
  void runOnOperation() override {
    constexpr StringLiteral kStages[] = {"layouts", "scratch", "allocated", "barriers"};
    const auto *found = llvm::find(kStages, StringRef(stage));
    if (found == std::end(kStages)) {
      getOperation().emitError("unknown stage '")
          << stage << "'; known are layouts, scratch, allocated and barriers";
      return signalPassFailure();
    }
    if (failed(verify(found - kStages)))
      signalPassFailure();
  }

  LogicalResult verify(int reached) {
    ModuleOp module = getOperation();
    if (failed(verifyModule(module)))
      return failure();
    int numWarps = numWarpsOf(module);
    WalkResult ops = module.walk([&](Operation *op) {
      if (failed(verifyLayouts(op, numWarps)) || (reached >= 1 && failed(verifyScratch(op))))
        return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (ops.wasInterrupted())
      return failure();
    auto bytes = module->getAttrOfType<IntegerAttr>(kSharedBytesAttr);
    if (reached >= 2 && !bytes)
      return module.emitOpError() << "has no '" << kSharedBytesAttr
                                  << "'; tilegpu-allocate-shared sets it";
    for (auto func : module.getOps<func::FuncOp>()) {
      if (reached >= 2 && failed(verifyAllocation(func, bytes.getInt())))
        return failure();
      if (reached >= 3 && failed(verifyBarriers(func)))
        return failure();
    }
    return success();
  }
};

} // namespace
