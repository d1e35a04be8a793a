// Folds and canonicalisations of the ops in TileShapeOps.td. Constants here are splats only: no op
// folds to a block of different numbers, which would live in the module instead of registers.
#include "dialects/Tile/IR/TileDialect.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace cosmati::tile;

/// A constant block of equal elements keeps its element when they move.
static Attribute moveSplat(Attribute value, Type result) {
  auto splat = dyn_cast_or_null<SplatElementsAttr>(value);
  return splat ? splat.resizeSplat(cast<ShapedType>(result)) : Attribute();
}

namespace {
/// op(splat(x)) is splat(x): true of every op that only moves or repeats elements.
template <typename Op> struct MoveOfSplat : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto splat = op.getValue().template getDefiningOp<SplatOp>();
    if (!splat)
      return rewriter.notifyMatchFailure(op, "operand is no splat");
    rewriter.replaceOpWithNewOp<SplatOp>(op, op.getType(), splat.getValue());
    return success();
  }
};
} // namespace

void ExpandDimsOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MoveOfSplat<ExpandDimsOp>>(context);
}
void BroadcastOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MoveOfSplat<BroadcastOp>>(context);
}
void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MoveOfSplat<ReshapeOp>>(context);
}
void TransOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MoveOfSplat<TransOp>>(context);
}

OpFoldResult MakeRangeOp::fold(FoldAdaptor) {
  if (getType().getNumElements() != 1)
    return {};
  return DenseElementsAttr::get(getType(), APInt(32, getStart()));
}

OpFoldResult SplatOp::fold(FoldAdaptor in) {
  if (isa_and_nonnull<IntegerAttr, FloatAttr>(in.getValue()))
    return SplatElementsAttr::get(getType(), in.getValue());
  if (auto unsplat = getValue().getDefiningOp<UnsplatOp>())
    if (unsplat.getValue().getType() == getType())
      return unsplat.getValue();
  return {};
}

OpFoldResult UnsplatOp::fold(FoldAdaptor in) {
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(in.getValue()))
    return splat.getSplatValue<Attribute>();
  if (auto splat = getValue().getDefiningOp<SplatOp>())
    return splat.getValue();
  return {};
}

OpFoldResult ExpandDimsOp::fold(FoldAdaptor in) { return moveSplat(in.getValue(), getType()); }

OpFoldResult BroadcastOp::fold(FoldAdaptor in) {
  if (getValue().getType() == getType())
    return getValue();
  if (Attribute splat = moveSplat(in.getValue(), getType()))
    return splat;
  auto source = getValue().getDefiningOp<BroadcastOp>();
  if (!source)
    return {};
  getValueMutable().assign(source.getValue());
  return getResult();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor in) {
  if (getValue().getType() == getType())
    return getValue();
  if (Attribute splat = moveSplat(in.getValue(), getType()))
    return splat;
  auto source = getValue().getDefiningOp<ReshapeOp>();
  if (!source)
    return {};
  setAllowReorder(getAllowReorder() || source.getAllowReorder());
  getValueMutable().assign(source.getValue());
  return getResult();
}

static bool isIdentity(ArrayRef<int32_t> order) {
  return llvm::all_of(llvm::enumerate(order),
                      [](auto entry) { return entry.value() == int64_t(entry.index()); });
}

OpFoldResult TransOp::fold(FoldAdaptor in) {
  if (isIdentity(getOrder()) && getValue().getType() == getType())
    return getValue();
  if (Attribute splat = moveSplat(in.getValue(), getType()))
    return splat;
  auto source = getValue().getDefiningOp<TransOp>();
  if (!source)
    return {};
  SmallVector<int32_t> order;
  for (int32_t dim : getOrder()) // through both: result -> middle -> source
    order.push_back(source.getOrder()[dim]);
  setOrder(order);
  getValueMutable().assign(source.getValue());
  return getResult();
}

OpFoldResult JoinOp::fold(FoldAdaptor in) {
  if (in.getLhs() && in.getLhs() == in.getRhs())
    if (Attribute splat = moveSplat(in.getLhs(), getType()))
      return splat;
  auto split = getLhs().getDefiningOp<SplitOp>();
  if (split && getLhs() == split.getFirst() && getRhs() == split.getSecond() &&
      split.getValue().getType() == getType())
    return split.getValue();
  return {};
}

LogicalResult SplitOp::fold(FoldAdaptor in, SmallVectorImpl<OpFoldResult> &results) {
  if (Attribute splat = moveSplat(in.getValue(), getFirst().getType())) {
    results.assign(2, splat);
    return success();
  }
  auto join = getValue().getDefiningOp<JoinOp>();
  if (!join || join.getLhs().getType() != getFirst().getType())
    return failure();
  results.assign({join.getLhs(), join.getRhs()});
  return success();
}

OpFoldResult CatOp::fold(FoldAdaptor in) {
  return in.getLhs() && in.getLhs() == in.getRhs() ? moveSplat(in.getLhs(), getType())
                                                   : Attribute();
}
