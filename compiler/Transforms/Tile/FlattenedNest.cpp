#include "compiler/Transforms/Tile/FlattenedNest.h"

#include "dialects/Tile/IR/TileDialect.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace cosmati::tile {

//===------------------------------------------------------------------------------------------===//
// What is where
//===------------------------------------------------------------------------------------------===//

/// Work that costs little enough to be done in each iteration. Blocks of floats are data, not
/// addresses.
static bool isCheapKind(Operation *op) {
  if (op->getNumRegions() || !isMemoryEffectFree(op))
    return false;
  if (op->hasTrait<OpTrait::ConstantLike>())
    return true;
  for (Type type : op->getResultTypes())
    if (isa<RankedTensorType>(type) && isa<FloatType>(getElementTypeOrSelf(type)))
      return false;
  return isa<arith::ArithDialect>(op->getDialect()) ||
         isa<AddPtrOp, PtrToIntOp, IntToPtrOp, PtrCastOp, ProgramIdOp, NumProgramsOp, MakeRangeOp,
             SplatOp, ExpandDimsOp, BroadcastOp, HintOp>(op);
}

static bool hasLoop(Operation *op) {
  return op->walk([](LoopLikeOpInterface) { return WalkResult::interrupt(); }).wasInterrupted();
}

FlattenedNest::FlattenedNest(scf::ForOp outer) : outer(outer) {
  for (auto loop : outer.getBody()->getOps<scf::ForOp>()) {
    inner = loop;
    break;
  }
}

bool FlattenedNest::isCheapValue(Value value) {
  if (outer.isDefinedOutsideOfLoop(value))
    return true;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getOwner() == outer.getBody();
  return cheap.contains(value.getDefiningOp());
}

void FlattenedNest::classify() {
  bool isBefore = true;
  for (Operation &op : outer.getBody()->without_terminator()) {
    if (&op == inner) {
      isBefore = false;
      continue;
    }
    auto known = [&](Value operand) { return isCheapValue(operand); };
    if (isCheapKind(&op) && llvm::all_of(op.getOperands(), known))
      cheap.insert(&op);
    else
      (isBefore ? before : after).push_back(&op);
  }
  collectAddressArguments();
  for (auto [index, init] : llvm::enumerate(inner.getInitArgs())) {
    if (isReset(index))
      continue;
    bool bySelect = isCheapValue(init) &&
                    (addressVariables.contains(index) || !isa<RankedTensorType>(init.getType()));
    (bySelect ? selected : conditioned).push_back(index);
  }
  for (Operation *op : before)
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) {
            Operation *top = outer.getBody()->findAncestorOpInBlock(*user);
            bool isInit = top == inner && user == inner;
            return !isInit && !llvm::is_contained(before, top);
          }))
        kept.push_back(result);
}

bool FlattenedNest::isReset(unsigned index) {
  return outer.isDefinedOutsideOfLoop(inner.getInitArgs()[index]);
}

void FlattenedNest::collectAddressArguments() {
  SmallVector<Value> worklist;
  inner.getBody()->walk([&](LoadOp load) { llvm::append_range(worklist, load->getOperands()); });
  llvm::DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (argument.getOwner() == inner.getBody() && argument != inner.getInductionVar()) {
        addressVariables.insert(argument.getArgNumber() - 1);
        worklist.push_back(inner.getYieldedValues()[argument.getArgNumber() - 1]);
      }
      continue;
    }
    if (Operation *maker = value.getDefiningOp(); inner->isProperAncestor(maker))
      maker->walk([&](Operation *op) { llvm::append_range(worklist, op->getOperands()); });
  }
}

/// Whether a cheap value differs between outer iterations.
bool FlattenedNest::dependsOnCounter(Value value) {
  if (value == outer.getInductionVar())
    return true;
  Operation *maker = value.getDefiningOp();
  return maker && cheap.contains(maker) &&
         llvm::any_of(maker->getOperands(), [&](Value v) { return dependsOnCounter(v); });
}

//===------------------------------------------------------------------------------------------===//
// Whether it can be done
//===------------------------------------------------------------------------------------------===//

static bool hasUnrollFactor(scf::ForOp loop) {
  auto factor = loop->getAttrOfType<IntegerAttr>("tile.loop_unroll_factor");
  return factor && factor.getInt() > 1;
}

std::string FlattenedNest::whyNot() {
  if (!inner)
    return llvm::any_of(*outer.getBody(), [](Operation &op) { return hasLoop(&op); })
               ? "the inner loop stands under a condition, or is no `for`: only a `for` directly "
                 "in "
                 "the flattened one can be merged with it"
               : "there is no loop in it to merge with it";
  for (Operation &op : outer.getBody()->without_terminator())
    if (&op != inner && hasLoop(&op))
      return "there is more than one loop in it; only one can be merged with it";
  if (hasUnrollFactor(outer) || hasUnrollFactor(inner))
    return "loop_unroll_factor is given, too: a flattened loop is not unrolled; leave one of both";
  classify();
  if (std::string reason = whyNotBounds(); !reason.empty())
    return reason;
  return whyNotCarried();
}

std::string FlattenedNest::whyNotBounds() {
  SmallVector<Value> worklist{inner.getLowerBound(), inner.getUpperBound(), inner.getStep()};
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (outer.isDefinedOutsideOfLoop(value) || value == outer.getInductionVar())
      continue;
    if (isa<BlockArgument>(value))
      return "the inner loop's range depends on a variable that the outer loop changes; compute it "
             "from the outer loop's counter";
    if (!cheap.contains(value.getDefiningOp()))
      return "the inner loop's range depends on '" +
             value.getDefiningOp()->getName().getStringRef().str() +
             "', which runs in its iteration: the number of all iterations must be known ahead";
    llvm::append_range(worklist, value.getDefiningOp()->getOperands());
  }
  return "";
}

/// Something to carry before the first iteration has made the value; null for types that have none.
static TypedAttr anyValue(Type type) {
  Builder builder(type.getContext());
  return isa<FloatType, IntegerType>(getElementTypeOrSelf(type)) ? builder.getZeroAttr(type)
                                                                 : TypedAttr();
}

std::string FlattenedNest::whyNotCarried() {
  SmallVector<Value> carried = kept;
  for (unsigned index : conditioned)
    if (!isCheapValue(inner.getInitArgs()[index]))
      carried.push_back(inner.getInitArgs()[index]);
  for (Value value : carried)
    if (!anyValue(value.getType())) {
      std::string text;
      llvm::raw_string_ostream(text) << value.getType();
      return "the loop would have to carry a value of type " + text +
             " that is made before the inner loop; make it from loaded numbers within the inner "
             "loop";
    }
  return "";
}

//===------------------------------------------------------------------------------------------===//
// Pieces
//===------------------------------------------------------------------------------------------===//

/// `value` in terms of the new loop: cheap code that makes it is copied to the builder's place.
Value FlattenedNest::make(OpBuilder &builder, Value value, Map &map) {
  if (Value mapped = map.lookupOrNull(value))
    return mapped;
  Operation *maker = value.getDefiningOp();
  if (!maker || !cheap.contains(maker))
    return value;
  cloneWith(builder, maker, map);
  return map.lookup(value);
}

/// A copy of `op` and of the cheap code that it needs.
void FlattenedNest::cloneWith(OpBuilder &builder, Operation *op, Map &map) {
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      make(builder, operand, map);
  });
  builder.clone(*op, map);
}

static Value toCount(OpBuilder &builder, Location loc, Value value) {
  Type i64 = builder.getI64Type();
  if (value.getType() == i64)
    return value;
  if (value.getType().isIndex())
    return builder.createOrFold<arith::IndexCastUIOp>(loc, i64, value);
  return builder.createOrFold<arith::ExtUIOp>(loc, i64, value);
}

LoopBounds FlattenedNest::innerBounds(OpBuilder &builder, Map &map) {
  LoopBounds bounds = LoopBounds::of(inner);
  for (Value *value : {&bounds.low, &bounds.high, &bounds.step})
    *value = make(builder, *value, map);
  return bounds;
}

/// How many iterations the flattened loop has, and whether each inner loop has one.
void FlattenedNest::countIterations(OpBuilder &builder) {
  Location loc = outer.getLoc();
  auto isSome = [&](OpBuilder &at, Value trips) {
    Value zero = emitInteger(at, loc, trips.getType(), 0);
    return at.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, trips, zero);
  };
  auto depends = [&](Value bound) { return dependsOnCounter(bound); };
  if (llvm::none_of(ValueRange{inner.getLowerBound(), inner.getUpperBound(), inner.getStep()},
                    depends)) {
    Map map;
    uniformTrips = emitTripCount(builder, loc, innerBounds(builder, map));
    Value tiles = emitTripCount(builder, loc, LoopBounds::of(outer));
    iterations = builder.createOrFold<arith::MulIOp>(loc, toCount(builder, loc, tiles),
                                                     toCount(builder, loc, uniformTrips));
    allRun = isSome(builder, uniformTrips);
    return;
  }
  Value none = emitInteger(builder, loc, builder.getI64Type(), 0);
  Value yes = emitInteger(builder, loc, builder.getI1Type(), 1);
  auto sum = scf::ForOp::create(
      builder, loc, outer.getLowerBound(), outer.getUpperBound(), outer.getStep(),
      ValueRange{none, yes},
      [&](OpBuilder &body, Location, Value counter, ValueRange carried) {
        Map map;
        map.map(outer.getInductionVar(), counter);
        Value trips = emitTripCount(body, loc, innerBounds(body, map));
        Value total = arith::AddIOp::create(body, loc, carried[0], toCount(body, loc, trips));
        Value all = arith::AndIOp::create(body, loc, carried[1], isSome(body, trips));
        scf::YieldOp::create(body, loc, ValueRange{total, all});
      },
      outer.getUnsignedCmp());
  iterations = sum.getResult(0);
  allRun = sum.getResult(1);
}

//===------------------------------------------------------------------------------------------===//
// The loop
//===------------------------------------------------------------------------------------------===//

void FlattenedNest::replace() {
  OpBuilder builder(outer);
  Location loc = outer.getLoc();
  countIterations(builder);
  if (matchPattern(allRun, m_One())) {
    scf::ForOp loop = emitLoop(builder);
    outer->replaceAllUsesWith(loop.getResults().slice(2, outer.getNumResults()));
    outer.erase();
    return;
  }
  auto choice = scf::IfOp::create(builder, loc, outer.getResultTypes(), allRun,
                                  /*addThenBlock=*/true, /*addElseBlock=*/true);
  builder.setInsertionPointToStart(choice.thenBlock());
  scf::ForOp loop = emitLoop(builder);
  builder.setInsertionPointAfter(loop);
  scf::YieldOp::create(builder, loc, loop.getResults().slice(2, outer.getNumResults()));
  keepOriginal(choice);
}

/// The nest as it was, where some inner loop has no iteration.
void FlattenedNest::keepOriginal(scf::IfOp choice) {
  outer->replaceAllUsesWith(choice.getResults());
  OpBuilder builder = OpBuilder::atBlockEnd(choice.elseBlock());
  outer->moveBefore(choice.elseBlock(), choice.elseBlock()->end());
  builder.setInsertionPointToEnd(choice.elseBlock());
  scf::YieldOp::create(builder, outer.getLoc(), outer.getResults());
  if (uniformTrips) { // then none has
    inner->replaceAllUsesWith(inner.getInitArgs());
    inner.erase();
  }
}

scf::ForOp FlattenedNest::emitLoop(OpBuilder &builder) {
  Location loc = outer.getLoc();
  SmallVector<Value> inits{outer.getLowerBound(),
                           emitInteger(builder, loc, inner.getInductionVar().getType(), 0)};
  llvm::append_range(inits, outer.getInitArgs());
  Map atStart;
  atStart.map(outer.getInductionVar(), outer.getLowerBound());
  atStart.map(outer.getRegionIterArgs(), outer.getInitArgs());
  for (Value init : inner.getInitArgs())
    inits.push_back(isCheapValue(init)
                        ? make(builder, init, atStart)
                        : arith::ConstantOp::create(builder, loc, anyValue(init.getType())));
  for (Value value : kept)
    inits.push_back(arith::ConstantOp::create(builder, loc, anyValue(value.getType())));
  auto loop = scf::ForOp::create(builder, loc, emitInteger(builder, loc, builder.getI64Type(), 0),
                                 iterations, emitInteger(builder, loc, builder.getI64Type(), 1),
                                 inits, [](OpBuilder &, Location, Value, ValueRange) {});
  for (scf::ForOp source : {outer, inner}) // the inner loop's num_stages counts
    for (NamedAttribute attribute : source->getDiscardableAttrs())
      loop->setAttr(attribute.getName(), attribute.getValue());
  emitBody(loop);
  return loop;
}

void FlattenedNest::emitBody(scf::ForOp loop) {
  Location loc = outer.getLoc();
  OpBuilder builder = OpBuilder::atBlockEnd(loop.getBody());
  auto compare = [&](Value x, Value y) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, x, y);
  };
  auto select = [&](Value condition, Value x, Value y) -> Value {
    return x == y ? x : arith::SelectOp::create(builder, loc, condition, x, y).getResult();
  };
  ArrayRef<BlockArgument> arguments = loop.getRegionIterArgs();
  Value counter = arguments[0], number = arguments[1];
  arguments = arguments.drop_front(2);
  Map map;
  map.map(outer.getInductionVar(), counter);
  for (auto [index, argument] : llvm::enumerate(outer.getRegionIterArgs()))
    map.map(argument, arguments[index]);
  arguments = arguments.drop_front(outer.getNumRegionIterArgs());
  for (auto [index, argument] : llvm::enumerate(inner.getRegionIterArgs()))
    map.map(argument, arguments[index]);
  for (auto [value, argument] :
       llvm::zip_equal(kept, arguments.drop_front(inner.getNumRegionIterArgs())))
    map.map(value, argument);

  Type type = number.getType();
  Value one = emitInteger(builder, loc, type, 1), zero = emitInteger(builder, loc, type, 0);
  Value first = compare(number, zero);
  LoopBounds bounds = innerBounds(builder, map);
  Value trips = uniformTrips ? uniformTrips : emitTripCount(builder, loc, bounds);
  Value last = compare(number, builder.createOrFold<arith::SubIOp>(loc, trips, one));
  Value ahead = builder.createOrFold<arith::MulIOp>(loc, number, bounds.step);
  map.map(inner.getInductionVar(), builder.createOrFold<arith::AddIOp>(loc, bounds.low, ahead));

  emitBefore(builder, first, map);
  for (Operation &op : inner.getBody()->without_terminator())
    cloneWith(builder, &op, map);
  SmallVector<Value> innerNext;
  for (auto [result, value] : llvm::zip_equal(inner.getResults(), inner.getYieldedValues())) {
    innerNext.push_back(make(builder, value, map));
    map.map(result, innerNext.back());
  }
  SmallVector<Value> outerNext = emitAfter(builder, last, map);
  // Behind the condition of the stores, where LLVM makes one branch of both.
  for (auto [index, next] : llvm::enumerate(innerNext))
    if (isReset(index))
      next = select(last, inner.getInitArgs()[index], next);
  Value step = outer.getStep();
  SmallVector<Value> yields{
      select(last, arith::AddIOp::create(builder, loc, counter, step), counter),
      select(last, zero, arith::AddIOp::create(builder, loc, number, one))};
  llvm::append_range(yields, outerNext);
  llvm::append_range(yields, innerNext);
  for (Value value : kept)
    yields.push_back(map.lookup(value));
  scf::YieldOp::create(builder, loc, yields);
}

/// What precedes the inner loop, in the first of its iterations; and the start of its variables.
void FlattenedNest::emitBefore(OpBuilder &builder, Value first, Map &map) {
  Location loc = outer.getLoc();
  SmallVector<Value> results = kept, carried; // of the condition; what else they are
  for (Value value : kept)
    carried.push_back(map.lookup(value));
  for (unsigned index : conditioned) {
    results.push_back(inner.getInitArgs()[index]);
    carried.push_back(map.lookup(inner.getRegionIterArg(index)));
  }
  if (!before.empty() || !results.empty()) {
    const bool hasElse = !results.empty();
    auto start = scf::IfOp::create(builder, loc, ValueRange(carried).getTypes(), first,
                                   /*addThenBlock=*/true, /*addElseBlock=*/hasElse);
    OpBuilder then = OpBuilder::atBlockEnd(start.thenBlock());
    Map inside = map;
    for (Value value : kept)
      inside.erase(value);
    for (Operation *op : before)
      cloneWith(then, op, inside);
    SmallVector<Value> made;
    for (Value value : results)
      made.push_back(make(then, value, inside));
    scf::YieldOp::create(then, loc, made);
    if (hasElse) {
      OpBuilder otherwise = OpBuilder::atBlockEnd(start.elseBlock());
      scf::YieldOp::create(otherwise, loc, carried);
    }
    for (auto [index, value] : llvm::enumerate(kept))
      map.map(value, start.getResult(index));
    for (auto [index, variable] : llvm::enumerate(conditioned))
      map.map(inner.getRegionIterArg(variable), start.getResult(kept.size() + index));
  }
  for (unsigned index : selected) {
    BlockArgument argument = inner.getRegionIterArg(index);
    Value init = make(builder, inner.getInitArgs()[index], map);
    Value value = arith::SelectOp::create(builder, loc, first, init, map.lookup(argument));
    map.map(argument, value);
  }
}

/// What follows the inner loop, in the last of its iterations. Returns the outer loop's variables
/// for the next iteration.
SmallVector<Value> FlattenedNest::emitAfter(OpBuilder &builder, Value last, Map &map) {
  Location loc = outer.getLoc();
  SmallVector<Value> next;
  SmallVector<unsigned> late; // variables that code under the condition makes
  for (auto [index, value] : llvm::enumerate(outer.getYieldedValues())) {
    Value now = map.lookup(outer.getRegionIterArg(index));
    next.push_back(now);
    if (value == outer.getRegionIterArg(index))
      continue;
    if (!isCheapValue(value)) {
      late.push_back(index);
      continue;
    }
    next.back() = arith::SelectOp::create(builder, loc, last, make(builder, value, map), now);
  }
  if (after.empty() && late.empty())
    return next;
  SmallVector<Value> carried;
  for (unsigned index : late)
    carried.push_back(next[index]);
  auto end = scf::IfOp::create(builder, loc, ValueRange(carried).getTypes(), last,
                               /*addThenBlock=*/true, /*addElseBlock=*/!late.empty());
  OpBuilder then = OpBuilder::atBlockEnd(end.thenBlock());
  Map inside = map;
  for (Operation *op : after)
    cloneWith(then, op, inside);
  SmallVector<Value> made;
  for (unsigned index : late)
    made.push_back(make(then, outer.getYieldedValues()[index], inside));
  scf::YieldOp::create(then, loc, made);
  if (!late.empty()) {
    OpBuilder otherwise = OpBuilder::atBlockEnd(end.elseBlock());
    scf::YieldOp::create(otherwise, loc, carried);
  }
  for (auto [index, variable] : llvm::enumerate(late))
    next[variable] = end.getResult(index);
  return next;
}

} // namespace cosmati::tile
