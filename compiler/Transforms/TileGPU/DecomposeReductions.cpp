// Reductions and scans across warps, in steps within a warp.
#include "compiler/Transforms/TileGPU/Passes.h"

#include "compiler/Analysis/AxisOfLayout.h"
#include "dialects/Layout/LayoutConstructors.h"

#include "mlir/IR/IRMapping.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_DECOMPOSEREDUCTIONS
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

/// `layout` with each column of `dim` replaced by what `replace(column)` says; none drops it.
/// Outputs become `out`.
template <typename Replace>
LinearLayout mapColumns(const LinearLayout &layout, LayoutSpace out, Replace replace) {
  LayoutSpace in = layout.in();
  SmallVector<uint32_t> columns;
  for (LayoutDim dim : {LayoutDim::Register, LayoutDim::Lane, LayoutDim::Warp, LayoutDim::Block}) {
    unsigned bits = 0;
    for (uint32_t column : layout.columns(dim))
      if (std::optional<uint32_t> replaced = replace(dim, column)) {
        columns.push_back(*replaced);
        ++bits;
      }
    in.setBits(dim, bits);
  }
  return LinearLayout::fromColumns(in, std::move(out), columns);
}

/// The layout of warp_reduce's result: one partial per warp along `axis`, replicated over the lanes
/// that took part.
LinearLayout partialLayout(const LinearLayout &source, unsigned axis) {
  const LayoutDim axisDim = tensorDim(axis);
  const uint32_t mask = source.out().mask(axisDim);
  LayoutSpace out = source.out();
  unsigned warpBits = llvm::count_if(source.columns(LayoutDim::Warp),
                                     [&](uint32_t column) { return column & mask; });
  out.setBits(axisDim, warpBits);
  auto moved = [&](uint32_t column) { // the other dims' bits, where `out` has them
    uint32_t flat = 0;
    for (const LayoutSpace::Axis &each : out.axes())
      if (each.dim != axisDim)
        flat |= source.out().coordinate(column, each.dim) << out.shift(each.dim);
    return flat;
  };
  unsigned nextWarp = 0;
  return mapColumns(source, out, [&](LayoutDim dim, uint32_t column) -> std::optional<uint32_t> {
    if (!(column & mask))
      return moved(column);
    if (dim == LayoutDim::Register)
      return std::nullopt;
    return dim == LayoutDim::Warp ? 1u << (out.shift(axisDim) + nextWarp++) : 0;
  });
}

/// `partial` with all partial results of the axis in registers of each thread.
LinearLayout gatheredLayout(const LinearLayout &partial, unsigned axis) {
  const uint32_t mask = partial.out().mask(tensorDim(axis));
  LinearLayout replicated = mapColumns(partial, partial.out(),
                                       [&](LayoutDim, uint32_t column) -> std::optional<uint32_t> {
                                         return column & mask ? 0 : column;
                                       });
  // Registers of the axis come first: the final reduction reads them in runs.
  LayoutSpace in = replicated.in();
  SmallVector<uint32_t> columns;
  for (unsigned bit = 0; bit < partial.outBits(tensorDim(axis)); ++bit)
    columns.push_back(1u << (partial.out().shift(tensorDim(axis)) + bit));
  in.setBits(LayoutDim::Register, replicated.inBits(LayoutDim::Register) + columns.size());
  llvm::append_range(columns, replicated.columns());
  return LinearLayout::fromColumns(in, partial.out(), columns);
}

/// A layout in which no warp shares `axis`: the axis in registers and lanes, the rest of the lanes
/// and all warps along other dims.
LinearLayout withinWarpLayout(ArrayRef<int64_t> shape, unsigned axis, int64_t numWarps) {
  SmallVector<int64_t> order{axis};
  for (unsigned dim = shape.size(); dim-- > 0;)
    if (dim != axis)
      order.push_back(dim);
  int64_t perLane = std::max<int64_t>(1, shape[axis] / kLanesPerWarp);
  return blockedLayout(shape, defaultBlockedParameters(shape, numWarps, perLane, order));
}

class DecomposeReductionsPass
    : public tilegpu::impl::DecomposeReductionsBase<DecomposeReductionsPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<tile::ReduceOp, tile::ScanOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      LogicalResult done = isa<tile::ReduceOp>(op) ? splitReduce(cast<tile::ReduceOp>(op))
                                                   : confineScan(cast<tile::ScanOp>(op));
      if (failed(done))
        return signalPassFailure();
    }
  }

  LogicalResult checkCluster(Operation *op, unsigned axis) {
    if (!axisCrosses(layoutOf(op->getOperand(0)), axis, LayoutDim::Block))
      return success();
    return op->emitOpError("combines elements of several CTAs of a cluster along axis ")
           << axis << "; choose a layout that keeps the axis in one CTA";
  }

  /// All sources in `layout`.
  static SmallVector<Value> converted(OpBuilder &builder, Location loc, ValueRange sources,
                                      const LinearLayout &layout) {
    return llvm::map_to_vector(sources, [&](Value source) -> Value {
      auto block = cast<RankedTensorType>(source.getType());
      return builder.createOrFold<ConvertLayoutOp>(loc, withLayout(block, layout), source);
    });
  }

  LogicalResult splitReduce(tile::ReduceOp op);
  LogicalResult confineScan(tile::ScanOp op);
};

/// Gives the results of a replacement the types that the users of `op` expect.
void replaceConverted(OpBuilder &builder, Operation *op, Operation *replacement) {
  for (auto [old, result] : llvm::zip_equal(op->getResults(), replacement->getResults())) {
    Value value = result;
    if (old.getType() != value.getType())
      value = ConvertLayoutOp::create(builder, op->getLoc(), old.getType(), value);
    old.replaceAllUsesWith(value);
  }
  op->erase();
}

LogicalResult DecomposeReductionsPass::splitReduce(tile::ReduceOp op) {
  const unsigned axis = op.getAxis();
  const LinearLayout &given = layoutOf(op.getSources().front());
  bool lies = axisIsSeparate(given, axis);
  if (failed(checkCluster(op, axis)))
    return failure();
  if (lies && !axisCrosses(given, axis, LayoutDim::Warp))
    return success();

  OpBuilder builder(op);
  Location loc = op.getLoc();
  SmallVector<Value> sources(op.getSources());
  if (!lies) // axis and other dims are mixed in one bit: nothing there can be combined in place
    sources =
        converted(builder, loc, sources, withinWarpLayout(given.shape(), axis, numWarpsOf(op)));
  const LinearLayout layout = layoutOf(sources.front());

  if (axisCrosses(layout, axis, LayoutDim::Warp)) {
    const LinearLayout partial = partialLayout(layout, axis);
    SmallVector<Type> partialTypes = llvm::map_to_vector(sources, [&](Value source) -> Type {
      auto block = cast<RankedTensorType>(source.getType());
      return RankedTensorType::get(partial.shape(), block.getElementType(),
                                   LayoutAttr::get(&getContext(), partial));
    });
    auto within =
        WarpReduceOp::create(builder, loc, partialTypes, sources, builder.getI32IntegerAttr(axis));
    IRMapping mapping;
    op.getCombine().cloneInto(&within.getCombine(), mapping);
    sources = converted(builder, loc, within.getResults(), gatheredLayout(partial, axis));
    ++numReductions;
  }
  const LinearLayout result = sliceLayout(layoutOf(sources.front()), axis);
  SmallVector<Type> types = llvm::map_to_vector(op.getResultTypes(), [&](Type type) -> Type {
    auto block = dyn_cast<RankedTensorType>(type);
    return block ? withLayout(block, result) : type;
  });
  auto last = tile::ReduceOp::create(builder, loc, types, sources, builder.getI32IntegerAttr(axis));
  last.getCombine().takeBody(op.getCombine());
  replaceConverted(builder, op, last);
  return success();
}

LogicalResult DecomposeReductionsPass::confineScan(tile::ScanOp op) {
  const unsigned axis = op.getAxis();
  const LinearLayout &given = layoutOf(op.getSources().front());
  if (failed(checkCluster(op, axis)))
    return failure();
  if (axisIsSeparate(given, axis) && axisIsBitwise(given, axis) &&
      !axisCrosses(given, axis, LayoutDim::Warp))
    return success();
  OpBuilder builder(op);
  LinearLayout layout = withinWarpLayout(given.shape(), axis, numWarpsOf(op));
  SmallVector<Value> sources = converted(builder, op.getLoc(), op.getSources(), layout);
  SmallVector<Type> types(ValueRange(sources).getTypes());
  auto scan = tile::ScanOp::create(builder, op.getLoc(), types, sources, op.getAxisAttr(),
                                   op.getReverseAttr());
  scan.getCombine().takeBody(op.getCombine());
  replaceConverted(builder, op, scan);
  ++numScans;
  return success();
}

} // namespace
