// Each constructor against the plain arithmetic that defines it.
#include "dialects/Layout/LayoutConstructors.h"
#include "test/unit/Layout/RandomLayouts.h"

#include <gtest/gtest.h>

using namespace cosmati;

namespace {

using Point = llvm::SmallVector<int32_t, 4>;

Point place(const LinearLayout &layout, int32_t reg, int32_t lane, int32_t warp = 0,
            int32_t block = 0) {
  return layout.apply({{LayoutDim::Register, reg},
                       {LayoutDim::Lane, lane},
                       {LayoutDim::Warp, warp},
                       {LayoutDim::Block, block}});
}

TEST(Blocked, FillsTheTileRegistersFirst) {
  LinearLayout layout = blockedLayout({16, 64}, {1, 4}, {4, 8}, {2, 2}, {1, 0});
  EXPECT_EQ(layout.inSize(LayoutDim::Register), 8); // 16x64 over 128 threads
  for (int32_t lane = 0; lane < 32; ++lane)
    for (int32_t warp = 0; warp < 4; ++warp)
      for (int32_t reg = 0; reg < 8; ++reg) {
        int32_t row = lane / 8 + 4 * (warp / 2) + 8 * (reg / 4);
        int32_t column = reg % 4 + 4 * (lane % 8) + 32 * (warp % 2);
        EXPECT_EQ(place(layout, reg, lane, warp), (Point{row, column}));
      }
}

TEST(Blocked, OrderSaysWhichDimIsFastest) {
  LinearLayout layout = blockedLayout({64, 16}, {4, 1}, {8, 4}, {2, 2}, {0, 1});
  for (int32_t lane = 0; lane < 32; ++lane)
    EXPECT_EQ(place(layout, 3, lane), (Point{3 + 4 * (lane % 8), lane / 8}));
}

TEST(Blocked, LargerThanTheTensorReplicatesInThreadsNotInRegisters) {
  LinearLayout layout = blockedLayout({32}, {4}, {32}, {4}, {0});
  EXPECT_EQ(layout.toString(), "register = [[1], [2]], lane = [[4], [8], [16], [0], [0]], "
                               "warp = [[0], [0]], block = [], shape = [32]");
  LinearLayout tiny = blockedLayout({2}, {4}, {32}, {1}, {0});
  EXPECT_EQ(tiny.inSize(LayoutDim::Register), 2);
}

TEST(Blocked, CtasSplitTheTensor) {
  LinearLayout layout = blockedLayout({8, 64}, {1, 1}, {1, 32}, {1, 1}, {1, 0}, {2, 1});
  EXPECT_EQ(place(layout, 0, 0, 0, 1), (Point{4, 0}));
  EXPECT_EQ(layout.inSize(LayoutDim::Register), 8);
  EXPECT_TRUE(layout.isInvertible());
}

TEST(Blocked, RankZeroReplicatesTheScalar) {
  LinearLayout layout = blockedLayout({}, {}, {}, {}, {});
  EXPECT_EQ(layout.inSize(LayoutDim::Register), 1);
  EXPECT_TRUE(layout.isSurjective());
}

TEST(Blocked, CheckNamesTheParameter) {
  auto reason = [](llvm::Error error) { return llvm::toString(std::move(error)); };
  EXPECT_EQ(reason(checkBlocked({16}, {3}, {32}, {1}, {0})),
            "sizePerThread must be powers of two, found 3");
  EXPECT_EQ(reason(checkBlocked({16}, {1}, {16}, {1}, {0})),
            "threadsPerWarp multiply to 16, a warp has 32 lanes");
  EXPECT_EQ(reason(checkBlocked({16, 16}, {1, 1}, {32, 1}, {1, 1}, {0, 0})),
            "order is no permutation: dim 1 is missing");
  EXPECT_EQ(reason(checkBlocked({16, 16}, {1}, {32, 1}, {1, 1}, {0, 1})),
            "sizePerThread has 1 entries, the tensor has rank 2");
}

TEST(Blocked, DefaultParametersCoverAnyShapeOnce) {
  for (int64_t rows : {1, 4, 64, 256})
    for (int64_t columns : {1, 2, 32, 512})
      for (int64_t warps : {1, 4, 8})
        for (int64_t vector : {1, 8}) {
          BlockedParameters parameters = defaultBlockedParameters({rows, columns}, warps, vector);
          LinearLayout layout = blockedLayout({rows, columns}, parameters);
          EXPECT_TRUE(layout.isSurjective());
          EXPECT_EQ(layout.inSize(LayoutDim::Lane), 32);
          EXPECT_EQ(layout.inSize(LayoutDim::Warp), warps);
          int64_t least = std::max<int64_t>(
              {1, rows * columns / (32 * warps), std::min<int64_t>(vector, columns)});
          EXPECT_EQ(layout.inSize(LayoutDim::Register), least);
        }
}

TEST(Slice, IsTheParentWithoutOneDim) {
  LinearLayout parent = blockedLayout({16, 64}, {2, 4}, {4, 8}, {2, 2}, {1, 0});
  LinearLayout rows = sliceLayout(parent, 1);
  EXPECT_EQ(rows.toString(), "register = [[1]], lane = [[0], [0], [0], [2], [4]], "
                             "warp = [[0], [8]], block = [], shape = [16]");
  // Expanding it again broadcasts against the parent inside each thread.
  LinearLayout collapsed = parent.collapseDim(1);
  LinearLayout conversion = *collapsed.invertAndCompose(rows.expandDims(1));
  EXPECT_TRUE(conversion.isIdentityOn(LayoutDim::Lane));
  EXPECT_TRUE(conversion.isIdentityOn(LayoutDim::Warp));
}

TEST(Shared, RowMajorHasTheLastDimFastest) {
  LinearLayout layout = sharedRowMajor({4, 8});
  EXPECT_EQ(layout.toString(),
            "offset = [[0, 1], [0, 2], [0, 4], [1, 0], [2, 0]], block = [], shape = [4, 8]");
}

TEST(Shared, SwizzleFollowsItsFormula) {
  struct Case {
    int64_t vec, perPhase, maxPhase;
  };
  for (Case c : {Case{1, 1, 1}, {8, 1, 8}, {4, 2, 4}, {1, 1, 32}, {8, 4, 2}, {4, 1, 32}}) {
    LinearLayout layout = swizzledShared({32, 64}, c.vec, c.perPhase, c.maxPhase, {1, 0});
    LinearLayout toOffset = *layout.inverse();
    for (int32_t i = 0; i < 32; ++i)
      for (int32_t j = 0; j < 64; ++j) {
        int64_t phase = (i / c.perPhase) % c.maxPhase;
        int64_t group = ((j / c.vec) ^ phase) % (64 / c.vec);
        int64_t expected = i * 64 + group * c.vec + j % c.vec;
        EXPECT_EQ(toOffset.apply({{tensorDim(0), i}, {tensorDim(1), j}})[1], expected);
      }
  }
}

TEST(Shared, SwizzleOfATransposedOrder) {
  LinearLayout layout = swizzledShared({64, 32}, 8, 1, 8, {0, 1});
  EXPECT_EQ(layout, swizzledShared({32, 64}, 8, 1, 8, {1, 0}).transpose({1, 0}));
}

//===----------------------------------------------------------------------------------------------===//
// mma.m16n8k*: the formulas as the PTX ISA prints them, with groupID = lane >> 2 and
// threadID_in_group = lane % 4.
//===----------------------------------------------------------------------------------------------===//

TEST(Mma, AccumulatorIsTheIsaFragment) {
  LinearLayout layout = mmaAccumulator16x8({16, 8}, {1, 1});
  EXPECT_TRUE(layout.isInvertible());
  for (int32_t lane = 0; lane < 32; ++lane)
    for (int32_t i = 0; i < 4; ++i) {
      int32_t row = i < 2 ? lane >> 2 : (lane >> 2) + 8;
      int32_t column = (lane % 4) * 2 + (i & 1);
      EXPECT_EQ(place(layout, i, lane), (Point{row, column}));
    }
}

TEST(Mma, OperandA16IsTheIsaFragment) {
  LinearLayout layout = mmaOperandA({16, 16}, {1, 1}, 16);
  EXPECT_TRUE(layout.isInvertible());
  for (int32_t lane = 0; lane < 32; ++lane)
    for (int32_t i = 0; i < 8; ++i) {
      bool upper = !((0 <= i && i < 2) || (4 <= i && i < 6));
      int32_t row = upper ? (lane >> 2) + 8 : lane >> 2;
      int32_t column = i < 4 ? (lane % 4) * 2 + (i & 1) : (lane % 4) * 2 + (i & 1) + 8;
      EXPECT_EQ(place(layout, i, lane), (Point{row, column}));
    }
}

TEST(Mma, OperandB16IsTheIsaFragment) {
  LinearLayout layout = mmaOperandB({16, 8}, {1, 1}, 16);
  EXPECT_TRUE(layout.isInvertible());
  for (int32_t lane = 0; lane < 32; ++lane)
    for (int32_t i = 0; i < 4; ++i) {
      int32_t row = (lane % 4) * 2 + (i & 1) + (i >= 2 ? 8 : 0);
      EXPECT_EQ(place(layout, i, lane), (Point{row, lane >> 2}));
    }
}

TEST(Mma, Operands8AreTheIsaFragments) {
  LinearLayout a = mmaOperandA({16, 32}, {1, 1}, 8), b = mmaOperandB({32, 8}, {1, 1}, 8);
  for (int32_t lane = 0; lane < 32; ++lane) {
    for (int32_t i = 0; i < 16; ++i) {
      bool lower = (0 <= i && i < 4) || (8 <= i && i < 12);
      int32_t row = lower ? lane >> 2 : (lane >> 2) + 8;
      int32_t column = (lane % 4) * 4 + (i & 3) + (i >= 8 ? 16 : 0);
      EXPECT_EQ(place(a, i, lane), (Point{row, column}));
    }
    for (int32_t i = 0; i < 8; ++i) {
      int32_t row = (lane % 4) * 4 + (i & 3) + (i >= 4 ? 16 : 0);
      EXPECT_EQ(place(b, i, lane), (Point{row, lane >> 2}));
    }
  }
}

TEST(Mma, OperandsTf32AreTheIsaFragments) {
  LinearLayout a = mmaOperandA({16, 8}, {1, 1}, 32), b = mmaOperandB({8, 8}, {1, 1}, 32);
  for (int32_t lane = 0; lane < 32; ++lane) {
    for (int32_t i = 0; i < 4; ++i) {
      int32_t row = (i == 0 || i == 2) ? lane >> 2 : (lane >> 2) + 8;
      int32_t column = (i == 0 || i == 1) ? lane % 4 : lane % 4 + 4;
      EXPECT_EQ(place(a, i, lane), (Point{row, column}));
    }
    for (int32_t i = 0; i < 2; ++i)
      EXPECT_EQ(place(b, i, lane), (Point{lane % 4 + 4 * i, lane >> 2}));
  }
}

TEST(Mma, Operands4AreTheIsaFragments) {
  LinearLayout a = mmaOperandA({16, 64}, {1, 1}, 4), b = mmaOperandB({64, 8}, {1, 1}, 4);
  for (int32_t lane = 0; lane < 32; ++lane) {
    for (int32_t i = 0; i < 32; ++i) {
      bool lower = (0 <= i && i < 8) || (16 <= i && i < 24);
      int32_t row = lower ? lane >> 2 : (lane >> 2) + 8;
      int32_t column = (lane % 4) * 8 + (i & 7) + (i >= 16 ? 32 : 0);
      EXPECT_EQ(place(a, i, lane), (Point{row, column}));
    }
    for (int32_t i = 0; i < 16; ++i) {
      int32_t row = (lane % 4) * 8 + (i & 7) + (i >= 8 ? 32 : 0);
      EXPECT_EQ(place(b, i, lane), (Point{row, lane >> 2}));
    }
  }
}

TEST(Mma, WarpsReplicateTheOperandThatTheyShare) {
  LinearLayout c = mmaAccumulator16x8({64, 32}, {4, 2});
  LinearLayout a = mmaOperandA({64, 32}, {4, 2}, 16), b = mmaOperandB({32, 32}, {4, 2}, 16);
  for (const LinearLayout *layout : {&a, &b, &c})
    EXPECT_TRUE(layout->isSurjective());
  for (int32_t warp = 0; warp < 8; ++warp) {
    Point tile = place(c, 0, 0, warp);
    EXPECT_EQ(tile, (Point{16 * (warp / 2), 8 * (warp % 2)}));
    EXPECT_EQ(place(a, 0, 0, warp), (Point{tile[0], 0}));
    EXPECT_EQ(place(b, 0, 0, warp), (Point{0, tile[1]}));
  }
}

TEST(Mma, BatchesAreLeadingDims) {
  LinearLayout c = mmaAccumulator16x8({2, 16, 8}, {2, 1, 1});
  EXPECT_EQ(place(c, 2, 4, 1), (Point{1, 9, 0}));
}

} // namespace
