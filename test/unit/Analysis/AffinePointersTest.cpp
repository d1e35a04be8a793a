// Coefficients of blocks of indices and pointers.
#include "compiler/Analysis/AffinePointers.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace cosmati;

namespace {

class AffinePointersTest : public testing::Test {
protected:
  AffinePointersTest() {
    DialectRegistry registry;
    tile::registerTileDialects(registry);
    registry.insert<tilegpu::TileGPUDialect>();
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// What is known of %result, which `body` defines, as text: "2*arg1 + 4, ?" means that neighbours
  /// along dim 0 differ by twice the function's argument 1 plus 4, and nothing is known along
  /// dim 1. %rows and %cols are ranges of 16 as blocks of 16x8 along dims 0 and 1.
  std::string coefficients(llvm::StringRef body) {
    std::string text = R"(func.func @f(%p: !tile.ptr<f16>, %s: i32, %t: i32, %w: i64, %c: i1) {
      %r0 = tile.make_range 0, 16 : tensor<16xi32>
      %r1 = tile.expand_dims %r0 {axis = 1 : i32} : tensor<16xi32> -> tensor<16x1xi32>
      %rows = tile.broadcast %r1 : tensor<16x1xi32> -> tensor<16x8xi32>
      %c0 = tile.make_range 3, 11 : tensor<8xi32>
      %c1 = tile.expand_dims %c0 {axis = 0 : i32} : tensor<8xi32> -> tensor<1x8xi32>
      %cols = tile.broadcast %c1 : tensor<1x8xi32> -> tensor<16x8xi32>
      %ss = tile.splat %s : i32 -> tensor<16x8xi32>
      %ts = tile.splat %t : i32 -> tensor<16x8xi32>
      %ps = tile.splat %p : !tile.ptr<f16> -> tensor<16x8x!tile.ptr<f16>>
      %zero = arith.constant 0 : i32
      %one = arith.constant 1 : i32
      %five = arith.constant dense<5> : tensor<16x8xi32>
      %minus = arith.constant dense<-3> : tensor<16x8xi32>
)" + body.str() + R"(
      "test.use"(%result) : (TYPE) -> ()
      return
    })";
    auto type = body.rsplit(" : ").second.trim();
    if (type.contains("->"))
      type = type.rsplit("->").second.trim();
    text.replace(text.find("TYPE"), 4, type.str());
    context.allowUnregisteredDialects();
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return "no IR";
    auto function = *module->getOps<func::FuncOp>().begin();
    Value result;
    function.walk([&](Operation *op) {
      if (op->getName().getStringRef() == "test.use")
        result = op->getOperand(0);
    });
    AffinePointers analysis(function);
    std::string known;
    for (const AffineBlock::Sum &sum : analysis.of(result).alongDim)
      known += (known.empty() ? "" : ", ") + (sum ? print(*sum) : "?");
    return known;
  }

  static std::string print(const UniformSum &sum) {
    std::string text;
    for (const UniformSum::Term &term : sum.terms)
      text += std::to_string(term.factor) + "*arg" +
              std::to_string(cast<BlockArgument>(term.scalar).getArgNumber()) + " + ";
    return text + std::to_string(sum.constant);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(AffinePointersTest, RangesCountAlongTheirDim) {
  EXPECT_EQ(coefficients("%result = arith.addi %rows, %five : tensor<16x8xi32>"), "1, 0");
  EXPECT_EQ(coefficients("%result = arith.subi %five, %cols : tensor<16x8xi32>"), "0, -1");
}

TEST_F(AffinePointersTest, StridesScaleAndPointersCountBytes) {
  EXPECT_EQ(coefficients(R"(%m = arith.muli %rows, %ss : tensor<16x8xi32>
      %o = arith.addi %m, %cols : tensor<16x8xi32>
      %a = tile.addptr %ps, %o : tensor<16x8x!tile.ptr<f16>>, tensor<16x8xi32>
      %result = tile.hint %a multiple_of [1, 1] : tensor<16x8x!tile.ptr<f16>>)"),
            "2*arg1 + 0, 2");
}

TEST_F(AffinePointersTest, SumsOfStridesGather) {
  EXPECT_EQ(coefficients(R"(%a = arith.muli %ss, %rows : tensor<16x8xi32>
      %b = arith.muli %rows, %ts : tensor<16x8xi32>
      %d = arith.muli %a, %minus : tensor<16x8xi32>
      %e = arith.addi %d, %b : tensor<16x8xi32>
      %result = arith.addi %e, %rows : tensor<16x8xi32>)"),
            "-3*arg1 + 1*arg2 + 1, 0");
  // s - s leaves nothing.
  EXPECT_EQ(coefficients(R"(%a = arith.muli %ss, %rows : tensor<16x8xi32>
      %result = arith.subi %a, %a : tensor<16x8xi32>)"),
            "0, 0");
}

TEST_F(AffinePointersTest, TwoScalarsInOneTermAreUnknown) {
  EXPECT_EQ(coefficients(R"(%a = arith.muli %ss, %rows : tensor<16x8xi32>
      %result = arith.muli %a, %ts : tensor<16x8xi32>)"),
            "?, 0");
}

TEST_F(AffinePointersTest, WhatVariesAlongNoDimIsStillConstantThere) {
  EXPECT_EQ(coefficients("%result = arith.remsi %rows, %ss : tensor<16x8xi32>"), "?, 0");
  EXPECT_EQ(coefficients("%result = arith.muli %rows, %cols : tensor<16x8xi32>"), "?, ?");
  EXPECT_EQ(coefficients(R"(%o = arith.cmpi slt, %cols, %ss : tensor<16x8xi32>
      %k = arith.select %o, %five, %ss : tensor<16x8xi1>, tensor<16x8xi32>
      %result = arith.addi %k, %five : tensor<16x8xi32>)"),
            "0, ?");
  // Unsigned extension is none of a negative index.
  EXPECT_EQ(coefficients(R"(%e = arith.extui %rows : tensor<16x8xi32> to tensor<16x8xi64>
      %result = arith.addi %e, %e : tensor<16x8xi64>)"),
            "?, 0");
  EXPECT_EQ(coefficients(R"(%e = arith.extsi %rows : tensor<16x8xi32> to tensor<16x8xi64>
      %ws = tile.splat %w : i64 -> tensor<16x8xi64>
      %result = arith.muli %e, %ws : tensor<16x8xi64>)"),
            "1*arg3 + 0, 0");
}

TEST_F(AffinePointersTest, ShiftsByConstantsScale) {
  EXPECT_EQ(coefficients("%result = arith.shli %rows, %five : tensor<16x8xi32>"), "32, 0");
  EXPECT_EQ(coefficients("%result = arith.shli %rows, %ss : tensor<16x8xi32>"), "?, 0");
  EXPECT_EQ(coefficients("%result = arith.shli %five, %rows : tensor<16x8xi32>"), "?, 0");
}

TEST_F(AffinePointersTest, TransposedBlocksSwapDims) {
  EXPECT_EQ(coefficients(R"(%a = arith.muli %ss, %rows : tensor<16x8xi32>
      %result = tile.trans %a order [1, 0] : tensor<16x8xi32> -> tensor<8x16xi32>)"),
            "0, 1*arg1 + 0");
}

TEST_F(AffinePointersTest, LoopsThatStepUniformlyKeepCoefficients) {
  EXPECT_EQ(coefficients(R"(%a = arith.muli %ss, %rows : tensor<16x8xi32>
      %l = scf.for %i = %zero to %t step %one iter_args(%x = %a) -> (tensor<16x8xi32>) : i32 {
        %is = tile.splat %i : i32 -> tensor<16x8xi32>
        %y = arith.addi %x, %is : tensor<16x8xi32>
        scf.yield %y : tensor<16x8xi32>
      }
      %result = arith.addi %l, %cols : tensor<16x8xi32>)"),
            "1*arg1 + 0, 1");
}

TEST_F(AffinePointersTest, LoopsThatStepByElementLoseThem) {
  EXPECT_EQ(coefficients(R"(
      %l = scf.for %i = %zero to %t step %one iter_args(%x = %cols) -> (tensor<16x8xi32>) : i32 {
        %is = tile.splat %i : i32 -> tensor<16x8xi32>
        %m = arith.muli %rows, %is : tensor<16x8xi32>
        %y = arith.addi %x, %m : tensor<16x8xi32>
        scf.yield %y : tensor<16x8xi32>
      }
      %result = arith.addi %l, %cols : tensor<16x8xi32>)"),
            "?, 2");
}

TEST_F(AffinePointersTest, NestedLoopsReachAFixedPoint) {
  // The inner loop hands the outer one a block whose rows are no longer known.
  EXPECT_EQ(coefficients(R"(
      %l = scf.for %i = %zero to %t step %one iter_args(%x = %cols) -> (tensor<16x8xi32>) : i32 {
        %k = scf.for %j = %zero to %t step %one iter_args(%z = %x) -> (tensor<16x8xi32>) : i32 {
          %q = arith.addi %z, %five : tensor<16x8xi32>
          scf.yield %q : tensor<16x8xi32>
        }
        %y = arith.addi %k, %rows : tensor<16x8xi32>
        scf.yield %y : tensor<16x8xi32>
      }
      %result = arith.addi %l, %five : tensor<16x8xi32>)"),
            "?, 1");
}

TEST_F(AffinePointersTest, BranchesAndSelectionsKeepWhatBothHave) {
  EXPECT_EQ(coefficients(R"(%a = arith.addi %rows, %cols : tensor<16x8xi32>
      %b = arith.addi %rows, %five : tensor<16x8xi32>
      %k = scf.if %c -> (tensor<16x8xi32>) {
        scf.yield %a : tensor<16x8xi32>
      } else {
        scf.yield %b : tensor<16x8xi32>
      }
      %result = arith.addi %k, %five : tensor<16x8xi32>)"),
            "1, ?");
  EXPECT_EQ(coefficients(R"(%a = arith.addi %rows, %five : tensor<16x8xi32>
      %o = arith.cmpi slt, %cols, %ss : tensor<16x8xi32>
      %k = arith.select %o, %a, %rows : tensor<16x8xi1>, tensor<16x8xi32>
      %result = arith.addi %k, %five : tensor<16x8xi32>)"),
            "1, ?");
}

TEST_F(AffinePointersTest, ExtentsOfOneHaveNoNeighbours) {
  EXPECT_EQ(coefficients(R"(%n = tile.reshape %r0 : tensor<16xi32> -> tensor<16x1xi32>
      %result = tile.broadcast %n : tensor<16x1xi32> -> tensor<16x8xi32>)"),
            "?, 0");
}

TEST(UniformSumTest, NumbersBeyond64BitsAreUnknown) {
  UniformSum large = UniformSum::of(INT64_MAX);
  EXPECT_FALSE(add(large, UniformSum::of(1)));
  EXPECT_FALSE(multiply(large, UniformSum::of(2)));
  EXPECT_TRUE(multiply(large, UniformSum::of(0))->isZero());
}

} // namespace
