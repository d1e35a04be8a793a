// Sorting and reversing along the last dimension.
#include "EmbeddedTest.h"

#include <algorithm>

namespace cosmati {
namespace {

template <int M, int N> void checkSort() {
  std::vector<float> x(M * N);
  for (int i = 0; i < M * N; ++i)
    x[i] = static_cast<float>((i * 7919) % 251) - 100;
  auto out = compute<float>(x, 3 * M * N, [](auto x, auto out) {
    auto at = arange<M>().column() * N + arange<N>().row();
    auto values = load(x + at);
    store(out + at, sort(values));
    store(out + M * N + at, sort(values, /*descending=*/true));
    store(out + 2 * M * N + at, flip(values));
  });
  for (int m = 0; m < M; ++m) {
    std::vector<float> row(&x[m * N], &x[m * N] + N), reversed(row.rbegin(), row.rend());
    std::sort(row.begin(), row.end());
    for (int i = 0; i < N; ++i) {
      ASSERT_EQ(out[m * N + i], row[i]);
      ASSERT_EQ(out[M * N + m * N + i], row[N - 1 - i]);
      ASSERT_EQ(out[2 * M * N + m * N + i], reversed[i]);
    }
  }
}

TEST(EmbeddedSort, BoundaryShapes) {
  checkSort<1, 1>();
  checkSort<1, 2>();
  checkSort<4, 8>();
  checkSort<1, 64>();
}

TEST(EmbeddedSort, NaNsGatherAtTheEnd) {
  auto out = compute<float>(std::vector<float>{3, NAN, 1, NAN}, 4, [](auto x, auto out) {
    auto i = arange<4>();
    store(out + i, sort(load(x + i)));
  });
  EXPECT_EQ(out[0], 1);
  EXPECT_EQ(out[1], 3);
  EXPECT_TRUE(std::isnan(out[2]) && std::isnan(out[3]));
}

} // namespace
} // namespace cosmati
