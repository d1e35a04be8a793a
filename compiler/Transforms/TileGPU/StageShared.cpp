// Operands of matrix instructions on their way through shared memory.
#include "compiler/Transforms/TileGPU/Passes.h"

#include "dialects/Layout/StagingLayout.h"
#include "dialects/TileGPU/IR/MmaOps.h"
#include "dialects/TileGPU/IR/ShapeLayouts.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_STAGESHARED
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

/// Vectors of 16 bytes, and rows of ldmatrix.
constexpr int32_t kAlignment = 16;
/// An operand that a loop does not change is read anew in each iteration if it would take more
/// 32-bit registers of a thread than these.
constexpr int64_t kMostHeldRegisters = 32;

/// Conversions whose result reaches an operand of a matrix instruction by way of elementwise
/// operations and changes of shape alone.
SmallVector<ConvertLayoutOp> conversionsOfOperands(func::FuncOp function) {
  SetVector<Operation *> found;
  function.walk([&](Operation *op) {
    if (!isa<MmaOp, MmaSparseOp>(op))
      return;
    SmallVector<Value> worklist(op->getOperands().drop_back()); // not the accumulator
    llvm::DenseSet<Value> seen;
    while (!worklist.empty()) {
      Value value = worklist.pop_back_val();
      Operation *maker = value.getDefiningOp();
      if (!maker || !seen.insert(value).second)
        continue;
      if (isa<ConvertLayoutOp>(maker))
        found.insert(maker);
      else if (maker->hasTrait<OpTrait::Elementwise>() || shapeChangeOf(maker))
        worklist.append(maker->operand_begin(), maker->operand_end());
    }
  });
  return llvm::map_to_vector(found, [](Operation *op) { return cast<ConvertLayoutOp>(op); });
}

/// The dim along which a thread's registers move in a loaded block: a copy that does not pass
/// through registers must keep it contiguous.
std::optional<unsigned> contiguousDim(Value value) {
  auto load = value.getDefiningOp<tile::LoadOp>();
  if (!load)
    return std::nullopt;
  const LinearLayout &layout = layoutOf(load.getType());
  if (layout.inBits(LayoutDim::Register) == 0)
    return std::nullopt;
  auto first = layout.basis(LayoutDim::Register, 0);
  for (unsigned dim = first.size() - 2; dim < first.size(); ++dim)
    if (first[dim] == 1)
      return dim;
  return std::nullopt;
}

/// The outermost loop around `user` that `convert` does not stand in.
Operation *loopWithout(ConvertLayoutOp convert, Operation *user) {
  Operation *outermost = nullptr;
  for (Operation *around = user->getParentOp(); around && !isa<func::FuncOp>(around);
       around = around->getParentOp())
    if (isa<LoopLikeOpInterface>(around) && !around->isAncestor(convert))
      outermost = around;
  return outermost;
}

class StageSharedPass : public tilegpu::impl::StageSharedBase<StageSharedPass> {
  void runOnOperation() override {
    for (ConvertLayoutOp convert : conversionsOfOperands(getOperation()))
      if (failed(stage(convert)))
        return signalPassFailure();
  }

  LogicalResult stage(ConvertLayoutOp convert) {
    auto block = cast<RankedTensorType>(convert.getType());
    const unsigned bits = elementBits(block.getElementType());
    const LinearLayout &from = layoutOf(convert.getValue()), &to = layoutOf(block);
    llvm::Expected<ConversionCost> cost = conversionCost(from, to, bits);
    if (!cost)
      return convert.emitOpError(llvm::toString(cost.takeError()));
    if (cost->kind != ConversionKind::SharedMemory || block.getRank() < 2)
      return success(); // block of rank 1: tilegpu-explicit-scratch does well
    StagingOptions options;
    options.contiguousDim = contiguousDim(convert.getValue());
    llvm::Expected<StagingChoice> choice = chooseStaging(from, to, bits, options);
    if (!choice)
      return convert.emitOpError(llvm::toString(choice.takeError()));

    OpBuilder builder(convert);
    auto layout = SharedLayoutAttr::get(
        &getContext(), choice->shared.withInputs({LayoutDim::Block, LayoutDim::Offset}),
        kAlignment);
    auto type =
        MemDescType::get(&getContext(), block.getShape(), block.getElementType(), layout);
    auto alloc = SharedAllocOp::create(builder, convert.getLoc(), type, "dot operand");
    SharedStoreOp::create(builder, convert.getLoc(), convert.getValue(), alloc);
    readBack(convert, alloc);
    ++numOperands;
    return success();
  }

  /// Replaces the conversion by a read, which stands where the conversion stood or, if the operand
  /// would fill too many registers throughout a loop, in the loop.
  void readBack(ConvertLayoutOp convert, SharedAllocOp alloc) {
    RankedTensorType block = convert.getType();
    int64_t registers = elementsPerThread(layoutOf(block)) *
                        elementBits(block.getElementType()) / 32;
    OpBuilder builder(convert);
    if (registers > kMostHeldRegisters)
      for (OpOperand &use : llvm::make_early_inc_range(convert->getUses()))
        if (loopWithout(convert, use.getOwner())) {
          builder.setInsertionPoint(use.getOwner());
          use.set(SharedLoadOp::create(builder, convert.getLoc(), block, alloc));
        }
    if (!convert.use_empty()) {
      builder.setInsertionPoint(convert);
      convert.replaceAllUsesWith(
          SharedLoadOp::create(builder, convert.getLoc(), block, alloc).getResult());
    }
    convert.erase();
  }
};

} // namespace
