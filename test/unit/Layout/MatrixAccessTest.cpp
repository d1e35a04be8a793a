// Plans for ldmatrix and stmatrix, executed on simulated lanes.
#include "dialects/Layout/MatrixAccess.h"
#include "dialects/Layout/LayoutConstructors.h"
#include "test/unit/Layout/RandomLayouts.h"
#include "test/unit/Layout/SimulateMatrixAccess.h"

#include "llvm/Support/MathExtras.h"

#include <gtest/gtest.h>

using namespace cosmati;
using cosmati::test::MatrixAccessSimulator;
using cosmati::test::matrixOrder;
using cosmati::test::RandomLayouts;
using cosmati::test::unwrap;
using cosmati::test::warpGrids;

namespace {

enum class Operand { A, B };

LinearLayout operandLayout(Operand operand, llvm::ArrayRef<int64_t> shape,
                           llvm::ArrayRef<int64_t> warps, unsigned bits) {
  return operand == Operand::A ? mmaOperandA(shape, warps, bits) : mmaOperandB(shape, warps, bits);
}

/// The reason of a failure, or nothing.
std::string whyNot(llvm::Expected<MatrixAccessPlan> plan) {
  return plan ? "" : llvm::toString(plan.takeError());
}

MatrixAccessPlan loadAndRun(const LinearLayout &layout, const LinearLayout &shared, unsigned bits,
                            int64_t maxMatrices = 4) {
  llvm::Expected<MatrixAccessPlan> plan = planLdmatrix(layout, shared, bits, maxMatrices);
  if (!plan)
    throw std::runtime_error(llvm::toString(plan.takeError()));
  MatrixAccessSimulator simulator(layout, shared, bits, *plan);
  if (!simulator.load())
    throw std::runtime_error("ldmatrix loads wrong elements: " + layout.toString() + " from " +
                             shared.toString());
  EXPECT_EQ(simulator.wavefronts(0), plan->wavefronts()) << shared.toString();
  return std::move(*plan);
}

MatrixAccessPlan storeAndRun(const LinearLayout &layout, const LinearLayout &shared,
                             unsigned bits) {
  llvm::Expected<MatrixAccessPlan> plan = planStmatrix(layout, shared, bits);
  if (!plan)
    throw std::runtime_error(llvm::toString(plan.takeError()));
  if (!MatrixAccessSimulator(layout, shared, bits, *plan).store())
    throw std::runtime_error("stmatrix stores wrong elements: " + layout.toString() + " to " +
                             shared.toString());
  return std::move(*plan);
}

/// The dim along which the instruction multiplies.
unsigned innerDim(Operand operand) { return operand == Operand::A ? 1 : 0; }

//===----------------------------------------------------------------------------------------------===//
// One instruction
//===----------------------------------------------------------------------------------------------===//

TEST(Ldmatrix, FillsAFragmentOfAByOneInstruction) {
  MatrixAccessPlan plan =
      loadAndRun(mmaOperandA({16, 16}, {1, 1}, 16), sharedRowMajor({16, 16}), 16);
  EXPECT_FALSE(plan.transposed);
  EXPECT_EQ(plan.matrices, 4);
  ASSERT_EQ(plan.instructions.size(), 1u);
  // Lanes 0-7 rows 0-7, 8-15 rows 8-15, 16-31 the same 16 bytes to the right: a0 to a3.
  EXPECT_EQ(plan.rowOffset.toString(),
            "lane = [[32], [64], [128], [256], [16]], warp = [], block = [], out = {offset: 512}");
  EXPECT_EQ(plan.words[1], (llvm::SmallVector<int32_t, 8>{2, 3}));
  EXPECT_EQ(plan.permuteCount(), 0);
}

TEST(Ldmatrix, TransposesBStoredWithNContiguous) {
  MatrixAccessPlan plan = loadAndRun(mmaOperandB({16, 8}, {1, 1}, 16), sharedRowMajor({16, 8}), 16);
  EXPECT_TRUE(plan.transposed);
  EXPECT_EQ(plan.matrices, 2);
  EXPECT_EQ(plan.permuteCount(), 0);
}

TEST(Ldmatrix, MovesAsManyMatricesAsAllowed) {
  LinearLayout layout = mmaOperandA({32, 64}, {1, 1}, 16);
  LinearLayout shared = swizzledShared({32, 64}, 8, 1, 8, {1, 0});
  for (int64_t most : {1, 2, 4}) {
    MatrixAccessPlan plan = loadAndRun(layout, shared, 16, most);
    EXPECT_EQ(plan.matrices, most);
    EXPECT_EQ(plan.instructions.size() * most, 32u);
  }
}

TEST(Ldmatrix, FragmentsAreFilledOneAfterTheOther) {
  LinearLayout layout = mmaOperandA({64, 64}, {1, 1}, 16);
  MatrixAccessPlan plan = loadAndRun(layout, swizzledShared({64, 64}, 8, 1, 8, {1, 0}), 16);
  for (size_t word = 0; word < plan.words.size(); ++word)
    EXPECT_EQ(plan.words[word],
              (llvm::SmallVector<int32_t, 8>{int32_t(2 * word), int32_t(2 * word + 1)}));
}

TEST(Ldmatrix, ConstantsThatTheSwizzleLeavesAloneAreAdded) {
  LinearLayout layout = mmaOperandA({64, 64}, {1, 1}, 16);
  MatrixAccessPlan plan = loadAndRun(layout, swizzledShared({64, 64}, 8, 1, 8, {1, 0}), 16);
  std::set<uint32_t> flips, adds;
  for (const MatrixInstruction &instruction : plan.instructions) {
    flips.insert(instruction.flip);
    adds.insert(instruction.add);
  }
  EXPECT_EQ(flips, (std::set<uint32_t>{0, 32, 64, 96}));          // four steps of K
  EXPECT_EQ(adds, (std::set<uint32_t>{0, 2048, 4096, 2 * 3072})); // four tiles of M
}

//===----------------------------------------------------------------------------------------------===//
// All fragments
//===----------------------------------------------------------------------------------------------===//

/// Calls visit(operand, layout, bits, rowMajor, shared) for all operands of tiles 16..256 and warps
/// 1..8, each in both major orders, with the swizzle that the width of rows asks for.
template <typename Visit> void forAllOperands(llvm::ArrayRef<unsigned> widths, Visit visit) {
  for (unsigned bits : widths)
    for (int64_t rows = 16; rows <= 256; rows *= 2)
      for (int64_t columns = 16; columns <= 256; columns *= 2)
        for (const auto &warps : warpGrids())
          for (Operand operand : {Operand::A, Operand::B})
            for (bool rowMajor : {true, false}) {
              int64_t shape[] = {rows, columns};
              int64_t rowBytes = shape[rowMajor] * bits / 8;
              LinearLayout shared =
                  swizzledShared(shape, 128 / bits, std::max<int64_t>(1, 128 / rowBytes),
                                 std::clamp<int64_t>(rowBytes / 16, 1, 8), matrixOrder(rowMajor));
              visit(operand, operandLayout(operand, shape, warps, bits), bits, rowMajor, shared);
            }
}

TEST(Ldmatrix, FillsAllOperandsWhoseInnerDimIsContiguous) {
  forAllOperands({4, 8, 16, 32}, [](Operand operand, const LinearLayout &layout, unsigned bits,
                                    bool rowMajor, const LinearLayout &shared) {
    bool innerContiguous = rowMajor == (innerDim(operand) == 1);
    // The fragment needs 16 bytes along K: less is not a row of a matrix.
    if (!innerContiguous || layout.shape()[innerDim(operand)] * bits < 128)
      return;
    MatrixAccessPlan plan = loadAndRun(layout, shared, bits);
    EXPECT_FALSE(plan.transposed);
    EXPECT_EQ(plan.permuteCount(), 0);
    EXPECT_EQ(plan.packed.size() * 32 / bits, size_t(elementsPerThread(layout)));
    EXPECT_TRUE(plan.conflicts.free()) << layout.toString() << shared.toString();
  });
}

TEST(Ldmatrix, TransposesAll16BitOperands) {
  forAllOperands({16}, [](Operand operand, const LinearLayout &layout, unsigned bits, bool rowMajor,
                          const LinearLayout &shared) {
    if (rowMajor == (innerDim(operand) == 1))
      return;
    MatrixAccessPlan plan = loadAndRun(layout, shared, bits);
    EXPECT_TRUE(plan.transposed);
    EXPECT_EQ(plan.permuteCount(), 0);
    EXPECT_TRUE(plan.conflicts.free()) << layout.toString() << shared.toString();
  });
}

TEST(Ldmatrix, TransposesAll8BitOperandsWhosePairsAreInOneLane) {
  int64_t transposed = 0, withoutPairs = 0;
  forAllOperands({8}, [&](Operand operand, const LinearLayout &layout, unsigned bits, bool rowMajor,
                          const LinearLayout &shared) {
    if (rowMajor == (innerDim(operand) == 1))
      return;
    unsigned outer = 1 - innerDim(operand);
    std::optional<unsigned> bit = pairingBit(layout, outer);
    if (!bit) {
      ++withoutPairs; // e.g. 8 columns of B for each warp
      EXPECT_NE(whyNot(planLdmatrix(layout, shared, bits)), "");
      return;
    }
    ++transposed;
    EXPECT_NE(whyNot(planLdmatrix(layout, shared, bits))
                  .find("lane bit 2 lies at element offset 1 "
                        "instead of 2"),
              std::string::npos);
    LinearLayout paired = moveBitToFront(layout, outer, *bit);
    MatrixAccessPlan plan = loadAndRun(paired, shared, bits);
    EXPECT_TRUE(plan.transposed);
    // One byte permute for each register of the fragment (K = 16 leaves only half a fragment).
    EXPECT_EQ(plan.packed.size() * 4, size_t(elementsPerThread(paired)));
    EXPECT_EQ(plan.permuteCount(), int64_t(plan.packed.size()));
  });
  EXPECT_GT(transposed, 0);
  EXPECT_GT(withoutPairs, 0);
}

TEST(Ldmatrix, PairingPermutesTheRowsOfOperandAndAccumulatorAlike) {
  LinearLayout a = mmaOperandA({32, 32}, {2, 1}, 8), acc = mmaAccumulator16x8({32, 16}, {2, 1});
  ASSERT_EQ(pairingBit(a, 0), 3u);
  LinearLayout pairedA = moveBitToFront(a, 0, 3), pairedAcc = moveBitToFront(acc, 0, 3);
  auto moved = [](int32_t row) { return (row & 16) | (row & 7) << 1 | (row & 8) >> 3; };
  auto expectMoved = [&](const LinearLayout &before, const LinearLayout &after) {
    for (uint32_t place = 0; place < before.in().totalSize(); ++place) {
      auto from = before.out().coordinates(before.applyFlat(place));
      auto to = after.out().coordinates(after.applyFlat(place));
      EXPECT_EQ(to[0], moved(from[0]));
      EXPECT_EQ(to[1], from[1]);
    }
  };
  expectMoved(a, pairedA);
  expectMoved(acc, pairedAcc);
  EXPECT_EQ(pairingBit(mmaOperandB({32, 64}, {1, 4}, 8), 1), 5u); // bits 3, 4 belong to warps
  EXPECT_EQ(pairingBit(mmaOperandB({32, 32}, {1, 4}, 8), 1), std::nullopt);
}

TEST(Ldmatrix, RefusesToTransposeOtherWidths) {
  for (unsigned bits : {4u, 32u}) {
    std::string reason =
        whyNot(planLdmatrix(mmaOperandB({64, 64}, {1, 1}, bits), sharedRowMajor({64, 64}), bits));
    EXPECT_NE(reason.find(bits == 4 ? "byte permutes cannot take 4-bit elements apart"
                                    : "32-bit elements do not fit the 16-bit pieces"),
              std::string::npos)
        << reason;
  }
}

//===----------------------------------------------------------------------------------------------===//
// Any layouts
//===----------------------------------------------------------------------------------------------===//

TEST(Ldmatrix, FillsFragmentsOfBatchesAndClusters) {
  LinearLayout batches = mmaOperandA({4, 32, 32}, {2, 2, 1}, 16);
  loadAndRun(batches, swizzledShared({4, 32, 32}, 8, 2, 4, {2, 1, 0}), 16);

  LinearLayout half = mmaOperandA({32, 32}, {2, 1}, 16), shared = sharedRowMajor({32, 32});
  LinearLayout ctas = LinearLayout::identity1D(2, LayoutDim::Block, LayoutDim::Dim0);
  auto twice = [&](const LinearLayout &layout) {
    LinearLayout first = layout.removeZeroBases(LayoutDim::Block);
    LayoutSpace in;
    for (const LayoutSpace::Axis &axis : first.in().axes())
      if (axis.dim != LayoutDim::Block)
        in.setBits(axis.dim, axis.bits);
    return LinearLayout::fromColumns(in, first.out(), first.columns()) * ctas;
  };
  loadAndRun(twice(half), twice(shared), 16);
  EXPECT_NE(whyNot(planLdmatrix(half.ensureSizeNotSmallerThan({64, 32}), twice(shared), 16))
                .find("lies in another one's"),
            std::string::npos);
}

TEST(Ldmatrix, RegistersThatHoldCopiesShareAWord) {
  LinearLayout layout = unwrap(LinearLayout::parse(
      "register = [[0, 0], [0, 1]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], "
      "block = [], shape = [8, 8]"));
  MatrixAccessPlan plan = loadAndRun(layout, sharedRowMajor({8, 8}), 16);
  EXPECT_EQ(plan.words.size(), 1u);
  EXPECT_EQ(plan.matrices, 1);
  EXPECT_TRUE(plan.packed.empty() || plan.permuteCount() > 0);
}

TEST(Ldmatrix, WhateverPlanIsMadeForRandomLayoutsIsCorrect) {
  RandomLayouts random(60);
  int planned = 0;
  for (int i = 0; i < 3000; ++i) {
    unsigned bits = 4u << random.number(0, 3);
    LayoutSpace tensor = LayoutSpace::tensor({32, 64});
    LinearLayout shared =
        random.permutation(LayoutSpace({{LayoutDim::Block, 1}, {LayoutDim::Offset, 2048}}), tensor);
    LinearLayout places = random.permutation(RandomLayouts::threads(5, 1), tensor);
    // Lanes and the first registers as one of the two forms wants them, the rest at random.
    f2::Columns offsets(tensor.totalBits(), 0), rest;
    unsigned log = llvm::Log2_32(bits);
    bool transposed = random.number(0, 1) && (bits == 16 || bits == 8);
    unsigned unit = (transposed ? 4 : 5) - log, firstLane = 5 + (transposed ? 2 : 0);
    f2::Columns images = f2::unitVectors(11);
    for (unsigned k = 0; k < unit; ++k)
      offsets[k] = images[k];
    for (unsigned k = unit; k < 7 - log; ++k)
      offsets[firstLane + k - unit] = images[k];
    for (unsigned k = 7 - log; k < 11; ++k)
      rest.push_back(images[k]);
    for (uint32_t &column : offsets)
      if (!column && !rest.empty()) {
        unsigned at = random.number(0, rest.size() - 1);
        column = rest[at];
        rest.erase(rest.begin() + at);
      }
    LinearLayout toOffset = LinearLayout::fromColumns(places.in(), shared.in(), offsets);
    LinearLayout layout = i % 3 ? toOffset.compose(shared) : places;
    llvm::Expected<MatrixAccessPlan> plan = planLdmatrix(layout, shared, bits);
    if (!plan) {
      llvm::consumeError(plan.takeError());
      continue;
    }
    ++planned;
    MatrixAccessSimulator simulator(layout, shared, bits, *plan);
    EXPECT_TRUE(simulator.load()) << layout.toString() << shared.toString();
    EXPECT_EQ(simulator.wavefronts(1), plan->wavefronts())
        << layout.toString() << shared.toString();
    storeAndRun(layout, shared, bits);
  }
  EXPECT_GT(planned, 1000);
}

//===----------------------------------------------------------------------------------------------===//
// stmatrix
//===----------------------------------------------------------------------------------------------===//

TEST(Stmatrix, StoresAll16BitAccumulators) {
  for (int64_t rows = 16; rows <= 256; rows *= 2)
    for (int64_t columns = 16; columns <= 256; columns *= 2)
      for (const auto &warps : warpGrids())
        for (bool rowMajor : {true, false}) {
          int64_t shape[] = {rows, columns};
          int64_t rowBytes = shape[rowMajor] * 2;
          LinearLayout shared =
              swizzledShared(shape, 8, std::max<int64_t>(1, 128 / rowBytes),
                             std::clamp<int64_t>(rowBytes / 16, 1, 8), matrixOrder(rowMajor));
          MatrixAccessPlan plan = storeAndRun(mmaAccumulator16x8(shape, warps), shared, 16);
          EXPECT_EQ(plan.transposed, !rowMajor);
          EXPECT_TRUE(plan.conflicts.free());
        }
}

TEST(Stmatrix, SkipsWarpsThatHoldCopies) {
  MatrixAccessPlan plan =
      storeAndRun(mmaAccumulator16x8({16, 16}, {2, 2}), sharedRowMajor({16, 16}), 16);
  EXPECT_NE(plan.replicas.warps, 0u);
}

TEST(Stmatrix, Refuses32BitAccumulatorsWithTheReason) {
  std::string reason =
      whyNot(planStmatrix(mmaAccumulator16x8({16, 16}, {1, 1}), sharedRowMajor({16, 16}), 32));
  EXPECT_NE(reason.find("lane bit 0 lies at element offset 2 instead of 1"), std::string::npos)
      << reason;
}

TEST(Stmatrix, RefusesLanesThatHoldCopies) {
  LinearLayout layout = mmaOperandB({16, 4}, {1, 1}, 16);
  LinearLayout shared = swizzledShared({16, 4}, 1, 1, 1, {0, 1});
  loadAndRun(layout, shared, 16);
  EXPECT_NE(whyNot(planStmatrix(layout, shared, 16)).find("from several lanes"), std::string::npos);
}

TEST(MatrixAccess, RefusesWrongParameters) {
  LinearLayout layout = mmaOperandA({16, 16}, {1, 1}, 16), shared = sharedRowMajor({16, 16});
  EXPECT_NE(whyNot(planLdmatrix(layout, shared, 64)).find("not 64"), std::string::npos);
  EXPECT_NE(whyNot(planLdmatrix(layout, shared, 16, 3)).find("not 3"), std::string::npos);
  EXPECT_NE(whyNot(planLdmatrix(layout, sharedRowMajor({32, 16}), 16)).find("different shapes"),
            std::string::npos);
}

} // namespace
