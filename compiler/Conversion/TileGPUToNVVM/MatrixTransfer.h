// Blocks to and from shared memory by ldmatrix and stmatrix, as the plans of MatrixAccess.h say.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/ThreadValues.h"
#include "dialects/Layout/MatrixAccess.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

namespace cosmati::tonvvm {

/// Where a buffer lies, a multiple of `alignment` bytes.
struct SharedBuffer {
  Value base;
  int32_t alignment;
};

/// The plan by which ldmatrix fills `block` from `memory`, where there is one that takes fewer
/// wavefronts than vectors, or as many but fewer instructions.
std::optional<MatrixAccessPlan> planMatrixLoad(mlir::RankedTensorType block,
                                               tilegpu::MemDescType memory);
/// The same for a store by stmatrix.
std::optional<MatrixAccessPlan> planMatrixStore(mlir::RankedTensorType block,
                                                tilegpu::MemDescType memory);

/// All registers of the block, scalars of `type`. Words of 32 bits are taken apart by bitcasts to
/// vectors of `type` in the order of the registers: what packs neighbours again costs nothing.
llvm::SmallVector<Value> loadMatrices(Emitter &emit, ThreadValues &thread,
                                      const MatrixAccessPlan &plan, SharedBuffer buffer, Type type);

/// Stores all registers. Whole warps must come here.
void storeMatrices(Emitter &emit, ThreadValues &thread, const MatrixAccessPlan &plan,
                   SharedBuffer buffer, ValueRange registers);

} // namespace cosmati::tonvvm
