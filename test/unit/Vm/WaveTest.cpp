//===- WaveTest.cpp - CTAs that wait for each other -----------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Occupancy.h"
#include "test/unit/Vm/VmTest.h"
#include <atomic>
#include <numeric>
#include <thread>

using namespace vmtest;

namespace {

/// CTA i waits until flag i + 1 is set, then sets flag i; the last one waits for nobody.
std::string chain(const std::string &load = "ld.acquire.gpu.global.u32") {
  return moduleHeader() +
         ".visible .entry k(.param .u64 flags) {\n  .reg .pred %p;\n  .reg .b32 %r<5>;\n"
         "  .reg .b64 %rd<2>;\n  ld.param.u64 %rd0, [flags];\n  mov.u32 %r0, %ctaid.x;\n"
         "  mov.u32 %r1, %nctaid.x;\n  mul.wide.u32 %rd1, %r0, 4;\n  add.u64 %rd1, %rd0, %rd1;\n"
         "  add.u32 %r2, %r0, 1;\n  setp.eq.u32 %p, %r2, %r1;\n  @%p bra DONE;\nLOOP:\n  " +
         load +
         " %r3, [%rd1+4]; // WAIT\n  setp.eq.u32 %p, %r3, 0;\n  @%p bra LOOP;\nDONE:\n"
         "  mov.u32 %r4, 1;\n  st.release.gpu.global.u32 [%rd1], %r4;\n  ret;\n}\n";
}

/// Every CTA takes a lock `rounds` times and adds 1 to what it protects, without atomics.
std::string locked(unsigned rounds) {
  return moduleHeader() +
         ".visible .entry k(.param .u64 lock) {\n  .reg .pred %p;\n  .reg .b32 %r<5>;\n"
         "  .reg .b64 %rd;\n  ld.param.u64 %rd, [lock];\n  mov.u32 %r0, 0;\nNEXT:\n"
         "  atom.acquire.gpu.global.cas.b32 %r1, [%rd], 0, 1; // WAIT\n"
         "  setp.ne.u32 %p, %r1, 0;\n  @%p bra NEXT;\n  ld.global.u32 %r2, [%rd+128];\n"
         "  add.u32 %r2, %r2, 1;\n  st.global.u32 [%rd+128], %r2;\n"
         "  atom.release.gpu.global.exch.b32 %r1, [%rd], 0;\n  add.u32 %r0, %r0, 1;\n"
         "  setp.lt.u32 %p, %r0, " +
         std::to_string(rounds) + ";\n  @%p bra NEXT;\n  ret;\n}\n";
}

struct Order {
  std::optional<Schedule> schedule;
  uint64_t seed;
  uint32_t threads;
};
std::vector<Order> orders() {
  std::vector<Order> all;
  for (uint32_t threads : {1u, 2u, 3u})
    for (Schedule s :
         {Schedule::InOrder, Schedule::RoundRobin, Schedule::Random, Schedule::Adversarial})
      for (uint64_t seed : {1, 2})
        if (seed == 1 || s == Schedule::Random || s == Schedule::Adversarial)
          all.push_back({s, seed, threads});
  return all;
}
void apply(Grid &grid, const Order &order) {
  grid.config.schedule = order.schedule;
  grid.config.seed = order.seed;
  grid.config.threads = order.threads;
}

} // namespace

TEST(Wave, LaterCtasAreReachedInEveryOrder) {
  for (const Order &order : orders()) {
    Grid grid(chain());
    apply(grid, order);
    grid.config.checks = Check::All;
    std::vector<uint32_t> flags(17);
    EXPECT_EQ(grid.buffer(flags).go(16, 32), "");
    EXPECT_EQ(std::accumulate(flags.begin(), flags.end(), 0u), 16u);
  }
}
TEST(Wave, ALockProtects) {
  for (const Order &order : orders()) {
    Grid grid(locked(5));
    apply(grid, order);
    grid.config.checks = Check::All;
    std::vector<uint32_t> memory(64);
    EXPECT_EQ(grid.buffer(memory).go(12, 1), "");
    EXPECT_EQ(memory[32], 60u);
  }
}
TEST(Wave, AWholeWaveWaitsForItsLast) {
  Grid grid(chain());
  std::vector<uint32_t> flags(2113);
  EXPECT_EQ(grid.buffer(flags).go(512, 64), "");
}
TEST(Wave, WaitingForACtaWithoutAPlaceIsADeadlock) {
  for (const Order &order :
       {Order{Schedule::InOrder, 0, 1}, {Schedule::InOrder, 0, 3}, {Schedule::RoundRobin, 0, 2}}) {
    Grid grid(chain());
    apply(grid, order);
    grid.config.resident = 4;
    std::vector<uint32_t> flags(17);
    std::string e = grid.buffer(flags).go(16, 32);
    EXPECT_NE(e.find("deadlock in kernel 'k', program id (0,0,0)"), std::string::npos) << e;
    EXPECT_NE(e.find("12 of 16 CTAs have not begun: the launch holds 4"), std::string::npos) << e;
    EXPECT_NE(e.find("ld.acquire.gpu.global.u32"), std::string::npos) << e;
    ASSERT_EQ(grid.report.findings.size(), 1u);
    EXPECT_EQ(grid.report.findings[0].kind, "deadlock");
    EXPECT_EQ(grid.report.findings[0].accesses.size(), 4u);
  }
}
TEST(Wave, TheModelledGpuLimitsAWave) {
  Grid grid(chain());
  grid.config.dynamicShared = 200 * 1024; // one CTA per multiprocessor
  std::vector<uint32_t> flags(200);
  std::string e = grid.buffer(flags).go(133, 32);
  EXPECT_NE(e.find("1 of 133 CTAs have not begun: the GPU modelled for sm_90a (H100, 132 "
                   "multiprocessors) holds 132"),
            std::string::npos)
      << e;
}
TEST(Wave, WaitsForNobodyAreFoundWhateverReads) {
  for (const char *load : {"ld.acquire.gpu.global.u32", "ld.volatile.global.u32",
                           "ld.relaxed.sys.global.u32", "ld.global.u32"}) {
    std::string text = chain(load);
    text.replace(text.find("setp.eq.u32 %p, %r2, %r1"), 24, "setp.eq.u32 %p, %r2, 999");
    Grid endless(text);
    std::vector<uint32_t> flags(9);
    std::string e = endless.buffer(flags).go(4, 32);
    EXPECT_NE(e.find("that nobody makes"), std::string::npos) << load << e;
    EXPECT_EQ(e.find("have not begun"), std::string::npos) << e;
  }
}
TEST(Wave, ALockThatIsNotReleasedIsFound) {
  std::string text = locked(1);
  text.erase(text.find("  atom.release"), text.find("  add.u32 %r0") - text.find("  atom.release"));
  for (uint32_t threads : {1u, 2u}) {
    Grid grid(text);
    grid.config.threads = threads;
    std::vector<uint32_t> memory(64);
    std::string e = grid.buffer(memory).go(6, 1);
    EXPECT_NE(e.find("deadlock"), std::string::npos) << e;
    EXPECT_NE(e.find("atom.acquire.gpu.global.cas.b32"), std::string::npos) << e;
  }
}
TEST(Wave, TheHostMayAnswer) {
  std::string text = chain();
  text.replace(text.find("setp.eq.u32 %p, %r2, %r1"), 24, "setp.eq.u32 %p, %r2, 999");
  Grid grid(text);
  std::vector<uint32_t> flags(9);
  std::thread host([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(15));
    std::atomic_ref<uint32_t>(flags[4]).store(1);
  });
  EXPECT_EQ(grid.buffer(flags).go(4, 32), "");
  host.join();
}
TEST(Wave, LongLoopsAreNoWaits) {
  // Counts to a million without touching memory, between looks at a flag that nobody sets.
  std::string text =
      moduleHeader() +
      ".visible .entry k(.param .u64 out) {\n  .reg .pred %p;\n  .reg .b32 %r<3>;\n"
      "  .reg .b64 %rd;\n  ld.param.u64 %rd, [out];\n  mov.u32 %r0, 0;\nLOOP:\n"
      "  ld.volatile.global.u32 %r1, [%rd];\n  add.u32 %r0, %r0, 1;\n  setp.lt.u32 %p, %r0, "
      "300000;\n  @%p bra LOOP;\n  st.global.u32 [%rd], %r0;\n  ret;\n}\n";
  Grid grid(text);
  std::vector<uint32_t> out(1);
  EXPECT_EQ(grid.buffer(out).go(1, 32), "");
  EXPECT_EQ(out[0], 300000u);
}
TEST(Wave, OccupancyIsTheLeastOfItsLimits) {
  const GpuModel &h100 = gpuModel("sm_90a");
  EXPECT_STREQ(h100.name, "H100");
  EXPECT_EQ(ctasPerMultiprocessor(h100, {128, 0, 0}), 16u);
  EXPECT_EQ(ctasPerMultiprocessor(h100, {32, 0, 0}), 32u);
  EXPECT_EQ(ctasPerMultiprocessor(h100, {128, 100 * 1024, 0}), 2u);
  EXPECT_EQ(ctasPerMultiprocessor(h100, {128, 227 * 1024, 0}), 1u);
  EXPECT_EQ(ctasPerMultiprocessor(h100, {128, 0, 255}), 2u);
  EXPECT_EQ(ctasPerMultiprocessor(h100, {256, 0, 128}), 2u);
  EXPECT_EQ(residentCtas(h100, {1024, 0, 64}), 132u);
  EXPECT_STREQ(gpuModel("sm_89").name, "L40S");
  EXPECT_STREQ(gpuModel("sm_103a").name, "B200");
  EXPECT_STREQ(gpuModel("sm_50").name, "V100");
}
