#include "compiler/Analysis/AffinePointers.h"

#include "compiler/Analysis/AxisInfo.h"
#include "dialects/Tile/IR/TileDialect.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace cosmati;

using Sum = AffineBlock::Sum;

//===----------------------------------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------------------------------===//

bool UniformSum::operator==(const UniformSum &other) const {
  return constant == other.constant && terms.size() == other.terms.size() &&
         llvm::all_of(terms, [&](const Term &term) {
           return llvm::any_of(other.terms, [&](const Term &o) {
             return o.scalar == term.scalar && o.factor == term.factor;
           });
         });
}

static Sum scale(const UniformSum &a, int64_t factor) {
  UniformSum scaled;
  if (llvm::MulOverflow(a.constant, factor, scaled.constant))
    return {};
  if (factor == 0)
    return scaled;
  for (UniformSum::Term term : a.terms) {
    if (llvm::MulOverflow(term.factor, factor, term.factor))
      return {};
    scaled.terms.push_back(term);
  }
  return scaled;
}

Sum cosmati::add(const UniformSum &a, const UniformSum &b) {
  UniformSum sum = a;
  if (llvm::AddOverflow(a.constant, b.constant, sum.constant))
    return {};
  for (const UniformSum::Term &term : b.terms) {
    auto same = llvm::find_if(
        sum.terms, [&](const UniformSum::Term &other) { return other.scalar == term.scalar; });
    if (same == sum.terms.end())
      sum.terms.push_back(term);
    else if (llvm::AddOverflow(same->factor, term.factor, same->factor))
      return {};
    else if (same->factor == 0)
      sum.terms.erase(same);
  }
  return sum;
}

Sum cosmati::multiply(const UniformSum &a, const UniformSum &b) {
  if (b.isConstant())
    return scale(a, b.constant);
  if (a.isConstant())
    return scale(b, a.constant);
  return {};
}

//===----------------------------------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------------------------------===//

namespace {

using Infos = ArrayRef<AffineBlock>;

ArrayRef<int64_t> shapeOf(Type type) {
  auto block = dyn_cast<RankedTensorType>(type);
  return block ? block.getShape() : ArrayRef<int64_t>();
}

bool isZero(const Sum &sum) { return sum && sum->isZero(); }

/// `combine` of both where they are known.
template <typename F> Sum both(const Sum &a, const Sum &b, F combine) {
  return a && b ? combine(*a, *b) : Sum();
}

Sum join(const Sum &a, const Sum &b) { return a == b ? a : Sum(); }

AffineBlock join(const AffineBlock &a, const AffineBlock &b) {
  AffineBlock joined = a;
  for (auto [sum, other] : llvm::zip_equal(joined.alongDim, b.alongDim))
    sum = join(sum, other);
  joined.uniform = join(a.uniform, b.uniform);
  return joined;
}

/// What is known of a scalar: a constant, or itself where it is an index. Narrower integers hold no
/// indices, and pointers are no numbers.
AffineBlock scalar(Value value) {
  AffineBlock info;
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)) && constant.getSignificantBits() <= 64)
    info.uniform = UniformSum::of(constant.getSExtValue());
  else if (value.getType().isInteger(32) || value.getType().isInteger(64))
    info.uniform = UniformSum{0, {{value, 1}}};
  return info;
}

AffineBlock splat(Type type, const Sum &uniform) {
  AffineBlock info;
  info.alongDim.assign(shapeOf(type).size(), UniformSum());
  info.uniform = uniform;
  return info;
}

AffineBlock constantOp(Operation &op) {
  Type type = op.getResult(0).getType();
  auto dense = dyn_cast<DenseElementsAttr>(cast<arith::ConstantOp>(op).getValue());
  if (!dense || !dense.isSplat())
    return AffineBlock::unknown(type);
  APInt value;
  bool isInteger = matchPattern(&op, m_ConstantInt(&value)) && value.getSignificantBits() <= 64;
  return splat(type, isInteger ? Sum(UniformSum::of(value.getSExtValue())) : Sum());
}

/// a + factor * b.
AffineBlock sum(const AffineBlock &a, const AffineBlock &b, int64_t factor) {
  auto plus = [factor](const UniformSum &x, const UniformSum &y) -> Sum {
    Sum scaled = scale(y, factor);
    return scaled ? add(x, *scaled) : Sum();
  };
  AffineBlock info;
  for (auto [x, y] : llvm::zip_equal(a.alongDim, b.alongDim))
    info.alongDim.push_back(both(x, y, plus));
  info.uniform = both(a.uniform, b.uniform, plus);
  return info;
}

AffineBlock product(const AffineBlock &a, const AffineBlock &b) {
  AffineBlock info;
  for (auto [x, y] : llvm::zip_equal(a.alongDim, b.alongDim)) {
    if (isZero(x) && isZero(y))
      info.alongDim.push_back(UniformSum());
    else if (b.uniform)
      info.alongDim.push_back(both(x, b.uniform, multiply));
    else
      info.alongDim.push_back(both(y, a.uniform, multiply));
  }
  info.uniform = both(a.uniform, b.uniform, multiply);
  return info;
}

/// A function of the operands of which nothing is known: constant along a dim where they all are.
AffineBlock elementwise(Operation &op, Infos operands) {
  AffineBlock info = splat(op.getResult(0).getType(), Sum());
  for (const AffineBlock &operand : operands)
    for (auto [dim, x] : llvm::enumerate(operand.alongDim)) // a scalar condition has none
      if (!isZero(x))
        info.alongDim[dim].reset();
  return info;
}

AffineBlock shiftLeft(Operation &op, Infos in) {
  constexpr int64_t kLargestShift = 62;
  const Sum &bits = in[1].uniform;
  if (!bits || !bits->isConstant() || bits->constant < 0 || bits->constant > kLargestShift)
    return elementwise(op, in);
  return product(in[0],
                 splat(op.getResult(0).getType(), UniformSum::of(int64_t(1) << bits->constant)));
}

AffineBlock select(Infos in) {
  AffineBlock info = join(in[1], in[2]);
  for (auto [dim, x] : llvm::enumerate(in[0].alongDim))
    if (!isZero(x))
      info.alongDim[dim].reset();
  return info;
}

AffineBlock expandDims(tile::ExpandDimsOp op, AffineBlock info) {
  info.alongDim.insert(info.alongDim.begin() + op.getAxis(), UniformSum());
  return info;
}

AffineBlock transpose(tile::TransOp op, const AffineBlock &source) {
  AffineBlock info = source;
  for (auto [dim, from] : llvm::enumerate(op.getOrder()))
    info.alongDim[dim] = source.alongDim[from];
  return info;
}

/// Same elements, other type or place. (An extent of 1 has coefficient 0, hence so has what it is
/// broadcast to.)
AffineBlock same(Infos operands) { return operands.front(); }

AffineBlock makeRange(Type type) {
  AffineBlock info = AffineBlock::unknown(type);
  if (!info.alongDim[0])
    info.alongDim[0] = UniformSum::of(1);
  return info;
}

/// The result of an op that makes a block from scalars and blocks.
AffineBlock transfer(Operation &op, Infos in) {
  Type type = op.getResult(0).getType();
  return llvm::TypeSwitch<Operation *, AffineBlock>(&op)
      .Case<arith::ConstantOp>([&](auto) { return constantOp(op); })
      .Case<tile::SplatOp>([&](auto) { return splat(type, in[0].uniform); })
      .Case<tile::MakeRangeOp>([&](auto) { return makeRange(type); })
      .Case<arith::AddIOp>([&](auto) { return sum(in[0], in[1], 1); })
      .Case<arith::SubIOp>([&](auto) { return sum(in[0], in[1], -1); })
      .Case<tile::AddPtrOp>([&](auto) { return sum(in[0], in[1], pointeeBytes(type)); })
      .Case<arith::MulIOp>([&](auto) { return product(in[0], in[1]); })
      .Case<arith::ShLIOp>([&](auto) { return shiftLeft(op, in); })
      .Case<arith::SelectOp>([&](auto) { return select(in); })
      .Case<tile::ExpandDimsOp>([&](auto expand) { return expandDims(expand, in[0]); })
      .Case<tile::TransOp>([&](auto trans) { return transpose(trans, in[0]); })
      .Case<arith::ExtSIOp, tile::BroadcastOp, tile::HintOp, tile::PtrCastOp,
            tilegpu::ConvertLayoutOp>([&](auto) { return same(in); })
      .Default([&](Operation *) {
        if (!op.hasTrait<OpTrait::Elementwise>() || !isMemoryEffectFree(&op))
          return AffineBlock::unknown(type);
        return elementwise(op, in);
      });
}

} // namespace

//===----------------------------------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------------------------------===//

AffineBlock AffineBlock::unknown(Type type) {
  AffineBlock info;
  for (int64_t extent : shapeOf(type))
    info.alongDim.push_back(extent == 1 ? Sum(UniformSum()) : Sum());
  return info;
}

AffinePointers::AffinePointers(func::FuncOp function) {
  if (!function.isExternal())
    visitBlock(function.getBody().front());
}

AffineBlock AffinePointers::of(Value value) const {
  if (!isa<RankedTensorType>(value.getType()))
    return scalar(value);
  auto found = infos.find(value);
  return found == infos.end() ? AffineBlock::unknown(value.getType()) : found->second;
}

bool AffinePointers::set(Value value, AffineBlock known) {
  if (!isa<RankedTensorType>(value.getType()))
    return false; // a scalar stands for itself
  auto [entry, isNew] = infos.try_emplace(value, known);
  if (isNew)
    return true;
  if (entry->second == known)
    return false;
  entry->second = std::move(known);
  return true;
}

void AffinePointers::visitBlock(Block &block) {
  for (Operation &op : block)
    visit(op);
}

void AffinePointers::visit(Operation &op) {
  if (isa<scf::ForOp>(op))
    return visitFor(op);
  if (isa<scf::IfOp>(op))
    return visitIf(op);
  if (auto loop = dyn_cast<scf::WhileOp>(op)) {
    visitBlock(*loop.getBeforeBody()); // nothing is known of what such a loop carries
    visitBlock(*loop.getAfterBody());
    return;
  }
  if (op.getNumRegions() != 0 || op.getNumResults() != 1 ||
      !isa<RankedTensorType>(op.getResult(0).getType()))
    return;
  SmallVector<AffineBlock, 4> operands;
  for (Value operand : op.getOperands())
    operands.push_back(of(operand));
  set(op.getResult(0), transfer(op, operands));
}

void AffinePointers::visitFor(Operation &op) {
  auto loop = cast<scf::ForOp>(op);
  for (auto [argument, init] : llvm::zip_equal(loop.getRegionIterArgs(), loop.getInitArgs()))
    set(argument, of(init));
  // What is known only shrinks: this ends after a few rounds. What survives holds before and after
  // the body, so that it names no scalar of the body.
  for (bool changed = true; changed;) {
    visitBlock(*loop.getBody());
    changed = false;
    for (auto [argument, yielded] :
         llvm::zip_equal(loop.getRegionIterArgs(), loop.getYieldedValues()))
      changed |= set(argument, join(of(argument), of(yielded)));
  }
  for (auto [result, argument] : llvm::zip_equal(loop.getResults(), loop.getRegionIterArgs()))
    set(result, of(argument));
}

void AffinePointers::visitIf(Operation &op) {
  auto branch = cast<scf::IfOp>(op);
  visitBlock(*branch.thenBlock());
  if (!branch.elseBlock())
    return;
  visitBlock(*branch.elseBlock());
  for (auto [index, result] : llvm::enumerate(branch.getResults()))
    set(result,
        join(of(branch.thenYield().getOperand(index)), of(branch.elseYield().getOperand(index))));
}
