#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

using MathTest = BuilderTest;

TEST_F(MathTest, FunctionsTakeFp32AndFp64) {
  EXPECT_EQ(opName(b.exp(block(Scalar::FP32))), "math.exp");
  EXPECT_EQ(opName(b.exp2(block(Scalar::FP64))), "math.exp2");
  EXPECT_EQ(opName(b.rsqrt(any(Scalar::FP32))), "math.rsqrt");
  EXPECT_EQ(opName(b.log(2.0)), "math.log");
  EXPECT_REFUSED(b.exp(block(Scalar::FP16)), LanguageError,
                 "Expected dtype ['fp32', 'fp64'] but got fp16");
  EXPECT_REFUSED(b.floor(block(Scalar::BF16)), LanguageError,
                 "Expected dtype ['fp32', 'fp64'] but got bf16");
  EXPECT_REFUSED(b.sin(block(Scalar::Int32)), LanguageError, "but got int32");
}

TEST_F(MathTest, PreciseFunctionsTakeFp32) {
  EXPECT_EQ(opName(b.sqrtRn(block(Scalar::FP32))), "tile.sqrt_rn");
  EXPECT_EQ(opName(b.divRn(block(Scalar::FP32), 3.0)), "tile.div_rn");
  EXPECT_REFUSED(b.sqrtRn(block(Scalar::FP64)), LanguageError,
                 "Expected dtype ['fp32'] but got fp64");
  EXPECT_REFUSED(b.divRn(block(Scalar::FP32), 3), LanguageError,
                 "Expected dtype ['fp32'] but got int32");
}

TEST_F(MathTest, AbsTakesEveryNumber) {
  EXPECT_EQ(opName(b.abs(block(Scalar::BF16))), "math.absf");
  EXPECT_EQ(opName(b.abs(block(Scalar::Int8))), "math.absi");
  Value u = block(Scalar::UInt8);
  EXPECT_EQ(b.abs(u).handle, u.handle);
  EXPECT_EQ(b.abs(block(Scalar::FP8E4NV)).type, blockOf(Scalar::FP8E4NV, {8}));
}

TEST_F(MathTest, FmaMeetsInOneType) {
  Value r = b.fma(block(Scalar::FP16, {4, 1}), block(Scalar::FP32, {1, 8}), any(Scalar::FP16));
  EXPECT_EQ(r.type, blockOf(Scalar::FP32, {4, 8}));
  EXPECT_REFUSED(b.fma(block(Scalar::Int32), 1, 2), LanguageTypeError, "fma takes floats");
}

TEST_F(MathTest, UmulhiTakesWideIntegers) {
  EXPECT_EQ(opName(b.umulhi(block(Scalar::UInt32), block(Scalar::UInt32))), "tile.mulhi_u");
  EXPECT_REFUSED(b.umulhi(block(Scalar::Int8), block(Scalar::Int8)), LanguageError,
                 "Expected dtype ['int32', 'int64', 'uint32', 'uint64'] but got int8");
}

TEST_F(MathTest, ExternFunctionsBroadcastTheirArguments) {
  Value r = b.externElementwise({"libdevice", "", "__nv_powf"},
                                {block(Scalar::FP32), any(Scalar::FP32)}, Scalar::FP32);
  EXPECT_EQ(r.type, blockOf(Scalar::FP32, {8}));
  EXPECT_REFUSED(b.externElementwise({"libdevice", "", "__nv_powf"}, {}, Scalar::FP32),
                 LanguageError, "at least one argument");
}

} // namespace
} // namespace cosmati::lang
