//===- BarrierTest.cpp - barriers of a CTA --------------------------------===//
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
         ".visible .entry k(.param .u64 out) {\n  .reg .pred %p<8>;\n  .reg .b32 %r<16>;\n  .reg "
         ".b64 %rd<4>;\n  .shared .align 4 .b8 sh[4096];\n  mov.u32 %r0, %tid.x;\n  ld.param.u64 "
         "%rd0, [out];\n"
         "  mad.wide.u32 %rd1, %r0, 4, %rd0;\n  mov.u32 %r1, sh;\n  mad.lo.u32 %r2, %r0, 4, "
         "%r1;\n" +
         body + "\n  ret;\n}\n";
}
std::vector<uint32_t> outputs(const std::string &body, uint32_t threads,
                              std::string *error = nullptr, uint64_t seed = 0) {
  std::vector<uint32_t> out(threads, 0xdead);
  Grid grid(kernel(body));
  grid.config.seed = seed;
  std::string e = grid.buffer(out).go(1, threads);
  if (error)
    *error = e;
  else
    EXPECT_EQ(e, "");
  return out;
}
const char *reverse = "  st.shared.u32 [%r2], %r0;\n  bar.sync 0;\n  mov.u32 %r3, %ntid.x;\n  "
                      "sub.u32 %r3, %r3, %r0;\n  sub.u32 %r3, %r3, 1;\n  mad.lo.u32 %r4, %r3, 4, "
                      "%r1;\n  ld.shared.u32 %r5, [%r4];\n  st.global.u32 [%rd1], %r5;";
} // namespace

TEST(Barrier, OrdersSharedMemoryForEverySeed) {
  for (uint32_t threads : {32u, 100u, 1024u})
    for (uint64_t seed : {0, 1, 2, 3}) {
      auto out = outputs(reverse, threads, nullptr, seed);
      for (uint32_t t = 0; t < threads; ++t)
        ASSERT_EQ(out[t], threads - 1 - t);
    }
}
TEST(Barrier, ExitedThreadsDontCount) {
  std::string body =
      "  setp.ge.u32 %p1, %r0, 70;\n  @%p1 exit;\n  st.shared.u32 [%r2], %r0;\n  "
      "barrier.sync.aligned 3;\n  ld.shared.u32 %r5, [sh+276];\n  st.global.u32 [%rd1], %r5;";
  auto out = outputs(body, 128);
  for (uint32_t t = 0; t < 128; ++t)
    EXPECT_EQ(out[t], t < 70 ? 69u : 0xdeadu);
}
TEST(Barrier, NamedBarriersWithCountsJoinProducersAndConsumers) {
  std::string body =
      "  setp.ge.u32 %p1, %r0, 64;\n  @%p1 bra CONSUMER;\n  mul.lo.u32 %r5, %r0, 7;\n  "
      "st.shared.u32 [%r2], %r5;\n  bar.arrive 5, 128;\n  mov.u32 %r6, 1;\n  st.global.u32 [%rd1], "
      "%r6;\n  ret;\nCONSUMER:\n"
      "  bar.sync 5, 128;\n  ld.shared.u32 %r5, [%r2-256];\n  st.global.u32 [%rd1], %r5;";
  auto out = outputs(body, 128);
  for (uint32_t t = 0; t < 128; ++t)
    EXPECT_EQ(out[t], t < 64 ? 1 : (t - 64) * 7);
}
TEST(Barrier, Reductions) {
  auto out = outputs(
      "  setp.lt.u32 %p1, %r0, 50;\n  bar.red.popc.u32 %r3, 0, %p1;\n  barrier.red.and.pred %p2, "
      "1, 96, %p1;\n  bar.red.or.pred %p3, 2, !%p1;\n  @%p2 add.u32 %r3, %r3, 1000;\n  @%p3 "
      "add.u32 %r3, %r3, 2000;\n  st.global.u32 [%rd1], %r3;",
      96);
  for (uint32_t v : out)
    EXPECT_EQ(v, 2050u);
}
TEST(Barrier, InDivergedCodeCountsThreads) {
  // Both sides of a branch reach barriers of their own; threads wait for each other across them.
  auto out = outputs("  and.b32 %r3, %r0, 1;\n  setp.eq.u32 %p1, %r3, 0;\n  @%p1 bra EVEN;\n  "
                     "st.shared.u32 [%r2], %r0;\n  barrier.sync 0;\n  ld.shared.u32 %r5, "
                     "[%r2-4];\n  bra END;\nEVEN:\n  st.shared.u32 [%r2], %r0;\n  barrier.sync 0;\n"
                     "  ld.shared.u32 %r5, [%r2+4];\nEND:\n  st.global.u32 [%rd1], %r5;",
                     64);
  for (uint32_t t = 0; t < 64; ++t)
    EXPECT_EQ(out[t], t ^ 1);
}
TEST(Barrier, DeadlockNamesEachWait) {
  std::string e;
  outputs("  setp.lt.u32 %p1, %r0, 32;\n  @%p1 bra A;\n  bar.sync 1, 96;\n  bra END;\nA:\n  "
          "bar.sync 2, 64;\nEND:\n",
          64, &e);
  EXPECT_NE(e.find("deadlock in kernel 'k', program id (0,0,0): every warp waits"),
            std::string::npos)
      << e;
  EXPECT_NE(e.find("warp 0, lanes 0xffffffff: waits at barrier 2"), std::string::npos) << e;
  EXPECT_NE(e.find("warp 1, lanes 0xffffffff: waits at barrier 1"), std::string::npos) << e;
}
TEST(Barrier, WrongOperandsAreReported) {
  std::string e;
  outputs("  bar.sync 16;", 32, &e);
  EXPECT_NE(e.find("barrier 16 does not exist"), std::string::npos) << e;
  outputs("  bar.sync 1, 33;", 64, &e);
  EXPECT_NE(e.find("not a positive multiple of 32"), std::string::npos) << e;
  outputs("  setp.lt.u32 %p1, %r0, 32;\n  @%p1 bra A;\n  bar.sync 1, 96;\nA:\n  bar.sync 1, 64;",
          64, &e);
  EXPECT_NE(e.find("different counts"), std::string::npos) << e;
}
