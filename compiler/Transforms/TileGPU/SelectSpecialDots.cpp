#include "compiler/Transforms/TileGPU/SelectSpecialDots.h"

#include "compiler/Transforms/TileGPU/MmaWarps.h"
#include "dialects/Layout/LayoutConstructors.h"

using namespace mlir;

namespace cosmati::tilegpu {

namespace {

/// Extents of a product, K in elements of the matrices.
struct Extents {
  int64_t m, n, k;
};

Extents extentsOf(RankedTensorType b, int64_t kPerB, RankedTensorType result) {
  ArrayRef<int64_t> shape = result.getShape();
  return {shape[shape.size() - 2], shape.back(), b.getDimSize(b.getRank() - 2) * kPerB};
}

/// The instruction for these types on blocks of these extents; an error at `op` where there is
/// none, for nothing else can do it.
const MmaInstruction *instructionFor(Operation *op, const MmaQuery &query, Extents extents) {
  const MmaInstruction *row = bestMma(query, extents.k);
  if (!row) {
    bool tooShort = !findMma(query).empty();
    op->emitOpError("runs on tensor cores only, and ")
        << whyNoMma(query, extents.k) << "; "
        << (tooShort ? "pad K with zeros" : "choose a target or element types that have it");
    return nullptr;
  }
  if (extents.m < row->m || extents.n < row->n) {
    op->emitOpError("runs on tensor cores only, and has M=")
        << extents.m << " and N=" << extents.n << "; an instruction takes at least M=" << row->m
        << " and N=" << row->n << ": pad M and N with zeros";
    return nullptr;
  }
  return row;
}

/// Builds what replaces a dot.
struct Replacement {
  Operation *op;
  OpBuilder builder{op};
  Location loc = op->getLoc();
  SmallVector<int64_t, 3> warps =
      mmaWarps(cast<RankedTensorType>(op->getResult(0).getType()).getShape(), numWarpsOf(op),
               /*rowsOnly=*/false);

  Value convert(Value value, const LinearLayout &layout) {
    auto block = cast<RankedTensorType>(value.getType());
    return builder.createOrFold<ConvertLayoutOp>(loc, withLayout(block, layout), value);
  }
  /// To the fragments of elements of `bits`.
  Value convertA(Value value, unsigned bits) {
    return convert(value,
                   mmaOperandA(cast<RankedTensorType>(value.getType()).getShape(), warps, bits));
  }
  Value convertB(Value value, unsigned bits) {
    return convert(value,
                   mmaOperandB(cast<RankedTensorType>(value.getType()).getShape(), warps, bits));
  }
  Value convertAcc(const MmaInstruction &row, Value value) {
    auto block = cast<RankedTensorType>(value.getType());
    return convert(value, mmaLayoutAcc(row, block.getShape(), warps));
  }
  void replaceWith(Value result) {
    Value back = ConvertLayoutOp::create(builder, loc, op->getResult(0).getType(), result);
    op->getResult(0).replaceAllUsesWith(back);
    op->erase();
  }
};

MmaType packedMmaType(tile::PackedType type) {
  switch (type) {
  case tile::PackedType::S4:
    return MmaType::S4;
  case tile::PackedType::U4:
    return MmaType::U4;
  case tile::PackedType::B1:
    return MmaType::B1;
  }
  llvm::report_fatal_error("select-tensor-core: unknown packed type");
}

MmaBitOp bitOpOf(std::optional<tile::BitProduct> product) {
  if (!product)
    return MmaBitOp::None;
  return *product == tile::BitProduct::Xor ? MmaBitOp::Xor : MmaBitOp::And;
}

/// The type that elements of a sparse dot have in the instruction.
MmaType sparseMmaType(Type type, bool isUnsigned) {
  if (type.isF16())
    return MmaType::F16;
  if (type.isBF16())
    return MmaType::BF16;
  if (type.isF32())
    return MmaType::TF32;
  if (isa<Float8E4M3FNType>(type))
    return MmaType::E4M3;
  if (isa<Float8E5M2Type>(type))
    return MmaType::E5M2;
  return isUnsigned ? MmaType::U8 : MmaType::S8;
}

MmaType sparseSumType(Type type) {
  return type.isF16() ? MmaType::F16 : type.isF32() ? MmaType::F32 : MmaType::S32;
}

/// Every 8-bit float is one of f16.
Value toF16(Replacement &in, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return tile::FpConvertOp::create(in.builder, in.loc,
                                   cast<RankedTensorType>(type.clone(in.builder.getF16Type())),
                                   value, tile::Rounding::NearestEven, tile::Overflow::NonFinite);
}

} // namespace

LogicalResult selectPackedDot(tile::DotPackedOp dot) {
  MmaQuery query{targetOf(dot).getSm(), packedMmaType(dot.getAType()),
                 packedMmaType(dot.getBType()), MmaType::S32, bitOpOf(dot.getProduct())};
  RankedTensorType blockB = dot.getB().getType();
  // Packed elements lie as the bytes or words that hold them.
  unsigned bitsA = elementBits(dot.getA().getType().getElementType()),
           bitsB = elementBits(blockB.getElementType());
  int64_t kPerB = bitsB / mmaTypeBits(query.b);
  const MmaInstruction *row = instructionFor(dot, query, extentsOf(blockB, kPerB, dot.getType()));
  if (!row)
    return failure();
  Replacement in{dot};
  Value a = in.convertA(dot.getA(), bitsA), b = in.convertB(dot.getB(), bitsB);
  Value acc = in.convertAcc(*row, dot.getAcc());
  in.replaceWith(MmaOp::create(in.builder, in.loc, acc.getType(), row->ptx, a, b, acc,
                               /*saturate=*/false, /*promoteEvery=*/0u));
  return success();
}

LogicalResult selectSparseDot(tile::DotSparseOp dot) {
  MmaQuery query{targetOf(dot).getSm(),
                 sparseMmaType(dot.getA().getType().getElementType(), dot.getUnsignedA()),
                 sparseMmaType(dot.getB().getType().getElementType(), dot.getUnsignedB()),
                 sparseSumType(dot.getType().getElementType())};
  query.sparse = true;
  Extents extents = extentsOf(dot.getB().getType(), 1, dot.getType());
  bool widen = isa<Float8E4M3FNType, Float8E5M2Type>(dot.getA().getType().getElementType()) &&
               !bestMma(query, extents.k);
  if (widen)
    query.a = query.b = MmaType::F16;
  const MmaInstruction *row = instructionFor(dot, query, extents);
  if (!row)
    return failure();

  Replacement in{dot};
  Value a = in.convertA(dot.getA(), mmaTypeBits(row->a)),
        b = in.convertB(dot.getB(), mmaTypeBits(row->b));
  if (widen)
    a = toF16(in, a), b = toF16(in, b);
  if (query.a == MmaType::TF32) {
    a = RoundTf32Op::create(in.builder, in.loc, a.getType(), a);
    b = RoundTf32Op::create(in.builder, in.loc, b.getType(), b);
  }
  Value metadata =
      in.convert(dot.getMetadata(),
                 mmaLayoutMetadataWords(*row, dot.getMetadata().getType().getShape(), in.warps));
  Value acc = in.convertAcc(*row, dot.getAcc());
  in.replaceWith(MmaSparseOp::create(in.builder, in.loc, acc.getType(), row->ptx, a, metadata, b,
                                     acc, /*saturate=*/false));
  return success();
}

} // namespace cosmati::tilegpu
