//===- TensorPipelineTest.cpp - tensor copies, schedules and checkers -----===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pipeline as kernels have it: a producer's thread loads tiles through stages, a warp consumes
// them, and each stage has an mbarrier for "full" and one for "empty".
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/TensorCopyTest.h"

using namespace vmtest;

namespace {

const std::string waitForEmpty = "EMPTY:\n"
                                 "  mbarrier.try_wait.parity.shared.b64 %p0, [%v5], %v4;\n"
                                 "  @!%p0 bra EMPTY;\n",
                  waitForFull = "FULL:\n"
                                "  mbarrier.try_wait.parity.shared.b64 %p0, [%v5], %v4;\n"
                                "  @!%p0 bra FULL;\n";
/// Warp 0 loads 12 tiles of 64 words through 3 stages; warp 1 sums their upper halves by column.
/// %v2: tile, %v3: stage, %v4: parity, %c1: sum.
std::string pipeline() {
  return tensorProgram(
      "  .shared .align 8 .b64 full[3];\n  .shared .align 8 .b64 empty[3];\n"
      "  mov.u32 %v0, full;\n  mov.u32 %v1, empty;\n  mov.b32 %v7, 0;\n"
      "  @!%first bra READY;\n  mov.b32 %v2, 0;\nINIT:\n  mad.lo.u32 %v3, %v2, 8, %v0;\n"
      "  mbarrier.init.shared.b64 [%v3], 1;\n  mad.lo.u32 %v3, %v2, 8, %v1;\n"
      "  mbarrier.init.shared.b64 [%v3], 1;\n  add.u32 %v2, %v2, 1;\n"
      "  setp.lt.u32 %p0, %v2, 3;\n  @%p0 bra INIT;\n  fence.mbarrier_init.release.cluster;\n"
      "READY:\n  bar.sync 0;\n  mov.b32 %v2, 0;\n  mov.b32 %c1, 0;\n"
      "  setp.ge.u32 %p1, %t, 32;\n  @%p1 bra CONSUME;\n  @!%first bra DONE;\n"
      "PRODUCE:\n  rem.u32 %v3, %v2, 3;\n  div.u32 %v4, %v2, 3;\n  not.b32 %v4, %v4;\n"
      "  and.b32 %v4, %v4, 1;\n  mad.lo.u32 %v5, %v3, 8, %v1;\n" +
      waitForEmpty +
      "  mad.lo.u32 %v5, %v3, 8, %v0;\n  mad.lo.u32 %v6, %v3, 256, %s;\n"
      "  mbarrier.arrive.expect_tx.shared.b64 _, [%v5], 256;\n"
      "  cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%v6], "
      "[%map, {0, %v2}], [%v5];\n"
      "  add.u32 %v2, %v2, 1;\n  setp.lt.u32 %p0, %v2, 12;\n  @%p0 bra PRODUCE;\n  bra DONE;\n"
      "CONSUME:\n  rem.u32 %v3, %v2, 3;\n  div.u32 %v4, %v2, 3;\n  and.b32 %v4, %v4, 1;\n"
      "  mad.lo.u32 %v5, %v3, 8, %v0;\n" +
      waitForFull +
      "  mad.lo.u32 %v6, %v3, 256, %s;\n  mad.lo.u32 %v6, %t, 4, %v6;\n"
      "  ld.shared.b32 %c2, [%v6];\n  add.u32 %c1, %c1, %c2;\n  bar.warp.sync 0xffffffff;\n"
      "  setp.eq.u32 %p2, %t, 32;\n  mad.lo.u32 %v5, %v3, 8, %v1;\n"
      "  @%p2 mbarrier.arrive.shared.b64 _, [%v5];\n"
      "  add.u32 %v2, %v2, 1;\n  setp.lt.u32 %p0, %v2, 12;\n  @%p0 bra CONSUME;\n"
      "DONE:\n  mad.wide.u32 %d0, %t, 4, %out;\n  st.global.b32 [%d0], %c1;\n");
}
std::string without(std::string text, const std::string &part) {
  size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.erase(at, part.size());
}

TensorCase tiles() {
  TensorCase c;
  c.desc.dataType = TensorDataType::Int32;
  c.desc.rank = 2;
  c.desc.globalDim = {64, 12};
  c.desc.globalStrides = {256};
  c.desc.boxDim = {64, 1};
  c.tensor.resize(12 * 256);
  for (uint32_t k = 0; k < 12 * 64; ++k) {
    uint32_t v = k * 2654435761u;
    std::memcpy(&c.tensor[4 * k], &v, 4);
  }
  return c;
}
/// The sums that warp 1 wrote are right.
void expectSums(const TensorCase &c, const std::vector<uint8_t> &image, const std::string &what) {
  for (uint32_t t = 32; t < 64; ++t) {
    uint32_t got, sum = 0;
    for (uint32_t tile = 0; tile < 12; ++tile) {
      uint32_t v;
      std::memcpy(&v, &c.tensor[256 * tile + 4 * t], 4);
      sum += v;
    }
    std::memcpy(&got, &image[4 * t], 4);
    ASSERT_EQ(got, sum) << t << " " << what;
  }
}

} // namespace

TEST(TensorPipeline, SumsAreRightUnderAllSchedules) {
  std::string text = pipeline();
  EXPECT_EQ(assemblerErrors(text), "") << text;
  auto module = parse(text);
  for (Schedule schedule :
       {Schedule::InOrder, Schedule::RoundRobin, Schedule::Random, Schedule::Adversarial})
    for (AsyncCompletion async :
         {AsyncCompletion::Late, AsyncCompletion::Early, AsyncCompletion::Random})
      for (uint64_t seed : {1, 5}) {
        TensorCase c = tiles();
        std::vector<uint8_t> image(kSharedBytes);
        Grid grid(module);
        grid.config.schedule = schedule;
        grid.config.async = async;
        grid.config.seed = seed;
        std::string what = scheduleName(schedule).str() + " " + asyncCompletionName(async).str() +
                           " " + std::to_string(seed);
        ASSERT_EQ(runTensor(grid, c, image), "") << what;
        expectSums(c, image, what);
      }
}

TEST(TensorPipeline, CheckersFindMissingWaitsAndNothingElse) {
  auto run = [](const std::string &text, Check checks) {
    TensorCase c = tiles();
    std::vector<uint8_t> image(kSharedBytes);
    Grid grid(text);
    grid.config.checks = checks;
    return runTensor(grid, c, image);
  };
  EXPECT_EQ(run(pipeline(), Check::All), "");
  std::string error = run(without(pipeline(), waitForFull), Check::Race);
  EXPECT_TEXT(error, "race in kernel 'k'");
  EXPECT_TEXT(error, "ld.shared.b32 %c2, [%v6]");
  EXPECT_TEXT(error, "cp.async.bulk.tensor.2d.shared::cluster");
  EXPECT_TEXT(run(without(pipeline(), waitForFull), Check::Uninitialized), "uninitialized in");
  // The producer comes round while its first tile is still in flight.
  EXPECT_TEXT(run(without(pipeline(), waitForEmpty), Check::All), "1 arrivals, but 0 are pending");
}

TEST(TensorPipeline, CheckersFindStoresWithoutAProxyFence) {
  std::string fence = "  fence.proxy.async;\n",
              code = outToShared + "  @!%first bra END;\n"
                                   "  cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%map, "
                                   "{0, 0}], [%s];\n  cp.async.bulk.commit_group;\n"
                                   "  cp.async.bulk.wait_group 0;\nEND:";
  for (bool fenced : {true, false}) {
    TensorCase c = tiles();
    std::vector<uint8_t> image(kSharedBytes, 7);
    Grid grid(tensorProgram(fenced ? code : without(code, fence)));
    grid.config.checks = Check::All;
    std::string error = runTensor(grid, c, image);
    if (fenced) {
      EXPECT_EQ(error, "");
      continue;
    }
    EXPECT_TEXT(error, "race in kernel 'k'");
    EXPECT_TEXT(error, "fence.proxy.async");
  }
}
