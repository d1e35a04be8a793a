// Which tiles of blocks meet, and why some blocks can't be multiplied.
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/MatrixAccess.h"
#include "dialects/TileGPU/IR/MmaFragments.h"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>

using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

const MmaInstruction &halves() {
  return *mmaByName("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32");
}

/// The plan's error; empty where there is a plan.
std::string whyNot(const LinearLayout &a, const LinearLayout &b, const LinearLayout &acc) {
  llvm::Expected<MmaPlan> plan = planMma(halves(), {a, b, acc, 16, 16});
  return plan ? "" : llvm::toString(plan.takeError());
}

/// The element of the first register and lane of a tile in one warp.
llvm::SmallVector<int32_t, 4> origin(const LinearLayout &layout, const TilePlaces &places,
                                     int32_t tile, int32_t warp) {
  return layout.apply(
      {{LayoutDim::Register, places.blockRegister(tile, 0)}, {LayoutDim::Warp, warp}});
}

/// Every step adds what belongs together, and every tile of the result gets all of K.
void expectWholeProduct(const LinearLayout &a, const LinearLayout &b, const LinearLayout &acc,
                        int64_t depth) {
  llvm::Expected<MmaPlan> plan = planMma(halves(), {a, b, acc, 16, 16});
  ASSERT_TRUE(bool(plan)) << llvm::toString(plan.takeError());
  EXPECT_EQ(int64_t(plan->steps.size()), plan->acc.tiles() * depth / halves().k);
  std::vector<int64_t> reached(size_t(plan->acc.tiles()));
  size_t rank = acc.shape().size();
  for (const MmaStep &step : plan->steps)
    for (int32_t warp = 0; warp < acc.inSize(LayoutDim::Warp); ++warp) {
      auto left = origin(a, plan->a, step.a, warp), right = origin(b, plan->b, step.b, warp),
           sum = origin(acc, plan->acc, step.acc, warp);
      EXPECT_EQ(left[rank - 2], sum[rank - 2]);
      EXPECT_EQ(right[rank - 1], sum[rank - 1]);
      EXPECT_EQ(left[rank - 1], right[rank - 2]);
      if (rank == 3) {
        EXPECT_EQ(left[0], sum[0]);
        EXPECT_EQ(right[0], sum[0]);
      }
      if (warp == 0) { // steps of one tile come in the order of K
        EXPECT_EQ(left[rank - 1], reached[size_t(step.acc)]++ * halves().k);
      }
    }
}

} // namespace

TEST(MmaPlan, CoversBlocksOnEveryGridOfWarps) {
  for (std::array<int64_t, 2> warps :
       {std::array<int64_t, 2>{1, 1}, {4, 1}, {1, 4}, {2, 2}, {8, 1}})
    expectWholeProduct(mmaOperandA({64, 64}, warps, 16), mmaOperandB({64, 32}, warps, 16),
                       mmaAccumulator16x8({64, 32}, warps), 64);
}

TEST(MmaPlan, CoversBatches) {
  int64_t warps[] = {2, 2, 1};
  expectWholeProduct(mmaOperandA({4, 32, 32}, warps, 16), mmaOperandB({4, 32, 16}, warps, 16),
                     mmaAccumulator16x8({4, 32, 16}, warps), 32);
}

TEST(MmaPlan, TakesRegistersInAnyOrder) {
  LinearLayout a = mmaOperandA({32, 32}, {1, 1}, 16);
  auto columns = a.columns().vec(); // registers come first
  std::reverse(columns.begin(), columns.begin() + a.inBits(LayoutDim::Register));
  LinearLayout reversed = LinearLayout::fromColumns(a.in(), a.out(), columns);
  EXPECT_NE(reversed, a);
  expectWholeProduct(reversed, mmaOperandB({32, 16}, {1, 1}, 16),
                     mmaAccumulator16x8({32, 16}, {1, 1}), 32);
}

TEST(MmaPlan, TakesTheResultOfAnotherProductAsItIs) {
  int64_t warps[] = {4, 1};
  expectWholeProduct(mmaAccumulator16x8({64, 32}, warps), mmaOperandB({32, 16}, warps, 16),
                     mmaAccumulator16x8({64, 16}, warps), 32);
}

/// Bits of one dim of `layout` in another order.
LinearLayout reorder(LinearLayout layout, unsigned axis, std::initializer_list<unsigned> toFront) {
  for (unsigned bit : toFront)
    layout = moveBitToFront(layout, axis, bit);
  return layout;
}

TEST(MmaPlan, TakesRowsColumnsAndTheInnerDimensionInAnyOrder) {
  LinearLayout a = mmaOperandA({64, 32}, {2, 1}, 16), b = mmaOperandB({32, 16}, {2, 1}, 16),
               acc = mmaAccumulator16x8({64, 16}, {2, 1});
  auto rows = [](const LinearLayout &layout) { return reorder(layout, 0, {3}); };
  auto columns = [](const LinearLayout &layout) { return reorder(layout, 1, {3, 2}); };
  EXPECT_EQ(whyNot(rows(a), b, rows(acc)), "");
  EXPECT_EQ(whyNot(a, columns(b), columns(acc)), "");
  EXPECT_EQ(whyNot(columns(a), reorder(b, 0, {3, 2}), acc), ""); // the inner dimension
  EXPECT_EQ(whyNot(rows(columns(a)), reorder(columns(b), 0, {3, 2}), rows(columns(acc))), "");
  // Not alike in both blocks that have the dimension:
  EXPECT_NE(whyNot(rows(a), b, acc), "");
  EXPECT_NE(whyNot(a, columns(b), acc), "");
  EXPECT_NE(whyNot(columns(a), b, acc), "");
}

TEST(MmaPlan, TakesBlocksSmallerThanATileButNotAlongTheInnerDimension) {
  int64_t one[] = {1, 1};
  expectWholeProduct(mmaOperandA({1, 32}, one, 16), mmaOperandB({32, 4}, one, 16),
                     mmaAccumulator16x8({1, 4}, one), 32);
  EXPECT_EQ(whyNot(mmaOperandA({16, 8}, one, 16), mmaOperandB({8, 8}, one, 16),
                   mmaAccumulator16x8({16, 8}, one)),
            "has K=8, which is no multiple of the instruction's 16");
}

TEST(MmaPlan, SaysWhatDoesNotFit) {
  int64_t one[] = {1, 1}, two[] = {2, 1};
  LinearLayout a = mmaOperandA({32, 32}, one, 16), b = mmaOperandB({32, 16}, one, 16),
               acc = mmaAccumulator16x8({32, 16}, one);
  EXPECT_EQ(whyNot(a, b, acc), "");
  EXPECT_EQ(whyNot(mmaOperandA({32, 16}, one, 16), b, acc),
            "has inner sizes that differ: a has K=16, b has K=32");
  EXPECT_EQ(whyNot(mmaOperandA({16, 32}, one, 16), b, acc),
            "has outer sizes that differ: 16 rows of a, 16 columns of b, acc is 32x16");
  EXPECT_EQ(whyNot(mmaOperandA({2, 32, 32}, {1, 1, 1}, 16), b, acc),
            "multiplies matrices or equal batches of them");
  EXPECT_NE(whyNot(mmaOperandA({32, 32}, one, 8), b, acc).find("has b in a layout"),
            std::string::npos);
  EXPECT_NE(whyNot(a, mmaOperandB({32, 16}, one, 32), acc).find("has b in a layout"),
            std::string::npos);
  EXPECT_NE(whyNot(mmaOperandA({32, 32}, two, 16), b, acc).find("has a on other warps than acc"),
            std::string::npos);
  EXPECT_NE(whyNot(a, mmaOperandB({32, 16}, {1, 2}, 16), acc).find("has b on other warps"),
            std::string::npos);
}

TEST(MmaPlan, RefusesSparseInstructionsAndElementsThatDoNotFit) {
  LinearLayout a = mmaOperandA({16, 16}, {1, 1}, 16), b = mmaOperandB({16, 8}, {1, 1}, 16),
               acc = mmaAccumulator16x8({16, 8}, {1, 1});
  const MmaInstruction &sparse =
      *mmaByName("mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32");
  for (auto [row, bits] : {std::pair(&sparse, 16u), std::pair(&halves(), 8u)}) {
    llvm::Expected<MmaPlan> plan = planMma(*row, {a, b, acc, bits, bits});
    ASSERT_FALSE(bool(plan));
    EXPECT_NE(llvm::toString(plan.takeError()).find("can't plan"), std::string::npos);
  }
}
