// Vector widths, replication and bank conflicts, the latter against a bank-by-bank count.
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/LayoutQueries.h"
#include "test/unit/Layout/RandomLayouts.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

using namespace cosmati;
using cosmati::test::RandomLayouts;
using cosmati::test::unwrap;

namespace {

TEST(VectorWidth, IsTheContiguousRunOfRegisters) {
  EXPECT_EQ(vectorWidth(blockedLayout({16, 64}, {1, 8}, {4, 8}, {1, 1}, {1, 0})), 8);
  EXPECT_EQ(vectorWidth(blockedLayout({16, 64}, {1, 8}, {4, 8}, {1, 1}, {1, 0}), {}, 4), 4);
  EXPECT_EQ(vectorWidth(blockedLayout({16, 64}, {1, 8}, {4, 8}, {1, 1}, {1, 0}), {0, 1}), 1);
  EXPECT_EQ(vectorWidth(blockedLayout({16, 64}, {2, 1}, {8, 4}, {1, 1}, {0, 1}), {0, 1}), 2);
}

TEST(VectorWidth, DoesNotCrossTheFastestDim) {
  EXPECT_EQ(vectorWidth(blockedLayout({64, 4}, {2, 4}, {32, 1}, {1, 1}, {1, 0})), 4);
}

TEST(VectorWidth, MisalignedThreadsGetNarrowVectors) {
  // Lane bit 0 flips the lowest index bit: no thread begins at a multiple of 2 in register order.
  LinearLayout layout =
      unwrap(LinearLayout::parse("register = [[1], [2]], lane = [[5]], shape = [8]"));
  EXPECT_EQ(vectorWidth(layout), 1);
  EXPECT_EQ(vectorAccess(linearize(layout), 4).width, 1);
}

TEST(VectorAccess, TakesRegistersInAnyOrder) {
  LinearLayout layout =
      unwrap(LinearLayout::parse("register = [[4], [2], [1]], lane = [[8]], shape = [16]"));
  EXPECT_EQ(vectorWidth(layout), 1);
  VectorAccess access = vectorAccess(linearize(layout), 4);
  EXPECT_EQ(access.width, 4);
  ASSERT_EQ(access.groups.size(), 2u);
  EXPECT_EQ(access.groups[0].registers, (llvm::SmallVector<int32_t, 8>{0, 4, 2, 6}));
  EXPECT_EQ(access.groups[1].offset, 4);
}

TEST(VectorAccess, EachRegisterOccursOnceAndLiesWhereTheGroupSays) {
  RandomLayouts random(40);
  for (int i = 0; i < 200; ++i) {
    LinearLayout layout = random.permutation(RandomLayouts::threads(random.number(0, 5), 1),
                                             LayoutSpace::tensor({64}));
    VectorAccess access = vectorAccess(layout, 8);
    std::set<int32_t> seen;
    for (const VectorGroup &group : access.groups)
      for (int64_t k = 0; k < access.width; ++k) {
        EXPECT_TRUE(seen.insert(group.registers[k]).second);
        EXPECT_EQ(layout.apply({{LayoutDim::Register, group.registers[k]}})[0], group.offset + k);
      }
    EXPECT_EQ(static_cast<int64_t>(seen.size()), elementsPerThread(layout));
  }
}

TEST(Replication, MasksNameTheRedundantPlaces) {
  LinearLayout layout = sliceLayout(blockedLayout({16, 64}, {2, 4}, {4, 8}, {2, 2}, {1, 0}), 1);
  ReplicationMasks masks = replicationMasks(layout);
  EXPECT_EQ(masks.lanes, 7u);
  EXPECT_EQ(masks.warps, 1u);
  EXPECT_EQ(masks.registers, 0u);
  EXPECT_EQ(uniqueElementsPerThread(layout), 2);
  EXPECT_EQ(uniqueElementsPerThread(
                unwrap(LinearLayout::parse("register = [[1], [1], [2]], shape = [4]"))),
            4);
}

/// Counts the wavefronts of the access of warp 0 with all other bits 0, bank by bank.
int64_t countWavefronts(const LinearLayout &toOffset, int64_t elementBytes, int64_t width) {
  int64_t accessBytes = elementBytes * width, phases = std::max<int64_t>(1, accessBytes / 4);
  int64_t lanesPerPhase = 32 / phases, total = 0;
  for (int64_t phase = 0; phase < phases; ++phase) {
    std::map<int64_t, std::set<int64_t>> wordsOfBank;
    for (int64_t lane = phase * lanesPerPhase; lane < (phase + 1) * lanesPerPhase; ++lane) {
      int64_t offset =
          toOffset.apply({{LayoutDim::Lane, static_cast<int32_t>(lane)}}).back() & ~(width - 1);
      for (int64_t byte = offset * elementBytes; byte < (offset + width) * elementBytes; ++byte)
        wordsOfBank[byte / 4 % 32].insert(byte / 4);
    }
    size_t most = 1;
    for (const auto &[bank, words] : wordsOfBank)
      most = std::max(most, words.size());
    total += most;
  }
  return total;
}

TEST(BankConflicts, AgreeWithACountOverTheBanks) {
  RandomLayouts random(41);
  for (int i = 0; i < 400; ++i) {
    LayoutSpace in = RandomLayouts::threads(4, 1);
    LayoutSpace offsets({{LayoutDim::Block, 1}, {LayoutDim::Offset, 1024}});
    LinearLayout toOffset = i % 2 ? random.any(in, offsets) : random.permutation(in, offsets);
    for (unsigned bits : {8u, 16u, 32u, 64u})
      for (int64_t width = 1; width * bits <= 128; width *= 2) {
        // Vector accesses begin at multiples of their width.
        llvm::SmallVector<uint32_t, 16> aligned(toOffset.columns());
        for (uint32_t &column : aligned)
          column &= ~static_cast<uint32_t>(width - 1);
        LinearLayout access = LinearLayout::fromColumns(in, offsets, aligned);
        EXPECT_EQ(bankConflicts(access, bits, width).wavefronts,
                  countWavefronts(access, bits / 8, width));
      }
  }
}

TEST(BankConflicts, ColumnAccessOfARowMajorTileConflictsAndTheSwizzleCuresIt) {
  LinearLayout columns = blockedLayout({32, 32}, {1, 1}, {32, 1}, {1, 1}, {0, 1});
  BankConflicts plain = bankConflicts(columns, sharedRowMajor({32, 32}), 32, 1);
  EXPECT_EQ(plain.wavefronts, 32);
  EXPECT_EQ(plain.ideal, 1);
  EXPECT_TRUE(bankConflicts(columns, swizzledShared({32, 32}, 1, 1, 32, {1, 0}), 32, 1).free());
}

TEST(BankConflicts, WideAccessesTakeSeveralPhases) {
  LinearLayout rows = blockedLayout({32, 64}, {1, 8}, {4, 8}, {1, 1}, {1, 0});
  BankConflicts conflicts = bankConflicts(rows, sharedRowMajor({32, 64}), 16, 8);
  EXPECT_EQ(conflicts.ideal, 4);
  EXPECT_TRUE(conflicts.free());
}

TEST(BankConflicts, LanesThatReadOneWordDoNotConflict) {
  LinearLayout broadcast = blockedLayout({1, 4}, {1, 1}, {8, 4}, {1, 1}, {1, 0});
  EXPECT_TRUE(bankConflicts(broadcast, sharedRowMajor({1, 4}), 32, 1).free());
}

} // namespace
