// Narrow floats on the host agree with the kernels' conversions, bit by bit.
#include "EmbeddedTest.h"

#include <bit>
#include <random>

namespace cosmati {
namespace {

template <typename T> class NarrowFloat : public testing::Test {};
using NarrowTypes = testing::Types<float16, bfloat16, float8e5, float8e4nv>;
TYPED_TEST_SUITE(NarrowFloat, NarrowTypes);

template <typename T> T fromBits(unsigned bits) {
  T value;
  value.bits = static_cast<decltype(value.bits)>(bits);
  return value;
}

TYPED_TEST(NarrowFloat, EveryValueSurvivesFloat) {
  for (unsigned bits = 0; bits < 1u << (8 * sizeof(TypeParam)); ++bits) {
    auto value = fromBits<TypeParam>(bits);
    if (std::isnan(static_cast<float>(value)))
      continue;
    if (sizeof(TypeParam) == 1 && std::isinf(static_cast<float>(value)))
      continue; // 8-bit formats saturate
    ASSERT_EQ(TypeParam(static_cast<float>(value)).bits, bits);
  }
}

TYPED_TEST(NarrowFloat, RoundsAsKernelsDo) {
  constexpr int n = 4096;
  // The same numbers in every run. NOLINTNEXTLINE(bugprone-random-generator-seed)
  std::mt19937 random(1);
  std::vector<float> x(n);
  for (float &value : x) // every exponent, no infinity or NaN
    value = std::bit_cast<float>(static_cast<uint32_t>(random() & ~(1u << 30)) % 0xff000000u);
  for (int i = 0; i < 1024; ++i) // near the ends of the small formats
    x[i] = std::ldexp(static_cast<float>(static_cast<int>(random() % 4096) - 2048),
                      static_cast<int>(random() % 40) - 30);
  x[0] = 0, x[1] = -0.0f, x[2] = 65504, x[3] = 65520, x[4] = 448, x[5] = 464, x[6] = 480;
  auto out = compute<TypeParam>(x, n, [](auto x, auto out) {
    auto i = arange<n>();
    store(out + i, load(x + i).template to<TypeParam>());
  });
  for (int i = 0; i < n; ++i)
    ASSERT_EQ(out[i].bits, TypeParam(x[i]).bits) << x[i];
}

TYPED_TEST(NarrowFloat, WidensAsKernelsDo) {
  static constexpr int n = 1 << (8 * sizeof(TypeParam)), block = 256;
  std::vector<TypeParam> x(n);
  for (int i = 0; i < n; ++i)
    x[i] = fromBits<TypeParam>(i);
  std::vector<float> out(n);
  kernel("widen", [](Ptr<const TypeParam> x, Ptr<float> out) {
    auto i = programId(0) * block + arange<block>();
    store(out + i, load(x + i).template to<float>());
  })[n / block](x, out);
  for (int i = 0; i < n; ++i) {
    float wanted = x[i];
    ASSERT_TRUE(out[i] == wanted || (std::isnan(out[i]) && std::isnan(wanted))) << i;
  }
}

TEST(EmbeddedNumbers, NaNStaysNaN) {
  EXPECT_TRUE(std::isnan(static_cast<float>(float16(NAN))));
  EXPECT_TRUE(std::isnan(static_cast<float>(float8e4nv(NAN))));
  EXPECT_EQ(static_cast<float>(float8e4nv(1e9f)), 448);
  EXPECT_TRUE(std::isinf(static_cast<float>(float16(1e9f))));
}

} // namespace
} // namespace cosmati
