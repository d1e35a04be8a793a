#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

using BuilderShapeTest = BuilderTest;

TEST_F(BuilderShapeTest, ArangeChecksItsEnds) {
  EXPECT_EQ(b.arange(16, 32).type, blockOf(Scalar::Int32, {16}));
  EXPECT_REFUSED(b.arange(0, 48), LanguageError, "arange's range must be a power of 2, got 48");
  EXPECT_REFUSED(b.arange(8, 8), LanguageError,
                 "arange's end argument must be greater than the start argument");
  EXPECT_REFUSED(b.arange(0, 1LL << 40), LanguageError, "arange must fit in int32");
  EXPECT_REFUSED(b.arange(0, 1 << 21), LanguageError, "exceeds triton maximum tensor numel");
}

TEST_F(BuilderShapeTest, BroadcastToNamesTheDimension) {
  EXPECT_EQ(b.broadcastTo(block(Scalar::FP32, {1, 8}), {4, 8}).type, blockOf(Scalar::FP32, {4, 8}));
  EXPECT_EQ(b.broadcastTo(any(Scalar::FP32), {4, 8}).type, blockOf(Scalar::FP32, {4, 8}));
  EXPECT_REFUSED(b.broadcastTo(block(Scalar::FP32, {8}), {4, 8}), LanguageError,
                 "Cannot broadcast, rank mismatch: [8], [4, 8]");
  EXPECT_REFUSED(b.broadcastTo(block(Scalar::FP32, {2, 8}), {4, 8}), LanguageError,
                 "the expanded size of the tensor (4) must match the existing size (2) at "
                 "non-singleton dimension 0");
}

TEST_F(BuilderShapeTest, ExpandDimsCountsFromBothEnds) {
  Value x = block(Scalar::Int8, {4, 8});
  EXPECT_EQ(b.expandDims(x, 0).type, blockOf(Scalar::Int8, {1, 4, 8}));
  EXPECT_EQ(b.expandDims(x, -1).type, blockOf(Scalar::Int8, {4, 8, 1}));
  EXPECT_EQ(b.expandDims(any(Scalar::Int8), 0).type, blockOf(Scalar::Int8, {1}));
  EXPECT_REFUSED(b.expandDims(x, 3), LanguageError, "expand_dims axis 3");
}

TEST_F(BuilderShapeTest, ReshapeKeepsTheNumberOfElements) {
  Value x = block(Scalar::Int8, {4, 8});
  EXPECT_EQ(b.reshape(x, {2, 16}).type, blockOf(Scalar::Int8, {2, 16}));
  EXPECT_EQ(b.reshape(x, {4, 8}).handle, x.handle);
  EXPECT_REFUSED(b.reshape(x, {4, 4}), LanguageError,
                 "reshape() cannot change total number of elements in tensor");
}

TEST_F(BuilderShapeTest, PermuteChecksItsDimensions) {
  Value x = block(Scalar::Int8, {2, 4, 8});
  EXPECT_EQ(b.permute(x, {2, 0, 1}).type, blockOf(Scalar::Int8, {8, 2, 4}));
  EXPECT_EQ(b.trans(block(Scalar::Int8, {4, 8})).type, blockOf(Scalar::Int8, {8, 4}));
  EXPECT_REFUSED(b.permute(x, {0, 1}), LanguageError,
                 "permute dims must have the same length as input shape");
  EXPECT_REFUSED(b.permute(x, {0, 1, 1}), LanguageError,
                 "permute dims must be a permutation of 0, 1, ..., n-1, but were [0, 1, 1]");
}

TEST_F(BuilderShapeTest, JoinAndSplitAreInverse) {
  Value joined = b.join(block(Scalar::Int8, {4}), block(Scalar::Int8, {4}));
  EXPECT_EQ(joined.type, blockOf(Scalar::Int8, {4, 2}));
  EXPECT_EQ(b.split(joined).second.type, blockOf(Scalar::Int8, {4}));
  Value pair = b.join(any(Scalar::FP32), any(Scalar::FP32));
  EXPECT_EQ(pair.type, blockOf(Scalar::FP32, {2}));
  EXPECT_EQ(b.split(pair).first.type.str(), "fp32");
  EXPECT_REFUSED(b.split(block(Scalar::Int8, {4})), LanguageError, "last dimension is 2");
  EXPECT_REFUSED(b.join(block(Scalar::Int8), block(Scalar::Int16)), LanguageTypeError,
                 "join needs operands of one type");
}

TEST_F(BuilderShapeTest, CatConcatenatesAlongADimension) {
  Value x = block(Scalar::Int8, {4, 8}), y = block(Scalar::Int8, {4, 8});
  EXPECT_EQ(b.cat(x, y, false, 1).type, blockOf(Scalar::Int8, {4, 16}));
  EXPECT_EQ(b.cat(x, y).type, blockOf(Scalar::Int8, {8, 8}));
  EXPECT_EQ(opName(b.cat(block(Scalar::Int8), block(Scalar::Int8), true)), "tile.cat");
  EXPECT_REFUSED(b.cat(block(Scalar::Int8, {4}), block(Scalar::Int8, {8})), LanguageTypeError,
                 "cat needs two blocks of one type");
}

TEST_F(BuilderShapeTest, ItemTakesOneElement) {
  EXPECT_EQ(b.item(block(Scalar::FP32, {1, 1})).type.str(), "fp32");
  EXPECT_REFUSED(b.item(block(Scalar::FP32, {2})), LanguageError, "only accepts size-1 tensor");
}

} // namespace
} // namespace cosmati::lang
