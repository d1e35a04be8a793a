#ifndef COSMATI_TILEGPU_OPS
#define COSMATI_TILEGPU_OPS
include "dialects/TileGPU/IR/TileGPULayoutOps.td"
include "dialects/TileGPU/IR/TileGPUSharedOps.td"
include "dialects/TileGPU/IR/TileGPUMemoryOps.td"
include "dialects/TileGPU/IR/TileGPUComputeOps.td"
#endif
