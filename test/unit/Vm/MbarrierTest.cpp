//===- MbarrierTest.cpp - phases, counts, transactions --------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {
/// `threads` threads; thread 0 initialises `bar` with `count`; `code` leaves a result in %d.
std::string barrierProgram(const std::string &code, unsigned count) {
  return newestHeader() +
         ".visible .entry k(.param .u64 out) {\n  .reg .pred %p<4>, %first;\n"
         "  .reg .b32 %t, %d, %x<8>;\n  .reg .b64 %rd<4>, %state<4>, %g;\n"
         "  .shared .align 8 .b64 bar;\n  .shared .align 8 .b64 other;\n  mov.u32 %t, %tid.x;\n"
         "  mov.b32 %d, 0;\n  mov.u64 %g, bar;\n  cvta.shared.u64 %g, %g;\n"
         "  setp.eq.u32 %first, %t, 0;\n  @%first mbarrier.init.shared::cta.b64 [bar], " +
         std::to_string(count) + ";\n  fence.mbarrier_init.release.cluster;\n  bar.sync 0;\n" +
         code +
         "\n  ld.param.u64 %rd0, [out];\n  mad.wide.u32 %rd0, %t, 4, %rd0;\n"
         "  st.global.b32 [%rd0], %d;\n  ret;\n}\n";
}
std::vector<uint32_t> barrierTest(const std::string &code, unsigned count, uint32_t threads = 1,
                                  std::string *error = nullptr, bool assemble = true) {
  std::string text = barrierProgram(code, count);
  if (assemble)
    EXPECT_EQ(assemblerErrors(text), "") << text;
  std::vector<uint32_t> out(threads);
  for (uint64_t seed : {0, 3}) {
    Grid grid(text);
    grid.config.seed = seed;
    std::string e = grid.buffer(out).go(1, threads);
    if (error)
      *error = e;
    else
      EXPECT_EQ(e, "") << code;
  }
  return out;
}
std::string tested(const std::string &name) { // %d = 2 %d + predicate
  return "  shl.b32 %d, %d, 1;\n  @" + name + " or.b32 %d, %d, 1;\n";
}
} // namespace

TEST(Mbarrier, PhasesAlternateByParity) {
  std::string test0 = "  mbarrier.test_wait.parity.shared.b64 %p0, [bar], 0;\n" + tested("%p0");
  std::string test1 = "  mbarrier.test_wait.parity.shared.b64 %p0, [bar], 1;\n" + tested("%p0");
  std::string arrive = "  mbarrier.arrive.shared.b64 _, [bar];\n";
  auto d = barrierTest(
      test0 + test1 + arrive + test0 + arrive + test0 + test1 + arrive + arrive + test0 + test1, 2);
  EXPECT_EQ(d[0], 0b0101001u);
}
TEST(Mbarrier, StatesAndPendingCounts) {
  auto d = barrierTest("  mbarrier.arrive.shared.b64 %state0, [bar];\n"
                       "  mbarrier.arrive.shared::cta.b64 %state1, [bar], 3;\n"
                       "  mbarrier.pending_count.b64 %x0, %state0;\n"
                       "  mbarrier.pending_count.b64 %x1, %state1;\n"
                       "  mbarrier.test_wait.shared.b64 %p0, [bar], %state0;\n"
                       "  mbarrier.arrive.b64 %state2, [%g];\n"
                       "  mbarrier.test_wait.acquire.cta.shared.b64 %p1, [bar], %state0;\n"
                       "  mad.lo.u32 %d, %x0, 10, %x1;\n" +
                           tested("%p0") + tested("%p1"),
                       5);
  EXPECT_EQ(d[0], 54u * 4 + 1);
}
TEST(Mbarrier, TransactionsHoldAPhaseOpen) {
  std::string test = "  mbarrier.test_wait.parity.shared.b64 %p0, [bar], 0;\n" + tested("%p0");
  auto d = barrierTest(
      "  mbarrier.arrive.expect_tx.shared::cta.b64 _, [bar], 48;\n" + test +
          "  mbarrier.complete_tx.shared::cta.b64 [bar], 32;\n" + test +
          "  mbarrier.complete_tx.relaxed.cluster.shared::cluster.b64 [bar], 16;\n" + test +
          "  mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [bar], 8;\n"
          "  mbarrier.arrive.release.cluster.shared::cluster.b64 _, [bar];\n"
          "  mbarrier.test_wait.parity.shared.b64 %p0, [bar], 1;\n" +
          tested("%p0") + "  mbarrier.complete_tx.shared::cta.b64 [bar], 8;\n" +
          "  mbarrier.test_wait.parity.shared.b64 %p0, [bar], 1;\n" + tested("%p0"),
      1);
  EXPECT_EQ(d[0], 0b00101u);
}
TEST(Mbarrier, DroppingLowersWhatTheNextPhaseExpects) {
  std::string test0 = "  mbarrier.test_wait.parity.shared.b64 %p0, [bar], 0;\n" + tested("%p0");
  std::string test1 = "  mbarrier.test_wait.parity.shared.b64 %p0, [bar], 1;\n" + tested("%p0");
  auto d = barrierTest("  mbarrier.arrive_drop.shared.b64 %state0, [bar];\n"
                       "  mbarrier.arrive.noComplete.shared.b64 %state1, [bar], 1;\n" +
                           test0 + "  mbarrier.arrive.shared.b64 %state1, [bar], 1;\n" + test0 +
                           "  mbarrier.arrive.shared.b64 %state1, [bar], 2;\n" + test1 +
                           "  mbarrier.inval.shared.b64 [bar];\n",
                       3);
  EXPECT_EQ(d[0], 0b011u);
}
TEST(Mbarrier, WarpsMeet) {
  // 128 threads pass values through shared memory over four phases.
  auto d = barrierTest("  .shared .align 4 .b32 v[128];\n  mov.u32 %x1, v;\n"
                       "  mad.lo.u32 %x2, %t, 4, %x1;\n  xor.b32 %x3, %t, 64;\n"
                       "  mad.lo.u32 %x3, %x3, 4, %x1;\n  mov.b32 %x4, 0;\n  mov.b32 %d, %t;\n"
                       "NEXT:\n  add.u32 %d, %d, 1;\n  st.shared.b32 [%x2], %d;\n"
                       "  mbarrier.arrive.shared.b64 %state0, [bar];\nWAIT:\n"
                       "  mbarrier.try_wait.shared.b64 %p0, [bar], %state0, 100;\n"
                       "  @!%p0 bra WAIT;\n  ld.shared.b32 %d, [%x3];\n"
                       "  mbarrier.arrive.shared.b64 %state0, [bar];\nWAIT2:\n"
                       "  mbarrier.try_wait.acquire.cluster.shared.b64 %p0, [bar], %state0;\n"
                       "  @!%p0 bra WAIT2;\n"
                       "  add.u32 %x4, %x4, 1;\n  setp.lt.u32 %p1, %x4, 3;\n  @%p1 bra NEXT;\n",
                       128, 128);
  for (uint32_t t = 0; t < 128; ++t)
    EXPECT_EQ(d[t], (t ^ 64) + 3);
}
TEST(Mbarrier, AWaitForNothingIsADeadlock) {
  std::string e;
  barrierTest("WAIT:\n  mbarrier.try_wait.parity.shared.b64 %p0, [bar], 0;\n  @!%p0 bra WAIT;\n", 2,
              64, &e);
  EXPECT_NE(e.find("deadlock in kernel 'k'"), std::string::npos) << e;
  EXPECT_NE(e.find("waits at the mbarrier at shared address 0x0"), std::string::npos) << e;
}
TEST(Mbarrier, ATimedWaitMayGiveUp) {
  auto d = barrierTest("  mbarrier.try_wait.parity.shared.b64 %p0, [bar], 0;\n"
                       "  selp.b32 %d, 1, 2, %p0;\n",
                       2, 32);
  EXPECT_EQ(d[0], 2u);
}
TEST(Mbarrier, MisuseIsNamed) {
  auto errorOf = [](const std::string &code, unsigned count) {
    std::string e;
    barrierTest(code, count, 1, &e);
    return e;
  };
  EXPECT_NE(errorOf("  mbarrier.arrive.shared.b64 _, [other];\n", 1)
                .find("holds no initialised mbarrier"),
            std::string::npos);
  EXPECT_NE(errorOf("  mbarrier.arrive.shared.b64 _, [bar], 3;\n", 2)
                .find("3 arrivals, but 2 are pending"),
            std::string::npos);
  EXPECT_NE(errorOf("  mbarrier.arrive.noComplete.shared.b64 %state0, [bar], 2;\n", 2)
                .find("which .noComplete promises not to"),
            std::string::npos);
  std::string e;
  barrierTest("", 0, 1, &e, /*assemble=*/false);
  EXPECT_NE(e.find("count 0; 1 to 1048575 are possible"), std::string::npos) << e;
}
