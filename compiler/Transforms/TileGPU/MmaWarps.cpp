#include "compiler/Transforms/TileGPU/MmaWarps.h"

#include <algorithm>

namespace cosmati::tilegpu {

llvm::SmallVector<int64_t, 3> mmaWarps(llvm::ArrayRef<int64_t> shape, int64_t numWarps,
                                       bool rowsOnly) {
  constexpr int64_t kRows = 16, kColumns = 8;
  const size_t rank = shape.size(), dimM = rank - 2, dimN = rank - 1;
  llvm::SmallVector<int64_t, 3> warps(rank, 1);
  for (size_t dim = 0; dim < dimM; ++dim) {
    warps[dim] = std::min(numWarps, shape[dim]);
    numWarps /= warps[dim];
  }
  int64_t m = shape[dimM], n = shape[dimN];
  for (; numWarps > 1; numWarps /= 2) {
    bool canM = m > kRows, canN = n > kColumns;
    bool alongN = canN && (!canM || (!rowsOnly && n > m));
    warps[alongN ? dimN : dimM] *= 2;
    (alongN ? n : m) /= 2;
  }
  return warps;
}

} // namespace cosmati::tilegpu
