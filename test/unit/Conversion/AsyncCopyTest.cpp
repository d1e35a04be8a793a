// tilegpu.async_copy from IR to the PTX machine.
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/StagingLayout.h"
#include "test/unit/Conversion/TransferProgram.h"

#include <gtest/gtest.h>

using namespace cosmati;
using transfer::Element;
using transfer::Program;

namespace {

struct Copy {
  Element element;
  int64_t vector; ///< elements
  llvm::SmallVector<int64_t, 2> shape;
  bool rowMajor = true;

  int64_t bytes() const { return vector * element.bits / 8; }
  LinearLayout writer() const {
    llvm::SmallVector<int64_t, 4> order =
        rowMajor ? llvm::SmallVector<int64_t, 4>{1, 0} : llvm::SmallVector<int64_t, 4>{0, 1};
    return blockedLayout(shape, defaultBlockedParameters(shape, 4, vector, order));
  }
  Program program() const {
    constexpr int64_t warps[] = {2, 2};
    LinearLayout reader = mmaOperandA(shape, warps, element.bits);
    StagingOptions options;
    options.contiguousDim = rowMajor ? 1 : 0;
    llvm::Expected<StagingChoice> choice = chooseStaging(writer(), reader, element.bits, options);
    if (!choice)
      throw std::runtime_error(llvm::toString(choice.takeError()));
    Program program{element, writer(), choice->shared, reader, 4, rowMajor, "80"};
    program.vector = vector;
    return program;
  }
  int64_t instructions() const { return uniqueElementsPerThread(writer()) / vector; }
};

const Copy kCopies[] = {
    {{"f16", 16}, 8, {64, 64}},         {{"f16", 16}, 4, {64, 64}},
    {{"bf16", 16}, 2, {32, 64}},        {{"f32", 32}, 4, {32, 64}},
    {{"f32", 32}, 1, {32, 32}},         {{"i8", 8}, 16, {64, 128}},
    {{"i8", 8}, 4, {32, 64}},           {{"f8E4M3FN", 8}, 8, {64, 64}},
    {{"f16", 16}, 8, {128, 32}, false}, {{"f16", 16}, 8, {16, 16}},
    {{"f32", 32}, 4, {16, 8}},          {{"i8", 8}, 16, {16, 32}},
    {{"bf16", 16}, 8, {16, 16}, false},
};

} // namespace

// The last ones have fewer vectors than there are threads.
TEST(AsyncCopy, EveryElementArrivesOnce) {
  for (const Copy &copy : kCopies) {
    SCOPED_TRACE(copy.element.name + " x " + std::to_string(copy.vector));
    std::string ptx = copy.program().check();
    std::string size = "], " + std::to_string(copy.bytes()) + ";";
    EXPECT_EQ(transfer::count(ptx, copy.bytes() == 16 ? "cp.async.cg.shared.global"
                                                      : "cp.async.ca.shared.global"),
              copy.instructions());
    EXPECT_EQ(transfer::count(ptx, size), copy.instructions());
    EXPECT_EQ(transfer::count(ptx, "cp.async.commit_group"), 1);
    EXPECT_EQ(transfer::count(ptx, "cp.async.wait_group"), 1);
  }
}

// Behind the mask's end there is no memory: reading there would be a fault.
TEST(AsyncCopy, MaskedOffElementsAreZeroAndNotRead) {
  for (const Copy &copy : kCopies)
    for (int64_t vectors : {0, 1, 5, 13}) {
      SCOPED_TRACE(copy.element.name + " x " + std::to_string(copy.vector) + ", " +
                   std::to_string(vectors));
      Program program = copy.program();
      program.limit = vectors * copy.vector;
      program.check();
    }
}

TEST(AsyncCopy, TheCacheOperatorChoosesTheForm) {
  Program program = kCopies[0].program();
  program.cache = "ca";
  EXPECT_EQ(transfer::count(program.check(), "cp.async.ca"), kCopies[0].instructions());
  program.cache = "cg";
  EXPECT_EQ(transfer::count(program.check(), "cp.async.cg"), kCopies[0].instructions());
}
