// Matrix products of small whole numbers are exact in every type.
#include "EmbeddedTest.h"

namespace cosmati {
namespace {

template <typename T, typename Acc, int M, int N, int K> void checkDot() {
  std::vector<T> a(M * K), b(K * N);
  for (int i = 0; i < M * K; ++i)
    a[i] = T(static_cast<float>(i * 7 % 5 - 2));
  for (int i = 0; i < K * N; ++i)
    b[i] = T(static_cast<float>(i * 3 % 7 - 3));
  std::vector<Acc> out(M * N);
  auto product = kernel("product(a, b, out)", [](Ptr<const T> a, Ptr<const T> b, Ptr<Acc> out) {
    auto m = arange<M>().column();
    auto n = arange<N>().row();
    auto x = load(a + m * K + arange<K>().row());
    auto y = load(b + arange<K>().column() * N + n);
    Block<Acc, M, N> one = 1;
    store(out + m * N + n, dot<Acc>(x, y) + dot(x, y, one));
  });
  product[1](a, b, out);
  for (int m = 0; m < M; ++m)
    for (int n = 0; n < N; ++n) {
      float wanted = 0.5f;
      for (int k = 0; k < K; ++k)
        wanted += static_cast<float>(a[m * K + k]) * static_cast<float>(b[k * N + n]);
      ASSERT_EQ(static_cast<float>(out[m * N + n]), 2 * wanted) << m << ", " << n;
    }
}

TEST(EmbeddedDot, Types) {
  checkDot<float16, float, 16, 8, 16>();
  checkDot<float16, float16, 16, 16, 16>();
  checkDot<bfloat16, float, 32, 16, 32>();
  checkDot<float8e4nv, float, 16, 8, 32>();
  checkDot<float, float, 16, 16, 16>();
  checkDot<double, double, 8, 8, 4>();
  checkDot<int8_t, int32_t, 16, 8, 32>();
}

TEST(EmbeddedDot, BoundaryShapes) {
  checkDot<float16, float, 1, 1, 16>();
  checkDot<float16, float, 64, 64, 64>();
  checkDot<float16, float, 128, 8, 16>();
}

TEST(EmbeddedDot, RunsOnTensorCores) {
  auto product = kernel("product", [](Ptr<const float16> a, Ptr<float> out) {
    auto at = arange<64>().column() * 64 + arange<64>().row();
    auto x = load(a + at);
    store(out + at, dot(x, trans(x)));
  });
  EXPECT_NE(product.ptx({.target = "sm_80"}).find("mma.sync"), std::string::npos);
  EXPECT_NE(product.ptx({.target = "sm_90a"}).find("mma."), std::string::npos);
}

TEST(EmbeddedDot, ScaledFormats) {
  std::vector<float8e4nv> a(16 * 64), b(64 * 16);
  for (size_t i = 0; i < a.size(); ++i)
    a[i] = float8e4nv(static_cast<float>(i % 5)), b[i] = float8e4nv(static_cast<float>(i % 3));
  std::vector<uint8_t> scales(16 * 2, 128); // 2^1
  std::vector<float> out(16 * 16);
  kernel("scaled", [](Ptr<const float8e4nv> a, Ptr<const float8e4nv> b, Ptr<const uint8_t> scales,
                      Ptr<float> out) {
    auto m = arange<16>().column(), n = arange<16>().column();
    auto x = load(a + m * 64 + arange<64>().row());
    auto y = load(b + arange<64>().column() * 16 + arange<16>().row());
    auto scale = load(scales + n * 2 + arange<2>().row());
    Block<float, 16, 16> acc = 1;
    auto r = dotScaled(Scaled{x, "e4m3", scale}, Scaled{y, "e4m3"}, acc);
    store(out + m * 16 + arange<16>().row(), r);
  })[1](a, b, scales, out);
  for (int m = 0; m < 16; ++m)
    for (int n = 0; n < 16; ++n) {
      float wanted = 1;
      for (int k = 0; k < 64; ++k)
        wanted += 2 * static_cast<float>(a[m * 64 + k]) * static_cast<float>(b[k * 16 + n]);
      ASSERT_EQ(out[m * 16 + n], wanted);
    }
}

} // namespace
} // namespace cosmati
