// Passes on the GPU level; see Passes.td.
#pragma once

#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/Pass/Pass.h"

namespace cosmati::tilegpu {

#define GEN_PASS_DECL
#include "compiler/Transforms/TileGPU/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/Transforms/TileGPU/Passes.h.inc"

} // namespace cosmati::tilegpu
