// Philox against a plain implementation and the known answers of its authors.
#include "EmbeddedTest.h"

#include <array>

namespace cosmati {
namespace {

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> c, uint32_t k0, uint32_t k1) {
  for (int i = 0; i < 10; ++i) {
    uint64_t a = uint64_t(0xD2511F53u) * c[0], b = uint64_t(0xCD9E8D57u) * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(a)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

TEST(EmbeddedRandom, WordsHaveThePhiloxBits) {
  // Random123's kat_vectors: counter and key of zeros.
  EXPECT_EQ(philox({}, 0, 0)[0], 0x6627e8d5u);
  const uint64_t seed = 0x123456789abcdefull;
  std::vector<uint32_t> out(4 * 64);
  kernel("words", [=](Ptr<uint32_t> out, Scalar<int> first) {
    auto i = arange<64>();
    auto words = randint4x(seed, first + i);
    for (int k = 0; k < 4; ++k)
      store(out + k * 64 + i, words[k]);
  })[1](out, 1000);
  for (uint32_t i = 0; i < 64; ++i) {
    auto wanted = philox({1000 + i, 0, 0, 0}, static_cast<uint32_t>(seed), seed >> 32);
    for (int k = 0; k < 4; ++k)
      ASSERT_EQ(out[k * 64 + i], wanted[k]);
  }
}

TEST(EmbeddedRandom, Moments) {
  static constexpr int n = 4096, block = 256;
  std::vector<float> out(2 * n);
  kernel("moments", [](Ptr<float> out) {
    auto i = programId(0) * block + arange<block>();
    store(out + i, rand(7, i));
    store(out + n + i, randn(7, i));
  })[n / block](out);
  double mean = 0, normalMean = 0, variance = 0;
  for (int i = 0; i < n; ++i) {
    ASSERT_GE(out[i], 0);
    ASSERT_LT(out[i], 1);
    mean += out[i] / n;
    normalMean += out[n + i] / n;
    variance += out[n + i] * out[n + i] / n;
  }
  EXPECT_NEAR(mean, 0.5, 0.03);
  EXPECT_NEAR(normalMean, 0, 0.06);
  EXPECT_NEAR(variance, 1, 0.1);
}

} // namespace
} // namespace cosmati
