// tilegpu.mma. Apart from TileGPUDialect.h, since few files need it.
#pragma once

#include "dialects/TileGPU/IR/MmaFragments.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#define GET_OP_CLASSES
#include "dialects/TileGPU/IR/TileGPUMmaOps.h.inc"
