// shared_store and shared_load from IR to the PTX machine: whatever the layouts, every element
// arrives, and matrix instructions move it where they are cheaper.
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/StagingLayout.h"
#include "test/unit/Conversion/TransferProgram.h"

#include <gtest/gtest.h>

using namespace cosmati;
using transfer::Element;
using transfer::Program;

namespace {

constexpr int64_t kWarps[] = {2, 2};
const Element kElements[] = {{"f8E4M3FN", 8}, {"i8", 8},   {"f16", 16},
                             {"bf16", 16},    {"f32", 32}, {"i32", 32}};

llvm::SmallVector<int64_t, 4> orderOf(bool rowMajor) {
  return rowMajor ? llvm::SmallVector<int64_t, 4>{1, 0} : llvm::SmallVector<int64_t, 4>{0, 1};
}

LinearLayout blocked(llvm::ArrayRef<int64_t> shape, unsigned bits, bool rowMajor) {
  return blockedLayout(shape, coalescedParameters(shape, bits, 4, orderOf(rowMajor)));
}

/// Between memory and an operand of mma, pairs in one lane where bytes are transposed.
LinearLayout operandOf(llvm::ArrayRef<int64_t> shape, unsigned bits, bool isA, bool rowMajor) {
  LinearLayout layout = isA ? mmaOperandA(shape, kWarps, bits) : mmaOperandB(shape, kWarps, bits);
  unsigned outer = isA ? 0 : 1;
  if (bits == 8 && rowMajor != isA)
    if (std::optional<unsigned> bit = pairingBit(layout, outer))
      return moveBitToFront(layout, outer, *bit);
  return layout;
}

Program programFor(const Element &element, const LinearLayout &writer, const LinearLayout &reader,
                   bool rowMajor, const StagingOptions &options) {
  llvm::Expected<StagingChoice> choice = chooseStaging(writer, reader, element.bits, options);
  if (!choice)
    throw std::runtime_error(llvm::toString(choice.takeError()));
  return {element, writer, choice->shared, reader, 4, rowMajor};
}

struct Extents {
  int64_t rows, columns;
};
/// The last two have fewer tiles than there are warps.
const Extents kExtents[] = {{64, 64}, {32, 128}, {32, 32}, {16, 64}};

} // namespace

// Transposed ones by .trans, 8-bit ones of them with byte permutes; 32-bit elements have no
// transposed form.
TEST(SharedTransfer, OperandsOfMatrixInstructionsAreReadByLdmatrix) {
  for (const Element &element : kElements)
    for (auto [rows, columns] : kExtents)
      for (bool isA : {true, false})
        for (bool rowMajor : {true, false}) {
          SCOPED_TRACE(element.name + " " + std::to_string(rows) + "x" + std::to_string(columns) +
                       (isA ? " A" : " B") + (rowMajor ? " row-major" : " column-major"));
          bool transposed = rowMajor != isA;
          llvm::SmallVector<int64_t, 2> shape{rows, columns};
          StagingOptions options;
          options.contiguousDim = rowMajor ? 1 : 0;
          LinearLayout reader = operandOf(shape, element.bits, isA, rowMajor);
          Program program = programFor(element, blocked(shape, element.bits, rowMajor), reader,
                                       rowMajor, options);
          program.target = "80";
          auto plan = planLdmatrix(reader, program.shared, element.bits);
          bool fits = bool(plan);
          if (!fits)
            llvm::consumeError(plan.takeError());
          // Bytes need two tiles of a warp side by side.
          EXPECT_TRUE(fits || (transposed && element.bits != 16));
          std::string ptx = program.check();
          EXPECT_EQ(transfer::count(ptx, "ldmatrix.sync"),
                    fits ? int64_t(plan->instructions.size()) : 0);
          EXPECT_EQ(transfer::count(ptx, ".trans"),
                    fits && transposed ? int64_t(plan->instructions.size()) : 0);
          EXPECT_EQ(transfer::count(ptx, "stmatrix"), 0); // sm_80
        }
}

// Accumulators leave as rows: stmatrix and vectors of 16 bytes; column-major ones by .trans.
TEST(SharedTransfer, AccumulatorsAreWrittenByStmatrix) {
  for (const Element &element : kElements)
    for (auto [rows, columns] : kExtents)
      for (bool rowMajor : {true, false}) {
        SCOPED_TRACE(element.name + " " + std::to_string(rows) + "x" + std::to_string(columns) +
                     (rowMajor ? " row-major" : " column-major"));
        llvm::SmallVector<int64_t, 2> shape{rows, columns};
        LinearLayout writer = mmaAccumulator16x8(shape, kWarps);
        StagingOptions options;
        options.stmatrix = true;
        options.contiguousDim = rowMajor ? 1 : 0;
        Program program =
            programFor(element, writer, blocked(shape, element.bits, rowMajor), rowMajor, options);
        auto plan = planStmatrix(writer, program.shared, element.bits);
        bool fits = bool(plan);
        if (!fits)
          llvm::consumeError(plan.takeError());
        EXPECT_TRUE(fits || element.bits != 16);
        std::string ptx = program.check();
        if (element.bits == 16) {
          EXPECT_EQ(transfer::count(ptx, "stmatrix.sync"), int64_t(plan->instructions.size()));
          EXPECT_EQ(transfer::count(ptx, ".trans"),
                    rowMajor ? 0 : int64_t(plan->instructions.size()));
        }
        program.target = "89";
        EXPECT_EQ(transfer::count(program.check(), "stmatrix"), 0);
      }
}

TEST(SharedTransfer, WideElementsUseVectors) {
  for (const Element &element : {Element{"f64", 64}, Element{"i64", 64}})
    for (bool rowMajor : {true, false}) {
      llvm::SmallVector<int64_t, 2> shape{32, 64};
      StagingOptions none{.ldmatrix = false};
      Program program = programFor(element, blocked(shape, element.bits, true),
                                   blocked(shape, element.bits, rowMajor), true, none);
      std::string ptx = program.check();
      EXPECT_EQ(transfer::count(ptx, "matrix"), 0);
    }
}

// Rows of a matrix begin at multiples of 16 bytes: a buffer of less alignment has none.
TEST(SharedTransfer, BuffersOfLessAlignmentAreReadByVectors) {
  llvm::SmallVector<int64_t, 2> shape{64, 64};
  Program program =
      programFor({"f16", 16}, blocked(shape, 16, true), mmaOperandA(shape, kWarps, 16), true, {});
  program.alignment = 8;
  EXPECT_EQ(transfer::count(program.check(), "ldmatrix"), 0);
}

// Flips of an address within the alignment are exclusive ors with the whole address.
TEST(SharedTransfer, BuffersOfMoreAlignmentAreReadAlike) {
  for (bool rowMajor : {true, false})
    for (auto [rows, columns] : kExtents) {
      llvm::SmallVector<int64_t, 2> shape{rows, columns};
      StagingOptions options;
      options.contiguousDim = rowMajor ? 1 : 0;
      Program program = programFor({"f16", 16}, blocked(shape, 16, rowMajor),
                                   mmaOperandA(shape, kWarps, 16), rowMajor, options);
      program.alignment = 128;
      EXPECT_GT(transfer::count(program.check(), "ldmatrix"), 0);
    }
}

// Conditions take a byte each.
TEST(SharedTransfer, ConditionsAreMovedAsBytes) {
  llvm::SmallVector<int64_t, 2> shape{64, 64};
  LinearLayout operand = mmaOperandA(shape, kWarps, 8), rows = blocked(shape, 8, true);
  Program load = programFor({"i8", 8}, rows, operand, true, {});
  load.asBits = true;
  EXPECT_GT(transfer::count(load.check(), "ldmatrix"), 0);
  StagingOptions options;
  options.stmatrix = true;
  Program store = programFor({"i8", 8}, operand, rows, true, options);
  store.asBits = true;
  EXPECT_GT(transfer::count(store.check(), "stmatrix"), 0);
}
