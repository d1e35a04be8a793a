#include "dialects/Tile/IR/TileDialect.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

class PackedDotTest : public BuilderTest {
protected:
  std::string sparse(Scalar a, Scalar b, const DotSparseOptions &options = {}) {
    int64_t words = a == Scalar::FP32 ? 8 : 4;
    return this->b
        .dotSparse(block(a, {16, 32}), block(Scalar::Int16, {16, words}), block(b, {64, 8}),
                   options)
        .type.str();
  }
  static tile::DotPackedOp packedOp(const Value &value) {
    return llvm::cast<tile::DotPackedOp>(value.handle.getDefiningOp());
  }
};

TEST_F(PackedDotTest, NibblesKeepTheirSigns) {
  Value x = block(Scalar::Int8, {16, 16}), y = block(Scalar::UInt8, {16, 8});
  Value product = b.dotPacked(x, y, "s4", "u4");
  EXPECT_EQ(product.type.str(), "<[16, 8], int32>");
  EXPECT_EQ(packedOp(product).getAType(), tile::PackedType::S4);
  EXPECT_EQ(packedOp(product).getBType(), tile::PackedType::U4);
  EXPECT_FALSE(packedOp(product).getProduct());
}

TEST_F(PackedDotTest, BitsHaveAProduct) {
  Value x = block(Scalar::Int32, {16, 4}), y = block(Scalar::UInt32, {4, 8});
  EXPECT_EQ(packedOp(b.dotBits(x, y, "xor")).getProduct(), tile::BitProduct::Xor);
  EXPECT_EQ(packedOp(b.dotBits(x, y, "and")).getProduct(), tile::BitProduct::And);
}

TEST_F(PackedDotTest, SparseResultsFollowTheOperands) {
  EXPECT_EQ(sparse(Scalar::FP16, Scalar::FP16), "<[16, 8], fp32>");
  EXPECT_EQ(sparse(Scalar::FP16, Scalar::FP16, {std::nullopt, Scalar::FP16}), "<[16, 8], fp16>");
  EXPECT_EQ(sparse(Scalar::FP16, Scalar::FP16, {block(Scalar::FP16, {16, 8})}), "<[16, 8], fp16>");
  EXPECT_EQ(sparse(Scalar::FP32, Scalar::FP32), "<[16, 8], fp32>");
  EXPECT_EQ(sparse(Scalar::FP8E4NV, Scalar::FP8E5), "<[16, 8], fp32>");
  EXPECT_EQ(sparse(Scalar::UInt8, Scalar::Int8), "<[16, 8], int32>");
}

TEST_F(PackedDotTest, SparseTypesMustGoTogether) {
  EXPECT_REFUSED(sparse(Scalar::FP16, Scalar::FP8E5), LanguageTypeError,
                 "operands of dot_sparse must have one type, got fp16 and fp8e5");
  EXPECT_REFUSED(sparse(Scalar::FP64, Scalar::FP64), LanguageTypeError, "got fp64");
  EXPECT_REFUSED(sparse(Scalar::FP8E4B8, Scalar::FP8E4B8), LanguageTypeError, "got fp8e4b8");
  EXPECT_REFUSED(sparse(Scalar::BF16, Scalar::BF16, {std::nullopt, Scalar::FP16}),
                 LanguageTypeError, "dot_sparse of bf16 gives fp32, not fp16");
  EXPECT_REFUSED(sparse(Scalar::FP16, Scalar::FP16, {block(Scalar::FP16, {8, 16})}),
                 LanguageTypeError, "acc of dot_sparse must have the result's type");
}

TEST_F(PackedDotTest, ShapesMustMatch) {
  Value x = block(Scalar::Int8, {16, 16});
  EXPECT_REFUSED(
      b.dotPacked(x, block(Scalar::Int8, {32, 8}), "s4", "s4"), LanguageError,
      "inner sizes of dot_packed differ: a, [16, 16], has K = 32; b, [32, 8], has K = 64");
  EXPECT_REFUSED(b.dotPacked(x, any(Scalar::Int8), "s4", "s4"), LanguageTypeError,
                 "dot_packed takes blocks");
  EXPECT_REFUSED(b.dotPacked(x, block(Scalar::Int8, {16}), "s4", "s4"), LanguageError,
                 "must be either 2D or 3D");
  EXPECT_REFUSED(
      b.dotPacked(block(Scalar::Int8, {2, 16, 16}), block(Scalar::Int8, {4, 16, 8}), "s4", "s4"),
      LanguageError, "batch sizes of dot_packed differ: 2 and 4");
  EXPECT_REFUSED(
      b.dotSparse(block(Scalar::FP16, {16, 32}), any(Scalar::Int16), block(Scalar::FP16, {64, 8})),
      LanguageTypeError, "metadata of dot_sparse must be a block");
}

} // namespace
} // namespace cosmati::lang
