//===- RaceAsyncTest.cpp - races of asynchronous operations, between CTAs -===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/RaceTest.h"

using namespace vmtest;

namespace {
const std::string meetHere = "  bar.sync 0;\n";
const std::string copy = "  mad.wide.u32 %rd0, %t, 4, %in;\n"
                         "  cp.async.ca.shared.global [%mine], [%rd0], 4; // A\n";
const std::string initBar = "  @%first mbarrier.init.shared::cta.b64 [%bar], 1;\n"
                            "  fence.mbarrier_init.release.cluster;\n  bar.sync 0;\n";
std::string waitBar(const std::string &guard = "", const std::string &label = "WAITBAR") {
  return guard + label +
         ":\n  mbarrier.try_wait.parity.shared::cta.b64 %p7, [%bar], 0;\n  @!%p7 bra " + label +
         ";\n";
}
const std::string bulkLoad =
    "  @%first mbarrier.arrive.expect_tx.shared::cta.b64 _, [%bar], 256;\n"
    "  @%first cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%tile], [%in], "
    "256, [%bar]; // A\n";
const std::string bulkStore =
    "  @%first cp.async.bulk.global.shared::cta.bulk_group [%out], [%tile], "
    "256; // A\n  @%first cp.async.bulk.commit_group;\n";
} // namespace

TEST(RaceAsync, CopiesAreWaitedFor) {
  std::string load = "  ld.shared.b32 %x1, [%mine]; // B\n";
  std::string wait = "  cp.async.commit_group;\n  cp.async.wait_group 0;\n";
  expectRace(copy + load, "asynchronous write (cp.async) of 4 bytes");
  expectRace(copy + load, "cp.async.wait_group");
  expectNoRace(copy + wait + load);
  expectNoRace(copy + "  cp.async.wait_all;\n" + load);
  // One group may be pending: it is this one.
  expectRace(copy + "  cp.async.commit_group;\n  cp.async.wait_group 1;\n" + load, "cp.async");
}
TEST(RaceAsync, WaitingIsForOneThread) {
  std::string wait = "  cp.async.wait_all;\n";
  std::string load = "  ld.shared.b32 %x1, [%next]; // B\n";
  expectRace(copy + wait + load, "asynchronous write (cp.async) of 4 bytes");
  expectNoRace(copy + wait + meetHere + load);
  expectRace(copy + meetHere + wait + load, "asynchronous write (cp.async) of 4 bytes");
}
TEST(RaceAsync, SourcesOfCopiesAreInUse) {
  std::string overwrite = "  st.global.b32 [%rd0], %t; // B\n";
  expectRace(copy + overwrite, "asynchronous read (cp.async) of 4 bytes");
  expectNoRace(copy + "  cp.async.wait_all;\n" + overwrite);
}
TEST(RaceAsync, TwoCopiesToOnePlace) {
  expectRace("  mad.wide.u32 %rd0, %t, 4, %in;\n"
             "  cp.async.ca.shared.global [%tile], [%rd0], 4; // B\n  cp.async.wait_all;\n",
             "asynchronous write (cp.async) of 4 bytes", {1, 32, 1});
  expectNoRace("  cp.async.ca.shared.global [%tile], [%in], 4;\n  cp.async.wait_all;\n",
               {1, 32, 1});
}
TEST(RaceAsync, CopiesArriveAtMbarriers) {
  std::string init = "  @%first mbarrier.init.shared::cta.b64 [%bar], 64;\n  bar.sync 0;\n";
  std::string arrive = "  cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%bar];\n";
  std::string load = "  ld.shared.b32 %x1, [%next]; // B\n";
  expectNoRace(init + copy + arrive + waitBar() + load);
  expectRace(init + copy + arrive + load, "cp.async");
}
TEST(RaceAsync, MbarriersPassData) {
  std::string init = "  @%first mbarrier.init.shared::cta.b64 [%bar], 64;\n  bar.sync 0;\n";
  std::string store = "  st.shared.b32 [%mine], %t; // A\n";
  std::string load = "  xor.b32 %x1, %mine, 128;\n  ld.shared.b32 %x1, [%x1]; // B\n";
  expectNoRace(init + store + "  mbarrier.arrive.shared::cta.b64 _, [%bar];\n" + waitBar() + load);
  expectRace(init + store + "  mbarrier.arrive.relaxed.cluster.shared::cta.b64 _, [%bar];\n" +
                 waitBar() + load,
             "two warps");
  expectRace(init + "  mbarrier.arrive.shared::cta.b64 _, [%bar];\n" + store + waitBar() + load,
             "two warps");
  // The phase is over, but this thread didn't wait for it.
  expectRace(init + store + "  mbarrier.arrive.shared::cta.b64 _, [%bar];\n" + load, "two warps");
}
TEST(RaceAsync, MbarriersAreInitialisedBeforeUse) {
  std::string init = "  @%first mbarrier.init.shared::cta.b64 [%bar], 32; // A\n";
  std::string use = "  setp.eq.u32 %p1, %warp, 1;\n"
                    "  @%p1 mbarrier.arrive.shared::cta.b64 _, [%bar]; // B\n";
  // A barrier that doesn't order them holds warp 1 back, so that there is an object.
  std::string order = "  setp.eq.u32 %p2, %warp, 0;\n  @%p2 st.volatile.shared.b32 [tile+64], 1;\n"
                      "SPIN:\n  ld.volatile.shared.b32 %x1, [tile+64];\n"
                      "  setp.eq.u32 %p3, %x1, 0;\n  @%p3 bra SPIN;\n";
  expectRace(init + order + use, "initialisation of an mbarrier");
  expectNoRace(init + meetHere + use);
}
TEST(RaceAsync, BulkLoadsAreWaitedForByEachThread) {
  std::string load = "  ld.shared.b32 %x1, [%mine]; // B\n";
  expectNoRace(initBar + bulkLoad + waitBar() + load);
  expectRace(initBar + bulkLoad + load, "asynchronous write (cp.async.bulk)");
  // Only the first thread waits.
  std::string one = "  @!%first bra SKIP;\n" + waitBar() + "SKIP:\n";
  expectRace(initBar + bulkLoad + one + load, "mbarrier.try_wait");
  expectNoRace(initBar + bulkLoad + one + meetHere + load);
}
TEST(RaceAsync, BulkLoadsMayOverwriteWhatWasRead) {
  // Consumers read, arrive at the mbarrier, and the producer's copy overwrites: no proxy fence.
  std::string read = "  ld.shared.b32 %x1, [%mine]; // B\n";
  std::string init = "  @%first mbarrier.init.shared::cta.b64 [%bar], 1;\n"
                     "  fence.mbarrier_init.release.cluster;\n";
  expectNoRace(init + read + meetHere + bulkLoad + waitBar());
  expectRace(init + meetHere + read + bulkLoad + waitBar(), "read of 4 bytes");
}
TEST(RaceAsync, OrdinaryWritesNeedAProxyFence) {
  std::string store = "  st.shared.b32 [%mine], %t; // B\n";
  std::string fence = "  fence.proxy.async.shared::cta;\n";
  std::string wait = "  @%first cp.async.bulk.wait_group 0;\n";
  expectNoRace(store + fence + meetHere + bulkStore + wait);
  expectNoRace(store + meetHere + fence + bulkStore + wait);
  expectNoRace(store + "  fence.proxy.async;\n" + meetHere + bulkStore + wait);
  expectRace(store + meetHere + bulkStore + wait, "remedy: fence.proxy.async.shared::cta");
  expectRace(store + "  fence.proxy.async.global;\n" + meetHere + bulkStore + wait,
             "fence.proxy.async");
  expectRace(fence + store + meetHere + bulkStore + wait, "fence.proxy.async");
  expectRace(store + fence + bulkStore + wait, "bar.warp.sync", {1, 32, 1});
}
TEST(RaceAsync, BulkStoresReadAndWriteUntilTheirWait) {
  std::string prepare =
      "  st.shared.b32 [%mine], %t;\n  fence.proxy.async.shared::cta;\n" + meetHere;
  std::string reuse = meetHere + "  st.shared.b32 [%mine], %cta; // B\n";
  std::string readBack = meetHere + "  ld.global.b32 %x1, [%global]; // B\n";
  std::string read = "  @%first cp.async.bulk.wait_group.read 0;\n";
  std::string full = "  @%first cp.async.bulk.wait_group 0;\n";
  expectRace(prepare + bulkStore + reuse, "asynchronous read (cp.async.bulk)");
  expectNoRace(prepare + bulkStore + read + reuse);
  expectRace(prepare + bulkStore + read + readBack, "asynchronous write (cp.async.bulk)");
  expectNoRace(prepare + bulkStore + full + readBack);
  expectNoRace(prepare + bulkStore + read + full + readBack);
}
TEST(RaceAsync, BulkReductionsAreAtomic) {
  std::string reduce = "  st.shared.b32 [%mine], %t;\n  fence.proxy.async.shared::cta;\n" +
                       meetHere +
                       "  @%first cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 "
                       "[%out], [%tile], 256; // A\n  @%first cp.async.bulk.commit_group;\n"
                       "  @%first cp.async.bulk.wait_group 0;\n";
  expectNoRace(reduce, {4, 64, 1});
  expectRace(reduce + "  setp.eq.u32 %p1, %cta, 1;\n  @%p1 st.global.b32 [%global], 0; // B\n",
             "cp.reduce.async.bulk", {2, 32, 1});
}

// Between CTAs.

TEST(RaceCtas, CtasWritePlacesOfTheirOwn) {
  std::string own = "  mad.lo.u32 %x1, %cta, 64, %t;\n  mad.wide.u32 %rd0, %x1, 4, %out;\n";
  expectNoRace(own + "  st.global.b32 [%rd0], %t;\n", {4, 64, 1});
  // Even the same value: two instructions of two CTAs.
  expectRace("  st.global.b32 [%global], %t; // B\n", "two CTAs", {2, 64, 1});
  // Bytes of one word.
  expectNoRace(
      "  mad.lo.u32 %x1, %t, 4, %cta;\n  cvt.u64.u32 %rd0, %x1;\n  add.u64 %rd0, %rd0, %out;\n"
      "  cvt.u16.u32 %h0, %t;\n  st.global.b8 [%rd0], %h0;\n",
      {4, 64, 1});
}
TEST(RaceCtas, AtomicsOfGpuScopeDontRace) {
  expectNoRace(
      "  red.global.add.u32 [%out], 1;\n  atom.relaxed.gpu.global.add.u32 %x1, [%out], 1;\n",
      {4, 64, 1});
  expectRace("  red.relaxed.cta.global.add.u32 [%out], 1; // B\n", ".gpu scope on both",
             {2, 32, 1});
  expectRace("  red.global.add.u32 [%out], 1; // A\n  setp.eq.u32 %p1, %cta, 1;\n"
             "  @%p1 ld.global.b32 %x1, [%out]; // B\n",
             "one of the accesses is atomic or strong", {2, 1, 1});
}

namespace {
/// CTA 0 writes out[64 + t] and raises the flag out[0]; CTA 1 waits for the flag and reads.
std::string passing(const std::string &release, const std::string &acquire) {
  return "  setp.eq.u32 %p1, %cta, 1;\n  @%p1 bra TAKE;\n"
         "  st.global.b32 [%global+256], %t; // A\n  bar.sync 0;\n  @!%first bra END;\n" +
         release + "  bra END;\nTAKE:\n  @!%first bra MEET;\nWAIT:\n" + acquire +
         "  setp.eq.u32 %p2, %x1, 0;\n  @%p2 bra WAIT;\nMEET:\n  bar.sync 0;\n"
         "  ld.global.b32 %x2, [%global+256]; // B\nEND:\n";
}
} // namespace

TEST(RaceCtas, FlagsCarryWhatTheWholeCtaDid) {
  RaceShape two{2, 64, 1};
  std::string acquire = "  ld.acquire.gpu.global.b32 %x1, [%out];\n";
  std::string relaxed = "  ld.relaxed.gpu.global.b32 %x1, [%out];\n";
  expectNoRace(passing("  st.release.gpu.global.b32 [%out], 1;\n", acquire), two);
  expectNoRace(passing("  fence.acq_rel.gpu;\n  atom.global.add.u32 %x3, [%out], 1;\n",
                       relaxed + "  fence.acq_rel.gpu;\n"),
               two);
  expectNoRace(passing("  membar.gl;\n  st.volatile.global.b32 [%out], 1;\n",
                       "  ld.volatile.global.b32 %x1, [%out];\n  membar.gl;\n"),
               two);
  // No fence on either side, and a scope that is too narrow.
  expectRace(passing("  atom.global.add.u32 %x3, [%out], 1;\n", acquire), "release and acquire",
             two);
  expectRace(passing("  st.release.gpu.global.b32 [%out], 1;\n", relaxed), "two CTAs", two);
  expectRace(passing("  fence.acq_rel.cta;\n  atom.global.add.u32 %x3, [%out], 1;\n", acquire),
             "two CTAs", two);
}
TEST(RaceCtas, ReadModifyWritesCarryReleasesOn) {
  // CTA 0 and 1 each write and count; the last of three to arrive, whoever it is, reads all.
  std::string count = "  mad.lo.u32 %x1, %cta, 64, %t;\n  mad.wide.u32 %rd0, %x1, 4, %out;\n"
                      "  st.global.b32 [%rd0+256], %t; // A\n  bar.sync 0;\n"
                      "  @!%first bra MEET;\n";
  std::string last =
      "  st.shared.b32 [tile], %x2;\nMEET:\n  bar.sync 0;\n  ld.shared.b32 %x3, [tile];\n"
      "  setp.ne.u32 %p1, %x3, 2;\n  @%p1 bra END;\n"
      "  ld.global.b32 %x4, [%global+256]; // B\n"
      "  ld.global.b32 %x5, [%global+512];\n  ld.global.b32 %x6, [%global+768];\nEND:\n";
  expectNoRace(count + "  atom.acq_rel.gpu.global.add.u32 %x2, [%in], 1;\n" + last, {3, 64, 1});
  expectNoRace(count +
                   "  fence.acq_rel.gpu;\n  atom.global.add.u32 %x2, [%in], 1;\n"
                   "  fence.acq_rel.gpu;\n" +
                   last,
               {3, 64, 1});
}
TEST(RaceCtas, ManyCtasShareOneCounter) {
  auto reduce = [](const std::string &count) {
    return "  mad.lo.u32 %x1, %cta, 32, %t;\n  mad.wide.u32 %rd0, %x1, 4, %out;\n"
           "  st.global.b32 [%rd0+256], %t; // A\n  bar.sync 0;\n  @!%first bra END;\n" +
           count +
           "  setp.ne.u32 %p1, %x2, 99;\n  @%p1 bra END;\n  mov.b32 %x3, 0;\nNEXT:\n"
           "  mad.wide.u32 %rd1, %x3, 4, %out;\n  ld.global.b32 %x4, [%rd1+256]; // B\n"
           "  add.u32 %x3, %x3, 1;\n  setp.lt.u32 %p2, %x3, 3200;\n  @%p2 bra NEXT;\nEND:\n";
  };
  RaceShape hundred{100, 32, 1};
  expectNoRace(reduce("  atom.acq_rel.gpu.global.add.u32 %x2, [%in], 1;\n"), hundred);
  expectRace(reduce("  atom.acquire.gpu.global.add.u32 %x2, [%in], 1;\n"), "two CTAs", hundred);
}
TEST(RaceCtas, LaunchesAreOrdered) {
  // Each launch is a race's half; together they are none.
  for (int round = 0; round < 2; ++round)
    expectNoRace(round ? "  ld.global.b32 %x1, [%global];\n" : "  st.global.b32 [%global], %t;\n",
                 {1, 64, 1});
}
TEST(RaceCtas, ClustersMeetAtTheirBarrier) {
  RaceShape cluster{2, 32, 2};
  std::string remote = "  mov.u32 %x1, %cluster_ctarank;\n  xor.b32 %x2, %x1, 1;\n"
                       "  mapa.shared::cluster.u32 %x3, %mine, %x2;\n";
  std::string meet = "  barrier.cluster.arrive.aligned;\n  barrier.cluster.wait.aligned;\n";
  std::string store = "  st.shared::cluster.b32 [%x3], %t; // A\n";
  std::string load = "  ld.shared.b32 %x4, [%mine]; // B\n";
  expectNoRace(remote + meet + store + meet + load, cluster);
  expectRace(remote + meet + store + load + meet, "barrier.cluster.arrive", cluster);
  expectRace(remote + meet + store +
                 "  barrier.cluster.arrive.relaxed.aligned;\n  barrier.cluster.wait.aligned;\n" +
                 load + meet,
             "barrier.cluster", cluster);
  expectNoRace(remote + meet + store +
                   "  fence.acq_rel.cluster;\n  barrier.cluster.arrive.relaxed.aligned;\n"
                   "  barrier.cluster.wait.aligned;\n" +
                   load + meet,
               cluster);
}
TEST(RaceCtas, RemoteStoresArriveAtTheMbarrier) {
  RaceShape cluster{2, 32, 2};
  std::string prepare =
      "  mov.u32 %x1, %cluster_ctarank;\n  xor.b32 %x2, %x1, 1;\n"
      "  mapa.shared::cluster.u32 %x3, %mine, %x2;\n"
      "  mapa.shared::cluster.u32 %x4, %bar, %x2;\n"
      "  @%first mbarrier.init.shared::cta.b64 [%bar], 1;\n"
      "  @%first mbarrier.arrive.expect_tx.shared::cta.b64 _, [%bar], 128;\n"
      "  fence.mbarrier_init.release.cluster;\n"
      "  barrier.cluster.arrive.aligned;\n  barrier.cluster.wait.aligned;\n"
      "  st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.b32 [%x3], %t, "
      "[%x4]; // A\n";
  std::string load = "  ld.shared.b32 %x5, [%mine]; // B\n";
  std::string meet = "  barrier.cluster.arrive.aligned;\n  barrier.cluster.wait.aligned;\n";
  expectNoRace(prepare + waitBar() + load + meet, cluster);
  // Without the wait who reads early finds it pending, who reads late finds it not waited for; and
  // a barrier of the cluster doesn't complete it.
  expectRace(prepare + meet + load + waitBar() + meet, "mbarrier.try_wait", cluster);
}
