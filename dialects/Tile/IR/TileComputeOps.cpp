// Rules of the ops in TileComputeOps.td.
#include "dialects/Tile/IR/LayoutInterface.h"
#include "dialects/Tile/IR/TileDialect.h"

using namespace mlir;
using namespace cosmati::tile;

static RankedTensorType blockType(Value value) { return cast<RankedTensorType>(value.getType()); }

//===- dot ------------------------------------------------------------------------------------===//

/// The accumulators that operands of these types have.
static bool accumulatesIn(Type a, Type b, Type acc) {
  auto isFp8 = [](Type type) { return isa<Float8E4M3FNType, Float8E5M2Type>(type); };
  if (isFp8(a) && isFp8(b)) // the two formats may differ
    return acc.isF16() || acc.isF32();
  if (a != b)
    return false;
  if (a.isF16())
    return acc.isF16() || acc.isF32();
  if (a.isBF16() || a.isF32())
    return acc.isF32();
  if (a.isF64())
    return acc.isF64();
  return a.isSignlessInteger(8) && acc.isSignlessInteger(32);
}

static LogicalResult verifyDotShapes(DotOp op) {
  auto a = blockType(op.getA()), b = blockType(op.getB()), acc = blockType(op.getAcc());
  int64_t rank = acc.getRank();
  if ((rank != 2 && rank != 3) || a.getRank() != rank || b.getRank() != rank) // dot_c2
    return op.emitOpError("ranks are ")
           << a.getRank() << ", " << b.getRank() << " and " << rank
           << "; a, b and the accumulator have rank 2, or 3 with a leading batch dimension";
  if (a.getDimSize(rank - 1) != b.getDimSize(rank - 2)) // dot_c1
    return op.emitOpError("inner sizes differ: a has K=")
           << a.getDimSize(rank - 1) << ", b has K=" << b.getDimSize(rank - 2);
  int64_t m = a.getDimSize(rank - 2), n = b.getDimSize(rank - 1);
  if (acc.getDimSize(rank - 2) != m || acc.getDimSize(rank - 1) != n) // dot_c3
    return op.emitOpError("accumulator is ")
           << acc.getDimSize(rank - 2) << "x" << acc.getDimSize(rank - 1) << "; a and b give " << m
           << "x" << n;
  bool sameBatch = a.getDimSize(0) == b.getDimSize(0) && a.getDimSize(0) == acc.getDimSize(0);
  if (rank == 3 && !sameBatch) // dot_c4
    return op.emitOpError("batch sizes differ: ")
           << a.getDimSize(0) << ", " << b.getDimSize(0) << " and " << acc.getDimSize(0);
  return success();
}

LogicalResult DotOp::verify() {
  if (failed(verifyDotShapes(*this)))
    return failure();
  auto a = blockType(getA()), b = blockType(getB()), acc = blockType(getAcc());
  if (!accumulatesIn(a.getElementType(), b.getElementType(), acc.getElementType())) // dot_c5
    return emitOpError("does not multiply ")
           << a.getElementType() << " by " << b.getElementType() << " into " << acc.getElementType()
           << "; legal are f16 into f16 or f32, bf16 into f32, f32 into f32, f64 into f64, i8 into "
              "i32, and f8E4M3FN or f8E5M2 into f16 or f32";
  if (int32_t(getMaxNumImpreciseAcc()) < 0) // dot_c6
    return emitOpError("maxNumImpreciseAcc is ")
           << int32_t(getMaxNumImpreciseAcc()) << "; it counts products from 0";
  if ((getUnsignedA() && !a.getElementType().isInteger(8)) ||
      (getUnsignedB() && !b.getElementType().isInteger(8))) // dot_c8
    return emitOpError("has an unsigned operand of ")
           << (getUnsignedA() ? a : b).getElementType() << "; i8 alone is signed or unsigned";
  bool encoded = bool(acc.getEncoding());
  if (bool(a.getEncoding()) != encoded || bool(b.getEncoding()) != encoded) // dot_c7
    return emitOpError("some of its blocks have a layout, some have none; give all an encoding, or "
                       "none");
  return success();
}

//===- reduce and scan ------------------------------------------------------------------------===//

/// Sources: one or more, of one shape and encoding, and `axis` is a dimension of them.
LogicalResult cosmati::tile::verifyCombineSources(Operation *op, ValueRange sources, int32_t axis) {
  if (sources.empty()) // combine_c1
    return op->emitOpError("has no source; it takes one block or more");
  auto first = blockType(sources.front());
  for (Value source : sources.drop_front())
    if (blockType(source).getShape() != first.getShape() ||
        blockType(source).getEncoding() != first.getEncoding()) // combine_c2
      return op->emitOpError("sources differ in shape or layout: ")
             << first << " and " << source.getType();
  if (axis < 0 || axis >= first.getRank()) // combine_c3
    return op->emitOpError("axis ") << axis << " is not a dimension of " << first
                                    << "; it has dimensions 0 to " << first.getRank() - 1;
  if (op->getNumResults() != sources.size()) // combine_c4
    return op->emitOpError("has ")
           << sources.size() << " source(s) but " << op->getNumResults() << " result(s)";
  return success();
}

/// (a0, .., an, b0, .., bn) -> (r0, .., rn), each of the type of the elements of its source.
LogicalResult cosmati::tile::verifyCombineRegion(Operation *op, Region &combine,
                                                 ValueRange sources) {
  Block &block = combine.front();
  unsigned arity = sources.size();
  if (block.getNumArguments() != 2 * arity) // combine_c5
    return op->emitOpError("combine region takes ")
           << block.getNumArguments() << " argument(s); " << arity << " source(s) need "
           << 2 * arity << ", two tuples of scalars";
  for (auto [index, arg] : llvm::enumerate(block.getArguments())) {
    Type element = blockType(sources[index % arity]).getElementType();
    if (arg.getType() != element) // combine_c6
      return op->emitOpError("argument ")
             << index << " of the combine region has type " << arg.getType()
             << "; the elements of source " << index % arity << " have type " << element;
  }
  auto yield = dyn_cast_or_null<YieldOp>(block.empty() ? nullptr : &block.back());
  if (!yield) // combine_c7
    return op->emitOpError("combine region does not end with tile.yield");
  if (yield.getValues().size() != arity) // combine_c8
    return op->emitOpError("combine region yields ")
           << yield.getValues().size() << " value(s) for " << arity << " source(s)";
  for (auto [index, value] : llvm::enumerate(yield.getValues()))
    if (value.getType() != blockType(sources[index]).getElementType()) // combine_c9
      return op->emitOpError("combine region yields ")
             << value.getType() << " as value " << index << "; the elements of source " << index
             << " have type " << blockType(sources[index]).getElementType();
  return success();
}

LogicalResult ReduceOp::verify() {
  if (failed(verifyCombineSources(*this, getSources(), getAxis())))
    return failure();
  for (auto [source, result] : llvm::zip(getSources(), getResults())) {
    auto block = blockType(source);
    SmallVector<int64_t> shape(block.getShape());
    shape.erase(shape.begin() + getAxis());
    auto reduced = dyn_cast<RankedTensorType>(result.getType());
    bool fits = reduced ? reduced.getShape() == ArrayRef<int64_t>(shape) : shape.empty();
    if (!fits || elementTypeOf(result.getType()) != block.getElementType()) // reduce_c1
      return emitOpError("result has type ")
             << result.getType() << "; " << block << " without dimension " << getAxis()
             << (shape.empty() ? " is a scalar " : " is a block of ") << block.getElementType();
    ShapeChange change{ShapeChange::Kind::Reduce, block.getShape(), shape, getAxis()};
    if (reduced && failed(verifyEncodings(*this, change, block, reduced)))
      return failure();
  }
  return success();
}

LogicalResult ReduceOp::verifyRegions() {
  return verifyCombineRegion(*this, getCombine(), getSources());
}

LogicalResult ScanOp::verify() {
  if (failed(verifyCombineSources(*this, getSources(), getAxis())))
    return failure();
  for (auto [source, result] : llvm::zip(getSources(), getResults()))
    if (source.getType() != result.getType()) // scan_c1
      return emitOpError("result has type ")
             << result.getType() << "; it has the type of its source, " << source.getType();
  return success();
}

LogicalResult ScanOp::verifyRegions() {
  return verifyCombineRegion(*this, getCombine(), getSources());
}

//===- elementwise ----------------------------------------------------------------------------===//

static bool isConvertible(Type type) {
  return isa<Float8E4M3FNType, Float8E5M2Type, Float8E4M3FNUZType, Float8E5M2FNUZType, Float16Type,
             BFloat16Type, Float32Type, Float64Type>(type);
}

LogicalResult FpConvertOp::verify() {
  Type from = elementTypeOf(getValue().getType()), to = elementTypeOf(getType());
  for (Type type : {from, to})
    if (!isConvertible(type)) // fp_convert_c1
      return emitOpError("does not convert ")
             << type
             << "; it knows f8E4M3FN, f8E5M2, f8E4M3FNUZ, f8E5M2FNUZ, f16, bf16, f32 and f64";
  if (from == to) // fp_convert_c2
    return emitOpError("converts ") << from << " to itself; use the value as it is";
  return success();
}
