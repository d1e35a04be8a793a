// Rules of the ops in TileShapeOps.td.
#include "dialects/Tile/IR/LayoutInterface.h"
#include "dialects/Tile/IR/TileDialect.h"

using namespace mlir;
using namespace cosmati::tile;

static RankedTensorType blockType(Value value) { return cast<RankedTensorType>(value.getType()); }

static std::string text(ArrayRef<int64_t> shape) {
  std::string out;
  llvm::raw_string_ostream stream(out);
  llvm::interleave(shape, stream, "x");
  return out;
}

static LogicalResult verifyElementTypes(Operation *op, Type source, Type result) {
  if (elementTypeOf(source) == elementTypeOf(result))
    return success();
  return op->emitOpError("changes the element type from ")
         << elementTypeOf(source) << " to " << elementTypeOf(result)
         << "; it moves elements and keeps their type";
}

/// Element types agree, the shape is the expected one, and the encodings fit each other.
static LogicalResult verifyMove(Operation *op, ShapeChange::Kind kind, RankedTensorType source,
                                RankedTensorType result, ArrayRef<int64_t> expected,
                                unsigned axis = 0, ArrayRef<int32_t> order = {}) {
  if (failed(verifyElementTypes(op, source, result))) // move_c1
    return failure();
  if (result.getShape() != expected)
    return op->emitOpError("result has shape ")
           << text(result.getShape()) << "; " << stringify(kind) << " of "
           << text(source.getShape()) << " is " << text(expected);
  return verifyEncodings(op, {kind, source.getShape(), expected, axis, order}, source, result);
}

LogicalResult MakeRangeOp::verify() {
  int32_t start = getStart(), end = getEnd(); // the accessors give the bits as unsigned numbers
  int64_t extent = int64_t(end) - start;
  if (extent < 1) // make_range_c1
    return emitOpError("end ") << end << " is not beyond start " << start;
  if (getType().getRank() != 1 || getType().getDimSize(0) != extent) // make_range_c2
    return emitOpError("result has type ")
           << getType() << "; its shape is end - start = " << extent;
  return success();
}

LogicalResult SplatOp::verify() { // move_c1
  return verifyElementTypes(*this, getValue().getType(), getType());
}

LogicalResult UnsplatOp::verify() {
  if (blockType(getValue()).getNumElements() != 1) // unsplat_c1
    return emitOpError("takes a block of one element, got ")
           << blockType(getValue()) << "; reduce it first";
  return verifyElementTypes(*this, getValue().getType(), getType()); // move_c1
}

LogicalResult ExpandDimsOp::verify() {
  auto source = blockType(getValue());
  int64_t axis = int32_t(getAxis());
  if (axis < 0 || axis > source.getRank()) // expand_dims_c1
    return emitOpError("axis ") << axis << " is not in [0, " << source.getRank() << "]";
  SmallVector<int64_t> expected(source.getShape());
  expected.insert(expected.begin() + axis, 1); // expand_dims_c2
  return verifyMove(*this, ShapeChange::Kind::ExpandDims, source, getType(), expected, axis);
}

LogicalResult BroadcastOp::verify() {
  auto source = blockType(getValue());
  if (source.getRank() != getType().getRank()) // broadcast_c1
    return emitOpError("changes the rank from ")
           << source.getRank() << " to " << getType().getRank()
           << "; insert dimensions with tile.expand_dims";
  for (auto [dim, from, to] : llvm::enumerate(source.getShape(), getType().getShape()))
    if (from != 1 && from != to) // broadcast_c2
      return emitOpError("dimension ") << dim << " of extent " << from << " becomes " << to
                                       << "; only a dimension of extent 1 can grow";
  return verifyMove(*this, ShapeChange::Kind::Broadcast, source, getType(), getType().getShape());
}

LogicalResult ReshapeOp::verify() {
  auto source = blockType(getValue());
  if (failed(verifyElementTypes(*this, source, getType()))) // move_c1
    return failure();
  if (source.getNumElements() != getType().getNumElements()) // reshape_c1
    return emitOpError("changes the number of elements from ")
           << source.getNumElements() << " (" << text(source.getShape()) << ") to "
           << getType().getNumElements() << " (" << text(getType().getShape()) << ")";
  ShapeChange change{ShapeChange::Kind::Reshape, source.getShape(), getType().getShape(), 0, {},
                     getAllowReorder()};
  return verifyEncodings(*this, change, source, getType());
}

LogicalResult TransOp::verify() {
  auto source = blockType(getValue());
  ArrayRef<int32_t> order = getOrder();
  if (int64_t(order.size()) != source.getRank()) // trans_c1
    return emitOpError("order has ")
           << order.size() << " entries for a block of rank " << source.getRank();
  SmallVector<bool> seen(order.size(), false);
  SmallVector<int64_t> expected;
  for (int32_t dim : order) {
    if (dim < 0 || dim >= source.getRank() || seen[dim]) // trans_c2
      return emitOpError("order [") << order << "] is no permutation of 0 to " << order.size() - 1;
    seen[dim] = true;
    expected.push_back(source.getDimSize(dim)); // trans_c3
  }
  return verifyMove(*this, ShapeChange::Kind::Trans, source, getType(), expected, 0, order);
}

LogicalResult JoinOp::verify() {
  auto source = blockType(getLhs());
  SmallVector<int64_t> expected(source.getShape());
  expected.push_back(2); // join_c1
  return verifyMove(*this, ShapeChange::Kind::Join, source, getType(), expected);
}

LogicalResult SplitOp::verify() {
  auto source = blockType(getValue());
  if (source.getRank() < 2 || source.getShape().back() != 2) // split_c1
    return emitOpError("takes a block of rank 2 or more whose last dimension has extent 2, got ")
           << source << "; reshape it first";
  return verifyMove(*this, ShapeChange::Kind::Split, source, blockType(getFirst()),
                    source.getShape().drop_back()); // split_c2
}

LogicalResult CatOp::verify() {
  auto source = blockType(getLhs());
  if (failed(verifyElementTypes(*this, source, getType()))) // move_c1
    return failure();
  unsigned doubled = 0;
  bool fits = source.getRank() == getType().getRank();
  for (auto [from, to] : llvm::zip(source.getShape(), getType().getShape())) {
    doubled += to == 2 * from;
    fits &= to == from || to == 2 * from;
  }
  if (!fits || doubled != 1) // cat_c1
    return emitOpError("result has shape ")
           << text(getType().getShape()) << "; two blocks of shape " << text(source.getShape())
           << " give one of twice the extent in one dimension";
  if (!source.getEncoding() != !getType().getEncoding()) // layout_c1
    return emitOpError("has a layout on one side only: ")
           << source << " becomes " << getType() << "; give both an encoding, or neither";
  return success();
}

static LogicalResult verifyPromise(HintOp op, StringRef name,
                                   std::optional<ArrayRef<int32_t>> promise) {
  if (!promise)
    return success();
  auto block = dyn_cast<RankedTensorType>(op.getType());
  int64_t arity = block ? block.getRank() : 1;
  if (int64_t(promise->size()) != arity) // hint_c2
    return op.emitOpError(name) << " has " << promise->size() << " number(s); " << op.getType()
                                << " takes " << arity << ", one per dimension";
  for (int32_t number : *promise)
    if (number < 1) // hint_c3
      return op.emitOpError(name) << " holds " << number << "; it counts elements from 1";
  return success();
}

LogicalResult HintOp::verify() {
  if (!getMultipleOf() && !getContiguity() && !getConstancy()) // hint_c1
    return emitOpError("promises nothing; give multiple_of, contiguity or constancy");
  bool countable = isa<IntegerType, PtrType>(elementTypeOf(getType()));
  if (!countable && (getMultipleOf() || getContiguity())) // hint_c4
    return emitOpError("multiple_of and contiguity speak of integers and pointers, not of ")
           << elementTypeOf(getType());
  if (failed(verifyPromise(*this, "multiple_of", getMultipleOf())) ||
      failed(verifyPromise(*this, "contiguity", getContiguity())))
    return failure();
  return verifyPromise(*this, "constancy", getConstancy());
}
