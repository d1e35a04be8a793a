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

/// A value that is the same for all elements: a splat, or a constant.
struct Uniform {
  Value scalar;       ///< of a splat
  IntegerAttr number; ///< of a constant

  static std::optional<Uniform> of(Value block) {
    if (auto splat = block.getDefiningOp<SplatOp>())
      return Uniform{splat.getValue(), {}};
    SplatElementsAttr elements;
    if (matchPattern(block, m_Constant(&elements)))
      if (auto number = dyn_cast<IntegerAttr>(elements.getSplatValue<Attribute>()))
        return Uniform{{}, number};
    return std::nullopt;
  }

  Value materialize(OpBuilder &builder, Location loc) const {
    return scalar ? scalar : arith::ConstantOp::create(builder, loc, number).getResult();
  }

  bool isDefinedOutside(scf::ForOp loop) const {
    return number || loop.isDefinedOutsideOfLoop(scalar);
  }
};

struct AddUniformOffset : OpRewritePattern<AddPtrOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddPtrOp op, PatternRewriter &rewriter) const override {
    auto base = op.getPtr().getDefiningOp<SplatOp>();
    if (!base)
      return rewriter.notifyMatchFailure(op, "the pointers are not one pointer for all");
    std::optional<Uniform> offset = Uniform::of(op.getOffset());
    if (!offset)
      return rewriter.notifyMatchFailure(op, "the offsets differ");
    Value scalar = offset->materialize(rewriter, op.getLoc());
    Value moved =
        AddPtrOp::create(rewriter, op.getLoc(), base.getValue().getType(), base.getValue(), scalar);
    rewriter.replaceOpWithNewOp<SplatOp>(op, op.getType(), moved);
    return success();
  }
};

/// One loop whose moving pointers become a base and a scalar offset.
class LoopRewriter {
public:
  explicit LoopRewriter(scf::ForOp loop) : loop(loop), builder(loop) {
    for (auto [index, argument] : llvm::enumerate(loop.getRegionIterArgs()))
      if (std::optional<Uniform> step = stepOf(argument, loop.getYieldedValues()[index]))
        moving.push_back({static_cast<unsigned>(index), *step});
  }

  unsigned numMoving() const { return moving.size(); }

  void rewrite() {
    Location loc = loop.getLoc();
    Value zero = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0));
    for (Pointer &pointer : moving)
      pointer.step64 = widen(pointer.step.materialize(builder, loc));
    SmallVector<Value> bases = llvm::to_vector(loop.getInitArgs());
    for (const Pointer &pointer : moving)
      loop.getInitArgsMutable()[pointer.index].assign(zero);
    rewriteBody(bases);
    builder.setInsertionPointAfter(loop);
    for (const Pointer &pointer : moving)
      rebase(loop.getResult(pointer.index), bases[pointer.index]);
  }

private:
  struct Pointer {
    unsigned index;
    Uniform step;
    Value step64 = {};
  };

  std::optional<Uniform> stepOf(BlockArgument argument, Value yielded) {
    auto block = dyn_cast<RankedTensorType>(argument.getType());
    auto moved = yielded.getDefiningOp<AddPtrOp>();
    if (!block || !moved || moved.getPtr() != argument)
      return std::nullopt;
    std::optional<Uniform> step = Uniform::of(moved.getOffset());
    return step && step->isDefinedOutside(loop) ? step : std::nullopt;
  }

  Value widen(Value step) {
    return step.getType().isInteger(64)
               ? step
               : arith::ExtSIOp::create(builder, step.getLoc(), builder.getI64Type(), step)
                     .getResult();
  }

  void rewriteBody(ArrayRef<Value> bases) {
    Operation *yield = loop.getBody()->getTerminator();
    for (const Pointer &pointer : moving) {
      BlockArgument argument = loop.getRegionIterArg(pointer.index);
      Location loc = yield->getOperand(pointer.index).getLoc();
      builder.setInsertionPointToStart(loop.getBody());
      rebase(argument, bases[pointer.index]);
      builder.setInsertionPoint(yield);
      yield->setOperand(pointer.index,
                        arith::AddIOp::create(builder, loc, argument, pointer.step64));
    }
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
