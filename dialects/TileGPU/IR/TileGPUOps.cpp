// Verifiers, folds and canonicalisations.
#include "dialects/Layout/LayoutQueries.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

#define GET_OP_CLASSES
#include "dialects/TileGPU/IR/TileGPUOps.cpp.inc"

//===--------------------------------------------------------------------------------------------===//
// convert_layout
//===--------------------------------------------------------------------------------------------===//

LogicalResult ConvertLayoutOp::verify() {
  for (Type type : {getValue().getType(), getResult().getType()})
    if (!layoutAttrOf(type)) // convert_c1
      return emitOpError("converts between #tilegpu.layout encodings, got ") << type;
  const LinearLayout &from = layoutOf(getValue()), &to = layoutOf(getResult());
  for (LayoutDim dim : {LayoutDim::Warp, LayoutDim::Block})
    if (from.inSize(dim) != to.inSize(dim)) // convert_c2
      return emitOpError("both layouts are of one CTA: ")
             << layoutDimName(dim) << " has size " << from.inSize(dim) << " before and "
             << to.inSize(dim) << " after";
  return success();
}

OpFoldResult ConvertLayoutOp::fold(FoldAdaptor adaptor) {
  if (getValue().getType() == getType())
    return getValue();
  if (auto splat = dyn_cast_if_present<SplatElementsAttr>(adaptor.getValue()))
    return splat.resizeSplat(getType());
  if (auto inner = getValue().getDefiningOp<ConvertLayoutOp>()) {
    if (inner.getValue().getType() == getType())
      return inner.getValue();
    setOperand(inner.getValue());
    return getResult();
  }
  return {};
}

namespace {

/// convert_layout(splat x), (make_range): the producer makes any layout at no cost.
template <typename Source> struct ProduceInLayout : OpRewritePattern<ConvertLayoutOp> {
  using OpRewritePattern<ConvertLayoutOp>::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvertLayoutOp op, PatternRewriter &rewriter) const override {
    auto source = op.getValue().getDefiningOp<Source>();
    if (!source)
      return rewriter.notifyMatchFailure(op, "the operand can't be made in any layout");
    rewriter.replaceOpWithNewOp<Source>(op, op->getResultTypes(), source->getOperands(),
                                        source->getAttrs());
    return success();
  }
};

/// shared_store(convert_layout x): any layout can be stored.
struct StoreUnconverted : OpRewritePattern<SharedStoreOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SharedStoreOp op, PatternRewriter &rewriter) const override {
    auto convert = op.getValue().getDefiningOp<ConvertLayoutOp>();
    if (!convert)
      return rewriter.notifyMatchFailure(op, "the value is not converted");
    rewriter.modifyOpInPlace(op, [&] { op.getValueMutable().assign(convert.getValue()); });
    return success();
  }
};

} // namespace

void ConvertLayoutOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                  MLIRContext *context) {
  patterns.add<ProduceInLayout<tile::SplatOp>, ProduceInLayout<tile::MakeRangeOp>>(context);
}

void SharedStoreOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<StoreUnconverted>(context);
}

//===--------------------------------------------------------------------------------------------===//
// Shared memory
//===--------------------------------------------------------------------------------------------===//

void SharedAllocOp::build(OpBuilder &builder, OperationState &state, MemDescType type,
                          StringRef purpose, int64_t slots) {
  build(builder, state, type, /*offset=*/IntegerAttr(), purpose, static_cast<uint32_t>(slots));
}

int64_t SharedAllocOp::slotBytes() {
  return llvm::alignTo(getType().sizeInBytes(), getType().getLayout().getAlignment());
}

LogicalResult SharedAllocOp::verify() {
  if (getSlots() < 1) // alloc_c2
    return emitOpError("has ") << int32_t(getSlots()) << " slots; a ring has at least one";
  std::optional<uint32_t> offset = getOffset();
  int32_t alignment = getType().getLayout().getAlignment();
  if (offset && *offset % alignment) // alloc_c1
    return emitOpError("offset ") << *offset << " is no multiple of the layout's alignment, "
                                  << alignment << " bytes";
  return success();
}

/// A block and the buffer that it is written to or read from hold the same kind and number of
/// elements.
static LogicalResult verifyTransfer(Operation *op, RankedTensorType block, MemDescType memory) {
  if (block.getShape() == memory.getShape() &&
      block.getElementType() == memory.getElementType()) // transfer_c1
    return success();
  return op->emitOpError("moves a whole buffer of one type: the block is ")
         << block << ", the buffer " << memory;
}

SharedAllocOp SharedSlotOp::ring() { return getMemory().getDefiningOp<SharedAllocOp>(); }

LogicalResult SharedSlotOp::verify() {
  if (!ring()) // slot_c1
    return emitOpError("names a slot of a shared_alloc, not of another value");
  return success();
}

int64_t AsyncCopyOp::vectorLength() {
  auto attribute = (*this)->getAttrOfType<IntegerAttr>(kVectorAttr);
  return attribute ? attribute.getInt() : 1;
}

LogicalResult AsyncCopyOp::verify() {
  RankedTensorType pointers = getPtr().getType();
  MemDescType memory = getMemory().getType();
  Type pointee = cast<tile::PtrType>(pointers.getElementType()).getPointee();
  if (pointers.getShape() != memory.getShape() ||
      pointee != memory.getElementType()) // async_copy_c1
    return emitOpError("copies a whole buffer of one type: the pointers are ")
           << pointers << ", the buffer " << memory;
  int64_t bytes = vectorLength() * sharedElementBytes(elementBits(pointee));
  if (!llvm::is_contained({4, 8, 16}, bytes)) // async_copy_c2
    return emitOpError("copies 4, 8 or 16 bytes at once, not ") << bytes;
  if (getMask() && (getMask().getType().getShape() != pointers.getShape() ||
                    getMask().getType().getEncoding() != pointers.getEncoding())) // async_copy_c3
    return emitOpError("has a mask of another shape or layout than its pointers: ")
           << getMask().getType() << " and " << pointers;
  return success();
}

LogicalResult SharedStoreOp::verify() {
  return verifyTransfer(*this, getValue().getType(), getMemory().getType());
}
LogicalResult SharedLoadOp::verify() {
  return verifyTransfer(*this, getType(), getMemory().getType());
}

//===--------------------------------------------------------------------------------------------===//
// Predicated access to global memory
//===--------------------------------------------------------------------------------------------===//

static LogicalResult verifyWords(Operation *op, TypeRange words) {
  if (!llvm::is_contained({1, 2, 4}, words.size())) // access_c1
    return op->emitOpError("moves 1, 2 or 4 words at once, got ") << words.size();
  if (!llvm::all_equal(words)) // access_c2
    return op->emitOpError("moves words of one size");
  unsigned bits = words.front().getIntOrFloatBitWidth() * words.size();
  if (bits > 128) // access_c3
    return op->emitOpError("moves at most 16 bytes, got ") << bits / 8;
  return success();
}

LogicalResult PredLoadOp::verify() {
  if (failed(verifyWords(*this, getWords().getTypes())))
    return failure();
  if (!getOthers().empty() && getOthers().getTypes() != getWords().getTypes()) // access_c4
    return emitOpError("has other values of other types than its words");
  if (!getOthers().empty() && !getPred()) // access_c5
    return emitOpError("has other values but no predicate");
  return success();
}

LogicalResult PredStoreOp::verify() { return verifyWords(*this, getWords().getTypes()); }

//===--------------------------------------------------------------------------------------------===//
// Compute
//===--------------------------------------------------------------------------------------------===//

LogicalResult DotFmaOp::verify() {
  ArrayRef<int64_t> a = getA().getType().getShape(), b = getB().getType().getShape(),
                    acc = getAcc().getType().getShape();
  size_t rank = acc.size();
  if ((rank != 2 && rank != 3) || a.size() != rank || b.size() != rank) // dot_fma_c1
    return emitOpError("multiplies matrices (rank 2) or batches of them (rank 3); ranks are ")
           << a.size() << ", " << b.size() << " and " << rank;
  if (a[rank - 1] != b[rank - 2]) // dot_fma_c2
    return emitOpError("inner sizes differ: a has K=")
           << a[rank - 1] << ", b has K=" << b[rank - 2];
  if (a[rank - 2] != acc[rank - 2] || b[rank - 1] != acc[rank - 1]) // dot_fma_c3
    return emitOpError("outer sizes differ: a is ")
           << getA().getType() << ", b is " << getB().getType() << ", acc is "
           << getAcc().getType();
  if (rank == 3 && (a[0] != acc[0] || b[0] != acc[0])) // dot_fma_c4
    return emitOpError("batch sizes differ: ") << a[0] << ", " << b[0] << " and " << acc[0];
  return success();
}

LogicalResult WarpReduceOp::verify() {
  if (getSources().empty() || getSources().size() != getResults().size()) // warp_reduce_c1
    return emitOpError("has one result for each source, and at least one: ")
           << getSources().size() << " sources, " << getResults().size() << " results";
  for (auto [source, result] : llvm::zip_equal(getSources(), getResults())) {
    auto from = cast<RankedTensorType>(source.getType()),
         to = cast<RankedTensorType>(result.getType());
    if (getAxis() >= from.getRank() || from.getRank() != to.getRank()) // warp_reduce_c2
      return emitOpError("axis ") << getAxis() << " or rank does not fit: " << from << " becomes "
                                  << to;
    for (int64_t dim = 0; dim < from.getRank(); ++dim)
      if (dim != getAxis() && from.getDimSize(dim) != to.getDimSize(dim)) // warp_reduce_c3
        return emitOpError("keeps all dimensions but its axis: ") << from << " becomes " << to;
  }
  if (getCombine().getNumArguments() != 2 * getSources().size()) // warp_reduce_c4
    return emitOpError("the region takes two values for each source, got ")
           << getCombine().getNumArguments() << " arguments";
  return success();
}
