// Making, reshaping and joining blocks.
#pragma once

#include "compiler/Builder/BuilderCore.h"

namespace cosmati::lang {

using Shape = llvm::ArrayRef<int64_t>;

class ShapeBuilder : public BuilderCore {
public:
  using BuilderCore::BuilderCore;

  /// int32 block [start, start+1, ..., end-1]. The extent is a power of two; both ends fit in
  /// int32.
  Value arange(int64_t start, int64_t end);
  /// A block whose elements are all `value`; a scalar where the shape is empty.
  Value splat(const Value &value, Shape shape);
  /// The only element of a block of one element; a scalar is returned as it is.
  Value item(const Value &value);

  /// Repeats `value` along extents of 1 until it has `shape`. A scalar fits every shape; ranks must
  /// agree otherwise.
  Value broadcastTo(const Value &value, Shape shape);
  /// Both values in their common shape; missing leading dimensions count as 1.
  std::pair<Value, Value> broadcast(const Value &lhs, const Value &rhs);
  /// All values in their common shape.
  void broadcastAll(llvm::MutableArrayRef<Value> values);

  /// Inserts an extent of 1 before dimension `axis` of the result (negative: from the result's
  /// end).
  Value expandDims(const Value &value, int64_t axis);
  /// Same elements in row-major order; with `canReorder` in any order.
  Value reshape(const Value &value, Shape shape, bool canReorder = false);
  /// Result dimension d is the source's dimension dims[d].
  Value permute(const Value &value, llvm::ArrayRef<int64_t> dims);
  /// Swaps the last two dimensions.
  Value trans(const Value &value);
  /// Stacks two values along a new last dimension of extent 2.
  Value join(const Value &lhs, const Value &rhs);
  /// The two halves along the last dimension, which has extent 2.
  std::pair<Value, Value> split(const Value &value);
  /// Elements of both blocks along dimension `dim`. `canReorder` (rank 1 only) leaves the order
  /// open, which is cheaper.
  Value cat(const Value &lhs, const Value &rhs, bool canReorder = false, int64_t dim = 0);

protected:
  /// `axis` counted from the front; throws LanguageError naming `what` if it is outside [-rank,
  /// rank).
  static int64_t normalizeAxis(int64_t axis, int64_t rank, const char *what);

private:
  Value padRank(Value value, int64_t rank);
};

} // namespace cosmati::lang
