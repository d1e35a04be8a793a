#include "compiler/Builder/ShapeBuilder.h"
#include "dialects/Tile/IR/TileDialect.h"

namespace cosmati::lang {

static llvm::SmallVector<int64_t, 4> copyOf(Shape shape) {
  return llvm::SmallVector<int64_t, 4>(shape);
}

int64_t ShapeBuilder::normalizeAxis(int64_t axis, int64_t rank, const char *what) {
  if (axis < -rank || axis >= rank)
    fail("{0} axis {1} must be < inputs rank ({2}): a block of that rank has axes {3} to {4}", what,
         axis, rank, -rank, rank - 1);
  return axis < 0 ? axis + rank : axis;
}

Value ShapeBuilder::arange(int64_t start, int64_t end) {
  if (start < INT32_MIN || end < INT32_MIN || start > INT32_MAX || end > int64_t{INT32_MAX} + 1)
    fail("arange must fit in int32, got {0} to {1}: add the offset to the range afterwards", start,
         end);
  if (end <= start)
    fail("arange's end argument must be greater than the start argument, got {0} to {1}", start,
         end);
  int64_t extent = end - start;
  if (extent & (extent - 1))
    fail("arange's range must be a power of 2, got {0} (from {1} to {2}): use the next power of 2 "
         "and a mask",
         extent, start, end);
  return emit<tile::MakeRangeOp>(LanguageType::block(Scalar::Int32, extent),
                                 static_cast<uint32_t>(start), static_cast<uint32_t>(end));
}

Value ShapeBuilder::splat(const Value &value, Shape shape) {
  if (value.isBlock())
    fail("Cannot splat a block tensor {0}: use broadcast_to", value.type.str());
  if (shape.empty())
    return value;
  return emit<tile::SplatOp>(LanguageType::block(value.type, shape), value.handle);
}

Value ShapeBuilder::item(const Value &value) {
  if (!value.isBlock())
    return value;
  if (value.type.numel() != 1)
    fail("only accepts size-1 tensor, got {0}: reduce it first", value.type.str());
  return emit<tile::UnsplatOp>(value.type.scalar(), value.handle);
}

Value ShapeBuilder::broadcastTo(const Value &value, Shape shape) {
  if (!value.isBlock())
    return splat(value, shape);
  Shape from = value.shape();
  if (from == shape)
    return value;
  if (from.size() != shape.size())
    fail("Cannot broadcast, rank mismatch: {0}, {1}; insert dimensions with expand_dims or [None, "
         ":]",
         printShape(from), printShape(shape));
  for (auto [i, extent] : llvm::enumerate(from))
    if (extent != shape[i] && extent != 1)
      fail("Cannot broadcast, the expanded size of the tensor ({0}) must match the existing size "
           "({1}) at "
           "non-singleton dimension {2}: {3}, {4}",
           shape[i], extent, i, printShape(from), printShape(shape));
  return emit<tile::BroadcastOp>(LanguageType::block(value.type.scalar(), shape), value.handle);
}

Value ShapeBuilder::padRank(Value value, int64_t rank) {
  while (value.type.rank() < rank)
    value = expandDims(value, 0);
  return value;
}

std::pair<Value, Value> ShapeBuilder::broadcast(const Value &lhs, const Value &rhs) {
  if (lhs.shape() == rhs.shape())
    return {lhs, rhs};
  if (!rhs.isBlock())
    return {lhs, splat(rhs, lhs.shape())};
  if (!lhs.isBlock())
    return {splat(lhs, rhs.shape()), rhs};
  int64_t rank = std::max(lhs.type.rank(), rhs.type.rank());
  Value a = padRank(lhs, rank), b = padRank(rhs, rank);
  llvm::SmallVector<int64_t, 4> shape;
  for (auto [i, m, n] : llvm::enumerate(a.shape(), b.shape())) {
    if (m != n && m != 1 && n != 1)
      fail("Cannot make_shape_compatible: incompatible dimensions at index {0}: {1} and {2} "
           "(shapes {3} and {4}); "
           "extents must be equal or 1",
           i, m, n, printShape(lhs.shape()), printShape(rhs.shape()));
    shape.push_back(std::max(m, n));
  }
  return {broadcastTo(a, shape), broadcastTo(b, shape)};
}

void ShapeBuilder::broadcastAll(llvm::MutableArrayRef<Value> values) {
  if (values.size() < 2)
    return;
  // The first pass widens the first value to the common shape, the second gives it to the others.
  for (int pass = 0; pass < 2; ++pass)
    for (Value &value : values.drop_front())
      std::tie(values.front(), value) = broadcast(values.front(), value);
}

Value ShapeBuilder::expandDims(const Value &value, int64_t axis) {
  auto shape = copyOf(value.shape());
  axis = normalizeAxis(axis, value.type.rank() + 1, "expand_dims");
  shape.insert(shape.begin() + axis, 1);
  if (!value.isBlock())
    return splat(value, shape);
  return emit<tile::ExpandDimsOp>(LanguageType::block(value.type.scalar(), shape), value.handle,
                                  static_cast<uint32_t>(axis));
}

Value ShapeBuilder::reshape(const Value &value, Shape shape, bool canReorder) {
  LanguageType type = LanguageType::block(value.type.scalar(), shape);
  if (type.numel() != value.type.numel())
    fail("reshape() cannot change total number of elements in tensor: {0} has {1}, {2} has {3}",
         printShape(value.shape()), value.type.numel(), printShape(shape), type.numel());
  if (type == value.type)
    return value;
  if (!value.isBlock())
    return splat(value, shape);
  if (!type.isBlock())
    return item(value);
  return emit<tile::ReshapeOp>(type, value.handle, canReorder);
}

Value ShapeBuilder::permute(const Value &value, llvm::ArrayRef<int64_t> dims) {
  int64_t rank = value.type.rank();
  if (static_cast<int64_t>(dims.size()) != rank)
    fail("permute dims must have the same length as input shape, got {0} for shape {1}",
         printShape(dims), printShape(value.shape()));
  llvm::SmallVector<int64_t, 4> shape, sorted(dims);
  llvm::sort(sorted);
  for (auto [i, dim] : llvm::enumerate(sorted))
    if (dim != static_cast<int64_t>(i))
      fail("permute dims must be a permutation of 0, 1, ..., n-1, but were {0}", printShape(dims));
  llvm::SmallVector<int32_t, 4> order;
  for (int64_t dim : dims) {
    shape.push_back(value.shape()[dim]);
    order.push_back(static_cast<int32_t>(dim));
  }
  if (rank == 0 || llvm::is_sorted(dims))
    return value;
  return emit<tile::TransOp>(LanguageType::block(value.type.scalar(), shape), value.handle,
                             llvm::ArrayRef<int32_t>(order));
}

Value ShapeBuilder::trans(const Value &value) {
  int64_t rank = value.type.rank();
  if (rank < 2)
    fail("trans needs at least two dimensions, got shape {0}", printShape(value.shape()));
  auto dims = llvm::to_vector<4>(llvm::seq<int64_t>(0, rank));
  std::swap(dims[rank - 2], dims[rank - 1]);
  return permute(value, dims);
}

Value ShapeBuilder::join(const Value &lhs, const Value &rhs) {
  if (lhs.type.scalar() != rhs.type.scalar())
    failType("join needs operands of one type, got {0} and {1}", lhs.type.str(), rhs.type.str());
  auto [a, b] = broadcast(lhs, rhs);
  bool scalars = !a.isBlock();
  if (scalars) {
    a = expandDims(a, 0);
    b = expandDims(b, 0);
  }
  auto shape = copyOf(a.shape());
  shape.push_back(2);
  Value joined =
      emit<tile::JoinOp>(LanguageType::block(a.type.scalar(), shape), a.handle, b.handle);
  return scalars ? reshape(joined, {2}) : joined;
}

std::pair<Value, Value> ShapeBuilder::split(const Value &value) {
  if (!value.isBlock() || value.shape().back() != 2)
    fail("split needs a block whose last dimension is 2, got {0}", value.type.str());
  if (value.type.rank() == 1) {
    auto [first, second] = split(expandDims(value, 0));
    return {item(first), item(second)};
  }
  LanguageType half = LanguageType::block(value.type.scalar(), value.shape().drop_back());
  auto op = tile::SplitOp::create(ops, loc, mlirType(half), mlirType(half), value.handle);
  return {{op.getFirst(), half}, {op.getSecond(), half}};
}

Value ShapeBuilder::cat(const Value &lhs, const Value &rhs, bool canReorder, int64_t dim) {
  if (lhs.type != rhs.type || !lhs.isBlock())
    failType("cat needs two blocks of one type, got {0} and {1}", lhs.type.str(), rhs.type.str());
  int64_t rank = lhs.type.rank();
  dim = normalizeAxis(dim, rank, "cat");
  auto shape = copyOf(lhs.shape());
  shape[dim] *= 2;
  LanguageType type = LanguageType::block(lhs.type.scalar(), shape);
  if (canReorder && rank == 1)
    return emit<tile::CatOp>(type, lhs.handle, rhs.handle);
  // [.., n, ..] x 2 -> [.., n, .., 2] -> [.., 2, n, ..] -> [.., 2n, ..]
  llvm::SmallVector<int64_t, 4> order = llvm::to_vector<4>(llvm::seq<int64_t>(0, rank));
  order.insert(order.begin() + dim, rank);
  return reshape(permute(join(lhs, rhs), order), shape);
}

} // namespace cosmati::lang
