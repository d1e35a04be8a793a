//===- CudaMathTest.cpp - NVIDIA's mathematical library -------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/CudaPrograms.h"
#include <bit>

using namespace vmtest;

namespace {

/// Distance in units of the last place of `exact` rounded to T; 0 for equal infinities and for
/// NaNs.
template <class T> double ulps(T got, long double exact) {
  T rounded = T(exact);
  if (std::isnan(got) || std::isnan(rounded))
    return std::isnan(got) && std::isnan(rounded) ? 0 : 1e9;
  if (got == rounded)
    return 0;
  if (std::isinf(got) || std::isinf(rounded))
    return 1e9;
  int e;
  std::frexp(rounded, &e);
  int digits = std::numeric_limits<T>::digits;
  e = std::max(e, std::numeric_limits<T>::min_exponent);
  return double(std::fabs(static_cast<long double>(got) - exact) / std::ldexp(1.0L, e - digits));
}

struct Function {
  const char *name;
  double ulps; ///< that NVIDIA's documentation allows, and 1 for the approximations of the machine
  std::function<long double(long double a, long double b, long double p)> exact;
};
using R = long double;
const Function singles[] = {
    {"sin", 3, [](R a, R, R) { return std::sin(a); }},
    {"cos", 3, [](R a, R, R) { return std::cos(a); }},
    {"tan", 5, [](R a, R, R) { return std::tan(a); }},
    {"asin sin", 1e5, [](R a, R, R) { return std::asin(std::sin(a)); }}, // ill-conditioned at 1
    {"acos cos", 1e5, [](R a, R, R) { return std::acos(std::cos(a)); }},
    {"atan", 3, [](R a, R, R) { return std::atan(a); }},
    {"atan2", 4, [](R a, R b, R) { return std::atan2(a, b); }},
    {"sinh", 4, [](R a, R, R) { return std::sinh(a); }},
    {"cosh", 3, [](R a, R, R) { return std::cosh(a); }},
    {"tanh", 3, [](R a, R, R) { return std::tanh(a); }},
    {"exp", 3, [](R a, R, R) { return std::exp(a); }},
    {"exp2", 3, [](R a, R, R) { return std::exp2(a); }},
    {"expm1", 2, [](R a, R, R) { return std::expm1(a); }},
    {"log", 2, [](R, R, R p) { return std::log(p); }},
    {"log2", 2, [](R, R, R p) { return std::log2(p); }},
    {"log1p", 2, [](R, R, R p) { return std::log1p(p); }},
    {"log10", 3, [](R, R, R p) { return std::log10(p); }},
    {"pow", 5, [](R, R b, R p) { return std::pow(p, b); }},
    {"sqrt", 0, [](R, R, R p) { return R(std::sqrt(float(p))); }},
    {"cbrt", 2, [](R a, R, R) { return std::cbrt(a); }},
    {"rsqrt", 3, [](R, R, R p) { return 1 / std::sqrt(p); }},
    {"hypot", 4, [](R a, R b, R) { return std::hypot(a, b); }},
    {"erf", 3, [](R a, R, R) { return std::erf(a); }},
    {"erfc", 5, [](R a, R, R) { return std::erfc(a); }},
    {"tgamma", 6, [](R, R, R p) { return std::tgamma(p); }},
    {"lgamma", 1e3, [](R, R, R p) { return std::lgamma(p); }}, // near its zeros only absolutely
    {"fmod", 0, [](R a, R b, R) { return std::fmod(a, b); }},
    {"remainder", 0, [](R a, R b, R) { return std::remainder(a, b); }},
    {"ldexp", 0, [](R a, R, R) { return a * 8; }},
    {"floor", 0, [](R a, R, R) { return std::floor(a); }},
    {"ceil", 0, [](R a, R, R) { return std::ceil(a); }},
    {"trunc", 0, [](R a, R, R) { return std::trunc(a); }},
    {"rint", 0, [](R a, R, R) { return std::rint(a); }},
    {"round", 0, [](R a, R, R) { return std::round(a); }},
    {"max", 0, [](R a, R b, R) { return std::fmax(a, b); }},
    {"min", 0, [](R a, R b, R) { return std::fmin(a, b); }},
    {"fma", 0, [](R a, R b, R p) { return R(std::fma(float(a), float(b), float(p))); }},
    {"divide", 0, [](R a, R b, R) { return R(float(a) / float(b)); }},
    {"copysign", 0, [](R a, R b, R) { return std::copysign(a, b); }},
    {"nextafter", 0, [](R a, R b, R) { return R(std::nextafter(float(a), float(b))); }}};
const Function doubles[] = {
    {"sin", 2, [](R a, R, R) { return std::sin(a); }},
    {"cos", 2, [](R a, R, R) { return std::cos(a); }},
    {"exp", 2, [](R a, R, R) { return std::exp(a); }},
    {"log", 2, [](R, R, R p) { return std::log(p); }},
    {"pow", 3, [](R, R b, R p) { return std::pow(p, b); }},
    {"sqrt", 0, [](R, R, R p) { return R(std::sqrt(double(p))); }},
    {"cbrt", 2, [](R a, R, R) { return std::cbrt(a); }},
    {"tanh", 3, [](R a, R, R) { return std::tanh(a); }},
    {"erf", 3, [](R a, R, R) { return std::erf(a); }},
    {"tgamma", 11, [](R, R, R p) { return std::tgamma(p); }},
    {"atan2", 3, [](R a, R b, R) { return std::atan2(a, b); }},
    {"fmod", 0, [](R a, R b, R) { return std::fmod(a, b); }},
    {"rint", 0, [](R a, R, R) { return std::rint(a); }},
    {"fma", 0, [](R a, R b, R p) { return R(std::fma(double(a), double(b), double(p))); }},
    {"divide", 0, [](R a, R b, R) { return R(double(a) / double(b)); }},
    {"hypot", 3, [](R a, R b, R) { return std::hypot(a, b); }}};

template <class T, size_t N>
void checkFunctions(const std::string &entry, const Function (&functions)[N], double reach) {
  const size_t n = 160;
  std::vector<float> u = randomFloats(n, 51), v = randomFloats(n, 52);
  std::vector<T> x(u.begin(), u.end()), y(v.begin(), v.end());
  for (size_t i = 0; i < n; ++i)
    x[i] = T(x[i] * reach), y[i] = T(y[i] * 4 + 1e-3);
  forEachVariant("mathlib", [&](const Compiled &c) {
    std::vector<T> out(N * n);
    ASSERT_EQ(c.grid(entry).buffer(x).buffer(y).buffer(out).scalar(int(n)).go(5, 32), "");
    for (size_t f = 0; f < N; ++f)
      for (size_t i = 0; i < n; ++i) {
        T p = std::fabs(x[i]) + T(0.001);
        ASSERT_LE(ulps(out[f * n + i], functions[f].exact(x[i], y[i], p)), functions[f].ulps)
            << functions[f].name << " of " << x[i] << ", " << y[i] << ": " << out[f * n + i];
      }
  });
}

} // namespace

TEST(CudaMath, FunctionsOfSingles) { checkFunctions<float>("mathSingle", singles, 8); }
TEST(CudaMath, FunctionsOfLargeSingles) {
  // Payne-Hanek reduction of the angle, overflow of exponentials. `pow` and friends stay in range.
  const size_t n = 64;
  std::vector<float> x = randomFloats(n, 53), y(n, 1.0f);
  for (size_t i = 0; i < n; ++i)
    x[i] = std::ldexp(x[i], int(i) + 8);
  forEachVariant("mathlib", [&](const Compiled &c) {
    std::vector<float> out(std::size(singles) * n);
    ASSERT_EQ(c.grid("mathSingle").buffer(x).buffer(y).buffer(out).scalar(int(n)).go(2, 32), "");
    for (size_t f : {0u, 1u, 2u, 5u, 9u, 10u, 13u, 18u, 19u, 29u})
      for (size_t i = 0; i < n; ++i)
        ASSERT_LE(ulps(out[f * n + i], singles[f].exact(x[i], 1, std::fabs(x[i]) + 0.001f)),
                  singles[f].ulps)
            << singles[f].name << " of " << x[i];
  });
}
TEST(CudaMath, FunctionsOfDoubles) { checkFunctions<double>("mathDouble", doubles, 8); }

namespace {

/// Runs `entry` on pairs of 16-bit floats; result f of pair i, half e is at [f][2 * i + e].
std::vector<std::vector<uint16_t>> pairs(const Compiled &c, const std::string &entry,
                                         size_t functions, std::vector<uint16_t> &x,
                                         std::vector<uint16_t> &y) {
  size_t n = x.size() / 2;
  std::vector<uint16_t> out(functions * x.size());
  EXPECT_EQ(c.grid(entry).buffer(x).buffer(y).buffer(out).scalar(int(n)).go(2, 64), "");
  std::vector<std::vector<uint16_t>> result;
  for (size_t f = 0; f < functions; ++f)
    result.emplace_back(out.begin() + long(f * x.size()), out.begin() + long((f + 1) * x.size()));
  return result;
}

} // namespace

TEST(CudaMath, Halves) {
  std::vector<float> u = randomFloats(200, 54), v = randomFloats(200, 55);
  std::vector<uint16_t> x, y;
  for (size_t i = 0; i < 200; ++i)
    x.push_back(toHalf(u[i] * 10)), y.push_back(toHalf(v[i] * 3 + 0.01));
  forEachVariant("mathlib", [&](const Compiled &c) {
    auto r = pairs(c, "halves", 16, x, y);
    for (size_t i = 0; i < 200; ++i) {
      double a = halfValue(x[i]), b = halfValue(y[i]);
      ASSERT_EQ(r[0][i], toHalf(a + b));
      ASSERT_EQ(r[1][i], toHalf(a - b));
      ASSERT_EQ(r[2][i], toHalf(a * b));
      ASSERT_EQ(r[3][i], toHalf(a * b + a));
      ASSERT_EQ(r[4][i], toHalf(std::fmax(a, b)));
      ASSERT_EQ(r[5][i], toHalf(std::fmin(a, b)));
      ASSERT_EQ(r[6][i], toHalf(-a));
      ASSERT_EQ(r[7][i], toHalf(std::fabs(a)));
      ASSERT_EQ(r[8][i], toHalf(std::fmin(std::fmax(a + b, 0.0), 1.0)));
      ASSERT_EQ(r[9][i], toHalf(std::fmax(a * b + a, 0.0)));
      ASSERT_EQ(r[10][i], toHalf(a > b ? 1 : 0));
      ASSERT_EQ(r[11][i], toHalf(1));
      ASSERT_EQ(halfValue(r[12][i]), std::floor(a));
      ASSERT_EQ(halfValue(r[13][i]), std::rint(a));
      ASSERT_EQ(r[14][i], i % 2 ? y[i - 1] : x[i]);
      ASSERT_NEAR(halfValue(r[15][i]), a / b, std::fabs(a / b) * 0x1p-10 + 0x1p-24);
    }
  });
}
TEST(CudaMath, Bfloats) {
  std::vector<float> u = randomFloats(200, 56), v = randomFloats(200, 57);
  std::vector<uint16_t> x, y;
  for (size_t i = 0; i < 200; ++i)
    x.push_back(toBfloat(u[i] * 10)), y.push_back(toBfloat(v[i] * 3));
  forEachVariant("mathlib", [&](const Compiled &c) {
    auto r = pairs(c, "bfloats", 6, x, y);
    for (size_t i = 0; i < 200; ++i) {
      double a = bfloatValue(x[i]), b = bfloatValue(y[i]);
      ASSERT_EQ(r[0][i], toBfloat(a + b));
      ASSERT_EQ(r[1][i], toBfloat(a - b));
      ASSERT_EQ(r[2][i], toBfloat(a * b));
      ASSERT_EQ(r[3][i], toBfloat(a * b + a));
      ASSERT_EQ(r[4][i], toBfloat(std::fmax(a, b)));
      ASSERT_EQ(r[5][i], toBfloat(std::fmin(a, b)));
    }
  });
}
TEST(CudaMath, EightBitFloats) {
  // Every code of both formats is the nearest to its own value, and what lies between goes to a
  // neighbour.
  std::vector<float> x;
  for (unsigned code = 0; code < 256; ++code)
    for (double v : {e4m3Value(uint8_t(code)), e5m2Value(uint8_t(code))})
      if (std::isfinite(v))
        x.push_back(float(v)), x.push_back(float(v * 1.03));
  x.resize(x.size() / 32 * 32);
  size_t n = x.size();
  forEachVariant("mathlib", [&](const Compiled &c) {
    std::vector<uint8_t> codes(2 * n);
    std::vector<float> back(2 * n);
    ASSERT_EQ(c.grid("bytes").buffer(x).buffer(codes).buffer(back).scalar(int(n)).go(
                  uint32_t(n / 32), 32),
              "");
    for (size_t i = 0; i < n; ++i)
      for (bool wide : {false, true}) {
        auto value = wide ? e5m2Value : e4m3Value;
        uint8_t code = codes[(wide ? n : 0) + i];
        ASSERT_EQ(back[(wide ? n : 0) + i], float(value(code)));
        double error = std::fabs(value(code) - x[i]);
        for (unsigned other = 0; other < 256; ++other)
          if (std::isfinite(value(uint8_t(other)))) {
            ASSERT_LE(error, std::fabs(value(uint8_t(other)) - x[i])) << x[i];
          }
      }
  });
}
TEST(CudaMath, IntegerIntrinsics) {
  const size_t n = 96;
  std::vector<uint32_t> x = randomWords(n, 58), y = randomWords(n, 59);
  x[0] = 0, y[1] = 0, x[2] = y[2] = ~0u, x[3] = 0x80000000u, y[3] = ~0u;
  forEachVariant("mathlib", [&](const Compiled &c) {
    std::vector<uint32_t> out(27 * n);
    ASSERT_EQ(c.grid("integers").buffer(x).buffer(y).buffer(out).scalar(int(n)).go(3, 32), "");
    for (size_t i = 0; i < n; ++i) {
      uint32_t a = x[i], b = y[i], reversed = 0, add4 = 0, max2 = 0, mean4 = 0, equal4 = 0;
      int64_t sa = int32_t(a), sb = int32_t(b);
      uint64_t w = uint64_t(a) << 32 | b;
      uint32_t dot = 5, signedDot = uint32_t(-5);
      for (unsigned k = 0; k < 32; ++k)
        reversed |= (a >> k & 1) << (31 - k);
      for (unsigned s = 0; s < 32; s += 8) {
        uint32_t p = a >> s & 255, q = b >> s & 255;
        add4 |= ((p + q) & 255) << s;
        mean4 |= ((p + q + 1) >> 1) << s;
        equal4 |= (p == q ? 255u : 0u) << s;
        dot += p * q;
        signedDot += uint32_t(int(int8_t(p)) * int(int8_t(q)));
      }
      for (unsigned s = 0; s < 32; s += 16)
        max2 |= uint32_t(uint16_t(std::max(int16_t(a >> s), int16_t(b >> s)))) << s;
      auto quotient = [](int64_t p, int64_t q) { return uint32_t(p / q); };
      uint32_t expected[] = {uint32_t(std::popcount(a)),
                             uint32_t(std::countl_zero(a)),
                             reversed,
                             a ? uint32_t(std::countr_zero(a)) + 1 : 0,
                             (a & 0xffff) | b << 16,
                             uint32_t(uint64_t(a) * b >> 32),
                             uint32_t(uint64_t(sa * sb) >> 32),
                             (a > b ? a - b : b - a) + 7,
                             uint32_t(std::popcount(w)),
                             uint32_t(std::countl_zero(w)),
                             b << 11 | a >> 21,
                             b % 32 ? a >> b % 32 | b << (32 - b % 32) : a,
                             dot,
                             signedDot,
                             add4,
                             max2,
                             mean4,
                             equal4,
                             uint32_t((uint64_t(a) + b) >> 1),
                             uint32_t((uint64_t(a) + b + 1) >> 1),
                             a / (b | 1),
                             a % (b | 1),
                             quotient(sa, int32_t(b) | 1),
                             uint32_t(sa % (int32_t(b) | 1)),
                             uint32_t(w / (a | 1)),
                             uint32_t(w % (a | 1)),
                             uint32_t(int64_t(w) / -int64_t(a | 1))};
      for (size_t f = 0; f < std::size(expected); ++f)
        ASSERT_EQ(out[f * n + i], expected[f]) << f << " of " << a << ", " << b;
    }
  });
}
