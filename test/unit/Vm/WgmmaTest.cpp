//===- WgmmaTest.cpp - wgmma.mma_async against a reference by elements ----===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small integers, so that every type gives the exact product; MatrixArithmeticTest.cpp looks at
// rounding. WgmmaHazardTest.cpp has the programs that are wrong.
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Wgmma.h"
#include "test/unit/Vm/Assemble.h"
#include <algorithm>
#include <random>

using namespace vmtest;

namespace {

/// The exact result, wrapped or clamped where the type of D is.
class Expected {
public:
  explicit Expected(const WgmmaProblem &p)
      : p(p), a(values(p.form.a, p.dense)), b(values(p.form.b, p.right)),
        d(values(p.form.d, p.start)) {}
  int64_t at(unsigned row, unsigned column) const {
    const WgmmaForm &f = p.form;
    int64_t sum = f.accumulate ? d[row * f.n + column] : 0, product = 0;
    for (unsigned k = 0; k < f.k; ++k)
      product += a[row * f.k + k] * b[column * f.k + k];
    sum += f.minusA != f.minusB ? -product : product;
    if (!f.integer())
      return sum;
    return f.saturate ? std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX) : int32_t(uint32_t(sum));
  }

private:
  const WgmmaProblem &p;
  std::vector<int64_t> a, b, d;
  static std::vector<int64_t> values(const std::string &type, const std::vector<uint32_t> &bits) {
    std::vector<int64_t> v;
    for (uint32_t x : bits)
      v.push_back(int64_t(elementValue(type, x)));
    return v;
  }
};
void expectProduct(const WgmmaProblem &p, const std::string &what) {
  Expected expected(p);
  unsigned wrong = 0;
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned column = 0; column < p.form.n && wrong < 3; ++column) {
      double got = double(elementValue(p.form.d, p.result(row, column)));
      EXPECT_EQ(got, double(expected.at(row, column)))
          << what << " row " << row << " column " << column << ": " << p.form.instruction();
      wrong += got != double(expected.at(row, column));
    }
}

void check(WgmmaProblem &p, uint32_t seed, const std::string &what = "") {
  std::mt19937 rng(seed);
  const WgmmaForm &f = p.form;
  p.fill([&](char which) {
    int v = int(rng() % 7) - 3;
    return smallInteger(which == 'a' ? f.a : which == 'b' ? f.b : f.d, v);
  });
  ASSERT_EQ(p.launch(), "") << f.instruction();
  expectProduct(p, what);
}
void check(const WgmmaForm &form, Swizzle a, Swizzle b, uint32_t seed) {
  WgmmaProblem p(form, a, b);
  check(p, seed, "swizzles " + std::to_string(unsigned(a)) + " " + std::to_string(unsigned(b)));
}

/// All types of D, A and B with their K.
std::vector<WgmmaForm> allTypes() {
  std::vector<WgmmaForm> forms{{"f32", "f16", "f16", 8, 16},
                               {"f16", "f16", "f16", 8, 16},
                               {"f32", "bf16", "bf16", 8, 16},
                               {"f32", "tf32", "tf32", 8, 8},
                               {"s32", "b1", "b1", 8, 256}};
  for (std::string d : {"f32", "f16"})
    for (std::string a : {"e4m3", "e5m2"})
      for (std::string b : {"e4m3", "e5m2"})
        forms.push_back({d, a, b, 8, 32});
  for (std::string a : {"s8", "u8"})
    for (std::string b : {"s8", "u8"})
      forms.push_back({"s32", a, b, 8, 32});
  return forms;
}
constexpr Swizzle kSwizzles[] = {Swizzle::None, Swizzle::B128, Swizzle::B64, Swizzle::B32};

} // namespace

TEST(Wgmma, AllTypesFromSharedMemoryAndRegisters) {
  std::string text = newestHeader();
  uint32_t seed = 1;
  for (WgmmaForm form : allTypes())
    for (bool registers : {false, true}) {
      form.registersA = registers;
      form.n = 16;
      std::string name = "k" + std::to_string(seed);
      text += wgmmaKernel(form, plainBody(form), name);
      check(form, Swizzle::B128, Swizzle::B64, seed++);
      form.n = 64;
      form.accumulate = false;
      check(form, Swizzle::None, Swizzle::B128, seed++);
      form.accumulate = true;
    }
  EXPECT_EQ(assemblerErrors(text), "");
}
TEST(Wgmma, EverySwizzleForEveryType) {
  uint32_t seed = 100;
  for (WgmmaForm form : allTypes())
    for (Swizzle a : kSwizzles)
      for (Swizzle b : kSwizzles) {
        form.n = 32;
        check(form, a, b, seed++);
      }
}
TEST(Wgmma, EveryLegalNumberOfColumns) {
  for (unsigned n = 8; n <= 256; n += 8) {
    check({"f32", "f16", "f16", n, 16}, Swizzle::B128, Swizzle::B128, n);
    check({"f16", "e5m2", "e4m3", n, 32}, Swizzle::B32, Swizzle::None, n);
    WgmmaForm integers{"s32", "s8", "u8", n, 32}, bits{"s32", "b1", "b1", n, 256};
    if (n <= 32 || n % 16 == 0) {
      check(integers, Swizzle::B64, Swizzle::B128, n);
      check(bits, Swizzle::B64, Swizzle::B32, n);
    } else {
      EXPECT_NE(parseError(newestHeader() + wgmmaKernel(integers, plainBody(integers), "k")), "");
    }
  }
}
TEST(Wgmma, SixteenBitTypesInBothMajorOrders) {
  std::string text = newestHeader();
  uint32_t seed = 500;
  for (std::string type : {"f16", "bf16"})
    for (bool transA : {false, true})
      for (bool transB : {false, true})
        for (Swizzle s : kSwizzles) {
          WgmmaForm form{"f32", type, type, 128, 16};
          form.transA = transA, form.transB = transB;
          if (s == Swizzle::B64 && type == "bf16")
            text += wgmmaKernel(form, plainBody(form), "k" + std::to_string(seed));
          check(form, s, Swizzle(3 - unsigned(s)), seed++);
          form.registersA = true;
          form.transA = false;
          form.n = 24;
          check(form, s, s, seed++);
        }
  EXPECT_EQ(assemblerErrors(text), "");
}
TEST(Wgmma, OperandsAreNegated) {
  std::string text = newestHeader();
  for (unsigned k = 0; k < 8; ++k) {
    WgmmaForm form{"f32", k < 4 ? "f16" : "tf32", k < 4 ? "f16" : "tf32", 40, k < 4 ? 16u : 8u};
    form.minusA = k & 1, form.minusB = k & 2;
    text += wgmmaKernel(form, plainBody(form), "k" + std::to_string(k));
    check(form, Swizzle::B32, Swizzle::B128, 900 + k);
  }
  EXPECT_EQ(assemblerErrors(text), "");
}
TEST(Wgmma, IntegersWrapOrAreLimited) {
  for (bool saturate : {false, true})
    for (bool large : {false, true}) {
      WgmmaForm form{"s32", "u8", "s8", 8, 32};
      form.saturate = saturate;
      WgmmaProblem p(form, Swizzle::None, Swizzle::None);
      p.fill([&](char which) {
        uint32_t limit = large ? uint32_t(INT32_MAX) - 1000 : uint32_t(INT32_MIN) + 1000;
        return which == 'a' ? 255u : which == 'b' ? (large ? 127u : 128u) : limit;
      });
      ASSERT_EQ(p.launch(), "");
      expectProduct(p, "limits");
    }
  EXPECT_EQ(assemblerErrors(newestHeader() +
                            [] {
                              WgmmaForm f{"s32", "u8", "s8", 8, 32};
                              f.saturate = true;
                              return wgmmaKernel(f, plainBody(f), "k");
                            }()),
            "");
}
TEST(Wgmma, StridesMayBeWiderThanTheTiles) {
  for (Swizzle s : kSwizzles) {
    WgmmaProblem p({"f32", "bf16", "bf16", 64, 16}, s, s);
    p.a.padding = 2048, p.b.padding = 1024;
    p.b.start = 24576;
    check(p, 40 + unsigned(s), "padded");
  }
}
TEST(Wgmma, TheStartAddressAdvancesWithinTheSwizzle) {
  // The second 16 columns of a tile of 64: the start moves by 32 bytes, the pattern stays.
  WgmmaForm form{"f32", "f16", "f16", 16, 16};
  WgmmaProblem p(form, Swizzle::B128, Swizzle::B128);
  p.a.start += 32, p.b.start += 32;
  check(p, 77, "advanced");
}
TEST(Wgmma, TheBaseOffsetMovesThePattern) {
  for (uint32_t base : {1u, 3u, 7u}) {
    WgmmaProblem p({"f32", "f16", "f16", 16, 16}, Swizzle::B128, Swizzle::B64);
    p.a.start = 128 * base, p.a.baseOffset = base;
    p.b.start = 16384 + 128 * (base & 3), p.b.baseOffset = base & 3;
    check(p, 80 + base, "base offset");
  }
}
TEST(Wgmma, LayoutsOfTheIsaExamples) {
  // "Exact layout" of the manual's figures for tf32 K-major and bf16 MN-major without padding.
  SharedLayout tf32{Swizzle::B32, false, 16, 16, 32};
  EXPECT_EQ(tf32.stride(), 64u * 4);
  EXPECT_EQ(tf32.bitOf(9, 5) / 32, ((8 + 64) + 5) ^ 0u);
  SharedLayout bf16{Swizzle::None, true, 16, 16, 16};
  EXPECT_EQ(bf16.leading(), 128u * 2 / 2);
  EXPECT_EQ(bf16.bitOf(9, 3) / 16, 1u + 8 * 16 + 3 * 8);
}
TEST(Wgmma, SparseMatricesEqualTheDenseProduct) {
  std::string text = newestHeader();
  std::vector<WgmmaForm> forms{{"f32", "f16", "f16", 16, 32},   {"f16", "f16", "f16", 32, 32},
                               {"f32", "bf16", "bf16", 64, 32}, {"f32", "tf32", "tf32", 24, 16},
                               {"f32", "e4m3", "e5m2", 40, 64}, {"f16", "e5m2", "e4m3", 8, 64},
                               {"s32", "s8", "u8", 256, 64},    {"s32", "u8", "s8", 16, 64}};
  uint32_t seed = 1;
  for (WgmmaForm form : forms) {
    form.sparse = true;
    for (unsigned selector = 0; selector < (form.bits() == 8 ? 1u : 2u); ++selector)
      for (bool registers : {false, true})
        for (bool trans : {false, true}) {
          if (trans && form.bits() != 16)
            continue;
          form.selector = selector;
          form.registersA = registers;
          form.transA = trans && !registers, form.transB = trans;
          if (form.n < 100)
            text += wgmmaKernel(form, plainBody(form), "k" + std::to_string(seed));
          // A swizzle of 32 bytes can't hold the 64 bytes that B has along K.
          check(form, kSwizzles[seed % 4], kSwizzles[seed % 3], seed);
          ++seed;
        }
  }
  EXPECT_EQ(assemblerErrors(text), "");
}
TEST(Wgmma, ConsecutiveOperationsAccumulate) {
  // Three times the same product on one accumulator: the first without D, one group each.
  WgmmaForm form{"f32", "f16", "f16", 32, 16};
  std::string once = form.instruction(), first = once;
  first.replace(first.find("%p"), 2, "0");
  std::string body = "  wgmma.fence.sync.aligned;\n  " + first +
                     "  wgmma.commit_group.sync.aligned;\n  " + once + "  " + once +
                     "  wgmma.commit_group.sync.aligned;\n  wgmma.wait_group.sync.aligned 1;\n"
                     "  wgmma.wait_group.sync.aligned 0;\n";
  WgmmaProblem p(form, Swizzle::B128, Swizzle::B128);
  p.fill([&, k = 0](char) mutable { return smallInteger("f16", k++ % 4 - 1); });
  ASSERT_EQ(p.launch(body), "");
  p.form.accumulate = false;
  Expected expected(p);
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned c = 0; c < form.n; ++c)
      EXPECT_EQ(double(elementValue("f32", p.result(row, c))), 3.0 * double(expected.at(row, c)));
}
TEST(Wgmma, AllInstructionSetsGiveTheSameBits) {
  std::string before = hostIsaName().str();
  for (WgmmaForm form : allTypes()) {
    form.n = 48;
    std::vector<uint32_t> first;
    for (const std::string &isa : hostIsas()) {
      setHostIsa(isa);
      std::mt19937 rng(5);
      WgmmaProblem p(form, Swizzle::B128, Swizzle::B128);
      p.fill([&](char which) {
        const std::string &t = which == 'a' ? form.a : which == 'b' ? form.b : form.d;
        uint32_t x = rng();
        if (t == "f16") // finite
          return (x & 0xffff) & ~0x4000u;
        if (t == "bf16")
          return (x & 0x80ff) | 0x3f00u;
        if (t == "tf32" || t == "f32")
          return (x & 0x80ffffff) | 0x3f000000u;
        return t == "s32" ? x : t == "b1" ? x & 1 : x & (t == "e5m2" ? 0xbf : 0xf7);
      });
      ASSERT_EQ(p.launch(), "");
      if (first.empty())
        first = p.d;
      EXPECT_EQ(first, p.d) << isa << " " << form.instruction();
    }
  }
  setHostIsa(before);
}
