// Which layout each value should have: steps of tilegpu-remove-layout-conversions.
#pragma once

#include "dialects/TileGPU/IR/ShapeLayouts.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace cosmati::tilegpu {

/// True if all blocks among the operands and results of `op` have the same layout by necessity.
bool keepsLayout(mlir::Operation *op);

/// The values that are one variable of structured control flow: init, region argument, yield and
/// result of a loop; yields and result of an if. Empty if `value` is no such variable.
llvm::SmallVector<mlir::Value> variableOf(mlir::Value value);
/// The same, reached from a use as an init, a yield or a condition's argument.
llvm::SmallVector<mlir::Value> variableOf(mlir::OpOperand &use);

/// The layouts that values want; a value without an entry keeps what it has.
class LayoutAssignment {
public:
  explicit LayoutAssignment(mlir::func::FuncOp function);

  /// The layout of `value` once the assignment is applied; null for scalars.
  LayoutAttr layoutOf(mlir::Value value) const;

private:
  void forwardFromDots(mlir::func::FuncOp function);
  void backwardFromOperands(mlir::func::FuncOp function);
  void forwardFromMemory(mlir::func::FuncOp function);
  void backwardFromMemory(mlir::func::FuncOp function);
  void speak(llvm::ArrayRef<mlir::Value> anchors);
  void forward(mlir::Value value);
  void forwardThrough(mlir::OpOperand &use, LayoutAttr layout);
  void backward(mlir::Value value);
  void want(mlir::Value value, LayoutAttr layout);
  void assign(mlir::Value value, LayoutAttr layout);
  void assignVariable(llvm::ArrayRef<mlir::Value> variable, LayoutAttr layout);

  llvm::DenseMap<mlir::Value, LayoutAttr> assigned;
  llvm::SmallVector<mlir::Value> worklist;
};

/// Gives the values of `function` the layouts of `assignment` and puts conversions where operands
/// disagree.
void applyLayouts(mlir::func::FuncOp function, const LayoutAssignment &assignment);

/// Replaces `convert` by a second computation of its operand if that is cheap; true if so.
bool rematerialize(ConvertLayoutOp convert);

/// Whether `value` can be had in `layout` by computing it again cheaply.
bool canRematerialize(mlir::Value value, LayoutAttr layout);

/// `value` (of a DenseElementsAttr splat) with the type `type`.
mlir::TypedAttr retypeConstant(mlir::TypedAttr value, mlir::RankedTensorType type);

} // namespace cosmati::tilegpu
