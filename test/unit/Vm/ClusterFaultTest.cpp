//===- ClusterFaultTest.cpp - what clusters must not do, and their launch ===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/ClusterTest.h"
#include <algorithm>

using namespace vmtest;

TEST(ClusterFault, MemoryOfACtaThatHasExited) {
  std::string e =
      errorOf("  setp.ne.u32 %p1, %rank, 0;\n  @%p1 bra END;\n  mov.u32 %x1, 0;\nSPIN:\n"
              "  add.u32 %x1, %x1, 1;\n  setp.lt.u32 %p2, %x1, 20000;\n  @%p2 bra SPIN;\n"
              "  mapa.shared::cluster.u32 %x2, %s, %peer;\n"
              "  ld.shared::cluster.b32 %d, [%x2];\n",
              {2, 1, 1}, 32, /*meetAtEnd=*/false);
  EXPECT_HAS(e, "use-after-exit in kernel 'k', program id (0,0,0)");
  EXPECT_HAS(e, "the CTA of rank 1, whose shared memory this is, has exited; keep it alive with "
                "barrier.cluster.arrive and .wait");
}

TEST(ClusterFault, ExitWithACopyInFlight) {
  std::string e = errorOf(initBar("1") + "  mapa.shared::cluster.u32 %x2, %s, %peer;\n"
                                         "  mapa.shared::cluster.u32 %x3, %bar, %peer;\n"
                                         "  setp.eq.u32 %p1, %rank, 0;\n  mov.u32 %x1, 0;\n"
                                         "  @%p1 bra SEND;\nSPIN:\n  add.u32 %x1, %x1, 1;\n"
                                         "  setp.lt.u32 %p2, %x1, 20000;\n  @%p2 bra SPIN;\nSEND:\n"
                                         "  @%lead st.async.shared::cluster.mbarrier::complete_tx::"
                                         "bytes.b32 [%x2], 5, [%x3];\n",
                          {2, 1, 1}, 32, /*meetAtEnd=*/false);
  EXPECT_HAS(e, "use-after-exit");
  EXPECT_HAS(e, "the CTA of rank 1 exits while this copy into its shared memory is in flight");
}

TEST(ClusterFault, AddressesBeyondTheClusterOrTheCta) {
  std::string e = errorOf("  mapa.shared::cluster.u32 %x2, %s, 5;\n"
                          "  st.shared::cluster.b32 [%x2], %t;\n",
                          {4, 1, 1});
  EXPECT_HAS(e, "out-of-bounds");
  EXPECT_HAS(e,
             "the address is in the CTA of rank 5 of the cluster, which has 4 CTAs, ranks 0 to 3");
  e = errorOf("  mapa.shared::cluster.u32 %x2, %s, %peer;\n  ld.shared.b32 %d, [%x2];\n");
  EXPECT_HAS(e, "use .shared::cluster");
  e = errorOf("  mapa.shared::cluster.u32 %x2, %s, 1;\n  ld.shared::cluster.b32 %d, [%x2+2000];\n");
  EXPECT_HAS(e, "the access is at byte 2128 of the CTA of rank 1; each CTA has 1160 bytes");
  e = errorOf("  mapa.shared::cluster.u32 %x2, %s, 1;\n  ld.shared::cluster.b32 %d, [%x2+2];\n");
  EXPECT_HAS(e, "not a multiple of 4");
  e = errorOf("  add.u32 %x2, %s, 0x7000000;\n  getctarank.shared::cluster.u32 %d, %x2;\n");
  EXPECT_HAS(e, "which has 2 CTAs, ranks 0 to 1");
}

TEST(ClusterFault, ADeadlockNamesEveryCta) {
  // Rank 0 waits at the cluster's barrier; rank 1 at an mbarrier; rank 2 at a barrier of half the
  // CTA.
  std::string e =
      errorOf(initBar("1") +
                  "  setp.eq.u32 %p1, %rank, 0;\n  @%p1 bra END;\n  setp.eq.u32 %p1, %rank, 1;\n"
                  "  @%p1 bra ONE;\n  setp.eq.u32 %p1, %rank, 3;\n  @%p1 exit;\n"
                  "  setp.lt.u32 %p1, %t, 32;\n  @%p1 bar.sync 1, 64;\n"
                  "  @!%p1 bar.sync 2, 64;\n  bra END;\nONE:\n" +
                  waitFor("0"),
              {4, 1, 1}, 64);
  EXPECT_HAS(e, "deadlock in kernel 'k', program id (0,0,0): every warp of the cluster waits");
  EXPECT_HAS(
      e, "CTA of rank 0, program id (0,0,0):\n  warp 0, lanes 0xffffffff: waits at the cluster's "
         "barrier");
  EXPECT_HAS(
      e, "CTA of rank 1, program id (1,0,0):\n  warp 0, lanes 0xffffffff: waits at the mbarrier "
         "at shared address 0x480");
  EXPECT_HAS(e,
             "CTA of rank 2, program id (2,0,0):\n  warp 0, lanes 0xffffffff: waits at barrier 1");
  EXPECT_HAS(e, "64 of 192 living threads of the cluster have arrived");
  EXPECT_HAS(e, "waits at barrier 2");
  EXPECT_HAS(e, "CTA of rank 3, program id (3,0,0): has exited");
}

TEST(ClusterLaunch, ShapesAreChecked) {
  auto error = [](Dims grid, Dims cluster, const std::string &directives = "",
                  bool nonPortable = false) {
    std::string text = clusterProgram("", directives);
    EXPECT_EQ(assemblerErrors(text), "") << text;
    return run(text, grid, cluster, 32, 0, 1, nonPortable).error;
  };
  EXPECT_HAS(
      error({6, 1, 1}, {4, 1, 1}),
      "cannot launch kernel 'k': grid (6,1,1) is no multiple of cluster (4,1,1) in dimension "
      "x: 6 CTAs, 4 in a cluster");
  EXPECT_HAS(error({2, 3, 1}, {1, 2, 1}), "in dimension y");
  EXPECT_HAS(error({2, 2, 1}, {2, 0, 1}), "cluster (2,0,1) has no CTA");
  EXPECT_HAS(error({16, 1, 1}, {16, 1, 1}), "at most 8 are portable");
  EXPECT_EQ(error({16, 1, 1}, {16, 1, 1}, "", true), "");
  EXPECT_HAS(error({32, 1, 1}, {8, 4, 1}, "", true), "at most 16 are possible");
  EXPECT_HAS(error({2, 1, 1}, {1u << 31, 1u << 31, 4}, "", true), "at most 16 are possible");
  EXPECT_HAS(error({8, 1, 1}, {4, 1, 1}, " .maxclusterrank 2"), "the kernel has .maxclusterrank 2");
  EXPECT_HAS(error({8, 1, 1}, {4, 1, 1}, " .explicitcluster .reqnctapercluster 2, 1, 1"),
             "but the kernel has .reqnctapercluster (2,1,1)");
  EXPECT_HAS(error({8, 1, 1}, {1, 1, 1}, " .explicitcluster"), "the launch gives no cluster");
  EXPECT_EQ(error({8, 1, 1}, {2, 1, 1}, " .explicitcluster .reqnctapercluster 2, 1, 1"), "");
}

TEST(ClusterLaunch, DirectivesGiveTheShape) {
  std::string text = clusterProgram("  mad.lo.u32 %d, %n, 10, %rank;\n",
                                    " .explicitcluster .reqnctapercluster 2, 2, 1");
  Outcome r = run(text, {2, 2, 2}, {1, 1, 1}, 32, 0, 1);
  ASSERT_EQ(r.error, "");
  EXPECT_EQ(r.out[7 * 32], 43u);
  EXPECT_HAS(run(text, {2, 3, 1}, {1, 1, 1}, 32, 0, 1).error, "no multiple of cluster (2,2,1)");
}

TEST(ClusterLaunch, BlocksMayBeClusters) {
  std::string text =
      clusterProgram("  mad.lo.u32 %d, %n, 10, %rank;\n",
                     " .reqntid 32, 1, 1 .reqnctapercluster 2, 1, 1 .blocksareclusters");
  Outcome r; // a grid of three clusters
  std::vector<uint32_t> in(1), out(6 * 32);
  Grid g(text);
  EXPECT_EQ(g.buffer(in).buffer(out).go({3, 1, 1}, {32, 1, 1}), "");
  EXPECT_EQ(g.report.counters.ctas, 6u);
  EXPECT_EQ(out[5 * 32], 21u);
}

TEST(ClusterLaunch, OldTargetsHaveNone) {
  Grid g(".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry k() {\n  ret;\n}\n");
  g.config.cluster = {2, 1, 1};
  EXPECT_HAS(g.go(2, 32), "the module is for sm_80, clusters need sm_90 or newer");
}

TEST(ClusterLaunch, OneSeedGivesOneOrder) {
  // A race on purpose: the last writer wins, and which that is depends on the seed alone.
  std::string text = clusterProgram("  mapa.shared::cluster.u32 %x2, %s, 0;\n" + meet +
                                    "  mad.lo.u32 %x3, %rank, 1000, %t;\n"
                                    "  st.shared::cluster.b32 [%x2], %x3;\n" +
                                    meet + "  ld.shared::cluster.b32 %d, [%x2];\n");
  std::vector<uint32_t> winners;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    Outcome a = run(text, {8, 1, 1}, {8, 1, 1}, 128, seed, 1),
            b = run(text, {8, 1, 1}, {8, 1, 1}, 128, seed, 1);
    EXPECT_EQ(a.error, "");
    EXPECT_EQ(a.out, b.out);
    winners.push_back(a.out[0]);
  }
  std::sort(winners.begin(), winners.end());
  EXPECT_GT(std::unique(winners.begin(), winners.end()) - winners.begin(), 3);
}

TEST(ClusterRace, AMissingBarrierIsFound) {
  auto race = [](const std::string &between) {
    std::string text =
        clusterProgram("  mad.lo.u32 %x0, %t, 4, %s;\n  st.shared.b32 [%x0], %t;\n" + between +
                       "  mapa.shared::cluster.u32 %x2, %x0, %peer;\n"
                       "  ld.shared::cluster.b32 %d, [%x2];\n");
    return run(text, {2, 1, 1}, {2, 1, 1}, 32, 0, 1, false, Check::Race).error;
  };
  EXPECT_HAS(race(""), "race in kernel 'k'");
  EXPECT_HAS(race("  barrier.cluster.arrive.relaxed;\n  barrier.cluster.wait;\n"),
             "race in kernel 'k'");
  EXPECT_EQ(race(meet), "");
}

TEST(ClusterSync, AlignedBarriersInBranchesAreFound) {
  auto found = [](const std::string &aligned) {
    std::string text = clusterProgram("  setp.lt.u32 %p1, %t, 8;\n  @%p1 bra LOW;\n"
                                      "  barrier.cluster.arrive" +
                                      aligned + ";\n  barrier.cluster.wait" + aligned +
                                      ";\n  bra END;\nLOW:\n  barrier.cluster.arrive" + aligned +
                                      ";\n  barrier.cluster.wait" + aligned + ";\n");
    EXPECT_EQ(assemblerErrors(text), "") << text;
    return run(text, {2, 1, 1}, {2, 1, 1}, 32, 0, 1, false, Check::Sync).error;
  };
  EXPECT_HAS(found(".aligned"), "barrier-divergence in kernel 'k'");
  EXPECT_HAS(found(".aligned"),
             "lanes of one warp meet in the cluster's barrier from different instructions");
  EXPECT_EQ(found(""), "");
}
