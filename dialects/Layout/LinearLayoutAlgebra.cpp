// Product, composition, inverses and division of linear layouts.
#include "dialects/Layout/F2.h"
#include "dialects/Layout/LayoutError.h"
#include "dialects/Layout/LinearLayout.h"

#include "llvm/ADT/STLExtras.h"

namespace cosmati {

using detail::layoutBug;

namespace {

/// Moves a flat index of `from` into `to`, shifting each coordinate left by `offset.bits(dim)`.
/// Coordinates of dims that `to` lacks are dropped.
uint32_t repack(uint32_t flat, const LayoutSpace &from, const LayoutSpace &to,
                const LayoutSpace &offset = {}) {
  uint32_t result = 0;
  for (const LayoutSpace::Axis &axis : from.axes()) {
    uint32_t value = from.coordinate(flat, axis.dim);
    if (value && to.has(axis.dim))
      result |= value << (to.shift(axis.dim) + offset.bits(axis.dim));
  }
  return result;
}

LayoutSpace unite(const LayoutSpace &a, const LayoutSpace &b) {
  LayoutSpace result = a;
  for (const LayoutSpace::Axis &axis : b.axes())
    result.grow(axis.dim, axis.bits);
  return result;
}

/// `whole` with every dim of `part` smaller by part's bits; none if part does not fit.
std::optional<LayoutSpace> subtract(const LayoutSpace &whole, const LayoutSpace &part) {
  LayoutSpace result = whole;
  for (const LayoutSpace::Axis &axis : part.axes()) {
    if (!whole.has(axis.dim) || whole.bits(axis.dim) < axis.bits)
      return std::nullopt;
    result.setBits(axis.dim, whole.bits(axis.dim) - axis.bits);
  }
  return result;
}

LayoutSpace select(const LayoutSpace &space, llvm::ArrayRef<LayoutDim> dims) {
  LayoutSpace result;
  for (LayoutDim dim : dims)
    if (space.has(dim))
      result.setBits(dim, space.bits(dim));
  return result;
}

} // namespace

LinearLayout LinearLayout::operator*(const LinearLayout &outer) const {
  LayoutSpace in = unite(inSpace, outer.inSpace), out = unite(outSpace, outer.outSpace);
  f2::Columns result;
  for (const LayoutSpace::Axis &axis : llvm::reverse(in.axes())) {
    for (uint32_t column : columns(axis.dim))
      result.push_back(repack(column, outSpace, out));
    for (uint32_t column : outer.columns(axis.dim))
      result.push_back(repack(column, outer.outSpace, out, outSpace));
  }
  return fromColumns(std::move(in), std::move(out), result);
}

LinearLayout LinearLayout::compose(const LinearLayout &outer) const {
  for (const LayoutSpace::Axis &axis : outSpace.axes())
    if (!outer.inSpace.has(axis.dim) || outer.inBits(axis.dim) < axis.bits)
      layoutBug("cannot compose: the outer map has no input for " + layoutDimName(axis.dim) +
                " of size " + llvm::Twine(outSize(axis.dim)) + "; inner is " + toString() +
                ", outer is " + outer.toString());
  f2::Columns result;
  bool sameSpace = outSpace == outer.inSpace;
  for (uint32_t column : columnList)
    result.push_back(outer.applyFlat(sameSpace ? column : repack(column, outSpace, outer.inSpace)));
  return fromColumns(inSpace, outer.outSpace, result);
}

std::optional<LinearLayout> LinearLayout::inverse() const {
  if (inSpace.totalBits() != outSpace.totalBits())
    return std::nullopt;
  return rightInverse();
}

std::optional<LinearLayout> LinearLayout::rightInverse() const {
  f2::Solver solver(columnList);
  f2::Columns result;
  for (uint32_t unit : f2::unitVectors(outSpace.totalBits())) {
    std::optional<uint32_t> place = solver.solve(unit);
    if (!place)
      return std::nullopt;
    result.push_back(*place);
  }
  return fromColumns(outSpace, inSpace, result);
}

std::optional<LinearLayout> LinearLayout::leftInverse() const {
  // Complete the columns to a basis of the output; on the added vectors the result is free, say 0.
  f2::Subspace image;
  f2::Columns basis;
  f2::extendBasis(image, basis, columnList);
  if (basis.size() != columnList.size())
    return std::nullopt;
  f2::extendBasis(image, basis, f2::unitVectors(outSpace.totalBits()));
  f2::Solver solver(basis);
  f2::Columns result;
  for (uint32_t unit : f2::unitVectors(outSpace.totalBits()))
    result.push_back(*solver.solve(unit) & f2::lowMask(inSpace.totalBits()));
  return fromColumns(outSpace, inSpace, result);
}

std::optional<LinearLayout> LinearLayout::invertAndCompose(const LinearLayout &outer) const {
  if (outSpace != outer.outSpace)
    layoutBug("invertAndCompose needs equal outputs: " + toString() + " and " + outer.toString());
  f2::Solver solver(outer.columnList);
  f2::Columns result;
  for (auto [bit, column] : llvm::enumerate(columnList)) {
    std::optional<uint32_t> place = solver.solve(column);
    if (!place)
      return std::nullopt;
    // An input bit that outer lacks wishes for no bit at all.
    uint32_t wished = 0;
    for (const LayoutSpace::Axis &axis : inSpace.axes()) {
      uint32_t coordinate = inSpace.coordinate(uint32_t(1) << bit, axis.dim);
      if (coordinate && coordinate < outer.inSize(axis.dim))
        wished = coordinate << outer.inSpace.shift(axis.dim);
    }
    result.push_back(solver.nearest(*place, wished));
  }
  return fromColumns(inSpace, outer.inSpace, result);
}

std::optional<LinearLayout> LinearLayout::divideLeft(const LinearLayout &inner) const {
  std::optional<LayoutSpace> in = subtract(inSpace, inner.inSpace);
  std::optional<LayoutSpace> out = subtract(outSpace, inner.outSpace);
  if (!in || !out)
    return std::nullopt;
  f2::Columns result;
  for (const LayoutSpace::Axis &axis : llvm::reverse(in->axes()))
    for (uint32_t column : columns(axis.dim).drop_front(inner.inBits(axis.dim))) {
      uint32_t divided = 0;
      for (const LayoutSpace::Axis &outAxis : out->axes())
        if (uint32_t value = outSpace.coordinate(column, outAxis.dim) >> inner.outBits(outAxis.dim))
          divided |= value << out->shift(outAxis.dim);
      result.push_back(divided);
    }
  LinearLayout quotient = fromColumns(*in, *out, result);
  if (inner * quotient != *this)
    return std::nullopt;
  return quotient;
}

std::optional<LinearLayout> LinearLayout::divideRight(const LinearLayout &outer) const {
  std::optional<LayoutSpace> in = subtract(inSpace, outer.inSpace);
  std::optional<LayoutSpace> out = subtract(outSpace, outer.outSpace);
  if (!in || !out)
    return std::nullopt;
  f2::Columns result;
  for (const LayoutSpace::Axis &axis : llvm::reverse(in->axes()))
    for (uint32_t column : columns(axis.dim).drop_back(outer.inBits(axis.dim))) {
      uint32_t divided = 0;
      for (const LayoutSpace::Axis &outAxis : out->axes()) {
        uint32_t value = outSpace.coordinate(column, outAxis.dim);
        if (value >= out->size(outAxis.dim))
          return std::nullopt;
        if (value)
          divided |= value << out->shift(outAxis.dim);
      }
      result.push_back(divided);
    }
  LinearLayout quotient = fromColumns(*in, *out, result);
  if (quotient * outer != *this)
    return std::nullopt;
  return quotient;
}

bool LinearLayout::isIdentityOn(LayoutDim dim) const {
  if (!inSpace.has(dim) || !outSpace.has(dim) || inBits(dim) != outBits(dim))
    return false;
  uint32_t inMask = inSpace.mask(dim), outMask = outSpace.mask(dim);
  unsigned inShift = inSpace.shift(dim), outShift = outSpace.shift(dim);
  for (unsigned i = 0; i < columnList.size(); ++i) {
    bool mine = (inMask >> i) & 1;
    if (mine ? columnList[i] != uint32_t(1) << (i - inShift + outShift)
             : (columnList[i] & outMask) != 0)
      return false;
  }
  return true;
}

std::optional<LinearLayout> LinearLayout::quotient(llvm::ArrayRef<LayoutDim> dims) const {
  llvm::SmallVector<LayoutDim, 6> keepIn, keepOut;
  for (LayoutDim dim : dims)
    if (!isIdentityOn(dim))
      return std::nullopt;
  for (const LayoutSpace::Axis &axis : inSpace.axes())
    if (!llvm::is_contained(dims, axis.dim))
      keepIn.push_back(axis.dim);
  for (const LayoutSpace::Axis &axis : outSpace.axes())
    if (!llvm::is_contained(dims, axis.dim))
      keepOut.push_back(axis.dim);
  return sublayout(keepIn, keepOut);
}

LinearLayout LinearLayout::sublayout(llvm::ArrayRef<LayoutDim> inDims,
                                     llvm::ArrayRef<LayoutDim> outDims) const {
  LayoutSpace in = select(inSpace, inDims), out = select(outSpace, outDims);
  f2::Columns result;
  for (const LayoutSpace::Axis &axis : llvm::reverse(in.axes()))
    for (uint32_t column : columns(axis.dim))
      result.push_back(repack(column, outSpace, out));
  return fromColumns(std::move(in), std::move(out), result);
}

bool LinearLayout::sublayoutIsZero(llvm::ArrayRef<LayoutDim> inDims,
                                   llvm::ArrayRef<LayoutDim> outDims) const {
  return llvm::all_of(sublayout(inDims, outDims).columnList, [](uint32_t c) { return c == 0; });
}

} // namespace cosmati
