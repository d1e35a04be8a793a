// What reduce, scan and map_elementwise share: a region over scalars, and a layout seen along one
// axis.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

namespace cosmati::tonvvm {

/// One tuple: a scalar of each operand of the reduction.
using Tuple = llvm::SmallVector<Value, 2>;

/// The region applied to scalars: its ops cloned at the insertion point; what it yields.
Tuple runRegion(mlir::ConversionPatternRewriter &rewriter, mlir::Region &region,
                llvm::ArrayRef<Value> arguments);

/// The region applied to two tuples: its ops cloned at the insertion point.
Tuple combine(mlir::ConversionPatternRewriter &rewriter, mlir::Region &region,
              llvm::ArrayRef<Value> lhs, llvm::ArrayRef<Value> rhs);

/// The bits of a distributed place by what they move: the coordinate along the axis, or the rest.
class AxisLayout {
public:
  AxisLayout(const LinearLayout &layout, unsigned axis);

  /// Error on `op` if a register, lane or warp bit moves both the axis and another dim.
  mlir::LogicalResult verifySeparable(mlir::Operation *op) const;

  /// Coordinate along the axis that one bit adds; 0 if it moves the rest.
  uint32_t axisColumn(LayoutDim dim, unsigned bit) const;
  /// The axis coordinate of a register (in lane 0 of warp 0).
  uint32_t axisOf(int64_t reg) const;
  /// The flat index of a register's element without the axis.
  uint32_t restOf(int64_t reg) const { return rest.applyFlat(reg); }
  /// The layout without the axis.
  const LinearLayout &withoutAxis() const { return rest; }
  const LinearLayout &whole() const { return layout; }
  /// Lane bits whose lanes hold different elements along the axis that no register holds: a
  /// reduction must combine them. Lowest first.
  llvm::SmallVector<unsigned, 5> reducingLaneBits() const;
  /// Whether different warps hold different elements along the axis.
  bool crossesWarps() const;

private:
  LinearLayout layout, rest;
  LayoutDim axis;
};

} // namespace cosmati::tonvvm
