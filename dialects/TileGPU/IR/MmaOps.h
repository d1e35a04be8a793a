// tilegpu.mma and tilegpu.mma_sparse. Apart from TileGPUDialect.h, since few files need it.
#pragma once

#include "dialects/TileGPU/IR/MmaFragments.h"
#include "dialects/TileGPU/IR/MmaSparsePlan.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#define GET_OP_CLASSES
#include "dialects/TileGPU/IR/TileGPUMmaOps.h.inc"

namespace cosmati::tilegpu {
/// Whether a block of `element` can hold elements of this type: s8 and u8 lie in i8, tf32 in f32,
/// narrower integers packed in wider ones.
bool holdsMmaType(mlir::Type element, MmaType type);
} // namespace cosmati::tilegpu
