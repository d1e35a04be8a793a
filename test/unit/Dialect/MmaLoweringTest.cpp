// tilegpu.mma from IR to the PTX machine: for each dense instruction a product of blocks on four
// warps, several tiles along every dimension, equals the product of the matrices.
#include "compiler/Pipeline/Compile.h"
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/TileGPU/IR/MmaFragments.h"
#include "test/unit/Dialect/MmaProgram.h"
#include "test/unit/Vm/VmTest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>
#include <cstring>
#include <random>

using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

constexpr int64_t kWarps[] = {2, 2};

/// Elements of a block as IR writes them. Integers of less than 8 bits are packed.
struct Element {
  std::string name;
  unsigned bits;
};
Element elementOf(MmaType type) {
  switch (type) {
  case MmaType::TF32:
    return {"f32", 32};
  case MmaType::E4M3:
    return {"f8E4M3FN", 8};
  case MmaType::E5M2:
    return {"f8E5M2", 8};
  case MmaType::S8:
  case MmaType::U8:
  case MmaType::S4:
  case MmaType::U4:
    return {"i8", 8};
  case MmaType::B1:
  case MmaType::S32:
    return {"i32", 32};
  default:
    return {mmaTypeName(type).str(), mmaTypeBits(type)};
  }
}

/// A block of IR: its layout and the bytes that it is loaded from, row by row.
struct Block {
  std::string name;
  Element element;
  int64_t rows, columns; ///< in elements of the block
  LinearLayout layout;
  std::vector<uint8_t> bytes;

  std::string extents() const { return std::to_string(rows) + "x" + std::to_string(columns) + "x"; }
  std::string type() const { return "tensor<" + extents() + element.name + ", #" + name + ">"; }
  std::string pointers() const {
    return "tensor<" + extents() + "!tile.ptr<" + element.name + ">, #" + name + ">";
  }
  std::string definitions() const {
    return "#" + name + " = #tilegpu.layout<" + layout.toString() + ">\n#flat_" + name +
           " = #tilegpu.layout<" + layout.flatten().toString() + ">\n";
  }
  /// %q_name, the addresses of the elements behind %p_name.
  std::string addresses() const {
    std::string flat = "tensor<" + std::to_string(rows * columns) + "xi32, #flat_" + name + ">";
    std::string index = "tensor<" + extents() + "i32, #" + name + ">";
    return "  %r_" + name + " = tile.make_range 0, " + std::to_string(rows * columns) + " : " +
           flat + "\n  %i_" + name + " = tile.reshape %r_" + name + " : " + flat + " -> " + index +
           "\n  %s_" + name + " = tile.splat %p_" + name + " : !tile.ptr<" + element.name +
           "> -> " + pointers() + "\n  %q_" + name + " = tile.addptr %s_" + name + ", %i_" + name +
           " : " + pointers() + ", " + index + "\n";
  }
  std::string load() const {
    return addresses() + "  %v_" + name + " = tile.load %q_" + name + " : " + pointers() + "\n";
  }
  /// Element `part` of those packed in (row, column).
  void put(int64_t row, int64_t column, unsigned bits, unsigned part, uint64_t value) {
    size_t position = size_t(row * columns + column) * element.bits + part * bits;
    if (bits >= 8)
      std::memcpy(&bytes[position / 8], &value, bits / 8);
    else
      bytes[position / 8] |= uint8_t(value << (position % 8));
  }
};

Block makeBlock(const std::string &name, MmaType type, int64_t rows, int64_t columns,
                LinearLayout (*layout)(llvm::ArrayRef<int64_t>, unsigned)) {
  Element element = elementOf(type);
  return {name,
          element,
          rows,
          columns,
          layout({rows, columns}, element.bits),
          std::vector<uint8_t>(size_t(rows * columns) * element.bits / 8)};
}

class BlockProduct {
public:
  explicit BlockProduct(const MmaInstruction &row)
      : row(row), m(64), n(32), k(2 * row.k),
        a(makeBlock("a", row.a, m, k / perElement(row.a), &blockLayoutA)),
        b(makeBlock("b", row.b, k / perElement(row.b), n, &blockLayoutB)),
        c(makeBlock("c", row.acc, m, n, &blockLayoutAcc)), d(c) {
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

  static LinearLayout blockLayoutA(llvm::ArrayRef<int64_t> shape, unsigned bits) {
    return mmaOperandA(shape, kWarps, bits);
  }
  static LinearLayout blockLayoutB(llvm::ArrayRef<int64_t> shape, unsigned bits) {
    return mmaOperandB(shape, kWarps, bits);
  }
  static LinearLayout blockLayoutAcc(llvm::ArrayRef<int64_t> shape, unsigned) {
    return mmaAccumulator16x8(shape, kWarps);
  }
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
