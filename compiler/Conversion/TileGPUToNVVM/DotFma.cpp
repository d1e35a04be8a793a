// tilegpu.dot_fma: every thread computes the elements that it holds, in a loop over K.
//
// An operand is seen by a thread as a block of its own: for A the registers are (row of the
// accumulator's registers) x (k of one trip), for B (column) x (k). Composed with the buffer's
// layout that gives each register's offset as a linear function of thread, trip and register, and
// so the widest vectors to read. Elements are read where the multiplication first needs them, and
// converted once.
#include "compiler/Conversion/TileGPUToNVVM/FpFormats.h"
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "compiler/Conversion/TileGPUToNVVM/SharedAddress.h"
#include "dialects/Layout/F2.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

constexpr int64_t kMostUnrolled = 16; ///< steps of K in one trip
constexpr int64_t kFewestUnrolled = 4;
/// Multiplications in one trip, while the unrolling stays above the fewest: more cost compile time
/// (a kernel may hold several loops of several products) and gain nothing.
constexpr int64_t kMostMultiplies = 256;

/// Where an operand's elements lie, seen from the accumulator's registers.
class OperandPlan {
public:
  /// `kept`: the accumulator's dim of each of the operand's dims; none for K.
  static FailureOr<OperandPlan> make(Operation *op, tilegpu::MemDescType memory,
                                     const LinearLayout &acc,
                                     ArrayRef<std::optional<unsigned>> kept, int64_t unroll) {
    OperandPlan plan;
    plan.unrollBits = llvm::Log2_64(unroll);
    LinearLayout view = plan.makeView(LayoutSpace::tensor(memory.getShape()), acc, kept);
    std::optional<LinearLayout> inverse = memory.getLayout().getMap().rightInverse();
    if (!inverse)
      return op->emitOpError("has a buffer that does not hold every element: ")
             << memory.getLayout().getMap().toString();
    plan.toOffset = view.compose(*inverse).sublayout(
        {LayoutDim::Block, LayoutDim::Warp, LayoutDim::Lane, LayoutDim::Register},
        {LayoutDim::Offset});
    plan.vectors = vectorAccess(plan.toOffset, widestSharedAccess(memory));
    plan.groupOf.resize(plan.toOffset.inSize(LayoutDim::Register));
    for (auto [index, group] : llvm::enumerate(plan.vectors.groups))
      for (int32_t reg : group.registers)
        plan.groupOf[reg] = index;
    for (const PlaceTerm &term : PlaceExpr::of(plan.toOffset, LayoutDim::Offset).terms)
      (term.dim == LayoutDim::Block ? plan.trip : plan.thread).terms.push_back(term);
    return plan;
  }

  /// The operand's register for step k of the trip, as accumulator register `accRegister` needs it.
  uint32_t registerFor(uint32_t accRegister, uint32_t k) const {
    uint32_t target = 0;
    for (; accRegister; accRegister &= accRegister - 1)
      target ^= projected[llvm::countr_zero(accRegister)];
    return *f2::Solver(independent).solve(target) << unrollBits | k;
  }

  LinearLayout toOffset;
  VectorAccess vectors;
  SmallVector<size_t> groupOf; ///< by register
  PlaceExpr thread;            ///< the thread's part of the offset
  PlaceExpr trip;              ///< the trip's, with the trip as "block"

private:
  /// (block = trip, warp, lane, register) -> the operand's index.
  LinearLayout makeView(LayoutSpace tensor, const LinearLayout &acc,
                        ArrayRef<std::optional<unsigned>> kept) {
    unsigned kDim = llvm::find(kept, std::nullopt) - kept.begin();
    unsigned kShift = tensor.shift(tensorDim(kDim)), kBits = tensor.bits(tensorDim(kDim));
    auto project = [&](uint32_t column) {
      uint32_t result = 0;
      for (auto [dim, accDim] : llvm::enumerate(kept))
        if (accDim)
          result |= acc.out().coordinate(column, tensorDim(*accDim))
                    << tensor.shift(tensorDim(dim));
      return result;
    };
    SmallVector<uint32_t> columns;
    for (unsigned bit = 0; bit < unrollBits; ++bit)
      columns.push_back(1u << (kShift + bit));
    f2::Subspace span;
    for (uint32_t column : acc.columns(LayoutDim::Register)) {
      projected.push_back(project(column));
      if (span.insert(projected.back()))
        independent.push_back(projected.back());
    }
    llvm::append_range(columns, independent);
    for (LayoutDim dim : {LayoutDim::Lane, LayoutDim::Warp})
      for (uint32_t column : acc.columns(dim))
        columns.push_back(project(column));
    for (unsigned bit = unrollBits; bit < kBits; ++bit)
      columns.push_back(1u << (kShift + bit));
    LayoutSpace places;
    places.setBits(LayoutDim::Block, kBits - unrollBits);
    places.setBits(LayoutDim::Warp, acc.inBits(LayoutDim::Warp));
    places.setBits(LayoutDim::Lane, acc.inBits(LayoutDim::Lane));
    places.setBits(LayoutDim::Register, unrollBits + independent.size());
    return LinearLayout::fromColumns(places, tensor, columns);
  }

  unsigned unrollBits = 0;
  f2::Columns independent;            ///< what the operand's own register bits move
  SmallVector<uint32_t, 8> projected; ///< what the accumulator's register bits move
};

/// Reads an operand within one trip.
class OperandReader {
public:
  OperandReader(Emitter &emit, LoweringContext &context, const OperandPlan &plan, Value base,
                Value offset, Type stored, Type computed, bool isUnsigned)
      : emit(emit), context(context), plan(plan), stored(stored), computed(computed),
        isUnsigned(isUnsigned),
        addresses(emit, base, offset, plan.thread.possibleBits() | plan.trip.possibleBits(),
                  sharedElementType(emit.builder, loweredElementType(stored))) {}

  Value get(uint32_t reg) {
    const VectorGroup &group = plan.vectors.groups[plan.groupOf[reg]];
    SmallVector<Value> &values = loaded[group.offset];
    if (values.empty())
      values = convert(loadShared(emit, addresses.at(group.offset), loweredElementType(stored),
                                  group.registers.size()));
    return values[llvm::find(group.registers, static_cast<int32_t>(reg)) - group.registers.begin()];
  }

private:
  SmallVector<Value> convert(SmallVector<Value> values) {
    if (isa<FloatType>(computed))
      return convertFloats(emit, context.target, context.mode.ftz, values, stored, computed,
                           tile::Rounding::NearestEven, tile::Overflow::NonFinite);
    for (Value &value : values)
      value = isUnsigned ? emit.zext(value, computed) : emit.sext(value, computed);
    return values;
  }

  Emitter &emit;
  LoweringContext &context;
  const OperandPlan &plan;
  Type stored, computed;
  bool isUnsigned;
  SharedAddresses addresses;
  DenseMap<int32_t, SmallVector<Value>> loaded;
};

class DotEmitter {
public:
  DotEmitter(tilegpu::DotFmaOp op, LoweringContext &context, ConversionPatternRewriter &rewriter)
      : op(op), context(context), rewriter(rewriter),
        typeA(cast<tilegpu::MemDescType>(op.getA().getType())),
        typeB(cast<tilegpu::MemDescType>(op.getB().getType())),
        accType(loweredElementType(op.getType())), depth(typeA.getShape().back()) {}

  LogicalResult plan() {
    if (failed(checkTypes()))
      return failure();
    const LinearLayout &acc = tilegpu::layoutOf(op.getType());
    int64_t registers = elementsPerThread(acc);
    unroll =
        std::min(depth, std::clamp(kMostMultiplies / registers, kFewestUnrolled, kMostUnrolled));
    unsigned rank = typeA.getShape().size();
    SmallVector<std::optional<unsigned>> keptA, keptB;
    for (unsigned dim = 0; dim + 2 < rank; ++dim) {
      keptA.push_back(dim);
      keptB.push_back(dim);
    }
    keptA.append({rank - 2, std::nullopt});
    keptB.append({std::nullopt, rank - 1});
    planA = OperandPlan::make(op, typeA, acc, keptA, unroll);
    planB = OperandPlan::make(op, typeB, acc, keptB, unroll);
    return success(succeeded(planA) && succeeded(planB));
  }

  SmallVector<Value> run(Value baseA, Value baseB, SmallVector<Value> acc) {
    Location loc = op.getLoc();
    int64_t trips = depth / unroll;
    if (trips == 1)
      return oneTrip(Value(), baseA, baseB, std::move(acc));
    Emitter emit(rewriter, loc);
    auto loop = scf::ForOp::create(rewriter, loc, emit.i32(0), emit.i32(trips), emit.i32(1), acc);
    loop->setAttr("llvm.loop_annotation", keepRolled());
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> next =
        oneTrip(loop.getInductionVar(), baseA, baseB, SmallVector<Value>(loop.getRegionIterArgs()));
    scf::YieldOp::create(rewriter, loc, next);
    return SmallVector<Value>(loop.getResults());
  }

private:
  LogicalResult checkTypes() {
    for (tilegpu::MemDescType type : {typeA, typeB}) {
      Type element = type.getElementType();
      bool floats = isa<FloatType>(accType) && canConvert(element, accType);
      bool integers = isa<IntegerType>(accType) && isa<IntegerType>(element) &&
                      element.getIntOrFloatBitWidth() <= accType.getIntOrFloatBitWidth() &&
                      !element.isInteger(1);
      if (!floats && !integers)
        return op.emitOpError("multiplies ") << element << " into " << accType
                                             << "; there are floats into floats and integers into "
                                                "integers at least as wide";
    }
    return success();
  }

  /// A trip is already unrolled as far as it should be.
  Attribute keepRolled() {
    MLIRContext *ctx = op.getContext();
    auto yes = BoolAttr::get(ctx, true);
    auto unrolling = LLVM::LoopUnrollAttr::get(ctx, yes, {}, {}, {}, {}, {}, {});
    return LLVM::LoopAnnotationAttr::get(ctx, {}, {}, {}, unrolling, {}, {}, {}, {}, {}, {}, {}, {},
                                         {}, {}, {});
  }

  Value offsetOf(Emitter &emit, const OperandPlan &operand, Value trip) {
    Value offset = context.thread(op).evaluate(operand.thread);
    uint32_t bits = operand.thread.possibleBits();
    if (!trip)
      return offset;
    for (const PlaceTerm &term : operand.trip.terms) {
      Value part = emit.bitAnd(trip, term.mask);
      if (term.shift)
        part = term.shift > 0 ? emit.shl(part, term.shift) : emit.lshr(part, -term.shift);
      uint32_t partBits = term.shift > 0 ? term.mask << term.shift : term.mask >> -term.shift;
      offset = bits & partBits ? emit.bitXor(offset, part) : emit.bitOr(offset, part);
      bits |= partBits;
    }
    return offset;
  }

  SmallVector<Value> oneTrip(Value trip, Value baseA, Value baseB, SmallVector<Value> acc) {
    Emitter emit(rewriter, op.getLoc());
    OperandReader a(emit, context, *planA, baseA, offsetOf(emit, *planA, trip),
                    typeA.getElementType(), accType, op.getUnsignedA());
    OperandReader b(emit, context, *planB, baseB, offsetOf(emit, *planB, trip),
                    typeB.getElementType(), accType, op.getUnsignedB());
    SmallVector<std::pair<uint32_t, uint32_t>> registers;
    for (size_t r = 0; r < acc.size(); ++r)
      registers.emplace_back(planA->registerFor(r, 0), planB->registerFor(r, 0));
    for (int64_t k = 0; k < unroll; ++k)
      for (auto [sum, from] : llvm::zip(acc, registers))
        sum = multiplyAdd(emit, a.get(from.first | k), b.get(from.second | k), sum);
    return acc;
  }

  Value multiplyAdd(Emitter &emit, Value a, Value b, Value sum) {
    if (isa<FloatType>(accType))
      return emit.fma(a, b, sum);
    return emit.add(emit.mul(a, b), sum);
  }

  tilegpu::DotFmaOp op;
  LoweringContext &context;
  ConversionPatternRewriter &rewriter;
  tilegpu::MemDescType typeA, typeB;
  Type accType;
  int64_t depth, unroll = 1;
  FailureOr<OperandPlan> planA, planB;
};

struct LowerDotFma : BlockPattern<tilegpu::DotFmaOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::DotFmaOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    DotEmitter emitter(op, context, rewriter);
    if (failed(emitter.plan()))
      return failure();
    replaceWithRegisters(
        rewriter, op,
        emitter.run(in.getA().front(), in.getB().front(), SmallVector<Value>(in.getAcc())));
    return success();
  }
};

} // namespace

void populateDotFma(const TypeConverter &types, RewritePatternSet &patterns,
                    LoweringContext &context) {
  patterns.add<LowerDotFma>(types, context);
}

} // namespace cosmati::tonvvm
