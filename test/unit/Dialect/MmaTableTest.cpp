// The table of matrix instructions agrees with itself and with the layouts.
#include "dialects/TileGPU/IR/MmaTable.h"
#include "dialects/TileGPU/IR/MmaFragments.h"

#include <gtest/gtest.h>
#include <set>

using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

/// Bits of registers that the layout gives to one thread.
int64_t bitsOf(const LinearLayout &layout, MmaType type) {
  return layout.inSize(LayoutDim::Register) * mmaTypeBits(type);
}

/// Every register of every tile holds the tile's element, moved by whole tiles.
void expectTiles(const LinearLayout &layout, const LinearLayout &tile) {
  std::optional<TilePlaces> places = findTiles(layout, tile);
  ASSERT_TRUE(places);
  int32_t registers = tile.inSize(LayoutDim::Register);
  EXPECT_EQ(places->tiles() * registers, layout.inSize(LayoutDim::Register));
  unsigned lead = layout.out().rank() - tile.out().rank();
  for (int32_t q = 0; q < places->tiles(); ++q)
    for (int32_t r = 0; r < registers; ++r)
      for (int32_t lane : {0, 1, 5, 31}) {
        auto at = layout.apply(
            {{LayoutDim::Register, places->blockRegister(q, r)}, {LayoutDim::Lane, lane}});
        auto within = tile.apply({{LayoutDim::Register, r}, {LayoutDim::Lane, lane}});
        auto shape = tile.shape();
        for (unsigned dim = 0; dim < 2; ++dim)
          EXPECT_EQ(at[lead + dim] % shape[dim], within[dim]);
      }
}

const MmaInstruction &find(llvm::StringRef ptx) {
  for (const MmaInstruction &row : mmaTable())
    if (row.ptx == ptx)
      return row;
  ADD_FAILURE() << ptx.str() << " is not in the table";
  return mmaTable().front();
}

} // namespace

TEST(MmaTable, NamesEachInstructionOnce) {
  std::set<llvm::StringRef> names, intrinsics;
  for (const MmaInstruction &row : mmaTable()) {
    EXPECT_TRUE(names.insert(row.ptx).second) << row.ptx.str();
    EXPECT_TRUE(intrinsics.insert(row.intrinsic).second) << row.intrinsic.str();
    EXPECT_EQ(row.saturatingPtx.empty(), row.saturatingIntrinsic.empty()) << row.ptx.str();
  }
}

TEST(MmaTable, LayoutsFillTheRegistersOfEachOperand) {
  for (const MmaInstruction &row : mmaTable()) {
    SCOPED_TRACE(row.ptx.str());
    EXPECT_EQ(bitsOf(mmaTileA(row), row.a), row.aRegisters * row.registerBits(row.a));
    EXPECT_EQ(bitsOf(mmaTileB(row), row.b), row.bRegisters * row.registerBits(row.b));
    EXPECT_EQ(bitsOf(mmaTileAcc(row), row.acc), row.accRegisters * row.registerBits(row.acc));
    if (row.sparse) {
      EXPECT_EQ(mmaTileMetadata(row).inSize(LayoutDim::Register), 8);
    }
  }
}

TEST(MmaTable, LayoutsHoldEachElementOnce) {
  for (const MmaInstruction &row : mmaTable()) {
    SCOPED_TRACE(row.ptx.str());
    EXPECT_TRUE(mmaTileA(row).isInvertible());
    EXPECT_TRUE(mmaTileB(row).isInvertible());
    EXPECT_TRUE(mmaTileAcc(row).isInvertible());
    if (row.sparse) {
      EXPECT_TRUE(mmaTileMetadata(row).isSurjective());
    }
  }
}

TEST(MmaTable, BlocksConsistOfTilesOfEveryShape) {
  for (const MmaInstruction &row : mmaTable()) {
    SCOPED_TRACE(row.ptx.str());
    int64_t m = 64, n = 32, k = 4 * row.k, storedK = 4 * row.storedK();
    expectTiles(mmaLayoutA(row, {m, storedK}, {2, 2}), mmaTileA(row));
    expectTiles(mmaLayoutB(row, {k, n}, {2, 2}), mmaTileB(row));
    expectTiles(mmaLayoutAcc(row, {m, n}, {2, 2}), mmaTileAcc(row));
    expectTiles(mmaLayoutA(row, {2, m, storedK}, {2, 2, 1}), mmaTileA(row));
  }
}

// Codes for the smaller k of two lie in half of the lanes: the selector tells the halves apart.
TEST(MmaTable, BlocksOfMetadataConsistOfTilesOfTheLargerK) {
  for (const MmaInstruction &row : mmaTable())
    if (row.sparse && row.k / mmaGroup(row) == (mmaTypeBits(row.a) >= 16 ? 8 : 16)) {
      SCOPED_TRACE(row.ptx.str());
      expectTiles(mmaLayoutMetadata(row, {64, 4 * row.k / mmaGroup(row)}, {2, 2}),
                  mmaTileMetadata(row));
    }
}

TEST(MmaTable, OtherLayoutsConsistOfNoTiles) {
  const MmaInstruction &row = find("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32");
  const MmaInstruction &bytes = find("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32");
  LinearLayout a = mmaLayoutA(row, {64, 64}, {2, 2});
  EXPECT_FALSE(findTiles(a, mmaTileA(bytes)));
  EXPECT_FALSE(findTiles(a, mmaTileB(row)));
  EXPECT_FALSE(findTiles(a.transpose({1, 0}), mmaTileA(row)));
  // Registers and lanes hold a tile, but the second warp begins within the first one's.
  LinearLayout within = mmaTileA(row);
  EXPECT_TRUE(findTiles(within, mmaTileA(row)));
  LayoutSpace in = within.in();
  auto bases = within.columns().vec();
  bases.push_back(1);
  in.setBits(LayoutDim::Warp, 1);
  EXPECT_FALSE(findTiles(LinearLayout::fromColumns(in, within.out(), bases), mmaTileA(row)));
}

TEST(MmaTable, SmallBlocksFillATileWithCopies) {
  const MmaInstruction &row = find("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32");
  auto places = findTiles(mmaLayoutA(row, {4, 32}, {1, 1}), mmaTileA(row));
  ASSERT_TRUE(places);
  EXPECT_EQ(places->tiles(), 2);
  // Register bits of a tile of A: k0, row 8, k3. Rows from 8 on are those of the other half.
  EXPECT_EQ(places->inner[1], std::nullopt);
  EXPECT_EQ(places->blockRegister(0, 0b011), places->blockRegister(0, 0b001));
  EXPECT_NE(places->blockRegister(0, 0b101), places->blockRegister(0, 0b001));
}

TEST(MmaTable, TypesAreFoundByName) {
  EXPECT_EQ(parseMmaType("e4m3"), MmaType::E4M3);
  EXPECT_EQ(parseMmaType("e4m4"), std::nullopt);
  EXPECT_EQ(mmaTypeName(MmaType::BF16), "bf16");
  EXPECT_EQ(mmaTypeBits(MmaType::TF32), 32u);
  EXPECT_EQ(mmaTypeBits(MmaType::B1), 1u);
}

TEST(MmaTable, TargetsAreReadWithAndWithoutPrefix) {
  EXPECT_EQ(computeCapability("90a"), 90);
  EXPECT_EQ(computeCapability("sm_120"), 120);
  for (llvm::StringRef wrong : {"", "sm_", "hopper", "90b", "90aa", "-80"})
    EXPECT_EQ(computeCapability(wrong), std::nullopt) << wrong.str();
}

TEST(MmaTable, TheLargestKThatDividesIsBest) {
  MmaQuery halves{"80", MmaType::F16, MmaType::F16, MmaType::F32};
  EXPECT_EQ(bestMma(halves, 64)->k, 16);
  EXPECT_EQ(bestMma(halves, 24)->k, 8);
  EXPECT_EQ(bestMma(halves, 12), nullptr);
  EXPECT_EQ(bestMma(halves, 0), nullptr);
  MmaQuery doubles{"80", MmaType::F64, MmaType::F64, MmaType::F64};
  EXPECT_EQ(bestMma(doubles, 16)->m, 8);
  doubles.target = "90a";
  EXPECT_EQ(bestMma(doubles, 16)->k, 16);
  EXPECT_EQ(bestMma(doubles, 4)->m, 16);
}

TEST(MmaTable, QueriesTellTypesTargetsAndFormsApart) {
  MmaQuery query{"89", MmaType::E4M3, MmaType::E5M2, MmaType::F32};
  EXPECT_EQ(findMma(query).size(), 2u);
  query.sparse = true;
  ASSERT_EQ(findMma(query).size(), 1u);
  EXPECT_EQ(findMma(query)[0]->k, 64);
  query.target = "80";
  EXPECT_TRUE(findMma(query).empty());
  MmaQuery bits{"80", MmaType::B1, MmaType::B1, MmaType::S32, MmaBitOp::And};
  ASSERT_EQ(findMma(bits).size(), 2u);
  EXPECT_EQ(findMma(bits)[0]->bitOp, MmaBitOp::And);
  bits.bitOp = MmaBitOp::None;
  EXPECT_TRUE(findMma(bits).empty());
}

TEST(MmaTable, SaysWhyThereIsNone) {
  EXPECT_EQ(whyNoMma({"80", MmaType::E4M3, MmaType::E4M3, MmaType::F32}, 32),
            "no mma of e4m3 x e4m3 -> f32 on 80; it needs sm_89");
  EXPECT_EQ(whyNoMma({"80", MmaType::F16, MmaType::F16, MmaType::F32}, 12),
            "K=12 is not a multiple of 8, which mma of f16 x f16 -> f32 takes at least");
  EXPECT_EQ(whyNoMma({"90a", MmaType::F16, MmaType::BF16, MmaType::F32}, 16),
            "there is no mma of f16 x bf16 -> f32 on any target");
  EXPECT_EQ(whyNoMma({"hopper", MmaType::F16, MmaType::F16, MmaType::F32}, 16),
            "'hopper' is no target; write one as 80 or 90a");
}
