//===- ClusterTest.cpp - clusters, distributed shared memory -------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/ClusterTest.h"

using namespace vmtest;

TEST(Cluster, SpecialRegistersSayWhereACtaIs) {
  std::vector<std::string> names;
  for (std::string r : {"%cluster_ctaid", "%cluster_nctaid", "%clusterid", "%nclusterid"})
    for (std::string d : {".x", ".y", ".z"})
      names.push_back(r + d);
  std::string code = "  mov.u32 %x9, 0;\n";
  for (size_t k = 0; k < names.size(); ++k) // thread k shows register k
    code += "  mov.u32 %x8, " + names[k] + ";\n  setp.eq.u32 %p0, %t, " + std::to_string(k) +
            ";\n  @%p0 mov.u32 %d, %x8;\n";
  code += "  mov.pred %p1, %is_explicit_cluster;\n  setp.eq.u32 %p0, %t, 12;\n"
          "  @%p0 selp.u32 %d, 1, 0, %p1;\n  setp.eq.u32 %p0, %t, 13;\n  @%p0 mov.u32 %d, %rank;\n"
          "  setp.eq.u32 %p0, %t, 14;\n  @%p0 mov.u32 %d, %n;\n";
  std::string text = clusterProgram(code);
  EXPECT_EQ(assemblerErrors(text), "") << text;
  Dims grid{4, 6, 4}, shape{2, 3, 1};
  Outcome r = run(text, grid, shape, 15, 5, 2);
  ASSERT_EQ(r.error, "");
  for (uint32_t cta = 0; cta < volume(grid); ++cta) {
    Dims id{cta % 4, cta / 4 % 6, cta / 24};
    const uint32_t *out = &r.out[cta * 15];
    for (unsigned d = 0; d < 3; ++d) {
      EXPECT_EQ(out[d], id[d] % shape[d]);
      EXPECT_EQ(out[3 + d], shape[d]);
      EXPECT_EQ(out[6 + d], id[d] / shape[d]);
      EXPECT_EQ(out[9 + d], grid[d] / shape[d]);
    }
    EXPECT_EQ(out[12], 1u);
    EXPECT_EQ(out[13], id[0] % 2 + 2 * (id[1] % 3));
    EXPECT_EQ(out[14], 6u);
  }
  EXPECT_EQ(run(text, {3, 1, 1}, {1, 1, 1}, 15, 0, 1).out[12], 0u);
}

TEST(Cluster, NeighboursExchangeThroughSharedMemory) {
  // Twice: by shared::cluster addresses of 32 bits and by generic ones.
  everyShape("  mad.lo.u32 %x0, %t, 4, %s;\n  mad.lo.u32 %x1, %cta, 1000, %t;\n"
             "  st.shared.b32 [%x0], %x1;\n" +
                 meet +
                 "  mapa.shared::cluster.u32 %x2, %x0, %peer;\n"
                 "  ld.shared::cluster.b32 %x3, [%x2];\n  cvt.u64.u32 %y1, %x0;\n"
                 "  cvta.shared.u64 %y1, %y1;\n  mapa.u64 %y2, %y1, %peer;\n"
                 "  ld.b32 %x4, [%y2];\n  setp.ne.u32 %p0, %x3, %x4;\n  @%p0 trap;\n"
                 "  mapa.shared::cluster.u64 %y3, s, %peer;\n"
                 "  mad.wide.u32 %y3, %t, 4, %y3;\n  ld.shared::cluster.b32 %x5, [%y3];\n"
                 "  setp.ne.u32 %p0, %x3, %x5;\n  @%p0 trap;\n"
                 "  ld.shared::cluster.b32 %x6, [s];\n  ld.shared.b32 %x7, [%s];\n"
                 "  setp.ne.u32 %p0, %x6, %x7;\n  @%p0 trap;\n"
                 // The neighbour's slot 512 bytes on gets what we read.
                 "  st.shared::cluster.b32 [%x2+512], %x3;\n" +
                 meet + "  ld.shared.b32 %d, [%x0+512];\n",
             96, [](uint32_t cta, uint32_t, uint32_t, uint32_t t) { return cta * 1000 + t; });
}

TEST(Cluster, AnOwnAddressIsValidInTheWholeCluster) {
  // Rank 0 hands its generic and its shared address to the next CTA, which stores through them.
  everyShape("  mapa.shared::cluster.u32 %x2, %s, %peer;\n  cvt.u64.u32 %y1, %s;\n"
             "  cvta.shared.u64 %y1, %y1;\n  @%first st.shared::cluster.b32 [%x2+64], %s;\n"
             "  @%first st.shared::cluster.b64 [%x2+72], %y1;\n" +
                 meet +
                 "  ld.shared.b32 %x3, [s+64];\n  ld.shared.b64 %y2, [s+72];\n"
                 "  add.u32 %x4, %rank, 100;\n  @%first st.shared::cluster.b32 [%x3], %x4;\n"
                 "  @%first st.b32 [%y2+4], %x4;\n" +
                 meet + "  ld.shared.v2.b32 {%x5, %x6}, [%s];\n  mad.lo.u32 %d, %x5, 1000, %x6;\n",
             32, [](uint32_t, uint32_t rank, uint32_t n, uint32_t) {
               return (rank + 1) % n * 1001 + 100100;
             });
}

TEST(Cluster, AddressesTellTheirSpaceAndRank) {
  everyShape(
      "  mapa.shared::cluster.u32 %x2, %s, %peer;\n  getctarank.shared::cluster.u32 %x3, %x2;\n"
      "  getctarank.shared::cluster.u32 %x4, s;\n  cvt.u64.u32 %y1, %x2;\n"
      "  cvta.shared::cluster.u64 %y1, %y1;\n  getctarank.u64 %x5, %y1;\n"
      "  isspacep.shared::cta %p0, %y1;\n  isspacep.shared::cluster %p1, %y1;\n"
      "  isspacep.global %p2, %y1;\n  cvt.u64.u32 %y2, %s;\n  cvta.shared.u64 %y2, %y2;\n"
      "  isspacep.shared %p3, %y2;\n  isspacep.shared::cluster %p4, %y2;\n"
      "  cvta.to.shared::cluster.u64 %y3, %y1;\n  cvt.u32.u64 %x6, %y3;\n"
      "  setp.eq.u32 %p5, %x6, %x2;\n"
      "  mad.lo.u32 %d, %x3, 10, %x4;\n  mad.lo.u32 %d, %d, 10, %x5;\n  shl.b32 %d, %d, 8;\n"
      "  @%p0 or.b32 %d, %d, 1;\n  @%p1 or.b32 %d, %d, 2;\n  @%p2 or.b32 %d, %d, 4;\n"
      "  @%p3 or.b32 %d, %d, 8;\n  @%p4 or.b32 %d, %d, 16;\n  @%p5 or.b32 %d, %d, 32;\n",
      32, [](uint32_t, uint32_t rank, uint32_t n, uint32_t) {
        uint32_t peer = (rank + 1) % n;
        return ((peer * 10 + rank) * 10 + peer) << 8 | 2 | 8 | 16 | 32;
      });
}

TEST(Cluster, ReducesIntoRankZero) {
  everyShape("  mapa.shared::cluster.u32 %x2, %s, 0;\n  cvt.u64.u32 %y1, %x2;\n"
             "  cvta.shared::cluster.u64 %y1, %y1;\n" +
                 meet +
                 "  red.relaxed.cluster.shared::cluster.add.u32 [%x2], %t;\n"
                 "  atom.relaxed.cluster.shared::cluster.max.u32 %x3, [%x2+4], %rank;\n"
                 "  atom.add.u32 %x4, [%y1+8], 1;\n"
                 "  atom.shared::cluster.cas.b32 %x5, [%x2+12], 0, 7;\n" +
                 meet +
                 "  ld.shared::cluster.v4.b32 {%x3, %x4, %x5, %x6}, [%x2];\n"
                 "  mad.lo.u32 %d, %x3, 10, %x4;\n  mad.lo.u32 %d, %d, 1000, %x5;\n"
                 "  add.u32 %d, %d, %x6;\n",
             64, [](uint32_t, uint32_t, uint32_t n, uint32_t) {
               return (n * 2016 * 10 + n - 1) * 1000 + n * 64 + 7;
             });
}

TEST(Cluster, LanesMayReachSeveralCtasAtOnce) {
  // Lane t reads from the CTA of rank t modulo n.
  everyShape("  mad.lo.u32 %x0, %t, 4, %s;\n  mad.lo.u32 %x1, %rank, 100, %t;\n"
             "  st.shared.b32 [%x0], %x1;\n" +
                 meet +
                 "  rem.u32 %x2, %t, %n;\n  mapa.shared::cluster.u32 %x3, %x0, %x2;\n"
                 "  ld.shared::cluster.b32 %d, [%x3];\n",
             32, [](uint32_t, uint32_t, uint32_t n, uint32_t t) { return t % n * 100 + t; });
}

TEST(ClusterBarrier, SeparatesArrivalFromWait) {
  // Work between arrive and wait; relaxed arrivals; threads that exit count no more.
  everyShape(
      "  mapa.shared::cluster.u32 %x2, %s, %peer;\n"
      "  @%first st.shared::cluster.b32 [%x2], %rank;\n  barrier.cluster.arrive;\n"
      "  add.u32 %d, %d, 1;\n  barrier.cluster.wait;\n  ld.shared.b32 %x3, [%s];\n"
      "  barrier.cluster.arrive.relaxed;\n  setp.gt.u32 %p0, %t, 40;\n"
      "  barrier.cluster.wait.acquire;\n  @%p0 bra END;\n"
      "  barrier.cluster.arrive.release;\n  mad.lo.u32 %d, %x3, 10, %d;\n"
      "  barrier.cluster.wait;\n",
      64,
      [](uint32_t, uint32_t rank, uint32_t n, uint32_t t) {
        return t > 40 ? 1u : (rank + n - 1) % n * 10 + 1;
      },
      /*meetAtEnd=*/false);
}

TEST(ClusterBarrier, IsThereWithoutClusters) {
  std::string text = clusterProgram(meet + "  add.u32 %d, %rank, %n;\n");
  Outcome r = run(text, {3, 1, 1}, {1, 1, 1}, 64, 0, 1);
  EXPECT_EQ(r.error, "");
  EXPECT_EQ(r.out[70], 1u);
}

TEST(ClusterBarrier, MisuseIsNamed) {
  std::string e = errorOf("  barrier.cluster.wait;\n");
  EXPECT_HAS(e, "cluster in kernel 'k'");
  EXPECT_HAS(e, "wait at the cluster's barrier without having arrived");
  e = errorOf("  barrier.cluster.arrive;\n  barrier.cluster.arrive;\n  barrier.cluster.wait;\n");
  EXPECT_HAS(e, "arrive at the cluster's barrier again without having waited");
}

TEST(RemoteMbarrier, ProducersFeedAConsumer) {
  // Four rounds: every CTA writes into rank 0 and arrives there; rank 0 adds up, then lets them go
  // by arrivals at their barriers.
  std::string round =
      "  mapa.shared::cluster.u32 %x2, %s, 0;\n  mapa.shared::cluster.u32 %x3, %bar, 0;\n"
      "  mad.lo.u32 %x4, %rank, 4, %x2;\n  mov.u32 %x5, 0;\nROUND:\n"
      "  mad.lo.u32 %x6, %x5, 100, %rank;\n  and.b32 %x7, %x5, 1;\n"
      "  @%first st.shared::cluster.b32 [%x4], %x6;\n"
      "  @%first mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%x3];\n"
      "  setp.ne.u32 %p1, %rank, 0;\n  @%p1 bra OTHERS;\nWAIT0:\n"
      "  mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p0, [%bar], %x7;\n"
      "  @!%p0 bra WAIT0;\n  mov.u32 %x8, 0;\nSUM:\n  mad.lo.u32 %x9, %x8, 4, %s;\n"
      "  ld.shared.b32 %x10, [%x9];\n  add.u32 %d, %d, %x10;\n  add.u32 %x8, %x8, 1;\n"
      "  setp.lt.u32 %p2, %x8, %n;\n  @%p2 bra SUM;\n  bar.sync 0;\n"
      "  setp.gt.u32 %p3, %t, 0;\n  setp.lt.and.u32 %p3, %t, %n, %p3;\n"
      "  mapa.shared::cluster.u32 %x9, %bar, %t;\n"
      "  @%p3 mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%x9], %n;\n"
      "  bra NEXT;\nOTHERS:\n"
      "  mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p0, [%bar], %x7;\n"
      "  @!%p0 bra OTHERS;\nNEXT:\n  add.u32 %x5, %x5, 1;\n  setp.lt.u32 %p4, %x5, 4;\n"
      "  @%p4 bra ROUND;\n";
  everyShape(initBar("%n") + round, 64, [](uint32_t, uint32_t rank, uint32_t n, uint32_t) {
    return rank ? 0 : 600 * n + 4 * (n * (n - 1) / 2);
  });
}

TEST(RemoteMbarrier, TransactionsMayBeRemote) {
  // The peer expects and completes 48 bytes, partly by generic address.
  everyShape(initBar("2") +
                 "  mapa.shared::cluster.u32 %x3, %bar, %peer;\n  cvt.u64.u32 %y1, %x3;\n"
                 "  cvta.shared::cluster.u64 %y1, %y1;\n"
                 "  @%first mbarrier.expect_tx.relaxed.cluster.shared::cluster.b64 [%x3], 32;\n"
                 "  @%first mbarrier.arrive.expect_tx.relaxed.cluster.shared::cluster.b64 _, "
                 "[%x3], 16;\n"
                 "  @%first mbarrier.arrive.release.cluster.b64 _, [%y1];\n" +
                 meet +
                 "  mbarrier.test_wait.parity.shared.b64 %p1, [%bar], 0;\n"
                 "  @%p1 add.u32 %d, %d, 100;\n" +
                 meet +
                 "  @%first mbarrier.complete_tx.relaxed.cluster.shared::cluster.b64 [%x3], 48;\n" +
                 waitFor("0") + "  add.u32 %d, %d, 1;\n",
             32, [](uint32_t, uint32_t, uint32_t, uint32_t) { return 1u; });
}

TEST(RemoteMbarrier, AnArrivalWithAStateIsLocal) {
  std::string e = errorOf(
      initBar("1") + "  cvt.u64.u32 %y1, %bar;\n  cvta.shared.u64 %y1, %y1;\n"
                     "  mapa.u64 %y2, %y1, %peer;\n  @%lead mbarrier.arrive.b64 %y3, [%y2];\n");
  EXPECT_HAS(e, "out-of-bounds");
  EXPECT_HAS(e,
             "is in the shared memory of the CTA of rank 1; this instruction reaches only that of "
             "its own CTA, rank 0");
  e = errorOf(meet + "  mapa.shared::cluster.u32 %x3, %bar, %peer;\n"
                     "  @%lead mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%x3];\n");
  EXPECT_HAS(e, "of the CTA of rank 1 holds no initialised mbarrier");
}

TEST(Cluster, WaitsForAClusterThatHasNotBegun) {
  // The first cluster spins on a flag in global memory that the last one sets.
  std::string text =
      clusterProgram("  mov.u32 %x5, %nctaid.x;\n  sub.u32 %x5, %x5, 1;\n"
                     "  setp.eq.and.u32 %p1, %cta, %x5, %first;\n"
                     "  @%p1 st.release.gpu.global.b32 [%in], 77;\n  setp.ge.u32 %p1, %cta, 4;\n"
                     "  @%p1 bra END;\nSPIN:\n  ld.acquire.gpu.global.b32 %d, [%in];\n"
                     "  setp.ne.u32 %p2, %d, 77;\n  @%p2 bra SPIN;\n");
  EXPECT_EQ(assemblerErrors(text), "") << text;
  for (uint64_t seed : {0, 9})
    for (uint32_t hostThreads : {1, 2}) {
      Outcome r = run(text, {24, 1, 1}, {4, 1, 1}, 32, seed, hostThreads);
      ASSERT_EQ(r.error, "");
      EXPECT_EQ(r.out[0], 77u);
      EXPECT_EQ(r.out[4 * 32], 0u);
    }
}
TEST(Cluster, AnySchedule) {
  std::string text =
      clusterProgram(initBar("%n") +
                     "  mad.lo.u32 %x0, %rank, 4, %s;\n  mov.u32 %x1, 0;\nNEXT:\n"
                     "  mapa.shared::cluster.u32 %x2, %x0, %x1;\n"
                     "  mapa.shared::cluster.u32 %x3, %bar, %x1;\n"
                     "  @%first st.shared::cluster.b32 [%x2], %cta;\n"
                     "  @%first mbarrier.arrive.release.cluster.shared::cluster.b64 _, "
                     "[%x3];\n  add.u32 %x1, %x1, 1;\n  setp.lt.u32 %p1, %x1, %n;\n"
                     "  @%p1 bra NEXT;\n" +
                     waitFor("0") + "  mad.lo.u32 %x4, %t, 4, %s;\n  ld.shared.b32 %d, [%x4];\n");
  EXPECT_EQ(assemblerErrors(text), "") << text;
  for (Schedule schedule :
       {Schedule::InOrder, Schedule::RoundRobin, Schedule::Random, Schedule::Adversarial})
    for (uint64_t seed = 0; seed < 8; ++seed) {
      std::vector<uint32_t> in(1), out(8 * 4);
      Grid g(text);
      g.config.cluster = {4, 1, 1};
      g.config.schedule = schedule;
      g.config.seed = seed;
      g.config.checks = Check::Race | Check::Sync;
      ASSERT_EQ(g.buffer(in).buffer(out).go(8, 4), "") << scheduleName(schedule).str() << seed;
      for (uint32_t k = 0; k < out.size(); ++k)
        EXPECT_EQ(out[k], k / 16 * 4 + k % 4);
    }
}
