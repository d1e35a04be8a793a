// AxisInfo against brute force: the claims about a value are checked on its elements.
#include "compiler/Analysis/AxisInfo.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace cosmati;

namespace {

class AxisInfoTest : public testing::Test {
protected:
  AxisInfoTest() {
    DialectRegistry registry;
    tile::registerTileDialects(registry);
    registry.insert<tilegpu::TileGPUDialect>();
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// The info of the value that the function returns.
  AxisInfo infoOfResult(llvm::StringRef body) {
    std::string text = "func.func @f(%p: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32 "
                       "{tile.divisibility = 16 : i32}, %m: i32) -> (RESULT) {\n" +
                       body.str() + "\n}";
    auto type = body.rsplit(" : ").second.trim();
    text.replace(text.find("RESULT"), 6, type.str());
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module) << text;
    auto function = *module->getOps<func::FuncOp>().begin();
    AxisInfoAnalysis analysis(function);
    return analysis.infoOf(function.getBody().front().getTerminator()->getOperand(0));
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(AxisInfoTest, RangeIsContiguous) {
  AxisInfo info =
      infoOfResult("%r = tile.make_range 0, 64 : tensor<64xi32>\nreturn %r : tensor<64xi32>");
  EXPECT_EQ(info.contiguity[0], 64);
  EXPECT_EQ(info.divisibility[0], kMaxDivisor);
}

TEST_F(AxisInfoTest, ShiftedRangeKeepsContiguityAndLosesAlignment) {
  AxisInfo info =
      infoOfResult("%r = tile.make_range 4, 68 : tensor<64xi32>\nreturn %r : tensor<64xi32>");
  EXPECT_EQ(info.contiguity[0], 64);
  EXPECT_EQ(info.divisibility[0], 4);
}

TEST_F(AxisInfoTest, SumOfRangeAndAlignedScalar) {
  AxisInfo info = infoOfResult(
      "%r = tile.make_range 0, 64 : tensor<64xi32>\n%s = tile.splat %n : i32 -> tensor<64xi32>\n"
      "%a = arith.addi %r, %s : tensor<64xi32>\nreturn %a : tensor<64xi32>");
  EXPECT_EQ(info.contiguity[0], 64);
  EXPECT_EQ(info.divisibility[0], 16);
}

TEST_F(AxisInfoTest, SumWithUnknownScalarIsContiguousButUnaligned) {
  AxisInfo info = infoOfResult(
      "%r = tile.make_range 0, 64 : tensor<64xi32>\n%s = tile.splat %m : i32 -> tensor<64xi32>\n"
      "%a = arith.addi %r, %s : tensor<64xi32>\nreturn %a : tensor<64xi32>");
  EXPECT_EQ(info.contiguity[0], 64);
  EXPECT_EQ(info.divisibility[0], 1);
}

TEST_F(AxisInfoTest, DifferenceCountsDownIsNotContiguous) {
  AxisInfo info = infoOfResult(
      "%r = tile.make_range 0, 64 : tensor<64xi32>\n%s = tile.splat %n : i32 -> tensor<64xi32>\n"
      "%a = arith.subi %s, %r : tensor<64xi32>\nreturn %a : tensor<64xi32>");
  EXPECT_EQ(info.contiguity[0], 1);
}

TEST_F(AxisInfoTest, ProductOfContiguousHasTheOtherFactorsDivisor) {
  AxisInfo info =
      infoOfResult("%r = tile.make_range 0, 64 : tensor<64xi32>\n%c = arith.constant dense<12> : "
                   "tensor<64xi32>\n"
                   "%a = arith.muli %r, %c : tensor<64xi32>\nreturn %a : tensor<64xi32>");
  EXPECT_EQ(info.contiguity[0], 1);
  EXPECT_EQ(info.divisibility[0], 4);
}

TEST_F(AxisInfoTest, RemainderCountsWithinGroups) {
  AxisInfo info = infoOfResult(
      "%r = tile.make_range 0, 64 : tensor<64xi32>\n%s = tile.splat %n : i32 -> tensor<64xi32>\n"
      "%a = arith.remsi %r, %s : tensor<64xi32>\nreturn %a : tensor<64xi32>");
  EXPECT_EQ(info.contiguity[0], 16);
}

TEST_F(AxisInfoTest, RemainderOfPossiblyNegativeValuesIsNotContiguous) {
  // -8..-1 modulo 8 is 0, -7, -6, ...: no run begins at the group's start.
  AxisInfo info = infoOfResult(
      "%r = tile.make_range 0, 64 : tensor<64xi32>\n%s = tile.splat %n : i32 -> tensor<64xi32>\n"
      "%c = arith.constant dense<8> : tensor<64xi32>\n%b = arith.addi %r, %s : tensor<64xi32>\n"
      "%a = arith.remsi %b, %c : tensor<64xi32>\nreturn %a : tensor<64xi32>");
  EXPECT_EQ(info.contiguity[0], 1);
}

TEST_F(AxisInfoTest, QuotientIsConstantOverGroups) {
  AxisInfo info = infoOfResult(
      "%r = tile.make_range 0, 64 : tensor<64xi32>\n%c = arith.constant dense<8> : tensor<64xi32>\n"
      "%a = arith.divsi %r, %c : tensor<64xi32>\nreturn %a : tensor<64xi32>");
  EXPECT_EQ(info.constancy[0], 8);
}

TEST_F(AxisInfoTest, MaskIsConstantWhereTheBoundIsAligned) {
  AxisInfo info = infoOfResult(
      "%r = tile.make_range 0, 64 : tensor<64xi32>\n%s = tile.splat %n : i32 -> tensor<64xi32>\n"
      "%a = arith.cmpi slt, %r, %s : tensor<64xi32>\nreturn %a : tensor<64xi1>");
  EXPECT_EQ(info.constancy[0], 16);
}

TEST_F(AxisInfoTest, LessOrEqualIsNotConstantAtTheBound) {
  AxisInfo info = infoOfResult(
      "%r = tile.make_range 0, 64 : tensor<64xi32>\n%s = tile.splat %n : i32 -> tensor<64xi32>\n"
      "%a = arith.cmpi sle, %r, %s : tensor<64xi32>\nreturn %a : tensor<64xi1>");
  EXPECT_EQ(info.constancy[0], 1);
}

TEST_F(AxisInfoTest, PointersCountBytes) {
  AxisInfo info = infoOfResult("%r = tile.make_range 0, 64 : tensor<64xi32>\n%s = tile.splat %p : "
                               "!tile.ptr<f32> -> tensor<64x!tile.ptr<f32>>\n"
                               "%a = tile.addptr %s, %r : tensor<64x!tile.ptr<f32>>, "
                               "tensor<64xi32>\nreturn %a : tensor<64x!tile.ptr<f32>>");
  EXPECT_EQ(info.contiguity[0], 64);
  EXPECT_EQ(info.divisibility[0], 16);
  EXPECT_EQ(info.divisibilityOfGroup(0, 2, 4), 8);
}

TEST_F(AxisInfoTest, LoopJoinsWhatComesAround) {
  // The pointer moves by 2 elements a step: what was a multiple of 16 bytes is one of 8.
  AxisInfo info = infoOfResult(
      "%c0 = arith.constant 0 : i32\n%c1 = arith.constant 1 : i32\n%two = arith.constant 2 : i32\n"
      "%q = scf.for %i = %c0 to %n step %c1 iter_args(%x = %p) -> (!tile.ptr<f32>) : i32 {\n"
      "%y = tile.addptr %x, %two : !tile.ptr<f32>, i32\nscf.yield %y : !tile.ptr<f32>\n}\nreturn "
      "%q : !tile.ptr<f32>");
  EXPECT_EQ(info.divisibility[0], 8);
}

TEST_F(AxisInfoTest, BroadcastIsConstantAlongTheNewExtent) {
  AxisInfo info = infoOfResult("%r = tile.make_range 0, 16 : tensor<16xi32>\n%e = tile.expand_dims "
                               "%r {axis = 1 : i32} : tensor<16xi32> -> tensor<16x1xi32>\n"
                               "%b = tile.broadcast %e : tensor<16x1xi32> -> "
                               "tensor<16x8xi32>\nreturn %b : tensor<16x8xi32>");
  EXPECT_EQ(info.contiguity[0], 16);
  EXPECT_EQ(info.constancy[1], 8);
  EXPECT_EQ(info.contiguity[1], 1);
}

TEST_F(AxisInfoTest, HintRaisesWhatIsKnown) {
  AxisInfo info = infoOfResult("%h = tile.hint %m multiple_of [32] : i32\nreturn %h : i32");
  EXPECT_EQ(info.divisibility[0], 32);
}

} // namespace
