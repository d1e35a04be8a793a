#include "compiler/Transforms/TileGPU/LayoutAssignment.h"

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

/// Beyond this many operations a conversion is cheaper than computing again.
constexpr unsigned kMaxSliceOps = 48;

/// Computes a value again in another layout, if it comes from ranges, splats and constants alone.
class Slice {
public:
  /// Whether `value` can be had in `layout` within the budget.
  bool plan(Value value, LayoutAttr layout) {
    if (layoutAttrOf(value.getType()) == layout)
      return true;
    Operation *op = value.getDefiningOp();
    if (!op || op->getNumResults() != 1)
      return false;
    if (!planned.insert({op, layout}).second)
      return true;
    if (planned.size() > kMaxSliceOps)
      return false;
    if (auto convert = dyn_cast<ConvertLayoutOp>(op))
      return plan(convert.getValue(), layout);
    if (isa<tile::MakeRangeOp, tile::SplatOp>(op) || isSplatConstant(op))
      return true;
    LayoutAttr operandLayout = operandLayoutFor(op, layout);
    if (!operandLayout)
      return false;
    return llvm::all_of(op->getOperands(), [&](Value operand) {
      return !layoutAttrOf(operand.getType()) || plan(operand, operandLayout);
    });
  }

  /// Builds what plan() found possible; each clone stands right after its original, so it dominates
  /// all that the original does.
  Value build(Value value, LayoutAttr layout) {
    if (layoutAttrOf(value.getType()) == layout)
      return value;
    Operation *op = value.getDefiningOp();
    if (auto convert = dyn_cast<ConvertLayoutOp>(op))
      return build(convert.getValue(), layout);
    Value &made = built[{op, layout}];
    if (made)
      return made;
    IRMapping mapping;
    if (LayoutAttr operandLayout = operandLayoutFor(op, layout))
      for (Value operand : op->getOperands())
        if (layoutAttrOf(operand.getType()))
          mapping.map(operand, build(operand, operandLayout));
    OpBuilder builder(op->getContext());
    builder.setInsertionPointAfter(op);
    Operation *clone = builder.clone(*op, mapping);
    auto type = withLayout(cast<RankedTensorType>(value.getType()), layout);
    clone->getResult(0).setType(type);
    if (auto constant = dyn_cast<arith::ConstantOp>(clone))
      constant.setValueAttr(retypeConstant(constant.getValue(), type));
    return built[{op, layout}] = clone->getResult(0);
  }

private:
  static bool isSplatConstant(Operation *op) {
    auto constant = dyn_cast<arith::ConstantOp>(op);
    return constant && isa<SplatElementsAttr>(constant.getValue());
  }

  /// The layout of the operands for a result in `layout`; null if the op isn't computed again.
  static LayoutAttr operandLayoutFor(Operation *op, LayoutAttr layout) {
    if (!isMemoryEffectFree(op) || op->getNumRegions() != 0)
      return {};
    if (keepsLayout(op))
      return layout;
    std::optional<tile::ShapeChange> change = shapeChangeOf(op);
    if (!change || change->kind == tile::ShapeChange::Kind::Reduce)
      return {};
    std::optional<LinearLayout> source = backwardLayout(*change, layout.getMap());
    return source ? LayoutAttr::get(op->getContext(), *source) : LayoutAttr();
  }

  llvm::DenseSet<std::pair<Operation *, LayoutAttr>> planned;
  llvm::DenseMap<std::pair<Operation *, LayoutAttr>, Value> built;
};

} // namespace

bool tilegpu::canRematerialize(Value value, LayoutAttr layout) {
  return Slice().plan(value, layout);
}

bool tilegpu::rematerialize(ConvertLayoutOp convert) {
  Slice slice;
  LayoutAttr layout = layoutAttrOf(convert.getType());
  if (!slice.plan(convert.getValue(), layout))
    return false;
  convert.getResult().replaceAllUsesWith(slice.build(convert.getValue(), layout));
  convert.erase();
  return true;
}
