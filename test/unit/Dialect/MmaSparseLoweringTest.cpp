// tilegpu.mma_sparse from IR to the PTX machine: for each sparse instruction a product of blocks on
// four warps, several tiles along every dimension, equals the product of the matrices. Metadata
// lies in memory as words of four codes, row by row.
#include "compiler/Pipeline/Compile.h"
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/TileGPU/IR/MmaSparsePlan.h"
#include "test/unit/Dialect/MmaBlock.h"
#include "test/unit/Dialect/MmaProgram.h"
#include "test/unit/Vm/VmTest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>
#include <cstring>
#include <random>

using namespace cosmati;
using namespace cosmati::tilegpu;
using mmatest::Block;
using mmatest::elementOf;
using mmatest::makeBlock;

namespace {

constexpr int64_t kWarps[] = {2, 2};
constexpr int64_t kM = 64, kN = 32;

int64_t perElement(MmaType type) { return elementOf(type).bits / mmaTypeBits(type); }

class SparseProduct {
public:
  explicit SparseProduct(const MmaInstruction &row)
      : row(row), k(2 * row.k), storedColumns(k / 2 / perElement(row.a)),
        bRows(k / perElement(row.b)), words(k / mmaMetadataStep(row)),
        a(makeBlock("a", elementOf(row.a), kM, storedColumns,
                    mmaOperandA({kM, storedColumns}, kWarps, elementOf(row.a).bits))),
        e(makeBlock("e", {"i16", 16}, kM, words, mmaLayoutMetadataWords(row, {kM, words}, kWarps))),
        b(makeBlock("b", elementOf(row.b), bRows, kN,
                    mmaOperandB({bRows, kN}, kWarps, elementOf(row.b).bits))),
        c(makeBlock("c", elementOf(row.acc), kM, kN, mmaAccumulator16x8({kM, kN}, kWarps))), d(c),
        dense(size_t(kM * k)) {
    fillA();
    fillB();
    setAccumulators(0);
  }

  void saturate() {
    saturating = true;
    setAccumulators(INT32_MAX - 8);
  }

  std::string compile() {
    CompileOptions options;
    options.num_warps = 4;
    options.target = "sm_" + std::to_string(row.sm);
    CompileEnvironment environment;
    environment.firstStage = "nvvm";
    auto result = compileText(text(), options, environment);
    if (!result)
      ADD_FAILURE() << llvm::toString(result.takeError()) << text();
    return result ? result->image.ptx : "";
  }

  void check() {
    std::string ptx = compile();
    ASSERT_NE(ptx, "");
    llvm::SmallVector<llvm::StringRef> lines;
    llvm::SplitString(ptx, lines);
    int64_t fewest = kM * kN * k / (row.m * row.n * row.k) / (kWarps[0] * kWarps[1]);
    EXPECT_EQ(llvm::count(lines, saturating ? row.saturatingPtx : row.ptx), fewest);
    vmtest::Grid grid(ptx);
    ASSERT_EQ(
        grid.buffer(a.bytes).buffer(e.bytes).buffer(b.bytes).buffer(c.bytes).buffer(d.bytes).go(
            1, 128),
        "");
    for (int64_t i = 0; i < kM; ++i)
      for (int64_t j = 0; j < kN; ++j) {
        uint64_t bits = 0;
        std::memcpy(&bits, &d.bytes[size_t(i * kN + j) * d.element.bits / 8], d.element.bits / 8);
        ASSERT_EQ(mmatest::decode(row.acc, bits), expected(i, j)) << i << ", " << j;
      }
  }

private:
  const MmaInstruction &row;
  int64_t k, storedColumns, bRows, words;
  Block a, e, b, c, d;
  std::vector<int64_t> dense, right, added;
  bool saturating = false;
  std::mt19937 rng{5};

  int64_t random(MmaType type) {
    return type == MmaType::U8 || type == MmaType::U4 ? int64_t(rng() % 4) : int64_t(rng() % 7) - 3;
  }

  /// Chooses the places of A's elements, and the elements.
  void fillA() {
    const int group = mmaGroup(row), stored = group / 2;
    const int64_t per = perElement(row.a);
    for (int64_t i = 0; i < kM; ++i)
      for (int64_t g = 0; g < k / group; ++g) {
        // Two of four places; for a group of two elements the places are halves of elements.
        unsigned first = group == 2 ? 2 * (rng() % 2) : rng() % 3;
        unsigned second = group == 2 ? first + 1 : first + 1 + rng() % (3 - first);
        e.put(i, g / 4, 4, unsigned(g % 4), first | second << 2);
        for (int s = 0; s < stored; ++s) {
          unsigned place = group == 2   ? first / 2
                           : group == 4 ? (s ? second : first)
                                        : 2 * (s < 2 ? first : second) + unsigned(s % 2);
          int64_t value = random(row.a), column = g * stored + s;
          dense[size_t(i * k + g * group + place)] = value;
          a.put(i, column / per, mmaTypeBits(row.a), unsigned(column % per),
                mmatest::encode(row.a, value));
        }
      }
  }

  void fillB() {
    const int64_t per = perElement(row.b);
    for (int64_t x = 0; x < k; ++x)
      for (int64_t j = 0; j < kN; ++j) {
        right.push_back(random(row.b));
        b.put(x / per, j, mmaTypeBits(row.b), unsigned(x % per),
              mmatest::encode(row.b, right.back()));
      }
  }

  void setAccumulators(int64_t offset) {
    added.clear();
    for (int64_t i = 0; i < kM; ++i)
      for (int64_t j = 0; j < kN; ++j) {
        added.push_back(offset + int64_t(rng() % 17) - 8);
        c.put(i, j, mmaTypeBits(row.acc), 0, mmatest::encode(row.acc, added.back()));
      }
  }

  std::string text() const {
    std::string pointer = "!tile.ptr<" + c.element.name + ">", out;
    for (const Block *block : {&a, &e, &b, &c})
      out += block->definitions();
    out += "module attributes {tilegpu.num_warps = 4 : i32, tilegpu.shared_bytes = 0 : i32, "
           "tilegpu.target = #tilegpu.target<sm = \"" +
           std::to_string(row.sm) + "\">} {\nfunc.func @k(%p_a: !tile.ptr<" + a.element.name +
           ">, %p_e: !tile.ptr<i16>, %p_b: !tile.ptr<" + b.element.name + ">, %p_c: " + pointer +
           ", %p_d: " + pointer + ") attributes {tile.kernel} {\n";
    for (const Block *block : {&a, &e, &b, &c})
      out += block->load();
    out += "  %d = tilegpu.mma_sparse \"" + row.ptx.str() + (saturating ? "\" saturate" : "\"") +
           " %v_a, %v_e, %v_b, %v_c : " + a.type() + ", " + e.type() + ", " + b.type() + ", " +
           c.type() + "\n  %s_d = tile.splat %p_d : " + pointer + " -> " + c.pointers() +
           "\n  %q_d = tile.addptr %s_d, %i_c : " + c.pointers() + ", tensor<" + c.extents() +
           "i32, #c>\n  tile.store %q_d, %d : " + c.pointers() + "\n  return\n}\n}\n";
    return out;
  }

  int64_t expected(int64_t i, int64_t j) const {
    int64_t sum = added[size_t(i * kN + j)];
    for (int64_t x = 0; x < k; ++x) {
      sum += dense[size_t(i * k + x)] * right[size_t(x * kN + j)];
      if (saturating && (x + 1) % row.k == 0) // each instruction clamps
        sum = std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX);
    }
    return sum;
  }
};

template <typename Check> void forEachSparse(Check check) {
  for (const MmaInstruction &row : mmaTable())
    if (row.sparse && !testing::Test::HasFatalFailure()) {
      SCOPED_TRACE(row.ptx.str());
      check(row);
    }
}

} // namespace

TEST(MmaSparseLowering, BlocksAreMultipliedByEverySparseInstruction) {
  forEachSparse([](const MmaInstruction &row) { SparseProduct(row).check(); });
}

TEST(MmaSparseLowering, SumsAreClampedWhereTheOpSaysSo) {
  forEachSparse([](const MmaInstruction &row) {
    if (!row.saturates())
      return;
    SparseProduct product(row);
    product.saturate();
    product.check();
  });
}

// The PTX version is raised to that of the instruction.
TEST(MmaSparseLowering, TheAssemblerAcceptsEachOnItsLowestArchitecture) {
  if (!mmatest::hasAssembler())
    GTEST_SKIP() << "there is no ptxas on the PATH";
  forEachSparse([](const MmaInstruction &row) {
    EXPECT_EQ(mmatest::assemblerErrors(SparseProduct(row).compile(), row.sm), "");
  });
}
