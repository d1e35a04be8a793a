// Folds and canonicalisations of the ops in TileMemoryOps.td.
#include "dialects/Tile/IR/TileDialect.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace cosmati::tile;

// addptr of addptr is not merged: the sum of two offsets may wrap where the two addresses don't.
OpFoldResult AddPtrOp::fold(FoldAdaptor) {
  return matchPattern(getOffset(), m_Zero()) ? getPtr() : Value();
}

OpFoldResult PtrToIntOp::fold(FoldAdaptor) {
  auto source = getPtr().getDefiningOp<IntToPtrOp>();
  return source && source.getValue().getType() == getType() ? source.getValue() : Value();
}

OpFoldResult PtrCastOp::fold(FoldAdaptor) {
  if (getPtr().getType() == getType())
    return getPtr();
  auto source = getPtr().getDefiningOp<PtrCastOp>();
  if (!source)
    return {};
  getPtrMutable().assign(source.getPtr());
  return getResult();
}

/// 0, or a block of zeros; for pointers the null address.
static Value makeZero(PatternRewriter &rewriter, Location loc, Type type) {
  bool isPtr = isa<PtrType>(elementTypeOf(type));
  Type number = isPtr ? withElementType(type, rewriter.getI64Type()) : type;
  Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(number));
  return isPtr ? IntToPtrOp::create(rewriter, loc, type, zero).getResult() : zero;
}

namespace {
struct DropAllTrueLoadMask : OpRewritePattern<LoadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LoadOp op, PatternRewriter &rewriter) const override {
    if (!op.getMask() || !matchPattern(op.getMask(), m_One()))
      return rewriter.notifyMatchFailure(op, "mask is not known to be all true");
    rewriter.modifyOpInPlace(op, [&] {
      op.getMaskMutable().clear();
      op.getOtherMutable().clear();
    });
    return success();
  }
};

/// A load that touches nothing, volatile or not, is its `other`.
struct ReplaceAllFalseLoad : OpRewritePattern<LoadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(LoadOp op, PatternRewriter &rewriter) const override {
    if (!op.getMask() || !matchPattern(op.getMask(), m_Zero()))
      return rewriter.notifyMatchFailure(op, "mask is not known to be all false");
    Value other = op.getOther();
    rewriter.replaceOp(op, other ? other : makeZero(rewriter, op.getLoc(), op.getType()));
    return success();
  }
};

struct SimplifyStoreMask : OpRewritePattern<StoreOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(StoreOp op, PatternRewriter &rewriter) const override {
    if (!op.getMask())
      return rewriter.notifyMatchFailure(op, "no mask");
    if (matchPattern(op.getMask(), m_Zero())) {
      rewriter.eraseOp(op);
      return success();
    }
    if (!matchPattern(op.getMask(), m_One()))
      return rewriter.notifyMatchFailure(op, "mask is not constant");
    rewriter.modifyOpInPlace(op, [&] { op.getMaskMutable().clear(); });
    return success();
  }
};
} // namespace

void LoadOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropAllTrueLoadMask, ReplaceAllFalseLoad>(context);
}

void StoreOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SimplifyStoreMask>(context);
}
