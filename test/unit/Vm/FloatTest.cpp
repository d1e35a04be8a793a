//===- FloatTest.cpp - f32 and f64 arithmetic -----------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {

bool sameFloat(float a, float b) {
  return as<uint32_t>(a) == as<uint32_t>(b) || (a != a && as<uint32_t>(b) == 0x7fffffff);
}

/// An exact real as an unevaluated sum hi + lo of doubles.
struct Exact {
  double hi, lo;
  /// Sign of exact - v.
  int compare(double v) const {
    double d = hi - v; // exact enough: hi is within a rounding error of v in these tests
    if (d != 0)
      return d > 0 ? 1 : -1;
    return lo > 0 ? 1 : lo < 0 ? -1 : 0;
  }
};
Exact twoSum(double a, double b) {
  double s = a + b, t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}

/// `r` is the exact value rounded to single as `mode` says.
void expectRounded(float r, Exact x, const std::string &mode, const std::string &what) {
  if (std::isnan(x.hi)) {
    EXPECT_EQ(as<uint32_t>(r), 0x7fffffffu) << what;
    return;
  }
  if (std::isinf(x.hi)) {
    EXPECT_EQ(double(r), x.hi) << what;
    return;
  }
  float up = std::nextafterf(r, INFINITY), down = std::nextafterf(r, -INFINITY);
  int c = x.compare(r);
  std::string m = mode == "rz" ? (x.hi > 0 || (x.hi == 0 && x.lo > 0) ? "rm" : "rp") : mode;
  if (m == "rm") {
    EXPECT_TRUE(c >= 0 && (std::isinf(up) ? true : x.compare(up) < 0)) << what << " " << r;
  } else if (m == "rp") {
    EXPECT_TRUE(c <= 0 && (std::isinf(down) ? true : x.compare(down) > 0)) << what << " " << r;
  } else if (!std::isinf(r)) {
    double mid = c > 0 ? (double(r) + up) / 2 : (double(r) + down) / 2;
    int beyond = c > 0 ? x.compare(mid) : -x.compare(mid);
    bool odd = as<uint32_t>(r) & 1;
    EXPECT_TRUE(c == 0 || std::isinf(mid) || beyond < 0 || (beyond == 0 && !odd))
        << what << " " << r;
  }
}
std::string describe(const std::string &op, float a, float b) {
  char text[128];
  std::snprintf(text, sizeof(text), "%s %a %a", op.c_str(), double(a), double(b));
  return text;
}
float flush(float v) { return std::fpclassify(v) == FP_SUBNORMAL ? std::copysign(0.0f, v) : v; }

} // namespace

TEST(Float, SumsAndProductsRoundInEveryMode) {
  std::vector<float> a, b;
  cross(edges<float>(), edges<float>(), a, b);
  for (std::string mode : {"rn", "rz", "rm", "rp"}) {
    auto sum = run<float>("add." + mode + ".f32 $d, $0, $1;", a, b);
    auto difference = run<float>("sub." + mode + ".f32 $d, $0, $1;", a, b);
    auto product = run<float>("mul." + mode + ".f32 $d, $0, $1;", a, b);
    for (size_t k = 0; k < a.size(); ++k) {
      expectRounded(sum[k], twoSum(a[k], b[k]), mode, describe("add." + mode, a[k], b[k]));
      expectRounded(difference[k], twoSum(a[k], -double(b[k])), mode,
                    describe("sub." + mode, a[k], b[k]));
      expectRounded(product[k], {double(a[k]) * double(b[k]), 0}, mode,
                    describe("mul." + mode, a[k], b[k]));
    }
  }
}
TEST(Float, ExactCancellationHasTheSignOfTheMode) {
  std::vector<float> a{1.5f}, b{-1.5f};
  EXPECT_FALSE(std::signbit(run<float>("add.rn.f32 $d, $0, $1;", a, b)[0]));
  EXPECT_TRUE(std::signbit(run<float>("add.rm.f32 $d, $0, $1;", a, b)[0]));
}
TEST(Float, FusedMultiplyAddRoundsOnce) {
  std::vector<float> a, b, c;
  std::vector<float> some = edges<float>();
  std::vector<float> few(some.begin(), some.begin() + 24);
  few.push_back(NAN);
  cross(some, few, few, a, b, c);
  for (std::string mode : {"rn", "rz", "rm", "rp"}) {
    auto d = run<float>("fma." + mode + ".f32 $d, $0, $1, $2;", a, b, c);
    for (size_t k = 0; k < a.size(); ++k)
      expectRounded(d[k], twoSum(double(a[k]) * double(b[k]), c[k]), mode,
                    describe("fma." + mode, a[k], b[k]));
  }
}
TEST(Float, FlushToZeroActsOnInputsAndResults) {
  std::vector<float> a, b;
  cross(edges<float>(), edges<float>(), a, b);
  auto sum = run<float>("add.ftz.f32 $d, $0, $1;", a, b),
       product = run<float>("mul.ftz.f32 $d, $0, $1;", a, b);
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_TRUE(sameFloat(flush(flush(a[k]) + flush(b[k])), sum[k]))
        << describe("add.ftz", a[k], b[k]);
    EXPECT_TRUE(sameFloat(flush(flush(a[k]) * flush(b[k])), product[k]))
        << describe("mul.ftz", a[k], b[k]);
  }
}
TEST(Float, SaturationClampsAndTurnsNanIntoZero) {
  std::vector<float> a = edges<float>(), one(a.size(), 1.0f);
  auto d = run<float>("mul.sat.f32 $d, $0, $1;", a, one);
  for (size_t k = 0; k < a.size(); ++k)
    EXPECT_EQ(as<uint32_t>(d[k]), as<uint32_t>(a[k] > 0 ? std::min(a[k], 1.0f) : 0.0f)) << a[k];
}
TEST(Float, DivisionReciprocalAndRoot) {
  std::vector<float> a, b;
  cross(edges<float>(), edges<float>(), a, b);
  auto quotient = run<float>("div.rn.f32 $d, $0, $1;", a, b);
  auto down = run<float>("div.rz.f32 $d, $0, $1;", a, b);
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_TRUE(sameFloat(a[k] / b[k], quotient[k])) << describe("div", a[k], b[k]);
    double exact = double(a[k]) / double(b[k]); // 53 bits tell which side of a single it lies on
    if (std::isfinite(exact) && std::fabs(exact) < 0x1p127 && std::fabs(exact) > 0x1p-120)
      EXPECT_TRUE(std::fabs(down[k]) <= std::fabs(exact) &&
                  std::nextafterf(std::fabs(down[k]), INFINITY) > std::fabs(exact));
  }
  std::vector<float> x = edges<float>();
  auto rcp = run<float>("rcp.rn.f32 $d, $0;", x), root = run<float>("sqrt.rn.f32 $d, $0;", x),
       rootUp = run<float>("sqrt.rp.f32 $d, $0;", x);
  for (size_t k = 0; k < x.size(); ++k) {
    EXPECT_TRUE(sameFloat(1.0f / x[k], rcp[k])) << x[k];
    EXPECT_TRUE(sameFloat(std::sqrt(x[k]), root[k])) << x[k];
    if (x[k] > 0 && std::isfinite(x[k]))
      EXPECT_GE(double(rootUp[k]) * rootUp[k], double(x[k]));
  }
}
TEST(Float, DoublePrecision) {
  std::vector<double> a, b;
  cross(edges<double>(), edges<double>(), a, b);
  auto sum = run<double>("add.f64 $d, $0, $1;", a, b),
       product = run<double>("mul.rn.f64 $d, $0, $1;", a, b);
  auto quotient = run<double>("div.rn.f64 $d, $0, $1;", a, b),
       fused = run<double>("fma.rn.f64 $d, $0, $1, $0;", a, b);
  auto low = run<double>("add.rm.f64 $d, $0, $1;", a, b),
       high = run<double>("add.rp.f64 $d, $0, $1;", a, b);
  for (size_t k = 0; k < a.size(); ++k) {
    auto same = [](double x, double y) {
      return as<uint64_t>(x) == as<uint64_t>(y) || (x != x && y != y);
    };
    EXPECT_TRUE(same(a[k] + b[k], sum[k]));
    EXPECT_TRUE(same(a[k] * b[k], product[k]));
    EXPECT_TRUE(same(a[k] / b[k], quotient[k]));
    EXPECT_TRUE(same(std::fma(a[k], b[k], a[k]), fused[k]));
    Exact x = twoSum(a[k], b[k]);
    if (!std::isfinite(x.hi))
      continue;
    EXPECT_EQ(low[k], x.lo < 0 ? std::nextafter(x.hi, -INFINITY) : x.hi) << a[k] << " " << b[k];
    EXPECT_EQ(high[k], x.lo > 0 ? std::nextafter(x.hi, INFINITY) : x.hi) << a[k] << " " << b[k];
  }
}
TEST(Float, MinimumAndMaximum) {
  std::vector<float> a, b;
  cross(edges<float>(), edges<float>(), a, b);
  auto min = run<float>("min.f32 $d, $0, $1;", a, b),
       maxNan = run<float>("max.NaN.f32 $d, $0, $1;", a, b);
  auto sign = run<float>("max.xorsign.abs.f32 $d, $0, $1;", a, b),
       minFtz = run<float>("min.ftz.f32 $d, $0, $1;", a, b);
  auto less = [](float x, float y) {
    return x < y || (x == y && std::signbit(x) && !std::signbit(y));
  };
  for (size_t k = 0; k < a.size(); ++k) {
    bool an = a[k] != a[k], bn = b[k] != b[k];
    float nan = as<float>(0x7fffffffu);
    EXPECT_EQ(as<uint32_t>(min[k]), as<uint32_t>(an && bn           ? nan
                                                 : an               ? b[k]
                                                 : bn               ? a[k]
                                                 : less(b[k], a[k]) ? b[k]
                                                                    : a[k]));
    EXPECT_EQ(as<uint32_t>(maxNan[k]), as<uint32_t>(an || bn           ? nan
                                                    : less(a[k], b[k]) ? b[k]
                                                                       : a[k]));
    float fa = flush(a[k]), fb = flush(b[k]);
    EXPECT_EQ(as<uint32_t>(minFtz[k]), as<uint32_t>(an && bn       ? nan
                                                    : an           ? fb
                                                    : bn           ? fa
                                                    : less(fb, fa) ? fb
                                                                   : fa));
    if (!an && !bn) {
      float m = std::max(std::fabs(a[k]), std::fabs(b[k]));
      EXPECT_EQ(as<uint32_t>(sign[k]),
                as<uint32_t>(std::signbit(a[k]) != std::signbit(b[k]) ? -m : m));
    }
  }
}
TEST(Float, SignOperationsAndTests) {
  std::vector<float> a = edges<float>(), b(a.rbegin(), a.rend());
  auto copy = run<uint32_t>("copysign.f32 $d, $0, $1;", a, b);
  auto tests = run<uint32_t>(
      "mov.b32 $d, 0; testp.finite.f32 %p0, $0; @%p0 or.b32 $d, $d, 1; testp.infinite.f32 %p0, $0; "
      "@%p0 or.b32 $d, $d, 2; testp.number.f32 %p0, $0; @%p0 or.b32 $d, $d, 4; "
      "testp.notanumber.f32 %p0, $0; "
      "@%p0 or.b32 $d, $d, 8; testp.normal.f32 %p0, $0; @%p0 or.b32 $d, $d, 16; "
      "testp.subnormal.f32 %p0, $0; "
      "@%p0 or.b32 $d, $d, 32;",
      a);
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(copy[k], (as<uint32_t>(a[k]) & 0x80000000u) | (as<uint32_t>(b[k]) & 0x7fffffffu));
    uint32_t t = (std::isfinite(a[k]) ? 1 : 0) | (std::isinf(a[k]) ? 2 : 0) |
                 (std::isnan(a[k]) ? 8 : 4) | (std::isnormal(a[k]) ? 16 : 0) |
                 (std::fpclassify(a[k]) == FP_SUBNORMAL ? 32 : 0);
    EXPECT_EQ(tests[k], t) << a[k];
  }
}
TEST(Float, ApproximationsStayWithinPtxBounds) {
  std::vector<float> x;
  for (int k = -3000; k <= 3000; ++k)
    x.push_back(float(k) * 0.0431f);
  for (float e : edges<float>())
    x.push_back(e);
  auto ex2 = run<float>("ex2.approx.f32 $d, $0;", x), lg2 = run<float>("lg2.approx.f32 $d, $0;", x);
  auto rcp = run<float>("rcp.approx.f32 $d, $0;", x),
       rsqrt = run<float>("rsqrt.approx.f32 $d, $0;", x);
  auto sin = run<float>("sin.approx.f32 $d, $0;", x),
       tanh = run<float>("tanh.approx.f32 $d, $0;", x);
  auto cos = run<float>("cos.approx.f32 $d, $0;", x);
  auto close = [](float got, double exact, double relative, double absolute) {
    if (std::isnan(exact))
      return got != got;
    if (std::fabs(exact) > 3.4028235e38)
      return std::isinf(got) || std::fabs(got) > 3.4e38;
    return std::fabs(double(got) - exact) <= std::fabs(exact) * relative + absolute;
  };
  for (size_t k = 0; k < x.size(); ++k) {
    double d = x[k];
    EXPECT_TRUE(close(ex2[k], std::exp2(d), 0x1p-23, 0x1p-149)) << "ex2 " << d << " " << ex2[k];
    EXPECT_TRUE(close(lg2[k], std::log2(d), 0x1p-22, 1e-30)) << "lg2 " << d << " " << lg2[k];
    EXPECT_TRUE(close(rcp[k], 1 / d, 0x1p-23, 0x1p-149)) << "rcp " << d;
    EXPECT_TRUE(close(rsqrt[k], 1 / std::sqrt(d), 0x1p-23, 0)) << "rsqrt " << d;
    EXPECT_TRUE(close(sin[k], std::sin(d), 0x1p-23, 0x1p-149)) << "sin " << d;
    EXPECT_TRUE(close(cos[k], std::cos(d), 0x1p-23, 0x1p-149)) << "cos " << d;
    EXPECT_TRUE(close(tanh[k], std::tanh(d), 0x1p-23, 0x1p-149)) << "tanh " << d;
  }
}
