#include "compiler/Transforms/TileGPU/LayoutAssignment.h"
#include "dialects/TileGPU/IR/MmaOps.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

bool tilegpu::keepsLayout(Operation *op) {
  return op->hasTrait<OpTrait::Elementwise>() || isa<tile::HintOp, tile::ScanOp>(op);
}

static SmallVector<Value> forVariable(scf::ForOp loop, unsigned index) {
  return {loop.getInitArgs()[index], loop.getRegionIterArg(index), loop.getYieldedValues()[index],
          loop.getResult(index)};
}

/// A while loop has two sets: what enters the condition's region, and what passes it.
static SmallVector<Value> whileEntered(scf::WhileOp loop, unsigned index) {
  return {loop.getInits()[index], loop.getBeforeArguments()[index],
          loop.getYieldOp().getOperand(index)};
}
static SmallVector<Value> whilePassed(scf::WhileOp loop, unsigned index) {
  return {loop.getConditionOp().getArgs()[index], loop.getAfterArguments()[index],
          loop.getResult(index)};
}

static SmallVector<Value> ifVariable(scf::IfOp branch, unsigned index) {
  return {branch.thenYield().getOperand(index), branch.elseYield().getOperand(index),
          branch.getResult(index)};
}

SmallVector<Value> tilegpu::variableOf(Value value) {
  if (auto result = dyn_cast<OpResult>(value))
    return llvm::TypeSwitch<Operation *, SmallVector<Value>>(result.getOwner())
        .Case([&](scf::ForOp loop) { return forVariable(loop, result.getResultNumber()); })
        .Case([&](scf::WhileOp loop) { return whilePassed(loop, result.getResultNumber()); })
        .Case([&](scf::IfOp branch) { return ifVariable(branch, result.getResultNumber()); })
        .Default(SmallVector<Value>());
  auto argument = cast<BlockArgument>(value);
  Operation *parent = argument.getOwner()->getParentOp();
  if (auto loop = dyn_cast<scf::ForOp>(parent))
    return argument == loop.getInductionVar() ? SmallVector<Value>()
                                              : forVariable(loop, argument.getArgNumber() - 1);
  if (auto loop = dyn_cast<scf::WhileOp>(parent))
    return argument.getOwner() == loop.getBeforeBody() ? whileEntered(loop, argument.getArgNumber())
                                                       : whilePassed(loop, argument.getArgNumber());
  return {};
}

SmallVector<Value> tilegpu::variableOf(OpOperand &use) {
  Operation *op = use.getOwner();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return use.getOperandNumber() < loop.getNumControlOperands()
               ? SmallVector<Value>()
               : forVariable(loop, use.getOperandNumber() - loop.getNumControlOperands());
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return whileEntered(loop, use.getOperandNumber());
  if (auto condition = dyn_cast<scf::ConditionOp>(op))
    return use.getOperandNumber() == 0
               ? SmallVector<Value>()
               : whilePassed(cast<scf::WhileOp>(op->getParentOp()), use.getOperandNumber() - 1);
  if (!isa<scf::YieldOp>(op))
    return {};
  return llvm::TypeSwitch<Operation *, SmallVector<Value>>(op->getParentOp())
      .Case([&](scf::ForOp loop) { return forVariable(loop, use.getOperandNumber()); })
      .Case([&](scf::WhileOp loop) { return whileEntered(loop, use.getOperandNumber()); })
      .Case([&](scf::IfOp branch) {
        return branch.getNumResults() ? ifVariable(branch, use.getOperandNumber())
                                      : SmallVector<Value>();
      })
      .Default(SmallVector<Value>());
}

LayoutAssignment::LayoutAssignment(func::FuncOp function) {
  forwardFromDots(function);
  backwardFromOperands(function);
  forwardFromMemory(function);
  backwardFromMemory(function);
}

LayoutAttr LayoutAssignment::layoutOf(Value value) const {
  auto found = assigned.find(value);
  return found == assigned.end() ? layoutAttrOf(value.getType()) : found->second;
}

void LayoutAssignment::assign(Value value, LayoutAttr layout) {
  if (!layoutAttrOf(value.getType()))
    return;
  // All blocks of such an op share their layout: its results are assigned together.
  SmallVector<Value, 2> together(1, value);
  if (Operation *op = value.getDefiningOp(); op && op->getNumResults() > 1 && keepsLayout(op))
    together.assign(op->result_begin(), op->result_end());
  for (Value part : together)
    if (assigned.try_emplace(part, layout).second)
      worklist.push_back(part);
}

/// Region arguments and results are one variable; inits and yields are only asked to agree, later.
void LayoutAssignment::assignVariable(ArrayRef<Value> variable, LayoutAttr layout) {
  for (Value value : variable) {
    bool own = isa<BlockArgument>(value) ||
               isa<scf::ForOp, scf::WhileOp, scf::IfOp>(value.getDefiningOp());
    if (own && variableOf(value) == SmallVector<Value>(variable))
      assign(value, layout);
  }
}

/// Operations on so many elements may be done in each warp that needs the operand.
constexpr int kMostOperandOps = 24;

/// Whether `value` is computed, by a few cheap operations, from loads and from what is the same in
/// all iterations of the loop around it, and not from another dot's result.
static bool comesFromLoads(Value value) {
  SmallVector<Value> worklist{value};
  llvm::DenseSet<Operation *> seen;
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val().getDefiningOp();
    if (!op) // a variable of a loop: it has a layout of its own
      return false;
    if (isa<tile::LoadOp, SharedLoadOp>(op) || op->getNumOperands() == 0)
      continue;
    if (!seen.insert(op).second)
      continue;
    std::optional<tile::ShapeChange> change = shapeChangeOf(op);
    bool passes = keepsLayout(op) || isa<ConvertLayoutOp, tile::SplatOp>(op) ||
                  (change && change->kind != tile::ShapeChange::Kind::Reduce);
    // Transcendental functions are worth computing once.
    if (!passes || isa<tile::ScanOp>(op) || op->getNumRegions() || !isMemoryEffectFree(op) ||
        isa<math::MathDialect>(op->getDialect()) || seen.size() > kMostOperandOps)
      return false;
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        worklist.push_back(operand);
  }
  return true;
}

static int64_t bytesOf(Value value) {
  auto block = cast<RankedTensorType>(value.getType());
  return block.getNumElements() * elementBits(block.getElementType());
}

static int depthOf(Operation *op) {
  int depth = 0;
  for (Operation *parent = op->getParentOp(); parent; parent = parent->getParentOp())
    depth += isa<LoopLikeOpInterface>(parent);
  return depth;
}

static bool isDot(Operation *op) { return isa<tile::DotOp, DotFmaOp, MmaOp, MmaSparseOp>(op); }

namespace {

/// Values whose layout is given, the most important first: inner loops before outer ones, large
/// blocks before small.
class Anchors {
public:
  void add(Value value) {
    if (layoutAttrOf(value.getType()))
      anchors.push_back({value, {depthOf(value.getDefiningOp()), bytesOf(value)}});
  }
  SmallVector<Value> sorted() {
    llvm::stable_sort(anchors, [](const auto &a, const auto &b) { return a.second > b.second; });
    return llvm::map_to_vector(anchors, [](const auto &anchor) { return anchor.first; });
  }

private:
  SmallVector<std::pair<Value, std::pair<int, int64_t>>> anchors;
};

} // namespace

void LayoutAssignment::speak(ArrayRef<Value> values) {
  // Every anchor keeps what it has before any of them speaks for others.
  for (Value value : values)
    assigned[value] = layoutAttrOf(value.getType());
  for (Value value : values) {
    worklist.push_back(value);
    while (!worklist.empty())
      forward(worklist.pop_back_val());
  }
}

void LayoutAssignment::forwardFromDots(func::FuncOp function) {
  Anchors anchors;
  function.walk([&](Operation *op) {
    if (isDot(op))
      anchors.add(op->getResult(0));
  });
  speak(anchors.sorted());
}

void LayoutAssignment::forwardFromMemory(func::FuncOp function) {
  Anchors anchors;
  function.walk([&](Operation *op) {
    if (isa<tile::LoadOp, tile::AtomicRMWOp, tile::AtomicCASOp, SharedLoadOp>(op))
      anchors.add(op->getResult(0));
  });
  speak(anchors.sorted());
}

/// What is computed from loaded values on the way to a matrix instruction is computed in its
/// fragments: the conversion is then of what was loaded, which is smaller where it is quantised,
/// and which can be copied to shared memory without passing through registers.
void LayoutAssignment::backwardFromOperands(func::FuncOp function) {
  function.walk([&](Operation *op) {
    if (!isa<MmaOp, MmaSparseOp>(op))
      return;
    for (OpOperand &operand : op->getOpOperands()) {
      LayoutAttr layout = layoutAttrOf(operand.get().getType());
      if (operand.get() == op->getOperand(op->getNumOperands() - 1) ||
          !comesFromLoads(operand.get()))
        continue;
      want(operand.get(), layout);
      while (!worklist.empty())
        backward(worklist.pop_back_val());
    }
  });
}

void LayoutAssignment::forward(Value value) {
  LayoutAttr layout = layoutOf(value);
  for (OpOperand &use : value.getUses())
    forwardThrough(use, layout);
}

void LayoutAssignment::forwardThrough(OpOperand &use, LayoutAttr layout) {
  Operation *op = use.getOwner();
  if (SmallVector<Value> variable = variableOf(use); !variable.empty())
    return assignVariable(variable, layout);
  if (keepsLayout(op) || isa<ConvertLayoutOp>(op)) {
    for (Value result : op->getResults())
      assign(result, layout);
    return;
  }
  std::optional<tile::ShapeChange> change = shapeChangeOf(op);
  // Handing a layout forward through a broadcast would give each thread whole rows; expand_dims and
  // broadcast are decided by their results.
  if (!change || change->kind == tile::ShapeChange::Kind::Broadcast ||
      change->kind == tile::ShapeChange::Kind::ExpandDims)
    return;
  if (std::optional<LinearLayout> result = forwardLayout(*change, layout.getMap()))
    for (Value value : op->getResults())
      assign(value, LayoutAttr::get(op->getContext(), *result));
}

void LayoutAssignment::backwardFromMemory(func::FuncOp function) {
  // What already has a layout asks its operands first: these are the values that dots and loads
  // feed.
  SmallVector<Value> decided;
  function.walk([&](Operation *op) {
    for (Value result : op->getResults())
      if (assigned.contains(result))
        decided.push_back(result);
    for (Region &region : op->getRegions())
      for (Value argument : region.getArguments())
        if (assigned.contains(argument))
          decided.push_back(argument);
  });
  SmallVector<Operation *> accesses;
  function.walk([&](Operation *op) {
    if (isa<tile::LoadOp, tile::StoreOp, tile::AtomicRMWOp, tile::AtomicCASOp>(op))
      accesses.push_back(op);
  });
  llvm::stable_sort(accesses, [](Operation *a, Operation *b) { return depthOf(a) > depthOf(b); });
  auto drain = [&] {
    while (!worklist.empty())
      backward(worklist.pop_back_val());
  };
  for (Value value : decided) {
    backward(value);
    drain();
  }
  for (Operation *access : accesses)
    for (Value operand : access->getOperands()) {
      if (LayoutAttr layout = layoutAttrOf(operand.getType()))
        want(operand, layout);
      drain();
    }
}

/// True if the op's result can be had in any layout, given operands to match.
static bool isFree(Operation *op) {
  if (keepsLayout(op) ||
      isa<ConvertLayoutOp, arith::ConstantOp, tile::MakeRangeOp, tile::SplatOp>(op))
    return true;
  std::optional<tile::ShapeChange> change = shapeChangeOf(op);
  return change && change->kind != tile::ShapeChange::Kind::Reduce;
}

/// `value` is needed in `layout`: gives it that layout if it is free.
void LayoutAssignment::want(Value value, LayoutAttr layout) {
  if (SmallVector<Value> variable = variableOf(value); !variable.empty())
    return assignVariable(variable, layout);
  Operation *op = value.getDefiningOp();
  // Only what can be made in any layout is asked; elsewhere the result's layout follows from the
  // operands.
  if (op && isFree(op))
    assign(value, layout);
}

void LayoutAssignment::backward(Value value) {
  LayoutAttr layout = layoutOf(value);
  if (SmallVector<Value> variable = variableOf(value); !variable.empty()) {
    for (Value part : variable)
      if (!assigned.contains(part))
        want(part, layout);
    return;
  }
  Operation *op = value.getDefiningOp();
  if (!op)
    return;
  if (keepsLayout(op) || isa<ConvertLayoutOp>(op)) {
    for (Value operand : op->getOperands())
      if (layoutAttrOf(operand.getType()))
        want(operand, layout);
    return;
  }
  std::optional<tile::ShapeChange> change = shapeChangeOf(op);
  if (!change || change->kind == tile::ShapeChange::Kind::Reduce)
    return;
  if (std::optional<LinearLayout> source = backwardLayout(*change, layout.getMap()))
    for (Value operand : op->getOperands())
      want(operand, LayoutAttr::get(op->getContext(), *source));
}
