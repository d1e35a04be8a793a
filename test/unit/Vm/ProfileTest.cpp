//===- ProfileTest.cpp - counts compared with counts made by hand ---------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/profile/Banks.h"
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"
#include "llvm/Support/FormatVariadic.h"
#include <numeric>

using namespace vmtest;

namespace {

/// Runs `body` by one warp (or more); %t is the thread, %in points to 64 KiB of global memory.
Profile profileOf(const std::string &body, uint32_t threads = 32, uint32_t ctas = 1,
                  Schedule schedule = Schedule::InOrder) {
  std::string text = newestHeader() +
                     ".visible .entry k(.param .u64 pin) {\n  .reg .pred %p<2>;\n"
                     "  .reg .b32 %t, %s, %v<12>;\n  .reg .b64 %in, %a;\n  .reg .f32 %f<4>;\n"
                     "  .shared .align 128 .b8 buffer[32768];\n  mov.u32 %t, %tid.x;\n"
                     "  ld.param.u64 %in, [pin];\n" +
                     body + "  ret;\n}\n";
  EXPECT_EQ(assemblerErrors(text), "") << text;
  Grid grid(text);
  std::vector<uint8_t> memory(65536 + 64);
  uint8_t *aligned = memory.data() + (-reinterpret_cast<uintptr_t>(memory.data()) & 31);
  grid.address(grid.memory.map(aligned, 65536, "in"));
  grid.config.profile = true;
  grid.config.schedule = schedule;
  EXPECT_EQ(grid.go(ctas, threads), "");
  return grid.report.profile;
}
/// The counts of the only instruction that begins so.
ProfileCounts counts(const Profile &profile, llvm::StringRef opcode) {
  const ProfileCounts *found = nullptr;
  for (const ProfiledInstruction &i : profile.instructions)
    if ((" " + llvm::StringRef(i.text)).str().find((" " + opcode).str()) != std::string::npos) {
      EXPECT_EQ(found, nullptr) << opcode.str() << " is not the only one";
      found = &i.counts;
    }
  EXPECT_NE(found, nullptr) << opcode.str();
  return found ? *found : ProfileCounts();
}
std::string loadGlobal(const std::string &stride, const std::string &form = "b32 %v0") {
  return "  mad.wide.u32 %a, %t, " + stride + ", %in;\n  ld.global." + form + ", [%a];\n";
}
ProfileCounts shared(const std::string &stride, const std::string &form) {
  return counts(profileOf("  mov.u32 %s, buffer;\n  mad.lo.u32 %s, %t, " + stride +
                          ", %s;\n  ld.shared." + form + ", [%s];\n"),
                "ld.shared");
}

} // namespace

TEST(Profile, CoalescedLoadMovesFourSectors) {
  auto c = counts(profileOf(loadGlobal("4")), "ld.global");
  EXPECT_EQ(c.executions, 1u);
  EXPECT_EQ(c.lanes, 32u);
  EXPECT_EQ(c.globalRequests, 1u);
  EXPECT_EQ(c.globalSectors, 4u);
  EXPECT_EQ(c.globalIdealSectors, 4u);
  EXPECT_EQ(c.globalReadBytes, 128u);
  EXPECT_EQ(c.globalWriteBytes, 0u);
}
TEST(Profile, StridedLoadMovesASectorForEachLane) {
  auto p = profileOf(loadGlobal("128"));
  auto c = counts(p, "ld.global");
  EXPECT_EQ(c.globalSectors, 32u);
  EXPECT_EQ(c.globalIdealSectors, 4u);
  EXPECT_EQ(p.footprintBytes, 32u * 32);
}
TEST(Profile, BroadcastMovesOneSector) {
  auto c = counts(profileOf(loadGlobal("0")), "ld.global");
  EXPECT_EQ(c.globalSectors, 1u);
  EXPECT_EQ(c.globalIdealSectors, 1u);
  EXPECT_EQ(c.globalReadBytes, 128u);
}
TEST(Profile, WideLoadMovesSixteenSectors) {
  auto c = counts(profileOf(loadGlobal("16", "v4.b32 {%v0, %v1, %v2, %v3}")), "ld.global");
  EXPECT_EQ(c.globalSectors, 16u);
  EXPECT_EQ(c.globalIdealSectors, 16u);
}
TEST(Profile, MisalignedRunTouchesOneMoreSector) {
  auto c = counts(profileOf("  add.u64 %in, %in, 16;\n" + loadGlobal("4")), "ld.global");
  EXPECT_EQ(c.globalSectors, 5u);
  EXPECT_EQ(c.globalIdealSectors, 4u);
}
TEST(Profile, FootprintCountsEachSectorOnce) {
  auto p = profileOf("  mov.u32 %v1, 0;\nL:\n" + loadGlobal("4") +
                     "  add.u32 %v1, %v1, 1;\n  setp.lt.u32 %p0, %v1, 5;\n  @%p0 bra L;\n");
  EXPECT_EQ(counts(p, "ld.global").globalSectors, 20u);
  EXPECT_EQ(p.footprintBytes, 128u);
}

TEST(Profile, FootprintOfStridedViews) {
  std::vector<uint8_t> memory(1024);
  Grid grid(moduleHeader() +
            ".visible .entry k(.param .u64 in) {\n  .reg .b32 %r<2>;\n  .reg .b64 %rd;\n"
            "  ld.param.u64 %rd, [in];\n  mov.u32 %r0, %tid.x;\n"
            "  mad.wide.u32 %rd, %r0, 32, %rd;\n  ld.global.u32 %r1, [%rd];\n  ret;\n}\n");
  uint8_t *aligned = memory.data() + (-reinterpret_cast<uintptr_t>(memory.data()) & 31);
  uint64_t shape[] = {16};
  int64_t strides[] = {32};
  grid.address(grid.memory.mapStrided(aligned + 12, shape, strides, 4, "in"));
  grid.config.profile = true;
  EXPECT_EQ(grid.go(1, 16), "");
  EXPECT_EQ(grid.report.profile.footprintBytes, 16u * 32);
}

TEST(Profile, WordsOfDifferentBanksDontConflict) {
  auto c = shared("4", "b32 %v0");
  EXPECT_EQ(c.sharedRequests, 1u);
  EXPECT_EQ(c.sharedPasses, 1u);
  EXPECT_EQ(c.bankConflicts(), 0u);
}
TEST(Profile, StrideOfPowersOfTwoConflictsThatManyTimes) {
  for (unsigned ways : {2u, 4u, 8u, 16u, 32u}) {
    auto c = shared(std::to_string(4 * ways), "b32 %v0");
    EXPECT_EQ(c.sharedPasses, ways);
    EXPECT_EQ(c.bankConflicts(), ways - 1);
  }
}
TEST(Profile, OddStridesDontConflict) {
  EXPECT_EQ(shared("132", "b32 %v0").bankConflicts(), 0u); // 33 words
  EXPECT_EQ(shared("12", "b32 %v0").bankConflicts(), 0u);
}
TEST(Profile, BroadcastIsFree) {
  EXPECT_EQ(shared("0", "b32 %v0").sharedPasses, 1u);
  EXPECT_EQ(shared("1", "u8 %v0").sharedPasses, 1u); // four lanes share a word
}
TEST(Profile, WideAccessesAreServedInParts) {
  auto half = shared("8", "v2.b32 {%v0, %v1}"); // two half-warps
  EXPECT_EQ(half.sharedPasses, 2u);
  EXPECT_EQ(half.bankConflicts(), 0u);
  auto quarter = shared("16", "v4.b32 {%v0, %v1, %v2, %v3}"); // four quarters
  EXPECT_EQ(quarter.sharedPasses, 4u);
  EXPECT_EQ(quarter.bankConflicts(), 0u);
  auto bad = shared("128", "v4.b32 {%v0, %v1, %v2, %v3}"); // 8 rows in the same 4 banks
  EXPECT_EQ(bad.sharedPasses, 32u);
  EXPECT_EQ(bad.bankConflicts(), 28u);
}
TEST(Profile, LdmatrixIsServedByMatrices) {
  std::string matrix = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%v0, %v1, %v2, %v3}, [%s];\n";
  auto passes = [&](const std::string &stride) {
    return counts(
        profileOf("  mov.u32 %s, buffer;\n  mad.lo.u32 %s, %t, " + stride + ", %s;\n  " + matrix),
        "ldmatrix");
  };
  EXPECT_EQ(passes("16").sharedPasses, 4u);
  EXPECT_EQ(passes("128").sharedPasses, 32u);   // rows of 64 halves without a swizzle
  EXPECT_EQ(passes("144").bankConflicts(), 0u); // padded by 16 bytes
}
TEST(Profile, RuleOfBanksOnItsOwn) {
  std::vector<uint64_t> address(32);
  std::iota(address.begin(), address.end(), 0);
  for (uint64_t &a : address)
    a *= 8;
  auto p = sharedPasses(address.data(), ~0u, 4); // two words in every second bank
  EXPECT_EQ(p.actual, 2u);
  EXPECT_EQ(p.ideal, 1u);
  EXPECT_EQ(sharedPasses(address.data(), 0xffff, 4).actual, 1u);
  EXPECT_EQ(sharedPasses(address.data(), 0, 4).actual, 0u);
}

TEST(Profile, LanesThatAreOffDontCount) {
  auto p = profileOf("  setp.lt.u32 %p0, %t, 8;\n  @%p0 add.u32 %v1, %t, 1;\n");
  auto c = counts(p, "add.u32");
  EXPECT_EQ(c.executions, 1u);
  EXPECT_EQ(c.lanes, 8u);
  EXPECT_EQ(c.floatOps, 0u);
}
TEST(Profile, DivergedPartsExecuteOnTheirOwn) {
  auto p = profileOf("  setp.lt.u32 %p0, %t, 8;\n  @%p0 bra A;\n  xor.b32 %v0, %t, 3;\n  bra B;\n"
                     "A:\n  or.b32 %v0, %t, 3;\nB:\n  and.b32 %v1, %v0, 1;\n");
  EXPECT_EQ(counts(p, "xor.b32").lanes, 24u);
  EXPECT_EQ(counts(p, "or.b32").lanes, 8u);
  auto after = counts(p, "and.b32");
  EXPECT_EQ(after.executions, 1u);
  EXPECT_EQ(after.lanes, 32u);
}
TEST(Profile, FloatingPointOperations) {
  auto p = profileOf("  mov.f32 %f0, 0f3F800000;\n  fma.rn.f32 %f1, %f0, %f0, %f0;\n"
                     "  add.rn.f32 %f2, %f1, %f0;\n",
                     64, 3);
  EXPECT_EQ(counts(p, "fma.rn").floatOps, 2u * 64 * 3);
  EXPECT_EQ(counts(p, "add.rn").floatOps, 64u * 3);
  EXPECT_EQ(p.total.floatOps, 3u * 64 * 3);
}
TEST(Profile, TensorOperationsByType) {
  auto p = profileOf("  mov.b32 %v4, 0;\n  mov.b32 %v5, 0;\n  mov.b32 %v6, 0;\n  mov.b32 %v7, 0;\n"
                     "  mov.b32 %v8, 0;\n  mov.b32 %v9, 0;\n  mov.f32 %f0, 0f00000000;\n"
                     "  mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f0, %f1, %f2, %f3}, "
                     "{%v4, %v5, %v6, %v7}, {%v8, %v9}, {%f0, %f0, %f0, %f0};\n",
                     128, 2);
  EXPECT_EQ(counts(p, "mma.sync").tensorOps.at("f16"), 8u * 2 * 16 * 8 * 16);
  EXPECT_EQ(p.total.tensorOps.at("f16"), 8u * 4096);
}
TEST(Profile, TensorOperationsFromTheText) {
  std::string type;
  EXPECT_EQ(tensorOpsOf("wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {}", type),
            2ull * 64 * 128 * 16 / 4);
  EXPECT_EQ(type, "bf16");
  EXPECT_EQ(tensorOpsOf("@%p mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32 {}", type), 8192u);
  EXPECT_EQ(type, "s8");
  EXPECT_EQ(tensorOpsOf("wmma.mma.sync.aligned.row.col.m16n16k16.f32.f32 {}", type), 8192u);
  EXPECT_EQ(type, "f16");
  EXPECT_EQ(tensorOpsOf("wmma.load.a.sync.aligned.row.m16n16k16.f16 {}", type), 0u);
  EXPECT_EQ(tensorOpsOf("wgmma.fence.sync.aligned", type), 0u);
}
TEST(Profile, BarriersAtomicsAndAsyncBytes) {
  auto p = profileOf("  bar.sync 0;\n  atom.global.add.u32 %v0, [%in], 1;\n  mov.u32 %s, buffer;\n"
                     "  mad.lo.u32 %s, %t, 16, %s;\n  mad.wide.u32 %a, %t, 16, %in;\n"
                     "  cp.async.cg.shared.global [%s], [%a], 16;\n  cp.async.wait_all;\n",
                     64);
  EXPECT_EQ(counts(p, "bar.sync").barrierWaits, 2u);
  EXPECT_EQ(counts(p, "atom.").atomics, 64u);
  EXPECT_EQ(counts(p, "cp.async.cg").asyncBytes, 64u * 16);
  EXPECT_EQ(p.footprintBytes, 1024u);
}
TEST(Profile, TotalsAreTheSameForEverySchedule) {
  std::string body = "  bar.sync 0;\n" + loadGlobal("64") + "  bar.sync 0;\n";
  auto reference = llvm::formatv("{0}", toJson(profileOf(body, 256, 5))).str();
  EXPECT_NE(reference.find("global_sectors"), std::string::npos);
  for (Schedule s : {Schedule::RoundRobin, Schedule::Random, Schedule::Adversarial})
    EXPECT_EQ(llvm::formatv("{0}", toJson(profileOf(body, 256, 5, s))).str(), reference);
}
TEST(Profile, OffByDefault) {
  Grid grid(moduleHeader() + ".visible .entry k() {\n  ret;\n}\n");
  EXPECT_EQ(grid.go(1, 32), "");
  EXPECT_TRUE(grid.report.profile.empty());
}
