// Shape operations on the tensor side of linear layouts.
#include "dialects/Layout/F2.h"
#include "dialects/Layout/LayoutError.h"
#include "dialects/Layout/LinearLayout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"

namespace cosmati {

using detail::exactLog2;
using detail::layoutBug;

namespace {

/// Checks that the outputs are dim0..dimN-1 and returns N.
unsigned tensorRank(const LinearLayout &layout) {
  for (auto [i, axis] : llvm::enumerate(layout.out().axes()))
    if (axis.dim != tensorDim(i))
      layoutBug("the outputs are not dim0..dimN-1: " + layout.toString());
  return layout.out().rank();
}

void checkAxis(const LinearLayout &layout, unsigned axis, unsigned bound) {
  if (axis >= bound)
    layoutBug("axis " + llvm::Twine(axis) + " is out of range for " + layout.toString());
}

/// Applies `move` to each coordinate vector, giving coordinates in a tensor of `shape`.
template <typename Move>
LinearLayout mapCoordinates(const LinearLayout &layout, llvm::ArrayRef<int64_t> shape, Move move) {
  LayoutSpace out = LayoutSpace::tensor(shape);
  f2::Columns columns;
  for (uint32_t column : layout.columns()) {
    llvm::SmallVector<int32_t, 4> moved = move(layout.out().coordinates(column));
    uint32_t flat = 0;
    for (unsigned i = 0; i < shape.size(); ++i)
      if (moved[i])
        flat |= static_cast<uint32_t>(moved[i]) << out.shift(tensorDim(i));
    columns.push_back(flat);
  }
  return LinearLayout::fromColumns(layout.in(), std::move(out), columns);
}

} // namespace

LinearLayout LinearLayout::reshape(llvm::ArrayRef<int64_t> newShape) const {
  tensorRank(*this);
  LayoutSpace out = LayoutSpace::tensor(newShape);
  if (out.totalBits() != outSpace.totalBits())
    layoutBug("cannot reshape a tensor of " + llvm::Twine(outSpace.totalSize()) +
              " elements to one of " + llvm::Twine(out.totalSize()));
  LinearLayout result = *this;
  result.outSpace = std::move(out);
  return result;
}

LinearLayout LinearLayout::flatten() const { return reshape({outSpace.totalSize()}); }

LinearLayout LinearLayout::transpose(llvm::ArrayRef<int64_t> order) const {
  unsigned rank = tensorRank(*this);
  if (order.size() != rank)
    layoutBug("a permutation of " + llvm::Twine(order.size()) + " dims for a tensor of rank " +
              llvm::Twine(rank));
  llvm::SmallVector<int64_t, 4> oldShape = shape(), newShape;
  uint32_t seen = 0;
  for (int64_t dim : order) {
    if (dim < 0 || dim >= rank || (seen >> dim & 1))
      layoutBug("transpose order is no permutation at entry " + llvm::Twine(dim));
    seen |= 1u << dim;
    newShape.push_back(oldShape[dim]);
  }
  return mapCoordinates(*this, newShape, [&](llvm::ArrayRef<int32_t> point) {
    return llvm::map_to_vector<4>(order, [&](int64_t dim) { return point[dim]; });
  });
}

LinearLayout LinearLayout::removeDim(unsigned axis) const {
  checkAxis(*this, axis, tensorRank(*this));
  llvm::SmallVector<int64_t, 4> newShape = shape();
  newShape.erase(newShape.begin() + axis);
  return mapCoordinates(*this, newShape, [&](llvm::SmallVector<int32_t, 4> point) {
    point.erase(point.begin() + axis);
    return point;
  });
}

LinearLayout LinearLayout::collapseDim(unsigned axis) const {
  return removeDim(axis).expandDims(axis);
}

LinearLayout LinearLayout::expandDims(unsigned axis) const {
  checkAxis(*this, axis, tensorRank(*this) + 1);
  llvm::SmallVector<int64_t, 4> newShape = shape();
  newShape.insert(newShape.begin() + axis, 1);
  return reshape(newShape);
}

LinearLayout LinearLayout::joinTrailing() const {
  return identity1D(2, LayoutDim::Register, tensorDim(tensorRank(*this))) * *this;
}

std::optional<LinearLayout> LinearLayout::splitTrailing(unsigned *registerBit) const {
  unsigned rank = tensorRank(*this);
  if (rank == 0 || outSize(tensorDim(rank - 1)) != 2)
    return std::nullopt;
  // The trailing dim's one bit is flat bit 0: exactly one column may have it, and only it.
  std::optional<unsigned> found;
  for (auto [bit, column] : llvm::enumerate(columnList)) {
    if (!(column & 1))
      continue;
    if (column != 1 || found)
      return std::nullopt;
    found = bit;
  }
  if (!found || !inSpace.has(LayoutDim::Register) ||
      !(inSpace.mask(LayoutDim::Register) >> *found & 1))
    return std::nullopt;
  if (registerBit)
    *registerBit = *found - inSpace.shift(LayoutDim::Register);
  LinearLayout result = *this;
  result.columnList.erase(result.columnList.begin() + *found);
  result.inSpace.setBits(LayoutDim::Register, inBits(LayoutDim::Register) - 1);
  return result.removeDim(rank - 1);
}

LinearLayout LinearLayout::concat(unsigned axis) const {
  checkAxis(*this, axis, tensorRank(*this));
  return *this * identity1D(2, LayoutDim::Register, tensorDim(axis));
}

LinearLayout LinearLayout::ensureSizeNotLargerThan(llvm::ArrayRef<int64_t> bound,
                                                   bool keepRegisters) const {
  unsigned rank = tensorRank(*this);
  if (bound.size() != rank)
    layoutBug("a bound of rank " + llvm::Twine(bound.size()) + " for " + toString());
  llvm::SmallVector<int64_t, 4> newShape = shape();
  for (unsigned i = 0; i < rank; ++i)
    newShape[i] = std::min(newShape[i], bound[i]);
  LinearLayout result = mapCoordinates(*this, newShape, [&](llvm::SmallVector<int32_t, 4> point) {
    for (unsigned i = 0; i < rank; ++i)
      point[i] &= newShape[i] - 1;
    return point;
  });
  return keepRegisters ? result : result.removeZeroBases(LayoutDim::Register);
}

LinearLayout LinearLayout::ensureSizeNotSmallerThan(llvm::ArrayRef<int64_t> bound,
                                                    llvm::ArrayRef<int64_t> order) const {
  unsigned rank = tensorRank(*this);
  if (bound.size() != rank || (!order.empty() && order.size() != rank))
    layoutBug("a bound of rank " + llvm::Twine(bound.size()) + " for " + toString());
  LinearLayout result = *this;
  for (unsigned i = 0; i < rank; ++i) {
    int64_t dim = order.empty() ? rank - 1 - i : order[i];
    checkAxis(*this, dim, rank);
    unsigned want = exactLog2(bound[dim], "bound of dim " + llvm::Twine(dim));
    unsigned have = outBits(tensorDim(dim));
    if (want > have)
      result *= identity1D(int64_t(1) << (want - have), LayoutDim::Register, tensorDim(dim));
  }
  return result;
}

LinearLayout LinearLayout::removeZeroBases(LayoutDim dim) const {
  if (!zeroBasisMask(dim))
    return *this;
  LinearLayout result = *this;
  unsigned shift = inSpace.shift(dim), kept = 0;
  auto *first = result.columnList.begin() + shift;
  auto *last = first + inBits(dim);
  auto *end = std::remove(first, last, 0u);
  kept = end - first;
  result.columnList.erase(end, last);
  result.inSpace.setBits(dim, kept);
  return result;
}

LinearLayout LinearLayout::renameInput(LayoutDim from, LayoutDim to) const {
  if (!inSpace.has(from) || inSpace.has(to))
    layoutBug("cannot rename input " + layoutDimName(from) + " to " + layoutDimName(to) + " in " +
              toString());
  LayoutSpace in = inSpace;
  in.remove(from);
  in.setBits(to, inBits(from));
  f2::Columns result;
  for (const LayoutSpace::Axis &axis : llvm::reverse(in.axes()))
    llvm::append_range(result, columns(axis.dim == to ? from : axis.dim));
  return fromColumns(std::move(in), outSpace, result);
}

LinearLayout LinearLayout::withInputs(llvm::ArrayRef<LayoutDim> dims) const {
  LinearLayout result = *this;
  for (LayoutDim dim : dims)
    result.inSpace.grow(dim, 0);
  return result;
}

} // namespace cosmati
