#include "dialects/Tile/IR/TileDialect.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

class ReduceTest : public BuilderTest {
protected:
  Value sum(const Value &value, std::optional<int64_t> axis) {
    return b.reduce(value, axis, [&](Value x, Value y) { return b.add(x, y); });
  }
};

TEST_F(ReduceTest, TheAxisDisappears) {
  EXPECT_EQ(sum(block(Scalar::FP32, {4, 8}), 0).type, blockOf(Scalar::FP32, {8}));
  EXPECT_EQ(sum(block(Scalar::FP32, {4, 8}), -1).type, blockOf(Scalar::FP32, {4}));
  EXPECT_EQ(sum(block(Scalar::FP32, {8}), 0).type.str(), "fp32");
}

TEST_F(ReduceTest, WithoutAnAxisEverythingIsReduced) {
  Value total = sum(block(Scalar::Int32, {4, 8}), std::nullopt);
  EXPECT_EQ(total.type.str(), "int32");
  auto reshape = llvm::cast<tile::ReshapeOp>(operand(total, 0).getDefiningOp());
  EXPECT_TRUE(reshape.getAllowReorder());
}

TEST_F(ReduceTest, SeveralBlocksReduceTogether) {
  Values both{block(Scalar::FP32, {4, 8}), block(Scalar::Int32, {4, 8})};
  Values best = b.reduce(both, 1, [&](llvm::ArrayRef<Value> x, llvm::ArrayRef<Value> y) {
    Value greater = b.gt(x[0], y[0]);
    return Values{b.where(greater, x[0], y[0]), b.where(greater, x[1], y[1])};
  });
  EXPECT_EQ(best[0].type, blockOf(Scalar::FP32, {4}));
  EXPECT_EQ(best[1].type, blockOf(Scalar::Int32, {4}));
}

TEST_F(ReduceTest, ScanKeepsTheShape) {
  Values sums = b.scan(
      block(Scalar::FP32, {4, 8}), 1,
      [&](llvm::ArrayRef<Value> x, llvm::ArrayRef<Value> y) { return Values{b.add(x[0], y[0])}; },
      true);
  EXPECT_EQ(sums[0].type, blockOf(Scalar::FP32, {4, 8}));
  EXPECT_TRUE(llvm::cast<tile::ScanOp>(sums[0].handle.getDefiningOp()).getReverse());
}

TEST_F(ReduceTest, WrongAxesAndSourcesAreNamed) {
  EXPECT_REFUSED(sum(block(Scalar::FP32, {4, 8}), 2), LanguageError,
                 "reduction axis 2 must be < inputs rank (2)");
  EXPECT_REFUSED(sum(any(Scalar::FP32), 0), LanguageTypeError, "reduction takes blocks, got fp32");
  EXPECT_REFUSED(b.beginReduce({block(Scalar::FP32, {4}), block(Scalar::FP32, {8})}, 0),
                 LanguageError, "all reduction inputs must have the same shape, got [4] and [8]");
}

TEST_F(ReduceTest, TheCombinationKeepsTheType) {
  Values arguments = b.beginReduce(block(Scalar::FP16, {8}), 0);
  EXPECT_EQ(arguments.size(), 2u);
  EXPECT_REFUSED(b.endScan({arguments[0]}), LanguageError,
                 "no combine region of associative_scan is open");
  EXPECT_EQ(b.endReduce({b.add(arguments[0], arguments[1])}).front().type.str(), "fp16");

  arguments = b.beginReduce(block(Scalar::FP16, {8}), 0);
  Value wide = b.cast(arguments[0], Scalar::FP32);
  EXPECT_REFUSED(b.endReduce({wide}), LanguageTypeError,
                 "the combine function of reduce must return the type of its arguments: value 0 is "
                 "fp32, not fp16");
  EXPECT_EQ(b.endReduce({arguments[1]}).size(), 1u);
}

} // namespace
} // namespace cosmati::lang
