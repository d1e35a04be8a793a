// Shapes: each function moves elements to where it says.
#include "EmbeddedTest.h"

namespace cosmati {
namespace {

/// Row-major offsets of an M x N block.
template <int M, int N> auto grid() { return arange<M>().column() * N + arange<N>().row(); }

template <int M, int N> void checkMatrix() {
  auto x = iota<int32_t>(M * N);
  auto transposed = compute<int32_t>(
      x, M * N, [](auto x, auto out) { store(out + grid<N, M>(), trans(load(x + grid<M, N>()))); });
  auto reshaped = compute<int32_t>(x, M * N, [](auto x, auto out) {
    store(out + arange<M * N>(), reshape<M * N>(load(x + grid<M, N>())));
  });
  auto broadcast = compute<int32_t>(x, M * N, [](auto x, auto out) {
    store(out + grid<M, N>(), broadcastTo<M, N>(load(x + arange<N>())));
  });
  for (int m = 0; m < M; ++m)
    for (int k = 0; k < N; ++k) {
      ASSERT_EQ(transposed[k * M + m], m * N + k);
      ASSERT_EQ(reshaped[m * N + k], m * N + k);
      ASSERT_EQ(broadcast[m * N + k], k);
    }
}

TEST(EmbeddedShape, TransReshapeBroadcast) {
  checkMatrix<1, 1>();
  checkMatrix<1, 64>();
  checkMatrix<32, 1>();
  checkMatrix<2, 16>();
  checkMatrix<64, 32>();
}

TEST(EmbeddedShape, JoinSplitCat) {
  auto out = compute<int32_t>(iota<int32_t>(16), 48, [](auto x, auto out) {
    auto i = arange<8>();
    auto a = load(x + i), b = load(x + 8 + i);
    auto both = join(a, b);
    store(out + i.column() * 2 + arange<2>().row(), both);
    auto [c, d] = split(both);
    store(out + 16 + i, c - d);
    store(out + 24 + arange<16>(), cat(a, b));
  });
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(out[2 * i], i);
    EXPECT_EQ(out[2 * i + 1], 8 + i);
    EXPECT_EQ(out[16 + i], -8);
    EXPECT_EQ(out[24 + i], i);
    EXPECT_EQ(out[32 + i], 8 + i);
  }
}

TEST(EmbeddedShape, PermuteAndExpandDims) {
  auto out = compute<int32_t>(64, [](auto out) {
    auto x = expandDims<-1>(grid<4, 8>()) * 2 + reshape<1, 1, 2>(arange<2>());
    auto turned = permute<2, 0, 1>(x);
    store(out + arange<64>(), ravel(turned));
  });
  for (int k = 0; k < 2; ++k)
    for (int m = 0; m < 4; ++m)
      for (int j = 0; j < 8; ++j)
        ASSERT_EQ(out[(k * 4 + m) * 8 + j], (m * 8 + j) * 2 + k);
}

TEST(EmbeddedShape, BlocksOfOneElement) {
  auto out = compute<int32_t>(2, [](auto out) {
    auto one = arange<1>() + 41;
    store(out, item(one));
    store(out + 1, item(reshape<1, 1>(one)) + 1);
  });
  EXPECT_EQ(out, (std::vector<int32_t>{41, 42}));
}

TEST(EmbeddedShape, FullAndZeros) {
  auto out = compute<float>(32, [](auto out) {
    auto i = arange<16>();
    store(out + i, full<float, 16>(2.5));
    store(out + 16 + i, zeros<float, 16>());
  });
  EXPECT_EQ(out[15], 2.5f);
  EXPECT_EQ(out[16], 0);
}

} // namespace
} // namespace cosmati
