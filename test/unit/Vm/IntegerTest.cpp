//===- IntegerTest.cpp - integer arithmetic -------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {
/// Two-operand integer instruction against `reference`, over all pairs of edge values.
template <class D, class T, class F> void checkBinary(const std::string &inst, F reference) {
  std::vector<T> a, b;
  cross(edges<T>(), edges<T>(), a, b);
  std::vector<D> d = run<D>(inst + " $d, $0, $1;", a, b);
  for (size_t k = 0; k < d.size(); ++k)
    ASSERT_EQ(d[k], D(reference(a[k], b[k]))) << inst << " " << +a[k] << " " << +b[k];
}
template <class D, class T, class C, class F>
void checkTernary(const std::string &inst, F reference) {
  std::vector<T> a, b;
  std::vector<C> c;
  cross(edges<T>(), edges<T>(), edges<C>(), a, b, c);
  std::vector<D> d = run<D>(inst + " $d, $0, $1, $2;", a, b, c);
  for (size_t k = 0; k < d.size(); ++k)
    ASSERT_EQ(d[k], D(reference(a[k], b[k], c[k])))
        << inst << " " << +a[k] << " " << +b[k] << " " << +c[k];
}
template <class T>
using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;

template <class T> void arithmetic(const std::string &t) {
  checkBinary<T, T>("add." + t, [](T a, T b) { return Wide<T>(a) + b; });
  checkBinary<T, T>("sub." + t, [](T a, T b) { return Wide<T>(a) - b; });
  checkBinary<T, T>("mul.lo." + t,
                    [](T a, T b) { return (unsigned __int128)(a) * (unsigned __int128)(b); });
  checkBinary<T, T>("mul.hi." + t,
                    [](T a, T b) { return (Wide<T>(a) * Wide<T>(b)) >> (8 * sizeof(T)); });
  checkBinary<T, T>("min." + t, [](T a, T b) { return std::min(a, b); });
  checkBinary<T, T>("max." + t, [](T a, T b) { return std::max(a, b); });
  checkBinary<T, T>("div." + t, [](T a, T b) { return b ? Wide<T>(a) / b : Wide<T>(-1); });
  checkBinary<T, T>("rem." + t, [](T a, T b) { return b ? Wide<T>(a) % b : Wide<T>(a); });
  checkTernary<T, T, T>("mad.lo." + t, [](T a, T b, T c) {
    return (unsigned __int128)(a) * (unsigned __int128)(b) + (unsigned __int128)(c);
  });
  checkTernary<T, T, T>("mad.hi." + t, [](T a, T b, T c) {
    return ((Wide<T>(a) * Wide<T>(b)) >> (8 * sizeof(T))) + c;
  });
  checkTernary<T, T, T>("sad." + t, [](T a, T b, T c) {
    return Wide<T>(c) + (a < b ? Wide<T>(b) - a : Wide<T>(a) - b);
  });
}
} // namespace

TEST(Integer, Arithmetic16) {
  arithmetic<uint16_t>("u16");
  arithmetic<int16_t>("s16");
}
TEST(Integer, Arithmetic32) {
  arithmetic<uint32_t>("u32");
  arithmetic<int32_t>("s32");
}
TEST(Integer, Arithmetic64) {
  arithmetic<uint64_t>("u64");
  arithmetic<int64_t>("s64");
}

TEST(Integer, WideProducts) {
  checkBinary<uint32_t, uint16_t>("mul.wide.u16", [](uint32_t a, uint32_t b) { return a * b; });
  checkBinary<int32_t, int16_t>("mul.wide.s16", [](int a, int b) { return a * b; });
  checkBinary<uint64_t, uint32_t>("mul.wide.u32", [](uint64_t a, uint64_t b) { return a * b; });
  checkBinary<int64_t, int32_t>("mul.wide.s32", [](int64_t a, int64_t b) { return a * b; });
  checkTernary<int64_t, int32_t, int64_t>("mad.wide.s32", [](int64_t a, int64_t b, int64_t c) {
    return uint64_t(a * b) + uint64_t(c);
  });
  checkTernary<uint64_t, uint32_t, uint64_t>(
      "mad.wide.u32", [](uint64_t a, uint64_t b, uint64_t c) { return a * b + c; });
}
TEST(Integer, UnaryAndSaturating) {
  std::vector<int32_t> a = edges<int32_t>();
  std::vector<int32_t> abs = run<int32_t>("abs.s32 $d, $0;", a),
                       neg = run<int32_t>("neg.s32 $d, $0;", a);
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(abs[k], int32_t(std::abs(int64_t(a[k]))));
    EXPECT_EQ(neg[k], int32_t(-int64_t(a[k])));
  }
  auto clamp = [](int64_t v) {
    return std::min<int64_t>(INT32_MAX, std::max<int64_t>(INT32_MIN, v));
  };
  checkBinary<int32_t, int32_t>("add.sat.s32", [&](int64_t x, int64_t y) { return clamp(x + y); });
  checkBinary<int32_t, int32_t>("sub.sat.s32", [&](int64_t x, int64_t y) { return clamp(x - y); });
  checkTernary<int32_t, int32_t, int32_t>(
      "mad.hi.sat.s32", [&](int64_t x, int64_t y, int64_t z) { return clamp((x * y >> 32) + z); });
  checkBinary<int32_t, int32_t>("max.relu.s32",
                                [](int32_t x, int32_t y) { return std::max(0, std::max(x, y)); });
  checkBinary<int32_t, int32_t>("min.relu.s32",
                                [](int32_t x, int32_t y) { return std::max(0, std::min(x, y)); });
}
TEST(Integer, TwentyFourBit) {
  auto sign = [](int32_t v) { return int64_t(int32_t(uint32_t(v) << 8) >> 8); };
  checkBinary<int32_t, int32_t>("mul24.lo.s32",
                                [&](int32_t a, int32_t b) { return sign(a) * sign(b); });
  checkBinary<int32_t, int32_t>("mul24.hi.s32",
                                [&](int32_t a, int32_t b) { return (sign(a) * sign(b)) >> 16; });
  checkBinary<uint32_t, uint32_t>(
      "mul24.lo.u32", [](uint64_t a, uint64_t b) { return (a & 0xffffff) * (b & 0xffffff); });
}
TEST(Integer, CarryChainsAddAndSubtract128Bits) {
  std::vector<uint64_t> a, b;
  cross(edges<uint64_t>(), edges<uint64_t>(), a, b);
  auto sum = run<uint64_t>(
      "add.cc.u64 %y0, $0, $1; addc.cc.u64 %y1, $0, $1; addc.u64 $d, 0, 0; xor.b64 $d, $d, %y1;", a,
      b);
  auto difference = run<uint64_t>("sub.cc.u64 %y0, $0, $1; subc.u64 $d, $1, $0;", a, b);
  auto product = run<uint64_t>("mad.lo.cc.u64 %y0, $0, $1, $0; madc.hi.u64 $d, $0, $1, $1;", a, b);
  for (size_t k = 0; k < a.size(); ++k) {
    using U = unsigned __int128;
    bool c0 = a[k] + b[k] < a[k];
    U high = U(a[k]) + b[k] + c0;
    EXPECT_EQ(sum[k], uint64_t(high) ^ uint64_t(high >> 64));
    EXPECT_EQ(difference[k], b[k] - a[k] - (a[k] < b[k]));
    U p = U(a[k]) * b[k] + a[k];
    EXPECT_EQ(product[k], uint64_t(p >> 64) + b[k]);
  }
}
TEST(Integer, DotProducts) {
  std::vector<uint32_t> a, b;
  cross(edges<uint32_t>(), edges<uint32_t>(), a, b);
  auto ss = run<uint32_t>("dp4a.s32.s32 $d, $0, $1, 7;", a, b),
       us = run<uint32_t>("dp4a.u32.s32 $d, $0, $1, 7;", a, b);
  auto hi = run<uint32_t>("dp2a.hi.s32.u32 $d, $0, $1, 7;", a, b);
  for (size_t k = 0; k < a.size(); ++k) {
    int32_t s = 7, u = 7, h = 7;
    for (int j = 0; j < 4; ++j) {
      s += int8_t(a[k] >> 8 * j) * int8_t(b[k] >> 8 * j);
      u += uint8_t(a[k] >> 8 * j) * int8_t(b[k] >> 8 * j);
    }
    for (int j = 0; j < 2; ++j)
      h += int16_t(a[k] >> 16 * j) * uint8_t(b[k] >> (16 + 8 * j));
    ASSERT_EQ(ss[k], uint32_t(s));
    ASSERT_EQ(us[k], uint32_t(u));
    ASSERT_EQ(hi[k], uint32_t(h));
  }
}
TEST(Integer, PackedHalves) {
  std::vector<uint32_t> a, b;
  cross(edges<uint32_t>(), edges<uint32_t>(), a, b);
  auto add = run<uint32_t>("add.u16x2 $d, $0, $1;", a, b),
       min = run<uint32_t>("min.s16x2 $d, $0, $1;", a, b);
  for (size_t k = 0; k < a.size(); ++k) {
    auto lo = [](uint32_t v) { return int16_t(v); };
    auto hi = [](uint32_t v) { return int16_t(v >> 16); };
    EXPECT_EQ(add[k],
              uint32_t(uint16_t(a[k] + b[k])) | ((a[k] & 0xffff0000u) + (b[k] & 0xffff0000u)));
    EXPECT_EQ(min[k], uint32_t(uint16_t(std::min(lo(a[k]), lo(b[k])))) |
                          uint32_t(uint16_t(std::min(hi(a[k]), hi(b[k])))) << 16);
  }
}
