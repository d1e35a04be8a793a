// Dots on the scalar units: operands to shared memory, a loop over K by each thread.
#include "compiler/Transforms/TileGPU/Passes.h"

#include "dialects/Layout/F2.h"
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/LayoutQueries.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_STAGEDOT
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

constexpr int64_t kAccessBytes = 16;

/// An operand as the loop over K sees it: `outer` is the dim that the result keeps (M of a, N of
/// b).
struct OperandDims {
  unsigned outer, inner;
};

OperandDims dimsOfA(unsigned rank) { return {rank - 2, rank - 1}; }
OperandDims dimsOfB(unsigned rank) { return {rank - 1, rank - 2}; }

/// How many consecutive elements along `dim` a thread holds of the accumulator: so many of the
/// operand it reads at once.
int64_t runAlong(const LinearLayout &acc, unsigned dim) {
  f2::Subspace held(acc.columns(LayoutDim::Register));
  unsigned shift = acc.out().shift(tensorDim(dim)), bits = 0;
  while (bits < acc.outBits(tensorDim(dim)) && held.contains(1u << (shift + bits)))
    ++bits;
  return int64_t(1) << bits;
}

/// Wavefronts of one warp that stores all its registers.
int64_t storeCost(const LinearLayout &source, const LinearLayout &shared, unsigned bits,
                  int64_t maxWidth) {
  std::optional<LinearLayout> toOffset = placeToOffset(source, shared);
  if (!toOffset)
    llvm::report_fatal_error("stage-dot: the shared layout does not hold the whole operand");
  LinearLayout linear = toOffset->sublayout({LayoutDim::Warp, LayoutDim::Lane, LayoutDim::Register},
                                            {LayoutDim::Offset});
  VectorAccess access = vectorAccess(linear, maxWidth);
  return access.groups.size() * bankConflicts(*toOffset, bits, access.width).wavefronts;
}

/// The outer dim contiguous, so that one step of K reads vectors along it; the swizzle that stores
/// cheapest from `source`. All threads of a step read at the same k, where a swizzle only permutes
/// the vectors of a row: reads cost the same with any.
LinearLayout operandLayout(const LinearLayout &source, const LinearLayout &acc, OperandDims dims,
                           unsigned accDim, unsigned bits) {
  SmallVector<int64_t, 4> shape = source.shape(), order{dims.outer, dims.inner};
  for (unsigned dim = shape.size() - 2; dim-- > 0;)
    order.push_back(dim); // batches
  const int64_t mostPerAccess = kAccessBytes / sharedElementBytes(bits);
  const int64_t vec = std::min({runAlong(acc, accDim), mostPerAccess, shape[dims.outer]});
  const int64_t vectorsPerRow = shape[dims.outer] / vec;

  LinearLayout best = swizzledShared(shape, vec, 1, 1, order);
  int64_t bestCost = storeCost(source, best, bits, mostPerAccess);
  for (int64_t maxPhase = 2; maxPhase <= std::min(vectorsPerRow, shape[dims.inner]); maxPhase *= 2)
    for (int64_t perPhase = 1; perPhase * maxPhase <= shape[dims.inner]; perPhase *= 2) {
      LinearLayout layout = swizzledShared(shape, vec, perPhase, maxPhase, order);
      int64_t cost = storeCost(source, layout, bits, mostPerAccess);
      if (cost < bestCost)
        best = layout, bestCost = cost;
    }
  return best;
}

/// What is stored: conversions and their like only change the layout, and any layout can be stored.
Value withoutConversion(Value value) {
  while (auto convert = value.getDefiningOp<ConvertLayoutOp>())
    value = convert.getValue();
  return value;
}

/// The op before which an operand is staged: the dot, or the outermost loop around it in which the
/// operand does not change.
Operation *stagingPoint(Operation *dot, Value operand) {
  Operation *point = dot;
  for (Operation *around = dot->getParentOp(); around && !isa<func::FuncOp>(around);
       around = around->getParentOp()) {
    if (!operand.getParentRegion()->isAncestor(around->getParentRegion()))
      break; // made inside
    if (isa<LoopLikeOpInterface>(around))
      point = around;
  }
  return point;
}

class StageDotPass : public tilegpu::impl::StageDotBase<StageDotPass> {
  void runOnOperation() override {
    SmallVector<tile::DotOp> dots;
    getOperation().walk([&](tile::DotOp dot) { dots.push_back(dot); });
    for (tile::DotOp dot : dots)
      stage(dot);
    numDots += dots.size();
    eraseUnusedConversions();
  }

  /// The conversions that staging has gone around.
  void eraseUnusedConversions() {
    SmallVector<ConvertLayoutOp> conversions;
    getOperation().walk([&](ConvertLayoutOp convert) { conversions.push_back(convert); });
    for (ConvertLayoutOp convert : llvm::reverse(conversions))
      if (convert.use_empty())
        convert.erase();
  }

  void stage(tile::DotOp dot) {
    unsigned rank = dot.getType().getRank();
    Value a = stageOperand(dot, dot.getA(), dimsOfA(rank), rank - 2, "dot operand a");
    Value b = stageOperand(dot, dot.getB(), dimsOfB(rank), rank - 1, "dot operand b");
    OpBuilder builder(dot);
    auto fma = DotFmaOp::create(builder, dot.getLoc(), dot.getType(), a, b, dot.getAcc(),
                                dot.getUnsignedA(), dot.getUnsignedB());
    dot.replaceAllUsesWith(fma.getResult());
    dot.erase();
  }

  Value stageOperand(tile::DotOp dot, Value operand, OperandDims dims, unsigned accDim,
                     StringRef purpose) {
    operand = withoutConversion(operand);
    auto block = cast<RankedTensorType>(operand.getType());
    unsigned bits = elementBits(block.getElementType());
    LinearLayout map = operandLayout(layoutOf(block), layoutOf(dot.getType()), dims, accDim, bits);
    auto shared = SharedLayoutAttr::get(&getContext(), map, kAccessBytes);
    auto type = MemDescType::get(&getContext(), block.getShape(), block.getElementType(), shared);
    OpBuilder builder(stagingPoint(dot, operand));
    auto alloc = SharedAllocOp::create(builder, dot.getLoc(), type, purpose);
    SharedStoreOp::create(builder, dot.getLoc(), operand, alloc);
    return alloc;
  }
};

} // namespace
