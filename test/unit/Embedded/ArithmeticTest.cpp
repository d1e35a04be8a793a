// Operators and functions compute what C++ computes.
#include "EmbeddedTest.h"

#include <bit>

namespace cosmati {
namespace {

constexpr int n = 64;

std::vector<int32_t> someInts() {
  std::vector<int32_t> values = iota<int32_t>(n, -20);
  for (int32_t &value : values)
    value = value * 7 + (value % 3);
  return values;
}
std::vector<float> someFloats() {
  std::vector<float> values(n);
  for (int i = 0; i < n; ++i)
    values[i] = 0.37f * static_cast<float>(i - 20);
  return values;
}

/// Applies `body` to a block of x and compares with `wanted` of each element.
template <typename T, typename X, typename F, typename G>
void expectElementwise(const std::vector<X> &x, F body, G wanted, double tolerance = 0) {
  auto out = compute<T>(x, x.size(), [=](auto x, auto out) {
    auto i = arange<n>();
    store(out + i, body(load(x + i)));
  });
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_NEAR(static_cast<double>(out[i]), static_cast<double>(wanted(x[i])), tolerance)
        << "x = " << x[i];
}

TEST(EmbeddedArithmetic, IntegersFollowCpp) {
  auto x = someInts();
  expectElementwise<int32_t>(
      x, [](auto x) { return (x + 5) * 3 - x; }, [](int x) { return (x + 5) * 3 - x; });
  expectElementwise<int32_t>(x, [](auto x) { return x / 7; }, [](int x) { return x / 7; });
  expectElementwise<int32_t>(x, [](auto x) { return x % 7; }, [](int x) { return x % 7; });
  expectElementwise<int32_t>(
      x, [](auto x) { return 100 / (x | 1); }, [](int x) { return 100 / (x | 1); });
  expectElementwise<int32_t>(
      x, [](auto x) { return (x & 12) ^ (x >> 2) ^ ~x; },
      [](int x) { return (x & 12) ^ (x >> 2) ^ ~x; });
  expectElementwise<int32_t>(
      x, [](auto x) { return -abs(x) << 1; }, [](int x) { return -std::abs(x) * 2; });
}

TEST(EmbeddedArithmetic, FloatsFollowCpp) {
  auto x = someFloats();
  expectElementwise<float>(
      x, [](auto x) { return 2 * x - x / 4; }, [](float x) { return 2 * x - x / 4; }, 1e-6);
  expectElementwise<float>(x, [](auto x) { return 1.5 - x; }, [](float x) { return 1.5f - x; });
  expectElementwise<float>(x, [](auto x) { return -x; }, [](float x) { return -x; });
}

TEST(EmbeddedArithmetic, ComparisonsAndLogic) {
  auto x = someInts();
  auto expectTruth = [&](auto body) {
    expectElementwise<int32_t>(
        x, [=](auto x) { return body(x).template to<int32_t>(); },
        [=](int x) { return static_cast<int32_t>(body(x)); });
  };
  expectTruth([](auto x) { return x < 4 && x >= -30; });
  expectTruth([](auto x) { return !(x == 0) || 3 != x; });
  expectTruth([](auto x) { return x <= 4 || 60 < x; });
}

TEST(EmbeddedArithmetic, Functions) {
  auto x = someFloats();
  expectElementwise<float>(
      x, [](auto x) { return exp(x / 8) + cos(x); },
      [](float x) { return std::exp(x / 8) + std::cos(x); }, 1);
  expectElementwise<float>(
      x, [](auto x) { return sqrt(abs(x)) + floor(x) - ceil(x); },
      [](float x) { return std::sqrt(std::fabs(x)) + std::floor(x) - std::ceil(x); }, 1e-5);
  expectElementwise<float>(
      x, [](auto x) { return maximum(x, 1.5f) + minimum(x, 0.0f); },
      [](float x) { return std::max(x, 1.5f) + std::min(x, 0.0f); }, 1e-6);
  expectElementwise<float>(
      x, [](auto x) { return clamp(x, -1.0f, 2.0f); },
      [](float x) { return std::clamp(x, -1.0f, 2.0f); });
  expectElementwise<float>(
      x, [](auto x) { return fma(x, x, 1.0f); }, [](float x) { return std::fma(x, x, 1.0f); });
  expectElementwise<float>(
      x, [](auto x) { return where(x > 0, x, -1); }, [](float x) { return x > 0 ? x : -1; });
  expectElementwise<float>(
      x, [](auto x) { return sigmoid(x) + tanh(x) * erf(x); },
      [](float x) { return 1 / (1 + std::exp(-x)) + std::tanh(x) * std::erf(x); }, 1e-5);
}

TEST(EmbeddedArithmetic, Casts) {
  expectElementwise<int32_t>(
      someFloats(), [](auto x) { return x.template to<int32_t>(); },
      [](float x) { return static_cast<int>(x); });
  expectElementwise<int8_t>(
      someInts(), [](auto x) { return x.template to<int8_t>(); },
      [](int x) { return static_cast<int8_t>(x); });
  expectElementwise<uint32_t>(
      someFloats(), [](auto x) { return x.template bitcast<uint32_t>(); },
      [](float x) { return std::bit_cast<uint32_t>(x); });
  expectElementwise<float>(
      someInts(), [](auto x) { return truediv(x, 8); },
      [](int x) { return static_cast<float>(x) / 8; }, 1e-6);
}

TEST(EmbeddedArithmetic, CompoundAssignmentChangesTheVariable) {
  auto out = compute<int32_t>(8, [](Ptr<int32_t> out) {
    auto i = arange<8>();
    auto x = i;
    x += 3, x *= i, x -= 1, x ^= 5, x <<= 2, x |= 1, x %= 100;
    store(out + i, x);
  });
  for (int i = 0; i < 8; ++i) {
    int x = i;
    x += 3, x *= i, x -= 1, x ^= 5, x <<= 2, x |= 1, x %= 100;
    EXPECT_EQ(out[i], x);
  }
}

TEST(EmbeddedArithmetic, ANumberFitsItsBlock) {
  auto out = compute<int64_t>(2, [](Ptr<int64_t> out) {
    Scalar<int64_t> wide = int64_t(1) << 40;
    store(out, wide + 1);
    store(out + 1, full<int64_t>(-5));
  });
  EXPECT_EQ(out, (std::vector<int64_t>{(int64_t(1) << 40) + 1, -5}));
}

} // namespace
} // namespace cosmati
