//===- SyncTest.cpp - misuse of barriers, mbarriers and copies ------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/CheckTest.h"

using namespace vmtest;

namespace {

CheckedLaunch only(uint32_t n = 0, uint32_t block = 64) {
  CheckedLaunch launch;
  launch.checks = Check::Sync;
  launch.n = n;
  launch.block = block;
  return launch;
}

const std::string kBar = "  .shared .align 8 .b64 bar;\n  .shared .align 16 .b32 tile[64];\n";

/// One thread, an mbarrier for `count` arrivals in [%r2].
std::string oneThread(const std::string &body, const std::string &count = "1") {
  return checkedKernel("  mov.u32 %r2, bar;\n  mbarrier.init.shared.b64 [%r2], " + count +
                           "; // INIT\n" + body,
                       kBar);
}

} // namespace

TEST(Sync, ABarrierInABranch) {
  auto kernel = [](const std::string &after) {
    return checkedKernel("  setp.lt.u32 %p0, %r0, %r1;\n  @!%p0 bra JOIN;\n"
                         "  bar.sync 0; // BARRIER\nJOIN:\n" +
                         after);
  };
  std::string bad = kernel("  st.global.u32 [%rd2], %r0; // PASSED\n");
  Finding f = expectFinding(bad, "barrier-divergence", "// BARRIER", only(16));
  ASSERT_EQ(f.accesses.size(), 2u);
  EXPECT_EQ(f.accesses[0].what, "lanes 0xffff wait");
  EXPECT_EQ(f.accesses[1].what, "lanes 0xffff0000 go on");
  EXPECT_EQ(f.accesses[1].line, lineOf(bad, "// PASSED"));
  expectText(f, "take it out of the branch");
  expectSilent(bad, only(64));
  // Whole warps may go separate ways, and threads that exit early are not missed.
  expectSilent(bad, only(32));
  expectSilent(kernel(""), only(16));
  expectSilent(kernel("  bra END;\nEND:\n"), only(16));
}
TEST(Sync, DifferentBarriersInOneWarp) {
  auto kernel = [](const std::string &bar) {
    return checkedKernel(
        "  and.b32 %r2, %r0, 1;\n  setp.eq.u32 %p0, %r2, 0;\n  @%p0 bra EVEN;\n  " + bar +
        " 0; // ODD\n  bra END;\nEVEN:\n  " + bar +
        " 0; // EVEN\nEND:\n  st.global.u32 [%rd2], %r0;\n");
  };
  std::vector<Finding> findings = findingsOf(kernel("bar.sync"), only());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "barrier-divergence");
  expectText(findings[0], "lanes of one warp meet in barrier 0 from different instructions");
  EXPECT_EQ(findings[0].accesses.size(), 2u);
  EXPECT_NE(findings[0].accesses[0].line, findings[0].accesses[1].line);
  EXPECT_EQ(findingsOf(kernel("barrier.sync.aligned"), only()).size(), 1u);
  expectSilent(kernel("barrier.sync"), only());
}
TEST(Sync, ACountThatPartsOfWarpsMakeUp) {
  std::string ptx = checkedKernel("  and.b32 %r2, %r0, 31;\n  setp.lt.u32 %p0, %r2, %r1;\n"
                                  "  @!%p0 bra WORK;\n  bar.sync 1, 32; \n  bra END;\n"
                                  "WORK:\n  st.global.u32 [%rd2], %r0;\n  bar.sync 2, 32;\nEND:\n");
  std::vector<Finding> findings = findingsOf(ptx, only(16));
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].kind, "barrier-divergence");
  expectText(findings[0], "an aligned barrier completes with a part of a warp: its lanes 0xffff");
}
TEST(Sync, ASpinningLaneKeepsNobodyFromReportingNothing) {
  // Lane 0 waits for the other warp while its siblings wait for it before the barrier.
  expectSilent(
      checkedKernel("  setp.ne.u32 %p0, %r0, 0;\n  @%p0 bra JOIN;\nSPIN:\n"
                    "  ld.volatile.global.u32 %r2, [%rd0+4092];\n  setp.eq.u32 %p1, %r2, 0;\n"
                    "  @%p1 bra SPIN;\nJOIN:\n  setp.ne.u32 %p2, %r0, 32;\n"
                    "  @!%p2 st.volatile.global.u32 [%rd0+4092], 1;\n  bar.sync 0;\n"
                    "  st.global.u32 [%rd2], %r0;\n"),
      only());
}

TEST(Sync, SecondInit) {
  std::string ptx = oneThread("  mbarrier.init.shared.b64 [%r2], 2; // AGAIN\n");
  Finding f = expectFinding(ptx, "mbarrier", "// AGAIN", only(0, 1));
  ASSERT_EQ(f.accesses.size(), 2u);
  EXPECT_EQ(f.accesses[1].line, lineOf(ptx, "// INIT"));
  EXPECT_EQ(f.buffer, "bar");
  expectText(f, "mbarrier.inval must come before");
  expectSilent(oneThread("  mbarrier.inval.shared.b64 [%r2];\n"
                         "  mbarrier.init.shared.b64 [%r2], 2;\n"),
               only(0, 1));
}
TEST(Sync, StoresIntoALiveObject) {
  auto kernel = [](const std::string &before, const std::string &offset) {
    return oneThread(before + "  st.shared.b32 [%r2+" + offset + "], 7; // WRITE\n");
  };
  Finding f = expectFinding(kernel("", "4"), "mbarrier", "// WRITE", only(0, 1));
  EXPECT_EQ(f.buffer, "bar");
  EXPECT_EQ(f.accesses[0].what, "write of 4 bytes");
  EXPECT_EQ(f.accesses[1].what, "mbarrier.init");
  expectSilent(kernel("  mbarrier.inval.shared.b64 [%r2];\n", "4"), only(0, 1));
  expectSilent(kernel("", "16"), only(0, 1));
}
TEST(Sync, AsyncWritesIntoALiveObject) {
  std::string ptx = oneThread("  cp.async.ca.shared.global [%r2], [%rd1], 8; // COPY\n"
                              "  mbarrier.arrive.shared.b64 %rd5, [%r2];\n"
                              "  cp.async.wait_all;\n");
  Finding f = expectFinding(ptx, "mbarrier", "// COPY", only(0, 1));
  EXPECT_EQ(f.accesses[0].what, "asynchronous write of 8 bytes");
}
TEST(Sync, InvalWhileOthersWait) {
  std::string ptx = checkedKernel(
      "  mov.u32 %r2, bar;\n  setp.ne.u32 %p0, %r0, 0;\n  @%p0 bra MEET;\n"
      "  mbarrier.init.shared.b64 [%r2], 2;\nMEET:\n  bar.sync 0;\n"
      "  setp.lt.u32 %p1, %r0, 32;\n  @%p1 bra WAIT;\n  setp.ne.u32 %p2, %r0, 32;\n  @%p2 bra "
      "END;\n"
      "  mov.b32 %r4, 0;\nDELAY:\n  add.u32 %r4, %r4, 1;\n  setp.lt.u32 %p3, %r4, 3000;\n"
      "  @%p3 bra DELAY;\n  mbarrier.inval.shared.b64 [%r2]; // INVAL\n"
      "  mbarrier.init.shared.b64 [%r2], 1;\n  mbarrier.arrive.shared.b64 %rd5, [%r2];\n  bra "
      "END;\n"
      "WAIT:\n  mbarrier.try_wait.parity.shared.b64 %p3, [%r2], 0; // WAIT\n  @!%p3 bra WAIT;\n"
      "END:\n",
      kBar);
  Finding f = expectFinding(ptx, "mbarrier", "// INVAL", only());
  ASSERT_EQ(f.accesses.size(), 2u);
  EXPECT_EQ(f.accesses[1].line, lineOf(ptx, "// WAIT"));
  expectText(f, "put a barrier between the last wait and mbarrier.inval");
}
TEST(Sync, AParityThatIsNotFlipped) {
  // The wait of the second round sees the phase of the first one.
  std::string bad = checkedKernel(
      "  mov.u32 %r2, bar;\n  setp.ne.u32 %p0, %r0, 0;\n  @%p0 bra MEET;\n"
      "  mbarrier.init.shared.b64 [%r2], 1;\nMEET:\n  bar.sync 0;\n  mov.b32 %r3, 0;\n"
      "  mov.b32 %r4, 0;\nNEXT:\n  setp.ne.u32 %p0, %r0, 0;\n"
      "  @!%p0 mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r2], 256;\n"
      "  @!%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [tile], [%rd1], "
      "256, [%r2];\nWAIT:\n  mbarrier.try_wait.parity.shared.b64 %p1, [%r2], %r3; // WAIT\n"
      "  @!%p1 bra WAIT;\n  // FLIP\n  bar.sync 0;\n  add.u32 %r4, %r4, 1;\n"
      "  setp.lt.u32 %p1, %r4, 2;\n  @%p1 bra NEXT;\n",
      kBar);
  std::string good = bad;
  good.replace(good.find("// FLIP"), 7, "xor.b32 %r3, %r3, 1;");
  expectSilent(good, only());
  std::vector<Finding> findings = findingsOf(bad, only());
  ASSERT_GE(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "mbarrier");
  EXPECT_EQ(findings[0].line, lineOf(bad, "// WAIT"));
  expectText(findings[0], "flip the parity");
  expectText(findings[0], "1 phases are complete");
}
TEST(Sync, WaitingTwiceForAPhaseIsAllowed) {
  expectSilent(oneThread("  mbarrier.arrive.shared.b64 %rd5, [%r2];\n"
                         "WAIT:\n  mbarrier.try_wait.parity.shared.b64 %p0, [%r2], 0;\n"
                         "  @!%p0 bra WAIT;\n"
                         "  mbarrier.test_wait.parity.shared.b64 %p0, [%r2], 0;\n"
                         "  mbarrier.test_wait.shared.b64 %p0, [%r2], %rd5;\n"),
               only(0, 1));
  // The idiom of producers: a fresh object's previous phase is complete.
  expectSilent(oneThread("WAIT:\n  mbarrier.try_wait.parity.shared.b64 %p0, [%r2], 1;\n"
                         "  @!%p0 bra WAIT;\n  mbarrier.arrive.shared.b64 %rd5, [%r2];\n"
                         "WAIT2:\n  mbarrier.try_wait.parity.shared.b64 %p0, [%r2], 0;\n"
                         "  @!%p0 bra WAIT2;\n"),
               only(0, 1));
}

TEST(Sync, CopiesThatNobodyWaitsFor) {
  auto kernel = [](const std::string &end) {
    return checkedKernel("  mov.u32 %r2, tile;\n  mad.lo.u32 %r2, %r0, 4, %r2;\n"
                         "  cp.async.ca.shared.global [%r2], [%rd3], 4; // COPY\n" +
                             end,
                         kBar);
  };
  Finding f = expectFinding(kernel(""), "async", "// COPY", only());
  expectText(f, "its thread exits without committing it to a group");
  expectText(f, "cp.async.commit_group, then cp.async.wait_group 0");
  f = expectFinding(kernel("  cp.async.commit_group;\n"), "async", "// COPY", only());
  expectText(f, "its group is committed, but its thread exits without waiting for it");
  f = expectFinding(kernel("  cp.async.commit_group;\n  cp.async.wait_group 1;\n"), "async",
                    "// COPY", only());
  expectSilent(kernel("  cp.async.commit_group;\n  cp.async.wait_group 0;\n"), only());
  expectSilent(kernel("  cp.async.wait_all;\n"), only());
}
TEST(Sync, CopiesThatArriveAtAnMbarrierMayOutliveTheirThread) {
  expectSilent(
      checkedKernel(
          "  mov.u32 %r2, bar;\n  setp.ne.u32 %p0, %r0, 0;\n  @%p0 bra MEET;\n"
          "  mbarrier.init.shared.b64 [%r2], 32;\nMEET:\n  bar.sync 0;\n"
          "  mov.u32 %r3, tile;\n  mad.lo.u32 %r3, %r0, 4, %r3;\n"
          "  setp.lt.u32 %p1, %r0, 32;\n  @%p1 bra WAIT;\n"
          "  cp.async.ca.shared.global [%r3], [%rd3], 4;\n"
          "  cp.async.mbarrier.arrive.noinc.shared.b64 [%r2];\n  bra END;\n"
          "WAIT:\n  mbarrier.try_wait.parity.shared.b64 %p3, [%r2], 0;\n  @!%p3 bra WAIT;\n"
          "  ld.shared.u32 %r4, [%r3+128];\n  st.global.u32 [%rd2], %r4;\nEND:\n",
          kBar),
      only());
}
TEST(Sync, BulkStoresThatNobodyWaitsFor) {
  auto kernel = [](const std::string &end) {
    return checkedKernel(
        "  mov.u32 %r2, tile;\n  st.shared.v4.b32 [%r2], {%r0, %r0, %r0, %r0};\n"
        "  fence.proxy.async;\n"
        "  cp.async.bulk.global.shared::cta.bulk_group [%rd0], [%r2], 16; // COPY\n"
        "  cp.async.bulk.commit_group;\n" +
            end,
        kBar);
  };
  Finding f = expectFinding(kernel(""), "async", "// COPY", only(0, 1));
  expectText(f, "cp.async.bulk.wait_group 0");
  expectSilent(kernel("  cp.async.bulk.wait_group 0;\n"), only(0, 1));
  expectSilent(kernel("  cp.async.bulk.wait_group.read 0;\n"), only(0, 1));
}
TEST(Sync, BulkLoadsThatNobodyWaitsFor) {
  auto kernel = [](const std::string &end) {
    return oneThread("  mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r2], 256;\n"
                     "  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [tile], "
                     "[%rd1], 256, [%r2]; // COPY\n" +
                     end);
  };
  Finding f = expectFinding(kernel(""), "async", "// COPY", only(0, 1));
  expectText(f, "no thread has waited at its mbarrier when the CTA ends");
  expectSilent(kernel("WAIT:\n  mbarrier.try_wait.parity.shared.b64 %p0, [%r2], 0;\n"
                      "  @!%p0 bra WAIT;\n"),
               only(0, 1));
}

TEST(Sync, TransactionsThatDoNotAddUp) {
  auto kernel = [](const std::string &expected) {
    return oneThread(
        "  mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r2], " + expected +
        ";\n  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [tile], "
        "[%rd1], 256, [%r2];\nPOLL:\n"
        "  mbarrier.test_wait.parity.shared.b64 %p0, [%r2], 0;\n");
  };
  Finding f = expectFinding(kernel("272"), "mbarrier", "// INIT", only(0, 1));
  EXPECT_EQ(f.buffer, "bar");
  expectText(f, "still expects 16 transaction bytes that no copy brought");
  f = expectFinding(kernel("240"), "mbarrier", "// INIT", only(0, 1));
  expectText(f, "has got 16 transaction bytes that no expect_tx announced");
  expectSilent(kernel("256"), only(0, 1));
}

TEST(Deadlock, NamesCountsOfBarriers) {
  std::string ptx = checkedKernel("  setp.lt.u32 %p0, %r0, 32;\n  @%p0 bra A;\n"
                                  "  bar.sync 1, 128; // ONE\n  bra END;\nA:\n"
                                  "  .loc 1 7 3\n  bar.sync 2, 64; // TWO\nEND:\n",
                                  "", ".file 1 \"k.cu\"\n");
  CheckedLaunch launch = only();
  launch.checks = Check::None;
  std::vector<Finding> findings = findingsOf(ptx, launch);
  ASSERT_EQ(findings.size(), 1u);
  const Finding &f = findings[0];
  EXPECT_EQ(f.kind, "deadlock");
  ASSERT_EQ(f.accesses.size(), 2u);
  EXPECT_EQ(f.accesses[0].line, lineOf(ptx, "// TWO"));
  EXPECT_EQ(f.accesses[0].locLine, 7u);
  EXPECT_EQ(f.accesses[0].what, "waits at barrier 2: 32 of 64 threads have arrived");
  EXPECT_EQ(f.accesses[1].line, lineOf(ptx, "// ONE"));
  EXPECT_EQ(f.accesses[1].warp, 1u);
  expectText(f, "32 of 128 threads have arrived; it can never complete, since the CTA has 64");
}
TEST(Deadlock, NamesTheStateOfMbarriers) {
  std::string ptx = oneThread("  mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r2], 512;\n"
                              "  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
                              "[tile], [%rd1], 256, [%r2];\nWAIT:\n"
                              "  mbarrier.try_wait.parity.shared.b64 %p0, [%r2], 0; // WAIT\n"
                              "  @!%p0 bra WAIT;\n",
                              "3");
  CheckedLaunch launch = only(0, 1);
  launch.checks = Check::None;
  Finding f = expectFinding(ptx, "deadlock", "// WAIT", launch);
  ASSERT_EQ(f.accesses.size(), 1u);
  expectText(f,
             "the running phase has parity 0; 2 of 3 arrivals are pending; 256 transaction bytes "
             "are expected that no copy brings");
}
