//===- RaceTest.cpp - races between threads of a CTA ----------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/RaceTest.h"

using namespace vmtest;

namespace {
const std::string storeMine = "  st.shared.b32 [%mine], %t; // A\n";
const std::string loadNext = "  ld.shared.b32 %x1, [%next]; // B\n";
const std::string keep = "  st.global.b32 [%global], %x1;\n";
const std::string meetHere = "  bar.sync 0;\n";
} // namespace

TEST(Race, ABarrierOrdersWarps) {
  // Only the neighbours across warps: thread 31 reads thread 32's word.
  std::string exchange = "  setp.eq.u32 %p0, %lane, 31;\n" + storeMine;
  expectRace(exchange + "  @%p0 ld.shared.b32 %x1, [%next]; // B\n" + keep, "bar.sync");
  expectNoRace(exchange + meetHere + "  @%p0 ld.shared.b32 %x1, [%next];\n" + keep);
}
TEST(Race, ReadersFinishBeforeTheNextWrite) {
  std::string loop =
      "  mov.b32 %x2, 0;\nNEXT:\n  st.shared.b32 [%mine], %x2; // A\n" + meetHere + loadNext;
  std::string back =
      "  add.u32 %x2, %x2, 1;\n  setp.lt.u32 %p0, %x2, 4;\n  @%p0 bra NEXT;\n" + keep;
  expectRace(loop + back, "read of 4 bytes");
  expectNoRace(loop + meetHere + back);
}
TEST(Race, LanesOfAWarpNeedWarpSync) {
  RaceShape warp{1, 32, 1};
  expectRace(storeMine + loadNext + keep, "bar.warp.sync (__syncwarp)", warp);
  expectNoRace(storeMine + "  bar.warp.sync -1;\n" + loadNext + keep, warp);
  // A shuffle orders nothing.
  expectRace(storeMine + "  shfl.sync.idx.b32 %x3, %t, 0, 31, -1;\n" + loadNext + keep,
             "two lanes of a warp", warp);
}
TEST(Race, WarpSyncOrdersItsLanesOnly) {
  std::string half = "  setp.lt.u32 %p1, %lane, 16;\n" + storeMine +
                     "  @%p1 bra LOW;\n  bar.warp.sync 0xffff0000;\n  bra MEET;\nLOW:\n"
                     "  bar.warp.sync 0x0000ffff;\nMEET:\n";
  RaceShape warp{1, 32, 1};
  expectRace(half + "  setp.eq.u32 %p2, %lane, 15;\n  @%p2 ld.shared.b32 %x1, [%next]; // B\n" +
                 keep,
             "bar.warp.sync", warp);
  expectNoRace(half +
                   "  setp.ne.u32 %p2, %lane, 15;\n  setp.ne.and.u32 %p2, %lane, 31, %p2;\n"
                   "  @%p2 ld.shared.b32 %x1, [%next];\n" +
                   keep,
               warp);
}
TEST(Race, LanesOfOneStoreMayAgree) {
  RaceShape warp{1, 32, 1};
  expectRace("  st.shared.b32 [%tile], %t; // B\n", "lanes 0 and 1 of one instruction", warp);
  expectNoRace("  st.shared.b32 [%tile], %cta;\n", warp);
  // Equal in the low byte, different in the next.
  expectRace("  shl.b32 %x1, %t, 8;\n  st.shared.b32 [%tile], %x1; // B\n", "byte 1 of shared",
             warp);
  expectRace("  and.b32 %x1, %t, 15;\n  mad.lo.u32 %x2, %x1, 4, %tile;\n"
             "  st.shared.b32 [%x2], %t; // B\n",
             "lanes 0 and 16 of one instruction", warp);
  expectNoRace("  and.b32 %x1, %t, 15;\n  mad.lo.u32 %x2, %x1, 4, %tile;\n"
               "  st.shared.b32 [%x2], %x1;\n",
               warp);
  expectRace("  st.shared.v2.b32 [%tile], {%cta, %t}; // B\n", "byte 4 of shared memory", warp);
}
TEST(Race, BytesAreToldApart) {
  std::string bytes = "  add.u32 %x1, %tile, %t;\n  cvt.u16.u32 %h0, %t;\n"
                      "  st.shared.b8 [%x1], %h0; // A\n";
  expectNoRace(bytes + "  ld.shared.u8 %h1, [%x1];\n");
  expectRace(bytes + "  add.u32 %x1, %x1, 1;\n  ld.shared.u8 %h1, [%x1]; // B\n",
             "read of 1 bytes");
  // Two threads of different warps in one word, at even and odd halves.
  expectNoRace("  mad.lo.u32 %x1, %lane, 4, %tile;\n  mad.lo.u32 %x1, %warp, 2, %x1;\n"
               "  cvt.u16.u32 %h0, %t;\n  st.shared.b16 [%x1], %h0;\n");
  expectRace("  mad.lo.u32 %x1, %lane, 4, %tile;\n  mad.lo.u32 %x1, %warp, 1, %x1;\n"
             "  cvt.u16.u32 %h0, %t;\n  st.shared.b8 [%x1], %h0;\n  bar.sync 0;\n"
             "  add.u32 %x1, %x1, %warp;\n  sub.u32 %x1, %x1, %warp;\n"
             "  st.shared.b8 [%x1], %h0; // A\n  setp.eq.u32 %p1, %warp, 0;\n"
             "  @%p1 ld.shared.u8 %h1, [%x1+1]; // B\n",
             "two warps");
}
TEST(Race, ReadersAreAllRemembered) {
  // Sixteen warps read one word, then one of them, the first, writes it.
  std::string read = "  ld.shared.b32 %x1, [%tile]; // A\n";
  std::string write = "  @%first st.shared.b32 [%tile], %t; // B\n";
  RaceShape many{1, 512, 1};
  expectRace(read + write, "write of 4 bytes", many);
  expectNoRace(read + meetHere + write, many);
  // Another warp of them, after the rest has met.
  expectRace(read + "  setp.eq.u32 %p1, %warp, 9;\n  @%p1 bra LATE;\n  bar.sync 1, 480;\n" + write +
                 "LATE:\n",
             "bar.sync", many);
}
TEST(Race, NamedBarriersOrderThoseWhoMeet) {
  // Warp 0 produces and arrives, warp 1 waits and consumes.
  auto pipe = [](const std::string &before, const std::string &after) {
    return "  setp.eq.u32 %p1, %warp, 1;\n  @%p1 bra CONSUME;\n"
           "  st.shared.b32 [%mine], %t; // A\n" +
           before + "  bra END;\nCONSUME:\n" + after +
           "  ld.shared.b32 %x1, [%mine+-128]; // B\n  st.global.b32 [%global], %x1;\nEND:\n";
  };
  expectNoRace(pipe("  bar.arrive 1, 64;\n", "  bar.sync 1, 64;\n"));
  expectRace(pipe("  bar.arrive 1, 64;\n", "  bar.sync 2, 32;\n"), "two warps");
  // Who only arrives learns nothing.
  expectRace("  setp.eq.u32 %p1, %warp, 1;\n  @%p1 bra OTHER;\n"
             "  st.shared.b32 [%mine], %t; // A\n  bar.sync 1, 64;\n  bra END;\nOTHER:\n"
             "  bar.arrive 1, 64;\n  ld.shared.b32 %x1, [%mine+-128]; // B\n"
             "  st.global.b32 [%global], %x1;\nEND:\n",
             "bar.sync");
}
TEST(Race, ThreadsThatHaveExitedAreNotOrdered) {
  std::string leave = storeMine + "  setp.eq.u32 %p1, %t, 63;\n  @%p1 bra END;\n" + meetHere;
  expectRace(leave + "  @%first ld.shared.b32 %x1, [tile+252]; // B\nEND:\n", "bar.sync");
  expectNoRace(leave + "  @%first ld.shared.b32 %x1, [tile+248];\nEND:\n");
}
TEST(Race, AtomicsDontRaceWithEachOther) {
  std::string add = "  atom.shared.add.u32 %x1, [%tile], 1; // A\n";
  expectNoRace(add + "  red.shared.add.u32 [%tile], 2;\n" + meetHere +
               "  ld.shared.b32 %x2, [%tile];\n");
  expectRace(add + "  setp.eq.u32 %p1, %warp, 1;\n  @%p1 ld.shared.b32 %x2, [%tile]; // B\n",
             "atomic operation on 4 bytes");
  // The plain initialisation before them races, too, with the threads that it isn't ordered with.
  expectRace("  @%first st.shared.b32 [%tile], 0; // B\n" + add, "atomic operation on 4 bytes");
  expectNoRace("  @%first st.shared.b32 [%tile], 0;\n" + meetHere + add);
}
TEST(Race, VolatileAccessesAreStrong) {
  std::string store = "  @%first st.volatile.shared.b32 [%tile], 1; // A\n";
  expectNoRace(store + "  ld.volatile.shared.b32 %x1, [%tile];\n");
  expectRace(store + "  setp.ne.u32 %p1, %t, 0;\n  @%p1 ld.shared.b32 %x1, [%tile]; // B\n",
             "strong write of 4 bytes");
}
TEST(Race, FlagsPassDataBetweenWarps) {
  auto pass = [](const std::string &release, const std::string &acquire) {
    return "  setp.eq.u32 %p1, %t, 32;\n  @%p1 bra TAKE;\n  @!%first bra END;\n"
           "  st.shared.b32 [tile+64], 7; // A\n" +
           release + "  bra END;\nTAKE:\nWAIT:\n" + acquire +
           "  setp.eq.u32 %p2, %x1, 0;\n  @%p2 bra WAIT;\n"
           "  ld.shared.b32 %x2, [tile+64]; // B\nEND:\n";
  };
  std::string acquire = "  ld.acquire.cta.shared.b32 %x1, [tile];\n";
  std::string relaxed = "  ld.relaxed.cta.shared.b32 %x1, [tile];\n";
  expectNoRace(pass("  st.release.cta.shared.b32 [tile], 1;\n", acquire));
  expectNoRace(pass("  atom.release.cta.shared.add.u32 %x3, [tile], 1;\n",
                    "  atom.acquire.cta.shared.or.b32 %x1, [tile], 0;\n"));
  expectNoRace(pass("  fence.acq_rel.cta;\n  st.relaxed.cta.shared.b32 [tile], 1;\n", acquire));
  expectNoRace(pass("  membar.cta;\n  st.volatile.shared.b32 [tile], 1;\n",
                    relaxed + "  fence.acq_rel.cta;\n"));
  expectRace(pass("  st.relaxed.cta.shared.b32 [tile], 1;\n", acquire), "two warps");
  expectRace(pass("  st.release.cta.shared.b32 [tile], 1;\n", relaxed), "two warps");
  // A fence before the data covers nothing.
  expectRace("  setp.eq.u32 %p1, %t, 32;\n  @%p1 bra TAKE;\n  @!%first bra END;\n"
             "  fence.acq_rel.cta;\n  st.shared.b32 [tile+64], 7; // A\n"
             "  st.relaxed.cta.shared.b32 [tile], 1;\n  bra END;\nTAKE:\nWAIT:\n" +
                 acquire +
                 "  setp.eq.u32 %p2, %x1, 0;\n  @%p2 bra WAIT;\n"
                 "  ld.shared.b32 %x2, [tile+64]; // B\nEND:\n",
             "two warps");
}
TEST(Race, GlobalMemoryIsWatchedAsWell) {
  std::string store = "  st.global.b32 [%global], %t; // A\n";
  std::string load = "  xor.b32 %x1, %t, 32;\n  mad.wide.u32 %rd0, %x1, 4, %out;\n"
                     "  ld.global.b32 %x2, [%rd0]; // B\n";
  expectRace(store + load, "of 'out' (16384 bytes)");
  expectNoRace(store + meetHere + load);
}
TEST(Race, AFindingSaysWhoAndWhereOnce) {
  std::string ptx = raceProgram("  setp.eq.u32 %p0, %lane, 31;\n" + storeMine +
                                "  @%p0 ld.shared.b32 %x1, [%next]; // B\n");
  std::vector<Finding> findings = racesOf(ptx, {}, 0, 1);
  ASSERT_EQ(findings.size(), 2u);
  const Finding &f = findings[0]; // thread 31 reads before thread 32 writes
  EXPECT_EQ(f.buffer, "tile");
  EXPECT_EQ(f.index, 128u);
  EXPECT_EQ(f.accesses[0].what, "write of 4 bytes");
  EXPECT_EQ(f.accesses[1].what, "read of 4 bytes");
  EXPECT_EQ(f.accesses[0].tid, (std::array<uint32_t, 3>{32, 0, 0}));
  EXPECT_EQ(f.accesses[1].tid, (std::array<uint32_t, 3>{31, 0, 0}));
  EXPECT_EQ(f.occurrences, 1u);
  expectText(f,
             "race in kernel 'k', program id (0,0,0), thread (32,0,0): byte 128 of shared memory");
  // The same pair of instructions in four CTAs.
  findings = racesOf(ptx, {4, 64, 1}, 0, 2);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].occurrences, 4u);
}
