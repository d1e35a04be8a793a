#include "compiler/Builder/ControlBuilder.h"
#include "compiler/Builder/Promotion.h"
#include "dialects/Tile/IR/TileDialect.h"

namespace cosmati::lang {
namespace scf = mlir::scf;

static llvm::SmallVector<mlir::Value> handlesOf(llvm::ArrayRef<Value> values) {
  return llvm::to_vector(llvm::map_range(values, [](const Value &v) { return v.handle; }));
}

//===------------------------------------------------------------------------------------------===//
// The stack of open scopes
//===------------------------------------------------------------------------------------------===//

void ControlBuilder::open(ScopeKind kind, mlir::Operation *op,
                          llvm::ArrayRef<CarriedVariable> carried, llvm::ArrayRef<Value> inits) {
  Scope scope{kind, op, ops.saveInsertionPoint(), loc, {}, {}};
  for (auto [variable, init] : llvm::zip_equal(carried, inits)) {
    scope.names.push_back(variable.name);
    scope.types.push_back(init.type);
  }
  scopes.push_back(std::move(scope));
}

ControlBuilder::Scope &ControlBuilder::innermost(llvm::ArrayRef<ScopeKind> kinds,
                                                 const char *action) {
  if (scopes.empty() || !llvm::is_contained(kinds, scopes.back().kind))
    fail("{0} does not close the innermost open scope, which is {1}", action,
         scopes.empty() ? std::string("none") : openScopes().back());
  return scopes.back();
}

ControlBuilder::Scope ControlBuilder::close() { return scopes.pop_back_val(); }

llvm::SmallVector<std::string> ControlBuilder::openScopes() const {
  constexpr const char *names[] = {"function", "if", "else", "for", "while condition", "while"};
  llvm::SmallVector<std::string> result;
  for (const Scope &scope : scopes) {
    std::string name = names[static_cast<size_t>(scope.kind)];
    result.push_back(scope.kind == ScopeKind::Function ? name + " " + scope.names.front() : name);
  }
  return result;
}

Values ControlBuilder::resultsOf(const Scope &scope, mlir::Operation *op) {
  Values results;
  for (auto [result, type] : llvm::zip_equal(op->getResults(), scope.types))
    results.push_back({result, type});
  return results;
}

//===------------------------------------------------------------------------------------------===//
// if
//===------------------------------------------------------------------------------------------===//

Value ControlBuilder::scalarCondition(const Operand &condition) {
  LanguageType type = condition.type();
  if (type.isBlock() && type.numel() != 1)
    failType("the condition is {0}: a branch needs one truth value; use tl.where for elementwise "
             "choice, or reduce the "
             "block first",
             type.str());
  return toBool(item(materialize(condition)));
}

void ControlBuilder::beginIf(const Operand &condition) {
  Value scalar = scalarCondition(condition);
  // Built without results: their types are known when both branches are.
  auto op = scf::IfOp::create(ops, loc, mlir::TypeRange(), scalar.handle, /*addThenBlock=*/true,
                              /*addElseBlock=*/true);
  open(ScopeKind::Then, op, {}, {});
  ops.setInsertionPointToEnd(op.thenBlock());
}

void ControlBuilder::beginElse() {
  Scope &scope = innermost({ScopeKind::Then}, "begin_else");
  scope.kind = ScopeKind::Else;
  ops.setInsertionPointToEnd(llvm::cast<scf::IfOp>(scope.op).elseBlock());
}

namespace {

void checkBranches(llvm::StringRef name, LanguageType thenType, LanguageType elseType) {
  if (thenType != elseType)
    failType("Mismatched type for {0} between then block ({1}) and else block ({2}): give it one "
             "type in both, "
             "e.g. with .to(...) or tl.full",
             name, thenType.str(), elseType.str());
}

} // namespace

Values ControlBuilder::endIf(llvm::ArrayRef<std::string> names,
                             llvm::ArrayRef<Operand> thenOperands,
                             llvm::ArrayRef<Operand> elseOperands) {
  innermost({ScopeKind::Then, ScopeKind::Else}, "end_if");
  if (names.size() != thenOperands.size() || names.size() != elseOperands.size())
    fail("end_if needs a value of each branch for each of {0} names, got {1} and {2}", names.size(),
         thenOperands.size(), elseOperands.size());
  auto open = llvm::cast<scf::IfOp>(scopes.back().op);
  auto finish = [&](mlir::Block *block, llvm::ArrayRef<Operand> operands) {
    ops.setInsertionPointToEnd(block);
    return materialize(operands);
  };
  Values thenValues = finish(open.thenBlock(), thenOperands);
  Values elseValues = finish(open.elseBlock(), elseOperands);
  for (auto [name, x, y] : llvm::zip_equal(names, thenValues, elseValues))
    checkBranches(name, x.type, y.type);
  auto yield = [&](mlir::Block *block, const Values &values) {
    ops.setInsertionPointToEnd(block);
    scf::YieldOp::create(ops, loc, handlesOf(values));
  };
  yield(open.thenBlock(), thenValues);
  yield(open.elseBlock(), elseValues);

  Scope scope = close();
  ops.restoreInsertionPoint(scope.outer);
  llvm::SmallVector<mlir::Type, 4> types;
  for (const Value &value : thenValues) {
    scope.types.push_back(value.type);
    types.push_back(value.handle.getType());
  }
  if (types.empty()) {
    if (llvm::hasSingleElement(*open.elseBlock())) // only the terminator
      open.elseBlock()->erase();
    return {};
  }
  auto op = scf::IfOp::create(ops, scope.loc, types, open.getCondition(), /*addThenBlock=*/false,
                              /*addElseBlock=*/false);
  op.getThenRegion().takeBody(open.getThenRegion());
  op.getElseRegion().takeBody(open.getElseRegion());
  open.erase();
  ops.setInsertionPointAfter(op);
  return resultsOf(scope, op);
}

//===------------------------------------------------------------------------------------------===//
// for
//===------------------------------------------------------------------------------------------===//

static void setLoopAttributes(scf::ForOp loop, const LoopOptions &options, mlir::OpBuilder &ops) {
  auto number = [&](const char *name, std::optional<int64_t> value) {
    if (value)
      loop->setAttr(name, ops.getI32IntegerAttr(static_cast<int32_t>(*value)));
  };
  auto flag = [&](const char *name, bool value) {
    if (value)
      loop->setAttr(name, ops.getUnitAttr());
  };
  number("tile.num_stages", options.numStages);
  number("tile.loop_unroll_factor", options.unrollFactor);
  flag("tile.disallow_acc_multi_buffer", options.disallowAccMultiBuffer);
  flag("tile.flatten", options.flatten);
  flag("tile.warp_specialize", options.warpSpecialize);
  flag("tile.disable_licm", options.disableLicm);
}

static void checkBound(const Operand &bound, const char *what) {
  if (!bound.type().isInt() || bound.type().isBlock())
    failType("For loop bounds and step must all be ints, are not: {0} is {1}; a block or float "
             "cannot count",
             what, bound.str());
}

/// A loop ends when its counter, after the last step, is not below the bound any more. Fails if
/// that value is beyond the counter's type, where all three numbers are known: the loop would never
/// end.
static void checkCounterEnds(const Operand &low, const Operand &high, const llvm::APSInt &step,
                             LanguageType type) {
  std::optional<llvm::APSInt> first = low.asInt(), last = high.asInt();
  if (!first || !last)
    return;
  auto wide = [](const llvm::APSInt &number) { return number.extend(130); };
  llvm::APSInt size = wide(step), from = wide(*first), to = wide(*last);
  for (llvm::APSInt *number : {&size, &from, &to})
    number->setIsSigned(true);
  if (size.isNegative()) {
    size = -size;
    std::swap(from, to);
  }
  if (from >= to)
    return;
  llvm::APSInt end = from + (to - from + size - llvm::APSInt::get(1).extend(130)) / size * size;
  unsigned bits = type.bitwidth();
  llvm::APSInt largest = llvm::APSInt::getMaxValue(bits, type.isUnsigned()).extend(130);
  largest.setIsSigned(true);
  if (end > largest)
    fail("the counter of the loop passes {0}, the largest {1}, before it reaches {2}: it would "
         "never "
         "end. Use a wider type, such as tl.cast({3}, tl.int64)",
         llvm::toString(largest, 10), type.str(), llvm::toString(to, 10), llvm::toString(from, 10));
}

ForLoop ControlBuilder::beginFor(const Operand &low, const Operand &high, const Operand &step,
                                 llvm::ArrayRef<CarriedVariable> carried,
                                 const LoopOptions &options) {
  checkBound(low, "start");
  checkBound(high, "stop");
  checkBound(step, "step");
  std::optional<llvm::APSInt> number = step.asInt();
  if (number && *number == 0)
    fail("the step of a range must not be zero");
  bool down = number && number->isNegative();
  // A Python number is at least int32, and a bool counts as one.
  auto countType = [](const Operand &operand) {
    LanguageType type = operand.type();
    return type.isBool() ? LanguageType(Scalar::Int32) : type;
  };
  LanguageType stepType = down ? LanguageType(Scalar::Int32) : countType(step);
  if (down && number->getSignificantBits() > 32)
    stepType = Scalar::Int64;
  LanguageType type = promoteIntegers(promoteIntegers(countType(low), countType(high)), stepType);

  if (number)
    checkCounterEnds(low, high, *number, type);
  Value from = cast(low, type), to = cast(high, type);
  Value by = down ? constant(-number->getExtValue(), type) : cast(step, type);
  // scf.for counts up: a loop that counts down runs from `high` to `low` and mirrors the counter.
  if (down)
    std::swap(from, to);
  Values inits;
  for (const CarriedVariable &variable : carried)
    inits.push_back(materialize(variable.init));
  auto loop = scf::ForOp::create(ops, loc, from.handle, to.handle, by.handle, handlesOf(inits),
                                 /*bodyBuilder=*/nullptr, /*unsignedCmp=*/type.isUnsigned());
  if (inits.empty()) // MLIR adds the terminator itself where nothing is carried
    loop.getBody()->getTerminator()->erase();
  setLoopAttributes(loop, options, ops);
  open(ScopeKind::For, loop, carried, inits);
  ops.setInsertionPointToEnd(loop.getBody());

  ForLoop result{{loop.getInductionVar(), type}, {}};
  if (down)
    result.inductionVariable = add(sub(to, result.inductionVariable), from);
  for (auto [argument, init] : llvm::zip_equal(loop.getRegionIterArgs(), inits))
    result.carried.push_back({argument, init.type});
  return result;
}

llvm::SmallVector<mlir::Value> ControlBuilder::loopYields(const Scope &scope,
                                                          llvm::ArrayRef<Operand> yields) {
  if (yields.size() != scope.names.size())
    fail("the loop carries {0} variables, got {1} values", scope.names.size(), yields.size());
  llvm::SmallVector<mlir::Value> handles;
  for (auto [name, type, operand] : llvm::zip_equal(scope.names, scope.types, yields)) {
    Value value = materialize(operand);
    if (value.type != type)
      failType("Loop-carried variable {0} has initial type {1} but is re-assigned to {2} in loop! "
               "Please make sure that "
               "the type stays consistent: convert the initial value or the new one with .to(...).",
               name, type.str(), value.type.str());
    handles.push_back(value.handle);
  }
  return handles;
}

Values ControlBuilder::endFor(llvm::ArrayRef<Operand> yields) {
  Scope &scope = innermost({ScopeKind::For}, "end_for");
  scf::YieldOp::create(ops, loc, loopYields(scope, yields));
  Scope closed = close();
  ops.restoreInsertionPoint(closed.outer);
  ops.setInsertionPointAfter(closed.op);
  return resultsOf(closed, closed.op);
}

//===------------------------------------------------------------------------------------------===//
// while
//===------------------------------------------------------------------------------------------===//

Values ControlBuilder::beginWhile(llvm::ArrayRef<CarriedVariable> carried) {
  Values inits;
  for (const CarriedVariable &variable : carried)
    inits.push_back(materialize(variable.init));
  llvm::SmallVector<mlir::Value> handles = handlesOf(inits);
  llvm::SmallVector<mlir::Location> locations(handles.size(), loc);
  mlir::TypeRange types = mlir::ValueRange(handles).getTypes();
  auto loop = scf::WhileOp::create(ops, loc, types, handles);
  open(ScopeKind::WhileCondition, loop, carried, inits);
  ops.createBlock(&loop.getAfter(), {}, types, locations);
  mlir::Block *before = ops.createBlock(&loop.getBefore(), {}, types, locations);
  Values values;
  for (auto [argument, init] : llvm::zip_equal(before->getArguments(), inits))
    values.push_back({argument, init.type});
  return values;
}

Values ControlBuilder::whileCondition(const Operand &condition) {
  Scope &scope = innermost({ScopeKind::WhileCondition}, "while_condition");
  auto loop = llvm::cast<scf::WhileOp>(scope.op);
  scf::ConditionOp::create(ops, loc, scalarCondition(condition).handle, loop.getBeforeArguments());
  scope.kind = ScopeKind::WhileBody;
  ops.setInsertionPointToEnd(loop.getAfterBody());
  Values values;
  for (auto [argument, type] : llvm::zip_equal(loop.getAfterArguments(), scope.types))
    values.push_back({argument, type});
  return values;
}

Values ControlBuilder::endWhile(llvm::ArrayRef<Operand> yields) {
  Scope &scope = innermost({ScopeKind::WhileBody}, "end_while");
  scf::YieldOp::create(ops, loc, loopYields(scope, yields));
  Scope closed = close();
  ops.restoreInsertionPoint(closed.outer);
  ops.setInsertionPointAfter(closed.op);
  return resultsOf(closed, closed.op);
}

} // namespace cosmati::lang
