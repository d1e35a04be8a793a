#include "compiler/Conversion/TileToTileGPU/DefaultLayouts.h"

using namespace mlir;

namespace cosmati::tilegpu {

/// Side of the square of a result that one thread computes.
static constexpr int64_t kSquareSide = 4;
/// Lanes along M. With 8 and squares of 4 a warp covers 32 rows and reads 8 vectors of `a` and 4 of
/// `b` for each k.
static constexpr int64_t kMostLanesAlongM = 8;

static int64_t numElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

BlockedParameters dotBlockedParameters(ArrayRef<int64_t> shape, int64_t numWarps) {
  const size_t rank = shape.size(), dimM = rank - 2, dimN = rank - 1;
  const int64_t m = shape[dimM], n = shape[dimN];
  BlockedParameters p;
  p.sizePerThread.assign(rank, 1);
  p.threadsPerWarp.assign(rank, 1);
  p.warpsPerCta.assign(rank, 1);
  for (size_t dim = rank; dim-- > 0;)
    p.order.push_back(dim);

  int64_t &sideM = p.sizePerThread[dimM], &sideN = p.sizePerThread[dimN];
  const int64_t mostM = std::min(kSquareSide, m), mostN = std::min(kSquareSide, n);
  const int64_t perThread = numElements(shape) / (kLanesPerWarp * numWarps);
  while (2 * sideM * sideN <= perThread && (sideM < mostM || sideN < mostN))
    (sideN < mostN && (sideN <= sideM || sideM == mostM) ? sideN : sideM) *= 2;

  int64_t warps = numWarps;
  if (rank == 3) {
    p.warpsPerCta[0] = std::min(warps, shape[0]);
    warps /= p.warpsPerCta[0];
  }
  p.warpsPerCta[dimM] = std::min(warps, m / sideM);
  p.warpsPerCta[dimN] = warps / p.warpsPerCta[dimM];

  int64_t lanesM = std::min(kMostLanesAlongM, m / (sideM * p.warpsPerCta[dimM]));
  int64_t roomN = std::max<int64_t>(1, n / (sideN * p.warpsPerCta[dimN]));
  p.threadsPerWarp[dimN] = std::min(kLanesPerWarp / lanesM, roomN);
  p.threadsPerWarp[dimM] = kLanesPerWarp / p.threadsPerWarp[dimN];
  return p;
}

Type DefaultLayouts::key(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, IntegerType::get(context, 1));
}

void DefaultLayouts::addDotResult(ArrayRef<int64_t> shape) {
  LayoutAttr &layout = layouts[key(shape)];
  if (!layout)
    layout = LayoutAttr::get(context, blockedLayout(shape, dotBlockedParameters(shape, numWarps)));
}

LayoutAttr DefaultLayouts::of(ArrayRef<int64_t> shape) {
  LayoutAttr &layout = layouts[key(shape)];
  if (layout)
    return layout;
  // Four elements in a row are what a 16-byte access of f32 moves; smaller blocks spread over all
  // threads first.
  int64_t vector = std::clamp<int64_t>(numElements(shape) / (kLanesPerWarp * numWarps), 1, 4);
  BlockedParameters parameters = defaultBlockedParameters(shape, numWarps, vector);
  return layout = LayoutAttr::get(context, blockedLayout(shape, parameters));
}

} // namespace cosmati::tilegpu
