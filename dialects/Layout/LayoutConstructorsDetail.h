// Building blocks of the layout constructors.
#pragma once

#include "dialects/Layout/LinearLayout.h"

namespace cosmati::detail {

/// in -> dim0..dimN-1, counting through a box of `sizes` with dim order[0] fastest.
LinearLayout identityND(LayoutDim in, llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> order);

/// The empty tile: one input of size 1, a tensor of `rank` ones.
LinearLayout emptyTile(unsigned rank, LayoutDim in);

/// (rank - 1, ..., 0).
llvm::SmallVector<int64_t, 4> rowMajorOrder(unsigned rank);

/// Cuts a tile that is larger than `shape`, repeats one that is smaller, and adds the inputs that
/// every distributed layout has.
LinearLayout fitTile(LinearLayout tile, llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<int64_t> order);

} // namespace cosmati::detail
