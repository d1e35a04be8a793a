// Blocked, slice and shared-memory layouts.
#include "dialects/Layout/LayoutConstructors.h"

#include "dialects/Layout/LayoutConstructorsDetail.h"
#include "dialects/Layout/LayoutError.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Error.h"

#include <algorithm>

namespace cosmati {

using detail::exactLog2;
using detail::layoutBug;

//===----------------------------------------------------------------------------------------------===//
// Shared helpers
//===----------------------------------------------------------------------------------------------===//

LinearLayout detail::identityND(LayoutDim in, llvm::ArrayRef<int64_t> sizes,
                                llvm::ArrayRef<int64_t> order) {
  LinearLayout result = emptyTile(sizes.size(), in);
  for (int64_t dim : order)
    result *= LinearLayout::identity1D(sizes[dim], in, tensorDim(dim));
  return result;
}

LinearLayout detail::emptyTile(unsigned rank, LayoutDim in) {
  LayoutSpace inSpace({{in, 1}});
  llvm::SmallVector<int64_t, 4> ones(rank, 1);
  return LinearLayout::fromColumns(inSpace, LayoutSpace::tensor(ones), {});
}

llvm::SmallVector<int64_t, 4> detail::rowMajorOrder(unsigned rank) {
  llvm::SmallVector<int64_t, 4> order;
  for (unsigned i = rank; i-- > 0;)
    order.push_back(i);
  return order;
}

LinearLayout detail::fitTile(LinearLayout tile, llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<int64_t> order) {
  return tile.ensureSizeNotLargerThan(shape)
      .ensureSizeNotSmallerThan(shape, order)
      .withInputs({LayoutDim::Block, LayoutDim::Warp, LayoutDim::Lane, LayoutDim::Register});
}

//===----------------------------------------------------------------------------------------------===//
// Blocked
//===----------------------------------------------------------------------------------------------===//

namespace {

llvm::Error invalid(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

llvm::Error checkSizes(llvm::StringRef name, llvm::ArrayRef<int64_t> sizes, size_t rank) {
  if (sizes.size() != rank)
    return invalid(name + " has " + llvm::Twine(sizes.size()) + " entries, the tensor has rank " +
                   llvm::Twine(rank));
  for (int64_t size : sizes)
    if (size <= 0 || !llvm::isPowerOf2_64(size))
      return invalid(name + " must be powers of two, found " + llvm::Twine(size));
  return llvm::Error::success();
}

llvm::Error checkOrder(llvm::ArrayRef<int64_t> order, size_t rank) {
  if (order.size() != rank)
    return invalid("order has " + llvm::Twine(order.size()) + " entries, the tensor has rank " +
                   llvm::Twine(rank));
  for (size_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(order, static_cast<int64_t>(dim)))
      return invalid("order is no permutation: dim " + llvm::Twine(dim) + " is missing");
  return llvm::Error::success();
}

/// Ends the program with the error's text: a caller in the compiler passed wrong parameters.
void expectValid(llvm::Error error) {
  if (error)
    layoutBug(llvm::toString(std::move(error)));
}

} // namespace

llvm::Error checkBlocked(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> sizePerThread,
                         llvm::ArrayRef<int64_t> threadsPerWarp,
                         llvm::ArrayRef<int64_t> warpsPerCta, llvm::ArrayRef<int64_t> order,
                         llvm::ArrayRef<int64_t> ctas) {
  size_t rank = shape.size();
  const std::pair<llvm::StringRef, llvm::ArrayRef<int64_t>> lists[] = {
      {"shape", shape},
      {"sizePerThread", sizePerThread},
      {"threadsPerWarp", threadsPerWarp},
      {"warpsPerCta", warpsPerCta}};
  for (auto [name, sizes] : lists)
    if (llvm::Error error = checkSizes(name, sizes, rank))
      return error;
  if (!ctas.empty())
    if (llvm::Error error = checkSizes("ctas", ctas, rank))
      return error;
  if (llvm::Error error = checkOrder(order, rank))
    return error;
  int64_t lanes = 1;
  for (int64_t threads : threadsPerWarp)
    lanes *= threads;
  if (lanes != kLanesPerWarp && rank != 0)
    return invalid("threadsPerWarp multiply to " + llvm::Twine(lanes) + ", a warp has " +
                   llvm::Twine(kLanesPerWarp) + " lanes");
  return llvm::Error::success();
}

LinearLayout blockedLayout(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> sizePerThread,
                           llvm::ArrayRef<int64_t> threadsPerWarp,
                           llvm::ArrayRef<int64_t> warpsPerCta, llvm::ArrayRef<int64_t> order,
                           llvm::ArrayRef<int64_t> ctas) {
  expectValid(checkBlocked(shape, sizePerThread, threadsPerWarp, warpsPerCta, order, ctas));
  LinearLayout tile = detail::identityND(LayoutDim::Register, sizePerThread, order) *
                      detail::identityND(LayoutDim::Lane, threadsPerWarp, order) *
                      detail::identityND(LayoutDim::Warp, warpsPerCta, order);
  llvm::SmallVector<int64_t, 4> perCta(shape);
  for (auto [extent, split] : llvm::zip(perCta, ctas))
    extent = std::max<int64_t>(1, extent / split);
  LinearLayout result = detail::fitTile(tile, perCta, order);
  if (!ctas.empty())
    result *= detail::identityND(LayoutDim::Block, ctas, order);
  return result.ensureSizeNotLargerThan(shape);
}

LinearLayout blockedLayout(llvm::ArrayRef<int64_t> shape, const BlockedParameters &parameters,
                           llvm::ArrayRef<int64_t> ctas) {
  return blockedLayout(shape, parameters.sizePerThread, parameters.threadsPerWarp,
                       parameters.warpsPerCta, parameters.order, ctas);
}

BlockedParameters defaultBlockedParameters(llvm::ArrayRef<int64_t> shape, int64_t numWarps,
                                           int64_t vector, llvm::ArrayRef<int64_t> order) {
  unsigned rank = shape.size();
  BlockedParameters result;
  result.order = order.empty() ? detail::rowMajorOrder(rank) : llvm::SmallVector<int64_t, 4>(order);
  expectValid(checkSizes("shape", shape, rank));
  expectValid(checkOrder(result.order, rank));
  exactLog2(numWarps, "the number of warps");
  exactLog2(vector, "the vector width");
  result.sizePerThread.assign(rank, 1);
  result.threadsPerWarp.assign(rank, 1);
  result.warpsPerCta.assign(rank, 1);
  if (rank == 0)
    return result;

  llvm::SmallVector<int64_t, 4> rest(shape);
  result.sizePerThread[result.order[0]] = std::min(vector, rest[result.order[0]]);
  rest[result.order[0]] /= result.sizePerThread[result.order[0]];
  auto deal = [&](int64_t count, llvm::SmallVectorImpl<int64_t> &into) {
    for (int64_t dim : result.order) {
      into[dim] = std::min(count, rest[dim]);
      rest[dim] /= into[dim];
      count /= into[dim];
    }
    into[result.order.back()] *= count; // what is left replicates
  };
  deal(kLanesPerWarp, result.threadsPerWarp);
  deal(numWarps, result.warpsPerCta);
  return result;
}

LinearLayout sliceLayout(const LinearLayout &parent, unsigned axis) {
  return parent.removeDim(axis).removeZeroBases(LayoutDim::Register);
}

//===----------------------------------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------------------------------===//

LinearLayout sharedRowMajor(llvm::ArrayRef<int64_t> shape) {
  return swizzledShared(shape, 1, 1, 1, detail::rowMajorOrder(shape.size()));
}

LinearLayout swizzledShared(llvm::ArrayRef<int64_t> shape, int64_t vec, int64_t perPhase,
                            int64_t maxPhase, llvm::ArrayRef<int64_t> order) {
  expectValid(checkSizes("shape", shape, shape.size()));
  expectValid(checkOrder(order, shape.size()));
  unsigned vecBits = exactLog2(vec, "vec"), perPhaseBits = exactLog2(perPhase, "perPhase");
  exactLog2(maxPhase, "maxPhase");

  LinearLayout plain =
      detail::identityND(LayoutDim::Offset, shape, order).withInputs({LayoutDim::Block});
  if (shape.size() < 2 || maxPhase == 1)
    return plain;
  LayoutDim column = tensorDim(order[0]), row = tensorDim(order[1]);
  unsigned columnShift = plain.out().shift(column);
  llvm::SmallVector<uint32_t, 16> columns(plain.columns());
  for (uint32_t &word : columns) {
    uint32_t i = plain.out().coordinate(word, row);
    uint32_t group = (i >> perPhaseBits) & static_cast<uint32_t>(maxPhase - 1);
    uint32_t flips = (group << vecBits) & static_cast<uint32_t>(plain.outSize(column) - 1);
    word ^= flips << columnShift;
  }
  return LinearLayout::fromColumns(plain.in(), plain.out(), columns);
}

} // namespace cosmati
