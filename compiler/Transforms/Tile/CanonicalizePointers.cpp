#include "compiler/Transforms/Tile/Passes.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace cosmati::tile {
#define GEN_PASS_DEF_CANONICALIZEPOINTERS
#include "compiler/Transforms/Tile/Passes.h.inc"
} // namespace cosmati::tile

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tile;

namespace {

/// Integers that are the same for all elements: a splat, a constant, or arithmetic on such.
class Uniform {
public:
  static bool isUniform(Value block, unsigned depth = kDepth) {
    SplatElementsAttr elements;
    if (block.getDefiningOp<SplatOp>() || matchPattern(block, m_Constant(&elements)))
      return true;
    Operation *op = block.getDefiningOp();
    return depth && op && isArithmetic(op) && llvm::all_of(op->getOperands(), [&](Value operand) {
             return isa<RankedTensorType>(operand.getType()) && isUniform(operand, depth - 1);
           });
  }

  /// The element, made at the builder's place, which `block` must dominate.
  static Value scalarOf(OpBuilder &builder, Value block) {
    if (auto splat = block.getDefiningOp<SplatOp>())
      return splat.getValue();
    SplatElementsAttr elements;
    if (matchPattern(block, m_Constant(&elements)))
      return arith::ConstantOp::create(builder, block.getLoc(),
                                       elements.getSplatValue<TypedAttr>());
    Operation *op = block.getDefiningOp();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(scalarOf(builder, operand));
    Operation *scalar =
        Operation::create(op->getLoc(), op->getName(), getElementTypeOrSelf(block), operands,
                          NamedAttrList(op->getDiscardableAttrDictionary()),
                          op->getPropertiesStorage(), BlockRange(), /*numRegions=*/0);
    return builder.insert(scalar)->getResult(0);
  }

private:
  /// Sums, products and conversions of strides: few and short. Divisions stay blocks, since they
  /// cost more than the registers that they save.
  static bool isArithmetic(Operation *op) {
    return isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::ShLIOp, arith::ExtSIOp,
               arith::ExtUIOp, arith::TruncIOp>(op);
  }

  static constexpr unsigned kDepth = 6;
};

struct AddUniformOffset : OpRewritePattern<AddPtrOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddPtrOp op, PatternRewriter &rewriter) const override {
    auto base = op.getPtr().getDefiningOp<SplatOp>();
    if (!base)
      return rewriter.notifyMatchFailure(op, "the pointers are not one pointer for all");
    if (!Uniform::isUniform(op.getOffset()))
      return rewriter.notifyMatchFailure(op, "the offsets differ");
    Value scalar = Uniform::scalarOf(rewriter, op.getOffset());
    Value moved =
        AddPtrOp::create(rewriter, op.getLoc(), base.getValue().getType(), base.getValue(), scalar);
    rewriter.replaceOpWithNewOp<SplatOp>(op, op.getType(), moved);
    return success();
  }
};

/// One loop whose moving pointers become a base and a scalar offset. The steps may be anything that
/// is the same for all elements, also when it changes from iteration to iteration: the offset is
/// their sum in 64 bits, and so is what addptr adds up.
class LoopRewriter {
public:
  explicit LoopRewriter(scf::ForOp loop) : loop(loop), builder(loop) {
    for (auto [index, argument] : llvm::enumerate(loop.getRegionIterArgs())) {
      SmallVector<Value> steps = stepsOf(argument, loop.getYieldedValues()[index]);
      if (!steps.empty())
        moving.push_back({static_cast<unsigned>(index), std::move(steps)});
    }
  }

  unsigned numMoving() const { return moving.size(); }

  void rewrite() {
    Value zero = arith::ConstantOp::create(builder, loop.getLoc(), builder.getI64IntegerAttr(0));
    SmallVector<Value> bases = llvm::to_vector(loop.getInitArgs());
    for (const Pointer &pointer : moving)
      loop.getInitArgsMutable()[pointer.index].assign(zero);
    for (const Pointer &pointer : moving)
      rewriteInBody(pointer, bases[pointer.index]);
    builder.setInsertionPointAfter(loop);
    for (const Pointer &pointer : moving)
      rebase(loop.getResult(pointer.index), bases[pointer.index]);
  }

private:
  struct Pointer {
    unsigned index;
    SmallVector<Value> steps; ///< blocks of offsets, each uniform
  };

  /// The offsets by which `yielded` lies beyond `argument`; none if that isn't a sum of uniform
  /// ones.
  static SmallVector<Value> stepsOf(BlockArgument argument, Value yielded) {
    SmallVector<Value> steps;
    if (!isa<RankedTensorType>(argument.getType()))
      return {};
    while (yielded != argument) {
      auto moved = yielded.getDefiningOp<AddPtrOp>();
      if (!moved || !Uniform::isUniform(moved.getOffset()))
        return {};
      steps.push_back(moved.getOffset());
      yielded = moved.getPtr();
    }
    std::reverse(steps.begin(), steps.end());
    return steps;
  }

  /// Sign-extended, as addptr does; ahead of the loop where it does not depend on it.
  Value scalarStep(Value step) {
    OpBuilder::InsertionGuard guard(builder);
    if (loop.isDefinedOutsideOfLoop(step))
      builder.setInsertionPoint(loop);
    Value scalar = Uniform::scalarOf(builder, step);
    return scalar.getType().isInteger(64)
               ? scalar
               : arith::ExtSIOp::create(builder, step.getLoc(), builder.getI64Type(), scalar)
                     .getResult();
  }

  void rewriteInBody(const Pointer &pointer, Value base) {
    Operation *yield = loop.getBody()->getTerminator();
    BlockArgument argument = loop.getRegionIterArg(pointer.index);
    Location loc = yield->getOperand(pointer.index).getLoc();
    builder.setInsertionPointToStart(loop.getBody());
    rebase(argument, base);
    builder.setInsertionPoint(yield);
    Value offset = argument;
    for (Value step : pointer.steps)
      offset = arith::AddIOp::create(builder, loc, offset, scalarStep(step));
    yield->setOperand(pointer.index, offset);
  }

  /// `value`, so far a block of pointers, becomes an offset; its users get base + offset.
  void rebase(Value value, Value base) {
    auto pointers = cast<RankedTensorType>(value.getType());
    auto offsets =
        RankedTensorType::get(pointers.getShape(), builder.getI64Type(), pointers.getEncoding());
    Location loc = value.getLoc();
    value.setType(builder.getI64Type());
    auto splat = SplatOp::create(builder, loc, offsets, value);
    Value moved = AddPtrOp::create(builder, loc, pointers, base, splat);
    value.replaceAllUsesExcept(moved, splat);
  }

  scf::ForOp loop;
  OpBuilder builder;
  SmallVector<Pointer> moving;
};

class CanonicalizePointers : public tile::impl::CanonicalizePointersBase<CanonicalizePointers> {
  void runOnOperation() override {
    getOperation().walk([&](scf::ForOp loop) {
      LoopRewriter rewriter(loop);
      numLoopPointers += rewriter.numMoving();
      if (rewriter.numMoving())
        rewriter.rewrite();
    });
    RewritePatternSet patterns(&getContext());
    patterns.add<AddUniformOffset>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
