//===- ConvertTest.cpp - conversions --------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"
#include <random>

using namespace vmtest;

namespace {

template <class D, class S> void intToInt(const std::string &d, const std::string &s) {
  std::vector<S> a = edges<S>();
  auto plain = run<D>("cvt." + d + "." + s + " $d, $0;", a);
  for (size_t k = 0; k < a.size(); ++k)
    EXPECT_EQ(plain[k], D(a[k])) << d << " from " << s << " " << +a[k];
  __int128 lo = std::numeric_limits<D>::min(), hi = std::numeric_limits<D>::max();
  if (lo <= __int128(std::numeric_limits<S>::min()) &&
      hi >= __int128(std::numeric_limits<S>::max()))
    return; // nothing to clamp: assemblers refuse .sat
  auto sat = run<D>("cvt.sat." + d + "." + s + " $d, $0;", a);
  for (size_t k = 0; k < a.size(); ++k) {
    __int128 v = a[k];
    EXPECT_EQ(sat[k], D(std::min(hi, std::max(lo, v))))
        << "sat " << d << " from " << s << " " << +a[k];
  }
}
template <class D> void fromAllInts(const std::string &d) {
  intToInt<D, uint16_t>(d, "u16");
  intToInt<D, int16_t>(d, "s16");
  intToInt<D, uint32_t>(d, "u32");
  intToInt<D, int32_t>(d, "s32");
  intToInt<D, uint64_t>(d, "u64");
  intToInt<D, int64_t>(d, "s64");
}
double roundBy(const std::string &mode, double v) {
  return mode == "rzi"   ? std::trunc(v)
         : mode == "rmi" ? std::floor(v)
         : mode == "rpi" ? std::ceil(v)
                         : std::nearbyint(v);
}
template <class D, class S> void floatToInt(const std::string &d, const std::string &s) {
  std::vector<S> a = edges<S>();
  for (std::string mode : {"rni", "rzi", "rmi", "rpi"}) {
    auto got = run<D>("cvt." + mode + "." + d + "." + s + " $d, $0;", a);
    for (size_t k = 0; k < a.size(); ++k) {
      D expected;
      if (std::isnan(a[k])) {
        bool special = s == "f64" || sizeof(D) == 8;
        expected = special ? D(std::make_unsigned_t<D>(1) << (8 * sizeof(D) - 1)) : D(0);
      } else {
        double r = roundBy(mode, double(a[k]));
        double lo = double(std::numeric_limits<D>::min()),
               hi = std::ldexp(1.0, std::numeric_limits<D>::digits);
        expected = r <= lo   ? std::numeric_limits<D>::min()
                   : r >= hi ? std::numeric_limits<D>::max()
                             : D(r);
      }
      EXPECT_EQ(got[k], expected) << mode << " " << d << " from " << s << " " << a[k];
    }
  }
}
} // namespace

TEST(Convert, BetweenIntegers) {
  fromAllInts<uint16_t>("u16");
  fromAllInts<int16_t>("s16");
  fromAllInts<uint32_t>("u32");
  fromAllInts<int32_t>("s32");
  fromAllInts<uint64_t>("u64");
  fromAllInts<int64_t>("s64");
}
TEST(Convert, BytesLiveInWiderRegisters) {
  std::vector<uint32_t> a = edges<uint32_t>();
  auto s = run<int32_t>("cvt.s32.s8 $d, $0;", a);
  auto u = run<uint64_t>("cvt.u64.u8 $d, $0;", a);
  auto down = run<uint16_t>("cvt.u8.u32 $d, $0;", a),
       sat = run<uint16_t>("cvt.sat.s8.s32 $d, $0;", a);
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(s[k], int32_t(int8_t(a[k])));
    EXPECT_EQ(u[k], uint64_t(uint8_t(a[k])));
    EXPECT_EQ(down[k], uint8_t(a[k]));
    EXPECT_EQ(sat[k], uint16_t(int16_t(std::min(127, std::max(-128, int32_t(a[k]))))));
  }
}
TEST(Convert, FloatToInteger) {
  floatToInt<int32_t, float>("s32", "f32");
  floatToInt<uint32_t, float>("u32", "f32");
  floatToInt<int64_t, float>("s64", "f32");
  floatToInt<uint64_t, float>("u64", "f32");
  floatToInt<int16_t, float>("s16", "f32");
  floatToInt<uint16_t, float>("u16", "f32");
  floatToInt<int32_t, double>("s32", "f64");
  floatToInt<uint32_t, double>("u32", "f64");
  floatToInt<int64_t, double>("s64", "f64");
  floatToInt<uint64_t, double>("u64", "f64");
}
TEST(Convert, IntegerToFloatRounds) {
  std::vector<uint64_t> a = edges<uint64_t>();
  for (uint64_t v : {0x8000008000000000ull, 0x8000008000000001ull, 0x8000018000000000ull,
                     0x1000001ull, 0x1000003ull, 0x20000000000001ull, 0x7fffffffffffffffull})
    a.push_back(v);
  auto f = run<float>("cvt.rn.f32.u64 $d, $0;", a), fs = run<float>("cvt.rn.f32.s64 $d, $0;", a),
       fz = run<float>("cvt.rz.f32.u64 $d, $0;", a);
  auto d = run<double>("cvt.rn.f64.u64 $d, $0;", a), dp = run<double>("cvt.rp.f64.s64 $d, $0;", a);
  auto h = run<uint16_t>("cvt.rn.f16.u64 $d, $0;", a),
       b = run<uint16_t>("cvt.rn.bf16.u64 $d, $0;", a);
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(f[k], float(a[k])) << a[k];
    EXPECT_EQ(fs[k], float(int64_t(a[k])));
    EXPECT_EQ(d[k], double(a[k]));
    EXPECT_TRUE(__float128(fz[k]) <= a[k] && __float128(std::nextafterf(fz[k], INFINITY)) > a[k])
        << a[k];
    EXPECT_TRUE(__float128(dp[k]) >= int64_t(a[k]) &&
                __float128(std::nextafter(dp[k], -INFINITY)) < int64_t(a[k]))
        << a[k];
    EXPECT_EQ(h[k], a[k] >= 65520 ? 0x7c00 : toHalf(double(a[k])));
    double odd = double(a[k]); // a double with a sticky bit keeps the tie's side
    if (__float128(odd) != a[k])
      odd =
          as<uint64_t>(odd) & 1 ? odd : std::nextafter(odd, __float128(odd) < a[k] ? INFINITY : 0);
    EXPECT_EQ(b[k], toBfloat(odd)) << a[k];
  }
  std::vector<int32_t> i = edges<int32_t>();
  auto f8 = run<float>("cvt.rn.f32.s8 $d, $0;", i), f16 = run<float>("cvt.rn.f32.u16 $d, $0;", i);
  auto h8 = run<uint16_t>("cvt.u16.u32 %h0, $0; cvt.rn.f16.s8 $d, %h0;", i);
  for (size_t k = 0; k < i.size(); ++k) {
    EXPECT_EQ(f8[k], float(int8_t(i[k])));
    EXPECT_EQ(f16[k], float(uint16_t(i[k])));
    EXPECT_EQ(h8[k], toHalf(int8_t(i[k])));
  }
  auto fi = run<float>("cvt.rn.f32.s32 $d, $0;", i);
  auto fu = run<float>("cvt.rn.f32.u32 $d, $0;", i);
  for (size_t k = 0; k < i.size(); ++k) {
    EXPECT_EQ(fi[k], float(i[k]));
    EXPECT_EQ(fu[k], float(uint32_t(i[k])));
  }
}
TEST(Convert, HalfToSingleForAllEncodings) {
  std::vector<uint16_t> a(65536);
  for (uint32_t k = 0; k < 65536; ++k)
    a[k] = uint16_t(k);
  auto f = run<float>("cvt.f32.f16 $d, $0;", a), b = run<float>("cvt.f32.bf16 $d, $0;", a);
  auto back = run<uint16_t>("cvt.f32.f16 %x0, $0; cvt.rn.f16.f32 $d, %x0;", a);
  for (uint32_t k = 0; k < 65536; ++k) {
    double h = halfValue(uint16_t(k)), v = bfloatValue(uint16_t(k));
    ASSERT_EQ(as<uint32_t>(f[k]), std::isnan(h) ? 0x7fffffffu : as<uint32_t>(float(h))) << k;
    ASSERT_EQ(as<uint32_t>(b[k]), std::isnan(v) ? 0x7fffffffu : as<uint32_t>(float(v))) << k;
    ASSERT_EQ(back[k], std::isnan(h) ? 0x7fff : k);
  }
}
TEST(Convert, SingleToHalfAtAndAroundEveryTie) {
  std::vector<float> a = edges<float>();
  for (uint32_t k = 0; k < 0x7c00; k += 5) {
    float mid = float((halfValue(uint16_t(k)) + halfValue(uint16_t(k + 1))) / 2);
    if (k + 1 == 0x7c00)
      mid = 65520.0f;
    for (float v : {mid, std::nextafterf(mid, INFINITY), std::nextafterf(mid, 0), -mid})
      a.push_back(v);
  }
  std::mt19937 random(3);
  for (int k = 0; k < 20000; ++k)
    a.push_back(as<float>(uint32_t(random())));
  auto h = run<uint16_t>("cvt.rn.f16.f32 $d, $0;", a),
       z = run<uint16_t>("cvt.rz.f16.f32 $d, $0;", a),
       b = run<uint16_t>("cvt.rn.bf16.f32 $d, $0;", a);
  auto relu = run<uint16_t>("cvt.rn.relu.f16.f32 $d, $0;", a),
       finite = run<uint16_t>("cvt.rn.satfinite.f16.f32 $d, $0;", a);
  auto pair = run<uint32_t>("cvt.rn.f16x2.f32 $d, $0, 0f3F800000;", a),
       bpair = run<uint32_t>("cvt.rn.bf16x2.f32 $d, 0f3F800000, $0;", a);
  auto up = run<uint16_t>("cvt.rp.f16.f32 $d, $0;", a);
  for (size_t k = 0; k < a.size(); ++k) {
    uint16_t e = toHalf(a[k]);
    ASSERT_EQ(h[k], e) << a[k];
    ASSERT_EQ(b[k], toBfloat(a[k])) << a[k];
    bool nan = a[k] != a[k];
    ASSERT_EQ(relu[k], nan ? 0x7fff : e & 0x8000 ? 0 : e);
    ASSERT_EQ(finite[k], !nan && (e & 0x7fff) == 0x7c00 ? e - 1 : e);
    ASSERT_EQ(pair[k], uint32_t(e) << 16 | 0x3c00);
    ASSERT_EQ(bpair[k], 0x3f800000u | toBfloat(a[k]));
    if (!nan && !std::isinf(a[k])) {
      ASSERT_LE(std::fabs(halfValue(z[k])), std::fabs(double(a[k])));
      ASSERT_GE(halfValue(up[k]), double(a[k]));
    }
  }
}
TEST(Convert, Tf32RoundsToTenBits) {
  std::vector<float> a{1.0f,
                       1.0f + 0x1p-11f,
                       1.0f + 0x1p-11f + 0x1p-23f,
                       1.0f + 3 * 0x1p-11f,
                       -1.0f - 0x1p-11f,
                       INFINITY,
                       NAN,
                       0x1.fffffep127f};
  auto away = run<uint32_t>("cvt.rna.tf32.f32 $d, $0;", a),
       even = run<uint32_t>("cvt.rn.tf32.f32 $d, $0;", a),
       zero = run<uint32_t>("cvt.rz.tf32.f32 $d, $0;", a);
  EXPECT_EQ(away[1], as<uint32_t>(1.0f + 0x1p-10f));
  EXPECT_EQ(even[1], as<uint32_t>(1.0f));
  EXPECT_EQ(even[2], as<uint32_t>(1.0f + 0x1p-10f));
  EXPECT_EQ(even[3], as<uint32_t>(1.0f + 0x1p-9f));
  EXPECT_EQ(zero[3], as<uint32_t>(1.0f + 0x1p-10f));
  EXPECT_EQ(away[4], as<uint32_t>(-1.0f - 0x1p-10f));
  EXPECT_EQ(away[5], 0x7f800000u);
  EXPECT_EQ(even[6], 0x7fffffffu);
  EXPECT_EQ(away[7], 0x7f800000u);
}
TEST(Convert, BetweenSingleAndDouble) {
  std::vector<double> a = edges<double>();
  auto rn = run<float>("cvt.rn.f32.f64 $d, $0;", a), rz = run<float>("cvt.rz.f32.f64 $d, $0;", a),
       rp = run<float>("cvt.rp.f32.f64 $d, $0;", a);
  auto h = run<uint16_t>("cvt.rn.f16.f64 $d, $0;", a);
  auto whole = run<double>("cvt.rmi.f64.f64 $d, $0;", a);
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(as<uint32_t>(rn[k]), a[k] != a[k] ? 0x7fffffffu : as<uint32_t>(float(a[k]))) << a[k];
    EXPECT_EQ(h[k], toHalf(a[k])) << a[k];
    if (a[k] != a[k])
      continue;
    EXPECT_EQ(whole[k], std::floor(a[k]));
    EXPECT_LE(std::fabs(double(rz[k])), std::fabs(a[k]));
    EXPECT_GE(double(rp[k]), a[k]);
  }
  std::vector<float> f = edges<float>();
  auto wide = run<double>("cvt.f64.f32 $d, $0;", f);
  auto integral = run<float>("cvt.rni.f32.f32 $d, $0;", f),
       clamped = run<float>("cvt.sat.f32.f32 $d, $0;", f);
  auto flushed = run<float>("cvt.ftz.f32.f32 $d, $0;", f);
  for (size_t k = 0; k < f.size(); ++k) {
    if (f[k] != f[k])
      continue;
    EXPECT_EQ(wide[k], double(f[k]));
    EXPECT_EQ(as<uint32_t>(integral[k]), as<uint32_t>(std::nearbyintf(f[k])));
    EXPECT_EQ(clamped[k], f[k] > 0 ? std::min(f[k], 1.0f) : 0.0f);
    EXPECT_EQ(
        as<uint32_t>(flushed[k]),
        as<uint32_t>(std::fpclassify(f[k]) == FP_SUBNORMAL ? std::copysign(0.0f, f[k]) : f[k]));
  }
}

// Eight-bit formats.

namespace {
/// The encoding nearest to `v`, ties to the even one, overflow to the largest finite: by search.
uint8_t nearestFp8(double v, double (*value)(uint8_t), uint8_t maxFinite) {
  if (std::isnan(v))
    return 0x7f;
  uint8_t sign = std::signbit(v) ? 0x80 : 0;
  v = std::fabs(v);
  uint8_t best = 0;
  for (uint32_t k = 0; k <= maxFinite; ++k) {
    double d = std::fabs(value(uint8_t(k)) - v), b = std::fabs(value(best) - v);
    if (d < b || (d == b && !(k & 1)))
      best = uint8_t(k);
  }
  return sign | (v >= value(maxFinite) ? maxFinite : best);
}
struct Fp8 {
  std::string name;
  double (*value)(uint8_t);
  uint8_t maxFinite;
};
const Fp8 fp8Formats[] = {{"e4m3x2", e4m3Value, 0x7e}, {"e5m2x2", e5m2Value, 0x7b}};
TEST(Convert, PackToFourAndTwoBits) {
  std::vector<int32_t> a, b;
  cross(edges<int32_t>(), edges<int32_t>(), a, b);
  struct Format {
    std::string name;
    int bits, lo, hi;
  };
  for (const Format &f :
       {Format{"u4", 4, 0, 15}, {"s4", 4, -8, 7}, {"u2", 2, 0, 3}, {"s2", 2, -2, 1}}) {
    auto d = run<uint32_t>("cvt.pack.sat." + f.name + ".s32.b32 $d, $0, $1, 0x12345;", a, b);
    uint32_t mask = (1u << f.bits) - 1;
    auto part = [&](int32_t v) { return uint32_t(std::min(f.hi, std::max(f.lo, v))) & mask; };
    for (size_t k = 0; k < a.size(); ++k)
      ASSERT_EQ(d[k], part(b[k]) | part(a[k]) << f.bits | 0x12345u << 2 * f.bits)
          << f.name << " " << a[k] << " " << b[k];
  }
}

} // namespace

TEST(Fp8, AllPairsOfEncodingsWiden) {
  for (const Fp8 &f : fp8Formats) {
    std::vector<uint16_t> a(65536);
    for (uint32_t k = 0; k < 65536; ++k)
      a[k] = uint16_t(k);
    auto d = run<uint32_t>("cvt.rn.f16x2." + f.name + " $d, $0;", a),
         relu = run<uint32_t>("cvt.rn.relu.f16x2." + f.name + " $d, $0;", a);
    for (uint32_t k = 0; k < 65536; ++k) {
      uint32_t lo = toHalf(f.value(uint8_t(k))), hi = toHalf(f.value(uint8_t(k >> 8)));
      ASSERT_EQ(d[k], lo | hi << 16) << f.name << " " << k;
      auto clamp = [](uint32_t h) { return h & 0x8000 ? 0 : h; };
      ASSERT_EQ(relu[k], clamp(lo) | clamp(hi) << 16);
    }
  }
}
TEST(Fp8, AllHalvesNarrow) {
  for (const Fp8 &f : fp8Formats) {
    std::vector<uint32_t> a(65536);
    for (uint32_t k = 0; k < 65536; ++k)
      a[k] = k | 0x3c000000u;
    auto d = run<uint16_t>("cvt.rn.satfinite." + f.name + ".f16x2 $d, $0;", a);
    for (uint32_t k = 0; k < 65536; ++k)
      ASSERT_EQ(d[k], nearestFp8(1.0, f.value, f.maxFinite) << 8 |
                          nearestFp8(halfValue(uint16_t(k)), f.value, f.maxFinite))
          << f.name << " " << k;
  }
}
TEST(Fp8, SinglesNarrowFromTheirOwnValue) {
  for (const Fp8 &f : fp8Formats) {
    std::vector<float> a = edges<float>(), b;
    for (uint32_t k = 0; k <= f.maxFinite; ++k) {
      float mid = float((f.value(uint8_t(k)) +
                         (k == f.maxFinite ? 2 * f.value(uint8_t(k)) - f.value(uint8_t(k - 1))
                                           : f.value(uint8_t(k + 1)))) /
                        2);
      for (float v : {mid, std::nextafterf(mid, INFINITY), std::nextafterf(mid, 0), -mid,
                      float(f.value(uint8_t(k)))})
        a.push_back(v);
    }
    a.push_back(1.0625001f); // through f16 this would be a tie
    b.assign(a.rbegin(), a.rend());
    auto d = run<uint16_t>("cvt.rn.satfinite." + f.name + ".f32 $d, $0, $1;", a, b);
    auto relu = run<uint16_t>("cvt.rn.satfinite.relu." + f.name + ".f32 $d, $0, $1;", a, b);
    for (size_t k = 0; k < a.size(); ++k) {
      auto e = [&](float v) { return nearestFp8(v, f.value, f.maxFinite); };
      ASSERT_EQ(d[k], e(a[k]) << 8 | e(b[k])) << f.name << " " << a[k] << " " << b[k];
      auto clamp = [&](float v) { return v <= 0 ? 0 : e(v); };
      ASSERT_EQ(relu[k], clamp(a[k]) << 8 | clamp(b[k])) << f.name << " " << a[k] << " " << b[k];
    }
  }
}
TEST(Convert, PackSaturates) {
  std::vector<int32_t> a, b;
  cross(edges<int32_t>(), edges<int32_t>(), a, b);
  auto d = run<uint32_t>("cvt.pack.sat.s8.s32.b32 $d, $0, $1, 0x1234;", a, b),
       u = run<uint32_t>("cvt.pack.sat.u16.s32 $d, $0, $1;", a, b);
  for (size_t k = 0; k < a.size(); ++k) {
    auto s8 = [](int32_t v) { return uint32_t(uint8_t(std::min(127, std::max(-128, v)))); };
    auto u16 = [](int32_t v) { return uint32_t(std::min(65535, std::max(0, v))); };
    EXPECT_EQ(d[k], s8(b[k]) | s8(a[k]) << 8 | 0x12340000u);
    EXPECT_EQ(u[k], u16(b[k]) | u16(a[k]) << 16);
  }
}
