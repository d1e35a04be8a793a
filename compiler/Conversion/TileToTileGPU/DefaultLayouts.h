// The layout that a block has before anything is known about its use: a function of its shape.
#pragma once

#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

namespace cosmati::tilegpu {

/// Squares of up to 4x4 elements per thread in the last two dims (M, N) of a dot's result, for a
/// loop over K that reads one row of `a` and one column of `b` per element: the larger the square,
/// the fewer reads per multiplication. Warps are dealt along M first (after batches), so that a
/// reduction along N, as a softmax makes, stays within a warp. Where a block has fewer elements
/// than threads, threads replicate.
BlockedParameters dotBlockedParameters(llvm::ArrayRef<int64_t> shape, int64_t numWarps);

/// The layout of each shape in one function.
class DefaultLayouts {
public:
  DefaultLayouts(mlir::MLIRContext *context, int64_t numWarps)
      : context(context), numWarps(numWarps) {}

  /// Blocks of this shape are results of dots.
  void addDotResult(llvm::ArrayRef<int64_t> shape);

  /// Every extent must be a power of two.
  LayoutAttr of(llvm::ArrayRef<int64_t> shape);

private:
  /// Types serve as keys because they are unique: tensor<shape x i1>.
  mlir::Type key(llvm::ArrayRef<int64_t> shape) const;

  mlir::MLIRContext *context;
  int64_t numWarps;
  llvm::DenseMap<mlir::Type, LayoutAttr> layouts;
};

} // namespace cosmati::tilegpu
