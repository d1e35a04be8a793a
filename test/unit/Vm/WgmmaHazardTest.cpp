//===- WgmmaHazardTest.cpp - wrong programs with wgmma, and right ones ----===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each wrong program is found, with the register, both instructions and the remedy; its right twin
// is silent and computes what it should.
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/Wgmma.h"

using namespace vmtest;

namespace {

constexpr const char *kFence = "  wgmma.fence.sync.aligned;\n";
constexpr const char *kCommit = "  wgmma.commit_group.sync.aligned;\n";
std::string waitFor(unsigned n) {
  return "  wgmma.wait_group.sync.aligned " + std::to_string(n) + ";\n";
}
WgmmaForm plain() { return {"f32", "f16", "f16", 8, 16}; }
WgmmaForm withRegisters() {
  WgmmaForm f = plain();
  f.registersA = true;
  return f;
}
/// Launches `body` on ones: without D, each element of the product is 16.
std::string run(const WgmmaForm &form, const std::string &body, WgmmaProblem *keep = nullptr,
                Check checks = Check::None, AsyncCompletion async = AsyncCompletion::Late) {
  WgmmaProblem p(form, Swizzle::B128, Swizzle::B128);
  p.fill([](char which) { return which == 'd' ? 0u : 0x3c00u; });
  p.async = async;
  std::string error = p.launch(body, checks);
  if (keep)
    *keep = p;
  return error;
}
void expectFinding(const std::string &error, const std::vector<std::string> &parts) {
  EXPECT_EQ(error.substr(0, 6), "wgmma ") << error;
  for (const std::string &part : parts)
    EXPECT_NE(error.find(part), std::string::npos) << "missing: " << part << "\nin: " << error;
}
void expectSixteens(const WgmmaProblem &p) {
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned c = 0; c < p.form.n; ++c)
      EXPECT_EQ(double(elementValue("f32", p.result(row, c))), 16.0) << row << " " << c;
}

} // namespace

TEST(WgmmaHazard, AnAccumulatorIsReadBeforeTheWait) {
  WgmmaForm f = plain();
  std::string mma = kFence + f.instruction() + kCommit;
  expectFinding(run(f, mma + "  add.f32 %x0, %d2, %d2;\n" + waitFor(0)),
                {"register '%d2'", "is read while", "add.f32 %x0, %d2, %d2",
                 "{%d0, %d1, %d2, %d3}, %da, %db", "wgmma.wait_group"});
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  EXPECT_EQ(run(f, mma + waitFor(0) + "  add.f32 %x0, %d2, %d2;\n", &p), "");
  expectSixteens(p);
}
TEST(WgmmaHazard, AnAccumulatorIsWrittenBeforeTheWait) {
  WgmmaForm f = plain();
  expectFinding(run(f, kFence + f.instruction() + kCommit + "  mov.b32 %d1, 0;\n" + waitFor(0)),
                {"register '%d1' is written while", "mov.b32 %d1, 0"});
}
TEST(WgmmaHazard, AWaitThatLeavesTheGroupPendingIsNoWait) {
  WgmmaForm f = plain();
  std::string mma = kFence + f.instruction() + kCommit;
  expectFinding(run(f, mma + waitFor(1) + "  mov.b32 %x0, %d0;\n" + waitFor(0)),
                {"register '%d0'"});
  // Two groups in flight: the older one is complete after wait_group 1.
  std::string other = f.instruction();
  EXPECT_EQ(run(f, mma + kCommit + waitFor(1) + "  mov.b32 %x0, %d0;\n" + waitFor(0)), "");
}
TEST(WgmmaHazard, AnOperationWithoutCommitIsNotWaitedFor) {
  WgmmaForm f = plain();
  expectFinding(run(f, kFence + f.instruction() + waitFor(0)), {"register '%d0'", "st.global"});
}
TEST(WgmmaHazard, MatrixAInRegistersBelongsToTheOperation) {
  WgmmaForm f = withRegisters();
  std::string mma = kFence + f.instruction() + kCommit;
  expectFinding(run(f, mma + "  mov.b32 %a3, 0;\n" + waitFor(0)),
                {"register '%a3' is written while", "matrix A"});
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  EXPECT_EQ(run(f, mma + waitFor(0) + "  mov.b32 %a3, 0;\n", &p), "");
  expectSixteens(p);
}
TEST(WgmmaHazard, RegistersInFlightShareNoSlotWithOthers) {
  // %a is dead behind the instruction, many registers begin to live before the wait.
  WgmmaForm f = withRegisters();
  std::string busy;
  for (unsigned k = 0; k < 8; ++k)
    busy += "  add.u32 %x" + std::to_string(k) + ", %t, " + std::to_string(k) + ";\n";
  for (unsigned k = 0; k < 8; ++k)
    busy += "  st.global.b32 [%rm], %x" + std::to_string(k) + ";\n";
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  EXPECT_EQ(run(f, kFence + f.instruction() + kCommit + busy + waitFor(0), &p), "");
  expectSixteens(p);
}
// The assembler mends a missing fence, so only a checker reports it, and the launch goes on.
TEST(WgmmaHazard, TheFirstOperationNeedsAFence) {
  WgmmaForm f = plain();
  std::string body = f.instruction() + kCommit + waitFor(0);
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  expectFinding(run(f, body, &p, Check::Sync), {"no wgmma.fence", "first"});
  expectSixteens(p);
  EXPECT_EQ(run(f, body), "");
  EXPECT_EQ(run(f, kFence + body, nullptr, Check::Sync), "");
}
TEST(WgmmaHazard, RegistersWrittenAfterTheFence) {
  WgmmaForm f = plain();
  std::string write = "  mov.b32 %d3, 0;\n", rest = f.instruction() + kCommit + waitFor(0);
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  expectFinding(
      run(f, kFence + write + rest, &p, Check::Sync),
      {"register '%d3'", "without a fence", "mov.b32 %d3, 0", "wgmma.fence.sync.aligned"});
  expectSixteens(p);
  EXPECT_EQ(run(f, kFence + write + rest, &p), "");
  expectSixteens(p);
  EXPECT_EQ(run(f, write + kFence + rest, &p, Check::Sync), "");
  expectSixteens(p);
}
TEST(WgmmaHazard, AResultIsChangedBetweenOperationsWithoutAFence) {
  WgmmaForm f = plain();
  std::string mma = f.instruction() + kCommit + waitFor(0),
              scale = "  add.f32 %d0, %d0, 0f00000000;\n";
  expectFinding(run(f, kFence + mma + scale + mma, nullptr, Check::Sync),
                {"register '%d0'", "without a fence"});
  EXPECT_EQ(run(f, kFence + mma + scale + kFence + mma, nullptr, Check::Sync), "");
}
TEST(WgmmaHazard, OperationsOfOneShapeFollowEachOther) {
  WgmmaForm f = plain();
  std::string again = f.instruction();
  again.replace(again.find("%p"), 2, "0");
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  EXPECT_EQ(run(f, kFence + f.instruction() + again + kCommit + waitFor(0), &p), "");
  expectSixteens(p);
  WgmmaForm wide = plain(); // 16 columns, the first 8 of which are the other's
  wide.n = 16;
  std::string narrow = f.instruction();
  expectFinding(run(wide, kFence + wide.instruction() + narrow + kCommit + waitFor(0)),
                {"'%d0' is still in flight", "another shape"});
}
TEST(WgmmaHazard, AnAccumulatorInFlightIsNoMatrixA) {
  WgmmaForm f = plain(), g = withRegisters();
  std::string second = g.instruction(); // A = the first one's result
  second.replace(second.find("{%a0, %a1, %a2, %a3}"), 20, "{%d0, %d1, %d2, %d3}");
  second.replace(second.find("{%d0, %d1, %d2, %d3}"), 20, "{%x0, %x1, %x2, %x3}");
  expectFinding(run(f, "  mov.b32 %x0, 0;\n  mov.b32 %x1, 0;\n  mov.b32 %x2, 0;\n"
                       "  mov.b32 %x3, 0;\n" +
                           std::string(kFence) + f.instruction() + second + kCommit + waitFor(0)),
                {"'%d0' is still in flight", "asynchronous read as A"});
}
TEST(WgmmaHazard, AnAccessThatIsNotExecutedIsNoHazard) {
  // The check that this program needs runs, and finds nothing: the guard holds in no thread.
  WgmmaForm f = plain();
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  EXPECT_EQ(run(f,
                kFence + f.instruction() + kCommit +
                    "  setp.eq.u32 %q, %t, 1000;\n  @%q mov.b32 %d0, 0;\n" + waitFor(0),
                &p),
            "");
  expectSixteens(p);
}
TEST(WgmmaHazard, APipelinedLoopIsSilent) {
  // Iterations alternate between waiting for nothing and for all: the loop's back edge carries
  // operations in flight.
  WgmmaForm f = plain();
  std::string again = f.instruction();
  std::string body =
      std::string("  mov.b32 %d0, 0;\n  mov.b32 %i, 0;\nLOOP:\n") + kFence + again + kCommit +
      waitFor(1) + "  add.u32 %i, %i, 1;\n  setp.lt.u32 %q, %i, 5;\n  @%q bra LOOP;\n" + waitFor(0);
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  EXPECT_EQ(run(f, body, &p), "");
  EXPECT_EQ(double(elementValue("f32", p.result(13, 5))), 80.0);
  EXPECT_EQ(assemblerErrors(newestHeader() + wgmmaKernel(f, body, "k")), "");
}
TEST(WgmmaHazard, TwoWarpgroupsUnderSeveralSchedules) {
  // Each warpgroup has an accumulator of its own; warps run in random order and for random times.
  WgmmaForm f = plain();
  std::string again = f.instruction();
  std::string body = std::string("  mov.b32 %d0, 0;\n  mov.b32 %i, 0;\nLOOP:\n") + kFence + again +
                     again + kCommit + waitFor(1) +
                     "  add.u32 %i, %i, 1;\n  setp.lt.u32 %q, %i, 7;\n  @%q bra LOOP;\n" +
                     waitFor(0);
  WgmmaProblem p(f, Swizzle::B128, Swizzle::B128);
  p.fill([](char which) { return which == 'd' ? 0u : 0x3c00u; });
  p.place();
  auto module = parse(newestHeader() + wgmmaKernel(f, body, "k"));
  for (uint64_t seed = 0; seed < 18; ++seed) {
    std::vector<uint32_t> d(2 * p.d.size()), regs(2 * p.regsA.size()), metadata(256);
    Grid g(module);
    g.config.seed = seed;
    g.config.async = AsyncCompletion(seed % 3);
    if (seed > 9)
      g.config.schedule = Schedule::Adversarial;
    g.buffer(p.image).scalar(uint32_t(p.image.size())).buffer(d).buffer(regs).buffer(metadata);
    ASSERT_EQ(g.scalar(p.a.descriptor()).scalar(p.b.descriptor()).go(1, 256), "");
    for (uint32_t x : d)
      EXPECT_EQ(as<float>(x), 14.0f * 16);
  }
}
namespace {
/// Launches `body` behind the function `callee`.
std::string runWithFunction(const WgmmaForm &f, const std::string &callee, const std::string &body,
                            WgmmaProblem &p) {
  p = WgmmaProblem(f, Swizzle::B128, Swizzle::B128);
  p.fill([](char which) { return which == 'd' ? 0u : 0x3c00u; });
  return p.launch(body, Check::None, [&](std::string &text) {
    text.insert(text.find(".visible .entry"), callee);
    EXPECT_EQ(assemblerErrors(text), "");
  });
}
} // namespace
TEST(WgmmaHazard, AFunctionMayWaitForItsCaller) {
  WgmmaForm f = withRegisters();
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  std::string callee = ".func waiter() {\n" + waitFor(0) + "  ret;\n}\n", busy;
  for (unsigned k = 0; k < 8; ++k)
    busy += "  add.u32 %x" + std::to_string(k) + ", %t, 1;\n  st.global.b32 [%rm], %x" +
            std::to_string(k) + ";\n";
  EXPECT_EQ(
      runWithFunction(f, callee, kFence + f.instruction() + kCommit + "  call waiter;\n" + busy, p),
      "");
  expectSixteens(p);
}
TEST(WgmmaHazard, AFunctionThatReturnsCompletesItsOperations) {
  WgmmaForm f = plain();
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  std::string callee = ".func issuer(.param .b64 pa, .param .b64 pb) {\n  .reg .b32 %d<4>;\n"
                       "  .reg .b64 %da, %db;\n  .reg .pred %p;\n  ld.param.b64 %da, [pa];\n"
                       "  ld.param.b64 %db, [pb];\n  setp.ne.u32 %p, 0, 0;\n" +
                       std::string(kFence) + f.instruction() + kCommit + "  ret;\n}\n";
  std::string call = "  {\n  .param .b64 x;\n  .param .b64 y;\n  st.param.b64 [x], %da;\n"
                     "  st.param.b64 [y], %db;\n  call issuer, (x, y);\n  }\n";
  EXPECT_EQ(runWithFunction(f, callee, call + call + plainBody(f), p), "");
  expectSixteens(p);
}
TEST(WgmmaHazard, TheWholeWarpIsNeeded) {
  WgmmaForm f = plain();
  std::string error = run(f, "  setp.eq.u32 %q, %t, 5;\n  @%q ret;\n" + plainBody(f));
  EXPECT_NE(error.find("convergence"), std::string::npos) << error;
  EXPECT_NE(error.find("all 32 threads"), std::string::npos) << error;
  // Lanes that meet at the instruction are converged, too.
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  EXPECT_EQ(run(f,
                "  and.b32 %x0, %t, 1;\n  setp.eq.u32 %q, %x0, 0;\n  @%q bra ODD;\n"
                "  mov.b32 %x1, 7;\nODD:\n" +
                    plainBody(f),
                &p),
            "");
  expectSixteens(p);
}
TEST(WgmmaHazard, MemoryIsReadWhenTheGroupIsWaitedFor) {
  // Overwriting B before the wait shows in the product; behind one warp's wait the operation is
  // complete for all four.
  WgmmaForm f = plain();
  std::string clear = "  mov.u32 %at, sh;\n  mad.lo.u32 %at, %t, 4, %at;\n"
                      "  st.shared.b32 [%at+16384], 0;\n  st.shared.b32 [%at+16896], 0;\n"
                      "  bar.sync 0;\n";
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  EXPECT_EQ(run(f, kFence + f.instruction() + kCommit + clear + waitFor(0), &p), "");
  EXPECT_EQ(double(elementValue("f32", p.result(0, 0))), 0.0);
  // With early completion it is over by then: all warps have issued it at the barrier.
  EXPECT_EQ(run(f, kFence + f.instruction() + kCommit + "  bar.sync 0;\n" + clear + waitFor(0), &p,
                Check::None, AsyncCompletion::Early),
            "");
  expectSixteens(p);
  EXPECT_EQ(run(f, kFence + f.instruction() + kCommit + waitFor(0) + clear, &p), "");
  expectSixteens(p);
}
TEST(WgmmaHazard, AllFourWarpsExecuteTheSame) {
  WgmmaForm f = plain();
  std::string all = kFence + f.instruction() + kCommit + waitFor(0);
  std::string some = "  setp.eq.u32 %q, %w, 2;\n  @%q ret;\n";
  expectFinding(run(f, some + all), {"warp 2 has exited without it", "all four warps"});
  some.replace(some.find("%w, 2"), 5, "%w, 3"); // behind the barrier warp 3 runs first
  expectFinding(run(f, some + all), {"warp 3 of this warpgroup has exited", "all four warps"});
  expectFinding(run(f, std::string(kFence) + "  setp.eq.u32 %q, %w, 1;\n  @%q bra OTHER;\n" +
                           f.instruction() + "  bra MEET;\nOTHER:\n" + f.instruction() + "MEET:\n" +
                           kCommit + waitFor(0)),
                {"other instructions", "executed in warp"});
  expectFinding(run(f, "  setp.eq.u32 %q, %w, 3;\n  @%q add.s64 %db, %db, 2;\n" + all),
                {"different descriptors"});
  expectFinding(run(f, "  setp.eq.u32 %q, %w, 3;\n  @%q setp.ne.u32 %p, 0, 0;\n" + all),
                {"different values of scale-d"});
}
TEST(WgmmaHazard, AWaitForOperationsThatOthersNeverIssueIsADeadlock) {
  WgmmaForm f = plain();
  std::string error =
      run(f, std::string(kFence) + "  setp.eq.u32 %q, %w, 1;\n  @%q bra.uni STUCK;\n" +
                 f.instruction() + kCommit + waitFor(0) +
                 "  bra.uni END;\nSTUCK:\n  bar.sync 1, 128;\nEND:\n");
  EXPECT_NE(error.find("deadlock"), std::string::npos) << error;
  EXPECT_NE(error.find("the other warps of its warpgroup"), std::string::npos) << error;
}
TEST(WgmmaHazard, OperandsAreTheSameInAllLanes) {
  WgmmaForm f = plain();
  std::string all = kFence + f.instruction() + kCommit + waitFor(0);
  expectFinding(run(f, "  setp.eq.u32 %q, %t, 5;\n  @%q add.s64 %da, %da, 2;\n" + all),
                {"descriptor of A", "lane 5"});
  expectFinding(run(f, "  setp.ne.u32 %p, %t, 5;\n" + all), {"scale-d", "0xffffffdf"});
}
TEST(WgmmaHazard, AWarpgroupHasFourWarps) {
  WgmmaForm f = plain();
  WgmmaProblem p(f, Swizzle::None, Swizzle::None);
  p.place();
  Grid g(parse(newestHeader() + wgmmaKernel(f, plainBody(f), "k")));
  g.buffer(p.image).scalar(uint32_t(128)).buffer(p.d).buffer(p.regsA).buffer(p.metadata);
  expectFinding(g.scalar(p.a.descriptor()).scalar(p.b.descriptor()).go(1, 96),
                {"a warpgroup has 4 warps", "CTA of 3 warps"});
}
namespace {
std::string checked(const std::string &body, const std::string &without = "") {
  WgmmaProblem p(plain(), Swizzle::B128, Swizzle::B128);
  p.fill([](char) { return 0u; });
  return p.launch(body, Check::All, [&](std::string &text) {
    if (!without.empty())
      text.erase(text.find(without), without.size());
  });
}
} // namespace
TEST(WgmmaHazard, CheckersSeeTheReadsOfSharedMemory) {
  std::string all = plainBody(plain());
  EXPECT_EQ(checked(all), "");
  // Generic writes, then reads through the async proxy.
  std::string error = checked(all, "  fence.proxy.async;\n");
  EXPECT_EQ(error.substr(0, 4), "race") << error;
  EXPECT_NE(error.find("fence.proxy.async"), std::string::npos) << error;
  // A write between the issue and the wait.
  std::string store = "  mov.u32 %at, sh;\n  setp.eq.u32 %q, %t, 70;\n"
                      "  @%q st.shared.b32 [%at+16384], 0;\n";
  std::string mma = kFence + plain().instruction() + kCommit;
  error = checked(mma + store + waitFor(0));
  EXPECT_EQ(error.substr(0, 4), "race") << error;
  EXPECT_NE(error.find("wgmma.mma_async"), std::string::npos) << error;
  // The warp's own wait covers what the other warps' parts read.
  EXPECT_EQ(checked(mma + waitFor(0) + store), "");
}
TEST(WgmmaHazard, OneThreadMaySignalForItsWarpgroup) {
  // Behind its wait a thread of warp 2 releases the tile through an mbarrier; warp 0 overwrites it.
  std::string begin = "  mov.u32 %at, sh;\n  setp.eq.u32 %q, %t, 0;\n"
                      "  @%q mbarrier.init.shared.b64 [%at+40960], 1;\n  bar.sync 0;\n";
  std::string end = "  setp.eq.u32 %q, %t, 64;\n"
                    "  @%q mbarrier.arrive.shared.b64 _, [%at+40960];\n"
                    "  setp.ne.u32 %q, %t, 3;\n  @%q bra END;\nTRY:\n"
                    "  mbarrier.try_wait.parity.shared.b64 %q, [%at+40960], 0;\n  @!%q bra TRY;\n"
                    "  st.shared.b32 [%at+16384], 0;\nEND:\n";
  std::string mma = kFence + plain().instruction() + kCommit;
  EXPECT_EQ(checked(begin + mma + waitFor(0) + end), "");
  std::string error = checked(begin + mma + end + waitFor(0));
  EXPECT_EQ(error.substr(0, 4), "race") << error;
}
TEST(WgmmaHazard, DescriptorsWithoutAMeaning) {
  auto launch = [](auto change) {
    WgmmaProblem p(plain(), Swizzle::B128, Swizzle::B128);
    p.fill([](char) { return 0u; });
    p.place();
    uint64_t a = p.a.descriptor(), b = p.b.descriptor();
    change(a, b);
    Grid g(parse(newestHeader() + wgmmaKernel(p.form, plainBody(p.form), "k")));
    g.buffer(p.image).scalar(uint32_t(p.image.size())).buffer(p.d).buffer(p.regsA);
    return g.buffer(p.metadata).scalar(a).scalar(b).go(1, 128);
  };
  expectFinding(launch([](uint64_t &, uint64_t &b) { b = (b & ~0x3fffull) | 48896 >> 4; }),
                {"the descriptor of B", "start address 0xbf00", "column 2", "0xc000", "49152"});
  expectFinding(launch([](uint64_t &a, uint64_t &) { a |= uint64_t(0x3fff) << 32; }),
                {"the descriptor of A", "stride dimension byte offset 262128", "row 8"});
  expectFinding(launch([](uint64_t &a, uint64_t &) { a |= uint64_t(1) << 46; }),
                {"reserved bits 0x400000000000"});
  expectFinding(
      launch([](uint64_t &a, uint64_t &) { a = (a & ~(uint64_t(3) << 62)) | uint64_t(2) << 49; }),
      {"base offset 2", "only with a swizzle"});
}
TEST(WgmmaHazard, MetadataWithoutAMeaning) {
  WgmmaForm f{"f32", "f16", "f16", 8, 32};
  f.sparse = true;
  std::string error =
      run(f, "  setp.eq.u32 %q, %t, 37;\n  @%q mov.b32 %m, 0x44494444;\n" + plainBody(f));
  EXPECT_EQ(error, "");
  error = run(f, "  setp.eq.u32 %q, %t, 37;\n  @%q mov.b32 %m, 0x44a44444;\n" + plainBody(f));
  EXPECT_NE(error.find("matrix in kernel"), std::string::npos) << error;
  EXPECT_NE(error.find("row 25, chunk 5 is 0b1010"), std::string::npos) << error;
}
TEST(WgmmaHazard, FormsThatTheAssemblerRefuses) {
  auto refused = [](std::string text, const std::string &from, const std::string &to) {
    size_t at = text.find(from);
    text.replace(at, from.size(), to);
    return parseError(newestHeader() + wgmmaKernel(plain(), text, "k"));
  };
  std::string text = plain().instruction();
  EXPECT_NE(refused(text, ", 1, 1, 0, 0;", ", 1, 1, 0;").find("expected 5 operands"),
            std::string::npos);
  EXPECT_NE(refused(text, ", 1, 1, 0, 0;", ", 2, 1, 0, 0;").find("imm-scale-a"), std::string::npos);
  EXPECT_NE(refused(text, ", 1, 1, 0, 0;", ", 1, 1, 0, 2;").find("imm-trans-b"), std::string::npos);
  EXPECT_NE(refused(text, "m64n8k16", "m64n12k16"), "");
  EXPECT_NE(refused(text, ", %d3}", "}").find("expected a vector of 4"), std::string::npos);
}
