#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {

TEST(TypesTest, NamesAreTritonsAndReadBack) {
  for (const char *name :
       {"void", "int1", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "fp8e5", "fp8e5b16", "fp8e4nv", "fp8e4b8", "fp8e4b15", "fp16", "bf16", "fp32", "fp64"})
    EXPECT_EQ(LanguageType::fromName(name).str(), name);
  EXPECT_REFUSED(LanguageType::fromName("float"), LanguageTypeError,
                 "unknown scalar type 'float'; the types are void, int1");
}

TEST(TypesTest, PrintingIsTritons) {
  EXPECT_EQ(LanguageType::block(Scalar::FP32, {128, 64}).str(), "<[128, 64], fp32>");
  EXPECT_EQ(LanguageType::pointer(Scalar::FP16).str(), "pointer<fp16>");
  EXPECT_EQ(LanguageType::pointer(Scalar::FP16, true).str(), "const_pointer<fp16>");
  EXPECT_EQ(LanguageType::pointer(LanguageType::pointer(Scalar::Int8)).str(),
            "pointer<pointer<int8>>");
  EXPECT_EQ(LanguageType::block(LanguageType::pointer(Scalar::FP32), {4}).str(),
            "<[4], pointer<fp32>>");
}

TEST(TypesTest, EqualTypesAreOneObject) {
  EXPECT_EQ(LanguageType::block(Scalar::Int8, {2, 4}), LanguageType::block(Scalar::Int8, {2, 4}));
  EXPECT_NE(LanguageType::block(Scalar::Int8, {2, 4}), LanguageType::block(Scalar::UInt8, {2, 4}));
  EXPECT_NE(LanguageType::block(Scalar::Int8, {2, 4}), LanguageType::block(Scalar::Int8, {4, 2}));
  EXPECT_NE(LanguageType::pointer(Scalar::Int8), LanguageType::pointer(Scalar::Int8, true));
  EXPECT_NE(LanguageType::pointer(Scalar::Int8), LanguageType::pointer(Scalar::Int8, false, 3));
  EXPECT_EQ(LanguageType::block(Scalar::FP32, {}), LanguageType(Scalar::FP32));
}

TEST(TypesTest, ExtentsArePowersOfTwoWithinTheLimit) {
  EXPECT_EQ(LanguageType::block(Scalar::Int8, {1024, 1024}).numel(), kMaxBlockElements);
  EXPECT_REFUSED(LanguageType::block(Scalar::Int8, {4, 6}), LanguageError,
                 "Shape element 1 must be a power of 2, got 6 in [4, 6]");
  EXPECT_REFUSED(LanguageType::block(Scalar::Int8, 0), LanguageError,
                 "Shape element 0 must be a power of 2, got 0");
  EXPECT_REFUSED(LanguageType::block(Scalar::Int8, -4), LanguageError, "must be a power of 2");
  EXPECT_REFUSED(LanguageType::block(Scalar::Int8, {2048, 1024}), LanguageError,
                 "numel (2097152) exceeds triton maximum tensor numel (1048576)");
  EXPECT_REFUSED(LanguageType::block(Scalar::Int8, {int64_t{1} << 40, int64_t{1} << 40}),
                 LanguageError, "exceeds triton maximum");
  EXPECT_REFUSED(LanguageType::block(blockOf(Scalar::Int8, {4}), {2}), LanguageTypeError,
                 "a block's elements are scalars");
  EXPECT_REFUSED(LanguageType::pointer(blockOf(Scalar::Int8, {4})), LanguageTypeError,
                 "a pointer points to a scalar");
}

TEST(TypesTest, QuestionsLookThroughBlocks) {
  LanguageType type = LanguageType::block(LanguageType::pointer(Scalar::BF16, true, 3), {16});
  EXPECT_TRUE(type.isPointer() && type.isConst() && type.isBlock());
  EXPECT_EQ(type.addressSpace(), 3u);
  EXPECT_EQ(type.pointee(), LanguageType(Scalar::BF16));
  EXPECT_EQ(type.scalar(), LanguageType::pointer(Scalar::BF16, true, 3));
  EXPECT_EQ(type.boolLike(), blockOf(Scalar::Int1, {16}));
  EXPECT_TRUE(LanguageType(Scalar::Int1).isInt() && !LanguageType(Scalar::Int1).isSigned());
}

TEST(TypesTest, IntegerRanges) {
  EXPECT_EQ(LanguageType(Scalar::Int8).minInt(), -128);
  EXPECT_EQ(LanguageType(Scalar::Int8).maxInt(), 127u);
  EXPECT_EQ(LanguageType(Scalar::UInt16).minInt(), 0);
  EXPECT_EQ(LanguageType(Scalar::UInt16).maxInt(), 65535u);
  EXPECT_EQ(LanguageType(Scalar::Int64).minInt(), INT64_MIN);
  EXPECT_EQ(LanguageType(Scalar::UInt64).maxInt(), UINT64_MAX);
  EXPECT_EQ(LanguageType(Scalar::Int1).maxInt(), 1u);
}

TEST(TypesTest, MlirTypesAreSignless) {
  auto context = makeContext();
  auto text = [&](LanguageType type) {
    std::string out;
    llvm::raw_string_ostream(out) << type.mlirType(context.get());
    return out;
  };
  EXPECT_EQ(text(Scalar::UInt32), "i32");
  EXPECT_EQ(text(Scalar::FP8E4NV), "f8E4M3FN");
  EXPECT_EQ(text(Scalar::FP8E4B15), "i8");
  EXPECT_EQ(text(LanguageType::block(LanguageType::pointer(Scalar::UInt8), {4, 2})),
            "tensor<4x2x!tile.ptr<i8>>");
}

} // namespace cosmati::lang
