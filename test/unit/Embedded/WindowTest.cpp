// Block pointers: windows at every border, and loops that move them.
#include "EmbeddedTest.h"

namespace cosmati {
namespace {

TEST(EmbeddedWindow, BordersAreCheckedWhereAskedFor) {
  const int rows = 11, columns = 13;
  auto x = iota<float>(rows * columns, 1);
  for (int row : {-5, 0, 4, 8})
    for (int column : {-3, 0, 7}) {
      std::vector<float> out(8 * 8);
      kernel("window", [](Ptr<const float> x, Ptr<float> out, Scalar<int> rows, Scalar<int> columns,
                          Scalar<int> row, Scalar<int> column) {
        auto window = makeBlockPointer<8, 8>(x, {rows, columns}, {columns, 1}, {row, column});
        auto whole = makeBlockPointer<8, 8>(out, {8, 8}, {8, 1}, {0, 0});
        whole.store(window.load<0, 1>());
      })[1](x, out, rows, columns, row, column);
      for (int i = 0; i < 8; ++i)
        for (int j = 0; j < 8; ++j) {
          int r = row + i, c = column + j;
          bool inside = r >= 0 && r < rows && c >= 0 && c < columns;
          ASSERT_EQ(out[8 * i + j], inside ? x[r * columns + c] : 0) << r << ", " << c;
        }
    }
}

TEST(EmbeddedWindow, LoopsMoveThem) {
  auto out = compute<float>(iota<float>(100), 16, [](auto x, auto out) {
    auto window = makeBlockPointer<16>(x, {100}, {1}, {0});
    Block<float, 16> total = 0;
    forRange(7, [&] {
      total += window.template load<0>();
      window.advance({16});
    });
    makeBlockPointer<16>(out, {16}, {1}, {0}).template store<0>(total);
  });
  for (int i = 0; i < 16; ++i) {
    float total = 0;
    for (int k = i; k < 100; k += 16)
      total += static_cast<float>(k);
    EXPECT_EQ(out[i], total);
  }
}

TEST(EmbeddedWindow, ErrorsNameTheDimension) {
  auto wrong = kernel(
      "wrong", [](Ptr<float> x) { makeBlockPointer<8, 8>(x, {8, 8}, {8, 1}, {0, 0}).load<2>(); });
  EXPECT_REFUSED_AT(__LINE__ - 1, "boundary_check names dimension 2, but the block has rank 2",
                    wrong.compile());
}

} // namespace
} // namespace cosmati
