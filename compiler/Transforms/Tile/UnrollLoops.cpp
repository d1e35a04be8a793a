// Loops whose range asks for it do several iterations in one.
//
//   for i = low to high step s: body(i)                      becomes, for a factor of n,
//
//   rest = trips mod n;  middle = low + (trips - rest) * s
//   for i = low to middle step n * s: body(i), body(i + s), ..., body(i + (n - 1) * s)
//   for i = middle to high step s: body(i)                   (fewer than n iterations)
//
// All in the type of the bounds and modulo its size, in which every value that is compared is
// exact: `middle` is at most what the last increment of the given loop yields.
#include "compiler/Analysis/Remarks.h"
#include "compiler/Transforms/Tile/Passes.h"
#include "compiler/Transforms/Tile/TripCount.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

namespace cosmati::tile {
#define GEN_PASS_DEF_UNROLLLOOPS
#include "compiler/Transforms/Tile/Passes.h.inc"
} // namespace cosmati::tile

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tile;

namespace {

constexpr const char *kFactor = "tile.loop_unroll_factor";
constexpr const char *kStages = "tile.num_stages";

/// Whether `factor` steps fit the type of a loop whose step is known: MLIR wants positive
/// constants.
bool stepFits(scf::ForOp loop, int64_t factor) {
  APInt step;
  if (!matchPattern(loop.getStep(), m_ConstantInt(&step)))
    return true;
  unsigned bits = step.getBitWidth() - (loop.getUnsignedCmp() ? 0 : 1);
  return step.zext(step.getBitWidth() + 32)
      .ule(APInt::getLowBitsSet(step.getBitWidth() + 32, bits)
               .udiv(APInt(step.getBitWidth() + 32, factor)));
}

/// Appends `factor - 1` further iterations to the body, `step` apart.
void repeatBody(scf::ForOp loop, Value step, int64_t factor) {
  Operation *yield = loop.getBody()->getTerminator();
  OpBuilder builder(yield);
  Location loc = loop.getLoc();
  SmallVector<Operation *> body;
  for (Operation &op : loop.getBody()->without_terminator())
    body.push_back(&op);
  const SmallVector<Value> yielded = llvm::to_vector(yield->getOperands());
  SmallVector<Value> carried = yielded;
  for (int64_t number = 1; number < factor; ++number) {
    Value times = emitInteger(builder, loc, step.getType(), number);
    Value ahead = builder.createOrFold<arith::MulIOp>(loc, step, times);
    Value counter = arith::AddIOp::create(builder, loc, loop.getInductionVar(), ahead);
    IRMapping map;
    map.map(loop.getInductionVar(), counter);
    map.map(loop.getRegionIterArgs(), carried);
    for (Operation *op : body)
      builder.clone(*op, map);
    for (auto [next, value] : llvm::zip_equal(carried, yielded))
      next = map.lookupOrDefault(value);
  }
  yield->setOperands(carried);
}

void unroll(scf::ForOp loop, int64_t factor) {
  OpBuilder builder(loop);
  Location loc = loop.getLoc();
  Type type = loop.getInductionVar().getType();
  Value trips = emitTripCount(builder, loc, LoopBounds::of(loop));
  Value times = emitInteger(builder, loc, type, factor);
  Value rest = builder.createOrFold<arith::RemUIOp>(loc, trips, times);
  Value whole = builder.createOrFold<arith::SubIOp>(loc, trips, rest);
  Value step = loop.getStep();
  Value distance = builder.createOrFold<arith::MulIOp>(loc, whole, step);
  Value middle = builder.createOrFold<arith::AddIOp>(loc, loop.getLowerBound(), distance);
  Value longStep = builder.createOrFold<arith::MulIOp>(loc, step, times);

  loop->removeAttr(kFactor);
  builder.setInsertionPointAfter(loop);
  auto remainder = cast<scf::ForOp>(builder.clone(*loop));
  loop->replaceAllUsesWith(remainder->getResults());
  remainder.setLowerBound(middle);
  remainder.getInitArgsMutable().assign(loop.getResults());
  // So few iterations don't pay for a pipeline of their own, nor for its buffers.
  remainder->setAttr(kStages, builder.getI32IntegerAttr(1));

  loop.setUpperBound(middle);
  loop.setStep(longStep);
  repeatBody(loop, step, factor);
}

class UnrollLoopsPass : public tile::impl::UnrollLoopsBase<UnrollLoopsPass> {
  void runOnOperation() override {
    // Inner loops first: copies of a body then hold loops that are unrolled already.
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) {
      if (loop->hasAttr(kFactor))
        loops.push_back(loop);
    });
    for (scf::ForOp loop : loops) {
      int64_t factor = loop->getAttrOfType<IntegerAttr>(kFactor).getInt();
      if (factor <= 1) {
        loop->removeAttr(kFactor);
      } else if (!stepFits(loop, factor)) {
        loop->removeAttr(kFactor);
        cosmati::emitRemark(loop, Remark::LoopNotUnrolled)
            << factor << " steps of the range exceed its type " << loop.getInductionVar().getType()
            << ": use a smaller loop_unroll_factor or step";
      } else {
        unroll(loop, factor);
        ++numLoops;
      }
    }
  }
};

} // namespace
