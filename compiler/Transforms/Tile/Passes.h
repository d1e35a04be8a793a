// Passes on the tile level; see Passes.td.
#pragma once

#include "dialects/Tile/IR/TileDialect.h"

#include "mlir/Pass/Pass.h"

namespace cosmati::tile {

#define GEN_PASS_DECL
#include "compiler/Transforms/Tile/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/Transforms/Tile/Passes.h.inc"

} // namespace cosmati::tile
