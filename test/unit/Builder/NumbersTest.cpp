// Numbers written in a kernel: their own types, the types that they adopt, and the constants that
// they become.
#include "mlir/IR/Matchers.h"
#include "test/unit/Builder/BuilderTest.h"
#include <cmath>

namespace cosmati::lang {
namespace {

class NumbersTest : public BuilderTest {
protected:
  /// The element of a scalar or splat constant as a double.
  static double floatOf(const Value &value) {
    mlir::Attribute attribute;
    EXPECT_TRUE(mlir::matchPattern(value.handle, mlir::m_Constant(&attribute)));
    if (auto dense = llvm::dyn_cast<mlir::DenseElementsAttr>(attribute))
      attribute = dense.getSplatValue<mlir::Attribute>();
    llvm::APFloat number = llvm::cast<mlir::FloatAttr>(attribute).getValue();
    bool lost = false;
    number.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lost);
    return number.convertToDouble();
  }
  static std::string intOf(const Value &value) {
    llvm::APInt number;
    EXPECT_TRUE(mlir::matchPattern(value.handle, mlir::m_ConstantInt(&number)));
    return llvm::toString(number, 10, /*Signed=*/true);
  }
};

TEST_F(NumbersTest, ANumberAloneHasTheFirstTypeThatHoldsIt) {
  EXPECT_EQ(Operand(true).type().str(), "int1");
  EXPECT_EQ(Operand(2147483647).type().str(), "int32");
  EXPECT_EQ(Operand(-2147483648LL).type().str(), "int32");
  EXPECT_EQ(Operand(2147483648LL).type().str(), "uint32");
  EXPECT_EQ(Operand(4294967295LL).type().str(), "uint32");
  EXPECT_EQ(Operand(4294967296LL).type().str(), "int64");
  EXPECT_EQ(Operand(-2147483649LL).type().str(), "int64");
  EXPECT_EQ(Operand(UINT64_MAX).type().str(), "uint64");
  EXPECT_EQ(Operand(1.5).type().str(), "fp32");
  EXPECT_EQ(Operand(0.0).type().str(), "fp32");
  EXPECT_EQ(Operand(INFINITY).type().str(), "fp32");
  EXPECT_EQ(Operand(NAN).type().str(), "fp32");
  EXPECT_EQ(Operand(1e39).type().str(), "fp64");
  EXPECT_EQ(Operand(1e-39).type().str(), "fp64");
}

TEST_F(NumbersTest, ANumberOfLowerOrEqualKindAdoptsTheTensorsType) {
  auto sum = [&](Scalar scalar, Operand number) {
    return b.add(block(scalar), number).type.scalar().str();
  };
  EXPECT_EQ(sum(Scalar::FP16, 1.0), "fp16");
  EXPECT_EQ(sum(Scalar::BF16, 1), "bf16");
  EXPECT_EQ(sum(Scalar::FP32, 1e300), "fp32");
  EXPECT_EQ(sum(Scalar::FP8E5, 1), "fp8e5");
  EXPECT_EQ(sum(Scalar::Int8, 100), "int8");
  EXPECT_EQ(sum(Scalar::UInt8, true), "uint8");
  EXPECT_EQ(sum(Scalar::Int32, 1.5), "fp32");
  EXPECT_EQ(sum(Scalar::Int64, 1e300), "fp64");
  EXPECT_EQ(sum(Scalar::Int1, 1), "int32");
  EXPECT_EQ(b.add(1, any(Scalar::Int16)).type.str(), "int16");
}

TEST_F(NumbersTest, DivisionWidensHalvesBesideANumber) {
  EXPECT_EQ(b.truediv(block(Scalar::FP16), 2).type.scalar().str(), "fp32");
  EXPECT_EQ(b.truediv(1.0, block(Scalar::BF16)).type.scalar().str(), "fp32");
  EXPECT_EQ(b.mod(block(Scalar::FP16), 2.0).type.scalar().str(), "fp32");
  EXPECT_EQ(b.truediv(block(Scalar::Int64), 2).type.scalar().str(), "fp32");
}

TEST_F(NumbersTest, ANumberMustFitTheAdoptedType) {
  EXPECT_REFUSED(b.add(block(Scalar::Int8), 300), LanguageError,
                 "Scalar 300 is out of range for type int8, which holds -128 to 127");
  EXPECT_REFUSED(b.eq(block(Scalar::Int32), 1LL << 40), LanguageError,
                 "out of range for type int32");
  EXPECT_REFUSED(
      b.mul(block(Scalar::UInt32), -1), LanguageError,
      "Cannot perform a binary operation between an unsigned tensor and a negative scalar");
  EXPECT_REFUSED(b.full({4}, 256, Scalar::UInt8), LanguageError,
                 "Scalar 256 is out of range for type uint8");
}

TEST_F(NumbersTest, MaximumGivesANumberItsOwnType) {
  EXPECT_EQ(b.maximum(block(Scalar::FP16), 0.0).type.scalar().str(), "fp32");
  EXPECT_EQ(b.where(block(Scalar::Int1), block(Scalar::FP16), 0.0).type.scalar().str(), "fp16");
}

TEST_F(NumbersTest, FullIsOneSplatConstant) {
  Value zeros = b.zeros({16, 4}, Scalar::FP32);
  EXPECT_EQ(opName(zeros), "arith.constant");
  EXPECT_EQ(zeros.type, blockOf(Scalar::FP32, {16, 4}));
  EXPECT_EQ(floatOf(b.full({8}, -INFINITY, Scalar::FP16)), -INFINITY);
  EXPECT_EQ(intOf(b.full({8}, UINT64_MAX, Scalar::UInt64)), "-1");
  EXPECT_EQ(intOf(b.full({8}, 3.0, Scalar::Int32)), "3");
  EXPECT_EQ(opName(b.full({8}, any(Scalar::Int32), Scalar::FP32)), "tile.splat");
  EXPECT_EQ(b.full({}, 1, Scalar::Int8).type.str(), "int8");
}

TEST_F(NumbersTest, FloatsRoundOnceToNearestEven) {
  EXPECT_EQ(floatOf(b.full({2}, 0.1, Scalar::FP32)), static_cast<double>(0.1f));
  // 1 + 2^-11 + 2^-30 would be a tie after a first rounding to fp32's neighbour 1 + 2^-11.
  EXPECT_EQ(floatOf(b.full({2}, 1 + 0x1p-11 + 0x1p-30, Scalar::FP16)), 1 + 0x1p-10);
  EXPECT_EQ(floatOf(b.full({2}, 1.0625, Scalar::FP8E4NV)), 1.0);
  EXPECT_EQ(floatOf(b.full({2}, 1.0625001, Scalar::FP8E4NV)), 1.125);
  EXPECT_EQ(floatOf(b.full({2}, (int64_t{1} << 53) + 1, Scalar::FP32)), 0x1p53);
}

TEST_F(NumbersTest, Fp8SaturatesUnlessToldOtherwise) {
  EXPECT_EQ(floatOf(b.full({2}, 1e6, Scalar::FP8E4NV)), 448.0);
  EXPECT_EQ(floatOf(b.full({2}, -1e6, Scalar::FP8E5)), -57344.0);
  EXPECT_EQ(floatOf(b.full({2}, INFINITY, Scalar::FP8E5)), 57344.0);
  EXPECT_TRUE(std::isnan(floatOf(b.full({2}, NAN, Scalar::FP8E4NV))));
  EXPECT_EQ(floatOf(b.full({2}, 464.0, Scalar::FP8E4NV)), 448.0);
  b.options.saturateFP8 = false;
  EXPECT_EQ(floatOf(b.full({2}, 1e6, Scalar::FP8E5)), INFINITY);
  EXPECT_TRUE(std::isnan(floatOf(b.full({2}, 1e6, Scalar::FP8E4NV))));
}

TEST_F(NumbersTest, CastingANumberWrapsAndTruncates) {
  EXPECT_EQ(intOf(b.cast(300, Scalar::Int8)), "44");
  EXPECT_EQ(intOf(b.cast(-1, Scalar::UInt32)), "-1");
  EXPECT_EQ(intOf(b.cast(-2.9, Scalar::Int32)), "-2");
  EXPECT_EQ(intOf(b.cast(1e20, Scalar::Int32)), "2147483647");
  EXPECT_EQ(intOf(b.cast(NAN, Scalar::Int32)), "0");
  EXPECT_EQ(b.cast(0.5, Scalar::Int1).type.str(), "int1");
}

} // namespace
} // namespace cosmati::lang
