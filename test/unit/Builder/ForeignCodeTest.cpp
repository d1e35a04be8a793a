// PTX text, libraries and functions of scalars: types, shapes, messages.
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

using ForeignCodeTest = BuilderTest;

TEST_F(ForeignCodeTest, TextBroadcastsItsArgumentsAndKeepsTheirTypes) {
  Values r = b.inlineAsm("x;", "=r,=h,r,h", {block(Scalar::FP32), any(Scalar::Int8)},
                         {Scalar::Int32, Scalar::FP16});
  ASSERT_EQ(r.size(), 2u);
  EXPECT_EQ(r[0].type, blockOf(Scalar::Int32, {8}));
  EXPECT_EQ(r[1].type, blockOf(Scalar::FP16, {8}));
  EXPECT_EQ(b.inlineAsm("x;", "=l", {}, {Scalar::Int64}).front().type, Scalar::Int64);
}

TEST_F(ForeignCodeTest, ConstraintsThatDoNotFitAreRefused) {
  auto run = [&](llvm::StringRef constraints, int64_t pack) {
    b.inlineAsm("x;", constraints, {block(Scalar::Int16)}, {Scalar::Int16}, {pack, true});
  };
  EXPECT_REFUSED(run("=r", 2), LanguageError,
                 "the constraints name 0 input registers, but 1 arguments with pack=2 take 1");
  EXPECT_REFUSED(run("=h,h", 2), LanguageError,
                 "output register 0 has 16 bits, but holds 2 elements of 16 bits");
  EXPECT_REFUSED(run("=r,r", 3), LanguageError,
                 "pack is 3; it must be a power of two from 1 to 32");
  EXPECT_REFUSED(run("=r,w", 2), LanguageError, "the constraint 'w' is not known");
  EXPECT_REFUSED(b.inlineAsm("x;", "", {}, {}), LanguageError, "dtype is empty");
}

TEST_F(ForeignCodeTest, ARegionGivesAsManyResultsAsItsFunctionReturnsGroups) {
  Values scalars = b.beginMap({block(Scalar::FP32), any(Scalar::Int64)}, 2);
  ASSERT_EQ(scalars.size(), 4u);
  EXPECT_EQ(scalars[1].type, Scalar::FP32);
  EXPECT_EQ(scalars[2].type, Scalar::Int64);
  Value sum = b.add(scalars[0], scalars[1]), less = b.lt(scalars[0], scalars[1]);
  Values r = b.endMap({sum, sum, less, less});
  ASSERT_EQ(r.size(), 2u);
  EXPECT_EQ(r[0].type, blockOf(Scalar::FP32, {8}));
  EXPECT_EQ(r[1].type, blockOf(Scalar::Int1, {8}));
}

TEST_F(ForeignCodeTest, AFunctionNeedsElementsToRunFor) {
  EXPECT_REFUSED(b.beginMap({}, 1), LanguageError, "at least 1 input tensor");
  EXPECT_REFUSED(b.beginMap({block(Scalar::FP32)}, 0), LanguageError, "pack must be >= 1, got 0");
}

TEST_F(ForeignCodeTest, OnlyLibdeviceIsSearchedFor) {
  EXPECT_REFUSED(b.externElementwise({"mine", "", "f"}, {block(Scalar::FP32)}, Scalar::FP32),
                 LanguageError, "f of the library 'mine': give lib_path");
  Value r = b.externElementwise({"mine", "/tmp/mine.bc", "f", false}, {block(Scalar::FP32)},
                                Scalar::Int32);
  EXPECT_EQ(r.type, blockOf(Scalar::Int32, {8}));
}

} // namespace
} // namespace cosmati::lang
