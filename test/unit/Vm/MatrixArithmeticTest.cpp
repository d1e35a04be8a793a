//===- MatrixArithmeticTest.cpp - the arithmetic model of tensor cores ----===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/ptxvm.md, "Matrices": products are exact, C and they are summed in double, in ascending k,
// and rounded once. So the result differs from the exact sum by at most half a unit in the last
// place of D plus K units of 2^-53 of the sum of magnitudes. Checked where sums cancel, where
// magnitudes differ by hundreds of powers of two, and with subnormals; with one result that only
// the documented order gives, and one that a truncating accumulator of few bits would not.
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Wgmma.h"
#include <cmath>
#include <random>

using namespace vmtest;

namespace {

enum class Case { Moderate, Cancelling, Wide, Subnormal };

/// An encoding with the wanted magnitude; finite.
uint32_t encoding(const std::string &t, Case c, std::mt19937 &rng) {
  uint32_t x = rng();
  auto field = [&](unsigned mantissa, unsigned exponentBits, unsigned low, unsigned high) {
    unsigned exponent = c == Case::Subnormal ? 0 : low + (x >> 8) % (high - low + 1);
    uint32_t m = x >> 5 & ((1u << mantissa) - 1);
    return (x & 1) << (mantissa + exponentBits) | exponent << mantissa | m;
  };
  bool wide = c == Case::Wide;
  if (t == "f16")
    return wide ? field(10, 5, 1, 30) : field(10, 5, 13, 16);
  if (t == "bf16")
    return wide ? field(7, 8, 80, 170) : field(7, 8, 125, 128);
  if (t == "tf32")
    return wide ? field(23, 8, 80, 170) : field(23, 8, 125, 128);
  if (t == "f32")
    return wide ? field(23, 8, 70, 180) : field(23, 8, 125, 130);
  if (t == "e4m3") // 0x7f is NaN
    return wide ? field(3, 4, 1, 14) : field(3, 4, 6, 8);
  return wide ? field(2, 5, 1, 30) : field(2, 5, 14, 16);
}

struct Exact {
  long double sum, magnitude;
};
Exact exactSum(const WgmmaProblem &p, unsigned row, unsigned column) {
  const WgmmaForm &f = p.form;
  long double c = elementValue(f.d, p.start[row * f.n + column]);
  Exact e{c, std::fabs(c)};
  for (unsigned k = 0; k < f.k; ++k) {
    long double x =
        elementValue(f.a, p.dense[row * f.k + k]) * elementValue(f.b, p.right[column * f.k + k]);
    e.sum += x;
    e.magnitude += std::fabs(x);
  }
  return e;
}
/// Half a unit in the last place of `t` at `v`.
long double halfUnit(const std::string &t, long double v) {
  int bits = t == "f16" ? 11 : 24, least = t == "f16" ? -25 : -150;
  int exponent;
  std::frexp(v, &exponent);
  return std::ldexp(1.0L, std::max(exponent - bits - 1, least));
}

void checkBound(const WgmmaForm &form, Case c, uint32_t seed) {
  std::mt19937 rng(seed);
  WgmmaProblem p(form, Swizzle::B128, Swizzle::B64);
  p.fill([&](char which) {
    return encoding(which == 'a' ? form.a : which == 'b' ? form.b : form.d, c, rng);
  });
  if (c == Case::Cancelling) // columns 2 j and 2 j + 1 of A are opposite, B differs in the last bit
    for (unsigned row = 0; row < 64; ++row)
      for (unsigned k = 0; k + 1 < form.storedK(); k += 2)
        p.stored[row * form.storedK() + k + 1] =
            p.stored[row * form.storedK() + k] ^ (1u << (form.bits() - 1));
  if (c == Case::Cancelling)
    for (unsigned n = 0; n < form.n; ++n)
      for (unsigned k = 0; k + 1 < form.k; k += 2)
        p.right[n * form.k + k + 1] = p.right[n * form.k + k] ^ (form.bits() == 32 ? 1u << 13 : 1u);
  ASSERT_EQ(p.launch(), "");
  double worst = 0;
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned column = 0; column < form.n; ++column) {
      Exact e = exactSum(p, row, column);
      long double got = elementValue(form.d, p.result(row, column));
      long double limit = form.d == "f16" ? 65520.0L : std::ldexp(1.0L, 128);
      if (std::fabs(e.sum) >= limit) {
        EXPECT_TRUE(std::isinf(double(got))) << double(e.sum);
        continue;
      }
      long double bound = halfUnit(form.d, e.sum) + std::ldexp(e.magnitude * (form.k + 1), -53);
      worst = std::max(worst, double(std::fabs(got - e.sum) / bound));
      EXPECT_LE(double(std::fabs(got - e.sum)), double(bound))
          << form.instruction() << " " << row << " " << column << ": " << double(got) << " for "
          << double(e.sum);
    }
  EXPECT_GT(worst, 0.0) << "nothing was rounded: the case tests nothing";
}

/// One dot product through the machine: D = C + sum of a[k] * b[k].
float dot(const std::string &type, const std::vector<double> &a, const std::vector<double> &b,
          float c) {
  unsigned k = unsigned(a.size());
  WgmmaForm f{"f32", type, type, 8, k};
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  p.fill([](char) { return 0u; });
  auto encode = [&](double v) {
    return type == "f16" ? toHalf(v) : type == "bf16" ? toBfloat(v) : as<uint32_t>(float(v));
  };
  for (unsigned j = 0; j < k; ++j)
    p.stored[j] = encode(a[j]), p.right[j] = encode(b[j]);
  p.start[0] = as<uint32_t>(c);
  EXPECT_EQ(p.launch(), "");
  return as<float>(p.result(0, 0));
}

} // namespace

TEST(MatrixArithmetic, ResultsLieWithinTheBoundOfTheExactSum) {
  uint32_t seed = 1;
  for (Case c : {Case::Moderate, Case::Cancelling, Case::Wide})
    for (WgmmaForm f : std::vector<WgmmaForm>{{"f32", "f16", "f16", 16, 16},
                                              {"f16", "f16", "f16", 16, 16},
                                              {"f32", "bf16", "bf16", 16, 16},
                                              {"f32", "tf32", "tf32", 16, 8},
                                              {"f32", "e4m3", "e4m3", 16, 32},
                                              {"f32", "e5m2", "e4m3", 16, 32},
                                              {"f16", "e4m3", "e5m2", 16, 32}})
      checkBound(f, c, seed++);
}
TEST(MatrixArithmetic, SubnormalsCount) {
  for (WgmmaForm f : std::vector<WgmmaForm>{{"f32", "f16", "f16", 8, 16},
                                            {"f32", "e4m3", "e5m2", 8, 32},
                                            {"f32", "e5m2", "e5m2", 8, 32}}) {
    std::mt19937 rng(9);
    WgmmaProblem p(f, Swizzle::None, Swizzle::None);
    p.fill([&](char which) {
      return which == 'd' ? 0u : encoding(which == 'a' ? f.a : f.b, Case::Subnormal, rng);
    });
    ASSERT_EQ(p.launch(), "");
    bool any = false;
    for (unsigned row = 0; row < 64; ++row)
      for (unsigned column = 0; column < f.n; ++column) {
        long double exact = exactSum(p, row, column).sum;
        EXPECT_EQ(double(elementValue("f32", p.result(row, column))), double(exact));
        any |= exact != 0;
      }
    EXPECT_TRUE(any);
  }
}
namespace {
/// mma.sync on the fragments of the first warp: the same 16 rows as the wgmma's.
std::string mmaKernel(const WgmmaForm &f) {
  bool bits = f.a == "b1", half = f.d == "f16";
  std::string text = ".visible .entry k(.param .u64 pd, .param .u64 pa, .param .u64 pb) {\n"
                     "  .reg .b32 %t, %d<4>, %a<4>, %b<2>;\n  .reg .b64 %r;\n"
                     "  mov.u32 %t, %tid.x;\n";
  auto each = [&](char m, unsigned n, bool store) {
    text += std::string("  ld.param.u64 %r, [p") + m + "];\n  mad.wide.u32 %r, %t, " +
            std::to_string(4 * n) + ", %r;\n";
    for (unsigned k = 0; k < n; ++k) {
      std::string at = "[%r+" + std::to_string(4 * k) + "]";
      std::string reg = std::string("%") + m + std::to_string(k);
      text += store ? "  st.global.b32 " + at + ", " + reg + ";\n"
                    : "  ld.global.b32 " + reg + ", " + at + ";\n";
    }
  };
  unsigned results = half ? 2 : 4;
  each('d', results, false), each('a', 4, false), each('b', 2, false);
  std::string d = half ? "{%d0, %d1}" : "{%d0, %d1, %d2, %d3}";
  text += "  mma.sync.aligned.m16n8k" + std::to_string(f.k) + ".row.col." + f.d + "." + f.a + "." +
          f.b + "." + f.d + (bits ? ".and.popc " : " ") + d +
          ", {%a0, %a1, %a2, %a3}, {%b0, %b1}, " + d + ";\n";
  each('d', results, true);
  return text + "  ret;\n}\n";
}
} // namespace

TEST(MatrixArithmetic, MmaAndWgmmaGiveTheSameBits) {
  uint32_t seed = 1;
  for (Case c : {Case::Moderate, Case::Cancelling, Case::Wide})
    for (WgmmaForm f : std::vector<WgmmaForm>{{"f32", "f16", "f16", 8, 16},
                                              {"f16", "f16", "f16", 8, 16},
                                              {"f32", "bf16", "bf16", 8, 16},
                                              {"f32", "tf32", "tf32", 8, 8},
                                              {"f32", "e4m3", "e5m2", 8, 32},
                                              {"f16", "e5m2", "e4m3", 8, 32},
                                              {"s32", "s8", "u8", 8, 32},
                                              {"s32", "b1", "b1", 8, 256}}) {
      std::mt19937 rng(seed++);
      WgmmaProblem p(f, Swizzle::B128, Swizzle::B128);
      p.fill([&](char which) -> uint32_t {
        if (f.integer())
          return which == 'd' ? rng() : f.a == "b1" ? rng() & 1 : rng() & 255;
        return encoding(which == 'a' ? f.a : which == 'b' ? f.b : f.d, c, rng);
      });
      p.place();
      std::vector<uint32_t> d(p.d.begin(), p.d.begin() + 32 * f.results()), b(64);
      unsigned e = 32 / f.bits();
      for (unsigned n = 0; n < 8; ++n)
        for (unsigned k = 0; k < f.k; ++k)
          b[(4 * n + k / e % 4) * 2 + k / (4 * e)] |= p.right[n * f.k + k] << k % e * f.bits();
      Grid g(".version 8.7\n.target sm_90a\n.address_size 64\n" + mmaKernel(f));
      ASSERT_EQ(g.buffer(d).buffer(p.regsA).buffer(b).go(1, 32), "");
      ASSERT_EQ(p.launch(), "");
      EXPECT_EQ(d, std::vector<uint32_t>(p.d.begin(), p.d.begin() + long(d.size())))
          << f.instruction();
    }
}
TEST(MatrixArithmetic, WmmaAndWgmmaGiveTheSameBits) {
  uint32_t seed = 1;
  for (Case c : {Case::Moderate, Case::Cancelling, Case::Wide})
    for (std::string type : {"f16", "bf16"}) {
      WgmmaForm f{"f32", type, type, 16, 16};
      std::mt19937 rng(seed++);
      WgmmaProblem p(f, Swizzle::B128, Swizzle::B128);
      p.fill([&](char which) { return encoding(which == 'd' ? "f32" : type, c, rng); });
      ASSERT_EQ(p.launch(), "");
      std::vector<uint16_t> a(p.stored.begin(), p.stored.begin() + 256);
      std::vector<uint16_t> b(p.right.begin(), p.right.end());
      std::vector<uint32_t> d(p.start.begin(), p.start.begin() + 256);
      std::string ab = type == "f16" ? "{%0,%1,%2,%3,%4,%5,%6,%7}" : "{%0,%1,%2,%3}";
      auto list = [&](std::string text, const std::string &r) {
        for (size_t at = 0; (at = text.find('%', at)) != std::string::npos; ++at)
          text.insert(at + 1, r);
        return text;
      };
      std::string eight = list("{%0,%1,%2,%3,%4,%5,%6,%7}", "c");
      std::string types = type == "f16" ? "f32.f32 " : "f32.bf16.bf16.f32 ";
      Grid g(".version 8.7\n.target sm_90a\n.address_size 64\n"
             ".visible .entry k(.param .u64 pa, .param .u64 pb, .param .u64 pd) {\n"
             "  .reg .b32 %a<8>, %b<8>, %c<8>;\n  .reg .b64 %ra, %rb, %rd;\n"
             "  ld.param.u64 %ra, [pa];\n  ld.param.u64 %rb, [pb];\n  ld.param.u64 %rd, [pd];\n"
             "  wmma.load.a.sync.aligned.row.m16n16k16." +
             type + " " + list(ab, "a") + ", [%ra];\n  wmma.load.b.sync.aligned.col.m16n16k16." +
             type + " " + list(ab, "b") +
             ", [%rb];\n  wmma.load.c.sync.aligned.row.m16n16k16.f32 " + eight +
             ", [%rd];\n"
             "  wmma.mma.sync.aligned.row.col.m16n16k16." +
             types + eight + ", " + list(ab, "a") + ", " + list(ab, "b") + ", " + eight +
             ";\n  wmma.store.d.sync.aligned.row.m16n16k16.f32 [%rd], " + eight + ";\n  ret;\n}\n");
      ASSERT_EQ(g.buffer(a).buffer(b).buffer(d).go(1, 32), "");
      for (unsigned row = 0; row < 16; ++row)
        for (unsigned n = 0; n < 16; ++n)
          EXPECT_EQ(d[row * 16 + n], p.result(row, n)) << type << " " << row << " " << n;
    }
}
TEST(MatrixArithmetic, LargeTermsThatCancelLeaveTheSmallOnes) {
  // A GPU that aligns all terms to the largest one and keeps some 24 bits gives 0 here.
  std::vector<double> a(16), b(16, 1.0);
  a[0] = 32768, a[7] = 0x1p-14, a[15] = -32768;
  b[0] = b[15] = 1024;
  EXPECT_EQ(dot("f16", a, b, 0.0f), 0x1p-14f);
  // C takes part before the products: 2^40 - 2^40 + 1.
  std::vector<double> d(16), e(16, 1.0);
  d[0] = -0x1p20, e[0] = 0x1p20, d[1] = 1;
  EXPECT_EQ(dot("bf16", d, e, 0x1p40f), 1.0f);
}
TEST(MatrixArithmetic, RoundingIsToNearestEvenAndHappensOnce) {
  std::vector<double> a(16), b(16, 1.0);
  a[0] = 0x1p-12, b[0] = 0x1p-12; // half a unit of 1
  EXPECT_EQ(dot("f16", a, b, 1.0f), 1.0f);
  EXPECT_EQ(dot("f16", a, b, 1.0f + 0x1p-23f), 1.0f + 0x1p-22f);
  a[1] = 0x1p-14, b[1] = 0x1p-14; // a little more: truncation would stay at 1
  EXPECT_EQ(dot("f16", a, b, 1.0f), 1.0f + 0x1p-23f);
  // Many halves of a unit: each alone would vanish in single.
  std::vector<double> c(16, 0x1p-12), d(16, 0x1p-12);
  EXPECT_EQ(dot("f16", c, d, 1.0f), 1.0f + 8 * 0x1p-23f);
}
TEST(MatrixArithmetic, TheSumIsTakenInDoubleInAscendingK) {
  // 2^60 swallows 2^-10 in double; in another order it would survive.
  std::vector<double> a(16), b(16, 1.0);
  a[0] = 0x1p30, b[0] = 0x1p30, a[1] = 0x1p-10, a[2] = -0x1p30, b[2] = 0x1p30, a[3] = 0x1p-10;
  EXPECT_EQ(dot("bf16", a, b, 0.0f), 0x1p-10f);
}
TEST(MatrixArithmetic, TheLowBitsOfTf32DontTakePart) {
  std::vector<double> a(8), b(8, 1.0);
  a[0] = 1.0 + 0x1p-10 + 0x1p-11;
  EXPECT_EQ(dot("tf32", a, b, 0.0f), 1.0f + 0x1p-10f);
}
TEST(MatrixArithmetic, SpecialValues) {
  std::vector<double> a(16), b(16, 1.0);
  a[3] = INFINITY;
  EXPECT_EQ(dot("bf16", a, b, 1.0f), INFINITY);
  a[4] = -INFINITY;
  EXPECT_EQ(as<uint32_t>(dot("bf16", a, b, 1.0f)), 0x7fffffffu);
  a[4] = 0, b[3] = 0;
  EXPECT_EQ(as<uint32_t>(dot("bf16", a, b, 1.0f)), 0x7fffffffu);
  std::vector<double> zero(16);
  EXPECT_EQ(as<uint32_t>(dot("f16", zero, b, 0.0f)), 0u);
}
TEST(MatrixArithmetic, IntegerSumsAreExact) {
  for (bool saturate : {false, true}) {
    WgmmaForm f{"s32", "u8", "u8", 8, 32};
    f.saturate = saturate;
    WgmmaProblem p(f, Swizzle::None, Swizzle::None);
    p.fill([](char which) { return which == 'd' ? 0x7fffffffu : 255u; });
    ASSERT_EQ(p.launch(), "");
    uint32_t wrapped = 0x7fffffffu + 32u * 255 * 255;
    EXPECT_EQ(p.result(63, 7), saturate ? 0x7fffffffu : wrapped);
  }
}
