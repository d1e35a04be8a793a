// tilegpu.mma from IR to the PTX machine: for each dense instruction a product of blocks on four
// warps, several tiles along every dimension, equals the product of the matrices.
#include "compiler/Pipeline/Compile.h"
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/TileGPU/IR/MmaFragments.h"
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

class BlockProduct {
public:
  explicit BlockProduct(const MmaInstruction &row)
      : row(row), m(64), n(32), k(2 * row.k),
        a(makeBlock("a", elementOf(row.a), m, k / perElement(row.a),
                    mmaOperandA({m, k / perElement(row.a)}, kWarps, elementOf(row.a).bits))),
        b(makeBlock("b", elementOf(row.b), k / perElement(row.b), n,
                    mmaOperandB({k / perElement(row.b), n}, kWarps, elementOf(row.b).bits))),
        c(makeBlock("c", elementOf(row.acc), m, n, mmaAccumulator16x8({m, n}, kWarps))), d(c) {
    std::mt19937 rng(3);
    for (auto [type, list, count] : {std::tuple(row.a, &left, m * k), {row.b, &right, k * n}})
      for (int64_t i = 0; i < count; ++i)
        list->push_back(type == MmaType::B1                          ? int64_t(rng() % 2)
                        : type == MmaType::U8 || type == MmaType::U4 ? int64_t(rng() % 4)
                                                                     : int64_t(rng() % 7) - 3);
    for (int64_t i = 0; i < m * n; ++i)
      added.push_back(int64_t(rng() % 17) - 8);
    fill();
  }

  /// Clamped sums of accumulators near the bound.
  void saturate() {
    saturating = true;
    for (int64_t &x : added)
      x += INT32_MAX - 8;
    fill();
  }

  /// The PTX for the row's lowest architecture, or a failed test.
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
    llvm::SmallVector<llvm::StringRef> words;
    llvm::SplitString(ptx, words);
    int64_t fewest = m * n * k / (row.m * row.n * row.k) / (kWarps[0] * kWarps[1]);
    EXPECT_EQ(llvm::count(words, saturating ? row.saturatingPtx : row.ptx), fewest);
    vmtest::Grid grid(ptx);
    ASSERT_EQ(grid.buffer(a.bytes).buffer(b.bytes).buffer(c.bytes).buffer(d.bytes).go(1, 128), "");
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        uint64_t bits = 0;
        std::memcpy(&bits, &d.bytes[size_t(i * n + j) * d.element.bits / 8], d.element.bits / 8);
        ASSERT_EQ(mmatest::decode(row.acc, bits), expected(i, j)) << i << ", " << j;
      }
  }

private:
  const MmaInstruction &row;
  int64_t m, n, k;
  Block a, b, c, d;
  std::vector<int64_t> left, right, added;
  bool saturating = false;

  static int64_t perElement(MmaType type) { return elementOf(type).bits / mmaTypeBits(type); }

  void fill() {
    for (Block *block : {&a, &b, &c})
      std::fill(block->bytes.begin(), block->bytes.end(), uint8_t(0));
    unsigned bitsA = mmaTypeBits(row.a), bitsB = mmaTypeBits(row.b);
    int64_t perA = perElement(row.a), perB = perElement(row.b);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t x = 0; x < k; ++x)
        a.put(i, x / perA, bitsA, unsigned(x % perA), mmatest::encode(row.a, left[i * k + x]));
    for (int64_t x = 0; x < k; ++x)
      for (int64_t j = 0; j < n; ++j)
        b.put(x / perB, j, bitsB, unsigned(x % perB), mmatest::encode(row.b, right[x * n + j]));
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j)
        c.put(i, j, mmaTypeBits(row.acc), 0, mmatest::encode(row.acc, added[i * n + j]));
  }

  std::string text() const {
    std::string pointer = "!tile.ptr<" + c.element.name + ">";
    std::string out = a.definitions() + b.definitions() + c.definitions() +
                      "module attributes {tilegpu.num_warps = 4 : i32, tilegpu.shared_bytes = 0 : "
                      "i32, tilegpu.target = #tilegpu.target<sm = \"" +
                      std::to_string(row.sm) + "\">} {\nfunc.func @k(%p_a: !tile.ptr<" +
                      a.element.name + ">, %p_b: !tile.ptr<" + b.element.name +
                      ">, %p_c: " + pointer + ", %p_d: " + pointer +
                      ") attributes {tile.kernel} {\n";
    out += a.load() + b.load() + c.load();
    out += "  %d = tilegpu.mma \"" + row.ptx.str() + (saturating ? "\" saturate" : "\"") +
           " %v_a, %v_b, %v_c : " + a.type() + ", " + b.type() + ", " + c.type() + "\n";
    out += "  %s_d = tile.splat %p_d : " + pointer + " -> " + c.pointers() +
           "\n  %q_d = tile.addptr %s_d, %i_c : " + c.pointers() + ", tensor<" + c.extents() +
           "i32, #c>\n  tile.store %q_d, %d : " + c.pointers() + "\n  return\n}\n}\n";
    return out;
  }

  int64_t expected(int64_t i, int64_t j) const {
    int64_t sum = added[i * n + j];
    for (int64_t x = 0; x < k; ++x) {
      int64_t p = left[i * k + x], q = right[x * n + j];
      sum += row.bitOp == MmaBitOp::Xor ? p ^ q : row.bitOp == MmaBitOp::And ? p & q : p * q;
      if (saturating && (x + 1) % row.k == 0) // each instruction clamps
        sum = std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX);
    }
    return sum;
  }
};

} // namespace

TEST(MmaLowering, BlocksAreMultipliedByEveryDenseInstruction) {
  for (const MmaInstruction &row : mmaTable()) {
    if (row.sparse)
      continue;
    SCOPED_TRACE(row.ptx.str());
    BlockProduct(row).check();
    if (HasFatalFailure())
      return;
  }
}

TEST(MmaLowering, SumsAreClampedWhereTheOpSaysSo) {
  for (const MmaInstruction &row : mmaTable())
    if (row.saturates() && !row.sparse) {
      SCOPED_TRACE(row.ptx.str());
      BlockProduct product(row);
      product.saturate();
      product.check();
      if (HasFatalFailure())
        return;
    }
}

// The PTX version is raised to that of the instruction.
TEST(MmaLowering, TheAssemblerAcceptsEachOnItsLowestArchitecture) {
  if (!mmatest::hasAssembler())
    GTEST_SKIP() << "there is no ptxas on the PATH";
  for (const MmaInstruction &row : mmaTable())
    if (!row.sparse) {
      EXPECT_EQ(mmatest::assemblerErrors(BlockProduct(row).compile(), row.sm), "") << row.ptx.str();
    }
}
