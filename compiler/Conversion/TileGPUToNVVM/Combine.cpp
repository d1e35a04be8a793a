#include "compiler/Conversion/TileGPUToNVVM/Combine.h"

#include "dialects/Layout/F2.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace cosmati::tonvvm {

static Value castTo(OpBuilder &builder, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return UnrealizedConversionCastOp::create(builder, loc, type, value).getResult(0);
}

Tuple runRegion(ConversionPatternRewriter &rewriter, Region &region, ArrayRef<Value> arguments) {
  Block &block = region.front();
  IRMapping mapping;
  for (auto [argument, value] : llvm::zip_equal(block.getArguments(), arguments))
    mapping.map(argument, castTo(rewriter, argument.getLoc(), value, argument.getType()));
  for (Operation &op : block.without_terminator())
    rewriter.clone(op, mapping);
  Tuple results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(castTo(rewriter, value.getLoc(), mapping.lookupOrDefault(value),
                             loweredElementType(value.getType())));
  return results;
}

Tuple combine(ConversionPatternRewriter &rewriter, Region &region, ArrayRef<Value> lhs,
              ArrayRef<Value> rhs) {
  SmallVector<Value> both(lhs);
  llvm::append_range(both, rhs);
  return runRegion(rewriter, region, both);
}

AxisLayout::AxisLayout(const LinearLayout &layout, unsigned axis)
    : layout(layout), rest(layout.removeDim(axis)), axis(tensorDim(axis)) {}

uint32_t AxisLayout::axisColumn(LayoutDim dim, unsigned bit) const {
  return layout.basis(dim, bit, axis);
}

uint32_t AxisLayout::axisOf(int64_t reg) const {
  return layout.out().coordinate(layout.applyFlat(reg), axis);
}

LogicalResult AxisLayout::verifySeparable(Operation *op) const {
  for (LayoutDim dim : {LayoutDim::Register, LayoutDim::Lane, LayoutDim::Warp})
    for (unsigned bit = 0; bit < layout.inBits(dim); ++bit)
      if (axisColumn(dim, bit) && rest.columns(dim)[bit])
        return op->emitOpError("has a layout in which bit ")
               << bit << " of the " << layoutDimName(dim)
               << " moves the axis and another dimension at once: " << layout.toString();
  return success();
}

SmallVector<unsigned, 5> AxisLayout::reducingLaneBits() const {
  f2::Subspace held;
  for (unsigned bit = 0; bit < layout.inBits(LayoutDim::Register); ++bit)
    held.insert(axisColumn(LayoutDim::Register, bit));
  SmallVector<unsigned, 5> bits;
  for (unsigned bit = 0; bit < layout.inBits(LayoutDim::Lane); ++bit)
    if (held.insert(axisColumn(LayoutDim::Lane, bit)))
      bits.push_back(bit);
  return bits;
}

bool AxisLayout::crossesWarps() const {
  f2::Subspace held;
  for (LayoutDim dim : {LayoutDim::Register, LayoutDim::Lane})
    for (unsigned bit = 0; bit < layout.inBits(dim); ++bit)
      held.insert(axisColumn(dim, bit));
  for (unsigned bit = 0; bit < layout.inBits(LayoutDim::Warp); ++bit)
    if (held.insert(axisColumn(LayoutDim::Warp, bit)))
      return true;
  return false;
}

} // namespace cosmati::tonvvm
