//===- MmaSparseTest.cpp - mma.sp -----------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sparse product equals the dense product with the matrix that metadata describes. All values are
// small integers, so that every type computes it exactly.
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"
#include <random>

using namespace vmtest;

namespace {
struct SparseForm {
  unsigned k;
  std::string type, result;
  unsigned bits;
};
unsigned chunkOf(const SparseForm &f) { return f.bits == 32 ? 2 : f.bits == 4 ? 8 : 4; }

std::string list(const std::string &r, unsigned count) {
  std::string s = "{";
  for (unsigned k = 0; k < count; ++k)
    s += (k ? ", %" : "%") + r + std::to_string(k);
  return s + "}";
}
std::string sparseEntry(const SparseForm &f, const std::string &name, unsigned selector) {
  unsigned na = f.k * f.bits / 128, nb = f.k * f.bits / 128, nc = f.result == "f16" ? 2 : 4;
  std::string text = ".visible .entry " + name +
                     "(.param .u64 pa, .param .u64 pb, .param .u64 pe, .param .u64 pd) {\n"
                     "  .reg .b32 %t, %a<4>, %b<4>, %e0, %d<4>;\n  .reg .b64 %rd;\n"
                     "  mov.u32 %t, %tid.x;\n";
  auto load = [&](const std::string &r, unsigned count) {
    text += "  ld.param.u64 %rd, [p" + r + "];\n  mad.wide.u32 %rd, %t, " +
            std::to_string(4 * count) + ", %rd;\n";
    for (unsigned k = 0; k < count; ++k)
      text += (r == "d" ? "  st.global.b32 [%rd+" + std::to_string(4 * k) + "], %d" +
                              std::to_string(k) + ";\n"
                        : "  ld.global.b32 %" + r + std::to_string(k) + ", [%rd+" +
                              std::to_string(4 * k) + "];\n");
  };
  load("a", na);
  load("b", nb);
  load("e", 1);
  for (unsigned k = 0; k < nc; ++k)
    text += "  mov.b32 %d" + std::to_string(k) + ", 0;\n";
  text += "  mma.sp::ordered_metadata.sync.aligned.m16n8k" + std::to_string(f.k) + ".row.col." +
          f.result + "." + f.type + "." + f.type + "." + f.result + " " + list("d", nc) + ", " +
          list("a", na) + ", " + list("b", nb) + ", " + list("d", nc) + ", %e0, " +
          std::to_string(selector) + ";\n";
  load("d", nc);
  return text + "  ret;\n}\n";
}
/// The encoding of a small integer.
uint32_t encode(const std::string &t, int v) {
  if (t == "f16")
    return toHalf(v);
  if (t == "bf16")
    return toBfloat(v);
  if (t == "tf32")
    return as<uint32_t>(float(v));
  if (t == "e4m3") // 0, +-1, +-2, +-3
    return (v < 0 ? 0x80u : 0) | (v == 0             ? 0u
                                  : std::abs(v) == 1 ? 0x38u
                                  : std::abs(v) == 2 ? 0x40u
                                                     : 0x44u);
  if (t == "e5m2")
    return (v < 0 ? 0x80u : 0) | (v == 0             ? 0u
                                  : std::abs(v) == 1 ? 0x3cu
                                  : std::abs(v) == 2 ? 0x40u
                                                     : 0x42u);
  return uint32_t(v) & (t[1] == '4' ? 15 : 255);
}
void put(std::vector<uint32_t> &v, size_t index, unsigned bits, uint32_t value) {
  v[index * bits / 32] |= value << (index * bits % 32);
}

void checkSparse(const SparseForm &f, unsigned selector, uint32_t seed) {
  std::mt19937 rng(seed);
  unsigned chunk = chunkOf(f), e = 32 / f.bits, na = f.k * f.bits / 128, chunks = f.k / chunk;
  std::vector<uint32_t> a(32 * na), b(32 * na), meta(32), d(128);
  std::vector<int> dense(16 * f.k), right(f.k * 8);
  auto value = [&] { return f.type[0] == 'u' ? int(rng() % 4) : int(rng() % 7) - 3; };
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned c = 0; c < chunks; ++c) {
      unsigned first = rng() % 3, second = first + 1 + rng() % (3 - first);
      if (chunk == 2)
        first = rng() % 2 ? 0 : 2, second = first + 1;
      uint32_t code = first | second << 2;
      std::vector<unsigned> columns;
      if (chunk == 2)
        columns = {first / 2};
      else if (chunk == 4)
        columns = {first, second};
      else
        columns = {2 * first, 2 * first + 1, 2 * second, 2 * second + 1};
      for (unsigned s = 0; s < columns.size(); ++s) {
        int v = value();
        dense[row * f.k + c * chunk + columns[s]] = v;
        unsigned column = unsigned(c * columns.size()) + s; // of the stored matrix
        unsigned lane = 4 * (row % 8) + column / e % 4, reg = row / 8 + 2 * (column / (4 * e));
        put(a, (lane * na + reg) * e + column % e, f.bits, encode(f.type, v));
      }
      // Where the four bits of this chunk go.
      unsigned lanes = chunks / 4, bit = 4 * c, lane = 4 * (row % 8) + selector * lanes;
      if (f.bits >= 16)
        meta[lane + bit / 16] |= code << (bit % 16 + 16 * (row / 8));
      else
        meta[lane + 2 * (bit / 32) + row / 8] |= code << (bit % 32);
    }
  for (unsigned k = 0; k < f.k; ++k)
    for (unsigned n = 0; n < 8; ++n) {
      right[k * 8 + n] = value();
      put(b, (4 * n + k / e % 4) * na * e + k / (4 * e) * e + k % e, f.bits,
          encode(f.type, right[k * 8 + n]));
    }
  Grid grid(newestHeader() + sparseEntry(f, "k", selector));
  ASSERT_EQ(grid.buffer(a).buffer(b).buffer(meta).buffer(d).go(1, 32), "");
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned n = 0; n < 8; ++n) {
      int expected = 0;
      for (unsigned k = 0; k < f.k; ++k)
        expected += dense[row * f.k + k] * right[k * 8 + n];
      size_t at = (4 * (row % 8) + n / 2) * 4 + 2 * (row / 8) + n % 2;
      double got = f.result == "s32"   ? double(int32_t(d[at]))
                   : f.result == "f32" ? double(as<float>(d[at]))
                                       : halfValue(uint16_t(d[at / 2] >> (at % 2 * 16)));
      EXPECT_EQ(got, expected) << f.type << " k" << f.k << " " << row << " " << n;
    }
}
} // namespace

TEST(MmaSparse, EqualsTheDenseProduct) {
  std::vector<SparseForm> forms{
      {16, "f16", "f32", 16}, {32, "f16", "f32", 16},  {16, "f16", "f16", 16},
      {32, "f16", "f16", 16}, {16, "bf16", "f32", 16}, {32, "bf16", "f32", 16},
      {8, "tf32", "f32", 32}, {16, "tf32", "f32", 32}, {32, "s8", "s32", 8},
      {64, "u8", "s32", 8},   {64, "s4", "s32", 4},    {128, "u4", "s32", 4},
      {64, "e4m3", "f32", 8}, {64, "e5m2", "f32", 8}};
  std::string text = newestHeader();
  uint32_t seed = 1;
  for (size_t k = 0; k < forms.size(); ++k) {
    unsigned selectors = 16 / (forms[k].k / chunkOf(forms[k]));
    for (unsigned selector = 0; selector < selectors; ++selector) {
      text += sparseEntry(forms[k], "k" + std::to_string(seed), selector);
      checkSparse(forms[k], selector, seed++);
    }
  }
  EXPECT_EQ(assemblerErrors(text), "");
}
TEST(MmaSparse, SelectorsBeyondTheLanesAreRefused) {
  std::string e = parseError(newestHeader() + sparseEntry({32, "f16", "f32", 16}, "k", 2));
  EXPECT_NE(e.find("the selector must be a constant below 2"), std::string::npos) << e;
}
TEST(MmaSparse, MetadataWithoutAMeaningIsFound) {
  auto launch = [](const SparseForm &f, uint32_t word, bool ordered) {
    std::string text = sparseEntry(f, "k", 0);
    if (!ordered)
      text.replace(text.find("::ordered_metadata"), 18, "");
    std::vector<uint32_t> a(128), b(128), meta(32, f.bits == 32 ? 0x44444444u : 0xe4e4e4e4u),
        d(128);
    meta[5] = word; // row 1 and 9, chunks 4 to 7
    Grid g(newestHeader() + text);
    return g.buffer(a).buffer(b).buffer(meta).buffer(d).go(1, 32);
  };
  SparseForm half{32, "f16", "f32", 16}, tf32{16, "tf32", "f32", 32};
  EXPECT_EQ(launch(half, 0x44444444, true), "");
  EXPECT_EQ(launch(half, 0x44441444, false), ""); // descending: only the ordered form minds
  std::string error = launch(half, 0x44441444, true);
  EXPECT_NE(error.find("row 1, chunk 7 is 0b0001"), std::string::npos) << error;
  EXPECT_NE(error.find("ascending"), std::string::npos) << error;
  error = launch(half, 0x4f444444, false);
  EXPECT_NE(error.find("row 9, chunk 6 is 0b1111"), std::string::npos) << error;
  EXPECT_EQ(launch(tf32, 0xe44e44e4, false), "");
  EXPECT_NE(launch(tf32, 0x84444444, false).find("0b1000"), std::string::npos);
}
