//===- HalfTest.cpp - f16 and bf16 arithmetic -----------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"
#include <random>

using namespace vmtest;

namespace {
std::vector<uint16_t> samples(bool bf) {
  std::vector<uint16_t> v{0,      0x8000, 1,      0x8001, 2,      3,      0x3ff,  0x400,
                          0x3c00, 0x3c01, 0xbc00, 0x4000, 0x7bff, 0xfbff, 0x7c00, 0xfc00,
                          0x7e00, 0x7fff, 0x3555, 0x3f80, 0x3f81, 0x7f80, 0xff80, 0x7f7f,
                          0xff7f, 0x7fc0, 0x80,   0x7f,   0x4049};
  std::mt19937 random(bf ? 7 : 5);
  for (int k = 0; k < 60; ++k)
    v.push_back(uint16_t(random()));
  return v;
}
struct Format {
  bool bf;
  std::string name() const { return bf ? "bf16" : "f16"; }
  double value(uint16_t b) const { return bf ? bfloatValue(b) : halfValue(b); }
  uint16_t round(double v) const { return bf ? toBfloat(v) : toHalf(v); }
  bool nan(uint16_t b) const { return std::isnan(value(b)); }
  bool same(uint16_t expected, uint16_t got) const {
    return nan(expected) ? got == 0x7fff : expected == got;
  }
};
TEST(Half, FusedMultiplyAddOfWhatLiesOutsideATensorIsZero) {
  // 1.5, 2.0 and 0.5 as f16; 0x7ff7 is the NaN with which tensor copies fill.
  std::vector<uint16_t> a{0x3e00, 0x7ff7, 0x3e00, 0x7e00}, b{0x4000, 0x4000, 0x7ff7, 0x4000},
      c{0x3800, 0x3800, 0x3800, 0x3800};
  EXPECT_EQ(run<uint16_t>("fma.rn.oob.f16 $d, $0, $1, $2;", a, b, c),
            (std::vector<uint16_t>{0x4300, 0, 0, 0x7fff}));
  std::vector<uint32_t> x{0x7ff73e00, 0x3e007ff7}, y{0x40004000, 0x40004000},
      z{0x38003800, 0xc800c800};
  EXPECT_EQ(run<uint32_t>("fma.rn.oob.relu.f16x2 $d, $0, $1, $2;", x, y, z),
            (std::vector<uint32_t>{0x00004300, 0x00000000}));
}

} // namespace

class HalfFormats : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(All, HalfFormats, testing::Values(false, true));

TEST_P(HalfFormats, SumsAndProductsRoundOnce) {
  Format f{GetParam()};
  std::vector<uint16_t> a, b;
  cross(samples(f.bf), samples(f.bf), a, b);
  auto sum = run<uint16_t>("add." + f.name() + " $d, $0, $1;", a, b);
  auto difference = run<uint16_t>("sub." + f.name() + " $d, $0, $1;", a, b);
  auto product = run<uint16_t>("mul." + f.name() + " $d, $0, $1;", a, b);
  for (size_t k = 0; k < a.size(); ++k) {
    double x = f.value(a[k]), y = f.value(b[k]);
    EXPECT_TRUE(f.same(f.round(x + y), sum[k])) << x << " + " << y;
    EXPECT_TRUE(f.same(f.round(x - y), difference[k])) << x << " - " << y;
    EXPECT_TRUE(f.same(f.round(x * y), product[k]))
        << x << " * " << y << " gives " << std::hex << product[k];
  }
}
// sm_100: the last operand and the result are f32, whose fma and sum of the widened values are
// exact before they round.
TEST_P(HalfFormats, MixedPrecisionEqualsSinglePrecisionOfTheWidenedValues) {
  Format f{GetParam()};
  std::vector<uint16_t> a, b;
  std::vector<float> c;
  cross(samples(f.bf), samples(f.bf), a, b);
  for (size_t k = 0; k < a.size(); ++k)
    c.push_back(float(f.value(b[(k * 7 + 3) % b.size()])) * 1.0009765625f);
  for (std::string mode : {"", ".rz"}) {
    std::string rounding = mode.empty() ? ".rn" : mode;
    auto sum = run<float>("add" + mode + ".f32." + f.name() + " $d, $0, $1;", a, c);
    auto difference = run<float>("sub" + mode + ".f32." + f.name() + " $d, $0, $1;", a, c);
    auto fused = run<float>("fma" + rounding + ".f32." + f.name() + " $d, $0, $1, $2;", a, b, c);
    std::vector<float> x, y;
    for (size_t k = 0; k < a.size(); ++k) {
      x.push_back(float(f.value(a[k])));
      y.push_back(float(f.value(b[k])));
    }
    auto wantedSum = run<float>("add" + mode + ".f32 $d, $0, $1;", x, c);
    auto wantedDifference = run<float>("sub" + mode + ".f32 $d, $0, $1;", x, c);
    auto wantedFused = run<float>("fma" + rounding + ".f32 $d, $0, $1, $2;", x, y, c);
    for (size_t k = 0; k < a.size(); ++k) {
      EXPECT_EQ(as<uint32_t>(wantedSum[k]), as<uint32_t>(sum[k])) << x[k] << " + " << c[k];
      EXPECT_EQ(as<uint32_t>(wantedDifference[k]), as<uint32_t>(difference[k]))
          << x[k] << " - " << c[k];
      EXPECT_EQ(as<uint32_t>(wantedFused[k]), as<uint32_t>(fused[k]))
          << x[k] << " * " << y[k] << " + " << c[k];
    }
  }
}
TEST_P(HalfFormats, FusedMultiplyAddRoundsOnce) {
  Format f{GetParam()};
  std::vector<uint16_t> a, b, c, s = samples(f.bf);
  std::vector<uint16_t> few(s.begin(), s.begin() + 45);
  cross(few, few, few, a, b, c);
  auto d = run<uint16_t>("fma.rn." + f.name() + " $d, $0, $1, $2;", a, b, c);
  auto relu = run<uint16_t>("fma.rn.relu." + f.name() + " $d, $0, $1, $2;", a, b, c);
  for (size_t k = 0; k < a.size(); ++k) {
    // 113 bits are exact here but for distant exponents, where a nudge keeps the side of a tie.
    __float128 p = __float128(f.value(a[k])) * f.value(b[k]), z = f.value(c[k]), s128 = p + z;
    double x = double(s128);
    if (std::isfinite(x) && __float128(x) != s128) { // round to odd into double
      double toward = std::nextafter(x, s128 > x ? INFINITY : -INFINITY);
      x = as<uint64_t>(x) & 1 ? x : toward;
    }
    uint16_t expected = f.round(x);
    ASSERT_TRUE(f.same(expected, d[k]))
        << f.value(a[k]) << " * " << f.value(b[k]) << " + " << f.value(c[k]);
    bool negative = (expected & 0x8000) && !f.nan(expected);
    ASSERT_TRUE(f.same(negative ? 0 : expected, relu[k]));
  }
}
TEST(Half, BfloatFusedTieIsBrokenByADistantAddend) {
  // 1.0078125 * 1.00390625... product ends exactly on a tie; a tiny addend must decide it.
  std::vector<uint16_t> a{0x3f81, 0x3f81}, b{0x3fc0, 0x3fc0}, c{0x0080, 0x8080};
  auto d = run<uint16_t>("fma.rn.bf16 $d, $0, $1, $2;", a, b, c);
  EXPECT_EQ(d[0], 0x3fc2);
  EXPECT_EQ(d[1], 0x3fc1);
}
TEST_P(HalfFormats, MinMaxAbsNeg) {
  Format f{GetParam()};
  std::vector<uint16_t> a, b;
  cross(samples(f.bf), samples(f.bf), a, b);
  auto min = run<uint16_t>("min." + f.name() + " $d, $0, $1;", a, b),
       max = run<uint16_t>("max.NaN." + f.name() + " $d, $0, $1;", a, b);
  auto an = run<uint16_t>("abs." + f.name() + " $d, $0; neg." + f.name() + " $d, $d;", a);
  for (size_t k = 0; k < a.size(); ++k) {
    double x = f.value(a[k]), y = f.value(b[k]);
    bool less = x < y || (x == y && std::signbit(x) && !std::signbit(y));
    bool greater = x > y || (x == y && !std::signbit(x) && std::signbit(y));
    uint16_t expectMin = f.nan(a[k])           ? (f.nan(b[k]) ? 0x7fff : b[k])
                         : f.nan(b[k]) || less ? a[k]
                                               : b[k];
    EXPECT_TRUE(f.same(expectMin, min[k]));
    EXPECT_TRUE(f.same(f.nan(a[k]) || f.nan(b[k]) ? 0x7fff : greater ? a[k] : b[k], max[k]));
    EXPECT_TRUE(f.same(f.nan(a[k]) ? 0x7fff : uint16_t(a[k] | 0x8000), an[k]));
  }
}
TEST_P(HalfFormats, PackedIsElementwise) {
  Format f{GetParam()};
  std::vector<uint16_t> a, b;
  cross(samples(f.bf), samples(f.bf), a, b);
  std::vector<uint32_t> x(a.size()), y(a.size());
  for (size_t k = 0; k < a.size(); ++k)
    x[k] = a[k] | uint32_t(b[k]) << 16, y[k] = b[k] | uint32_t(a[k]) << 16;
  for (std::string op : {"add.", "mul.", "min.", "max.NaN."}) {
    auto d = run<uint32_t>(op + f.name() + "x2 $d, $0, $1;", x, y);
    auto one = run<uint16_t>(op + f.name() + " $d, $0, $1;", a, b),
         two = run<uint16_t>(op + f.name() + " $d, $0, $1;", b, a);
    for (size_t k = 0; k < a.size(); ++k)
      ASSERT_EQ(d[k], one[k] | uint32_t(two[k]) << 16) << op;
  }
}
TEST(Half, SaturationAndFlush) {
  std::vector<uint16_t> a, b;
  cross(samples(false), samples(false), a, b);
  auto sat = run<uint16_t>("add.sat.f16 $d, $0, $1;", a, b),
       ftz = run<uint16_t>("mul.ftz.f16 $d, $0, $1;", a, b);
  auto flush = [](uint16_t v) { return v & 0x7c00 ? v : uint16_t(v & 0x8000); };
  for (size_t k = 0; k < a.size(); ++k) {
    double s = halfValue(toHalf(halfValue(a[k]) + halfValue(b[k])));
    EXPECT_EQ(sat[k], toHalf(s > 0 ? std::min(s, 1.0) : 0.0)) << s;
    uint16_t p = toHalf(halfValue(flush(a[k])) * halfValue(flush(b[k])));
    EXPECT_TRUE(std::isnan(halfValue(p)) ? ftz[k] == 0x7fff : ftz[k] == flush(p));
  }
}
TEST_P(HalfFormats, ExponentialAndTanhAreCloseForAllInputs) {
  Format f{GetParam()};
  std::vector<uint16_t> a;
  for (uint32_t k = 0; k < 65536; k += 3)
    a.push_back(uint16_t(k));
  std::string ftz = f.bf ? ".ftz" : "";
  auto ex2 = run<uint16_t>("ex2.approx" + ftz + "." + f.name() + " $d, $0;", a),
       tanh = run<uint16_t>("tanh.approx." + f.name() + " $d, $0;", a);
  for (size_t k = 0; k < a.size(); ++k) {
    double x = f.value(a[k]);
    if (std::isnan(x)) {
      EXPECT_EQ(ex2[k], 0x7fff);
      continue;
    }
    auto near = [&](uint16_t got, double exact) {
      uint16_t e = f.round(exact);
      return std::abs(int(got) - int(e)) <= 1 ||
             (f.bf && std::fabs(exact) < 0x1p-126 && (got & 0x7fff) == 0);
    };
    EXPECT_TRUE(near(ex2[k], std::exp2(x))) << x;
    EXPECT_TRUE(near(tanh[k], std::tanh(x))) << x;
  }
}
