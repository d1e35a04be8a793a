// Every pair of types under +, /, //, % and <, against the table of the language's promotion rules.
#include "compiler/Builder/Promotion.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

constexpr const char *kTypes[] = {"int1",    "int8",   "int16",  "int32",  "int64",
                                  "uint8",   "uint16", "uint32", "uint64", "fp8e5",
                                  "fp8e4nv", "fp16",   "bf16",   "fp32",   "fp64"};
constexpr size_t kCount = std::size(kTypes);

// The type of a + b; "-" where the two do not go together. Rows and columns in the order of kTypes.
constexpr const char *kSum[kCount][kCount] = {
    // int1
    {"int1", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "-", "-",
     "fp16", "fp32", "fp32", "fp64"},
    // int8
    {"int8", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "-", "-",
     "fp16", "fp32", "fp32", "fp64"},
    // int16
    {"int16", "int16", "int16", "int32", "int64", "int16", "uint16", "uint32", "uint64", "-", "-",
     "fp16", "fp32", "fp32", "fp64"},
    // int32
    {"int32", "int32", "int32", "int32", "int64", "int32", "int32", "uint32", "uint64", "-", "-",
     "fp16", "fp32", "fp32", "fp64"},
    // int64
    {"int64", "int64", "int64", "int64", "int64", "int64", "int64", "int64", "uint64", "-", "-",
     "fp16", "fp32", "fp32", "fp64"},
    // uint8
    {"uint8", "uint8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "-", "-",
     "fp16", "fp32", "fp32", "fp64"},
    // uint16
    {"uint16", "uint16", "uint16", "int32", "int64", "uint16", "uint16", "uint32", "uint64", "-",
     "-", "fp16", "fp32", "fp32", "fp64"},
    // uint32
    {"uint32", "uint32", "uint32", "uint32", "int64", "uint32", "uint32", "uint32", "uint64", "-",
     "-", "fp16", "fp32", "fp32", "fp64"},
    // uint64
    {"uint64", "uint64", "uint64", "uint64", "uint64", "uint64", "uint64", "uint64", "uint64", "-",
     "-", "fp16", "fp32", "fp32", "fp64"},
    // fp8e5
    {"-", "-", "-", "-", "-", "-", "-", "-", "-", "fp8e5", "fp16", "fp16", "fp32", "fp32", "fp64"},
    // fp8e4nv
    {"-", "-", "-", "-", "-", "-", "-", "-", "-", "fp16", "fp8e4nv", "fp16", "fp32", "fp32",
     "fp64"},
    // fp16
    {"fp16", "fp16", "fp16", "fp16", "fp16", "fp16", "fp16", "fp16", "fp16", "fp16", "fp16", "fp16",
     "fp32", "fp32", "fp64"},
    // bf16
    {"fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32",
     "bf16", "fp32", "fp64"},
    // fp32
    {"fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32",
     "fp32", "fp32", "fp64"},
    // fp64
    {"fp64", "fp64", "fp64", "fp64", "fp64", "fp64", "fp64", "fp64", "fp64", "fp64", "fp64", "fp64",
     "fp64", "fp64", "fp64"}};

class PromotionTest : public BuilderTest {
protected:
  /// Calls `check(a, b, type of a + b)` for each pair of types, on blocks.
  template <typename Check> void forAllPairs(Check check) {
    for (size_t i = 0; i < kCount; ++i)
      for (size_t j = 0; j < kCount; ++j) {
        SCOPED_TRACE(std::string(kTypes[i]) + " and " + kTypes[j]);
        LanguageType a = LanguageType::fromName(kTypes[i]), b = LanguageType::fromName(kTypes[j]);
        check(any(LanguageType::block(a, {8})), any(LanguageType::block(b, {8})),
              std::string(kSum[i][j]));
      }
  }
  static bool mixedSigns(const Value &x, const Value &y) {
    return x.type.isInt() && y.type.isInt() && !x.type.isBool() && !y.type.isBool() &&
           x.type.isSigned() != y.type.isSigned();
  }
};

TEST_F(PromotionTest, SumHasThePromotedType) {
  forAllPairs([&](Value x, Value y, const std::string &expected) {
    if (expected == "-") {
      EXPECT_REFUSED(b.add(x, y), LanguageTypeError, "unexpected type");
      return;
    }
    Value sum = b.add(x, y);
    EXPECT_EQ(sum.type.str(), "<[8], " + expected + ">");
    EXPECT_EQ(sum.handle.getType(), sum.type.mlirType(context.get()));
  });
}

TEST_F(PromotionTest, QuotientIsAtLeastFp32) {
  forAllPairs([&](Value x, Value y, const std::string &expected) {
    if (expected == "-") {
      EXPECT_REFUSED(b.truediv(x, y), LanguageTypeError, "unexpected type");
    } else if (mixedSigns(x, y)) {
      EXPECT_REFUSED(b.truediv(x, y), LanguageTypeError, "different signedness");
    } else {
      LanguageType sum = LanguageType::fromName(expected);
      bool widened = sum.isInt() || sum.bitwidth() == 16;
      EXPECT_EQ(b.truediv(x, y).type.scalar().str(), widened ? "fp32" : expected);
    }
  });
}

TEST_F(PromotionTest, FloorDivisionTakesIntegersOfOneSign) {
  forAllPairs([&](Value x, Value y, const std::string &expected) {
    if (mixedSigns(x, y)) {
      EXPECT_REFUSED(b.floordiv(x, y), LanguageTypeError, "different signedness");
    } else if (!x.type.isInt() || !y.type.isInt()) {
      EXPECT_REFUSED(b.floordiv(x, y), LanguageTypeError, "unexpected type");
    } else {
      Value quotient = b.floordiv(x, y);
      EXPECT_EQ(quotient.type.scalar().str(), expected);
      EXPECT_EQ(opName(quotient), quotient.type.isSigned() ? "arith.divsi" : "arith.divui");
    }
  });
}

TEST_F(PromotionTest, RemainderKeepsIntegersAndWidensHalves) {
  forAllPairs([&](Value x, Value y, const std::string &expected) {
    if (expected == "-") {
      EXPECT_REFUSED(b.mod(x, y), LanguageTypeError, "unexpected type");
    } else if (mixedSigns(x, y)) {
      EXPECT_REFUSED(b.mod(x, y), LanguageTypeError, "Cast them to the same signedness");
    } else {
      LanguageType sum = LanguageType::fromName(expected);
      Value rest = b.mod(x, y);
      EXPECT_EQ(rest.type.scalar().str(),
                sum.isFloat() && sum.bitwidth() == 16 ? "fp32" : expected);
      if (sum.isInt())
        EXPECT_EQ(opName(rest), sum.isSigned() ? "arith.remsi" : "arith.remui");
    }
  });
}

TEST_F(PromotionTest, ComparisonUsesThePromotedTypesSign) {
  forAllPairs([&](Value x, Value y, const std::string &expected) {
    if (expected == "-") {
      EXPECT_REFUSED(b.lt(x, y), LanguageTypeError, "unexpected type");
      return;
    }
    Value less = b.lt(x, y);
    EXPECT_EQ(less.type, blockOf(Scalar::Int1, {8}));
    LanguageType type = LanguageType::fromName(expected);
    std::string text = textOf(less.handle.getDefiningOp());
    EXPECT_TRUE(contains(text, type.isFloat() ? "olt" : type.isSigned() ? "slt" : "ult")) << text;
  });
}

TEST_F(PromotionTest, BitOperationsTakeIntegers) {
  forAllPairs([&](Value x, Value y, const std::string &expected) {
    if (!x.type.isInt() || !y.type.isInt())
      EXPECT_REFUSED(b.bitAnd(x, y), LanguageTypeError, "type");
    else
      EXPECT_EQ(b.bitAnd(x, y).type.scalar().str(), expected);
  });
}

TEST_F(PromotionTest, ShiftToTheRightFollowsTheSign) {
  EXPECT_EQ(opName(b.shr(block(Scalar::Int32), 2)), "arith.shrsi");
  EXPECT_EQ(opName(b.shr(block(Scalar::UInt32), 2)), "arith.shrui");
}

} // namespace
} // namespace cosmati::lang
