// Conversion plans, executed on simulated threads.
#include "dialects/Layout/LayoutConstructors.h"
#include "test/unit/Layout/RandomLayouts.h"
#include "test/unit/Layout/SimulatePlan.h"

#include <gtest/gtest.h>

using namespace cosmati;
using cosmati::test::planAndRun;
using cosmati::test::RandomLayouts;
using cosmati::test::unwrap;

namespace {

constexpr unsigned kWidths[] = {1, 8, 16, 32, 64};

ConversionKind kindOf(const LinearLayout &source, const LinearLayout &destination) {
  return planAndRun(source, destination, 32).kind;
}

//===----------------------------------------------------------------------------------------------===//
// Choice of the kind
//===----------------------------------------------------------------------------------------------===//

TEST(Conversion, EqualLayoutsNeedNothing) {
  LinearLayout layout = blockedLayout({64, 64}, {1, 4}, {4, 8}, {4, 1}, {1, 0});
  EXPECT_EQ(kindOf(layout, layout), ConversionKind::Identity);
}

TEST(Conversion, RenamedRegistersArePermuted) {
  LinearLayout a = unwrap(LinearLayout::parse(
      "register = [[1], [2]], lane = [[4], [8], [16], [32], [64]], warp = [], block = [], "
      "shape = [128]"));
  LinearLayout b = unwrap(LinearLayout::parse(
      "register = [[2], [1]], lane = [[4], [8], [16], [32], [64]], warp = [], block = [], "
      "shape = [128]"));
  ConversionPlan plan = planAndRun(a, b, 32);
  EXPECT_EQ(plan.kind, ConversionKind::RegisterPermute);
  EXPECT_EQ(plan.sourceRegister, (llvm::SmallVector<int32_t, 16>{0, 2, 1, 3}));
}

TEST(Conversion, BroadcastOfASliceStaysInTheThread) {
  LinearLayout parent = blockedLayout({16, 64}, {2, 4}, {4, 8}, {2, 2}, {1, 0});
  LinearLayout row = sliceLayout(parent, 1).expandDims(1);
  EXPECT_EQ(kindOf(row, parent.collapseDim(1)), ConversionKind::RegisterPermute);
}

TEST(Conversion, ReplicatedDataIsTakenFromTheOwnThread) {
  LinearLayout everywhere = blockedLayout({4}, {4}, {32}, {4}, {0});
  LinearLayout one = blockedLayout({4}, {1}, {32}, {4}, {0});
  EXPECT_NE(kindOf(everywhere, one), ConversionKind::SharedMemory);
}

TEST(Conversion, LanesWithinAWarpAreShuffled) {
  LinearLayout rows = blockedLayout({8, 8}, {1, 2}, {8, 4}, {1, 1}, {1, 0});
  LinearLayout columns = blockedLayout({8, 8}, {2, 1}, {4, 8}, {1, 1}, {0, 1});
  EXPECT_EQ(kindOf(rows, columns), ConversionKind::WarpShuffle);
}

TEST(Conversion, OtherWarpsGoThroughSharedMemory) {
  LinearLayout a = blockedLayout({64, 64}, {1, 4}, {4, 8}, {4, 1}, {1, 0});
  LinearLayout b = blockedLayout({64, 64}, {1, 4}, {4, 8}, {1, 4}, {1, 0});
  ConversionPlan plan = planAndRun(a, b, 32);
  EXPECT_EQ(plan.kind, ConversionKind::SharedMemory);
  EXPECT_EQ(plan.shared.bytes, 64 * 64 * 4);
  EXPECT_FALSE(plan.shared.withinWarp);
}

TEST(Conversion, ManyShufflesGiveWayToSharedMemoryUnlessAvoided) {
  LinearLayout rows = blockedLayout({64, 64}, {1, 64}, {32, 1}, {1, 1}, {1, 0});
  LinearLayout columns = blockedLayout({64, 64}, {64, 1}, {1, 32}, {1, 1}, {0, 1});
  ConversionPlan shared = planAndRun(rows, columns, 32);
  EXPECT_EQ(shared.kind, ConversionKind::SharedMemory);
  EXPECT_TRUE(shared.shared.withinWarp);
  ConversionOptions options;
  options.avoidSharedMemory = true;
  EXPECT_EQ(planAndRun(rows, columns, 32, options).kind, ConversionKind::WarpShuffle);
  options = {};
  options.allowShuffles = false;
  LinearLayout small = blockedLayout({8, 8}, {1, 2}, {8, 4}, {1, 1}, {1, 0});
  EXPECT_EQ(planAndRun(small, small.transpose({1, 0}), 32, options).kind,
            ConversionKind::SharedMemory);
}

//===----------------------------------------------------------------------------------------------===//
// Cost of shuffles
//===----------------------------------------------------------------------------------------------===//

TEST(Shuffle, TwoByTwoTranspositionTakesOneShuffle) {
  LinearLayout a = unwrap(LinearLayout::parse(
      "register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]"));
  LinearLayout b = unwrap(LinearLayout::parse(
      "register = [[2]], lane = [[1], [4], [8], [16], [32]], warp = [], block = [], shape = [64]"));
  ConversionPlan plan = planAndRun(a, b, 32);
  ASSERT_EQ(plan.kind, ConversionKind::WarpShuffle);
  EXPECT_EQ(plan.shuffle.shuffleCount(), 1);
  EXPECT_EQ(plan.shuffle.selectCount(), 4);
  EXPECT_TRUE(plan.shuffle.isButterfly);
}

TEST(Shuffle, TheExampleOfTheDocumentationTakesTwoShufflesAndTwoSwaps) {
  LinearLayout rows = blockedLayout({8, 8}, {1, 2}, {8, 4}, {1, 1}, {1, 0});
  LinearLayout columns = blockedLayout({8, 8}, {2, 1}, {4, 8}, {1, 1}, {0, 1});
  ShufflePlan plan = planAndRun(rows, columns, 32).shuffle;
  EXPECT_EQ(plan.shuffleCount(), 2);
  ASSERT_EQ(plan.sendStages.size(), 1u);
  ASSERT_EQ(plan.receiveStages.size(), 1u);
  EXPECT_EQ(plan.sendStages[0].condition.lanes, 4u);
  EXPECT_EQ(plan.receiveStages[0].condition.lanes, 4u);
  EXPECT_EQ(plan.rounds[1].laneXor, 4u);
}

TEST(Shuffle, PureLanePermutationTakesOneShuffleForEachRegister) {
  LinearLayout a = blockedLayout({4, 8, 2}, {1, 1, 2}, {4, 8, 1}, {1, 1, 1}, {2, 1, 0});
  LinearLayout b = blockedLayout({4, 8, 2}, {1, 1, 2}, {4, 8, 1}, {1, 1, 1}, {2, 0, 1});
  ConversionPlan plan = planAndRun(a, b, 32);
  ASSERT_EQ(plan.kind, ConversionKind::WarpShuffle);
  EXPECT_EQ(plan.shuffle.shuffleCount(), 2);
  EXPECT_EQ(plan.shuffle.selectCount(), 0);
  // Two 16-bit elements travel in one word.
  EXPECT_EQ(planAndRun(a, b, 16).shuffle.shuffleCount(), 1);
}

TEST(Shuffle, AccumulatorToOperandAOfTheSameTypeNeedsNoLane) {
  // The classic of attention: the result of one mma feeds the next as its left operand.
  LinearLayout c = mmaAccumulator16x8({16, 16}, {1, 1}), a = mmaOperandA({16, 16}, {1, 1}, 16);
  EXPECT_EQ(kindOf(c, a), ConversionKind::Identity);
  // For 8-bit operands lanes must exchange.
  EXPECT_EQ(kindOf(mmaAccumulator16x8({16, 32}, {1, 1}), mmaOperandA({16, 32}, {1, 1}, 8)),
            ConversionKind::WarpShuffle);
}

TEST(Shuffle, NeverTakesMoreRoundsThanRegistersIfNothingReplicates) {
  RandomLayouts random(50);
  ConversionOptions options;
  options.avoidSharedMemory = true;
  for (int i = 0; i < 200; ++i) {
    LayoutSpace threads = RandomLayouts::threads(3, 0), tensor = LayoutSpace::tensor({16, 16});
    LinearLayout source = random.fullRank(threads, tensor);
    ConversionPlan plan = planAndRun(source, random.fullRank(threads, tensor), 32, options);
    if (plan.kind == ConversionKind::WarpShuffle) {
      EXPECT_EQ(plan.shuffle.rounds.size(), 8u);
    }
  }
}

//===----------------------------------------------------------------------------------------------===//
// Correctness on random pairs
//===----------------------------------------------------------------------------------------------===//

/// How the layouts of a random pair are drawn.
struct Pairs {
  unsigned sourceRegisters, destinationRegisters, warps, blocks;
  llvm::SmallVector<int64_t, 2> shape;
};

class RandomPairs : public ::testing::TestWithParam<int> {};

TEST_P(RandomPairs, PlanDeliversEveryElement) {
  const Pairs cases[] = {
      {3, 3, 0, 0, {16, 16}}, // bijective, one warp
      {2, 4, 0, 0, {8, 16}},  // more destination registers than elements
      {5, 1, 0, 0, {8, 4}},   // the source replicates in registers and lanes
      {0, 0, 0, 0, {8, 2}},   // lanes replicate
      {3, 3, 2, 0, {32, 32}}, // several warps
      {4, 2, 2, 0, {16, 16}}, // warps replicate
      {2, 2, 1, 1, {16, 16}}, // a cluster
  };
  RandomLayouts random(60 + GetParam());
  for (const Pairs &c : cases)
    for (int trial = 0; trial < 60; ++trial) {
      LayoutSpace tensor = LayoutSpace::tensor(c.shape);
      LayoutSpace from = RandomLayouts::threads(c.sourceRegisters, c.warps);
      LayoutSpace to = RandomLayouts::threads(c.destinationRegisters, c.warps);
      bool simple = trial % 2;
      LinearLayout source =
          simple ? random.permutation(from, tensor) : random.fullRank(from, tensor);
      LinearLayout destination = trial % 3 == 0 && to.totalBits() >= tensor.totalBits()
                                     ? random.permutation(to, tensor)
                                     : random.any(to, tensor);
      if (c.blocks) {
        LinearLayout split = LinearLayout::identity1D(2, LayoutDim::Block, tensorDim(0));
        source *= split;
        destination *= split;
      }
      for (unsigned width : kWidths)
        for (bool avoid : {false, true}) {
          ConversionOptions options;
          options.avoidSharedMemory = avoid;
          ASSERT_NO_THROW(planAndRun(source, destination, width, options));
          options.allowShuffles = avoid;
          ASSERT_NO_THROW(planAndRun(source, destination, width, options));
        }
    }
}

TEST_P(RandomPairs, ShuffleWithinWarpsDependingOnTheWarp) {
  // Warp bits that appear in the source replicate or index registers and lanes differently.
  RandomLayouts random(80 + GetParam());
  LayoutSpace place({{LayoutDim::Register, 4}, {LayoutDim::Lane, 32}});
  ConversionOptions options;
  options.avoidSharedMemory = true;
  int shuffles = 0;
  for (int trial = 0; trial < 100; ++trial) {
    LayoutSpace tensor = LayoutSpace::tensor({8, 16});
    LinearLayout perWarp = random.fullRank(place, tensor);
    LinearLayout source = perWarp * LinearLayout::zeros1D(4, LayoutDim::Warp, tensorDim(0));
    source = source.withInputs({LayoutDim::Block});
    LinearLayout destination = random.any(RandomLayouts::threads(random.number(0, 3), 2), tensor);
    ConversionPlan plan = planAndRun(source, destination, 32, options);
    shuffles += plan.kind == ConversionKind::WarpShuffle;
  }
  EXPECT_GT(shuffles, 90);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPairs, ::testing::Range(0, 4));

//===----------------------------------------------------------------------------------------------===//
// Swizzles
//===----------------------------------------------------------------------------------------------===//

TEST(Swizzle, BlockedPairsAreFreeOfConflicts) {
  ConversionOptions options;
  options.allowShuffles = false;
  for (unsigned bits : {8u, 16u, 32u, 64u})
    for (int64_t vectorA : {1, 2, 4, 8})
      for (int64_t vectorB : {1, 2, 4, 8}) {
        LinearLayout rows = blockedLayout({64, 128}, {1, vectorA}, {4, 8}, {2, 2}, {1, 0});
        LinearLayout columns = blockedLayout({64, 128}, {vectorB, 1}, {8, 4}, {2, 2}, {0, 1});
        LinearLayout other = blockedLayout({64, 128}, {1, vectorB}, {2, 16}, {4, 1}, {1, 0});
        for (const LinearLayout *destination : {&columns, &other}) {
          ConversionPlan plan = planAndRun(rows, *destination, bits, options);
          if (plan.kind != ConversionKind::SharedMemory)
            continue;
          EXPECT_TRUE(plan.shared.storeConflicts.free() && plan.shared.loadConflicts.free())
              << bits << " bits, " << vectorA << " to " << vectorB << ": "
              << plan.shared.shared.toString();
        }
      }
}

TEST(Swizzle, CommonVectorsAreUsedOnBothSides) {
  LinearLayout a = blockedLayout({64, 64}, {1, 8}, {4, 8}, {4, 1}, {1, 0});
  LinearLayout b = blockedLayout({64, 64}, {1, 8}, {4, 8}, {1, 4}, {1, 0});
  ConversionPlan plan = planAndRun(a, b, 16);
  EXPECT_EQ(plan.shared.stores.width, 8);
  EXPECT_EQ(plan.shared.loads.width, 8);
}

TEST(Swizzle, TranspositionVectorizesOneSide) {
  LinearLayout a = blockedLayout({64, 64}, {1, 4}, {4, 8}, {4, 1}, {1, 0});
  LinearLayout b = blockedLayout({64, 64}, {4, 1}, {8, 4}, {1, 4}, {0, 1});
  ConversionPlan plan = planAndRun(a, b, 32);
  EXPECT_EQ(std::max(plan.shared.stores.width, plan.shared.loads.width), 4);
  EXPECT_TRUE(plan.shared.storeConflicts.free() && plan.shared.loadConflicts.free());
}

TEST(Swizzle, MmaFragmentsAreFreeOfConflicts) {
  LinearLayout blocked = blockedLayout({128, 64}, {1, 8}, {4, 8}, {4, 1}, {1, 0});
  LinearLayout a = mmaOperandA({128, 64}, {2, 2}, 16);
  LinearLayout c = mmaAccumulator16x8({128, 64}, {2, 2});
  for (const LinearLayout *fragment : {&a, &c}) {
    ConversionPlan in = planAndRun(blocked, *fragment, 16),
                   out = planAndRun(*fragment, blocked, 32);
    EXPECT_TRUE(in.shared.storeConflicts.free() && in.shared.loadConflicts.free());
    EXPECT_TRUE(out.shared.storeConflicts.free() && out.shared.loadConflicts.free());
  }
}

TEST(Swizzle, RandomPermutationLayoutsAreFreeOfConflicts) {
  RandomLayouts random(70);
  ConversionOptions options;
  options.allowShuffles = false;
  for (int i = 0; i < 200; ++i) {
    LayoutSpace threads = RandomLayouts::threads(4, 2), tensor = LayoutSpace::tensor({64, 32});
    LinearLayout a = random.permutation(threads, tensor), b = random.permutation(threads, tensor);
    for (unsigned bits : {8u, 16u, 32u}) {
      ConversionPlan plan = planAndRun(a, b, bits, options);
      if (plan.kind == ConversionKind::SharedMemory) {
        EXPECT_TRUE(plan.shared.storeConflicts.free() && plan.shared.loadConflicts.free())
            << a.toString() << "\n"
            << b.toString() << "\n"
            << plan.shared.shared.toString() << "\n"
            << plan.shared.stores.width << ' ' << plan.shared.storeConflicts.wavefronts << ' '
            << plan.shared.loads.width << ' ' << plan.shared.loadConflicts.wavefronts;
      }
    }
  }
}

//===----------------------------------------------------------------------------------------------===//
// Refusals
//===----------------------------------------------------------------------------------------------===//

TEST(Conversion, ErrorsNameWhatIsWrong) {
  auto reason = [](const LinearLayout &a, const LinearLayout &b) {
    llvm::Expected<ConversionPlan> plan = planConversion(a, b, 32);
    return plan ? "no error" : llvm::toString(plan.takeError());
  };
  LinearLayout base = blockedLayout({32, 2}, {1, 1}, {32, 1}, {1, 1}, {1, 0});
  EXPECT_NE(reason(base, base.reshape({64})).find("different shapes"), std::string::npos);
  LinearLayout warps = blockedLayout({32, 2}, {1, 1}, {32, 1}, {1, 2}, {1, 0});
  EXPECT_NE(reason(base, warps).find("from 1 to 2 in dim warp"), std::string::npos);
  LinearLayout half = base.sublayout({LayoutDim::Lane, LayoutDim::Warp, LayoutDim::Block},
                                     {tensorDim(0), tensorDim(1)});
  EXPECT_NE(reason(half, base).find("does not hold every element"), std::string::npos);
  LinearLayout upper = blockedLayout({32, 2}, {1, 1}, {32, 1}, {1, 1}, {1, 0}, {2, 1});
  LinearLayout left = blockedLayout({32, 2}, {1, 1}, {32, 1}, {1, 1}, {1, 0}, {1, 2});
  EXPECT_NE(reason(upper, left).find("between the CTAs"), std::string::npos);
}

TEST(PlaceExpr, PossibleBitsBoundEveryValue) {
  RandomLayouts random(71);
  LinearLayout layout =
      random.any(RandomLayouts::threads(0, 2), LayoutSpace({{LayoutDim::Offset, 256}}));
  PlaceExpr expr = PlaceExpr::of(layout, LayoutDim::Offset);
  for (uint32_t lane = 0; lane < 32; ++lane)
    for (uint32_t warp = 0; warp < 4; ++warp) {
      uint32_t value = expr.evaluate({lane, warp, 0});
      EXPECT_EQ(value, layout.applyFlat(lane | warp << 5));
      EXPECT_EQ(value & ~expr.possibleBits(), 0u);
    }
}

} // namespace
