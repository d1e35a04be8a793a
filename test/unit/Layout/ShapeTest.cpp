// Shape operations: each is checked against what the tensor operation does to indices.
#include "test/unit/Layout/RandomLayouts.h"

#include <gtest/gtest.h>

using namespace cosmati;
using cosmati::test::RandomLayouts;
using cosmati::test::unwrap;

namespace {

using Point = llvm::SmallVector<int32_t, 4>;

LinearLayout randomLayout(RandomLayouts &random, llvm::ArrayRef<int64_t> shape) {
  return random.any(RandomLayouts::threads(2, 1), LayoutSpace::tensor(shape));
}

Point at(const LinearLayout &layout, uint32_t place) {
  return layout.out().coordinates(layout.applyFlat(place));
}

TEST(LayoutShape, ReshapeIsRowMajor) {
  RandomLayouts random(30);
  LinearLayout layout = randomLayout(random, {8, 16});
  LinearLayout reshaped = layout.reshape({4, 2, 4, 4});
  for (uint32_t place = 0; place < 256; ++place) {
    Point before = at(layout, place), after = at(reshaped, place);
    EXPECT_EQ(before[0] * 16 + before[1],
              ((after[0] * 2 + after[1]) * 4 + after[2]) * 4 + after[3]);
  }
  EXPECT_EQ(reshaped.reshape({8, 16}), layout);
  EXPECT_EQ(layout.flatten().reshape({8, 16}), layout);
}

TEST(LayoutShape, TransposePermutesCoordinates) {
  RandomLayouts random(31);
  LinearLayout layout = randomLayout(random, {2, 8, 4});
  LinearLayout moved = layout.transpose({2, 0, 1});
  EXPECT_EQ(moved.shape(), (llvm::SmallVector<int64_t, 4>{4, 2, 8}));
  for (uint32_t place = 0; place < 256; ++place) {
    Point p = at(layout, place);
    EXPECT_EQ(at(moved, place), (Point{p[2], p[0], p[1]}));
  }
}

TEST(LayoutShape, RemoveCollapseAndExpandDims) {
  RandomLayouts random(32);
  LinearLayout layout = randomLayout(random, {2, 8, 4});
  for (uint32_t place = 0; place < 256; ++place) {
    Point p = at(layout, place);
    EXPECT_EQ(at(layout.removeDim(1), place), (Point{p[0], p[2]}));
    EXPECT_EQ(at(layout.collapseDim(1), place), (Point{p[0], 0, p[2]}));
    EXPECT_EQ(at(layout.expandDims(3), place), (Point{p[0], p[1], p[2], 0}));
  }
  EXPECT_EQ(layout.expandDims(0).removeDim(0), layout);
}

TEST(LayoutShape, JoinPutsThePairIntoTheLowestRegisterBit) {
  RandomLayouts random(33);
  LinearLayout layout = randomLayout(random, {8, 4}), joined = layout.joinTrailing();
  for (int32_t reg = 0; reg < 4; ++reg)
    for (int32_t half = 0; half < 2; ++half) {
      Point p = layout.apply({{LayoutDim::Register, reg}, {LayoutDim::Lane, 7}});
      p.push_back(half);
      EXPECT_EQ(joined.apply({{LayoutDim::Register, 2 * reg + half}, {LayoutDim::Lane, 7}}), p);
    }
  unsigned bit = 9;
  EXPECT_EQ(joined.splitTrailing(&bit), layout);
  EXPECT_EQ(bit, 0u);
}

TEST(LayoutShape, SplitNeedsARegisterBitOfItsOwn) {
  LinearLayout lanes =
      unwrap(LinearLayout::parse("register = [[1, 0]], lane = [[0, 1]], shape = [2, 2]"));
  EXPECT_EQ(lanes.splitTrailing(), std::nullopt);
  LinearLayout mixed =
      unwrap(LinearLayout::parse("register = [[0, 1]], lane = [[1, 1]], shape = [2, 2]"));
  EXPECT_EQ(mixed.splitTrailing(), std::nullopt);
  LinearLayout second =
      unwrap(LinearLayout::parse("register = [[1, 0], [0, 1]], lane = [], shape = [2, 2]"));
  unsigned bit = 9;
  EXPECT_EQ(second.splitTrailing(&bit)->toString(), "register = [[1]], lane = [], shape = [2]");
  EXPECT_EQ(bit, 1u);
}

TEST(LayoutShape, ConcatAppendsTheUpperHalf) {
  RandomLayouts random(34);
  LinearLayout layout = randomLayout(random, {8, 4}), doubled = layout.concat(0);
  EXPECT_EQ(doubled.shape(), (llvm::SmallVector<int64_t, 4>{16, 4}));
  for (int32_t reg = 0; reg < 8; ++reg) {
    Point p = layout.apply({{LayoutDim::Register, reg % 4}});
    EXPECT_EQ(doubled.apply({{LayoutDim::Register, reg}}), (Point{p[0] + reg / 4 * 8, p[1]}));
  }
}

TEST(LayoutShape, EnsureSizesCutAndRepeat) {
  LinearLayout layout = unwrap(
      LinearLayout::parse("register = [[0, 1], [0, 2]], lane = [[0, 4], [1, 0]], shape = [2, 8]"));
  EXPECT_EQ(layout.ensureSizeNotLargerThan({2, 2}).toString(),
            "register = [[0, 1]], lane = [[0, 0], [1, 0]], shape = [2, 2]");
  EXPECT_EQ(layout.ensureSizeNotLargerThan({2, 2}, true).toString(),
            "register = [[0, 1], [0, 0]], lane = [[0, 0], [1, 0]], shape = [2, 2]");
  EXPECT_EQ(
      layout.ensureSizeNotSmallerThan({4, 16}).toString(),
      "register = [[0, 1], [0, 2], [0, 8], [2, 0]], lane = [[0, 4], [1, 0]], shape = [4, 16]");
  EXPECT_EQ(
      layout.ensureSizeNotSmallerThan({4, 16}, {0, 1}).toString(),
      "register = [[0, 1], [0, 2], [2, 0], [0, 8]], lane = [[0, 4], [1, 0]], shape = [4, 16]");
}

TEST(LayoutShape, RenameAndWithInputs) {
  LinearLayout layout = unwrap(LinearLayout::parse("register = [[1], [2]], shape = [4]"));
  EXPECT_EQ(layout.renameInput(LayoutDim::Register, LayoutDim::Offset).toString(),
            "offset = [[1], [2]], shape = [4]");
  EXPECT_EQ(layout.withInputs({LayoutDim::Lane}).toString(),
            "register = [[1], [2]], lane = [], shape = [4]");
}

} // namespace
