#include "compiler/Transforms/TileGPU/LayoutAssignment.h"

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

/// An operand that must come in a layout.
struct Requirement {
  OpOperand *use;
  LayoutAttr layout;
};
/// A result whose layout follows from the operands, whatever its users want.
struct Production {
  OpResult result;
  LayoutAttr layout;
};

class Application {
public:
  Application(const LayoutAssignment &assignment) : assignment(assignment) {}

  void run(func::FuncOp function) {
    // Requirements are read off the types as they are, so all are collected before any type
    // changes.
    function.walk([&](Operation *op) { collect(op); });
    function.walk([&](Operation *op) { retype(op); });
    for (const Production &production : productions)
      produce(production);
    for (const Requirement &requirement : requirements)
      satisfy(requirement);
  }

private:
  void require(OpOperand &use, LayoutAttr layout) {
    if (layout && layoutAttrOf(use.get().getType()))
      requirements.push_back({&use, layout});
  }

  void collect(Operation *op) {
    if (isa<ConvertLayoutOp>(op))
      return; // takes anything
    if (isa<scf::ForOp, scf::WhileOp, scf::YieldOp, scf::ConditionOp>(op)) {
      for (OpOperand &use : op->getOpOperands())
        if (SmallVector<Value> variable = variableOf(use); !variable.empty())
          require(use, assignment.layoutOf(ownerOf(variable)));
      return;
    }
    if (keepsLayout(op)) {
      LayoutAttr layout =
          op->getNumResults() ? assignment.layoutOf(op->getResult(0)) : LayoutAttr();
      for (OpOperand &use : op->getOpOperands())
        require(use, layout);
      return;
    }
    if (std::optional<tile::ShapeChange> change = shapeChangeOf(op))
      return collectShapeChange(op, *change);
    for (OpOperand &use : op->getOpOperands())
      require(use, layoutAttrOf(use.get().getType()));
  }

  /// The member of a variable that carries its layout: a region argument or the result.
  static Value ownerOf(ArrayRef<Value> variable) {
    for (Value value : variable)
      if (isa<BlockArgument>(value) && variableOf(value) == SmallVector<Value>(variable))
        return value;
    return variable.back();
  }

  void collectShapeChange(Operation *op, const tile::ShapeChange &change) {
    using Kind = tile::ShapeChange::Kind;
    if (change.kind == Kind::ExpandDims || change.kind == Kind::Broadcast) {
      std::optional<LinearLayout> source =
          backwardLayout(change, assignment.layoutOf(op->getResult(0)).getMap());
      assert(source && "every layout of a larger block has one of the smaller block");
      return require(op->getOpOperand(0), LayoutAttr::get(op->getContext(), *source));
    }
    LayoutAttr source = assignment.layoutOf(op->getOperand(0));
    std::optional<LinearLayout> result = forwardLayout(change, source.getMap());
    if (!result) {
      // No result fits that operand (a split whose halves are apart): both sides stay as they were.
      source = layoutAttrOf(op->getOperand(0).getType());
      result = layoutAttrOf(op->getResult(0).getType()).getMap();
    } else if (std::optional<LinearLayout> wanted = chosenResult(op, change, source)) {
      result = wanted;
    }
    for (OpOperand &use : op->getOpOperands())
      require(use, source);
    for (OpResult value : op->getResults())
      if (layoutAttrOf(value.getType()))
        productions.push_back({value, LayoutAttr::get(op->getContext(), *result)});
  }

  /// Of several legal results (the register bit of a join) the assigned one, if it is legal for
  /// this source.
  std::optional<LinearLayout> chosenResult(Operation *op, const tile::ShapeChange &change,
                                           LayoutAttr source) {
    if (change.kind == tile::ShapeChange::Kind::Reduce)
      return std::nullopt;
    LayoutAttr wanted = assignment.layoutOf(op->getResult(0));
    if (!wanted || wanted.getMap().shape() != llvm::SmallVector<int64_t, 4>(change.resultShape))
      return std::nullopt;
    std::optional<LinearLayout> back = backwardLayout(change, wanted.getMap());
    return back == source.getMap() ? std::optional(wanted.getMap()) : std::nullopt;
  }

  void retype(Value value) {
    LayoutAttr layout = assignment.layoutOf(value);
    if (layout && layout != layoutAttrOf(value.getType()))
      value.setType(withLayout(cast<RankedTensorType>(value.getType()), layout));
  }

  void retype(Operation *op) {
    for (Value result : op->getResults())
      retype(result);
    for (Region &region : op->getRegions())
      for (Value argument : region.getArguments())
        retype(argument);
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      if (auto block = dyn_cast<RankedTensorType>(constant.getType()))
        constant.setValueAttr(retypeConstant(constant.getValue(), block));
  }

  void produce(const Production &production) {
    auto block = cast<RankedTensorType>(production.result.getType());
    if (layoutAttrOf(block) == production.layout)
      return;
    Operation *op = production.result.getOwner();
    Value(production.result).setType(withLayout(block, production.layout));
    OpBuilder builder(op->getContext());
    builder.setInsertionPointAfter(op);
    auto convert = ConvertLayoutOp::create(builder, op->getLoc(), block, production.result);
    Value(production.result).replaceAllUsesExcept(convert, convert);
  }

  void satisfy(const Requirement &requirement) {
    Value value = requirement.use->get();
    auto block = cast<RankedTensorType>(value.getType());
    if (layoutAttrOf(block) == requirement.layout)
      return;
    Operation *op = requirement.use->getOwner();
    OpBuilder builder(op);
    requirement.use->set(ConvertLayoutOp::create(builder, op->getLoc(),
                                                 withLayout(block, requirement.layout), value));
  }

  const LayoutAssignment &assignment;
  SmallVector<Requirement> requirements;
  SmallVector<Production> productions;
};

} // namespace

TypedAttr tilegpu::retypeConstant(TypedAttr value, RankedTensorType type) {
  return DenseElementsAttr::get(type, cast<DenseElementsAttr>(value).getSplatValue<Attribute>());
}

void tilegpu::applyLayouts(func::FuncOp function, const LayoutAssignment &assignment) {
  Application(assignment).run(function);
}
