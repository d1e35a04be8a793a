// tile.reduce and tilegpu.warp_reduce: a tree over the registers of each thread, then butterflies
// between the lanes that hold the rest of the axis.
#include "compiler/Conversion/TileGPUToNVVM/Combine.h"
#include "compiler/Conversion/TileGPUToNVVM/Shuffle.h"

#include <map>

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

class Reducer {
public:
  Reducer(Operation *op, Region &region, unsigned axis, ConversionPatternRewriter &rewriter)
      : op(op), region(region), axis(axis), rewriter(rewriter), emit(rewriter, op->getLoc()),
        layout(tilegpu::layoutOf(op->getOperand(0)), axis) {}

  /// `sources`: the registers of each operand. `resultLayout`: null for scalars. The results' axis,
  /// if they still have it, is `axis`, too.
  LogicalResult run(ArrayRef<ValueRange> sources, bool resultHasAxis) {
    if (failed(layout.verifySeparable(op)) || failed(checkOperands()))
      return failure();
    std::map<uint32_t, Tuple> reduced;
    for (auto &[rest, tuples] : groups(sources))
      reduced[rest] = acrossLanes(tree(std::move(tuples)));
    return replace(reduced, resultHasAxis);
  }

private:
  LogicalResult checkOperands() {
    for (Value operand : op->getOperands())
      if (tilegpu::layoutOf(operand) != layout.whole())
        return op->emitOpError("has operands in different layouts");
    return success();
  }

  /// The tuples of a thread that end up in one result, by the flat index of the result's element
  /// and in the order of the axis; replicas are left out.
  std::map<uint32_t, SmallVector<Tuple>> groups(ArrayRef<ValueRange> sources) {
    std::map<uint32_t, std::map<uint32_t, Tuple>> ordered;
    for (size_t r = 0; r < sources.front().size(); ++r) {
      Tuple &tuple = ordered[layout.restOf(r)][layout.axisOf(r)];
      if (tuple.empty())
        for (ValueRange registers : sources)
          tuple.push_back(registers[r]);
    }
    std::map<uint32_t, SmallVector<Tuple>> result;
    for (auto &[rest, tuples] : ordered)
      for (auto &[position, tuple] : tuples)
        result[rest].push_back(tuple);
    return result;
  }

  Tuple tree(SmallVector<Tuple> tuples) {
    while (tuples.size() > 1) {
      SmallVector<Tuple> next;
      for (size_t i = 0; i + 1 < tuples.size(); i += 2)
        next.push_back(combine(rewriter, region, tuples[i], tuples[i + 1]));
      if (tuples.size() % 2)
        next.push_back(tuples.back());
      tuples = std::move(next);
    }
    return tuples.front();
  }

  Tuple acrossLanes(Tuple tuple) {
    for (unsigned bit : layout.reducingLaneBits()) {
      Tuple other;
      for (Value value : tuple)
        other.push_back(shuffleScalarXor(emit, value, 1u << bit));
      tuple = combine(rewriter, region, tuple, other);
    }
    return tuple;
  }

  LogicalResult replace(const std::map<uint32_t, Tuple> &reduced, bool resultHasAxis) {
    SmallVector<SmallVector<Value>> results(op->getNumResults());
    if (!isa<RankedTensorType>(op->getResult(0).getType())) {
      for (auto [result, value] : llvm::zip(results, reduced.begin()->second))
        result.push_back(value);
      rewriter.replaceOpWithMultiple(op, std::move(results));
      return success();
    }
    LinearLayout wanted = tilegpu::layoutOf(op->getResult(0));
    if (resultHasAxis)
      wanted = wanted.removeDim(axis);
    for (LayoutDim dim : {LayoutDim::Lane, LayoutDim::Warp})
      if (wanted.columns(dim) != layout.withoutAxis().columns(dim))
        return op->emitOpError("has a result whose layout is not the source's without the axis: ")
               << wanted.toString() << " instead of " << layout.withoutAxis().toString();
    for (int64_t r = 0; r < wanted.inSize(LayoutDim::Register); ++r) {
      auto found = reduced.find(wanted.applyFlat(r));
      if (found == reduced.end())
        return op->emitOpError("has a result register ")
               << r << " whose elements are in another thread: " << wanted.toString();
      for (auto [result, value] : llvm::zip(results, found->second))
        result.push_back(value);
    }
    rewriter.replaceOpWithMultiple(op, std::move(results));
    return success();
  }

  Operation *op;
  Region &region;
  unsigned axis;
  ConversionPatternRewriter &rewriter;
  Emitter emit;
  AxisLayout layout;
};

struct LowerReduce : BlockPattern<tile::ReduceOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::ReduceOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    AxisLayout layout(tilegpu::layoutOf(op.getSources().front()), op.getAxis());
    if (layout.crossesWarps())
      return op.emitOpError("reduces across warps; the pass tilegpu-decompose-reductions must come "
                            "before. Its layout is ")
             << layout.whole().toString();
    return Reducer(op, op.getCombine(), op.getAxis(), rewriter)
        .run(SmallVector<ValueRange>(in.getSources()), /*resultHasAxis=*/false);
  }
};

struct LowerWarpReduce : BlockPattern<tilegpu::WarpReduceOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::WarpReduceOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    return Reducer(op, op.getCombine(), op.getAxis(), rewriter)
        .run(SmallVector<ValueRange>(in.getSources()), /*resultHasAxis=*/true);
  }
};

} // namespace

void populateReduce(const TypeConverter &types, RewritePatternSet &patterns,
                    LoweringContext &context) {
  patterns.add<LowerReduce, LowerWarpReduce>(types, context);
}

} // namespace cosmati::tonvvm
