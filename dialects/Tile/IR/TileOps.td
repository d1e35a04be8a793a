#ifndef COSMATI_TILE_OPS
#define COSMATI_TILE_OPS
include "dialects/Tile/IR/TileProgramOps.td"
include "dialects/Tile/IR/TileMemoryOps.td"
include "dialects/Tile/IR/TileShapeOps.td"
include "dialects/Tile/IR/TileComputeOps.td"
include "dialects/Tile/IR/TileElementwiseOps.td"
include "dialects/Tile/IR/TilePackedDotOps.td"
#endif
