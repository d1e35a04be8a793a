// Which tiles of sparse blocks meet, and why some blocks can't be multiplied.
#include "dialects/TileGPU/IR/MmaSparsePlan.h"
#include "dialects/Layout/LayoutConstructors.h"

#include <array>
#include <gtest/gtest.h>

using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

using Warps = std::array<int64_t, 2>;

const MmaInstruction &halves() {
  return *mmaByName("mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32");
}

LinearLayout words(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> warps) {
  return mmaLayoutMetadataWords(halves(), shape, warps);
}

/// The plan's error; empty where there is a plan.
std::string whyNot(const LinearLayout &a, const LinearLayout &metadata, const LinearLayout &b,
                   const LinearLayout &acc) {
  llvm::Expected<MmaSparsePlan> plan = planMmaSparse(halves(), {a, metadata, b, acc, 16, 16});
  return plan ? "" : llvm::toString(plan.takeError());
}

/// The first element of a tile in one warp.
llvm::SmallVector<int32_t, 4> origin(const LinearLayout &layout, const TilePlaces &places,
                                     int32_t tile, int32_t warp) {
  return layout.apply(
      {{LayoutDim::Register, places.blockRegister(tile, 0)}, {LayoutDim::Warp, warp}});
}

} // namespace

TEST(MmaSparsePlan, WordsAreTwoRegistersOfEachThread) {
  for (const MmaInstruction &row : mmaTable())
    if (row.sparse) {
      LinearLayout tile = mmaTileMetadataWords(row);
      EXPECT_EQ(tile.inSize(LayoutDim::Register), 2) << row.ptx.str();
      EXPECT_EQ(tile.shape()[1] * mmaMetadataStep(row), row.k) << row.ptx.str();
      EXPECT_TRUE(tile.isSurjective()) << row.ptx.str();
    }
}

TEST(MmaSparsePlan, EveryStepAddsWhatBelongsTogether) {
  for (Warps warps : {Warps{1, 1}, Warps{4, 1}, Warps{1, 4}, Warps{2, 2}, Warps{8, 1}}) {
    LinearLayout a = mmaOperandA({64, 64}, warps, 16), metadata = words({64, 8}, warps),
                 b = mmaOperandB({128, 32}, warps, 16), acc = mmaAccumulator16x8({64, 32}, warps);
    llvm::Expected<MmaSparsePlan> plan = planMmaSparse(halves(), {a, metadata, b, acc, 16, 16});
    ASSERT_TRUE(bool(plan)) << llvm::toString(plan.takeError());
    EXPECT_EQ(plan->steps.size(), size_t(plan->acc.tiles() * 4));
    for (const MmaSparseStep &step : plan->steps)
      for (int32_t warp = 0; warp < acc.inSize(LayoutDim::Warp); ++warp) {
        auto left = origin(a, plan->a, step.a, warp),
             codes = origin(metadata, plan->metadata, step.metadata, warp),
             right = origin(b, plan->b, step.b, warp), sum = origin(acc, plan->acc, step.acc, warp);
        EXPECT_EQ(left[0], sum[0]);
        EXPECT_EQ(codes[0], sum[0]);
        EXPECT_EQ(right[1], sum[1]);
        EXPECT_EQ(2 * left[1], right[0]);
        EXPECT_EQ(16 * codes[1], right[0]);
      }
  }
}

TEST(MmaSparsePlan, BatchesKeepApart) {
  int64_t warps[] = {2, 2, 1};
  EXPECT_EQ(whyNot(mmaOperandA({4, 32, 32}, warps, 16), words({4, 32, 4}, warps),
                   mmaOperandB({4, 64, 16}, warps, 16), mmaAccumulator16x8({4, 32, 16}, warps)),
            "");
}

TEST(MmaSparsePlan, RefusesWhatIsNoProduct) {
  Warps one{1, 1}, two{2, 1}, across{1, 2};
  LinearLayout a = mmaOperandA({32, 32}, one, 16), e = words({32, 4}, one),
               b = mmaOperandB({64, 8}, one, 16), acc = mmaAccumulator16x8({32, 8}, one);
  EXPECT_EQ(whyNot(a, e, b, acc), "");
  EXPECT_EQ(whyNot(a, words({32, 8}, one), b, acc),
            "has blocks that are no product of whole instructions: a is 32x32, metadata 32x8, b "
            "64x8, acc 32x8");
  EXPECT_EQ(whyNot(a, e, mmaOperandB({2, 64, 8}, std::array<int64_t, 3>{1, 1, 1}, 16), acc),
            "multiplies matrices or equal batches of them; b is 2x64x8, acc is 32x8");
  EXPECT_TRUE(llvm::StringRef(whyNot(a, mmaOperandA({32, 4}, one, 16), b, acc))
                  .starts_with("has metadata in a layout that isn't made of the fragments of"));
  LinearLayout accTwo = mmaAccumulator16x8({32, 8}, two), aTwo = mmaOperandA({32, 32}, two, 16),
               bTwo = mmaOperandB({64, 8}, two, 16);
  EXPECT_EQ(whyNot(aTwo, words({32, 4}, two), bTwo, accTwo), "");
  EXPECT_TRUE(llvm::StringRef(whyNot(aTwo, words({32, 4}, across), bTwo, accTwo))
                  .starts_with("has metadata on other warps than acc"));
}

TEST(MmaSparsePlan, RefusesDenseInstructions) {
  const MmaInstruction &dense = *mmaByName("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32");
  Warps one{1, 1};
  LinearLayout a = mmaOperandA({16, 16}, one, 16), b = mmaOperandB({32, 8}, one, 16),
               acc = mmaAccumulator16x8({16, 8}, one), e = words({16, 2}, one);
  llvm::Expected<MmaSparsePlan> plan = planMmaSparse(dense, {a, e, b, acc, 16, 16});
  ASSERT_FALSE(bool(plan));
  EXPECT_EQ(llvm::toString(plan.takeError()),
            "can't plan mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 with elements of 16 and "
            "16 bits");
}
