//===- MmaTest.cpp - mma.sync against a reference by elements -------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reference places each element of each thread by the formulas of the PTX ISA and sums in long
// double (integers: exactly), so that it shares neither layout code nor arithmetic with the
// machine.
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"
#include <random>

using namespace vmtest;

namespace {

struct Form {
  std::string name; ///< all after "mma.sync.aligned."
  unsigned m, k;
  std::string a, b, c; ///< types
};
unsigned bitsOfType(const std::string &t) {
  if (t == "b1")
    return 1;
  if (t == "s4" || t == "u4")
    return 4;
  if (t == "s8" || t == "u8" || t == "e4m3" || t == "e5m2")
    return 8;
  if (t == "f16" || t == "bf16")
    return 16;
  return t == "f64" ? 64 : 32;
}
bool isInteger(const std::string &t) { return t[0] == 's' || t[0] == 'u' || t == "b1"; }
struct Counts {
  unsigned regBits, perRegA, a, b, c;
};
Counts countsOf(const Form &f) {
  Counts n;
  n.regBits = f.a == "f64" ? 64 : 32;
  n.perRegA = n.regBits / bitsOfType(f.a);
  n.a = f.m * f.k / 32 / n.perRegA;
  n.b = f.k * 8 / 32 / n.perRegA;
  n.c = f.m * 8 / 32 / (f.c == "f16" ? 2 : 1);
  return n;
}
std::string entryFor(const Form &f, const std::string &name) {
  Counts n = countsOf(f);
  std::string bits = std::to_string(n.regBits), size = std::to_string(n.regBits / 8);
  std::string text = ".visible .entry " + name +
                     "(.param .u64 pa, .param .u64 pb, .param .u64 pc, .param .u64 pd) {\n  .reg "
                     ".b32 %t;\n  .reg .b64 %rd;\n  .reg .b" +
                     bits + " %a<16>, %b<16>, %c<8>, %d<8>;\n  mov.u32 %t, %tid.x;\n";
  auto list = [](const std::string &r, unsigned count) {
    std::string s = "{";
    for (unsigned k = 0; k < count; ++k)
      s += (k ? ", %" : "%") + r + std::to_string(k);
    return s + "}";
  };
  auto address = [&](const std::string &p, unsigned count) {
    return "  ld.param.u64 %rd, [" + p + "];\n  mad.wide.u32 %rd, %t, " +
           std::to_string(count * n.regBits / 8) + ", %rd;\n";
  };
  auto load = [&](const std::string &r, unsigned count) {
    text += address("p" + r, count);
    for (unsigned k = 0; k < count; ++k)
      text += "  ld.global.b" + bits + " %" + r + std::to_string(k) + ", [%rd+" +
              std::to_string(k * n.regBits / 8) + "];\n";
  };
  load("a", n.a);
  load("b", n.b);
  load("c", n.c);
  text += "  mma.sync.aligned." + f.name + " " + list("d", n.c) + ", " + list("a", n.a) + ", " +
          list("b", n.b) + ", " + list("c", n.c) + ";\n" + address("pd", n.c);
  for (unsigned k = 0; k < n.c; ++k)
    text += "  st.global.b" + bits + " [%rd+" + std::to_string(k * n.regBits / 8) + "], %d" +
            std::to_string(k) + ";\n";
  return text + "  ret;\n}\n";
}

/// Element `index` of `bits` bits in a packed buffer.
uint64_t bitsAt(const std::vector<uint8_t> &v, size_t index, unsigned bits) {
  if (bits >= 8) {
    uint64_t x = 0;
    std::memcpy(&x, &v[index * bits / 8], bits / 8);
    return x;
  }
  return v[index * bits / 8] >> (index * bits % 8) & ((1u << bits) - 1);
}
long double valueOfType(const std::string &t, uint64_t x) {
  if (t == "f16")
    return halfValue(uint16_t(x));
  if (t == "bf16")
    return bfloatValue(uint16_t(x));
  if (t == "tf32")
    return as<float>(uint32_t(x) & 0xffffe000u);
  if (t == "f32")
    return as<float>(uint32_t(x));
  if (t == "f64")
    return as<double>(x);
  if (t == "e4m3")
    return e4m3Value(uint8_t(x));
  if (t == "e5m2")
    return e5m2Value(uint8_t(x));
  if (t == "s8")
    return int8_t(x);
  if (t == "s4")
    return int8_t(x << 4) >> 4;
  if (t == "s32")
    return int32_t(x);
  return (long double)(x);
}
/// Random bytes that encode finite numbers of moderate size.
std::vector<uint8_t> randomElements(std::mt19937_64 &rng, const std::string &t, size_t count) {
  unsigned bits = bitsOfType(t);
  std::vector<uint8_t> v((count * bits + 7) / 8);
  for (auto &b : v)
    b = uint8_t(rng());
  for (size_t k = 0; bits >= 8 && k < count; ++k) {
    uint64_t x = bitsAt(v, k, bits);
    if (t == "f16" && (x & 0x7c00) == 0x7c00)
      x &= ~uint64_t(0x4000);
    if (t == "bf16")
      x = (x & 0x807f) | ((100 + x / 128 % 50) << 7);
    if (t == "tf32" || t == "f32")
      x = (x & 0x807fffff) | ((100 + (x >> 23) % 50) << 23);
    if (t == "f64")
      x = as<uint64_t>(std::ldexp(double(int64_t(x)), int(x % 40) - 80));
    if (t == "e4m3" && (x & 0x7f) == 0x7f)
      x ^= 1;
    if (t == "e5m2" && (x & 0x7c) == 0x7c)
      x ^= 0x40;
    std::memcpy(&v[k * bits / 8], &x, bits / 8);
  }
  return v;
}

struct Problem {
  Form form;
  Counts n;
  std::vector<uint8_t> a, b, c, d;
  Problem(const Form &f, std::mt19937_64 &rng) : form(f), n(countsOf(f)) {
    a = randomElements(rng, f.a, f.m * f.k);
    b = randomElements(rng, f.b, f.k * 8);
    c = randomElements(rng, f.c, f.m * 8);
    d.assign(c.size(), 0xee);
  }
  // Places, by the formulas of the ISA: lane, then element within the thread.
  size_t indexA(unsigned row, unsigned col) const {
    unsigned e = n.perRegA, group = row % 8, thread = col / e % 4;
    unsigned reg = twoRowBlocks() ? (row / 8) + 2 * (col / (4 * e)) : col / (4 * e);
    return (4 * group + thread) * n.a * e + reg * e + col % e;
  }
  size_t indexB(unsigned row, unsigned col) const {
    unsigned e = n.perRegA;
    return (4 * col + row / e % 4) * n.b * e + row / (4 * e) * e + row % e;
  }
  size_t indexC(unsigned row, unsigned col) const {
    unsigned each = form.m * 8 / 32;
    return (4 * (row % 8) + col / 2) * each + 2 * (row / 8) + col % 2;
  }
  bool twoRowBlocks() const { return form.m == 16; }
  uint64_t elementA(unsigned r, unsigned c) const {
    return bitsAt(a, indexA(r, c), bitsOfType(form.a));
  }
  uint64_t elementB(unsigned r, unsigned c) const {
    return bitsAt(b, indexB(r, c), bitsOfType(form.b));
  }
  uint64_t elementC(unsigned r, unsigned col) const {
    return bitsAt(c, indexC(r, col), bitsOfType(form.c));
  }
  uint64_t elementD(unsigned r, unsigned col) const {
    return bitsAt(d, indexC(r, col), bitsOfType(form.c));
  }
};

void checkInteger(const Problem &p, unsigned r, unsigned n) {
  int64_t sum = int32_t(p.elementC(r, n));
  for (unsigned k = 0; k < p.form.k; ++k) {
    uint64_t x = p.elementA(r, k), y = p.elementB(k, n);
    if (p.form.a == "b1")
      sum += p.form.name.find(".and.") != std::string::npos ? x & y : x ^ y;
    else
      sum += int64_t(valueOfType(p.form.a, x) * valueOfType(p.form.b, y));
  }
  if (p.form.name.find("satfinite") != std::string::npos)
    sum = std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX);
  EXPECT_EQ(uint32_t(p.elementD(r, n)), uint32_t(sum)) << p.form.name << " " << r << " " << n;
}
void checkFloat(const Problem &p, unsigned r, unsigned n) {
  long double sum = valueOfType(p.form.c, p.elementC(r, n)), magnitude = std::fabs(sum);
  for (unsigned k = 0; k < p.form.k; ++k) {
    long double product =
        valueOfType(p.form.a, p.elementA(r, k)) * valueOfType(p.form.b, p.elementB(k, n));
    sum += product;
    magnitude += std::fabs(product);
  }
  long double got = valueOfType(p.form.c, p.elementD(r, n));
  if (p.form.c == "f16" && std::fabs(sum) >= 65520) {
    EXPECT_EQ(double(got), std::copysign(INFINITY, double(sum)));
    return;
  }
  int mantissa = p.form.c == "f16" ? 11 : p.form.c == "f32" ? 24 : 53;
  long double unit =
      std::ldexp(std::fabs(sum), -mantissa) + std::ldexp(1.0L, -25 - 14 * (mantissa > 11) * 9);
  long double slack = std::ldexp(magnitude, p.form.c == "f64" ? -47 : -48);
  EXPECT_LE(double(std::fabs(got - sum)), double(unit + slack))
      << p.form.name << " " << r << " " << n << ": " << double(got) << " for " << double(sum);
}

void testForms(const std::vector<Form> &forms) {
  std::string text = newestHeader();
  for (size_t k = 0; k < forms.size(); ++k)
    text += entryFor(forms[k], "k" + std::to_string(k));
  EXPECT_EQ(assemblerErrors(text), "");
  std::string before = hostIsaName().str();
  for (size_t k = 0; k < forms.size(); ++k) {
    std::vector<uint8_t> first;
    for (const std::string &isa : hostIsas()) {
      setHostIsa(isa);
      std::mt19937_64 rng(1000 + k);
      auto module = parse(newestHeader() + entryFor(forms[k], "k"));
      ASSERT_TRUE(module);
      for (unsigned round = 0; round < 3; ++round) {
        Problem p(forms[k], rng);
        Grid grid(module);
        ASSERT_EQ(grid.buffer(p.a).buffer(p.b).buffer(p.c).buffer(p.d).go(1, 32), "");
        for (unsigned r = 0; r < p.form.m; ++r)
          for (unsigned n = 0; n < 8; ++n)
            isInteger(p.form.a) ? checkInteger(p, r, n) : checkFloat(p, r, n);
        if (round == 2) {
          if (first.empty())
            first = p.d;
          EXPECT_EQ(first, p.d) << isa << " " << forms[k].name;
        }
      }
    }
  }
  setHostIsa(before);
}
std::vector<Form> formsOf(std::vector<std::pair<unsigned, unsigned>> shapes, const std::string &a,
                          const std::string &b, const std::string &c,
                          const std::string &before = "", const std::string &after = "") {
  std::vector<Form> forms;
  for (auto [m, k] : shapes)
    forms.push_back({"m" + std::to_string(m) + "n8k" + std::to_string(k) + ".row.col" + before +
                         "." + c + "." + a + "." + b + "." + c + after,
                     m, k, a, b, c});
  return forms;
}
void append(std::vector<Form> &to, std::vector<Form> from) {
  to.insert(to.end(), from.begin(), from.end());
}

} // namespace

TEST(Mma, HalfAndBfloat) {
  std::vector<Form> forms = formsOf({{16, 8}, {16, 16}}, "f16", "f16", "f32");
  append(forms, formsOf({{16, 8}, {16, 16}}, "f16", "f16", "f16"));
  append(forms, formsOf({{16, 8}, {16, 16}}, "bf16", "bf16", "f32"));
  testForms(forms);
}
TEST(Mma, Tf32) { testForms(formsOf({{16, 4}, {16, 8}}, "tf32", "tf32", "f32")); }
TEST(Mma, Double) {
  std::vector<Form> forms;
  append(forms, formsOf({{8, 4}, {16, 4}, {16, 8}, {16, 16}}, "f64", "f64", "f64"));
  for (std::string mode : {".rn", ".rz", ".rm", ".rp"})
    append(forms, formsOf({{8, 4}, {16, 8}}, "f64", "f64", "f64", mode));
  testForms(forms);
}
TEST(Mma, Integers) {
  std::vector<Form> forms;
  for (std::string a : {"s", "u"})
    for (std::string b : {"s", "u"})
      for (std::string saturate : {"", ".satfinite"}) {
        append(forms, formsOf({{8, 16}, {16, 16}, {16, 32}}, a + "8", b + "8", "s32", saturate));
        append(forms, formsOf({{8, 32}, {16, 32}, {16, 64}}, a + "4", b + "4", "s32", saturate));
      }
  testForms(forms);
}
TEST(Mma, Bits) {
  std::vector<Form> forms;
  for (std::string op : {".xor.popc", ".and.popc"})
    append(forms, formsOf({{8, 128}, {16, 128}, {16, 256}}, "b1", "b1", "s32", "", op));
  testForms(forms);
}
TEST(Mma, EightBitFloats) {
  std::vector<Form> forms;
  for (std::string a : {"e4m3", "e5m2"})
    for (std::string b : {"e4m3", "e5m2"})
      for (std::string c : {"f32", "f16"})
        append(forms, formsOf({{16, 16}, {16, 32}}, a, b, c));
  testForms(forms);
}
TEST(Mma, DoubleRoundsAsTold) {
  // 1 + 2^-60: only .rp moves up; -(1 + 2^-60): only .rm moves down.
  for (std::string mode : {"rn", "rz", "rm", "rp"}) {
    Form f = formsOf({{8, 4}}, "f64", "f64", "f64", "." + mode)[0];
    std::vector<double> a(32), b(32), c(64), d(64);
    for (unsigned l = 0; l < 32; ++l) {
      a[l] = l % 4 == 0 ? (l / 4 % 2 ? -1 : 1) * 0x1p-60 : 0;
      b[l] = 1;
      c[2 * l] = c[2 * l + 1] = l / 4 % 2 ? -1 : 1;
    }
    Grid grid(newestHeader() + entryFor(f, "k"));
    ASSERT_EQ(grid.buffer(a).buffer(b).buffer(c).buffer(d).go(1, 32), "");
    EXPECT_EQ(d[0], mode == "rp" ? 1 + 0x1p-52 : 1) << mode;
    EXPECT_EQ(d[8], mode == "rm" ? -1 - 0x1p-52 : -1) << mode;
  }
}
TEST(Mma, InfinitiesAndNans) {
  Form f = formsOf({{16, 8}}, "f16", "f16", "f32")[0];
  std::vector<uint16_t> a(128, 0), b(64, 0x3c00);
  std::vector<float> c(128, 1), d(128);
  a[0] = 0x7c00;     // row 0: infinity
  a[4 * 4] = 0x7e01; // row 1: NaN
  a[4 * 8] = 0x7c00; // row 2: infinity minus infinity
  a[4 * 8 + 1] = 0xfc00;
  Grid grid(newestHeader() + entryFor(f, "k"));
  ASSERT_EQ(grid.buffer(a).buffer(b).buffer(c).buffer(d).go(1, 32), "");
  EXPECT_EQ(d[0], INFINITY);
  EXPECT_EQ(as<uint32_t>(d[16]), 0x7fffffffu);
  EXPECT_EQ(as<uint32_t>(d[32]), 0x7fffffffu);
  EXPECT_EQ(d[48], 1.0f);
}
TEST(Mma, DivergedLanesMeet) {
  Form f = formsOf({{16, 8}}, "f16", "f16", "f32")[0];
  std::string text = newestHeader() + entryFor(f, "k");
  size_t at = text.find("  mma.sync");
  text.insert(
      at,
      "  .reg .pred %p;\n  setp.lt.u32 %p, %t, 7;\n  @%p bra LATER;\n  bra.uni LATER;\nLATER:\n");
  std::mt19937_64 rng(5);
  Problem p(f, rng);
  Grid grid(text);
  ASSERT_EQ(grid.buffer(p.a).buffer(p.b).buffer(p.c).buffer(p.d).go(1, 32), "");
  for (unsigned r = 0; r < 16; ++r)
    for (unsigned n = 0; n < 8; ++n)
      checkFloat(p, r, n);
}
TEST(Mma, WhatIsMissingIsNamed) {
  std::string e = parseError(newestHeader() +
                             ".visible .entry k() {\n  .reg .b32 %r<16>;\n  "
                             "mma.sync.aligned.m8n8k8.row.col.f32.f16.f16.f32 {%r0}, {%r0}, {%r0}, "
                             "{%r0};\n  ret;\n}\n");
  EXPECT_NE(e.find("mma.sync.aligned.m8n8k8.row.col.f32.f16.f16.f32"), std::string::npos) << e;
  EXPECT_NE(e.find("is not implemented"), std::string::npos) << e;
  e = parseError(newestHeader() + ".visible .entry k() {\n  .reg .b32 %r<16>;\n  "
                                  "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%r0}, {%r0}, "
                                  "{%r0}, {%r0};\n  ret;\n}\n");
  EXPECT_NE(e.find("expected a vector of 4 registers of 32 bits"), std::string::npos) << e;
}
