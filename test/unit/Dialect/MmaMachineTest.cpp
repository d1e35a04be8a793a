// Each row, run by the PTX machine on fragments that our layouts made, gives the product of the
// matrices. The machine has fragment code of its own, so this holds layouts, table and machine
// against each other. All values are small integers, which every type multiplies exactly.
#include "dialects/TileGPU/IR/MmaFragments.h"
#include "test/unit/Dialect/MmaProgram.h"
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"

#include <algorithm>
#include <random>

using namespace cosmati;
using namespace cosmati::tilegpu;
using mmatest::decode;
using mmatest::encode;

namespace {

/// A matrix of integers.
struct Matrix {
  int rows, columns;
  std::vector<int64_t> values;
  Matrix(int rows, int columns) : rows(rows), columns(columns), values(size_t(rows) * columns) {}
  int64_t &at(int row, int column) { return values[size_t(row) * columns + column]; }
  int64_t at(int row, int column) const { return values[size_t(row) * columns + column]; }
};

class Product {
public:
  Product(const MmaInstruction &row, uint32_t seed)
      : row(row), rng(seed), a(row.m, row.storedK()), dense(row.m, row.k), b(row.k, row.n),
        c(row.m, row.n) {
    for (int64_t &x : a.values)
      x = random(row.a);
    for (int64_t &x : b.values)
      x = random(row.b);
    for (int64_t &x : c.values)
      x = int64_t(rng() % 17) - 8;
    if (row.sparse)
      spread();
    else
      dense = a;
  }

  /// Runs the instruction and compares each element.
  void check(bool saturate = false, unsigned selector = 0) {
    LinearLayout accumulator = mmaTileAcc(row);
    unsigned accBits = mmaTypeBits(row.acc);
    auto bufferA = packed(mmaTileA(row), row.a, a), bufferB = packed(mmaTileB(row), row.b, b),
         bufferC = packed(accumulator, row.acc, c);
    std::vector<uint8_t> bufferD(bufferC.size(), 0xee), metadata(128);
    if (row.sparse)
      metadata = mmatest::pack(mmaTileMetadata(row), 4, [&](mmatest::Coordinates at) {
        return uint64_t(codes[size_t(at[0]) * groups() + at[1]]);
      });
    vmtest::Grid grid(vmtest::newestHeader() + mmatest::mmaEntry(row, "k", saturate, selector));
    ASSERT_EQ(
        grid.buffer(bufferA).buffer(bufferB).buffer(bufferC).buffer(bufferD).buffer(metadata).go(
            1, 32),
        "");
    mmatest::unpack(accumulator, accBits, bufferD, [&](mmatest::Coordinates at, uint64_t bits) {
      EXPECT_EQ(decode(row.acc, bits), expected(at[0], at[1], saturate))
          << row.ptx.str() << " row " << at[0] << " column " << at[1];
    });
  }
  /// Makes every accumulator so large that positive sums overflow.
  void raiseAccumulators() {
    for (int64_t &x : c.values)
      x += INT32_MAX - 8;
  }
  /// Selectors that the instruction has: 16 codes of metadata are in four lanes.
  unsigned selectors() const { return 16 / unsigned(groups()); }

private:
  const MmaInstruction &row;
  std::mt19937 rng;
  Matrix a, dense, b, c;
  std::vector<unsigned> codes;

  int groups() const { return row.k / mmaGroup(row); }

  int64_t random(MmaType type) {
    if (type == MmaType::B1)
      return rng() % 2;
    return type == MmaType::U8 || type == MmaType::U4 ? int64_t(rng() % 4) : int64_t(rng() % 7) - 3;
  }

  std::vector<uint8_t> packed(const LinearLayout &layout, MmaType type, const Matrix &matrix) {
    return mmatest::pack(layout, mmaTypeBits(type), [&](mmatest::Coordinates at) {
      return encode(type, matrix.at(at[0], at[1]));
    });
  }

  /// Chooses the places of A's elements in the matrix that it stands for.
  void spread() {
    int group = mmaGroup(row), stored = group / 2;
    for (int i = 0; i < row.m; ++i)
      for (int g = 0; g < groups(); ++g) {
        // Two of four places; for a group of two elements the places are halves of elements.
        unsigned first = group == 2 ? 2 * (rng() % 2) : rng() % 3;
        unsigned second = group == 2 ? first + 1 : first + 1 + rng() % (3 - first);
        codes.push_back(first | second << 2);
        for (int s = 0; s < stored; ++s) {
          unsigned place = group == 2   ? first / 2
                           : group == 4 ? (s ? second : first)
                                        : 2 * (s < 2 ? first : second) + unsigned(s % 2);
          dense.at(i, g * group + int(place)) = a.at(i, g * stored + s);
        }
      }
  }

  int64_t expected(int i, int j, bool saturate) const {
    int64_t sum = c.at(i, j);
    for (int k = 0; k < row.k; ++k) {
      int64_t x = dense.at(i, k), y = b.at(k, j);
      sum += row.bitOp == MmaBitOp::Xor ? x ^ y : row.bitOp == MmaBitOp::And ? x & y : x * y;
    }
    if (saturate)
      return std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX);
    return row.acc == MmaType::S32 ? int64_t(int32_t(sum)) : sum;
  }
};

} // namespace

TEST(MmaMachine, MultipliesFragmentsOfOurLayouts) {
  uint32_t seed = 1;
  for (const MmaInstruction &row : mmaTable())
    Product(row, seed++).check();
}

TEST(MmaMachine, MetadataIsRightForEverySelector) {
  for (const MmaInstruction &row : mmaTable()) {
    if (!row.sparse)
      continue;
    Product product(row, 7);
    for (unsigned selector = 1; selector < product.selectors(); ++selector)
      product.check(false, selector);
  }
}

TEST(MmaMachine, IntegersWrapOrSaturate) {
  for (const MmaInstruction &row : mmaTable()) {
    if (!row.saturates())
      continue;
    Product product(row, 11);
    product.raiseAccumulators();
    product.check(false);
    product.check(true);
  }
}
