// Block pointers: expanded into pointers and masks where they are loaded and stored.
#include "compiler/Builder/MemoryBuilder.h"
#include <limits>

namespace cosmati::lang {

namespace {

void checkRank(const char *what, size_t got, size_t rank) {
  if (got != rank)
    fail("Expected {0} of make_block_ptr and advance to have the block's rank, {1}, got {2}", what,
         rank, got);
}

/// Dimension `dim` of `rank` as the only one that is not 1: inserts all others.
Value alongDimension(ShapeBuilder &b, Value value, size_t dim, size_t rank) {
  for (size_t d = 0; d < rank; ++d)
    if (d != dim)
      value = b.expandDims(value, static_cast<int64_t>(d));
  return value;
}

} // namespace

BlockPointer MemoryBuilder::makeBlockPointer(const Value &base, llvm::ArrayRef<Operand> shape,
                                             llvm::ArrayRef<Operand> strides,
                                             llvm::ArrayRef<Operand> offsets, Shape blockShape) {
  if (!base.type.isPointer() || base.isBlock())
    failType(
        "Expected `base` to be a pointer type (but not a block pointer type or others), got {0}",
        base.type.str());
  size_t rank = blockShape.size();
  checkRank("shape", shape.size(), rank);
  checkRank("strides", strides.size(), rank);
  checkRank("offsets", offsets.size(), rank);
  (void)LanguageType::block(base.type.pointee(), blockShape); // checks the extents
  auto convert = [&](llvm::ArrayRef<Operand> operands, const char *what) {
    Values result;
    for (const Operand &operand : operands) {
      if (!operand.type().isInt() || (operand.type().isBlock() && operand.type().numel() != 1))
        failType("Expected an integer scalar type in {0}, got {1}", what, operand.str());
      result.push_back(item(cast(operand, Scalar::Int64)));
    }
    return result;
  };
  return {base, convert(shape, "shape"), convert(strides, "strides"), convert(offsets, "offsets"),
          llvm::SmallVector<int64_t, 4>(blockShape)};
}

BlockPointer MemoryBuilder::advance(const BlockPointer &pointer, llvm::ArrayRef<Operand> offsets) {
  checkRank("offsets", offsets.size(), pointer.blockShape.size());
  BlockPointer moved = pointer;
  for (auto [current, step] : llvm::zip_equal(moved.offsets, offsets)) {
    if (!step.type().isInt())
      failType("Expected an integer scalar type in offsets, got {0}", step.str());
    current = add(current, item(cast(step, Scalar::Int64)));
  }
  return moved;
}

MemoryBuilder::Expanded MemoryBuilder::expand(const BlockPointer &pointer,
                                              llvm::ArrayRef<int64_t> boundaryCheck) {
  size_t rank = pointer.blockShape.size();
  for (int64_t dim : boundaryCheck) {
    if (dim < 0 || dim >= static_cast<int64_t>(rank))
      fail("boundary_check names dimension {0}, but the block has rank {1}", dim, rank);
    if (llvm::count(boundaryCheck, dim) > 1)
      fail("Duplicate dimension in `boundary_check`: {0}", dim);
  }
  Expanded result{pointer.base, std::nullopt};
  for (size_t d = 0; d < rank; ++d) {
    Value lane = cast(arange(0, pointer.blockShape[d]), Scalar::Int64);
    Value index = alongDimension(*this, add(pointer.offsets[d], lane), d, rank);
    result.pointers = add(result.pointers, mul(index, pointer.strides[d]));
    if (!llvm::is_contained(boundaryCheck, static_cast<int64_t>(d)))
      continue;
    Value inside = bitAnd(ge(index, 0), lt(index, pointer.shape[d]));
    result.mask = result.mask ? bitAnd(*result.mask, inside) : inside;
  }
  return result;
}

static void forbidMask(const OptionalOperand &mask, const OptionalOperand &other) {
  if (mask || other)
    fail("`mask` and `other` arguments cannot be specified for loading block pointers: use "
         "boundary_check and "
         "padding_option");
}

Value MemoryBuilder::load(const BlockPointer &pointer, llvm::ArrayRef<int64_t> boundaryCheck,
                          llvm::StringRef padding, const LoadOptions &options) {
  forbidMask(options.mask, options.other);
  if (!padding.empty() && padding != "zero" && padding != "nan")
    fail("Padding option {0} not supported: it is one of '', 'zero', 'nan'", padding);
  if (padding == "nan" && !pointer.base.type.pointee().isFloat())
    fail("Padding option `nan` is not supported for integer block pointers ({0})",
         pointer.base.type.str());
  Expanded expanded = expand(pointer, boundaryCheck);
  LoadOptions masked = options;
  masked.mask = expanded.mask;
  if (masked.mask && padding == "nan")
    masked.other = std::numeric_limits<double>::quiet_NaN();
  return load(expanded.pointers, masked);
}

void MemoryBuilder::store(const BlockPointer &pointer, const Operand &value,
                          llvm::ArrayRef<int64_t> boundaryCheck, const StoreOptions &options) {
  forbidMask(options.mask, std::nullopt);
  if (value.type().isBlock() && value.type().shape() != Shape(pointer.blockShape))
    fail("Block shape({0}) and value shape({1}) mismatch", printShape(pointer.blockShape),
         printShape(value.type().shape()));
  Expanded expanded = expand(pointer, boundaryCheck);
  StoreOptions masked = options;
  masked.mask = expanded.mask;
  store(expanded.pointers, value, masked);
}

} // namespace cosmati::lang
