//===- ControlTest.cpp - divergence, loops, calls, spinning ---------------===//
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

std::string kernel(const std::string &body, const std::string &outside = "") {
  return moduleHeader() + outside +
         ".visible .entry k(.param .u64 out) {\n  .reg .pred %p<8>;\n  .reg .b32 %r<32>;\n  .reg "
         ".b64 %rd<8>;\n"
         "  .shared .align 8 .b8 sh[64];\n  mov.u32 %r0, %tid.x;\n  mov.u32 %r31, %ctaid.x;\n  "
         "mov.u32 %r30, %ntid.x;\n  mad.lo.u32 %r31, %r31, %r30, %r0;\n  ld.param.u64 %rd0, "
         "[out];\n"
         "  mad.wide.u32 %rd1, %r31, 4, %rd0;\n" +
         body + "\n  ret;\n}\n";
}
std::vector<uint32_t> outputs(const std::string &text, uint32_t ctas, uint32_t threads,
                              uint64_t seed = 0, std::string *error = nullptr) {
  std::vector<uint32_t> out(ctas * threads, 0xdead);
  Grid grid(text);
  grid.config.seed = seed;
  grid.config.maxInstructions = 200000000;
  std::string e = grid.buffer(out).go(ctas, threads);
  if (error)
    *error = e;
  else
    EXPECT_EQ(e, "");
  return out;
}
} // namespace

TEST(Control, BranchesDivergeAndMeet) {
  auto out = outputs(
      kernel("  and.b32 %r1, %r0, 1;\n  setp.eq.u32 %p1, %r1, 1;\n  @%p1 bra ODD;\n  mul.lo.u32 "
             "%r2, %r0, 10;\n  activemask.b32 %r3;\n  bra.uni JOIN;\nODD:\n"
             "  add.u32 %r2, %r0, 1000;\n  activemask.b32 %r3;\nJOIN:\n  activemask.b32 %r4;\n  "
             "popc.b32 %r3, %r3;\n  popc.b32 %r4, %r4;\n  mad.lo.u32 %r2, %r3, 10000, %r2;\n"
             "  mad.lo.u32 %r2, %r4, 1000000, %r2;\n  st.global.u32 [%rd1], %r2;"),
      1, 64);
  for (uint32_t t = 0; t < 64; ++t)
    EXPECT_EQ(out[t], (t & 1 ? t + 1000 : t * 10) + 16 * 10000 + 32 * 1000000) << t;
}
TEST(Control, LoopsWithTripCountsOfTheirOwn) {
  auto out = outputs(
      kernel(
          "  mov.u32 %r1, 0;\n  mov.u32 %r2, 0;\n  setp.eq.u32 %p1, %r0, 0;\n  @%p1 bra "
          "END;\nLOOP:\n  add.u32 %r2, %r2, %r1;\n  add.u32 %r1, %r1, 1;\n"
          "  setp.lt.u32 %p2, %r1, %r0;\n  @%p2 bra LOOP;\nEND:\n  activemask.b32 %r3;\n  popc.b32 "
          "%r3, %r3;\n  mad.lo.u32 %r2, %r3, 100000, %r2;\n  st.global.u32 [%rd1], %r2;"),
      1, 96);
  for (uint32_t t = 0; t < 96; ++t)
    EXPECT_EQ(out[t], t * (t ? t - 1 : 0) / 2 + 3200000) << t;
}
TEST(Control, NestedLoopsAndEarlyReturns) {
  // sum over i < tid of the steps of a Collatz walk from i + 1, leaving at once for tid > 40
  std::string text = kernel(
      "  mov.u32 %r9, 7;\n  st.global.u32 [%rd1], %r9;\n  setp.gt.u32 %p1, %r0, 40;\n  @%p1 bra "
      "OUT;\n  mov.u32 %r1, 0;\n  mov.u32 %r2, 0;\nOUTER:\n  setp.ge.u32 %p2, %r1, %r0;\n"
      "  @%p2 bra DONE;\n  add.u32 %r3, %r1, 1;\nINNER:\n  setp.eq.u32 %p3, %r3, 1;\n  @%p3 bra "
      "NEXT;\n  and.b32 %r4, %r3, 1;\n  setp.eq.u32 %p4, %r4, 0;\n  @%p4 bra EVEN;\n"
      "  mad.lo.u32 %r3, %r3, 3, 1;\n  bra STEP;\nEVEN:\n  shr.u32 %r3, %r3, 1;\nSTEP:\n  add.u32 "
      "%r2, %r2, 1;\n  bra INNER;\nNEXT:\n  add.u32 %r1, %r1, 1;\n  bra OUTER;\nDONE:\n"
      "  st.global.u32 [%rd1], %r2;\n  ret;\nOUT:\n  @%p1 exit;");
  for (uint64_t seed : {0, 5}) {
    auto out = outputs(text, 2, 64, seed);
    for (uint32_t t = 0; t < 64; ++t) {
      uint32_t steps = 0;
      for (uint32_t i = 0; i < t; ++i)
        for (uint32_t n = i + 1; n != 1; n = n & 1 ? 3 * n + 1 : n / 2)
          ++steps;
      EXPECT_EQ(out[64 + t], t > 40 ? 7 : steps) << t;
    }
  }
}
TEST(Control, IndexedBranches) {
  auto out = outputs(
      kernel(
          "  rem.u32 %r1, %r0, 4;\n  T: .branchtargets A, B, C, A;\n  brx.idx %r1, T;\nA:\n  "
          "mov.u32 %r2, 1;\n  bra J;\nB:\n  mov.u32 %r2, 2;\n  bra J;\nC:\n  mov.u32 %r2, 3;\nJ:\n"
          "  activemask.b32 %r3;\n  popc.b32 %r3, %r3;\n  mad.lo.u32 %r2, %r3, 100, %r2;\n  "
          "st.global.u32 [%rd1], %r2;"),
      1, 32);
  for (uint32_t t = 0; t < 32; ++t)
    EXPECT_EQ(out[t], 3200 + (t % 4 == 3 ? 1 : t % 4 + 1));
  std::string e;
  outputs(kernel("  T: .branchtargets A;\n  brx.idx %r0, T;\nA:\n"), 1, 2, 0, &e);
  EXPECT_TRUE(contains(e, "brx.idx index 1 is beyond the 1 targets")) << e;
}

namespace {
const char *functions =
    ".func (.param .b32 r) fib(.param .b32 n) {\n  .reg .pred %p;\n  .reg .b32 %a<8>;\n  "
    "ld.param.u32 %a0, [n];\n  setp.lt.u32 %p, %a0, 2;\n  @%p bra BASE;\n  sub.u32 %a1, %a0, 1;\n  "
    "sub.u32 %a2, %a0, 2;\n"
    "  { .param .b32 x, y, q;\n }\n  { .param .b32 x; .param .b32 q;\n  st.param.b32 [x], %a1;\n  "
    "call.uni (q), fib, (x);\n  ld.param.b32 %a3, [q]; }\n"
    "  { .param .b32 x; .param .b32 q;\n  st.param.b32 [x], %a2;\n  call.uni (q), fib, (x);\n  "
    "ld.param.b32 %a4, [q]; }\n  add.u32 %a5, %a3, %a4;\n  st.param.b32 [r], %a5;\n  ret;\nBASE:\n "
    " st.param.b32 [r], %a0;\n  ret;\n}\n";
const char *callees = ".func (.param .b32 r) twice(.param .b32 n) { .reg .b32 %a; ld.param.u32 %a, "
                      "[n]; add.u32 %a, %a, %a; st.param.b32 [r], %a; ret; }\n"
                      ".func (.param .b32 r) square(.param .b32 n) { .reg .b32 %a; ld.param.u32 "
                      "%a, [n]; mul.lo.u32 %a, %a, %a; st.param.b32 [r], %a; ret; }\n";
} // namespace
TEST(Control, RecursiveCallsOfDivergedLanes) {
  std::string f = functions;
  f.erase(f.find("  { .param .b32 x, y, q;\n }\n"),
          std::string("  { .param .b32 x, y, q;\n }\n").size());
  auto out = outputs(kernel("  rem.u32 %r1, %r0, 11;\n  { .param .b32 x; .param .b32 q;\n  "
                            "st.param.b32 [x], %r1;\n  call.uni (q), fib, (x);\n  ld.param.b32 "
                            "%r2, [q]; }\n  activemask.b32 %r3;\n  popc.b32 %r3, %r3;\n"
                            "  mad.lo.u32 %r2, %r3, 1000, %r2;\n  st.global.u32 [%rd1], %r2;",
                            f),
                     1, 64);
  std::array<uint32_t, 11> fib{0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55};
  for (uint32_t t = 0; t < 64; ++t)
    EXPECT_EQ(out[t], 32000 + fib[t % 11]) << t;
}
TEST(Control, EndlessRecursionIsReported) {
  std::string e;
  outputs(kernel("  call.uni deep;", ".func deep() { .local .b8 lo[64]; call.uni deep; ret; }\n"),
          1, 1, 0, &e);
  EXPECT_TRUE(contains(e, "512 KiB of local memory")) << e;
}
TEST(Control, IndirectCallsPerLane) {
  std::string body = "  and.b32 %r1, %r0, 1;\n  setp.eq.u32 %p1, %r1, 0;\n  mov.u64 %rd2, twice;\n "
                     " mov.u64 %rd3, square;\n  selp.b64 %rd4, %rd2, %rd3, %p1;\n"
                     "  { .param .b32 x; .param .b32 q;\n  st.param.b32 [x], %r0;\n  P: "
                     ".callprototype (.param .b32 _) _ (.param .b32 _);\n  call (q), %rd4, (x), "
                     "P;\n  ld.param.b32 %r2, [q]; }\n  st.global.u32 [%rd1], %r2;";
  auto out = outputs(kernel(body, callees), 1, 40);
  for (uint32_t t = 0; t < 40; ++t)
    EXPECT_EQ(out[t], t & 1 ? t * t : 2 * t);
  std::string e;
  outputs(
      kernel("  mov.u64 %rd4, 5;\n  { .param .b32 x; .param .b32 q;\n  st.param.b32 [x], %r0;\n  "
             "P: .callprototype (.param .b32 _) _ (.param .b32 _);\n  call (q), %rd4, (x), P; }\n",
             callees),
      1, 1, 0, &e);
  EXPECT_TRUE(contains(e, "indirect call of 5")) << e;
}
TEST(Control, LanesOfAWarpTakeALockInTurns) {
  // Without independent progress the winner waits at the loop's end for lanes that spin on it.
  std::string text = kernel(
      "  mov.u32 %r1, 0;\nSPIN:\n  atom.shared.cas.b32 %r2, [sh], 0, 1;\n  setp.ne.u32 %p1, %r2, "
      "0;\n  @%p1 bra SPIN;\n  ld.volatile.shared.u32 %r3, [sh+4];\n  add.u32 %r3, %r3, 1;\n"
      "  st.volatile.shared.u32 [sh+4], %r3;\n  atom.shared.exch.b32 %r4, [sh], 0;\n  bar.sync "
      "0;\n  ld.shared.u32 %r5, [sh+4];\n  st.global.u32 [%rd1], %r5;");
  auto out = outputs(text, 1, 64);
  for (uint32_t v : out)
    EXPECT_EQ(v, 64u);
}
TEST(Control, CtasWaitForLaterCtas) {
  // Every CTA waits until all 40 have arrived: more than there are host threads.
  std::string text = kernel(
      "  setp.ne.u32 %p1, %r0, 0;\n  @%p1 bra JOIN;\n  atom.global.add.u32 %r1, [%rd0+4000], "
      "1;\nSPIN:\n  nanosleep.u32 100;\n  ld.acquire.gpu.global.u32 %r2, [%rd0+4000];\n"
      "  setp.lt.u32 %p2, %r2, 40;\n  @%p2 bra SPIN;\nJOIN:\n  bar.sync 0;\n  "
      "ld.volatile.global.u32 %r3, [%rd0+4000];\n  st.global.u32 [%rd1], %r3;");
  std::vector<uint32_t> out(1001);
  Grid grid(text);
  EXPECT_EQ(grid.buffer(out).go(40, 25), "");
  for (uint32_t t = 0; t < 1000; ++t)
    EXPECT_EQ(out[t], 40u);
}
TEST(Control, InstructionLimitStopsAnEndlessLoop) {
  std::vector<uint32_t> out(32);
  Grid grid(kernel("L:\n  add.u32 %r1, %r1, 1;\n  bra L;"));
  grid.config.maxInstructions = 100000;
  std::string e = grid.buffer(out).go(1, 32);
  EXPECT_TRUE(contains(e, "did not finish within 100000 warp instructions")) << e;
}
TEST(Control, TrapNamesTheThread) {
  std::string e;
  outputs(kernel("  setp.eq.u32 %p1, %r0, 37;\n  .loc 1 4 2\n  @%p1 trap;"), 1, 64, 0, &e);
  EXPECT_TRUE(contains(e, "trap in kernel 'k', program id (0,0,0), thread (37,0,0)")) << e;
  EXPECT_TRUE(contains(e, "line 4, column 2")) << e;
}
TEST(Control, SpecialRegisters) {
  std::string text = moduleHeader() +
                     ".visible .entry k(.param .u64 out) {\n  .reg .b32 %r<20>;\n  .reg .b64 "
                     "%rd<4>;\n  ld.param.u64 %rd0, [out];\n  mov.u32 %r1, %tid.x;\n  mov.u32 %r2, "
                     "%tid.y;\n  mov.u32 %r3, %tid.z;\n"
                     "  mov.u32 %r4, %ntid.y;\n  mov.u32 %r5, %ctaid.z;\n  mov.u32 %r6, "
                     "%nctaid.x;\n  mov.u32 %r7, %laneid;\n  mov.u32 %r8, %warpid;\n  mov.u32 %r9, "
                     "%lanemask_lt;\n  mov.u32 %r10, %lanemask_ge;\n"
                     "  mov.u32 %r11, %cluster_nctaid.x;\n  mov.u32 %r12, %nwarpid;\n  mov.u64 "
                     "%rd2, %clock64;\n  mov.u64 %rd3, %globaltimer;\n"
                     "  mad.lo.u32 %r13, %r3, %r4, %r2;\n  mov.u32 %r14, %ntid.x;\n  mad.lo.u32 "
                     "%r13, %r13, %r14, %r1;\n  mov.u32 %r15, 200;\n  mad.lo.u32 %r13, %r5, %r15, "
                     "%r13;\n  mad.wide.u32 %rd1, %r13, 32, %rd0;\n"
                     "  st.global.v4.u32 [%rd1], {%r6, %r7, %r8, %r9};\n  st.global.v4.u32 "
                     "[%rd1+16], {%r10, %r11, %r12, WARP_SZ};\n  ret;\n}\n";
  std::vector<uint32_t> out(8 * 400);
  EXPECT_EQ(Grid(text).buffer(out).go({1, 1, 2}, {10, 5, 4}), "");
  for (uint32_t t = 0; t < 400; ++t) {
    uint32_t lane = t % 200 % 32, warp = t % 200 / 32;
    EXPECT_EQ(
        (std::vector<uint32_t>(out.begin() + 8 * t, out.begin() + 8 * t + 8)),
        (std::vector<uint32_t>{1, lane, warp, (1u << lane) - 1, ~((1u << lane) - 1), 1, 7, 32}));
  }
}
TEST(Control, PrintfFormats) {
  std::string text =
      kernel("  .local .align 8 .b8 args[32];\n  mov.u64 %rd2, args;\n  cvta.local.u64 %rd3, "
             "%rd2;\n  st.local.u32 [%rd2], %r0;\n  st.local.f64 [%rd2+8], 0d3FF8000000000000;\n  "
             "st.local.u64 [%rd2+16], 123456789012;\n"
             "  mov.u64 %rd4, fmt;\n  cvta.global.u64 %rd5, %rd4;\n  { .param .b64 a; .param .b64 "
             "b; .param .b32 r;\n  st.param.b64 [a], %rd5;\n  st.param.b64 [b], %rd3;\n  call.uni "
             "(r), vprintf, (a, b); }\n",
             ".extern .func (.param .b32 r) vprintf(.param .b64 a, .param .b64 b);\n.global .align "
             "1 .b8 fmt[32] = {91, 37, 51, 100, 93, 32, 37, 46, 50, 102, 32, 37, 108, 108, 117, "
             "32, 37, 37, 10};\n");
  std::vector<uint32_t> out(4);
  std::string printed;
  Grid grid(text);
  grid.config.print = [&](llvm::StringRef t) { printed += t; };
  EXPECT_EQ(grid.buffer(out).go(1, 2), "");
  EXPECT_EQ(printed, "[  0] 1.50 123456789012 %\n[  1] 1.50 123456789012 %\n");
}
TEST(Control, ResultsAreTheSameForEverySeed) {
  std::string text =
      kernel("  mov.u32 %r1, %r31;\n  mov.u32 %r2, 0;\nL:\n  mad.lo.u32 %r1, %r1, 1664525, "
             "1013904223;\n  add.u32 %r2, %r2, 1;\n  and.b32 %r3, %r1, 7;\n  setp.ne.u32 %p1, %r3, "
             "5;\n  @%p1 bra L;\n  bar.sync 0;\n  st.global.u32 [%rd1], %r2;");
  auto first = outputs(text, 6, 100);
  for (uint64_t seed = 1; seed < 6; ++seed)
    EXPECT_EQ(outputs(text, 6, 100, seed), first);
}
