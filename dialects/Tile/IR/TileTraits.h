// Rules that hold for many ops of the tile dialect, as op traits.
#pragma once

#include "mlir/IR/OpDefinition.h"

namespace cosmati::tile {
namespace detail {
mlir::LogicalResult verifyStaticBlocks(mlir::Operation *op);
mlir::LogicalResult verifySameEncoding(mlir::Operation *op);
} // namespace detail

/// (block_c1) Every block has rank 1 or more, and static positive extents. Powers of two are the
/// front end's rule: passes may cut blocks as they like.
template <typename ConcreteOp>
class StaticBlocks : public mlir::OpTrait::TraitBase<ConcreteOp, StaticBlocks> {
public:
  static mlir::LogicalResult verifyTrait(mlir::Operation *op) {
    return detail::verifyStaticBlocks(op);
  }
};

/// (block_c2) All blocks among operands and results carry the same encoding. MLIR's shape traits
/// compare extents only, so an op whose element types differ would accept any mixture of layouts.
template <typename ConcreteOp>
class SameEncoding : public mlir::OpTrait::TraitBase<ConcreteOp, SameEncoding> {
public:
  static mlir::LogicalResult verifyTrait(mlir::Operation *op) {
    return detail::verifySameEncoding(op);
  }
};

} // namespace cosmati::tile
