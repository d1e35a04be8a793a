#include "dialects/Tile/IR/TileDialect.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

class CastTest : public BuilderTest {
protected:
  /// Names of the ops between an opaque value and its cast, first applied first.
  std::string path(Scalar from, Scalar to) { return pathOf(b.cast(block(from), to)); }
  static std::string pathOf(Value value) {
    std::string text;
    for (mlir::Value v = value.handle; v.getDefiningOp(); v = v.getDefiningOp()->getOperand(0)) {
      mlir::Operation *op = v.getDefiningOp();
      if (llvm::isa<mlir::UnrealizedConversionCastOp>(op))
        break;
      text = op->getName().stripDialect().str() + (text.empty() ? "" : " " + text);
    }
    return text;
  }
};

TEST_F(CastTest, EveryPairOfNumbersConverts) {
  constexpr Scalar scalars[] = {Scalar::Int1,   Scalar::Int8,  Scalar::Int16,   Scalar::Int32,
                                Scalar::Int64,  Scalar::UInt8, Scalar::UInt16,  Scalar::UInt32,
                                Scalar::UInt64, Scalar::FP8E5, Scalar::FP8E4NV, Scalar::FP16,
                                Scalar::BF16,   Scalar::FP32,  Scalar::FP64};
  for (Scalar from : scalars)
    for (Scalar to : scalars) {
      Value result = b.cast(block(from), to);
      EXPECT_EQ(result.type, blockOf(to, {8}));
      EXPECT_EQ(result.handle.getType(), result.type.mlirType(context.get()));
    }
}

TEST_F(CastTest, FloatsConvertInOneRounding) {
  EXPECT_EQ(path(Scalar::FP16, Scalar::FP32), "extf");
  EXPECT_EQ(path(Scalar::FP16, Scalar::FP64), "extf");
  EXPECT_EQ(path(Scalar::FP64, Scalar::FP16), "truncf");
  EXPECT_EQ(path(Scalar::FP16, Scalar::BF16), "extf truncf");
  EXPECT_EQ(path(Scalar::BF16, Scalar::FP16), "extf truncf");
  for (Scalar wide : {Scalar::FP16, Scalar::BF16, Scalar::FP32, Scalar::FP64}) {
    EXPECT_EQ(path(wide, Scalar::FP8E4NV), "fp_convert");
    EXPECT_EQ(path(Scalar::FP8E5, wide), "fp_convert");
  }
  EXPECT_EQ(path(Scalar::FP8E5, Scalar::FP8E4NV), "fp_convert fp_convert");
}

TEST_F(CastTest, IntegersExtendByTheSourcesSign) {
  EXPECT_EQ(path(Scalar::Int8, Scalar::Int32), "extsi");
  EXPECT_EQ(path(Scalar::Int8, Scalar::UInt32), "extsi");
  EXPECT_EQ(path(Scalar::UInt8, Scalar::Int32), "extui");
  EXPECT_EQ(path(Scalar::Int1, Scalar::Int32), "extui");
  EXPECT_EQ(path(Scalar::Int64, Scalar::Int8), "trunci");
  EXPECT_EQ(path(Scalar::Int32, Scalar::UInt32), "");
  EXPECT_EQ(path(Scalar::Int32, Scalar::Int1), "cmpi");
  EXPECT_EQ(path(Scalar::FP32, Scalar::Int1), "cmpf");
}

TEST_F(CastTest, IntegersAndFloatsConvertByTheIntegersSign) {
  EXPECT_EQ(path(Scalar::Int32, Scalar::FP16), "sitofp");
  EXPECT_EQ(path(Scalar::UInt32, Scalar::FP32), "uitofp");
  EXPECT_EQ(path(Scalar::Int1, Scalar::FP32), "uitofp");
  EXPECT_EQ(path(Scalar::FP32, Scalar::Int8), "fptosi");
  EXPECT_EQ(path(Scalar::FP32, Scalar::UInt8), "fptoui");
  EXPECT_EQ(path(Scalar::FP8E4NV, Scalar::Int32), "fp_convert fptosi");
  EXPECT_EQ(path(Scalar::Int32, Scalar::FP8E4NV), "sitofp fp_convert");
}

TEST_F(CastTest, RoundingAppliesToNarrowingOnly) {
  Value x = block(Scalar::FP32);
  Value truncated = b.cast(x, Scalar::FP16, Rounding::TowardZero);
  EXPECT_EQ(llvm::cast<tile::FpConvertOp>(truncated.handle.getDefiningOp()).getRounding(),
            tile::Rounding::TowardZero);
  EXPECT_EQ(llvm::cast<tile::FpConvertOp>(truncated.handle.getDefiningOp()).getOverflow(),
            tile::Overflow::NonFinite); // an infinity of fp16 stays one
  EXPECT_EQ(pathOf(b.cast(x, Scalar::FP16, Rounding::NearestEven)), "truncf");
  EXPECT_EQ(b.cast(x, Scalar::FP32, Rounding::TowardZero).handle, x.handle); // no conversion
  EXPECT_REFUSED(b.cast(x, Scalar::FP64, Rounding::TowardZero), LanguageError,
                 "fp_downcast_rounding should be set only for truncating fp conversions. Source "
                 "scalar type is fp32 and "
                 "destination type is fp64");
  EXPECT_REFUSED(parseRounding("up"), LanguageError,
                 "Invalid rounding mode: up. Supported rounding modes are 'rtne' and 'rtz'");
}

TEST_F(CastTest, Fp8OverflowFollowsTheOptions) {
  Value x = block(Scalar::FP32);
  auto overflow = [&] {
    return llvm::cast<tile::FpConvertOp>(b.cast(x, Scalar::FP8E5).handle.getDefiningOp())
        .getOverflow();
  };
  EXPECT_EQ(overflow(), tile::Overflow::Saturate);
  b.options.saturateFP8 = false;
  EXPECT_EQ(overflow(), tile::Overflow::NonFinite);
}

TEST_F(CastTest, PointersConvertToAndFrom64BitIntegers) {
  Value p = pointer(Scalar::FP32, {8});
  EXPECT_EQ(pathOf(b.cast(p, Scalar::Int64)), "ptr_to_int");
  EXPECT_EQ(pathOf(b.cast(p, Scalar::UInt64)), "ptr_to_int");
  EXPECT_EQ(pathOf(b.cast(p, LanguageType::pointer(Scalar::Int8))), "ptr_cast");
  EXPECT_EQ(pathOf(b.cast(p, LanguageType::pointer(Scalar::FP32, true))), "");
  EXPECT_EQ(pathOf(b.cast(block(Scalar::Int32), LanguageType::pointer(Scalar::Int8))),
            "extsi int_to_ptr");
  EXPECT_REFUSED(b.cast(p, Scalar::Int32), LanguageTypeError, "cannot cast pointer<fp32> to int32");
  EXPECT_REFUSED(b.cast(p, Scalar::FP64), LanguageTypeError, "cannot cast pointer<fp32> to fp64");
}

TEST_F(CastTest, BitcastKeepsTheBits) {
  EXPECT_EQ(pathOf(b.bitcast(block(Scalar::FP32), Scalar::UInt32)), "bitcast");
  EXPECT_EQ(pathOf(b.bitcast(block(Scalar::Int32), Scalar::UInt32)), "");
  EXPECT_EQ(pathOf(b.bitcast(block(Scalar::FP8E4B15), Scalar::Int8)), "");
  EXPECT_EQ(pathOf(b.bitcast(pointer(Scalar::FP32), LanguageType::pointer(Scalar::Int32))),
            "ptr_cast");
  EXPECT_REFUSED(b.bitcast(block(Scalar::FP32), Scalar::Int16), LanguageError,
                 "Cannot bitcast data-type of size 32 to data-type of size 16");
}

TEST_F(CastTest, StorageFormatsAreConvertedAndComputedWithInFp32) {
  for (Scalar scalar : {Scalar::FP8E4B15, Scalar::FP8E4B8, Scalar::FP8E5B16}) {
    Value value = b.load(pointer(scalar, {8}));
    b.store(pointer(scalar, {8}), b.where(block(Scalar::Int1), value, value));
    EXPECT_EQ(b.bitcast(value, Scalar::UInt8).type, blockOf(Scalar::UInt8, {8}));
    for (Scalar wide : {Scalar::FP16, Scalar::BF16, Scalar::FP32, Scalar::FP64, Scalar::Int32}) {
      EXPECT_EQ(b.cast(value, wide).type, blockOf(wide, {8}));
      EXPECT_EQ(b.cast(block(wide), scalar).type, blockOf(scalar, {8}));
    }
    EXPECT_EQ(b.cast(1.0, scalar).type, LanguageType(scalar));
    EXPECT_EQ(b.add(value, 1.0).type, blockOf(scalar, {8}));
  }
}

} // namespace
} // namespace cosmati::lang
