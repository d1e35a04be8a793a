#include "compiler/Analysis/AxisInfo.h"

#include "dialects/Tile/IR/TileDialect.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace cosmati;

int64_t cosmati::powerOfTwoDivisor(int64_t value) {
  if (value == 0)
    return kMaxDivisor;
  return std::min<int64_t>(value & -value, kMaxDivisor);
}

int64_t cosmati::pointeeBytes(Type pointers) {
  Type pointee = cast<tile::PtrType>(getElementTypeOrSelf(pointers)).getPointee();
  if (isa<tile::PtrType>(pointee))
    return 8;
  return std::max<int64_t>(1, pointee.getIntOrFloatBitWidth() / 8);
}

static unsigned rankOf(Type type) {
  auto block = dyn_cast<RankedTensorType>(type);
  return block ? std::max<unsigned>(1, block.getRank()) : 1;
}

AxisInfo AxisInfo::unknown(unsigned rank) {
  AxisInfo info;
  info.contiguity.assign(rank, 1);
  info.divisibility.assign(rank, 1);
  info.constancy.assign(rank, 1);
  return info;
}

AxisInfo AxisInfo::constant(ArrayRef<int64_t> shape, int64_t value) {
  AxisInfo info = unknown(std::max<size_t>(1, shape.size()));
  info.divisibility.assign(info.rank(), powerOfTwoDivisor(value));
  if (!shape.empty())
    info.constancy.assign(shape.begin(), shape.end());
  info.value = value;
  info.nonNegative = value >= 0;
  return info;
}

AxisInfo AxisInfo::join(const AxisInfo &a, const AxisInfo &b) {
  AxisInfo info = unknown(a.rank());
  for (unsigned dim = 0; dim < info.rank(); ++dim) {
    info.contiguity[dim] = std::min(a.contiguity[dim], b.contiguity[dim]);
    info.constancy[dim] = std::min(a.constancy[dim], b.constancy[dim]);
    info.divisibility[dim] = std::min(a.divisibilityOfGroup(dim, info.contiguity[dim]),
                                      b.divisibilityOfGroup(dim, info.contiguity[dim]));
  }
  if (a.value == b.value)
    info.value = a.value;
  info.nonNegative = a.nonNegative && b.nonNegative;
  return info;
}

int64_t AxisInfo::divisibilityOfGroup(unsigned dim, int64_t group, int64_t unit) const {
  // A smaller group begins `k * group` elements after a known multiple.
  return group >= contiguity[dim] ? divisibility[dim] : std::min(divisibility[dim], group * unit);
}

AxisInfoAnalysis::AxisInfoAnalysis(func::FuncOp function) {
  if (function.isExternal())
    return;
  for (BlockArgument argument : function.getArguments()) {
    AxisInfo info = AxisInfo::unknown(rankOf(argument.getType()));
    if (auto divisor = function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(),
                                                              tile::kDivisibilityAttr))
      info.divisibility.assign(info.rank(), powerOfTwoDivisor(divisor.getInt()));
    set(argument, info);
  }
  visitBlock(function.getBody().front());
}

AxisInfo AxisInfoAnalysis::infoOf(Value value) const {
  auto found = infos.find(value);
  return found == infos.end() ? AxisInfo::unknown(rankOf(value.getType())) : found->second;
}

bool AxisInfoAnalysis::set(Value value, AxisInfo info) {
  auto [entry, isNew] = infos.try_emplace(value, info);
  if (isNew)
    return true;
  if (entry->second == info)
    return false;
  entry->second = std::move(info);
  return true;
}

void AxisInfoAnalysis::visitBlock(Block &block) {
  for (Operation &op : block)
    visit(op);
}

void AxisInfoAnalysis::visit(Operation &op) {
  if (isa<scf::ForOp>(op))
    return visitFor(op);
  if (isa<scf::WhileOp>(op))
    return visitWhile(op);
  if (isa<scf::IfOp>(op))
    return visitIf(op);
  if (op.getNumRegions() != 0 || op.getNumResults() == 0)
    return; // combine regions hold no addresses
  if (op.getNumResults() != 1) {
    for (Value result : op.getResults())
      set(result, AxisInfo::unknown(rankOf(result.getType())));
    return;
  }
  SmallVector<AxisInfo, 4> operands;
  for (Value operand : op.getOperands())
    operands.push_back(infoOf(operand));
  set(op.getResult(0), transferAxisInfo(op, operands));
}

void AxisInfoAnalysis::visitFor(Operation &op) {
  auto loop = cast<scf::ForOp>(op);
  AxisInfo lower = infoOf(loop.getLowerBound()), step = infoOf(loop.getStep());
  AxisInfo iv = AxisInfo::unknown(1);
  iv.divisibility[0] = std::min(lower.elementDivisibility(0), step.elementDivisibility(0));
  iv.nonNegative = lower.nonNegative && step.nonNegative;
  set(loop.getInductionVar(), iv);
  for (auto [argument, init] : llvm::zip_equal(loop.getRegionIterArgs(), loop.getInitArgs()))
    set(argument, infoOf(init));
  // Values only lose properties, of which there are few: this ends after a handful of rounds.
  for (bool changed = true; changed;) {
    visitBlock(*loop.getBody());
    changed = false;
    for (auto [argument, yielded] :
         llvm::zip_equal(loop.getRegionIterArgs(), loop.getYieldedValues()))
      changed |= set(argument, AxisInfo::join(infoOf(argument), infoOf(yielded)));
  }
  for (auto [result, argument] : llvm::zip_equal(loop.getResults(), loop.getRegionIterArgs()))
    set(result, infoOf(argument));
}

void AxisInfoAnalysis::visitWhile(Operation &op) {
  auto loop = cast<scf::WhileOp>(op);
  Block &before = *loop.getBeforeBody(), &after = *loop.getAfterBody();
  auto condition = loop.getConditionOp();
  auto yield = loop.getYieldOp();
  for (auto [argument, init] : llvm::zip_equal(before.getArguments(), loop.getInits()))
    set(argument, infoOf(init));
  for (bool changed = true; changed;) {
    visitBlock(before);
    for (auto [argument, passed] : llvm::zip_equal(after.getArguments(), condition.getArgs()))
      set(argument, infoOf(passed));
    visitBlock(after);
    changed = false;
    for (auto [argument, yielded] : llvm::zip_equal(before.getArguments(), yield.getOperands()))
      changed |= set(argument, AxisInfo::join(infoOf(argument), infoOf(yielded)));
  }
  for (auto [result, passed] : llvm::zip_equal(loop.getResults(), condition.getArgs()))
    set(result, infoOf(passed));
}

void AxisInfoAnalysis::visitIf(Operation &op) {
  auto branch = cast<scf::IfOp>(op);
  visitBlock(*branch.thenBlock());
  if (!branch.elseBlock())
    return;
  visitBlock(*branch.elseBlock());
  for (auto [index, result] : llvm::enumerate(branch.getResults()))
    set(result, AxisInfo::join(infoOf(branch.thenYield().getOperand(index)),
                               infoOf(branch.elseYield().getOperand(index))));
}

int64_t AxisInfoAnalysis::accessWidth(Value pointers, Value mask, unsigned dim,
                                      int64_t maxBytes) const {
  int64_t bytes = pointeeBytes(pointers.getType());
  AxisInfo info = infoOf(pointers);
  int64_t width = std::min(info.contiguity[dim], std::max<int64_t>(1, maxBytes / bytes));
  if (mask && isa<RankedTensorType>(mask.getType()))
    width = std::min(width, infoOf(mask).constancy[dim]);
  // The access is aligned if its group's first address is a multiple of its size.
  while (width > 1 && info.divisibilityOfGroup(dim, width, bytes) < width * bytes)
    width /= 2;
  return width;
}
