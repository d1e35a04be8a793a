// Ops that make or rearrange blocks: each result register finds the source register that holds its
// element; no data moves between threads.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "dialects/Layout/F2.h"

using namespace mlir;
using cosmati::tilegpu::layoutOf;

namespace cosmati::tonvvm {

namespace {

/// For a value in `source`: the register that holds, in each thread, the element that register r of
/// `wanted` (a layout of the same tensor) names. An error on `op` where it is in another thread.
FailureOr<SmallVector<int32_t>> sourceRegisters(Operation *op, const LinearLayout &source,
                                                const LinearLayout &wanted) {
  llvm::Expected<ConversionPlan> plan = planConversion(source, wanted, /*elementBits=*/32);
  if (!plan)
    return op->emitOpError(llvm::toString(plan.takeError()));
  if (plan->kind != ConversionKind::Identity && plan->kind != ConversionKind::RegisterPermute)
    return op->emitOpError("would move elements between threads; its operand needs a "
                           "tilegpu.convert_layout: it has ")
           << source.toString() << ", the result needs " << wanted.toString();
  return SmallVector<int32_t>(plan->sourceRegister.begin(), plan->sourceRegister.end());
}

SmallVector<Value> gather(ValueRange registers, ArrayRef<int32_t> sources) {
  SmallVector<Value> results;
  for (int32_t source : sources)
    results.push_back(registers[source]);
  return results;
}

/// An op of one block whose result layout, read on the source's side, is `wanted`.
LogicalResult permute(ConversionPatternRewriter &rewriter, Operation *op, ValueRange registers,
                      const LinearLayout &wanted) {
  auto sources = sourceRegisters(op, layoutOf(op->getOperand(0)), wanted);
  if (failed(sources))
    return failure();
  replaceWithRegisters(rewriter, op, gather(registers, *sources));
  return success();
}

struct LowerMakeRange : BlockPattern<tile::MakeRangeOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::MakeRangeOp op, OneToNOpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    const LinearLayout &layout = layoutOf(op.getType());
    PlaceExpr expr = PlaceExpr::of(layout, tensorDim(0));
    Value thread = context.thread(op).evaluate(expr);
    Emitter emit(rewriter, op.getLoc());
    SmallVector<Value> registers;
    for (int32_t r = 0; r < layout.inSize(LayoutDim::Register); ++r) {
      uint32_t offset = layout.apply({{LayoutDim::Register, r}})[0];
      Value index = xorConstant(emit, thread, expr.possibleBits(), offset);
      registers.push_back(op.getStart() ? emit.add(index, int64_t(op.getStart())) : index);
    }
    replaceWithRegisters(rewriter, op, registers);
    return success();
  }
};

struct LowerExpandDims : BlockPattern<tile::ExpandDimsOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::ExpandDimsOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    auto shape = cast<RankedTensorType>(op.getValue().getType()).getShape();
    return permute(rewriter, op, in.getValue(), layoutOf(op.getType()).reshape(shape));
  }
};

struct LowerBroadcast : BlockPattern<tile::BroadcastOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::BroadcastOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    auto source = cast<RankedTensorType>(op.getValue().getType());
    auto result = cast<RankedTensorType>(op.getType());
    LinearLayout wanted = layoutOf(op.getType());
    for (unsigned axis = 0; axis < source.getRank(); ++axis)
      if (source.getDimSize(axis) != result.getDimSize(axis))
        wanted = wanted.collapseDim(axis);
    return permute(rewriter, op, in.getValue(), wanted);
  }
};

struct LowerTrans : BlockPattern<tile::TransOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::TransOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    SmallVector<int64_t> inverse(op.getOrder().size());
    for (auto [to, from] : llvm::enumerate(op.getOrder()))
      inverse[from] = to;
    return permute(rewriter, op, in.getValue(), layoutOf(op.getType()).transpose(inverse));
  }
};

/// Where the order of elements is free, registers may simply be renamed.
bool sameReplication(const LinearLayout &a, const LinearLayout &b) {
  ReplicationMasks x = replicationMasks(a), y = replicationMasks(b);
  return elementsPerThread(a) == elementsPerThread(b) && x.registers == y.registers &&
         x.lanes == y.lanes && x.warps == y.warps;
}

struct LowerReshape : BlockPattern<tile::ReshapeOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::ReshapeOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    auto source = cast<RankedTensorType>(op.getValue().getType());
    const LinearLayout &from = layoutOf(source), &to = layoutOf(op.getType());
    LinearLayout wanted = to.reshape(source.getShape());
    if (op.getAllowReorder() && wanted != from && sameReplication(from, to)) {
      rewriter.replaceOpWithMultiple(op, {in.getValue()});
      return success();
    }
    return permute(rewriter, op, in.getValue(), wanted);
  }
};

struct LowerJoin : BlockPattern<tile::JoinOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::JoinOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    const LinearLayout &to = layoutOf(op.getType());
    unsigned last = cast<RankedTensorType>(op.getType()).getRank() - 1;
    if (!to.sublayoutIsZero({LayoutDim::Warp, LayoutDim::Lane}, {tensorDim(last)}))
      return op.emitOpError("needs both halves of the new dimension in one thread; the result has ")
             << to.toString();
    auto sources = sourceRegisters(op, layoutOf(op.getLhs()), to.removeDim(last));
    if (failed(sources))
      return failure();
    SmallVector<Value> registers;
    for (int32_t r = 0; r < static_cast<int32_t>(sources->size()); ++r) {
      bool second = to.apply({{LayoutDim::Register, r}})[last];
      registers.push_back((second ? in.getRhs() : in.getLhs())[(*sources)[r]]);
    }
    replaceWithRegisters(rewriter, op, registers);
    return success();
  }
};

struct LowerSplit : BlockPattern<tile::SplitOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::SplitOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    const LinearLayout &from = layoutOf(op.getValue());
    // The first half names elements (.., 0): its flat index shifted by the new lowest bit. The
    // register that changes only that bit leads to the second half.
    const LinearLayout &half = layoutOf(op.getFirst().getType());
    SmallVector<uint32_t> columns;
    for (uint32_t column : half.columns())
      columns.push_back(column << 1);
    auto first =
        sourceRegisters(op, from, LinearLayout::fromColumns(half.in(), from.out(), columns));
    std::optional<uint32_t> step = f2::Solver(from.columns(LayoutDim::Register)).solve(1);
    if (failed(first))
      return failure();
    if (!step)
      return op.emitOpError("needs both halves of the last dimension in one thread; it has ")
             << from.toString();
    SmallVector<int32_t> second;
    for (int32_t r : *first)
      second.push_back(r ^ *step);
    rewriter.replaceOpWithMultiple(op,
                                   SmallVector<SmallVector<Value>>{gather(in.getValue(), *first),
                                                                   gather(in.getValue(), second)});
    return success();
  }
};

/// The order of elements is free: first the registers of the left, then those of the right block.
struct LowerCat : BlockPattern<tile::CatOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::CatOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    const LinearLayout &from = layoutOf(op.getLhs()), &to = layoutOf(op.getType());
    ReplicationMasks source = replicationMasks(from), result = replicationMasks(to);
    if (elementsPerThread(to) != 2 * elementsPerThread(from) || source.lanes != result.lanes ||
        source.warps != result.warps || source.registers != result.registers)
      return op.emitOpError("needs a result whose threads hold twice the operands' registers; "
                            "the operands have ")
             << from.toString() << ", the result has " << to.toString();
    SmallVector<Value> registers(in.getLhs());
    llvm::append_range(registers, in.getRhs());
    replaceWithRegisters(rewriter, op, registers);
    return success();
  }
};

} // namespace

void populateShapes(const TypeConverter &types, RewritePatternSet &patterns,
                    LoweringContext &context) {
  patterns.add<LowerMakeRange, LowerExpandDims, LowerBroadcast, LowerTrans, LowerReshape, LowerJoin,
               LowerSplit, LowerCat>(types, context);
}

} // namespace cosmati::tonvvm
