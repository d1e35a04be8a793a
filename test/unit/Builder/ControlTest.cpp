#include "mlir/Dialect/SCF/IR/SCF.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

namespace scf = mlir::scf;
using ControlTest = BuilderTest;

TEST_F(ControlTest, AnIfMergesTheVariablesOfBothBranches) {
  Value x = any(Scalar::FP32);
  b.beginIf(any(Scalar::Int1));
  Value doubled = b.mul(x, 2);
  b.beginElse();
  Values merged = b.endIf({"x", "n"}, {doubled, 1}, {x, 2});
  EXPECT_EQ(merged[0].type.str(), "fp32");
  EXPECT_EQ(merged[1].type.str(), "int32");
  EXPECT_EQ(opName(merged[0]), "scf.if");
}

TEST_F(ControlTest, AnIfWithoutElseOrResultsIsPlain) {
  b.beginIf(any(Scalar::Int32));
  b.store(pointer(Scalar::FP32), 1.0);
  EXPECT_TRUE(b.endIf({}, {}, {}).empty());
  auto op = last<scf::IfOp>();
  EXPECT_TRUE(op.getElseRegion().empty());
}

TEST_F(ControlTest, BranchesThatDisagreeNameTheVariable) {
  b.beginIf(any(Scalar::Int1));
  b.beginElse();
  EXPECT_REFUSED(
      b.endIf({"total"}, {block(Scalar::FP32)}, {any(Scalar::FP32)}), LanguageTypeError,
      "Mismatched type for total between then block (<[8], fp32>) and else block (fp32)");
  b.endIf({}, {}, {});
}

TEST_F(ControlTest, ABranchNeedsOneTruthValue) {
  EXPECT_REFUSED(b.beginIf(block(Scalar::Int1)), LanguageTypeError,
                 "a branch needs one truth value");
  b.beginIf(block(Scalar::Int1, {1}));
  b.endIf({}, {}, {});
}

TEST_F(ControlTest, AForLoopCarriesVariables) {
  ForLoop loop = b.beginFor(0, any(Scalar::Int32), 1, {{"acc", block(Scalar::FP32)}, {"n", 0}},
                            {.numStages = 3});
  EXPECT_EQ(loop.inductionVariable.type.str(), "int32");
  Values results =
      b.endFor({b.add(loop.carried[0], 1), b.add(loop.carried[1], loop.inductionVariable)});
  EXPECT_EQ(results[0].type, blockOf(Scalar::FP32, {8}));
  EXPECT_EQ(results[1].type.str(), "int32");
  EXPECT_TRUE(contains(textOf(results[0].handle.getDefiningOp()), "tile.num_stages = 3"));
}

TEST_F(ControlTest, AForLoopWithoutVariables) {
  b.beginFor(0, 8, 1, {});
  b.store(pointer(Scalar::FP32), 1.0);
  EXPECT_TRUE(b.endFor({}).empty());
}

TEST_F(ControlTest, ACarriedVariableKeepsItsType) {
  ForLoop loop = b.beginFor(0, 8, 1, {{"acc", 0}});
  EXPECT_REFUSED(b.endFor({any(Scalar::FP32)}), LanguageTypeError,
                 "Loop-carried variable acc has initial type int32 but is re-assigned to fp32 in "
                 "loop! Please make sure that the "
                 "type stays consistent");
  b.endFor({loop.carried[0]});
}

TEST_F(ControlTest, TheCounterHasThePromotedType) {
  auto counter = [&](Operand low, Operand high, Operand step) {
    LanguageType type = b.beginFor(low, high, step, {}).inductionVariable.type;
    b.endFor({});
    return type.str();
  };
  EXPECT_EQ(counter(0, any(Scalar::Int64), 1), "int64");
  EXPECT_EQ(counter(any(Scalar::Int8), 100, 1), "int32");
  EXPECT_EQ(counter(0, any(Scalar::UInt32), 1), "uint32");
  EXPECT_EQ(counter(any(Scalar::Int32), 0, -4), "int32");
}

TEST_F(ControlTest, UnsignedLoopsCompareUnsigned) {
  b.beginFor(0, any(Scalar::UInt32), 1, {});
  b.endFor({});
  EXPECT_TRUE(last<scf::ForOp>().getUnsignedCmp());
}

TEST_F(ControlTest, ANegativeStepMirrorsTheCounter) {
  Value high = any(Scalar::Int32), low = any(Scalar::Int32);
  ForLoop loop = b.beginFor(high, low, -2, {});
  b.endFor({});
  auto op = last<scf::ForOp>();
  EXPECT_EQ(op.getLowerBound(), low.handle);
  EXPECT_EQ(op.getUpperBound(), high.handle);
  EXPECT_EQ(opName(loop.inductionVariable), "arith.addi"); // (high - i) + low
}

TEST_F(ControlTest, BoundsAreIntegersAndTheStepIsNotZero) {
  EXPECT_REFUSED(b.beginFor(0, 8.0, 1, {}), LanguageTypeError,
                 "For loop bounds and step must all be ints");
  EXPECT_REFUSED(b.beginFor(0, block(Scalar::Int32), 1, {}), LanguageTypeError,
                 "For loop bounds and step must all be ints");
  EXPECT_REFUSED(b.beginFor(0, 8, 0, {}), LanguageError, "must not be zero");
}

TEST_F(ControlTest, AWhileLoopTestsThenRuns) {
  Values before = b.beginWhile({{"i", 0}, {"x", any(Scalar::FP32)}});
  Values body = b.whileCondition(b.lt(before[0], 10));
  Values results = b.endWhile({b.add(body[0], 1), b.mul(body[1], 0.5)});
  EXPECT_EQ(results[0].type.str(), "int32");
  EXPECT_EQ(results[1].type.str(), "fp32");
  EXPECT_EQ(opName(results[0]), "scf.while");
}

TEST_F(ControlTest, AWhileLoopKeepsTypesToo) {
  b.beginWhile({{"i", 0}});
  Values body = b.whileCondition(any(Scalar::Int1));
  EXPECT_REFUSED(b.endWhile({b.cast(body[0], Scalar::Int64)}), LanguageTypeError,
                 "Loop-carried variable i has initial type int32");
  b.endWhile({body[0]});
}

TEST_F(ControlTest, ScopesCloseInOrder) {
  b.beginFor(0, 8, 1, {});
  b.beginIf(any(Scalar::Int1));
  EXPECT_EQ(b.openScopes().back(), "if");
  EXPECT_REFUSED(b.endFor({}), LanguageError,
                 "end_for does not close the innermost open scope, which is if");
  b.endIf({}, {}, {});
  b.endFor({});
  EXPECT_REFUSED(b.beginElse(), LanguageError, "which is function f");
}

TEST_F(ControlTest, NestedControlFlow) {
  ForLoop outer = b.beginFor(0, 8, 1, {{"acc", 0.0}});
  b.beginIf(b.gt(outer.inductionVariable, 3));
  ForLoop inner = b.beginFor(0, outer.inductionVariable, 1, {{"acc", outer.carried[0]}});
  Values sum = b.endFor({b.add(inner.carried[0], 1.0)});
  b.beginElse();
  Values merged = b.endIf({"acc"}, {sum[0]}, {outer.carried[0]});
  EXPECT_EQ(b.endFor({merged[0]})[0].type.str(), "fp32");
}

} // namespace
} // namespace cosmati::lang
