// Reductions and scans against plain loops.
#include "EmbeddedTest.h"

namespace cosmati {
namespace {

template <int M, int N> void checkRows() {
  std::vector<float> x(M * N);
  for (int i = 0; i < M * N; ++i)
    x[i] = static_cast<float>((i * 37) % 101) - 50;
  auto out = compute<float>(x, 4 * M + N, [](auto x, auto out) {
    auto m = arange<M>();
    auto values = load(x + m.column() * N + arange<N>().row());
    store(out + m, sum<1>(values));
    store(out + M + m, max<-1>(values));
    store(out + 2 * M + m, min<1>(values));
    store(out + 3 * M + m, argmax<1>(values).template to<float>());
    store(out + 4 * M + arange<N>(), sum<0>(values));
  });
  for (int m = 0; m < M; ++m) {
    auto *row = &x[m * N];
    EXPECT_EQ(out[m], std::accumulate(row, row + N, 0.0f));
    EXPECT_EQ(out[M + m], *std::max_element(row, row + N));
    EXPECT_EQ(out[2 * M + m], *std::min_element(row, row + N));
    EXPECT_EQ(out[3 * M + m], static_cast<float>(std::max_element(row, row + N) - row));
  }
  for (int k = 0; k < N; ++k) {
    float total = 0;
    for (int m = 0; m < M; ++m)
      total += x[m * N + k];
    EXPECT_EQ(out[4 * M + k], total);
  }
}

TEST(EmbeddedReduce, RowsAndColumnsOfBoundaryShapes) {
  checkRows<1, 1>();
  checkRows<1, 128>();
  checkRows<64, 1>();
  checkRows<2, 32>();
  checkRows<16, 64>();
}

TEST(EmbeddedReduce, AllElements) {
  auto out = compute<int32_t>(iota<int32_t>(256), 3, [](auto x, auto out) {
    auto values = load(x + arange<16>().column() * 16 + arange<16>().row());
    store(out, sum(values));
    store(out + 1, max(values));
    store(out + 2, xorSum(values));
  });
  EXPECT_EQ(out, (std::vector<int32_t>{255 * 128, 255, 0}));
}

TEST(EmbeddedReduce, SumsOfNarrowIntegersWiden) {
  auto out = compute<int32_t>(std::vector<int8_t>(128, 100), 1, [](auto x, auto out) {
    Scalar<int32_t> total = sum(load(x + arange<128>()));
    store(out, total);
  });
  EXPECT_EQ(out[0], 12800);
}

TEST(EmbeddedReduce, NaNLosesAgainstNumbers) {
  auto out = compute<float>(std::vector<float>{1, NAN, 3, 2}, 3, [](auto x, auto out) {
    auto values = load(x + arange<4>());
    store(out, max(values));
    store(out + 1, argmax<0>(values).template to<float>());
    store(out + 2, argmin<0>(values).template to<float>());
  });
  EXPECT_EQ(out, (std::vector<float>{3, 2, 0}));
}

TEST(EmbeddedReduce, CustomFunctionsAndPairs) {
  auto out = compute<float>(iota<float>(32, 1), 3, [](auto x, auto out) {
    auto values = load(x + arange<32>()) / 8;
    store(out, reduce<0>(values, [](Scalar<float> a, Scalar<float> b) { return a * b; }));
    // Mean and count together.
    auto [mean, count] =
        reduce<0>(std::tuple(values, full<float, 32>(1)),
                  [](auto mean1, auto count1, auto mean2, auto count2) {
                    auto count = count1 + count2;
                    return std::tuple((mean1 * count1 + mean2 * count2) / count, count);
                  });
    store(out + 1, mean);
    store(out + 2, count);
  });
  float product = 1;
  for (int i = 1; i <= 32; ++i)
    product *= static_cast<float>(i) / 8;
  EXPECT_NEAR(out[0] / product, 1, 1e-5);
  EXPECT_NEAR(out[1], 16.5 / 8, 1e-5);
  EXPECT_EQ(out[2], 32);
}

TEST(EmbeddedReduce, Scans) {
  auto out = compute<int32_t>(iota<int32_t>(64), 192, [](auto x, auto out) {
    auto i = arange<64>();
    auto values = load(x + i);
    store(out + i, cumsum(values));
    store(out + 64 + i, cumsum(values, /*reverse=*/true));
    auto largest = [](Scalar<int> a, Scalar<int> b) { return maximum(a, b); };
    store(out + 128 + i, scan(where(i % 3 == 0, values, 0), largest));
  });
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(out[i], i * (i + 1) / 2);
    EXPECT_EQ(out[64 + i], 63 * 64 / 2 - i * (i - 1) / 2);
    EXPECT_EQ(out[128 + i], i / 3 * 3);
  }
}

TEST(EmbeddedReduce, KeepDimsAndSoftmax) {
  auto out = compute<float>(iota<float>(8 * 16), 8 * 16, [](auto x, auto out) {
    auto at = arange<8>().column() * 16 + arange<16>().row();
    auto values = load(x + at) / 10;
    Block<float, 8, 1> largest = max<1, true>(values);
    store(out + at, softmax<1>(values - largest));
  });
  float total = 0;
  for (int i = 0; i < 16; ++i)
    total += std::exp(static_cast<float>(i - 15) / 10);
  for (int i = 0; i < 128; ++i)
    EXPECT_NEAR(out[i], std::exp(static_cast<float>(i % 16 - 15) / 10) / total, 1e-6);
}

} // namespace
} // namespace cosmati
