//===- MemoryTest.cpp - loads, stores, address spaces, reports ------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {
bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

std::string kernel(const std::string &body,
                   const std::string &params = ".param .u64 in, .param .u64 out",
                   const std::string &outside = "") {
  return moduleHeader() + outside + ".visible .entry k(" + params +
         ") {\n  .reg .pred %p<4>;\n  .reg .b16 %h<8>;\n  .reg .b32 %r<16>;\n  .reg .b64 %rd<16>;\n"
         "  mov.u32 %r0, %tid.x;\n  cvt.u64.u32 %rd0, %r0;\n  ld.param.u64 %rd1, [in];\n  "
         "ld.param.u64 %rd2, [out];\n" +
         body + "\n  ret;\n}\n";
}
} // namespace

TEST(Memory, LoadsExtendByTypeAndRegister) {
  std::vector<uint8_t> in(256);
  for (size_t k = 0; k < in.size(); ++k)
    in[k] = uint8_t(k * 37 + 5);
  std::vector<uint64_t> out(32 * 6);
  std::string e =
      Grid(
          kernel(
              "  add.s64 %rd3, %rd1, %rd0;\n  shl.b64 %rd4, %rd0, 1;\n  add.s64 %rd4, %rd4, %rd1;\n"
              "  ld.global.u8 %rd5, [%rd3];\n  ld.global.s8 %rd6, [%rd3];\n  ld.global.s16 %rd7, "
              "[%rd4];\n"
              "  ld.global.u16 %r1, [%rd4];\n  ld.global.s8 %h1, [%rd3];\n  ld.global.b16 %h2, "
              "[%rd4+64];\n"
              "  cvt.u64.u32 %rd8, %r1;\n  cvt.s64.s16 %rd9, %h1;\n  cvt.u64.u16 %rd10, %h2;\n"
              "  mad.lo.u64 %rd11, %rd0, 48, %rd2;\n"
              "  st.global.v2.u64 [%rd11], {%rd5, %rd6};\n  st.global.v2.u64 [%rd11+16], {%rd7, "
              "%rd8};\n"
              "  st.global.v2.u64 [%rd11+32], {%rd9, %rd10};"))
          .buffer(in)
          .buffer(out)
          .go(1, 32);
  EXPECT_EQ(e, "");
  for (size_t l = 0; l < 32; ++l) {
    uint16_t half = uint16_t(in[2 * l] | in[2 * l + 1] << 8);
    EXPECT_EQ(out[6 * l], in[l]);
    EXPECT_EQ(out[6 * l + 1], uint64_t(int64_t(int8_t(in[l]))));
    EXPECT_EQ(out[6 * l + 2], uint64_t(int64_t(int16_t(half))));
    EXPECT_EQ(out[6 * l + 3], half);
    EXPECT_EQ(out[6 * l + 4], uint64_t(int64_t(int8_t(in[l]))));
    EXPECT_EQ(out[6 * l + 5], uint16_t(in[64 + 2 * l] | in[65 + 2 * l] << 8));
  }
}
TEST(Memory, VectorsOfAllWidths) {
  struct alignas(32) Block {
    uint32_t word[8];
    bool operator==(const Block &) const = default;
  };
  std::vector<Block> in(32), out(32);
  for (size_t k = 0; k < 256; ++k)
    in[k / 8].word[k % 8] = uint32_t(k * 2654435761u);
  for (std::string code :
       {"ld.global.v4.b32 {%r1,%r2,%r3,%r4}, [%rd3];\n st.global.v4.b32 [%rd4], "
        "{%r1,%r2,%r3,%r4};\n"
        "ld.global.nc.L1::no_allocate.v4.b32 {%r1,%r2,%r3,%r4}, [%rd3+16];\n st.global.v4.b32 "
        "[%rd4+16], {%r1,%r2,%r3,%r4};",
        "ld.global.v8.b32 {%r1,%r2,%r3,%r4,%r5,%r6,%r7,%r8}, [%rd3];\n st.global.v8.b32 [%rd4], "
        "{%r1,%r2,%r3,%r4,%r5,%r6,%r7,%r8};",
        "ld.global.v2.b64 {%rd5,%rd6}, [%rd3];\n st.global.v2.b64 [%rd4], {%rd5,%rd6};\n"
        "ld.global.v4.b16 {%h1,%h2,%h3,%h4}, [%rd3+16];\n st.global.v4.b16 [%rd4+16], "
        "{%h1,%h2,%h3,%h4};\n"
        "ld.global.v4.u8 {%r1,%r2,%r3,%r4}, [%rd3+24];\n st.global.v4.u8 [%rd4+24], "
        "{%r1,%r2,%r3,%r4};\n"
        "ld.global.v2.u8 {%h1,%h2}, [%rd3+28];\n st.global.v2.u8 [%rd4+28], {%h1,%h2};\n "
        "ld.volatile.global.b16 %h1, [%rd3+30];\n st.relaxed.gpu.global.b16 [%rd4+30], %h1;",
        "{ .reg .b128 q;\n ld.global.b128 q, [%rd3];\n st.global.b128 [%rd4], q;\n "
        "ld.global.v2.b128 {q, _}, [%rd3];\n"
        "ld.global.b128 q, [%rd3+16];\n st.global.b128 [%rd4+16], q; }"}) {
    std::fill(out.begin(), out.end(), Block());
    EXPECT_EQ(Grid(kernel("  shl.b64 %rd3, %rd0, 5;\n  add.s64 %rd4, %rd2, %rd3;\n  add.s64 %rd3, "
                          "%rd1, %rd3;\n" +
                          code))
                  .buffer(in)
                  .buffer(out)
                  .go(1, 32),
              "");
    EXPECT_TRUE(out == in) << code;
  }
}
TEST(Memory, SharedLocalParamAndGenericAddressesMeetTheSameBytes) {
  std::string text = kernel(
      "  .shared .align 16 .b8 sh[512];\n  .local .align 8 .b8 lo[32];\n"
      "  shl.b32 %r1, %r0, 2;\n  mov.u32 %r2, sh;\n  add.s32 %r3, %r2, %r1;\n  st.shared.u32 "
      "[%r3], %r0;\n"
      "  cvt.u64.u32 %rd3, %r3;\n  cvta.shared.u64 %rd4, %rd3;\n  ld.u32 %r4, [%rd4];\n" // generic
                                                                                         // ->
                                                                                         // shared
      "  mov.u64 %rd5, lo;\n  cvta.local.u64 %rd6, %rd5;\n  mul.lo.u32 %r5, %r0, 3;\n  st.u32 "
      "[%rd6+4], %r5;\n  ld.local.u32 %r6, [lo+4];\n"
      "  cvta.to.local.u64 %rd7, %rd6;\n  ld.local.u32 %r7, [%rd7+4];\n"
      "  cvta.global.u64 %rd8, %rd1;\n  ld.u32 %r8, [%rd8];\n"
      "  isspacep.shared %p1, %rd4;\n  isspacep.global %p2, %rd4;\n  isspacep.local %p3, %rd6;\n  "
      "selp.b32 %r9, 1, 0, %p1;\n  @%p2 or.b32 %r9, %r9, 2;\n  @%p3 or.b32 %r9, %r9, 4;\n"
      "  mad.lo.u64 %rd9, %rd0, 20, %rd2;\n  st.global.u32 [%rd9], %r4;\n  st.global.u32 [%rd9+4], "
      "%r6;\n  st.global.u32 [%rd9+8], %r7;\n"
      "  st.global.u32 [%rd9+12], %r8;\n  st.global.u32 [%rd9+16], %r9;");
  std::vector<uint32_t> in{77}, out(128 * 5);
  EXPECT_EQ(Grid(text).buffer(in).buffer(out).go(1, 128), "");
  for (uint32_t t = 0; t < 128; ++t)
    EXPECT_EQ((std::vector<uint32_t>(out.begin() + t * 5, out.begin() + t * 5 + 5)),
              (std::vector<uint32_t>{t, 3 * t, 3 * t, 77, 5}));
}
TEST(Memory, DynamicSharedBeginsBehindTheStaticPart) {
  std::string text =
      kernel("  .shared .align 4 .b8 st[20];\n  mov.u32 %r1, dyn;\n  mov.u32 %r2, "
             "%dynamic_smem_size;\n  st.shared.u32 [dyn+60], %r1;\n"
             "  ld.shared.u32 %r3, [dyn+60];\n  st.global.v2.u32 [%rd2], {%r3, %r2};",
             ".param .u64 in, .param .u64 out", ".extern .shared .align 32 .b8 dyn[];\n");
  std::vector<uint32_t> in(1), out(2);
  Grid grid(text);
  grid.config.dynamicShared = 64;
  EXPECT_EQ(grid.buffer(in).buffer(out).go(1, 1), "");
  EXPECT_EQ(out, (std::vector<uint32_t>{32, 64}));
  Grid small(text);
  small.config.dynamicShared = 32;
  EXPECT_TRUE(contains(small.buffer(in).buffer(out).go(1, 1), "4 bytes at shared address 0x5c"));
}
TEST(Memory, ParametersByEveryPath) {
  std::string text = kernel(
      "  ld.param.u32 %r1, [s];\n  mov.b64 %rd3, s;\n  ld.param.u32 %r2, [%rd3+4];\n  "
      "cvta.param.u64 %rd4, %rd3;\n  ld.u32 %r3, [%rd4+8];\n"
      "  ld.param.v2.u32 {%r4, %r5}, [s+8];\n  st.global.v4.u32 [%rd2], {%r1, %r2, %r3, %r5};",
      ".param .u64 in, .param .u64 out, .param .align 8 .b8 s[16]");
  std::vector<uint32_t> in(1), out(4);
  std::array<uint32_t, 4> s{1, 2, 3, 4};
  EXPECT_EQ(Grid(text).buffer(in).buffer(out).scalar(s).go(1, 1), "");
  EXPECT_EQ(out, (std::vector<uint32_t>{1, 2, 3, 4}));
}
TEST(Memory, OutOfBoundsNamesEverything) {
  std::string text = kernel("  shl.b64 %rd3, %rd0, 2;\n  add.s64 %rd3, %rd3, %rd1;\n  .loc 1 12 "
                            "3\n  ld.global.u32 %r1, [%rd3+8];\n  st.global.u32 [%rd2], %r1;");
  std::vector<uint32_t> in(60), out(64);
  Grid grid(text);
  grid.config.threads = 1;
  std::string e = grid.buffer(in, "weights").buffer(out, "result").go(2, 64);
  EXPECT_TRUE(contains(e, "out-of-bounds in kernel 'k', program id (0,0,0), thread (58,0,0): 4 "
                          "bytes at global address"))
      << e;
  EXPECT_TRUE(contains(e, "ld.global.u32 %r1, [%rd3+8]")) << e;
  EXPECT_TRUE(contains(e, ".loc file 1, line 12, column 3")) << e;
  EXPECT_TRUE(contains(e, "nearest buffer: 'weights', 240 bytes")) << e;
  EXPECT_TRUE(contains(e, "0 bytes past its end")) << e;
  ASSERT_EQ(grid.report.findings.size(), 1u);
  const Finding &f = grid.report.findings[0];
  EXPECT_EQ(f.kind, "out-of-bounds");
  EXPECT_EQ(f.tid[0], 58u);
  EXPECT_EQ(f.locColumn, 3u);
  EXPECT_EQ(f.line, 16u);
}
TEST(Memory, AccessesOverTheEndAndBeforeTheBegin) {
  std::vector<uint8_t> in(10), out(64);
  std::string over =
      Grid(kernel("  ld.global.u32 %r1, [%rd1+8];")).buffer(in, "bytes").buffer(out).go(1, 1);
  EXPECT_TRUE(contains(over, "at its byte 8, 2 bytes beyond its end")) << over;
  std::string before =
      Grid(kernel("  ld.global.u8 %r1, [%rd1-1];")).buffer(in, "bytes").buffer(out).go(1, 1);
  EXPECT_TRUE(contains(before, "'bytes'") && contains(before, "1 bytes before its begin"))
      << before;
  EXPECT_TRUE(contains(Grid(kernel("  mov.u64 %rd3, 0;\n  ld.global.u8 %r1, [%rd3];"))
                           .buffer(in)
                           .buffer(out)
                           .go(1, 1),
                       "address 0x0"));
}
TEST(Memory, MisalignedAndReadOnly) {
  std::vector<uint32_t> in(16), out(16);
  std::string e = Grid(kernel("  ld.global.u32 %r1, [%rd1+2];")).buffer(in).buffer(out).go(1, 32);
  EXPECT_TRUE(contains(e, "misaligned") && contains(e, "not a multiple of 4")) << e;
  EXPECT_TRUE(contains(
      Grid(kernel("  ld.global.v2.u32 {%r1,%r2}, [%rd1+4];")).buffer(in).buffer(out).go(1, 1),
      "misaligned"));
  EXPECT_TRUE(
      contains(Grid(kernel("  st.shared.u32 [%rd0+2], %r0;")).buffer(in).buffer(out).go(1, 1), ""));
  std::string ro =
      Grid(kernel("  st.global.u32 [%rd1], %r0;")).buffer(in, "input", false).buffer(out).go(1, 1);
  EXPECT_TRUE(contains(ro, "read-only") && contains(ro, "'input'")) << ro;
}
TEST(Memory, SharedAndLocalBounds) {
  std::vector<uint32_t> in(1), out(1);
  std::string s = Grid(kernel("  .shared .b8 sh[64];\n  st.shared.u32 [sh+64], %r0;"))
                      .buffer(in)
                      .buffer(out)
                      .go(1, 1);
  EXPECT_TRUE(contains(s, "shared address 0x40") && contains(s, "64 bytes of shared memory")) << s;
  std::string l =
      Grid(kernel("  .local .b8 lo[64];\n  mov.u64 %rd3, lo;\n  ld.local.u8 %r1, [%rd3+100000];"))
          .buffer(in)
          .buffer(out)
          .go(1, 1);
  EXPECT_TRUE(contains(l, "local address")) << l;
}
TEST(Memory, InactiveLanesDontAccess) {
  std::vector<uint32_t> in(8), out(64, 9);
  for (uint32_t k = 0; k < 8; ++k)
    in[k] = 100 + k;
  EXPECT_EQ(
      Grid(
          kernel(
              "  shl.b64 %rd3, %rd0, 2;\n  add.s64 %rd4, %rd3, %rd1;\n  add.s64 %rd5, %rd3, "
              "%rd2;\n  setp.lt.u32 %p1, %r0, 8;\n"
              "  mov.b32 %r1, 1;\n  @%p1 ld.global.u32 %r1, [%rd4];\n  st.global.u32 [%rd5], %r1;"))
          .buffer(in)
          .buffer(out)
          .go(1, 64),
      "");
  for (uint32_t k = 0; k < 64; ++k)
    EXPECT_EQ(out[k], k < 8 ? 100 + k : 1);
}
TEST(Memory, LanesMayHitDifferentBuffersAndSpaces) {
  // Odd threads load from one buffer, even ones from shared memory, through generic addresses.
  std::vector<uint32_t> in(64), out(64);
  for (uint32_t k = 0; k < 64; ++k)
    in[k] = 1000 + k;
  EXPECT_EQ(Grid(kernel("  .shared .b8 sh[256];\n  shl.b32 %r1, %r0, 2;\n  mov.u32 %r2, sh;\n  "
                        "add.s32 %r2, %r2, %r1;\n  st.shared.u32 [%r2], %r0;\n"
                        "  cvt.u64.u32 %rd3, %r2;\n  cvta.shared.u64 %rd3, %rd3;\n  cvt.u64.u32 "
                        "%rd4, %r1;\n  add.s64 %rd5, %rd4, %rd1;\n"
                        "  and.b32 %r3, %r0, 1;\n  setp.eq.u32 %p1, %r3, 1;\n  selp.b64 %rd6, "
                        "%rd5, %rd3, %p1;\n  ld.u32 %r4, [%rd6];\n"
                        "  add.s64 %rd7, %rd4, %rd2;\n  st.global.u32 [%rd7], %r4;"))
                .buffer(in)
                .buffer(out)
                .go(1, 64),
            "");
  for (uint32_t k = 0; k < 64; ++k)
    EXPECT_EQ(out[k], k & 1 ? 1000 + k : k);
}
TEST(Memory, AsynchronousCopiesAndPartialSources) {
  std::vector<uint32_t> in(64), out(128, 7);
  for (uint32_t k = 0; k < 64; ++k)
    in[k] = k + 1;
  EXPECT_EQ(
      Grid(kernel(
               "  .shared .align 16 .b8 sh[512];\n  shl.b64 %rd3, %rd0, 4;\n  add.s64 %rd4, %rd1, "
               "%rd3;\n  mov.u32 %r1, sh;\n  shl.b32 %r2, %r0, 4;\n  add.s32 %r1, %r1, %r2;\n"
               "  setp.lt.u32 %p1, %r0, 8;\n  selp.u32 %r3, 16, 8, %p1;\n  "
               "cp.async.cg.shared.global [%r1], [%rd4], 16, %r3;\n"
               "  cp.async.commit_group;\n  cp.async.wait_group 0;\n  bar.sync 0;\n  "
               "ld.shared.v4.u32 {%r4,%r5,%r6,%r7}, [%r1];\n"
               "  add.s64 %rd5, %rd2, %rd3;\n  st.global.v4.u32 [%rd5], {%r4,%r5,%r6,%r7};"))
          .buffer(in)
          .buffer(out)
          .go(1, 16),
      "");
  for (uint32_t t = 0; t < 16; ++t)
    for (uint32_t k = 0; k < 4; ++k)
      EXPECT_EQ(out[4 * t + k], t < 8 || k < 2 ? 4 * t + k + 1 : 0u);
}
TEST(Launch, RefusesWrongShapes) {
  std::string text = moduleHeader() + ".visible .entry k() .reqntid 64, 1, 1 { ret; }\n.visible "
                                      ".entry m() .maxntid 32, 2, 1 { ret; }";
  auto module = parse(text);
  EXPECT_TRUE(contains(Grid(module).go(1, 32), "the kernel requires (64,1,1)"));
  EXPECT_TRUE(contains(Grid(module, "m").go(1, 65), "exceeds .maxntid"));
  EXPECT_TRUE(contains(Grid(module, "m").go(0, 1), "has no CTA"));
  EXPECT_TRUE(contains(Grid(module, "m").go(1, 2000), "1 to 1024"));
  Grid shared(module, "m");
  shared.config.dynamicShared = 300000;
  EXPECT_TRUE(contains(shared.go(1, 1), "bytes of shared memory; the limit is"));
  EXPECT_TRUE(contains(llvm::toString(launch(*module, "none", LaunchConfig(), {}, AddressSpace())),
                       "no kernel 'none'"));
}
