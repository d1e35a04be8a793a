#include "dialects/Tile/IR/TileDialect.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

/// Operands of a 32 x 16 product over K = 64.
class DotScaledTest : public BuilderTest {
protected:
  static Scalar carrier(llvm::StringRef format) {
    return llvm::StringSwitch<Scalar>(format)
        .Case("bf16", Scalar::BF16)
        .Case("fp16", Scalar::FP16)
        .Default(Scalar::UInt8);
  }
  ScaledOperand lhs(llvm::StringRef format, bool packedAlongK = true) {
    bool packed = format == "e2m1";
    llvm::SmallVector<int64_t, 2> shape{packed && !packedAlongK ? 16 : 32,
                                        packed && packedAlongK ? 32 : 64};
    return {block(carrier(format), shape), format, std::nullopt, packedAlongK};
  }
  ScaledOperand rhs(llvm::StringRef format, bool packedAlongK = true) {
    bool packed = format == "e2m1";
    llvm::SmallVector<int64_t, 2> shape{packed && packedAlongK ? 32 : 64,
                                        packed && !packedAlongK ? 8 : 16};
    return {block(carrier(format), shape), format, std::nullopt, packedAlongK};
  }
  ScaledOperand scaled(ScaledOperand operand, Shape shape, Scalar scalar = Scalar::UInt8) {
    operand.scale = block(scalar, shape);
    return operand;
  }
  static tile::DotOp opOf(const Value &value) {
    return llvm::cast<tile::DotOp>(value.handle.getDefiningOp());
  }
  /// The dot of both operands: its text tells operand types.
  std::string typesOf(const ScaledOperand &a, const ScaledOperand &b) {
    return textOf(opOf(this->b.dotScaled(a, b)));
  }
};

TEST_F(DotScaledTest, EveryPairOfFormatsAndPackingsGivesFp32) {
  for (const char *a : {"e2m1", "e4m3", "e5m2", "bf16", "fp16"})
    for (const char *c : {"e2m1", "e4m3", "e5m2", "bf16", "fp16"})
      for (bool packedAlongK : {true, false}) {
        bool alongA = packedAlongK || llvm::StringRef(a) != "e2m1";
        bool alongC = packedAlongK || llvm::StringRef(c) != "e2m1";
        Value plain = b.dotScaled(lhs(a, alongA), rhs(c, alongC));
        Value both = b.dotScaled(scaled(lhs(a, alongA), {32, 2}), scaled(rhs(c, alongC), {16, 2}));
        EXPECT_EQ(plain.type.str(), "<[32, 16], fp32>") << a << " " << c;
        EXPECT_EQ(both.type, plain.type) << a << " " << c;
      }
}

TEST_F(DotScaledTest, OperandsAreMultipliedInTheNarrowestExactType) {
  EXPECT_TRUE(contains(typesOf(lhs("e2m1"), rhs("e5m2")), "tensor<32x64xbf16>"));
  EXPECT_TRUE(contains(typesOf(scaled(lhs("bf16"), {32, 2}), rhs("e4m3")), "tensor<32x64xbf16>"));
  EXPECT_TRUE(contains(typesOf(lhs("fp16"), rhs("e2m1")), "tensor<32x64xf16>"));
  EXPECT_TRUE(contains(typesOf(lhs("fp16"), rhs("bf16")), "tensor<32x64xf32>"));
  Value wide = b.dotScaled(lhs("fp16"), scaled(rhs("e2m1"), {16, 2}));
  EXPECT_TRUE(contains(textOf(opOf(wide)), "tensor<32x64xf32>"));
  EXPECT_EQ(opOf(wide).getPrecision(), tile::InputPrecision::TF32);
}

TEST_F(DotScaledTest, ElementsMayComeAsBitsOrAsTheirType) {
  auto typed = [&](Scalar scalar, llvm::StringRef format) {
    return b.dotScaled({block(scalar, {32, 64}), format}, rhs("e4m3")).type.str();
  };
  EXPECT_EQ(typed(Scalar::FP8E4NV, "e4m3"), "<[32, 16], fp32>");
  EXPECT_EQ(typed(Scalar::FP8E5, "e5m2"), "<[32, 16], fp32>");
  EXPECT_EQ(typed(Scalar::UInt16, "bf16"), "<[32, 16], fp32>");
  EXPECT_EQ(typed(Scalar::UInt16, "fp16"), "<[32, 16], fp32>");
  EXPECT_REFUSED(typed(Scalar::FP8E5, "e4m3"), LanguageTypeError,
                 "Unexpected dtype for lhs_format 'e4m3'. Got fp8e5: pass fp8e4nv, or the bits as "
                 "uint8");
  EXPECT_REFUSED(typed(Scalar::Int8, "e2m1"), LanguageTypeError,
                 "e2m1 format must be packed as uint8, two elements in a byte. Got int8 for lhs");
  EXPECT_REFUSED(typed(Scalar::UInt8, "e3m2"), LanguageError,
                 "lhs_format must be one of ('e2m1', 'e4m3', 'e5m2', 'bf16', 'fp16'). Got 'e3m2'");
}

TEST_F(DotScaledTest, ScalesAreRowsOfGroupsAlongK) {
  auto product = [&](Shape left, Shape right, Scalar scalar = Scalar::UInt8) {
    return b.dotScaled(scaled(lhs("e4m3"), left, scalar), scaled(rhs("e2m1"), right, scalar));
  };
  EXPECT_EQ(product({32, 2}, {16, 2}).type.str(), "<[32, 16], fp32>");
  EXPECT_EQ(product({32, 4}, {16, 4}, Scalar::FP8E4NV).type.str(), "<[32, 16], fp32>");
  EXPECT_REFUSED(product({32, 4}, {16, 2}), LanguageError,
                 "lhs_scale must be a tensor of shape [32, 2] (32 rows of K / 32, never "
                 "transposed). Got [32, 4]");
  EXPECT_REFUSED(product({32, 2}, {2, 16}), LanguageError,
                 "rhs_scale must be a tensor of shape [16, 2]");
  EXPECT_REFUSED(product({32, 2}, {16, 2}, Scalar::Int8), LanguageTypeError,
                 "lhs_scale must be uint8 (E8M0) or fp8e4nv, got <[32, 2], int8>");
  EXPECT_REFUSED(b.dotScaled(scaled(lhs("bf16"), {32, 4}, Scalar::FP8E4NV), rhs("e4m3")),
                 LanguageTypeError, "would be rounded");
  EXPECT_REFUSED(b.dotScaled({block(Scalar::UInt8, {32, 16}), "e4m3", block(Scalar::UInt8, {32})},
                             {block(Scalar::UInt8, {16, 16}), "e4m3"}),
                 LanguageError, "one element for 32 along K, but K is 16");
}

TEST_F(DotScaledTest, ShapesAndPackingMustMatch) {
  EXPECT_REFUSED(b.dotScaled({block(Scalar::UInt8, {32, 64}), "e2m1"}, rhs("e4m3")), LanguageError,
                 "lhs [32, 64] in 'e2m1' has K = 128, rhs [64, 16] in 'e4m3' has K = 64");
  EXPECT_REFUSED(b.dotScaled(lhs("e4m3"), rhs("e5m2", /*packedAlongK=*/false)), LanguageError,
                 "rhs_k_pack=False needs rhs_format 'e2m1', got 'e5m2'");
  EXPECT_REFUSED(b.dotScaled({block(Scalar::UInt8), "e4m3"}, rhs("e4m3")), LanguageError,
                 "dot_scaled takes 2D or 3D blocks, got [8] for lhs");
  EXPECT_REFUSED(b.dotScaled({any(Scalar::UInt8), "e4m3"}, rhs("e4m3")), LanguageTypeError,
                 "dot_scaled takes blocks, got uint8 for lhs");
  EXPECT_REFUSED(b.dotScaled({block(Scalar::UInt8, {4, 32, 64}), "e4m3"}, rhs("e4m3")),
                 LanguageError, "Both inputs must be either 2D or 3D");
  Value batch = b.dotScaled(
      {block(Scalar::UInt8, {4, 32, 32}), "e2m1", block(Scalar::UInt8, {4, 32, 2})},
      {block(Scalar::UInt8, {4, 64, 8}), "e2m1", block(Scalar::UInt8, {4, 16, 2}), false});
  EXPECT_EQ(batch.type.str(), "<[4, 32, 16], fp32>");
}

TEST_F(DotScaledTest, TheAccumulatorIsFp32) {
  auto with = [&](DotScaledOptions options) {
    return b.dotScaled(lhs("fp16"), rhs("e2m1"), options);
  };
  Value acc = block(Scalar::FP32, {32, 16});
  EXPECT_EQ(opOf(with({.acc = acc})).getAcc(), acc.handle);
  EXPECT_REFUSED(with({.acc = block(Scalar::FP16, {32, 16})}), LanguageTypeError,
                 "acc of dot must have the result's type <[32, 16], fp32>");
  EXPECT_REFUSED(with({.outType = Scalar::FP16}), LanguageTypeError,
                 "Only float32 is supported for out_dtype of dot_scaled, got fp16");
}

} // namespace
} // namespace cosmati::lang
