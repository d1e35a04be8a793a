// From MLIR locations to `.loc` lines and the image's table of chains.
//
// LLVM 22's NVPTX back end writes `.loc file line column` but never `inlined_at`, so the chain of
// inlined calls would be lost. We number each distinct chain and write its number where the column
// would stand: `.loc F L C` says file F (the innermost function), line L (relative to its `def`),
// chain C of KernelImage::chains, 1-based.
#pragma once

#include "runtime/Image/KernelImage.h"

#include "mlir/IR/BuiltinOps.h"

#include <vector>

namespace cosmati {

/// The frames of a location, innermost first. Empty for an unknown location.
runtime::SourceChain chainOf(mlir::Location loc);

/// Replaces the location of every op in the llvm.funcs of `module` by (innermost function, line,
/// number of its chain), gives each function the debug scope that LLVM wants for that, and returns
/// the chains. `enabled` false removes all locations.
std::vector<runtime::SourceChain> numberLocations(mlir::ModuleOp module, bool enabled);

} // namespace cosmati
