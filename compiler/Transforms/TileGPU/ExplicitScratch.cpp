// Shared memory that conversions and atomics need, as allocations.
#include "compiler/Transforms/TileGPU/Passes.h"

#include "dialects/Layout/ConversionPlan.h"
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/LayoutQueries.h"
#include "dialects/Layout/StagingLayout.h"

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

/// A block on its way through a buffer.
struct Passage {
  const LinearLayout &source, &destination;
  unsigned bits; ///< of an element in shared memory
  bool hasStmatrix;
};

/// Whether a plan exists without a swizzle, with either of the last two dims contiguous: swizzles
/// of whole rows of matrices don't change that.
template <typename PlanT>
bool fitsMatrices(const LinearLayout &distributed, unsigned bits, PlanT planAccess) {
  SmallVector<int64_t, 4> shape = distributed.shape();
  int64_t rank = shape.size();
  for (int64_t fastest : {rank - 1, rank - 2}) {
    SwizzleParameters plain;
    plain.order = {fastest, 2 * rank - 3 - fastest};
    for (int64_t dim = rank - 2; dim-- > 0;)
      plain.order.push_back(dim);
    auto plan = planAccess(distributed, plain.layout(shape), bits, 4);
    if (plan)
      return true;
    llvm::consumeError(plan.takeError());
  }
  return false;
}

/// What matrix instructions can do for the passage; neither where they can do nothing.
StagingOptions matrixOptions(const Passage &passage) {
  StagingOptions options;
  bool possible = passage.source.shape().size() >= 2 && passage.bits <= 32;
  options.ldmatrix = possible && fitsMatrices(passage.destination, passage.bits, planLdmatrix);
  options.stmatrix =
      possible && passage.hasStmatrix && fitsMatrices(passage.source, passage.bits, planStmatrix);
  return options;
}

/// What a passage costs a warp, both ways: wavefronts, then instructions.
using Cost = std::pair<int64_t, int64_t>;

Cost costOf(const SharedTraffic &write, const SharedTraffic &read) {
  return {write.wavefronts() + read.wavefronts(), write.instructions + read.instructions};
}

/// None for a layout that one side cannot access.
std::optional<Cost> costThrough(const Passage &passage, const LinearLayout &shared,
                                const StagingOptions &options) {
  auto write =
      cheapestTraffic(passage.source, shared, passage.bits, /*isStore=*/true, options.stmatrix);
  auto read = cheapestTraffic(passage.destination, shared, passage.bits, /*isStore=*/false,
                              options.ldmatrix);
  if (write && read)
    return costOf(*write, *read);
  llvm::consumeError(write.takeError());
  llvm::consumeError(read.takeError());
  return std::nullopt;
}

/// What accesses of 16 bytes cost without conflicts: four wavefronts each.
Cost lowestCost(const Passage &passage) {
  int64_t instructions = 0;
  for (const LinearLayout *side : {&passage.source, &passage.destination})
    instructions +=
        llvm::divideCeil(uniqueElementsPerThread(*side) * passage.bits, 8 * kScratchAlignment);
  return {4 * instructions, instructions};
}

/// The cheapest layout: one for vectors, or one that has rows for ldmatrix and stmatrix where these
/// are possible.
LinearLayout scratchLayout(const Passage &passage) {
  LinearLayout vectors = chooseSharedLayout(passage.source, passage.destination, passage.bits)
                             .withInputs({LayoutDim::Block, LayoutDim::Offset});
  StagingOptions options = matrixOptions(passage);
  if (!options.ldmatrix && !options.stmatrix)
    return vectors;
  std::optional<Cost> cost = costThrough(passage, vectors, options);
  if (cost && *cost <= lowestCost(passage))
    return vectors;
  llvm::Expected<StagingChoice> staging =
      chooseStaging(passage.source, passage.destination, passage.bits, options);
  if (!staging) {
    llvm::consumeError(staging.takeError());
    return vectors;
  }
  return !cost || costOf(staging->write, staging->read) < *cost ? staging->shared : vectors;
}

/// `value` through a buffer, read back as `type`.
Value throughShared(OpBuilder &builder, Location loc, Value value, RankedTensorType type,
                    StringRef purpose) {
  auto block = cast<RankedTensorType>(value.getType());
  auto module = builder.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  auto target = module->getAttrOfType<TargetAttr>(kTargetAttr);
  constexpr unsigned kByte = 8; // what a narrower element takes
  LinearLayout map = scratchLayout({layoutOf(block), layoutOf(type),
                                    std::max(kByte, elementBits(block.getElementType())),
                                    target && target.hasStmatrix()});
  auto shared = SharedLayoutAttr::get(builder.getContext(), map, kScratchAlignment);
  auto memory =
      MemDescType::get(builder.getContext(), block.getShape(), block.getElementType(), shared);
  auto alloc = SharedAllocOp::create(builder, loc, memory, purpose);
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
