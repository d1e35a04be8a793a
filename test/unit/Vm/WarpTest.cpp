//===- WarpTest.cpp - shfl, vote, match, redux, elect ---------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {
/// Runs `code` in 64 threads: %a holds 100 + tid, %t the lane, %d is stored.
std::vector<uint32_t> warp(const std::string &code, uint32_t threads = 64,
                           std::string *error = nullptr) {
  std::string text = moduleHeader() +
                     ".visible .entry k(.param .u64 out) {\n  .reg .pred %p<4>;\n  .reg .b32 %a, "
                     "%d, %t, %x<8>;\n  .reg .b64 %rd<4>, %y<4>;\n"
                     "  mov.u32 %a, %tid.x;\n  ld.param.u64 %rd0, [out];\n  mad.wide.u32 %rd1, %a, "
                     "4, %rd0;\n  add.u32 %a, %a, 100;\n  mov.u32 %t, %laneid;\n" +
                     code + "\n  st.global.u32 [%rd1], %d;\n  ret;\n}\n";
  std::vector<uint32_t> out(threads);
  std::vector<uint32_t> first;
  std::string before = hostIsaName().str();
  for (const std::string &isa : hostIsas()) {
    setHostIsa(isa);
    Grid grid(text);
    std::string e = grid.buffer(out).go(1, threads);
    if (error)
      *error = e;
    else
      EXPECT_EQ(e, "") << code;
    if (first.empty())
      first = out;
    EXPECT_EQ(out, first) << isa;
  }
  setHostIsa(before);
  return first;
}
} // namespace

TEST(Warp, ShuffleModesAndSegments) {
  for (std::string mode : {"up", "down", "bfly", "idx"})
    for (uint32_t segment : {0u, 16u, 24u, 31u})
      for (uint32_t b : {0u, 1u, 3u, 16u, 31u}) {
        uint32_t clamp = mode == "up" ? 0 : 31;
        uint32_t c = clamp | segment << 8;
        auto d = warp("  shfl.sync." + mode + ".b32 %d|%p0, %a, " + std::to_string(b) + ", " +
                      std::to_string(c) + ", -1;\n  @%p0 add.u32 %d, %d, 1000;");
        for (uint32_t t = 0; t < 64; ++t) {
          int32_t lane = int32_t(t % 32),
                  max = int32_t((uint32_t(lane) & segment) | (clamp & ~segment)),
                  min = lane & int32_t(segment);
          int32_t j = mode == "up"     ? lane - int32_t(b)
                      : mode == "down" ? lane + int32_t(b)
                      : mode == "bfly" ? lane ^ int32_t(b)
                                       : int32_t(uint32_t(min) | (b & ~segment));
          bool ok = mode == "up" ? j >= max : j <= max;
          EXPECT_EQ(d[t], 100 + (t & ~31u) + uint32_t(ok ? j : lane) + (ok ? 1000 : 0))
              << mode << " " << segment << " " << b << " " << t;
        }
      }
}
TEST(Warp, ShuffleByRegistersThatDiffer) {
  auto d = warp("  sub.u32 %x0, 31, %t;\n  shfl.sync.idx.b32 %a, %a, %x0, 31, 0xffffffff;\n  "
                "mov.b32 %d, %a;");
  for (uint32_t t = 0; t < 64; ++t)
    EXPECT_EQ(d[t], 100 + (t & 32) + 31 - t % 32);
}
TEST(Warp, Votes) {
  auto d = warp(
      "  setp.lt.u32 %p0, %t, 5;\n  vote.sync.ballot.b32 %d, %p0, -1;\n  vote.sync.any.pred %p1, "
      "%p0, -1;\n  vote.sync.all.pred %p2, %p0, -1;\n  vote.sync.uni.pred %p3, %p0, -1;\n"
      "  @%p1 or.b32 %d, %d, 256;\n  @%p2 or.b32 %d, %d, 512;\n  @%p3 or.b32 %d, %d, 1024;\n  "
      "setp.gt.u32 %p0, %t, 99;\n  vote.sync.all.pred %p1, !%p0, -1;\n  @%p1 or.b32 %d, %d, 2048;");
  for (uint32_t v : d)
    EXPECT_EQ(v, 31u | 256 | 2048);
}
TEST(Warp, Matches) {
  auto any = warp("  and.b32 %x0, %t, 3;\n  match.any.sync.b32 %d, %x0, -1;");
  for (uint32_t t = 0; t < 64; ++t)
    EXPECT_EQ(any[t], 0x11111111u << (t & 3));
  auto all =
      warp("  mov.u64 %y0, 5;\n  match.all.sync.b64 %d|%p0, %y0, -1;\n  @!%p0 mov.b32 %d, 1;");
  EXPECT_EQ(all[3], 0xffffffffu);
  EXPECT_EQ(warp("  match.all.sync.b32 %d|%p0, %t, -1;\n  selp.b32 %d, 1, %d, %p0;")[3], 0u);
}
TEST(Warp, Reductions) {
  EXPECT_EQ(warp("  redux.sync.add.u32 %d, %t, -1;")[0], 496u);
  EXPECT_EQ(warp("  sub.s32 %x0, 3, %t;\n  redux.sync.min.s32 %d, %x0, -1;")[0], uint32_t(-28));
  EXPECT_EQ(warp("  sub.s32 %x0, 3, %t;\n  redux.sync.max.u32 %d, %x0, -1;")[0], 0xffffffffu);
  EXPECT_EQ(warp("  redux.sync.or.b32 %d, %t, -1;")[0], 31u);
  EXPECT_EQ(warp("  or.b32 %x0, %t, 96;\n  redux.sync.and.b32 %d, %x0, -1;")[0], 96u);
}
TEST(Warp, ElectAndMasksInDivergedCode) {
  auto d = warp("  mov.b32 %d, 0;\n  setp.lt.u32 %p0, %t, 12;\n  @%p0 bra LOW;\n  elect.sync "
                "%x0|%p1, 0xfffff000;\n  redux.sync.add.u32 %d, %t, 0xfffff000;\n  @%p1 add.u32 "
                "%d, %d, 5000;\n  bra JOIN;\nLOW:\n"
                "  redux.sync.add.u32 %d, %t, 0x00000fff;\nJOIN:\n  bar.warp.sync -1;");
  for (uint32_t t = 0; t < 64; ++t)
    EXPECT_EQ(d[t], t % 32 < 12 ? 66u : 430 + (t % 32 == 12 ? 5000 : 0)) << t;
}
TEST(Warp, LanesMeetFromDifferentPaths) {
  // Half of the lanes arrive at the shuffle through a detour; all 32 are named.
  auto d = warp(
      "  and.b32 %x0, %t, 1;\n  setp.eq.u32 %p0, %x0, 1;\n  mov.u32 %x1, 0;\n  @!%p0 bra "
      "AT;\nSLOW:\n  add.u32 %x1, %x1, 1;\n  setp.lt.u32 %p1, %x1, %t;\n  @%p1 bra SLOW;\nAT:\n"
      "  shfl.sync.bfly.b32 %d, %a, 1, 31, -1;");
  for (uint32_t t = 0; t < 64; ++t)
    EXPECT_EQ(d[t], 100 + (t ^ 1));
}
TEST(Warp, MissingLanesAreADeadlockThatNamesThem) {
  std::string e;
  warp("  setp.lt.u32 %p0, %t, 4;\n  @!%p0 bra OTHER;\n  shfl.sync.bfly.b32 %d, %a, 1, 31, "
       "0x0000ff0f;\n  bra END;\nOTHER:\n  bar.sync 1, 64;\nEND:\n",
       32, &e);
  EXPECT_NE(e.find("deadlock in kernel 'k'"), std::string::npos) << e;
  EXPECT_NE(e.find("lanes 0xf: waits for lanes 0xff00"), std::string::npos) << e;
  EXPECT_NE(e.find("waits at barrier 1"), std::string::npos) << e;
}
TEST(Warp, PartialWarps) {
  auto d = warp("  redux.sync.add.u32 %d, %t, -1;\n  activemask.b32 %x0;\n  popc.b32 %x0, %x0;\n  "
                "mad.lo.u32 %d, %x0, 1000, %d;",
                40);
  EXPECT_EQ(d[0], 32496u);
  EXPECT_EQ(d[39], 8028u);
}
