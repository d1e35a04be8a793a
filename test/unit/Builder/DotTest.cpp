#include "dialects/Tile/IR/TileDialect.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

class DotTest : public BuilderTest {
protected:
  Value a(Scalar scalar, int64_t k = 32) { return block(scalar, {16, k}); }
  Value c(Scalar scalar, int64_t k = 32) { return block(scalar, {k, 8}); }
  std::string typeOf(Scalar scalar, LanguageType out = {}) {
    DotOptions options;
    options.outType = out;
    return b.dot(a(scalar), c(scalar), options).type.str();
  }
  static tile::DotOp opOf(const Value &value) {
    return llvm::cast<tile::DotOp>(value.handle.getDefiningOp());
  }
};

TEST_F(DotTest, TheResultFollowsTheOperands) {
  EXPECT_EQ(typeOf(Scalar::Int8), "<[16, 8], int32>");
  EXPECT_EQ(typeOf(Scalar::FP16), "<[16, 8], fp32>");
  EXPECT_EQ(typeOf(Scalar::FP16, Scalar::FP16), "<[16, 8], fp16>");
  EXPECT_EQ(typeOf(Scalar::FP8E4NV, Scalar::FP16), "<[16, 8], fp16>");
  EXPECT_EQ(typeOf(Scalar::FP8E5), "<[16, 8], fp32>");
  EXPECT_EQ(typeOf(Scalar::BF16, Scalar::FP16), "<[16, 8], fp32>");
  EXPECT_EQ(typeOf(Scalar::FP32), "<[16, 8], fp32>");
  EXPECT_EQ(typeOf(Scalar::FP64), "<[16, 8], fp64>");
  EXPECT_REFUSED(typeOf(Scalar::BF16, Scalar::BF16), LanguageError,
                 "out_dtype=bfloat16 is unsupported");
  EXPECT_REFUSED(typeOf(Scalar::FP16, Scalar::FP64), LanguageTypeError,
                 "gives fp32 or fp16, not fp64");
}

TEST_F(DotTest, OperandsShareOneType) {
  EXPECT_REFUSED(b.dot(a(Scalar::FP16), c(Scalar::BF16)), LanguageTypeError,
                 "Both operands must be same dtype. Got fp16 and bf16");
  EXPECT_REFUSED(b.dot(a(Scalar::FP8E5), c(Scalar::FP16)), LanguageTypeError,
                 "Both operands must be same dtype");
  EXPECT_REFUSED(b.dot(a(Scalar::Int32), c(Scalar::Int32)), LanguageTypeError,
                 "Unsupported lhs dtype int32");
  auto bytes = opOf(b.dot(a(Scalar::UInt8), c(Scalar::Int8)));
  EXPECT_TRUE(bytes.getUnsignedA());
  EXPECT_FALSE(bytes.getUnsignedB());
  EXPECT_EQ(b.dot(a(Scalar::FP8E5), c(Scalar::FP8E4NV)).type.str(), "<[16, 8], fp32>");
  EXPECT_REFUSED(b.dot(any(Scalar::FP32), c(Scalar::FP32)), LanguageTypeError, "dot takes blocks");
}

TEST_F(DotTest, StorageFormatsAreMultipliedAsFp16) {
  Value r = b.dot(a(Scalar::FP8E4B8), c(Scalar::FP8E4B15));
  EXPECT_EQ(r.type.str(), "<[16, 8], fp32>");
  auto op = r.handle.getDefiningOp<tile::DotOp>();
  EXPECT_TRUE(mlir::getElementTypeOrSelf(op.getA().getType()).isF16());
}

TEST_F(DotTest, ShapesMustMatch) {
  EXPECT_REFUSED(b.dot(a(Scalar::FP16, 64), c(Scalar::FP16)), LanguageError,
                 "are not compatible for matmul");
  EXPECT_REFUSED(b.dot(a(Scalar::FP16), block(Scalar::FP16, {32})), LanguageError,
                 "Both inputs must be either 2D or 3D");
  EXPECT_REFUSED(b.dot(a(Scalar::FP16, 8), c(Scalar::FP16, 8)), LanguageError,
                 "Input shapes should have M >= 1, N >= 1 and K >= 16, got K = 8");
  EXPECT_EQ(b.dot(a(Scalar::FP64, 4), c(Scalar::FP64, 4)).type.str(), "<[16, 8], fp64>");
  EXPECT_EQ(b.dot(block(Scalar::FP16, {4, 16, 32}), block(Scalar::FP16, {4, 32, 8})).type.str(),
            "<[4, 16, 8], fp32>");
  EXPECT_REFUSED(b.dot(block(Scalar::FP16, {4, 16, 32}), block(Scalar::FP16, {2, 32, 8})),
                 LanguageError, "different batch sizes: 4 and 2");
}

TEST_F(DotTest, TheAccumulatorHasTheResultsType) {
  Value acc = block(Scalar::FP16, {16, 8});
  EXPECT_EQ(b.dot(a(Scalar::FP16), c(Scalar::FP16), {.acc = acc}).type, acc.type);
  EXPECT_REFUSED(b.dot(a(Scalar::FP32), c(Scalar::FP32), {.acc = acc}), LanguageTypeError,
                 "acc of dot must have the result's type <[16, 8], fp32>, got <[16, 8], fp16>");
  EXPECT_REFUSED(b.dot(a(Scalar::FP16), c(Scalar::FP16), {.acc = block(Scalar::FP32, {8, 8})}),
                 LanguageTypeError, "acc of dot");
}

TEST_F(DotTest, PrecisionIsForFp32) {
  auto precision = [&](Scalar scalar, DotOptions options) {
    return opOf(b.dot(a(scalar), c(scalar), options)).getPrecision();
  };
  using P = tile::InputPrecision;
  EXPECT_EQ(precision(Scalar::FP32, {}), P::TF32);
  EXPECT_EQ(precision(Scalar::FP16, {}), P::IEEE);
  EXPECT_EQ(precision(Scalar::FP32, {.inputPrecision = "ieee"}), P::IEEE);
  EXPECT_EQ(precision(Scalar::FP32, {.inputPrecision = "TF32x3"}), P::TF32x3);
  EXPECT_EQ(precision(Scalar::FP32, {.allowTF32 = false}), P::IEEE);
  EXPECT_REFUSED(precision(Scalar::FP32, {.inputPrecision = "fast"}), LanguageError,
                 "input_precision must be one of");
  EXPECT_REFUSED(precision(Scalar::FP32, {.inputPrecision = "ieee", .allowTF32 = true}),
                 LanguageError, "Only one of input_precision");
  b.options.dotPrecision = "ieee";
  EXPECT_EQ(precision(Scalar::FP32, {}), P::IEEE);
}

TEST_F(DotTest, ImpreciseAccumulationIsAtMostK) {
  auto bound = [&](const DotOptions &options) {
    return opOf(b.dot(a(Scalar::FP8E5), c(Scalar::FP8E5), options)).getMaxNumImpreciseAcc();
  };
  EXPECT_EQ(bound({}), 0u);                         // none
  EXPECT_EQ(bound({.maxNumImpreciseAcc = 32}), 0u); // all of K: none
  EXPECT_EQ(bound({.maxNumImpreciseAcc = 16}), 16u);
  EXPECT_EQ(bound({.maxNumImpreciseAcc = 0}), 1u); // as few as an instruction can
  EXPECT_REFUSED(b.dot(a(Scalar::FP8E5), c(Scalar::FP8E5), {.maxNumImpreciseAcc = 64}),
                 LanguageError, "max_num_imprecise_acc (64) must be <= K (32)");
}

} // namespace
} // namespace cosmati::lang
