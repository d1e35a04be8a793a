//===- CompareTest.cpp - setp, set, selp, slct, mov -----------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {
template <class T> bool holds(const std::string &op, T a, T b) {
  bool nan = a != a || b != b;
  if (op == "num")
    return !nan;
  if (op == "nan")
    return nan;
  bool unordered = op.size() == 3 && op.back() == 'u';
  if (nan)
    return unordered;
  std::string base = op.substr(0, 2);
  return base == "eq"   ? a == b
         : base == "ne" ? a != b
         : base == "lt" ? a < b
         : base == "le" ? a <= b
         : base == "gt" ? a > b
                        : a >= b;
}
const char *floatOps[] = {"eq",  "ne",  "lt",  "le",  "gt",  "ge",  "equ",
                          "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};

template <class T> void checkInts(const std::string &t) {
  std::vector<T> a, b;
  cross(edges<T>(), edges<T>(), a, b);
  for (std::string op : {"eq", "ne", "lt", "le", "gt", "ge"}) {
    auto d = run<uint32_t>("setp." + op + "." + t + " %p0, $0, $1; selp.b32 $d, 1, 0, %p0;", a, b);
    for (size_t k = 0; k < a.size(); ++k)
      ASSERT_EQ(d[k], uint32_t(holds(op, a[k], b[k]))) << op << t << " " << +a[k] << " " << +b[k];
  }
}
} // namespace

TEST(Compare, Integers) {
  checkInts<uint16_t>("u16");
  checkInts<int16_t>("s16");
  checkInts<uint32_t>("u32");
  checkInts<int32_t>("s32");
  checkInts<uint64_t>("u64");
  checkInts<int64_t>("s64");
}
TEST(Compare, FloatsOrderedAndUnordered) {
  std::vector<float> a, b;
  cross(edges<float>(), edges<float>(), a, b);
  std::vector<double> x(a.begin(), a.end()), y(b.begin(), b.end());
  for (std::string op : floatOps) {
    auto d = run<uint32_t>("setp." + op + ".f32 %p0, $0, $1; selp.b32 $d, 1, 0, %p0;", a, b);
    auto w = run<uint32_t>("setp." + op + ".f64 %p0, $0, $1; selp.b32 $d, 1, 0, %p0;", x, y);
    for (size_t k = 0; k < a.size(); ++k) {
      ASSERT_EQ(d[k], uint32_t(holds(op, a[k], b[k]))) << op << " " << a[k] << " " << b[k];
      ASSERT_EQ(w[k], uint32_t(holds(op, x[k], y[k])));
    }
  }
  std::vector<float> tiny{0x1p-140f}, zero{0.0f};
  EXPECT_EQ(run<uint32_t>("setp.eq.ftz.f32 %p0, $0, $1; selp.b32 $d, 1, 0, %p0;", tiny, zero)[0],
            1u);
  EXPECT_EQ(run<uint32_t>("setp.eq.f32 %p0, $0, $1; selp.b32 $d, 1, 0, %p0;", tiny, zero)[0], 0u);
}
TEST(Compare, HalvesScalarAndPacked) {
  std::vector<uint16_t> h{0, 0x8000, 1, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 0x3555, 0x03ff}, a,
      b;
  cross(h, h, a, b);
  std::vector<uint32_t> x(a.size()), y(a.size());
  for (size_t k = 0; k < a.size(); ++k)
    x[k] = a[k] | uint32_t(b[k]) << 16, y[k] = b[k] | uint32_t(a[k]) << 16;
  for (std::string op : floatOps)
    for (bool bf : {false, true}) {
      std::string t = bf ? "bf16" : "f16";
      auto value = [&](uint16_t v) { return bf ? bfloatValue(v) : halfValue(v); };
      auto d =
          run<uint32_t>("setp." + op + "." + t + " %p0, $0, $1; selp.b32 $d, 1, 0, %p0;", a, b);
      auto two =
          run<uint32_t>("setp." + op + "." + t +
                            "x2 %p0|%p1, $0, $1; selp.b32 $d, 1, 0, %p0; @%p1 or.b32 $d, $d, 2;",
                        x, y);
      auto set = run<uint32_t>("set." + op + "." + t + "x2." + t + "x2 $d, $0, $1;", x, y);
      for (size_t k = 0; k < a.size(); ++k) {
        bool lo = holds(op, value(a[k]), value(b[k])), hi = holds(op, value(b[k]), value(a[k]));
        ASSERT_EQ(d[k], uint32_t(lo));
        ASSERT_EQ(two[k], uint32_t(lo) | uint32_t(hi) << 1);
        uint32_t one = bf ? 0x3f80 : 0x3c00;
        ASSERT_EQ(set[k], (lo ? one : 0) | (hi ? one << 16 : 0));
      }
    }
}
TEST(Compare, CombinesWithAPredicateAndItsNegation) {
  std::vector<uint32_t> a{0, 0, 1, 1}, c{0, 1, 0, 1}, zero(4, 0);
  for (auto [op, f] :
       {std::pair<std::string, bool (*)(bool, bool)>{"and", [](bool x, bool y) { return x && y; }},
        {"or", [](bool x, bool y) { return x || y; }},
        {"xor", [](bool x, bool y) { return x != y; }}})
    for (bool negated : {false, true}) {
      auto d = run<uint32_t>("setp.ne.u32 %p2, $1, 0; setp.ne." + op + ".u32 %p0|%p1, $0, 0, " +
                                 (negated ? "!" : "") +
                                 "%p2; selp.b32 $d, 1, 0, %p0; @%p1 or.b32 $d, $d, 2;",
                             a, c);
      for (size_t k = 0; k < 4; ++k) {
        bool t = a[k] != 0, o = (c[k] != 0) != negated;
        EXPECT_EQ(d[k], uint32_t(f(t, o)) | uint32_t(f(!t, o)) << 1) << op << negated << k;
      }
    }
}
TEST(Compare, SetGivesAllOnesOrOne) {
  std::vector<float> a{1, 2, NAN}, b{2, 2, 2};
  EXPECT_EQ(run<uint32_t>("set.lt.u32.f32 $d, $0, $1;", a, b),
            (std::vector<uint32_t>{0xffffffff, 0, 0}));
  EXPECT_EQ(run<float>("set.le.f32.f32 $d, $0, $1;", a, b), (std::vector<float>{1, 1, 0}));
  EXPECT_EQ(run<uint32_t>("set.geu.or.s32.f32 $d, $0, $1, 0;", a, b),
            (std::vector<uint32_t>{0, 0xffffffff, 0xffffffff}));
}
TEST(Compare, Selection) {
  std::vector<uint64_t> a{10, 11, 12, 13}, b{20, 21, 22, 23};
  std::vector<float> c{0.0f, -0.0f, -1.0f, NAN};
  std::vector<int32_t> i{0, -1, 5, INT32_MIN};
  EXPECT_EQ(run<uint64_t>("slct.u64.f32 $d, $0, $1, $2;", a, b, c),
            (std::vector<uint64_t>{10, 11, 22, 23}));
  EXPECT_EQ(run<uint64_t>("slct.b64.s32 $d, $0, $1, $2;", a, b, i),
            (std::vector<uint64_t>{10, 21, 12, 23}));
  EXPECT_EQ(run<uint64_t>("setp.lt.s32 %p0, $2, 0; selp.b64 $d, $0, $1, %p0;", a, b, i),
            (std::vector<uint64_t>{20, 11, 22, 13}));
}
TEST(Move, PacksAndUnpacks) {
  std::vector<uint64_t> a = edges<uint64_t>();
  auto swapped = run<uint64_t>("mov.b64 {%x0, %x1}, $0; mov.b64 $d, {%x1, %x0};", a);
  auto quarters =
      run<uint64_t>("mov.b64 {%h0, %h1, %h2, %h3}, $0; mov.b64 $d, {%h3, %h2, %h1, %h0};", a);
  auto high = run<uint32_t>("mov.b64 {_, $d}, $0;", a);
  auto wide = run<uint64_t>(
      "{ .reg .b128 q; mov.b128 q, {$0, 5}; mov.b128 {%y0, %y1}, q; add.u64 $d, %y0, %y1; }", a);
  auto bytes = run<uint32_t>(
      "cvt.u32.u64 %x0, $0; mov.b32 {%h0, %h1, %h2, %h3}, %x0; mov.b32 $d, {%h3, %h2, %h1, %h0};",
      a);
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(swapped[k], a[k] >> 32 | a[k] << 32);
    uint64_t q = 0;
    for (int j = 0; j < 4; ++j)
      q |= (a[k] >> 16 * j & 0xffff) << (48 - 16 * j);
    EXPECT_EQ(quarters[k], q);
    EXPECT_EQ(high[k], uint32_t(a[k] >> 32));
    EXPECT_EQ(wide[k], a[k] + 5);
    EXPECT_EQ(bytes[k], __builtin_bswap32(uint32_t(a[k])));
  }
}
TEST(Move, PredicatesAndTheirLogic) {
  std::vector<uint32_t> a{0, 1, 0, 1}, b{0, 0, 1, 1};
  auto d = run<uint32_t>("setp.ne.u32 %p0, $0, 0; setp.ne.u32 %p1, $1, 0; and.pred %p2, %p0, %p1; "
                         "selp.u32 $d, 1, 0, %p2; or.pred %p2, %p0, %p1; "
                         "@%p2 or.b32 $d, $d, 2; xor.pred %p2, %p0, %p1; @%p2 or.b32 $d, $d, 4; "
                         "not.pred %p2, %p0; @%p2 or.b32 $d, $d, 8; "
                         "mov.pred %p3, %p1; @!%p3 or.b32 $d, $d, 16;",
                         a, b);
  EXPECT_EQ(d, (std::vector<uint32_t>{24, 22, 14, 3}));
}
