#include "dialects/Tile/IR/TileDialect.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

using ArithmeticTest = BuilderTest;

TEST_F(ArithmeticTest, OperandsAreBroadcast) {
  EXPECT_EQ(b.add(block(Scalar::FP32, {4, 1}), block(Scalar::FP32, {1, 8})).type,
            blockOf(Scalar::FP32, {4, 8}));
  EXPECT_EQ(b.add(block(Scalar::FP32, {8}), block(Scalar::FP32, {4, 8})).type,
            blockOf(Scalar::FP32, {4, 8}));
  EXPECT_EQ(b.add(any(Scalar::FP32), block(Scalar::FP32, {4, 8})).type,
            blockOf(Scalar::FP32, {4, 8}));
  EXPECT_REFUSED(b.add(block(Scalar::FP32, {4}), block(Scalar::FP32, {8})), LanguageError,
                 "Cannot make_shape_compatible: incompatible dimensions at index 0: 4 and 8");
}

TEST_F(ArithmeticTest, ANumberBecomesASplatConstantOfTheShape) {
  Value sum = b.add(block(Scalar::FP32, {4, 8}), 1);
  EXPECT_EQ(operand(sum, 1).getDefiningOp()->getName().getStringRef(), "arith.constant");
}

TEST_F(ArithmeticTest, PointerArithmeticCountsElements) {
  Value p = pointer(Scalar::FP32), offsets = block(Scalar::Int32);
  Value sum = b.add(p, offsets);
  EXPECT_EQ(opName(sum), "tile.addptr");
  EXPECT_EQ(sum.type, LanguageType::block(LanguageType::pointer(Scalar::FP32), {8}));
  EXPECT_EQ(b.add(offsets, p).type, sum.type);
  EXPECT_EQ(b.add(p, 5).type, p.type);
}

TEST_F(ArithmeticTest, UnsignedOffsetsStayPositive) {
  Value sum = b.add(pointer(Scalar::FP32, {8}), block(Scalar::UInt32));
  EXPECT_EQ(operand(sum, 1).getDefiningOp()->getName().getStringRef(), "arith.extui");
  EXPECT_TRUE(
      operand(b.add(pointer(Scalar::FP32, {8}), block(Scalar::UInt64)), 1).getDefiningOp() !=
      nullptr);
}

TEST_F(ArithmeticTest, SubtractedOffsetsAreNegatedIn64Bits) {
  Value difference = b.sub(pointer(Scalar::FP32, {8}), block(Scalar::UInt32));
  EXPECT_EQ(opName(difference), "tile.addptr");
  EXPECT_TRUE(mlir::getElementTypeOrSelf(operand(difference, 1)).isInteger(64));
}

TEST_F(ArithmeticTest, PointersTakeOnlyIntegerOffsets) {
  Value p = pointer(Scalar::FP32), q = pointer(Scalar::FP16);
  EXPECT_REFUSED(b.add(p, p), LanguageTypeError, "cannot add pointers together");
  EXPECT_REFUSED(b.add(p, 1.5), LanguageTypeError,
                 "invalid operands of type pointer<fp32> and fp32");
  EXPECT_REFUSED(b.add(block(Scalar::FP32), p), LanguageTypeError,
                 "invalid operands of type pointer<fp32> and fp32");
  EXPECT_REFUSED(b.mul(p, 2), LanguageTypeError,
                 "invalid operands of type pointer<fp32> and int32");
  EXPECT_REFUSED(b.sub(1, p), LanguageTypeError,
                 "invalid operands of type pointer<fp32> and int32");
  EXPECT_REFUSED(b.lt(p, q), LanguageTypeError,
                 "invalid operands of type pointer<fp32> and pointer<fp16>");
  EXPECT_REFUSED(b.neg(p), LanguageTypeError, "wrong type argument to unary minus (pointer<fp32>)");
}

TEST_F(ArithmeticTest, Fp8ComputesInFp32AndRoundsBackOnce) {
  Value sum = b.add(block(Scalar::FP8E5), block(Scalar::FP8E5));
  EXPECT_EQ(sum.type, blockOf(Scalar::FP8E5, {8}));
  EXPECT_EQ(opName(sum), "tile.fp_convert");
  EXPECT_TRUE(mlir::getElementTypeOrSelf(operand(sum, 0)).isF32());
  EXPECT_EQ(b.lt(block(Scalar::FP8E5), 1.0).type, blockOf(Scalar::Int1, {8}));
}

// A conversion back would turn an infinity into the largest finite value.
TEST_F(ArithmeticTest, Fp8OperandsThatAreTheResultKeepTheirInfinities) {
  Value x = block(Scalar::FP8E5);
  EXPECT_EQ(opName(operand(b.neg(x), 0, x.type)), "arith.xori");
  EXPECT_EQ(opName(operand(b.abs(x), 0, x.type)), "arith.andi");
  for (const Value &extremum : {b.maximum(x, x), b.minimum(x, x, true)})
    EXPECT_EQ(llvm::cast<tile::FpConvertOp>(extremum.handle.getDefiningOp()).getOverflow(),
              tile::Overflow::NonFinite);
}

TEST_F(ArithmeticTest, UnaryOperators) {
  EXPECT_EQ(opName(b.neg(block(Scalar::FP16))), "arith.negf");
  EXPECT_EQ(opName(b.neg(block(Scalar::Int8))), "arith.subi");
  EXPECT_EQ(opName(b.invert(block(Scalar::Int1))), "arith.xori");
  EXPECT_REFUSED(b.invert(block(Scalar::FP32)), LanguageTypeError,
                 "wrong type argument to unary invert (fp32)");
}

TEST_F(ArithmeticTest, ComparisonsWithANaNAreFalseButForNotEqual) {
  Value x = block(Scalar::FP32);
  EXPECT_TRUE(contains(textOf(b.eq(x, x).handle.getDefiningOp()), "oeq"));
  EXPECT_TRUE(contains(textOf(b.ne(x, x).handle.getDefiningOp()), "une"));
  EXPECT_TRUE(contains(textOf(b.ge(x, x).handle.getDefiningOp()), "oge"));
}

TEST_F(ArithmeticTest, BoolsCompareAsZeroAndOne) {
  EXPECT_TRUE(contains(
      textOf(b.gt(block(Scalar::Int1), block(Scalar::Int1)).handle.getDefiningOp()), "ugt"));
}

TEST_F(ArithmeticTest, LogicalOperatorsTakeTruthValues) {
  EXPECT_EQ(b.logicalAnd(block(Scalar::Int32), true).type, blockOf(Scalar::Int1, {8}));
  EXPECT_EQ(b.logicalOr(any(Scalar::Int1), any(Scalar::FP32)).type.str(), "int1");
  EXPECT_EQ(opName(b.logicalNot(block(Scalar::Int1))), "arith.xori");
}

TEST_F(ArithmeticTest, ExtremaChooseWhatBecomesOfNaN) {
  Value x = block(Scalar::FP32), y = block(Scalar::FP32);
  EXPECT_EQ(opName(b.maximum(x, y)), "arith.maxnumf");
  EXPECT_EQ(opName(b.maximum(x, y, true)), "arith.maximumf");
  EXPECT_EQ(opName(b.minimum(x, y)), "arith.minnumf");
  EXPECT_EQ(opName(b.minimum(x, y, true)), "arith.minimumf");
  EXPECT_EQ(opName(b.minimum(block(Scalar::Int32), 3)), "arith.minsi");
  EXPECT_EQ(opName(b.maximum(block(Scalar::UInt8), block(Scalar::UInt8))), "arith.maxui");
  EXPECT_EQ(b.maximum(block(Scalar::BF16), block(Scalar::BF16)).type, blockOf(Scalar::FP32, {8}));
  EXPECT_EQ(b.minimum(block(Scalar::FP16), block(Scalar::FP16)).type, blockOf(Scalar::FP16, {8}));
}

TEST_F(ArithmeticTest, ClampTakesFloats) {
  EXPECT_EQ(b.clamp(block(Scalar::FP32), 0.0, 6.0).type, blockOf(Scalar::FP32, {8}));
  EXPECT_EQ(b.clamp(any(Scalar::FP32), block(Scalar::FP32), 6.0).type, blockOf(Scalar::FP32, {8}));
  EXPECT_REFUSED(b.clamp(block(Scalar::Int32), 0, 6), LanguageTypeError,
                 "Only floating point clamp is supported");
}

TEST_F(ArithmeticTest, WherePromotesAndBroadcasts) {
  Value condition = block(Scalar::Int1, {4, 1});
  Value chosen = b.where(condition, block(Scalar::FP16, {8}), block(Scalar::FP32, {1, 8}));
  EXPECT_EQ(chosen.type, blockOf(Scalar::FP32, {4, 8}));
  EXPECT_EQ(b.where(any(Scalar::Int1), block(Scalar::FP32), 0.0).type, blockOf(Scalar::FP32, {8}));
  EXPECT_EQ(b.where(block(Scalar::Int32), 1, 2).type, blockOf(Scalar::Int32, {8}));
  Value p = pointer(Scalar::FP32);
  EXPECT_EQ(b.where(block(Scalar::Int1), p, p).type, LanguageType::block(p.type, {8}));
  EXPECT_REFUSED(b.where(any(Scalar::Int1), p, 0), LanguageTypeError,
                 "where needs values of one type");
}

TEST_F(ArithmeticTest, FdivKeepsHalves) {
  EXPECT_EQ(b.fdiv(block(Scalar::FP16), block(Scalar::FP16)).type, blockOf(Scalar::FP16, {8}));
  EXPECT_EQ(opName(b.fdiv(block(Scalar::FP32), 2.0, true)), "tile.div_rn");
  EXPECT_REFUSED(b.fdiv(block(Scalar::Int32), 2.0), LanguageTypeError,
                 "both operands of fdiv must have floating scalar type");
}

} // namespace
} // namespace cosmati::lang
