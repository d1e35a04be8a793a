// Stores that need no trip through shared memory before them.
#include "compiler/Transforms/TileGPU/LayoutAssignment.h"
#include "compiler/Transforms/TileGPU/Passes.h"

#include "dialects/Layout/ConversionPlan.h"
#include "dialects/Layout/LayoutQueries.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_STOREDIRECTLY
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

/// What memory moves at once (CUDA C++ Best Practices Guide, "Coalesced Access to Global Memory").
constexpr int64_t kSectorBytes = 32;
constexpr int64_t kWidestBytes = 16; ///< of one store
/// With fewer bytes for a thread to store at once, so many more instructions cost more than the
/// trip.
constexpr int64_t kFewestBytes = 8;

/// The dim along which the registers of a coalesced access move; none where it is one element.
std::optional<unsigned> fastestDim(const LinearLayout &layout) {
  if (layout.inBits(LayoutDim::Register) == 0)
    return std::nullopt;
  auto first = layout.basis(LayoutDim::Register, 0);
  for (auto [dim, step] : llvm::enumerate(first))
    if (step == 1)
      return dim;
  return std::nullopt;
}

bool movesBy(const LinearLayout &layout, LayoutDim from, unsigned bit, unsigned dim, int64_t step) {
  auto basis = layout.basis(from, bit);
  for (auto [each, value] : llvm::enumerate(basis))
    if (value != (each == dim ? step : 0))
      return false;
  return true;
}

/// The same elements in each thread, with neighbours along `dim` in neighbouring registers.
LinearLayout inRuns(const LinearLayout &layout, unsigned dim) {
  const unsigned bits = layout.inBits(LayoutDim::Register);
  SmallVector<unsigned> order;
  for (int64_t step = 1;; step *= 2) {
    auto next = llvm::find_if(llvm::seq(bits), [&](unsigned bit) {
      return movesBy(layout, LayoutDim::Register, bit, dim, step);
    });
    if (next == llvm::seq(bits).end())
      break;
    order.push_back(*next);
  }
  for (unsigned bit = 0; bit < bits; ++bit)
    if (!llvm::is_contained(order, bit))
      order.push_back(bit);
  SmallVector<uint32_t> columns(layout.columns()); // registers come first
  for (auto [place, bit] : llvm::enumerate(order))
    columns[place] = layout.columns(LayoutDim::Register)[bit];
  return LinearLayout::fromColumns(layout.in(), layout.out(), columns);
}

/// Neighbouring elements along `dim` that the first registers of a thread hold, and those that they
/// make up together with the same registers of neighbouring lanes.
struct Runs {
  int64_t thread = 1, warp = 1;
};

Runs runsAlong(const LinearLayout &layout, unsigned dim) {
  Runs runs;
  while (runs.thread < elementsPerThread(layout) &&
         movesBy(layout, LayoutDim::Register, llvm::Log2_64(runs.thread), dim, runs.thread))
    runs.thread *= 2;
  runs.warp = runs.thread;
  for (unsigned bit = 0; bit < layout.inBits(LayoutDim::Lane); ++bit)
    if (movesBy(layout, LayoutDim::Lane, bit, dim, runs.warp))
      runs.warp *= 2;
  return runs;
}

class StoreDirectlyPass : public tilegpu::impl::StoreDirectlyBase<StoreDirectlyPass> {
  void runOnOperation() override {
    SmallVector<tile::StoreOp> stores;
    getOperation().walk([&](tile::StoreOp store) { stores.push_back(store); });
    for (tile::StoreOp store : stores)
      numStores += storeDirectly(store);
  }

  static bool storeDirectly(tile::StoreOp store) {
    auto convert = store.getValue().getDefiningOp<ConvertLayoutOp>();
    if (!convert)
      return false;
    auto block = cast<RankedTensorType>(convert.getValue().getType());
    const LinearLayout &coalesced = layoutOf(convert.getType());
    std::optional<unsigned> dim = fastestDim(coalesced);
    const unsigned bits = elementBits(block.getElementType());
    if (!dim || bits < 8 || !needsSharedMemory(layoutOf(block), coalesced, bits))
      return false;
    const LinearLayout made = inRuns(layoutOf(block), *dim);
    auto proved = store->getAttrOfType<IntegerAttr>(kVectorAttr);
    const Runs runs = runsAlong(made, *dim);
    const int64_t widest = kWidestBytes * 8 / bits;
    const int64_t width = std::min(runs.thread, proved ? proved.getInt() : 1);
    if (width < std::min(runs.thread, widest) || width * bits / 8 < kFewestBytes ||
        runs.warp * bits / 8 < kSectorBytes)
      return false;
    auto layout = LayoutAttr::get(store.getContext(), made);
    for (Value operand : store->getOperands())
      if (operand != store.getValue() && layoutAttrOf(operand.getType()) &&
          !canRematerialize(operand, layout))
        return false;
    moveTo(store, convert, layout, width);
    return true;
  }

  static bool needsSharedMemory(const LinearLayout &from, const LinearLayout &to, unsigned bits) {
    llvm::Expected<ConversionCost> cost = conversionCost(from, to, bits);
    if (cost)
      return cost->kind == ConversionKind::SharedMemory;
    llvm::consumeError(cost.takeError());
    return false; // for tilegpu-explicit-scratch to report
  }

  static void moveTo(tile::StoreOp store, ConvertLayoutOp convert, LayoutAttr layout,
                     int64_t width) {
    OpBuilder builder(store);
    for (OpOperand &operand : store->getOpOperands()) {
      auto block = dyn_cast<RankedTensorType>(operand.get().getType());
      if (!block || operand.get() == convert.getResult())
        continue;
      auto moved = ConvertLayoutOp::create(builder, store.getLoc(), withLayout(block, layout),
                                           operand.get());
      operand.set(moved);
      rematerialize(moved);
    }
    auto block = cast<RankedTensorType>(convert.getType());
    store.getValueMutable().assign(builder.createOrFold<ConvertLayoutOp>(
        store.getLoc(), withLayout(block, layout), convert.getValue()));
    store->setAttr(kVectorAttr, builder.getI32IntegerAttr(static_cast<int32_t>(width)));
    if (convert.use_empty())
      convert.erase();
  }
};

} // namespace
