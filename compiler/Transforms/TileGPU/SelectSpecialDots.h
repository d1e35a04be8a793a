// Dots that exist on matrix instructions only: of elements narrower than a byte, and sparse ones.
// SelectTensorCore calls these beside its own work on tile.dot.
#pragma once

#include "dialects/TileGPU/IR/MmaOps.h"

namespace cosmati::tilegpu {

/// Replaces the op by tilegpu.mma between conversions of layouts. Fails with an error at the op
/// where the target has no instruction for its types, or its extents are below an instruction's.
mlir::LogicalResult selectPackedDot(tile::DotPackedOp dot);

/// Likewise by tilegpu.mma_sparse. f32 operands are rounded to tf32; fp8 ones become f16, which
/// holds them exactly, where the target has no instruction for them and this K.
mlir::LogicalResult selectSparseDot(tile::DotSparseOp dot);

} // namespace cosmati::tilegpu
