// Rules of the ops in TilePackedDotOps.td.
#include "dialects/Tile/IR/TileDialect.h"

using namespace mlir;
using namespace cosmati::tile;

/// The shapes of a product of batches of matrices: A is M x K, B is K x N, acc is M x N, where an
/// element of a stands for `perA` of A along k and one of b for `perB`.
static LogicalResult verifyProductShapes(Operation *op, RankedTensorType a, int64_t perA,
                                         RankedTensorType b, int64_t perB, RankedTensorType acc) {
  int64_t rank = acc.getRank();
  if ((rank != 2 && rank != 3) || a.getRank() != rank || b.getRank() != rank)
    return op->emitOpError("ranks are ")
           << a.getRank() << ", " << b.getRank() << " and " << rank
           << "; a, b and the accumulator have rank 2, or 3 with a leading batch dimension";
  int64_t depthA = a.getDimSize(rank - 1) * perA, depthB = b.getDimSize(rank - 2) * perB;
  if (depthA != depthB)
    return op->emitOpError("inner sizes differ: a has K=") << depthA << ", b has K=" << depthB;
  int64_t m = a.getDimSize(rank - 2), n = b.getDimSize(rank - 1);
  if (acc.getDimSize(rank - 2) != m || acc.getDimSize(rank - 1) != n)
    return op->emitOpError("accumulator is ")
           << acc.getDimSize(rank - 2) << "x" << acc.getDimSize(rank - 1) << "; a and b give " << m
           << "x" << n;
  bool sameBatch = a.getDimSize(0) == b.getDimSize(0) && a.getDimSize(0) == acc.getDimSize(0);
  if (rank == 3 && !sameBatch)
    return op->emitOpError("batch sizes differ: ")
           << a.getDimSize(0) << ", " << b.getDimSize(0) << " and " << acc.getDimSize(0);
  return success();
}

static LogicalResult verifyEncodings(Operation *op) {
  auto encoded = [](Value value) {
    return bool(cast<RankedTensorType>(value.getType()).getEncoding());
  };
  bool first = encoded(op->getOperand(0));
  for (Value operand : op->getOperands())
    if (encoded(operand) != first)
      return op->emitOpError("some of its blocks have a layout, some have none; give all an "
                             "encoding, or none");
  return success();
}

//===- dot_packed -----------------------------------------------------------------------------===//

static unsigned blockBits(PackedType type) { return type == PackedType::B1 ? 32 : 8; }
static int64_t perElement(PackedType type) { return type == PackedType::B1 ? 32 : 2; }

LogicalResult DotPackedOp::verify() {
  for (auto [block, type, name] : {std::tuple(getA(), getAType(), "a"), {getB(), getBType(), "b"}})
    if (!block.getType().getElementType().isSignlessInteger(blockBits(type))) // dot_packed_c2
      return emitOpError("has ") << stringifyPackedType(type) << " in blocks of i"
                                 << blockBits(type) << "; " << name << " is " << block.getType();
  if (!getAcc().getType().getElementType().isSignlessInteger(32)) // dot_packed_c2
    return emitOpError("sums in i32, got ") << getAcc().getType();
  bool bitsA = getAType() == PackedType::B1, bitsB = getBType() == PackedType::B1;
  if (bitsA != bitsB || bitsA != getProduct().has_value()) // dot_packed_c3
    return emitOpError("multiplies ")
           << stringifyPackedType(getAType()) << " by " << stringifyPackedType(getBType())
           << (getProduct() ? " with" : " without") << " a product of bits; b1 goes with b1 and "
           << "with one, s4 and u4 go without";
  if (failed(verifyProductShapes(*this, getA().getType(), perElement(getAType()), getB().getType(),
                                 perElement(getBType()), getAcc().getType()))) // dot_packed_c1
    return failure();
  return verifyEncodings(*this); // dot_packed_c4
}

//===- dot_sparse -----------------------------------------------------------------------------===//

/// The accumulators that operands of these types have.
static bool sparseAccumulatesIn(Type a, Type b, Type acc) {
  auto isFp8 = [](Type type) { return isa<Float8E4M3FNType, Float8E5M2Type>(type); };
  if (isFp8(a) && isFp8(b))
    return acc.isF32();
  if (a != b)
    return false;
  if (a.isF16())
    return acc.isF16() || acc.isF32();
  if (a.isBF16() || a.isF32())
    return acc.isF32();
  return a.isSignlessInteger(8) && acc.isSignlessInteger(32);
}

static LogicalResult verifyMetadata(DotSparseOp op) {
  RankedTensorType a = op.getA().getType(), metadata = op.getMetadata().getType();
  int64_t perWord = a.getElementType().isF32() ? 4 : 8; // stored elements
  SmallVector<int64_t> wanted(a.getShape());
  wanted.back() /= perWord;
  if (!metadata.getElementType().isSignlessInteger(16) || a.getShape().back() % perWord ||
      metadata.getShape() != ArrayRef(wanted)) // dot_sparse_c3
    return op.emitOpError("metadata is ") << metadata << "; an i16 describes " << perWord
                                          << " stored elements of a row of a, " << a;
  return success();
}

LogicalResult DotSparseOp::verify() {
  Type a = getA().getType().getElementType(), b = getB().getType().getElementType(),
       acc = getAcc().getType().getElementType();
  if (!sparseAccumulatesIn(a, b, acc)) // dot_sparse_c2
    return emitOpError("does not multiply ")
           << a << " by " << b << " into " << acc
           << "; legal are f16 into f16 or f32, bf16 into f32, f32 into f32, i8 into i32, and "
              "f8E4M3FN or f8E5M2 into f32";
  if ((getUnsignedA() || getUnsignedB()) && !a.isInteger()) // dot_sparse_c4
    return emitOpError("says that operands of ") << a << " are unsigned; that is for i8";
  if (failed(verifyProductShapes(*this, getA().getType(), 2, getB().getType(), 1,
                                 getAcc().getType()))) // dot_sparse_c1
    return failure();
  if (failed(verifyMetadata(*this)))
    return failure();
  return verifyEncodings(*this); // dot_sparse_c5
}
