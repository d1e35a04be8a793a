//===- WmmaTest.cpp - wmma, and mma.m8n8k4 for f16 ------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX leaves fragments of wmma open, so a program can only load, multiply and store: the matrices
// in memory are what is compared. For mma.m8n8k4 the places come from the formulas of the ISA.
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/Wgmma.h"
#include <algorithm>
#include <cstring>
#include <random>

using namespace vmtest;

namespace {

struct Form {
  unsigned m, n, k;
  std::string type, d, c;
  std::string modifier;      ///< ".satfinite", ".rz"
  std::string bitOp = "and"; ///< b1
};
unsigned bitsOfName(const std::string &t) {
  return t == "b1"                   ? 1
         : t == "s4" || t == "u4"    ? 4
         : t == "f16" || t == "bf16" ? 16
         : t == "f64"                ? 64
         : t[0] == 's' && t != "s32" ? 8
         : t == "u8"                 ? 8
                                     : 32;
}
unsigned registersOf(const std::string &t, unsigned elements, bool accumulator) {
  return t == "f64"                   ? elements / 32
         : t == "f16" && !accumulator ? 8
                                      : elements * bitsOfName(t) / 1024;
}
std::string list(const std::string &r, unsigned count) {
  std::string s = "{";
  for (unsigned k = 0; k < count; ++k)
    s += (k ? ", %" : "%") + r + std::to_string(k);
  return s + "}";
}
struct Layouts {
  bool a, b, c, d; ///< column-major
};
const char *layout(bool columns) { return columns ? "col" : "row"; }

/// Loads A, B, C with strides, multiplies, stores D. `space`: where A and B are loaded from.
std::string entry(const Form &f, const Layouts &l, const std::string &name, bool shared,
                  bool shapeFirst) {
  std::string shape =
      "m" + std::to_string(f.m) + "n" + std::to_string(f.n) + "k" + std::to_string(f.k);
  std::string reg = f.type == "f64" ? "b64" : "b32";
  auto access = [&](const std::string &what, bool columns, const std::string &space) {
    std::string order = layout(columns);
    return "  wmma." + what + ".sync.aligned." +
           (shapeFirst ? shape + space + "." + order : order + "." + shape + space) + ".";
  };
  std::string space = shared ? ".shared" : ".global", at = shared ? "%s" : "%r";
  unsigned na = registersOf(f.type, f.m * f.k, false), nb = registersOf(f.type, f.n * f.k, false);
  unsigned nc = registersOf(f.c, f.m * f.n, true), nd = registersOf(f.d, f.m * f.n, true);
  std::string text = ".visible .entry " + name +
                     "(.param .u64 pa, .param .u64 pb, .param .u64 pc, .param .u64 pd,\n"
                     "  .param .u32 sa, .param .u32 sb, .param .u32 sc, .param .u32 sd) {\n"
                     "  .reg ." +
                     reg +
                     " %a<8>, %b<8>, %c<8>, %d<8>;\n"
                     "  .reg .b32 %t, %i, %v, %sa, %sb, %x, %y, %z, %w;\n"
                     "  .reg .b64 %ra, %rb, %rc, %rd, %g;\n  .reg .pred %p;\n"
                     "  .shared .align 128 .b8 sh[8192];\n"
                     "  ld.param.u64 %ra, [pa];\n  ld.param.u64 %rb, [pb];\n"
                     "  ld.param.u64 %rc, [pc];\n  ld.param.u64 %rd, [pd];\n"
                     "  ld.param.u32 %x, [sa];\n  ld.param.u32 %y, [sb];\n"
                     "  ld.param.u32 %z, [sc];\n  ld.param.u32 %w, [sd];\n";
  if (shared) { // 4096 bytes of each
    text += "  mov.u32 %sa, sh;\n  add.u32 %sb, %sa, 4096;\n  mov.u32 %t, %tid.x;\n"
            "  mov.u32 %i, 0;\nL" +
            name +
            ":\n"
            "  mad.lo.u32 %t, %i, 32, 0;\n  mov.u32 %v, %tid.x;\n  add.u32 %t, %t, %v;\n"
            "  mul.lo.u32 %t, %t, 4;\n";
    for (std::string m : {"a", "b"})
      text += "  cvt.u64.u32 %g, %t;\n  add.u64 %g, %g, %r" + m +
              ";\n  ld.global.b32 %v, [%g];\n"
              "  add.u32 %s" +
              m + ", %s" + m + ", %t;\n  st.shared.b32 [%s" + m +
              "], %v;\n"
              "  sub.u32 %s" +
              m + ", %s" + m + ", %t;\n";
    text += "  add.u32 %i, %i, 1;\n  setp.lt.u32 %p, %i, 32;\n  @%p bra L" + name +
            ";\n  bar.warp.sync -1;\n";
  }
  text += access("load.a", l.a, space) + f.type + " " + list("a", na) + ", [" + at + "a], %x;\n";
  text += access("load.b", l.b, space) + f.type + " " + list("b", nb) + ", [" + at + "b], %y;\n";
  text += access("load.c", l.c, "") + f.c + " " + list("c", nc) + ", [%rc], %z;\n";
  std::string operands = " " + list("d", nd) + ", " + list("a", na) + ", " + list("b", nb) + ", " +
                         list("c", nc) + ";\n";
  std::string head = std::string("sync.aligned.") + layout(l.a) + "." + layout(l.b) + "." + shape;
  if (f.type == "f16")
    text += "  wmma.mma." + head + "." + f.d + "." + f.c + operands;
  else if (f.type == "b1")
    text += "  wmma.mma." + f.bitOp + ".popc." + head + ".s32.b1.b1.s32" + operands;
  else if (f.type == "f64")
    text += "  wmma.mma." + head + f.modifier + ".f64.f64.f64.f64" + operands;
  else
    text += "  wmma.mma." + head + "." + f.d + "." + f.type + "." + f.type + "." + f.c +
            f.modifier + operands;
  text += access("store.d", l.d, ".global") + f.d + " [%rd], " + list("d", nd) + ", %w;\n";
  return text + "  ret;\n}\n";
}

/// A matrix of `rows` x `columns` in memory, with a stride in elements.
struct Matrix {
  std::string type;
  unsigned rows, columns, stride;
  bool byColumns;
  std::vector<uint8_t> data = std::vector<uint8_t>(8192);
  uint64_t bit(unsigned r, unsigned c) const {
    return uint64_t(byColumns ? c * stride + r : r * stride + c) * bitsOfName(type);
  }
  uint64_t get(unsigned r, unsigned c) const {
    uint64_t x = 0;
    std::memcpy(&x, &data[bit(r, c) / 8], std::max(1u, bitsOfName(type) / 8));
    return bitsOfName(type) < 8 ? x >> bit(r, c) % 8 & ((1u << bitsOfName(type)) - 1) : x;
  }
  void set(unsigned r, unsigned c, uint64_t v) {
    if (bitsOfName(type) < 8)
      data[bit(r, c) / 8] |= uint8_t(v << bit(r, c) % 8);
    else
      std::memcpy(&data[bit(r, c) / 8], &v, bitsOfName(type) / 8);
  }
};
Matrix matrix(const std::string &type, unsigned rows, unsigned columns, bool byColumns) {
  unsigned line = byColumns ? rows : columns;
  unsigned step = std::max(1u, 128 / bitsOfName(type)); // keeps lines aligned to 16 bytes
  return {type, rows, columns, line + step * 2, byColumns};
}
uint64_t encode(const std::string &t, int v) {
  if (t == "f64")
    return as<uint64_t>(double(v));
  if (t == "s4" || t == "u4")
    return uint64_t(t == "u4" ? std::abs(v) : v) & 15;
  return smallInteger(t, v);
}
long double value(const std::string &t, uint64_t x) {
  if (t == "f64")
    return as<double>(x);
  if (t == "s4")
    return int8_t(x << 4) >> 4;
  return elementValue(t, uint32_t(x));
}

void check(const Form &f, const Layouts &l, uint32_t seed, bool shared, bool shapeFirst) {
  std::mt19937 rng(seed);
  Matrix a = matrix(f.type, f.m, f.k, l.a), b = matrix(f.type, f.k, f.n, l.b);
  Matrix c = matrix(f.c, f.m, f.n, l.c), d = matrix(f.d, f.m, f.n, l.d);
  for (Matrix *m : {&a, &b, &c})
    for (unsigned r = 0; r < m->rows; ++r)
      for (unsigned k = 0; k < m->columns; ++k)
        m->set(r, k, encode(m->type, int(rng() % 7) - 3));
  Grid g(parse(newestHeader() + entry(f, l, "k", shared, shapeFirst)));
  g.buffer(a.data).buffer(b.data).buffer(c.data).buffer(d.data);
  g.scalar(a.stride).scalar(b.stride).scalar(c.stride).scalar(d.stride);
  if (seed % 5 == 0) // the checkers see loads and stores; a right program is silent
    g.config.checks = Check::All;
  ASSERT_EQ(g.go(1, 32), "") << entry(f, l, "k", shared, shapeFirst);
  for (unsigned r = 0; r < f.m; ++r)
    for (unsigned n = 0; n < f.n; ++n) {
      int64_t sum = int64_t(value(f.c, c.get(r, n)));
      for (unsigned k = 0; k < f.k; ++k) {
        uint64_t x = a.get(r, k), y = b.get(k, n);
        sum += f.type == "b1" ? int64_t(f.bitOp == "xor" ? x ^ y : x & y)
                              : int64_t(value(f.type, x) * value(f.type, y));
      }
      EXPECT_EQ(double(value(f.d, d.get(r, n))), double(sum))
          << f.type << " " << f.m << "x" << f.n << "x" << f.k << " " << r << " " << n;
    }
}

std::vector<Form> allForms() {
  std::vector<Form> forms{
      {16, 16, 8, "tf32", "f32", "f32", ""},        {8, 8, 4, "f64", "f64", "f64", ""},
      {8, 8, 4, "f64", "f64", "f64", ".rz"},        {8, 8, 32, "s4", "s32", "s32", ""},
      {8, 8, 32, "u4", "s32", "s32", ".satfinite"}, {8, 8, 128, "b1", "s32", "s32", "", "xor"},
      {8, 8, 128, "b1", "s32", "s32", "", "and"}};
  for (auto [m, n] : {std::pair(16u, 16u), std::pair(8u, 32u), std::pair(32u, 8u)}) {
    for (std::string d : {"f16", "f32"})
      for (std::string c : {"f16", "f32"})
        forms.push_back({m, n, 16, "f16", d, c, ""});
    forms.push_back({m, n, 16, "bf16", "f32", "f32", ""});
    forms.push_back({m, n, 16, "s8", "s32", "s32", ""});
    forms.push_back({m, n, 16, "u8", "s32", "s32", ".satfinite"});
  }
  return forms;
}

} // namespace

TEST(Wmma, LoadMultiplyStoreInAllShapesTypesAndLayouts) {
  std::string text = newestHeader();
  uint32_t seed = 1;
  for (const Form &f : allForms())
    for (unsigned layouts = 0; layouts < 16; ++layouts) {
      Layouts l{bool(layouts & 1), bool(layouts & 2), bool(layouts & 4), bool(layouts & 8)};
      if (bitsOfName(f.type) < 8 && (l.a || !l.b)) // these lie along K
        continue;
      bool shared = seed % 2, shapeFirst = seed % 3 == 0;
      if (layouts == 6)
        text += entry(f, l, "k" + std::to_string(seed), shared, shapeFirst);
      check(f, l, seed++, shared, shapeFirst);
    }
  EXPECT_EQ(assemblerErrors(text), "");
}
TEST(Wmma, TheStrideDefaultsToTheLine) {
  std::string text =
      ".visible .entry k(.param .u64 pa, .param .u64 pd) {\n  .reg .b32 %c<8>;\n"
      "  .reg .b64 %ra, %rd;\n  ld.param.u64 %ra, [pa];\n  ld.param.u64 %rd, [pd];\n"
      "  wmma.load.c.sync.aligned.row.m8n32k16.f32 {%c0,%c1,%c2,%c3,%c4,%c5,%c6,%c7}, [%ra];\n"
      "  wmma.store.d.sync.aligned.col.m8n32k16.f32 [%rd], {%c0,%c1,%c2,%c3,%c4,%c5,%c6,%c7};\n"
      "  ret;\n}\n";
  EXPECT_EQ(assemblerErrors(newestHeader() + text), "");
  std::vector<float> a(256), d(256);
  for (size_t k = 0; k < a.size(); ++k)
    a[k] = float(k);
  Grid g(newestHeader() + text);
  ASSERT_EQ(g.buffer(a).buffer(d).go(1, 32), "");
  for (unsigned r = 0; r < 8; ++r)
    for (unsigned c = 0; c < 32; ++c)
      EXPECT_EQ(d[c * 8 + r], a[r * 32 + c]);
}
TEST(Wmma, AddressesAreTheSameAlignedAndInside) {
  auto launch = [](const std::string &change, size_t bytes) {
    std::string text =
        ".visible .entry k(.param .u64 pa) {\n  .reg .b32 %c<8>, %t;\n  .reg .b64 %ra;\n"
        "  .reg .pred %p;\n  ld.param.u64 %ra, [pa];\n  mov.u32 %t, %tid.x;\n"
        "  setp.eq.u32 %p, %t, 3;\n" +
        change +
        "  wmma.load.a.sync.aligned.row.m16n16k16.f16 {%c0,%c1,%c2,%c3,%c4,%c5,%c6,%c7}, [%ra], "
        "16;\n"
        "  ret;\n}\n";
    std::vector<uint8_t> a(bytes);
    Grid g(newestHeader() + text);
    return g.buffer(a, "x").go(1, 32);
  };
  EXPECT_EQ(launch("", 512), "");
  EXPECT_NE(launch("", 500).find("out-of-bounds"), std::string::npos);
  EXPECT_NE(launch("  add.u64 %ra, %ra, 8;\n", 1024).find("misaligned"), std::string::npos);
  std::string differs = launch("  @%p add.u64 %ra, %ra, 32;\n", 1024);
  EXPECT_NE(differs.find("lane 0 and lane 3"), std::string::npos) << differs;
}
TEST(Wmma, FormsThatTheAssemblerRefuses) {
  auto error = [](const std::string &text) {
    return parseError(newestHeader() +
                      ".visible .entry k() {\n  .reg .b32 %r<32>;\n  .reg .b64 "
                      "%d<4>;\n  " +
                      text + "\n  ret;\n}\n");
  };
  EXPECT_NE(error("wmma.load.b.sync.aligned.row.m8n8k32.u4 {%r0}, [%d0];").find("along K"),
            std::string::npos);
  EXPECT_NE(
      error("wmma.load.a.sync.aligned.m16n16k16.f16 {%r0,%r1,%r2,%r3,%r4,%r5,%r6,%r7}, [%d0];")
          .find("one layout"),
      std::string::npos);
  EXPECT_NE(error("wmma.load.a.sync.aligned.row.m16n16k16.bf16 {%r0,%r1}, [%d0];")
                .find("expected a vector of 4"),
            std::string::npos);
  EXPECT_NE(error("wmma.mma.sync.aligned.row.col.m8n8k32.s32.s4.u4.s32 {%r0,%r1}, {%r2}, {%r3}, "
                  "{%r0,%r1};"),
            "");
}

//===- mma.m8n8k4 -----------------------------------------------------------===//

namespace {
struct QuadForm {
  bool columnsA, rowsB;
  std::string d, c;
};
std::string quadEntry(const QuadForm &f, const std::string &name) {
  unsigned nd = f.d == "f32" ? 8 : 4, nc = f.c == "f32" ? 8 : 4;
  std::string text = ".visible .entry " + name +
                     "(.param .u64 pa, .param .u64 pb, .param .u64 pc, .param .u64 pd) {\n"
                     "  .reg .b32 %t, %a<2>, %b<2>, %c<8>, %d<8>;\n  .reg .b64 %r;\n"
                     "  mov.u32 %t, %tid.x;\n";
  auto each = [&](const std::string &m, unsigned n, bool store) {
    text += "  ld.param.u64 %r, [p" + m + "];\n  mad.wide.u32 %r, %t, " + std::to_string(4 * n) +
            ", %r;\n";
    for (unsigned k = 0; k < n; ++k) {
      std::string at = "[%r+" + std::to_string(4 * k) + "]", reg = "%" + m + std::to_string(k);
      text += store ? "  st.global.b32 " + at + ", " + reg + ";\n"
                    : "  ld.global.b32 " + reg + ", " + at + ";\n";
    }
  };
  each("a", 2, false), each("b", 2, false), each("c", nc, false);
  text += std::string("  mma.sync.aligned.m8n8k4.") + layout(f.columnsA) + "." + layout(!f.rowsB) +
          "." + f.d + ".f16.f16." + f.c + " " + list("d", nd) + ", " + list("a", 2) + ", " +
          list("b", 2) + ", " + list("c", nc) + ";\n";
  each("d", nd, true);
  return text + "  ret;\n}\n";
}
/// PTX ISA: row and column of element i of C or D in a lane.
std::pair<unsigned, unsigned> placeOfC(const std::string &type, unsigned lane, unsigned i) {
  unsigned high = lane < 16 ? 0 : 4;
  if (type == "f16")
    return {lane % 4 + high, i};
  return {(lane & 1) + (i & 2) + high, (i & 4) + (lane & 2) + (i & 1)};
}
} // namespace

TEST(MmaQuads, FourProductsInTheFragmentsOfTheIsa) {
  std::string text = newestHeader();
  unsigned number = 0;
  for (bool columnsA : {false, true})
    for (bool rowsB : {false, true})
      for (auto [d, c] :
           {std::pair("f32", "f32"), std::pair("f16", "f16"), std::pair("f32", "f16")}) {
        QuadForm f{columnsA, rowsB, d, c};
        text += quadEntry(f, "k" + std::to_string(++number));
        std::mt19937 rng(number);
        int a[4][8][4], b[4][4][8], sums[4][8][8];
        auto fill = [&](auto &m) {
          for (auto &x : m)
            for (auto &y : x)
              for (int &v : y)
                v = int(rng() % 15) - 7;
        };
        fill(a), fill(b), fill(sums);
        std::vector<uint16_t> fa(128), fb(128);
        std::vector<uint32_t> fc(256), fd(256);
        auto word = [&](std::vector<uint32_t> &v, const std::string &t, unsigned lane,
                        unsigned i) -> uint32_t {
          return t == "f32" ? v[lane * 8 + i] : v[lane * 4 + i / 2] >> (i % 2 * 16) & 0xffff;
        };
        for (unsigned lane = 0; lane < 32; ++lane) {
          unsigned q = lane % 16 / 4, t = lane % 4, high = lane < 16 ? 0 : 4;
          for (unsigned i = 0; i < 4; ++i) {
            fa[lane * 4 + i] = toHalf(columnsA ? a[q][i + high][t] : a[q][t + high][i]);
            fb[lane * 4 + i] = toHalf(rowsB ? b[q][t][i + high] : b[q][i][t + high]);
          }
          for (unsigned i = 0; i < 8; ++i) {
            auto [row, column] = placeOfC(f.c, lane, i);
            int v = sums[q][row][column];
            if (f.c == "f32")
              fc[lane * 8 + i] = as<uint32_t>(float(v));
            else
              fc[lane * 4 + i / 2] |= uint32_t(toHalf(v)) << (i % 2 * 16);
          }
        }
        Grid g(newestHeader() + quadEntry(f, "k"));
        ASSERT_EQ(g.buffer(fa).buffer(fb).buffer(fc).buffer(fd).go(1, 32), "");
        for (unsigned lane = 0; lane < 32; ++lane)
          for (unsigned i = 0; i < 8; ++i) {
            auto [row, column] = placeOfC(f.d, lane, i);
            unsigned q = lane % 16 / 4;
            int expected = sums[q][row][column];
            for (unsigned k = 0; k < 4; ++k)
              expected += a[q][row][k] * b[q][k][column];
            EXPECT_EQ(double(elementValue(f.d, word(fd, f.d, lane, i))), expected)
                << d << " " << c << " " << columnsA << rowsB << " lane " << lane << " " << i;
          }
      }
  EXPECT_EQ(assemblerErrors(text), "");
}
TEST(MmaQuads, ASingleCNeedsASingleD) {
  std::string text = quadEntry({false, false, "f16", "f32"}, "k");
  EXPECT_NE(parseError(newestHeader() + text).find("with C of f32, D must have f32"),
            std::string::npos);
}
