//===- AtomicTest.cpp - atom and red --------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {
std::string kernel(const std::string &body) {
  return moduleHeader() +
         ".visible .entry k(.param .u64 cell, .param .u64 out) {\n  .reg .pred %p<4>;\n  .reg .b16 "
         "%h<8>;\n  .reg .b32 %r<16>;\n  .reg .f32 %f<4>;\n  .reg .b64 %rd<16>;\n"
         "  .shared .align 16 .b8 sh[64];\n  mov.u32 %r0, %tid.x;\n  mov.u32 %r14, %ctaid.x;\n  "
         "mov.u32 %r15, %ntid.x;\n  mad.lo.u32 %r0, %r14, %r15, %r0;\n  cvt.u64.u32 %rd0, %r0;\n  "
         "ld.param.u64 %rd1, [cell];\n  ld.param.u64 %rd2, [out];\n"
         "  shl.b64 %rd3, %rd0, 3;\n  add.s64 %rd3, %rd3, %rd2;\n" +
         body + "\n  ret;\n}\n";
}
/// One 8-byte cell, updated by `threads` threads; returns its value.
uint64_t cellAfter(const std::string &body, uint64_t start, uint32_t ctas, uint32_t threads,
                   std::vector<uint64_t> *outs = nullptr) {
  std::vector<uint64_t> cell{start}, out(ctas * threads);
  EXPECT_EQ(Grid(kernel(body)).buffer(cell).buffer(out).go(ctas, threads), "") << body;
  if (outs)
    *outs = out;
  return cell[0];
}
} // namespace

TEST(Atomic, IntegerOperations) {
  EXPECT_EQ(cellAfter("  atom.global.add.u32 %r1, [%rd1], %r0;", 5, 4, 64), 5u + 256 * 255 / 2);
  EXPECT_EQ(cellAfter("  red.global.gpu.add.u64 [%rd1], %rd0;", 0, 4, 64), 256u * 255 / 2);
  EXPECT_EQ(cellAfter("  red.relaxed.sys.global.max.u32 [%rd1], %r0;", 3, 4, 64), 255u);
  EXPECT_EQ(cellAfter("  sub.s32 %r1, 10, %r0;\n  atom.global.min.s32 %r2, [%rd1], %r1;", 3, 1, 64),
            uint64_t(uint32_t(-53)));
  EXPECT_EQ(cellAfter("  neg.s64 %rd4, %rd0;\n  atom.global.min.s64 %rd5, [%rd1], %rd4;", 3, 1, 64),
            uint64_t(-63));
  EXPECT_EQ(cellAfter("  atom.global.or.b32 %r1, [%rd1], %r0;", 0, 1, 64), 63u);
  EXPECT_EQ(cellAfter("  atom.global.xor.b64 %rd4, [%rd1], %rd0;", 0, 1, 3), 3u);
  EXPECT_EQ(cellAfter("  not.b32 %r1, %r0;\n  red.global.and.b32 [%rd1], %r1;", 0xffffffff, 1, 64),
            0xffffffffu & ~63u);
  EXPECT_EQ(cellAfter("  atom.global.inc.u32 %r1, [%rd1], 9;", 0, 1, 25), 5u);
  EXPECT_EQ(cellAfter("  atom.global.dec.u32 %r1, [%rd1], 9;", 0, 1, 25), 5u);
}
TEST(Atomic, ReturnsTheOldValueInLaneOrder) {
  std::vector<uint64_t> out;
  cellAfter("  atom.global.add.u64 %rd4, [%rd1], 2;\n  st.global.u64 [%rd3], %rd4;", 100, 1, 40,
            &out);
  for (uint64_t k = 0; k < 40; ++k)
    EXPECT_EQ(out[k], 100 + 2 * k);
  cellAfter("  atom.global.exch.b64 %rd4, [%rd1], %rd0;\n  st.global.u64 [%rd3], %rd4;", 7, 1, 4,
            &out);
  EXPECT_EQ(out, (std::vector<uint64_t>{7, 0, 1, 2}));
}
TEST(Atomic, CompareAndSwap) {
  std::vector<uint64_t> out;
  EXPECT_EQ(cellAfter("  add.u64 %rd5, %rd0, 1;\n  atom.acq_rel.gpu.global.cas.b64 %rd4, [%rd1], "
                      "%rd0, %rd5;\n  st.global.u64 [%rd3], %rd4;",
                      0, 1, 50, &out),
            50u);
  EXPECT_EQ(out[49], 49u);
  EXPECT_EQ(cellAfter("  atom.global.cas.b16 %h1, [%rd1], %h0, %h2;", 0, 1, 1) & ~0xffffull, 0u);
  std::vector<uint64_t> cell{1, 2}, o(4);
  EXPECT_EQ(Grid(kernel("  { .reg .b128 a, b, c;\n  mov.b128 a, {1, 2};\n  mov.b128 b, {3, 4};\n  "
                        "atom.global.cas.b128 c, [%rd1], a, b;\n  mov.b128 {%rd4, %rd5}, c;\n"
                        "  st.global.v2.u64 [%rd2], {%rd4, %rd5}; }"))
                .buffer(cell)
                .buffer(o)
                .go(1, 1),
            "");
  EXPECT_EQ(cell, (std::vector<uint64_t>{3, 4}));
  EXPECT_EQ(o[1], 2u);
}
TEST(Atomic, FloatingPoint) {
  EXPECT_EQ(
      as<float>(uint32_t(cellAfter("  atom.global.add.f32 %f1, [%rd1], 0f3F000000;", 0, 4, 64))),
      128.0f);
  EXPECT_EQ(as<double>(cellAfter("  red.global.add.f64 [%rd1], 0d3FE0000000000000;", 0, 4, 64)),
            128.0);
  EXPECT_EQ(
      cellAfter("  mov.b16 %h1, 0x3C00;\n  atom.global.add.noftz.f16 %h2, [%rd1], %h1;", 0, 1, 64),
      0x5400u);
  EXPECT_EQ(cellAfter("  mov.b16 %h1, 0x3F80;\n  red.global.add.noftz.bf16 [%rd1], %h1;", 0, 1, 64),
            0x4280u);
  EXPECT_EQ(
      cellAfter("  mov.b32 %r1, 0x3C004000;\n  red.global.add.noftz.f16x2 [%rd1], %r1;", 0, 1, 64),
      0x54005800u);
}
TEST(Atomic, SharedAndGeneric) {
  std::vector<uint64_t> out;
  EXPECT_EQ(
      cellAfter(
          "  atom.shared.add.u32 %r1, [sh], 1;\n  bar.sync 0;\n  ld.shared.u32 %r2, [sh];\n  "
          "cvt.u64.u32 %rd4, %r2;\n  st.global.u64 [%rd3], %rd4;\n  atom.add.u32 %r3, [%rd1], 1;",
          0, 2, 96, &out),
      192u);
  for (uint64_t v : out)
    EXPECT_EQ(v, 96u);
}
TEST(Atomic, CountsAcrossHostThreads) {
  std::vector<uint64_t> cell{0}, out(64 * 256);
  Grid grid(kernel("  mov.u32 %r1, 0;\nL:\n  red.global.add.u32 [%rd1], 1;\n  add.s32 %r1, %r1, "
                   "1;\n  setp.lt.u32 %p1, %r1, 50;\n  @%p1 bra L;"));
  grid.config.threads = 4;
  EXPECT_EQ(grid.buffer(cell).buffer(out).go(64, 256), "");
  EXPECT_EQ(cell[0], 64u * 256 * 50);
}
