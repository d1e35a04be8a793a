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

/// What the swizzle of 16-byte pieces moves within: an exclusive or with an address does it then.
constexpr int32_t kAlignment = 128;
/// An operand that a loop does not change is read anew in each iteration if it would take more
/// 32-bit registers of a thread than these.
constexpr int64_t kMostHeldRegisters = 16;

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

/// Sets where a value is stored for its conversion: in the conversion's place, or, if a region
/// around the conversion does not change the value, right behind what makes it, so that it need not
/// stay in registers and serves all its readers.
void goToStore(OpBuilder &builder, ConvertLayoutOp convert) {
  Operation *maker = convert.getValue().getDefiningOp();
  if (maker && maker->getBlock() != convert->getBlock())
    builder.setInsertionPointAfter(maker);
  else
    builder.setInsertionPoint(convert);
}

class StageSharedPass : public tilegpu::impl::StageSharedBase<StageSharedPass> {
  void runOnOperation() override {
    stored.clear();
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
    // What was loaded can be copied to shared memory on its way, and read by ldmatrix: shuffles of
    // it are more. Blocks of rank 1 and truth values tilegpu-explicit-scratch does well.
    bool loaded = convert.getValue().getDefiningOp<tile::LoadOp>() != nullptr;
    bool within =
        cost->kind == ConversionKind::Identity || cost->kind == ConversionKind::RegisterPermute;
    if (block.getRank() < 2 || bits == 1 || within ||
        (cost->kind == ConversionKind::WarpShuffle && !loaded))
      return success();
    StagingOptions options;
    options.contiguousDim = contiguousDim(convert.getValue());
    llvm::Expected<StagingChoice> choice = chooseStaging(from, to, bits, options);
    if (!choice)
      return convert.emitOpError(llvm::toString(choice.takeError()));

    OpBuilder builder(convert);
    auto layout = SharedLayoutAttr::get(
        &getContext(), choice->shared.withInputs({LayoutDim::Block, LayoutDim::Offset}),
        kAlignment);
    SharedAllocOp &alloc = stored[{convert.getValue(), layout}];
    if (!alloc || alloc->getBlock() == convert->getBlock()) {
      goToStore(builder, convert);
      auto type = MemDescType::get(&getContext(), block.getShape(), block.getElementType(), layout);
      alloc = SharedAllocOp::create(builder, convert.getLoc(), type, "dot operand");
      SharedStoreOp::create(builder, convert.getLoc(), convert.getValue(), alloc);
    }
    placeRead(builder, convert, alloc, elementsPerThread(to) * bits / 32);
    convert.replaceAllUsesWith(
        SharedLoadOp::create(builder, convert.getLoc(), block, alloc).getResult());
    convert.erase();
    ++numOperands;
    return success();
  }

  /// In the conversion's place, or, if a loop around it does not change what is read and registers
  /// can hold it meanwhile, before that loop.
  static void placeRead(OpBuilder &builder, ConvertLayoutOp convert, SharedAllocOp alloc,
                        int64_t registers) {
    builder.setInsertionPoint(convert);
    if (registers > kMostHeldRegisters)
      return;
    for (Operation *around = convert->getParentOp();
         around && alloc->getParentRegion()->isAncestor(around->getParentRegion());
         around = around->getParentOp())
      if (isa<LoopLikeOpInterface>(around))
        builder.setInsertionPoint(around);
  }

  /// What has been stored, by value and layout.
  llvm::DenseMap<std::pair<Value, Attribute>, SharedAllocOp> stored;
};

} // namespace
