#include "compiler/Conversion/TileGPUToNVVM/AddressPlans.h"

#include "compiler/Analysis/AffinePointers.h"
#include "dialects/Layout/F2.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

/// The block of pointers that an access goes through; null for other ops and for scalars.
Value pointersOf(Operation *op) {
  Value pointers = llvm::TypeSwitch<Operation *, Value>(op)
                       .Case<tile::LoadOp, tile::StoreOp, tilegpu::AsyncCopyOp>(
                           [](auto access) { return access.getPtr(); })
                       .Default([](Operation *) { return Value(); });
  return pointers && isa<RankedTensorType>(pointers.getType()) ? pointers : Value();
}

/// How far apart the elements are that one thread holds.
class Distances {
public:
  Distances(const LinearLayout &layout, const AffineBlock &pointers)
      : layout(layout), pointers(pointers), registerBits(together({LayoutDim::Register})),
        threadBits(together({LayoutDim::Lane, LayoutDim::Warp, LayoutDim::Block})) {}

  /// Pointer of register `to` minus that of `from`, if it is the same for all threads.
  std::optional<UniformSum> between(int64_t from, int64_t to) const {
    auto start = coordinates(from), end = coordinates(to);
    std::optional<UniformSum> sum = UniformSum();
    for (size_t dim = 0; dim < start.size() && sum; ++dim) {
      if (start[dim] == end[dim])
        continue;
      // Indices add only where thread and register set different bits of them.
      if (!pointers.alongDim[dim] || (registerBits[dim] & threadBits[dim]))
        return {};
      auto part = multiply(*pointers.alongDim[dim], UniformSum::of(end[dim] - start[dim]));
      sum = part ? add(*sum, *part) : std::nullopt;
    }
    return sum;
  }

private:
  SmallVector<int32_t, 4> coordinates(int64_t reg) const {
    return layout.out().coordinates(f2::apply(layout.columns(LayoutDim::Register), reg));
  }

  /// The bits of each index that the dims of the place may set.
  SmallVector<int32_t, 4> together(ArrayRef<LayoutDim> dims) const {
    uint32_t all = 0;
    for (LayoutDim dim : dims)
      for (uint32_t column : layout.columns(dim))
        all |= column;
    return layout.out().coordinates(all);
  }

  const LinearLayout &layout;
  const AffineBlock &pointers;
  SmallVector<int32_t, 4> registerBits, threadBits;
};

/// An i64 sum of the terms; null where there is none.
Value emitTerms(OpBuilder &builder, Location loc, ArrayRef<UniformSum::Term> terms) {
  Value sum;
  Type i64 = builder.getI64Type();
  for (const UniformSum::Term &term : terms) {
    Value wide = term.scalar;
    if (wide.getType() != i64)
      wide = arith::ExtSIOp::create(builder, loc, i64, wide);
    Value factor = arith::ConstantIntOp::create(builder, loc, i64, term.factor);
    Value product = arith::MulIOp::create(builder, loc, wide, factor);
    sum = sum ? arith::AddIOp::create(builder, loc, sum, product).getResult() : product;
  }
  return sum;
}

AddressPlan plan(Operation *op, Value pointers, const AffineBlock &known) {
  const LinearLayout &layout = tilegpu::layoutOf(pointers);
  auto attribute = op->getAttrOfType<IntegerAttr>(tilegpu::kVectorAttr);
  int64_t registers = layout.inSize(LayoutDim::Register);
  Distances distances(layout, known);
  AddressPlan plan;
  plan.inLoop = op->getParentOfType<LoopLikeOpInterface>() != nullptr;
  OpBuilder builder(op);
  SmallVector<std::pair<UniformSum, Value>> emitted; // few amounts serve all registers
  auto amount = [&](const UniformSum &distance) {
    for (auto &[other, value] : emitted)
      if (UniformSum{0, other.terms} == UniformSum{0, distance.terms})
        return value;
    emitted.emplace_back(distance, emitTerms(builder, op->getLoc(), distance.terms));
    return emitted.back().second;
  };
  int64_t length = std::max<int64_t>(1, attribute ? attribute.getInt() : 1);
  for (int64_t reg = length; reg < registers; reg += length)
    // A register without one of its bits is near; the lowest bit gives short chains.
    for (int64_t rest = reg; rest; rest &= rest - 1) {
      int64_t from = reg & ~(rest & -rest);
      std::optional<UniformSum> distance = distances.between(from, reg);
      if (!distance)
        continue;
      plan.steps[reg] = {from, distance->constant, amount(*distance)};
      break;
    }
  return plan;
}

} // namespace

void AddressPlans::prepare(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    SmallVector<Operation *> accesses;
    function.walk([&](Operation *op) {
      if (pointersOf(op))
        accesses.push_back(op);
    });
    if (accesses.empty())
      continue;
    AffinePointers analysis(function);
    for (Operation *op : accesses) {
      Value pointers = pointersOf(op);
      AddressPlan planned = plan(op, pointers, analysis.of(pointers));
      if (!planned.steps.empty())
        plans[op] = std::move(planned);
    }
  }
}

const AddressPlan *AddressPlans::of(Operation *access) const {
  auto found = plans.find(access);
  return found == plans.end() ? nullptr : &found->second;
}

/// In a loop, LLVM's loop-invariant code motion would add an amount to what the pointer starts from
/// (which does not change either) and so make all the registers again that the plan saves. A move,
/// which costs nothing, hides what the pointer is made of.
Value AccessPointers::root(int64_t reg) {
  Value pointer = registers[reg];
  bool moves = llvm::any_of(plan->steps, [](auto &entry) { return bool(entry.second.amount); });
  if (!plan->inLoop || !moves)
    return pointer;
  return emit.intrinsic("llvm.nvvm.move.ptr", pointer.getType(), pointer);
}

Value AccessPointers::at(int64_t reg) {
  if (!plan)
    return registers[reg];
  if (Value known = made.lookup(reg))
    return known;
  auto step = plan->steps.find(reg);
  Value pointer;
  if (step == plan->steps.end()) {
    pointer = root(reg);
  } else {
    const auto &[from, bytes, amount] = step->second;
    pointer = at(from);
    if (amount)
      pointer = emit.element(pointer, emit.i8(), amount);
    pointer = llvm::isInt<31>(bytes) ? emit.byteOffset(pointer, bytes)
                                     : emit.element(pointer, emit.i8(), emit.i64(bytes));
  }
  return made[reg] = pointer;
}

} // namespace cosmati::tonvvm
