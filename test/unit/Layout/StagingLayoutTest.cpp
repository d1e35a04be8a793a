// The choice of swizzles, over all operands of mma, with conflicts counted bank by bank.
#include "dialects/Layout/StagingLayout.h"
#include "test/unit/Layout/RandomLayouts.h"
#include "test/unit/Layout/SimulateMatrixAccess.h"

#include <gtest/gtest.h>

using namespace cosmati;
using cosmati::test::MatrixAccessSimulator;
using cosmati::test::matrixOrder;
using cosmati::test::warpGrids;

namespace {

StagingChoice choose(const LinearLayout &writer, const LinearLayout &reader, unsigned bits,
                     const StagingOptions &options = {}) {
  llvm::Expected<StagingChoice> choice = chooseStaging(writer, reader, bits, options);
  if (!choice)
    throw std::runtime_error(llvm::toString(choice.takeError()));
  return std::move(*choice);
}

struct Case {
  bool isA, rowMajor;
  unsigned bits;
  llvm::SmallVector<int64_t, 2> shape;
  std::array<int64_t, 2> warps;

  int64_t numWarps() const { return warps[0] * warps[1]; }
  bool transposed() const { return rowMajor != isA; }
  unsigned outerDim() const { return isA ? 0 : 1; }
  int64_t rowBytes() const { return shape[rowMajor] * bits / 8; }

  BlockedParameters writerParameters() const {
    return coalescedParameters(shape, bits, numWarps(), matrixOrder(rowMajor));
  }
  LinearLayout writer() const { return blockedLayout(shape, writerParameters()); }
  /// The operand; 8-bit ones that are transposed with pairs in one lane, where that is possible.
  LinearLayout reader() const {
    LinearLayout layout = isA ? mmaOperandA(shape, warps, bits) : mmaOperandB(shape, warps, bits);
    if (bits == 8 && transposed())
      if (std::optional<unsigned> bit = pairingBit(layout, outerDim()))
        return moveBitToFront(layout, outerDim(), *bit);
    return layout;
  }
  /// Two wavefronts for each matrix, for the reason that `chooseStaging` gives.
  bool isException() const { return bits == 8 && transposed() && rowBytes() <= 32; }
  /// As cp.async needs it.
  StagingChoice choose() const {
    StagingOptions options;
    options.contiguousDim = rowMajor ? 1 : 0;
    return ::choose(writer(), reader(), bits, options);
  }
  std::string text() const {
    std::string result;
    llvm::raw_string_ostream os(result);
    os << (isA ? "A " : "B ") << bits << " bits, " << shape[0] << "x" << shape[1]
       << (rowMajor ? " row-major" : " column-major") << ", warps " << warps[0] << "x" << warps[1];
    return result;
  }
};

/// All operands from 16 elements a side to 256, of 32 bytes to 1024 bytes a row.
template <typename Visit> void forAllCases(llvm::ArrayRef<unsigned> widths, Visit visit) {
  for (unsigned bits : widths)
    for (int64_t rows = 16; rows <= 256; rows *= 2)
      for (int64_t columns = 16; columns <= 256; columns *= 2)
        for (const auto &warps : warpGrids())
          for (bool isA : {true, false})
            for (bool rowMajor : {true, false}) {
              Case c{isA, rowMajor, bits, {rows, columns}, warps};
              // Less than one instruction's K is no operand.
              if (c.shape[isA] * bits >= 256)
                visit(c);
            }
}

/// Wavefronts of one warp's vectors, bank by bank: `lanesAtOnce` neighbours go together.
int64_t countVectorWavefronts(const LinearLayout &layout, const LinearLayout &shared, unsigned bits,
                              int64_t bytes) {
  LinearLayout toOffset = *placeToOffset(layout, shared);
  VectorAccess access = vectorAccess(toOffset, bytes * 8 / bits);
  std::set<int32_t> done;
  int64_t lanesAtOnce = bytes <= 4 ? 32 : 128 / bytes, total = 0;
  for (const VectorGroup &group : access.groups) {
    if (!done.insert(group.offset).second)
      continue;
    for (int32_t first = 0; first < 32; first += lanesAtOnce) {
      std::map<int64_t, std::set<int64_t>> wordsOfBank;
      for (int32_t lane = first; lane < first + lanesAtOnce; ++lane) {
        int64_t offset = toOffset.apply({{LayoutDim::Lane, lane}}).back() ^ group.offset;
        for (int64_t byte = offset * bits / 8; byte < offset * bits / 8 + bytes; ++byte)
          wordsOfBank[byte / 4 % 32].insert(byte / 4);
      }
      size_t most = 1;
      for (const auto &[bank, words] : wordsOfBank)
        most = std::max(most, words.size());
      total += most;
    }
  }
  return total;
}

/// That the choice's statements of cost are true.
void expectTrueCost(const Case &c, const StagingChoice &choice) {
  LinearLayout writer = c.writer(), reader = c.reader();
  EXPECT_EQ(countVectorWavefronts(writer, choice.shared, c.bits, choice.write.accessBytes),
            choice.write.wavefronts())
      << c.text();
  if (!choice.read.matrix) {
    EXPECT_EQ(countVectorWavefronts(reader, choice.shared, c.bits, choice.read.accessBytes),
              choice.read.wavefronts())
        << c.text();
    return;
  }
  llvm::Expected<MatrixAccessPlan> plan = planLdmatrix(reader, choice.shared, c.bits);
  ASSERT_TRUE(static_cast<bool>(plan)) << llvm::toString(plan.takeError());
  MatrixAccessSimulator simulator(reader, choice.shared, c.bits, *plan);
  EXPECT_EQ(simulator.wavefronts(0), choice.read.wavefronts()) << c.text();
}

void expectConflicts(const Case &c, const StagingChoice &choice, int64_t write, int64_t read) {
  EXPECT_TRUE(choice.write.conflicts() == write && choice.read.conflicts() == read)
      << c.text() << ": vec " << choice.swizzle.vec << ", perPhase " << choice.swizzle.perPhase
      << ", maxPhase " << choice.swizzle.maxPhase << ", conflicts " << choice.write.conflicts()
      << " + " << choice.read.conflicts();
}

/// The rule for 16-byte pieces; without several pieces to a row there is nothing to swizzle.
bool followsTheRule(const Case &c, const SwizzleParameters &swizzle) {
  int64_t pieces = std::clamp<int64_t>(c.rowBytes() / 16, 1, 8);
  if (pieces == 1)
    return swizzle.maxPhase == 1;
  return swizzle.vec == 128 / c.bits &&
         swizzle.perPhase == std::max<int64_t>(1, 128 / c.rowBytes()) && swizzle.maxPhase == pieces;
}

/// Whether ldmatrix can fill the operand in this order.
bool ldmatrixFits(const Case &c) {
  return !c.transposed() || c.bits == 16 ||
         (c.bits == 8 &&
          pairingBit(c.isA ? mmaOperandA(c.shape, c.warps, 8) : mmaOperandB(c.shape, c.warps, 8),
                     c.outerDim()));
}

TEST(Staging, IsFreeOfConflictsWhereverLdmatrixFits) {
  int64_t cases = 0;
  forAllCases({4, 8, 16, 32}, [&](const Case &c) {
    if (!ldmatrixFits(c))
      return;
    ++cases;
    StagingChoice choice = c.choose();
    EXPECT_TRUE(choice.read.matrix) << c.text();
    EXPECT_EQ(choice.write.accessBytes, std::min<int64_t>(16, c.rowBytes())) << c.text();
    expectConflicts(c, choice, 0, c.isException() ? choice.read.wavefronts() / 2 : 0);
    EXPECT_TRUE((c.bits == 8 && c.transposed()) || followsTheRule(c, choice.swizzle)) << c.text();
    if (c.bits >= 8) { // narrower ones are packed, which this query does not know
      EXPECT_TRUE(
          bankConflicts(c.writer(), choice.shared, c.bits, choice.write.accessBytes * 8 / c.bits)
              .free());
    }
    expectTrueCost(c, choice);
  });
  EXPECT_GT(cases, 2000);
}

TEST(Staging, TransposedTf32IsReadWordByWordWithoutConflicts) {
  forAllCases({32}, [&](const Case &c) {
    if (!c.transposed())
      return;
    StagingChoice choice = c.choose();
    EXPECT_FALSE(choice.read.matrix);
    EXPECT_EQ(choice.read.accessBytes, 4);
    EXPECT_EQ(choice.write.accessBytes, 16);
    EXPECT_GE(choice.swizzle.vec, c.rowBytes() >= 128 ? 8 : 4);
    expectConflicts(c, choice, 0, 0);
    expectTrueCost(c, choice);
  });
}

TEST(Staging, Transposed8BitOperandsWithoutPairsAreReadByBytes) {
  int64_t cases = 0, inConflict = 0;
  forAllCases({8}, [&](const Case &c) {
    if (ldmatrixFits(c))
      return;
    ++cases;
    StagingChoice choice = c.choose();
    EXPECT_FALSE(choice.read.matrix);
    EXPECT_EQ(choice.read.accessBytes, 1);
    inConflict += !choice.conflictFree();
    expectTrueCost(c, choice);
  });
  EXPECT_GT(cases, 0);
  EXPECT_EQ(inConflict, 0);
}

TEST(Staging, UsesTheRuleForShortRows) {
  struct {
    int64_t columns, perPhase, maxPhase;
  } expected[] = {{8, 8, 1}, {16, 4, 2}, {32, 2, 4}, {64, 1, 8}, {128, 1, 8}};
  for (auto [columns, perPhase, maxPhase] : expected) {
    Case c{true, true, 16, {64, columns}, {4, 1}};
    StagingChoice choice = c.choose();
    EXPECT_TRUE(choice.conflictFree());
    EXPECT_EQ(choice.swizzle.maxPhase, maxPhase);
    if (maxPhase > 1) {
      EXPECT_EQ(choice.swizzle.vec, 8);
      EXPECT_EQ(choice.swizzle.perPhase, perPhase);
    }
  }
}

TEST(Staging, AnyOtherOrderIsNoCheaperThanTheOneChosen) {
  for (unsigned bits : {8u, 16u, 32u})
    for (bool isA : {true, false})
      for (bool rowMajor : {true, false}) {
        Case c{isA, rowMajor, bits, {64, 64}, {2, 2}};
        StagingChoice choice = choose(c.writer(), c.reader(), bits);
        EXPECT_LE(choice.wavefronts(), c.choose().wavefronts()) << c.text();
      }
}

TEST(Staging, BatchesAreOnlyMoreRows) {
  llvm::SmallVector<int64_t, 3> shape{4, 32, 32};
  LinearLayout writer = blockedLayout(shape, coalescedParameters(shape, 16, 4));
  StagingChoice choice = choose(writer, mmaOperandA(shape, {1, 2, 2}, 16), 16);
  EXPECT_TRUE(choice.read.matrix);
  EXPECT_TRUE(choice.conflictFree());
}

TEST(Staging, WithoutLdmatrixVectorsAreUsed) {
  Case c{true, true, 16, {64, 64}, {4, 1}};
  StagingOptions options;
  options.ldmatrix = false;
  StagingChoice choice = choose(c.writer(), c.reader(), 16, options);
  EXPECT_FALSE(choice.read.matrix);
  EXPECT_TRUE(choice.conflictFree());
}

TEST(Staging, AccumulatorsLeaveByStmatrixIn16ByteRows) {
  StagingOptions options;
  options.stmatrix = true;
  options.contiguousDim = 1;
  for (int64_t rows = 16; rows <= 256; rows *= 2)
    for (int64_t columns = 16; columns <= 256; columns *= 2)
      for (const auto &warps : warpGrids()) {
        llvm::SmallVector<int64_t, 2> shape{rows, columns};
        LinearLayout reader =
            blockedLayout(shape, coalescedParameters(shape, 16, warps[0] * warps[1]));
        StagingChoice choice = choose(mmaAccumulator16x8(shape, warps), reader, 16, options);
        EXPECT_TRUE(choice.write.matrix);
        EXPECT_EQ(choice.read.accessBytes, 16);
        EXPECT_TRUE(choice.conflictFree()) << rows << "x" << columns;
      }
}

TEST(Staging, RefusesWhatItCannotStage) {
  auto whyNot = [](const LinearLayout &writer, const LinearLayout &reader, unsigned bits) {
    llvm::Expected<StagingChoice> choice = chooseStaging(writer, reader, bits);
    return choice ? std::string() : llvm::toString(choice.takeError());
  };
  LinearLayout a = mmaOperandA({32, 32}, {1, 1}, 16), b = mmaOperandA({32, 64}, {1, 1}, 16);
  EXPECT_NE(whyNot(a, b, 16).find("different shapes"), std::string::npos);
  EXPECT_NE(whyNot(a.flatten(), a.flatten(), 16).find("rank 1"), std::string::npos);
  EXPECT_NE(whyNot(a, a, 2).find("not 2"), std::string::npos);
  StagingOptions options;
  options.contiguousDim = 2;
  llvm::Expected<StagingChoice> choice = chooseStaging(a, a, 16, options);
  ASSERT_FALSE(static_cast<bool>(choice));
  EXPECT_NE(llvm::toString(choice.takeError()).find("not dim 2"), std::string::npos);
  LinearLayout single = blockedLayout({32, 32}, {1, 1}, {1, 32}, {1, 1}, {1, 0});
  EXPECT_NE(whyNot(single, a, 4).find("single 4-bit elements"), std::string::npos);
}

//===----------------------------------------------------------------------------------------------===//
// Global loads
//===----------------------------------------------------------------------------------------------===//

TEST(CoalescedParameters, WarpsReadWholeLinesWith16BytesPerLane) {
  for (unsigned bits : {4u, 8u, 16u, 32u, 64u})
    for (int64_t rows = 16; rows <= 256; rows *= 2)
      for (int64_t columns = 16; columns <= 256; columns *= 2)
        for (int64_t warps : {1, 2, 4, 8})
          for (bool rowMajor : {true, false}) {
            Case c{true, rowMajor, bits, {rows, columns}, {warps, 1}};
            int64_t vector = std::min<int64_t>(128 / bits, c.shape[rowMajor]);
            BlockedParameters parameters = c.writerParameters();
            LinearLayout layout = c.writer();
            ASSERT_EQ(vectorWidth(layout, matrixOrder(rowMajor), 128 / bits), vector);
            // Global rows lie far apart. Each instruction of a warp: bytes by (row, line).
            std::map<std::pair<int64_t, int64_t>, std::set<int64_t>> lines;
            for (int32_t lane = 0; lane < 32; ++lane) {
              auto at = layout.apply({{LayoutDim::Lane, lane}});
              int64_t bit = at[rowMajor] * int64_t(bits);
              for (int64_t byte = bit / 8; byte < (bit + vector * bits) / 8; ++byte)
                lines[{at[1 - rowMajor], byte / 128}].insert(byte % 128);
            }
            for (const auto &[line, bytes] : lines)
              ASSERT_EQ(int64_t(bytes.size()), std::min<int64_t>(128, c.rowBytes())) << c.text();
          }
}

} // namespace
