//===- ClusterCopyTest.cpp - copies between the CTAs of a cluster --------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/ClusterTest.h"
#include <algorithm>

using namespace vmtest;

TEST(Multicast, EveryCtaOfTheMaskGetsTheBytes) {
  // Rank 0 sends 256 bytes to all CTAs, rank 1 another 256 to the CTAs of even rank.
  std::string code =
      initBar("1") +
      "  and.b32 %x2, %rank, 1;\n  setp.eq.u32 %p1, %x2, 0;\n  selp.u32 %x3, 512, 256, %p1;\n"
      "  @%first mbarrier.arrive.expect_tx.shared::cta.b64 _, [%bar], %x3;\n" +
      meet +
      "  mov.u32 %x4, 1;\n  shl.b32 %x4, %x4, %n;\n  sub.u32 %x4, %x4, 1;\n"
      "  cvt.u16.u32 %h0, %x4;\n  and.b32 %x4, %x4, 0x55;\n  cvt.u16.u32 %h1, %x4;\n"
      "  setp.eq.and.u32 %p2, %rank, 1, %first;\n"
      "  @%lead cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes"
      ".multicast::cluster [%s], [%in], 256, [%bar], %h0;\n"
      "  @%p2 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes"
      ".multicast::cluster [%s+256], [%in+1024], 256, [%bar], %h1;\n" +
      waitFor("0") +
      "  mad.lo.u32 %x5, %t, 4, %s;\n  ld.shared.b32 %d, [%x5];\n"
      "  ld.shared.b32 %x6, [%x5+256];\n  add.u32 %d, %d, %x6;\n";
  everyShape(code, 64, [](uint32_t, uint32_t rank, uint32_t, uint32_t t) {
    return t * 2654435761u + (rank % 2 ? 0 : (256 + t) * 2654435761u);
  });
}

TEST(Multicast, MasksAreChecked) {
  auto error = [](const std::string &mask) {
    return errorOf(initBar("1") + "  mov.b16 %h0, " + mask +
                   ";\n  @%lead cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes"
                   ".multicast::cluster [%s], [%in], 256, [%bar], %h0;\n");
  };
  EXPECT_HAS(error("0"), "multicast mask 0x0 names no CTA");
  EXPECT_HAS(error("6"), "multicast mask 0x6 names a CTA beyond the cluster, which has 2");
}

TEST(RemoteCopy, SharedMemoryGoesToANeighbour) {
  everyShape(initBar("1") +
                 "  mad.lo.u32 %x0, %t, 4, %s;\n  mad.lo.u32 %x1, %cta, 1000, %t;\n"
                 "  st.shared.b32 [%x0], %x1;\n  fence.proxy.async;\n  bar.sync 0;\n"
                 "  @%first mbarrier.arrive.expect_tx.shared::cta.b64 _, [%bar], 256;\n" +
                 meet +
                 "  mapa.shared::cluster.u32 %x2, %s, %peer;\n"
                 "  mapa.shared::cluster.u32 %x3, %bar, %peer;\n"
                 "  @%first cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes "
                 "[%x2+512], [%s], 256, [%x3];\n" +
                 waitFor("0") + "  mapa.shared::cluster.u32 %x4, %x0, %peer;\n" + meet +
                 "  ld.shared::cluster.b32 %d, [%x4+512];\n", // what the peer got is ours
             64, [](uint32_t cta, uint32_t, uint32_t, uint32_t t) { return cta * 1000 + t; });
}

TEST(RemoteCopy, ReductionsCombineInANeighbour) {
  for (std::string op : {"add.u32", "xor.b32", "max.s32", "inc.u32"}) {
    std::string code =
        initBar("1") +
        "  mad.lo.u32 %x0, %t, 4, %s;\n  mad.lo.u32 %x1, %rank, 1000, %t;\n"
        "  st.shared.b32 [%x0], %x1;\n  mul.lo.u32 %x5, %t, 7;\n  st.shared.b32 [%x0+512], %x5;\n"
        "  fence.proxy.async;\n  bar.sync 0;\n"
        "  @%first mbarrier.arrive.expect_tx.shared::cta.b64 _, [%bar], 256;\n" +
        meet +
        "  mapa.shared::cluster.u32 %x2, %s, %peer;\n  mapa.shared::cluster.u32 %x3, %bar, %peer;\n"
        "  @%first cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes." +
        op + " [%x2+512], [%s], 256, [%x3];\n" + waitFor("0") + "  ld.shared.b32 %d, [%x0+512];\n";
    everyShape(code, 64, [&](uint32_t, uint32_t rank, uint32_t n, uint32_t t) {
      uint32_t old = 7 * t, v = (rank + n - 1) % n * 1000 + t;
      return op == "add.u32"   ? old + v
             : op == "xor.b32" ? old ^ v
             : op == "max.s32" ? std::max(old, v)
             : old >= v        ? 0
                               : old + 1;
    });
  }
}

TEST(RemoteCopy, DestinationAndBarrierAreInOneCta) {
  std::string e = errorOf(
      initBar("1") + "  mapa.shared::cluster.u32 %x2, %s, %peer;\n"
                     "  @%lead cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::"
                     "bytes [%x2+512], [%s], 256, [%bar];\n");
  EXPECT_HAS(e, "the destination is in the CTA of rank 1, the mbarrier in that of rank 0");
}

TEST(StAsync, AllTypesAndVectors) {
  struct Case {
    std::string type, value;
    uint32_t bytes;
  };
  for (const Case &c :
       {Case{"b32", "%x6", 4}, Case{"s32", "%x6", 4}, Case{"u32", "%x6", 4}, Case{"f32", "%x6", 4},
        Case{"b64", "%y4", 8}, Case{"f64", "%f1", 8}, Case{"v2.b32", "{%x6, %x7}", 8},
        Case{"v4.u32", "{%x6, %x7, %x8, %x9}", 16}, Case{"v2.s64", "{%y4, %y5}", 16}}) {
    uint32_t total = c.bytes * 4;
    std::string code =
        initBar("1") + "  @%first mbarrier.arrive.expect_tx.shared::cta.b64 _, [%bar], " +
        std::to_string(total) +
        ";\n  add.u32 %x6, %t, 11;\n  add.u32 %x7, %t, 22;\n  add.u32 %x8, %t, 33;\n"
        "  add.u32 %x9, %t, 44;\n  mov.b64 %y4, {%x6, %x7};\n  mov.b64 %y5, {%x8, %x9};\n"
        "  mov.b64 %f1, %y4;\n" +
        meet +
        "  mapa.shared::cluster.u32 %x2, %s, %peer;\n"
        "  mapa.shared::cluster.u32 %x3, %bar, %peer;\n  mad.lo.u32 %x4, %t, " +
        std::to_string(c.bytes) +
        ", %x2;\n  setp.lt.u32 %p1, %t, 4;\n"
        "  @%p1 st.async.weak.shared::cluster.mbarrier::complete_tx::bytes." +
        c.type + " [%x4], " + c.value + ", [%x3];\n" + waitFor("0") +
        "  mad.lo.u32 %x5, %t, 4, %s;\n  ld.shared.b32 %d, [%x5];\n";
    everyShape(code, 32, [&](uint32_t, uint32_t, uint32_t, uint32_t t) {
      uint32_t word = t % (c.bytes / 4), lane = t * 4 / c.bytes;
      return t * 4 < total ? (word + 1) * 11 + lane : 0;
    });
  }
}

TEST(StAsync, NothingArrivesBeforeTheWait) {
  everyShape(
      initBar("1") +
          "  fence.acquire.sync_restrict::shared::cluster.cluster;\n  "
          "fence.release.sync_restrict::shared::cta.cluster;\n  "
          "fence.proxy.async::generic.acquire.sync_restrict::shared::cluster.cluster;\n" +
          "  @%first mbarrier.arrive.expect_tx.shared::cta.b64 _, [%bar], 4;\n" + meet +
          "  cvt.u64.u32 %y1, %s;\n  cvta.shared.u64 %y1, %y1;\n  mapa.u64 %y2, %y1, %peer;\n"
          "  cvt.u64.u32 %y3, %bar;\n  cvta.shared.u64 %y3, %y3;\n"
          "  mapa.u64 %y4, %y3, %peer;\n"
          "  @%first st.async.mbarrier::complete_tx::bytes.b32 [%y2], 5, [%y4];\n" +
          meet + "  ld.shared.b32 %x6, [%s];\n" + waitFor("0") +
          "  ld.shared.b32 %x7, [%s];\n  mad.lo.u32 %d, %x6, 10, %x7;\n",
      32, [](uint32_t, uint32_t, uint32_t, uint32_t) { return 5u; }, /*meetAtEnd=*/true,
      Check::None); // it reads too early on purpose
}

TEST(StAsync, ReachesAWaiterWhoseSenderSpins) {
  // Rank 0 waits for a store that comes late; its sender then spins until rank 0 answers.
  everyShape(
      initBar("1") +
          "  mapa.shared::cluster.u32 %x2, %s, 0;\n  mapa.shared::cluster.u32 %x3, %bar, 0;\n"
          "  setp.gt.u32 %p1, %rank, 1;\n  @%p1 bra END;\n  setp.eq.u32 %p1, %rank, 1;\n"
          "  @%p1 bra SEND;\n"
          "  @%first mbarrier.arrive.expect_tx.shared::cta.b64 _, [%bar], 4;\n" +
          waitFor("0") +
          "  mapa.shared::cluster.u32 %x4, %s, 1;\n  ld.shared.b32 %d, [%s];\n"
          "  @%first st.release.cluster.shared::cluster.b32 [%x4+64], 1;\n  bra END;\n"
          "SEND:\n  mov.u32 %x5, 0;\nSLOW:\n  add.u32 %x5, %x5, 1;\n"
          "  setp.lt.u32 %p2, %x5, 9000;\n  @%p2 bra SLOW;\n"
          "  @%first st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%x2], 42, "
          "[%x3];\nSPIN:\n  ld.acquire.cluster.shared::cta.b32 %x6, [%s+64];\n"
          "  setp.eq.u32 %p3, %x6, 0;\n  @%p3 bra SPIN;\n",
      32, [](uint32_t, uint32_t rank, uint32_t, uint32_t) { return rank ? 0u : 42u; });
}
TEST(RedAsync, CombinesInTheOtherCta) {
  auto reference = [](const std::string &op, uint32_t old, uint32_t v) -> uint32_t {
    if (op == "and.b32")
      return old & v;
    if (op == "or.b32")
      return old | v;
    if (op == "xor.b32")
      return old ^ v;
    if (op == "min.u32")
      return std::min(old, v);
    if (op == "max.u32")
      return std::max(old, v);
    if (op == "min.s32")
      return uint32_t(std::min(int32_t(old), int32_t(v)));
    if (op == "max.s32")
      return uint32_t(std::max(int32_t(old), int32_t(v)));
    if (op == "inc.u32")
      return old >= v ? 0 : old + 1;
    if (op == "dec.u32")
      return old == 0 || old > v ? v : old - 1;
    return old + v;
  };
  for (std::string op : {"and.b32", "or.b32", "xor.b32", "add.u32", "add.s32", "add.u64", "min.u32",
                         "max.u32", "min.s32", "max.s32", "inc.u32", "dec.u32"}) {
    bool wide = op == "add.u64";
    // Each thread of each CTA adds to the word of its number (of a pair, in the wide case).
    std::string code =
        initBar("1") + "  @%first mbarrier.arrive.expect_tx.shared::cta.b64 _, [%bar], " +
        (wide ? "256" : "128") + ";\n  mad.lo.u32 %x0, %t, " + (wide ? "8" : "4") +
        ", %s;\n  mul.lo.u32 %x1, %t, 0x9e3779b9;\n  mov.b64 %y4, {%x1, %rank};\n"
        "  not.b32 %x5, %t;\n  mov.b64 %y5, {%x5, %t};\n  @%p5 bra END;\n  st.shared." +
        (wide ? "b64 [%x0], %y5" : "b32 [%x0], %x5") + ";\n" + meet +
        "  mapa.shared::cluster.u32 %x2, %x0, %peer;\n"
        "  mapa.shared::cluster.u32 %x3, %bar, %peer;\n"
        "  red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes." +
        op + " [%x2], " + (wide ? "%y4" : "%x1") + ", [%x3];\n" + waitFor("0") +
        (wide ? "  ld.shared.v2.b32 {%x6, %x7}, [%x0];\n  add.u32 %d, %x6, %x7;\n"
              : "  ld.shared.b32 %d, [%x0];\n");
    // %p5 is never set: the branch only keeps the assembler from moving code.
    code = "  setp.eq.u32 %p5, %n, 99;\n" + code;
    everyShape(code, 32, [&](uint32_t, uint32_t rank, uint32_t n, uint32_t t) {
      uint32_t v = t * 0x9e3779b9u, old = ~t;
      if (!wide)
        return reference(op, old, v);
      uint64_t from = (rank + n - 1) % n;
      uint64_t sum = (uint64_t(t) << 32 | old) + (from << 32 | v);
      return uint32_t(sum) + uint32_t(sum >> 32);
    });
  }
}
