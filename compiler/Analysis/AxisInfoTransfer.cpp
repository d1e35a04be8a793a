// What each operation does to contiguity, divisibility and constancy. One function per kind of
// operation, one table that chooses.
#include "compiler/Analysis/AxisInfo.h"

#include "dialects/Tile/IR/TileDialect.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace cosmati;

namespace {

using Infos = ArrayRef<AxisInfo>;

ArrayRef<int64_t> shapeOf(Type type) {
  auto block = dyn_cast<RankedTensorType>(type);
  return block ? block.getShape() : ArrayRef<int64_t>();
}

unsigned rankOf(Type type) { return std::max<size_t>(1, shapeOf(type).size()); }

/// Elementwise function of several operands about which nothing more is known: equal inputs give
/// equal outputs.
AxisInfo elementwise(Operation &op, Infos operands) {
  AxisInfo info = AxisInfo::unknown(rankOf(op.getResult(0).getType()));
  for (unsigned dim = 0; dim < info.rank(); ++dim) {
    int64_t constancy =
        shapeOf(op.getResult(0).getType()).empty() ? 1 : shapeOf(op.getResult(0).getType())[dim];
    for (const AxisInfo &operand : operands)
      if (operand.rank() == info.rank()) // a scalar condition is the same everywhere
        constancy = std::min(constancy, operand.constancy[dim]);
    info.constancy[dim] = constancy;
  }
  return info;
}

AxisInfo constantOp(Operation &op) {
  Type type = op.getResult(0).getType();
  APInt value;
  if (matchPattern(&op, m_ConstantInt(&value)) && value.getBitWidth() <= 64)
    return AxisInfo::constant(shapeOf(type), value.getBitWidth() == 1 ? value.getZExtValue()
                                                                      : value.getSExtValue());
  AxisInfo info = AxisInfo::unknown(rankOf(type));
  auto dense = dyn_cast_or_null<DenseElementsAttr>(op.getAttr("value"));
  if (dense && dense.isSplat())
    info.constancy.assign(shapeOf(type).begin(), shapeOf(type).end());
  return info;
}

/// a + b; for pointers `unit` is the element's size, and b counts elements.
AxisInfo sum(Operation &op, const AxisInfo &a, const AxisInfo &b, int64_t unit) {
  AxisInfo info = elementwise(op, {a, b});
  for (unsigned dim = 0; dim < info.rank(); ++dim) {
    int64_t contiguity = std::max(std::min(a.contiguity[dim], b.constancy[dim]),
                                  std::min(a.constancy[dim], b.contiguity[dim]));
    info.contiguity[dim] = contiguity;
    // One side is constant over the group: each of its elements counts alone.
    int64_t left = a.divisibilityOfGroup(dim, contiguity, unit),
            right = b.divisibilityOfGroup(dim, contiguity);
    info.divisibility[dim] = std::min(left, std::min(right * unit, kMaxDivisor));
  }
  info.nonNegative = a.nonNegative && b.nonNegative;
  if (a.value && b.value && unit == 1)
    info.value = *a.value + *b.value;
  return info;
}

AxisInfo difference(Operation &op, const AxisInfo &a, const AxisInfo &b) {
  AxisInfo info = elementwise(op, {a, b});
  for (unsigned dim = 0; dim < info.rank(); ++dim) {
    info.contiguity[dim] = std::min(a.contiguity[dim], b.constancy[dim]);
    info.divisibility[dim] = std::min(a.divisibilityOfGroup(dim, info.contiguity[dim]),
                                      b.divisibilityOfGroup(dim, info.contiguity[dim]));
  }
  if (a.value && b.value) {
    info.value = *a.value - *b.value;
    info.nonNegative = *info.value >= 0;
  }
  return info;
}

AxisInfo product(Operation &op, const AxisInfo &a, const AxisInfo &b) {
  if (b.value == 1)
    return a;
  if (a.value == 1)
    return b;
  AxisInfo info = elementwise(op, {a, b});
  for (unsigned dim = 0; dim < info.rank(); ++dim) {
    // Both are at most 2^40: no overflow in 128 bits, and the cap keeps the product a valid
    // divisor.
    __int128 divisor =
        static_cast<__int128>(a.elementDivisibility(dim)) * b.elementDivisibility(dim);
    info.divisibility[dim] = divisor > kMaxDivisor ? kMaxDivisor : static_cast<int64_t>(divisor);
  }
  if (a.value && b.value)
    info.value =
        static_cast<int64_t>(static_cast<uint64_t>(*a.value) * static_cast<uint64_t>(*b.value));
  info.nonNegative = a.nonNegative && b.nonNegative;
  return info;
}

AxisInfo shiftLeft(Operation &op, const AxisInfo &a, const AxisInfo &b) {
  if (!b.value || *b.value < 0 || *b.value > 40)
    return elementwise(op, {a, b});
  return product(op, a,
                 AxisInfo::constant(shapeOf(op.getResult(0).getType()), int64_t(1) << *b.value));
}

/// a / b rounded down, for a that isn't negative and b a power of two times anything: constant
/// while a stays below the next multiple of b.
AxisInfo quotient(Operation &op, const AxisInfo &a, const AxisInfo &b, bool isSigned) {
  if (b.value == 1)
    return a;
  AxisInfo info = elementwise(op, {a, b});
  info.nonNegative = !isSigned || (a.nonNegative && b.nonNegative);
  if (isSigned && !a.nonNegative)
    return info;
  for (unsigned dim = 0; dim < info.rank(); ++dim) {
    int64_t group = std::min({a.contiguity[dim], b.constancy[dim], b.elementDivisibility(dim)});
    if (a.divisibilityOfGroup(dim, group) >= group)
      info.constancy[dim] = std::max(info.constancy[dim], group);
    if (b.value && *b.value > 0 && a.contiguity[dim] == 1)
      info.divisibility[dim] =
          std::max<int64_t>(1, a.divisibility[dim] / llvm::PowerOf2Ceil(*b.value));
  }
  return info;
}

/// a % b: counts up within groups that begin at multiples of the divisor of b.
AxisInfo remainder(Operation &op, const AxisInfo &a, const AxisInfo &b, bool isSigned) {
  AxisInfo info = elementwise(op, {a, b});
  info.nonNegative = !isSigned || a.nonNegative;
  for (unsigned dim = 0; dim < info.rank(); ++dim) {
    int64_t divisorOfB = b.elementDivisibility(dim);
    int64_t group = std::min({a.contiguity[dim], b.constancy[dim], divisorOfB});
    bool aligned = a.divisibilityOfGroup(dim, group) >= group;
    if (aligned && (!isSigned || a.nonNegative))
      info.contiguity[dim] = group;
    info.divisibility[dim] = std::min(a.divisibilityOfGroup(dim, info.contiguity[dim]), divisorOfB);
  }
  return info;
}

/// Comparisons: `a < b` is the same for a whole group of a that counts up from a multiple of g, if
/// b is a multiple of g.
AxisInfo comparison(Operation &op, const AxisInfo &a, const AxisInfo &b,
                    arith::CmpIPredicate predicate) {
  using P = arith::CmpIPredicate;
  AxisInfo info = elementwise(op, {a, b});
  bool countsOnLeft =
      predicate == P::slt || predicate == P::ult || predicate == P::sge || predicate == P::uge;
  bool countsOnRight =
      predicate == P::sgt || predicate == P::ugt || predicate == P::sle || predicate == P::ule;
  if (!countsOnLeft && !countsOnRight)
    return info;
  const AxisInfo &counting = countsOnLeft ? a : b, &bound = countsOnLeft ? b : a;
  for (unsigned dim = 0; dim < info.rank(); ++dim) {
    int64_t group =
        std::min({counting.contiguity[dim], bound.constancy[dim], bound.elementDivisibility(dim)});
    while (group > 1 && counting.divisibilityOfGroup(dim, group) < group)
      group /= 2;
    info.constancy[dim] = std::max(info.constancy[dim], group);
  }
  return info;
}

AxisInfo select(Operation &op, Infos operands) {
  const AxisInfo &condition = operands[0], &a = operands[1], &b = operands[2];
  AxisInfo info = AxisInfo::join(a, b);
  bool scalar = !isa<RankedTensorType>(op.getOperand(0).getType());
  if (scalar)
    return info;
  for (unsigned dim = 0; dim < info.rank(); ++dim) {
    int64_t contiguity = std::min(info.contiguity[dim], condition.constancy[dim]);
    info.divisibility[dim] =
        std::min(a.divisibilityOfGroup(dim, contiguity), b.divisibilityOfGroup(dim, contiguity));
    info.contiguity[dim] = contiguity;
    info.constancy[dim] = std::min(info.constancy[dim], condition.constancy[dim]);
  }
  info.value.reset();
  return info;
}

AxisInfo makeRange(tile::MakeRangeOp op) {
  AxisInfo info = AxisInfo::unknown(1);
  int64_t start = static_cast<int32_t>(op.getStart());
  info.contiguity[0] = op.getType().getDimSize(0);
  info.divisibility[0] = powerOfTwoDivisor(start);
  info.nonNegative = start >= 0;
  return info;
}

AxisInfo splat(tile::SplatOp op, const AxisInfo &scalar) {
  AxisInfo info = AxisInfo::unknown(rankOf(op.getType()));
  info.divisibility.assign(info.rank(), scalar.divisibility[0]);
  info.constancy.assign(shapeOf(op.getType()).begin(), shapeOf(op.getType()).end());
  info.value = scalar.value;
  info.nonNegative = scalar.nonNegative;
  return info;
}

int64_t unitOf(Type type) {
  return isa<tile::PtrType>(getElementTypeOrSelf(type)) ? pointeeBytes(type) : 1;
}

AxisInfo expandDims(tile::ExpandDimsOp op, AxisInfo info) {
  unsigned axis = op.getAxis();
  // Along the new dim each element stands alone; it may lie anywhere in a contiguous run of the
  // others.
  int64_t divisor = kMaxDivisor;
  for (unsigned dim = 0; dim < info.rank(); ++dim)
    divisor = std::min(divisor, info.elementDivisibility(dim, unitOf(op.getType())));
  info.contiguity.insert(info.contiguity.begin() + axis, 1);
  info.divisibility.insert(info.divisibility.begin() + axis, divisor);
  info.constancy.insert(info.constancy.begin() + axis, 1);
  return info;
}

AxisInfo broadcast(tile::BroadcastOp op, AxisInfo info) {
  ArrayRef<int64_t> from = shapeOf(op.getValue().getType()), to = shapeOf(op.getType());
  for (unsigned dim = 0; dim < info.rank(); ++dim)
    if (from[dim] != to[dim])
      info.constancy[dim] = to[dim];
  return info;
}

AxisInfo transpose(tile::TransOp op, const AxisInfo &source) {
  AxisInfo info = source;
  for (auto [dim, from] : llvm::enumerate(op.getOrder())) {
    info.contiguity[dim] = source.contiguity[from];
    info.divisibility[dim] = source.divisibility[from];
    info.constancy[dim] = source.constancy[from];
  }
  return info;
}

AxisInfo hint(tile::HintOp op, AxisInfo info) {
  auto raise = [](AxisInfo::Dims &dims, std::optional<ArrayRef<int32_t>> promised) {
    if (!promised)
      return;
    for (auto [known, given] : llvm::zip(dims, *promised))
      known = std::max(known, powerOfTwoDivisor(given));
  };
  raise(info.contiguity, op.getContiguity());
  raise(info.constancy, op.getConstancy());
  raise(info.divisibility, op.getMultipleOf());
  return info;
}

/// Same elements, other type or place.
AxisInfo same(Operation &, Infos operands) { return operands.front(); }

AxisInfo reinterpretPointer(tile::PtrCastOp op, AxisInfo info) {
  if (pointeeBytes(op.getPtr().getType()) == pointeeBytes(op.getType()))
    return info;
  AxisInfo other = AxisInfo::unknown(info.rank());
  for (unsigned dim = 0; dim < info.rank(); ++dim)
    other.divisibility[dim] = info.elementDivisibility(dim, pointeeBytes(op.getPtr().getType()));
  other.constancy = info.constancy;
  return other;
}

AxisInfo programId() {
  AxisInfo info = AxisInfo::unknown(1);
  info.nonNegative = true;
  return info;
}

} // namespace

AxisInfo cosmati::transferAxisInfo(Operation &op, Infos in) {
  return llvm::TypeSwitch<Operation *, AxisInfo>(&op)
      .Case<arith::ConstantOp>([&](auto) { return constantOp(op); })
      .Case<arith::AddIOp>([&](auto) { return sum(op, in[0], in[1], 1); })
      .Case<tile::AddPtrOp>(
          [&](auto) { return sum(op, in[0], in[1], pointeeBytes(op.getResult(0).getType())); })
      .Case<arith::SubIOp>([&](auto) { return difference(op, in[0], in[1]); })
      .Case<arith::MulIOp>([&](auto) { return product(op, in[0], in[1]); })
      .Case<arith::ShLIOp>([&](auto) { return shiftLeft(op, in[0], in[1]); })
      .Case<arith::DivSIOp>([&](auto) { return quotient(op, in[0], in[1], true); })
      .Case<arith::DivUIOp>([&](auto) { return quotient(op, in[0], in[1], false); })
      .Case<arith::RemSIOp>([&](auto) { return remainder(op, in[0], in[1], true); })
      .Case<arith::RemUIOp>([&](auto) { return remainder(op, in[0], in[1], false); })
      .Case<arith::CmpIOp>(
          [&](auto cmp) { return comparison(op, in[0], in[1], cmp.getPredicate()); })
      .Case<arith::SelectOp>([&](auto) { return select(op, in); })
      .Case<arith::ExtSIOp, arith::IndexCastOp, tilegpu::ConvertLayoutOp>(
          [&](auto) { return same(op, in); })
      .Case<arith::ExtUIOp>([&](auto) { return in[0].nonNegative ? in[0] : elementwise(op, in); })
      .Case<tile::MakeRangeOp>([&](auto range) { return makeRange(range); })
      .Case<tile::SplatOp>([&](auto made) { return splat(made, in[0]); })
      .Case<tile::ExpandDimsOp>([&](auto expand) { return expandDims(expand, in[0]); })
      .Case<tile::BroadcastOp>([&](auto repeat) { return broadcast(repeat, in[0]); })
      .Case<tile::TransOp>([&](auto trans) { return transpose(trans, in[0]); })
      .Case<tile::HintOp>([&](auto promise) { return hint(promise, in[0]); })
      .Case<tile::PtrCastOp>([&](auto cast) { return reinterpretPointer(cast, in[0]); })
      .Case<tile::ProgramIdOp, tile::NumProgramsOp>([&](auto) { return programId(); })
      .Default([&](Operation *) {
        if (!op.hasTrait<OpTrait::Elementwise>() || !isMemoryEffectFree(&op))
          return AxisInfo::unknown(rankOf(op.getResult(0).getType()));
        return elementwise(op, in);
      });
}
