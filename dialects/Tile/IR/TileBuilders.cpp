// Builders that infer the type of the result.
#include "dialects/Tile/IR/LayoutInterface.h"
#include "dialects/Tile/IR/TileDialect.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir;
using namespace cosmati::tile;

static RankedTensorType blockType(Value value) { return cast<RankedTensorType>(value.getType()); }

/// A builder has nobody to report to: who builds on encoded blocks knows that they can change so.
static RankedTensorType inferOrDie(const ShapeChange &change, Value source) {
  FailureOr<RankedTensorType> type = inferResultType(change, blockType(source));
  if (succeeded(type))
    return *type;
  std::string message;
  llvm::raw_string_ostream stream(message);
  stream << "no layout for the " << stringify(change.kind) << " of " << source.getType() << " to ";
  llvm::interleave(change.resultShape, stream, "x");
  llvm::report_fatal_error(StringRef(message));
}

void MakeRangeOp::build(OpBuilder &builder, OperationState &state, int32_t start, int32_t end) {
  build(builder, state, RankedTensorType::get({int64_t(end) - start}, builder.getI32Type()), start,
        end);
}

void SplatOp::build(OpBuilder &builder, OperationState &state, Value value,
                    ArrayRef<int64_t> shape) {
  build(builder, state, RankedTensorType::get(shape, value.getType()), value);
}

void UnsplatOp::build(OpBuilder &builder, OperationState &state, Value value) {
  build(builder, state, elementTypeOf(value.getType()), value);
}

void ExpandDimsOp::build(OpBuilder &builder, OperationState &state, Value value, int32_t axis) {
  auto source = blockType(value);
  SmallVector<int64_t> shape(source.getShape());
  shape.insert(shape.begin() + axis, 1);
  ShapeChange change{ShapeChange::Kind::ExpandDims, source.getShape(), shape, unsigned(axis)};
  build(builder, state, inferOrDie(change, value), value, axis);
}

void BroadcastOp::build(OpBuilder &builder, OperationState &state, Value value,
                        ArrayRef<int64_t> shape) {
  ShapeChange change{ShapeChange::Kind::Broadcast, blockType(value).getShape(), shape};
  build(builder, state, inferOrDie(change, value), value);
}

void ReshapeOp::build(OpBuilder &builder, OperationState &state, Value value,
                      ArrayRef<int64_t> shape, bool allowReorder) {
  ShapeChange change{ShapeChange::Kind::Reshape, blockType(value).getShape(), shape};
  change.allowReorder = allowReorder;
  build(builder, state, inferOrDie(change, value), value, allowReorder);
}

void TransOp::build(OpBuilder &builder, OperationState &state, Value value,
                    ArrayRef<int32_t> order) {
  auto source = blockType(value);
  SmallVector<int64_t> shape;
  for (int32_t dim : order)
    shape.push_back(source.getDimSize(dim));
  ShapeChange change{ShapeChange::Kind::Trans, source.getShape(), shape};
  change.order = order;
  build(builder, state, inferOrDie(change, value), value, order);
}

void JoinOp::build(OpBuilder &builder, OperationState &state, Value lhs, Value rhs) {
  auto source = blockType(lhs);
  SmallVector<int64_t> shape(source.getShape());
  shape.push_back(2);
  build(builder, state, inferOrDie({ShapeChange::Kind::Join, source.getShape(), shape}, lhs), lhs,
        rhs);
}

void SplitOp::build(OpBuilder &builder, OperationState &state, Value value) {
  ArrayRef<int64_t> shape = blockType(value).getShape();
  Type half = inferOrDie({ShapeChange::Kind::Split, shape, shape.drop_back()}, value);
  build(builder, state, half, half, value);
}

void ReduceOp::build(OpBuilder &builder, OperationState &state, ValueRange sources, int32_t axis) {
  SmallVector<Type> results;
  for (Value value : sources) {
    auto source = blockType(value);
    SmallVector<int64_t> shape(source.getShape());
    shape.erase(shape.begin() + axis);
    ShapeChange change{ShapeChange::Kind::Reduce, source.getShape(), shape, unsigned(axis)};
    results.push_back(shape.empty() ? source.getElementType() : Type(inferOrDie(change, value)));
  }
  build(builder, state, results, sources, axis);
}

void ScanOp::build(OpBuilder &builder, OperationState &state, ValueRange sources, int32_t axis,
                   bool reverse) {
  build(builder, state, sources.getTypes(), sources, axis, reverse);
}
