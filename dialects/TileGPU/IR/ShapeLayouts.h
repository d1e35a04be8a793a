// How layouts pass through ops that change a block's shape: the one place that says which layout
// the result of an expand_dims, a trans or a reduction has, and which layout an operand should have
// so that a wanted result costs nothing.
#pragma once

#include "dialects/Tile/IR/LayoutInterface.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include <optional>

namespace cosmati::tilegpu {

/// The change of shape that a tile op of one block makes (also join, split, reduce); none for other
/// ops.
std::optional<tile::ShapeChange> shapeChangeOf(mlir::Operation *op);

/// The layout of the result if each thread keeps the elements that it has. None where no such
/// layout exists: a split whose two halves do not lie in two registers of one thread.
std::optional<LinearLayout> forwardLayout(const tile::ShapeChange &change,
                                          const LinearLayout &source);

/// The layout of the source from which `result` comes without moving data between threads;
/// forwardLayout of it is `result`, except that a broadcast drops equal registers. None where there
/// is none (join whose halves are not in one thread), or many (reduce).
std::optional<LinearLayout> backwardLayout(const tile::ShapeChange &change,
                                           const LinearLayout &result);

/// The layout of a tile.cat: the result's registers are lhs's and then rhs's, which keeps the
/// order.
LinearLayout forwardCatLayout(tile::CatOp op, const LinearLayout &source);
/// The operands' layout for a wanted result: the topmost register bit must tell the two halves
/// apart. None otherwise.
std::optional<LinearLayout> backwardCatLayout(tile::CatOp op, const LinearLayout &result);

/// Whether every element that a thread holds in `to` is in a register of the same thread in `from`:
/// the conversion renames registers at most.
bool isThreadLocal(const LinearLayout &from, const LinearLayout &to);

/// tile::LayoutInterface for #tilegpu.layout: verifiers of tile's shape ops ask it.
class ShapeLayoutInterface : public tile::LayoutInterface {
public:
  using LayoutInterface::LayoutInterface;
  mlir::FailureOr<mlir::Attribute> inferEncoding(const tile::ShapeChange &change,
                                                 mlir::Attribute source,
                                                 EmitError emitError) const override;
  mlir::LogicalResult verifyEncodings(const tile::ShapeChange &change, mlir::Attribute source,
                                      mlir::Attribute result, EmitError emitError) const override;
};

} // namespace cosmati::tilegpu
