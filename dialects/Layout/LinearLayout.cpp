// LayoutSpace; construction, points and rank questions of LinearLayout.
#include "dialects/Layout/LinearLayout.h"

#include "dialects/Layout/F2.h"
#include "dialects/Layout/LayoutError.h"

#include "llvm/ADT/STLExtras.h"

namespace cosmati {

using detail::exactLog2;
using detail::layoutBug;

//===----------------------------------------------------------------------------------------------===//
// LayoutDim
//===----------------------------------------------------------------------------------------------===//

LayoutDim tensorDim(unsigned index) {
  if (index >= kMaxTensorRank)
    layoutBug("tensor dim " + llvm::Twine(index) + " is beyond the largest rank, " +
              llvm::Twine(kMaxTensorRank));
  return static_cast<LayoutDim>(static_cast<unsigned>(LayoutDim::Dim0) + index);
}

namespace {
constexpr std::pair<LayoutDim, llvm::StringLiteral> kPlaceNames[] = {
    {LayoutDim::Block, "block"},       {LayoutDim::Warp, "warp"},     {LayoutDim::Lane, "lane"},
    {LayoutDim::Register, "register"}, {LayoutDim::Offset, "offset"},
};
} // namespace

std::string layoutDimName(LayoutDim dim) {
  for (auto [place, name] : kPlaceNames)
    if (place == dim)
      return name.str();
  return "dim" + std::to_string(tensorDimIndex(dim));
}

std::optional<LayoutDim> parseLayoutDim(llvm::StringRef name) {
  for (auto [place, placeName] : kPlaceNames)
    if (placeName == name)
      return place;
  unsigned index = 0;
  if (!name.consume_front("dim") || name.getAsInteger(10, index) || index >= kMaxTensorRank)
    return std::nullopt;
  return tensorDim(index);
}

//===----------------------------------------------------------------------------------------------===//
// LayoutSpace
//===----------------------------------------------------------------------------------------------===//

LayoutSpace::LayoutSpace(std::initializer_list<std::pair<LayoutDim, int64_t>> sizes) {
  for (auto [dim, size] : sizes) {
    if (has(dim))
      layoutBug("dim " + layoutDimName(dim) + " is given twice");
    if (size <= 0 || !llvm::isPowerOf2_64(size))
      layoutBug("size of dim " + layoutDimName(dim) + " must be a power of two, got " +
                llvm::Twine(size));
    setBits(dim, llvm::Log2_64(size));
  }
}

LayoutSpace LayoutSpace::tensor(llvm::ArrayRef<int64_t> shape) {
  LayoutSpace space;
  for (unsigned i = 0; i < shape.size(); ++i)
    space.setBits(tensorDim(i), exactLog2(shape[i], "extent of tensor dim " + llvm::Twine(i)));
  return space;
}

const LayoutSpace::Axis *LayoutSpace::find(LayoutDim dim) const {
  for (const Axis &axis : axisList)
    if (axis.dim == dim)
      return &axis;
  return nullptr;
}

unsigned LayoutSpace::bits(LayoutDim dim) const {
  const Axis *axis = find(dim);
  return axis ? axis->bits : 0;
}

unsigned LayoutSpace::totalBits() const {
  unsigned total = 0;
  for (const Axis &axis : axisList)
    total += axis.bits;
  return total;
}

unsigned LayoutSpace::shift(LayoutDim dim) const {
  unsigned position = 0;
  for (const Axis &axis : llvm::reverse(axisList)) {
    if (axis.dim == dim)
      return position;
    position += axis.bits;
  }
  layoutBug("there is no dim " + layoutDimName(dim));
}

uint32_t LayoutSpace::mask(LayoutDim dim) const {
  unsigned width = bits(dim);
  return width ? f2::lowMask(width) << shift(dim) : 0;
}

int32_t LayoutSpace::coordinate(uint32_t flat, LayoutDim dim) const {
  unsigned width = bits(dim);
  return width ? (flat >> shift(dim)) & f2::lowMask(width) : 0;
}

llvm::SmallVector<int32_t, 4> LayoutSpace::coordinates(uint32_t flat) const {
  llvm::SmallVector<int32_t, 4> result(axisList.size());
  uint64_t rest = flat;
  for (unsigned i = axisList.size(); i-- > 0;) {
    result[i] = rest & f2::lowMask(axisList[i].bits);
    rest >>= axisList[i].bits;
  }
  return result;
}

uint32_t LayoutSpace::flatten(llvm::ArrayRef<LayoutCoordinate> point) const {
  uint32_t flat = 0;
  for (auto [dim, value] : point) {
    if (value < 0 || value >= size(dim))
      layoutBug("coordinate " + llvm::Twine(value) + " of dim " + layoutDimName(dim) +
                " lies outside its size " + llvm::Twine(size(dim)));
    if (value)
      flat |= static_cast<uint32_t>(value) << shift(dim);
  }
  return flat;
}

llvm::SmallVector<int64_t, 4> LayoutSpace::shape() const {
  llvm::SmallVector<int64_t, 4> sizes;
  for (const Axis &axis : axisList)
    sizes.push_back(int64_t(1) << axis.bits);
  return sizes;
}

void LayoutSpace::grow(LayoutDim dim, unsigned extra) { setBits(dim, bits(dim) + extra); }

void LayoutSpace::setBits(LayoutDim dim, unsigned width) {
  auto *position =
      llvm::lower_bound(axisList, dim, [](const Axis &axis, LayoutDim d) { return axis.dim < d; });
  if (position == axisList.end() || position->dim != dim)
    position = axisList.insert(position, Axis{dim, 0});
  position->bits = static_cast<uint8_t>(width);
  if (totalBits() > kMaxLayoutBits)
    layoutBug("a space of 2^" + llvm::Twine(totalBits()) + " points exceeds the limit of 2^" +
              llvm::Twine(kMaxLayoutBits));
}

void LayoutSpace::remove(LayoutDim dim) {
  llvm::erase_if(axisList, [dim](const Axis &axis) { return axis.dim == dim; });
}

llvm::hash_code hash_value(const LayoutSpace &space) {
  llvm::hash_code hash = llvm::hash_value(space.axisList.size());
  for (const LayoutSpace::Axis &axis : space.axisList)
    hash = llvm::hash_combine(hash, static_cast<uint8_t>(axis.dim), axis.bits);
  return hash;
}

//===----------------------------------------------------------------------------------------------===//
// Construction
//===----------------------------------------------------------------------------------------------===//

namespace {

llvm::Error invalid(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// The flat word of one basis, or why it is none.
llvm::Expected<uint32_t> flattenBasis(const LayoutBases &bases, unsigned bit,
                                      const LayoutSpace &out) {
  llvm::ArrayRef<int32_t> vector = bases.vectors[bit];
  if (vector.size() != out.rank())
    return invalid("basis " + llvm::Twine(bit) + " of " + layoutDimName(bases.dim) + " has " +
                   llvm::Twine(vector.size()) + " coordinates, the output has " +
                   llvm::Twine(out.rank()) + " dims");
  uint32_t flat = 0;
  for (auto [value, axis] : llvm::zip_equal(vector, out.axes())) {
    if (value < 0 || value >= (int64_t(1) << axis.bits))
      return invalid("basis " + llvm::Twine(bit) + " of " + layoutDimName(bases.dim) +
                     " has coordinate " + llvm::Twine(value) + " in " + layoutDimName(axis.dim) +
                     ", whose size is " + llvm::Twine(int64_t(1) << axis.bits));
    if (value)
      flat |= static_cast<uint32_t>(value) << out.shift(axis.dim);
  }
  return flat;
}

} // namespace

llvm::Expected<LinearLayout> LinearLayout::create(llvm::ArrayRef<LayoutBases> bases,
                                                  llvm::ArrayRef<int64_t> shape) {
  if (shape.size() > kMaxTensorRank)
    return invalid("rank " + llvm::Twine(shape.size()) + " exceeds the largest tensor rank, " +
                   llvm::Twine(kMaxTensorRank));
  unsigned totalBits = 0;
  for (auto [i, extent] : llvm::enumerate(shape)) {
    if (extent <= 0 || !llvm::isPowerOf2_64(extent))
      return invalid("extent " + llvm::Twine(extent) + " of tensor dim " + llvm::Twine(i) +
                     " is no power of two");
    totalBits += llvm::Log2_64(extent);
  }
  if (totalBits > kMaxLayoutBits)
    return invalid("a tensor of 2^" + llvm::Twine(totalBits) + " elements exceeds 2^" +
                   llvm::Twine(kMaxLayoutBits));
  return create(bases, LayoutSpace::tensor(shape));
}

llvm::Expected<LinearLayout> LinearLayout::create(llvm::ArrayRef<LayoutBases> bases,
                                                  LayoutSpace out) {
  size_t totalBits = 0;
  for (const LayoutBases &dimBases : bases)
    totalBits += dimBases.vectors.size();
  if (totalBits > kMaxLayoutBits)
    return invalid(llvm::Twine(totalBits) + " bases exceed the limit of " +
                   llvm::Twine(kMaxLayoutBits));
  LinearLayout layout;
  layout.outSpace = std::move(out);
  for (const LayoutBases &dimBases : bases) {
    if (isTensorDim(dimBases.dim))
      return invalid(layoutDimName(dimBases.dim) + " is a tensor dim; inputs are register, lane, " +
                     "warp, block and offset");
    if (layout.inSpace.has(dimBases.dim))
      return invalid("input dim " + layoutDimName(dimBases.dim) + " is given twice");
    layout.inSpace.setBits(dimBases.dim, dimBases.vectors.size());
  }
  layout.columnList.resize(totalBits);
  for (const LayoutBases &dimBases : bases)
    for (unsigned bit = 0; bit < dimBases.vectors.size(); ++bit) {
      llvm::Expected<uint32_t> flat = flattenBasis(dimBases, bit, layout.outSpace);
      if (!flat)
        return flat.takeError();
      layout.columnList[layout.inSpace.shift(dimBases.dim) + bit] = *flat;
    }
  return layout;
}

LinearLayout LinearLayout::fromColumns(LayoutSpace in, LayoutSpace out,
                                       llvm::ArrayRef<uint32_t> columns) {
  if (columns.size() != in.totalBits())
    layoutBug(llvm::Twine(columns.size()) + " columns for an input of " +
              llvm::Twine(in.totalBits()) + " bits");
  for (uint32_t column : columns)
    if (column & ~f2::lowMask(out.totalBits()))
      layoutBug("column " + llvm::Twine(column) + " lies outside an output of " +
                llvm::Twine(out.totalBits()) + " bits");
  LinearLayout layout;
  layout.inSpace = std::move(in);
  layout.outSpace = std::move(out);
  layout.columnList.assign(columns.begin(), columns.end());
  return layout;
}

LinearLayout LinearLayout::identity1D(int64_t size, LayoutDim in, LayoutDim out) {
  LayoutSpace inSpace({{in, size}}), outSpace({{out, size}});
  unsigned bits = inSpace.totalBits();
  return fromColumns(std::move(inSpace), std::move(outSpace), f2::unitVectors(bits));
}

LinearLayout LinearLayout::zeros1D(int64_t size, LayoutDim in, LayoutDim out, int64_t outSize) {
  LayoutSpace inSpace({{in, size}}), outSpace({{out, outSize}});
  f2::Columns zeros(inSpace.totalBits(), 0);
  return fromColumns(std::move(inSpace), std::move(outSpace), zeros);
}

LinearLayout LinearLayout::identity(const LayoutSpace &space) {
  return fromColumns(space, space, f2::unitVectors(space.totalBits()));
}

//===----------------------------------------------------------------------------------------------===//
// Points
//===----------------------------------------------------------------------------------------------===//

llvm::ArrayRef<uint32_t> LinearLayout::columns(LayoutDim dim) const {
  if (!inSpace.has(dim))
    return {};
  return llvm::ArrayRef<uint32_t>(columnList).slice(inSpace.shift(dim), inSpace.bits(dim));
}

llvm::SmallVector<int32_t, 4> LinearLayout::basis(LayoutDim dim, unsigned bit) const {
  return outSpace.coordinates(columns(dim)[bit]);
}

int32_t LinearLayout::basis(LayoutDim dim, unsigned bit, LayoutDim outDim) const {
  return outSpace.coordinate(columns(dim)[bit], outDim);
}

uint32_t LinearLayout::applyFlat(uint32_t flatIn) const { return f2::apply(columnList, flatIn); }

llvm::SmallVector<int32_t, 4> LinearLayout::apply(llvm::ArrayRef<LayoutCoordinate> point) const {
  return outSpace.coordinates(applyFlat(inSpace.flatten(point)));
}

llvm::SmallVector<ShiftTerm, 4> LinearLayout::shiftTerms(LayoutDim inDim, LayoutDim outDim) const {
  llvm::SmallVector<ShiftTerm, 4> terms;
  for (unsigned bit = 0; bit < inBits(inDim); ++bit)
    for (uint32_t image = basis(inDim, bit, outDim); image; image &= image - 1) {
      int32_t shift = static_cast<int32_t>(llvm::countr_zero(image)) - static_cast<int32_t>(bit);
      auto *term = llvm::find_if(terms, [&](const ShiftTerm &t) { return t.shift == shift; });
      if (term == terms.end())
        terms.push_back({uint32_t(1) << bit, shift});
      else
        term->mask |= uint32_t(1) << bit;
    }
  return terms;
}

//===----------------------------------------------------------------------------------------------===//
// Rank
//===----------------------------------------------------------------------------------------------===//

unsigned LinearLayout::rank() const { return f2::rank(columnList); }

uint32_t LinearLayout::zeroBasisMask(LayoutDim dim) const {
  uint32_t mask = 0;
  for (auto [bit, column] : llvm::enumerate(columns(dim)))
    if (!column)
      mask |= uint32_t(1) << bit;
  return mask;
}

uint32_t LinearLayout::freeInputBits() const { return f2::Solver(columnList).freeVariables(); }

uint32_t LinearLayout::freeVariableMask(LayoutDim dim) const {
  return inSpace.coordinate(freeInputBits(), dim);
}

llvm::hash_code hash_value(const LinearLayout &layout) {
  return llvm::hash_combine(
      layout.inSpace, layout.outSpace,
      llvm::hash_combine_range(layout.columnList.begin(), layout.columnList.end()));
}

} // namespace cosmati
