// How the warps of a CTA divide a product that runs on matrix instructions.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace cosmati::tilegpu {

/// Warps along each dim of a result of `shape` (batches, M, N; powers of two); their product is
/// `numWarps`, a power of two.
///
/// Batches are divided first. Then the longer side of a warp's part is halved, down to the 16x8 of
/// an instruction: a warp reads (m + n) * k elements for m * n * k products. `rowsOnly` divides M
/// alone as far as it goes: each warp then holds whole rows, so that a reduction along N, or a
/// second product with this result on its left, needs no other warp. Warps beyond what the shape
/// has work for are added along M and repeat it.
llvm::SmallVector<int64_t, 3> mmaWarps(llvm::ArrayRef<int64_t> shape, int64_t numWarps,
                                       bool rowsOnly);

} // namespace cosmati::tilegpu
