#include "compiler/Transforms/Tile/TripCount.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace cosmati::tile {

LoopBounds LoopBounds::of(scf::ForOp loop) {
  return {loop.getLowerBound(), loop.getUpperBound(), loop.getStep(), loop.getUnsignedCmp()};
}

Value emitInteger(OpBuilder &builder, Location loc, Type type, int64_t value) {
  return arith::ConstantOp::create(builder, loc, builder.getIntegerAttr(type, value));
}

Value emitTripCount(OpBuilder &builder, Location loc, const LoopBounds &bounds) {
  Type type = bounds.low.getType();
  Value zero = emitInteger(builder, loc, type, 0), one = emitInteger(builder, loc, type, 1);
  auto less = bounds.isUnsigned ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt;
  Value some = builder.createOrFold<arith::CmpIOp>(loc, less, bounds.low, bounds.high);
  // The distance fits the type as an unsigned number; rounding up by adding step - 1 might not.
  Value distance = builder.createOrFold<arith::SubIOp>(loc, bounds.high, bounds.low);
  Value toLast = builder.createOrFold<arith::SubIOp>(loc, distance, one);
  Value steps = builder.createOrFold<arith::DivUIOp>(loc, toLast, bounds.step);
  Value count = builder.createOrFold<arith::AddIOp>(loc, steps, one);
  return builder.createOrFold<arith::SelectOp>(loc, some, count, zero);
}

} // namespace cosmati::tile
