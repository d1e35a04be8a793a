//===- ScheduleTest.cpp - orders of warps, CTAs and asynchronous copies ---===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"
#include <set>
#include <thread>

using namespace vmtest;

namespace {

/// Each warp's lane 0 adds 1 to a counter without an atomic, `rounds` times: load, add, store. The
/// result tells how often warps came between each other.
std::string lostUpdates(unsigned rounds) {
  return moduleHeader() +
         ".visible .entry k(.param .u64 out) {\n  .reg .pred %p;\n  .reg .b32 %r<4>;\n"
         "  .reg .b64 %rd;\n  ld.param.u64 %rd, [out];\n  mov.u32 %r0, %tid.x;\n"
         "  and.b32 %r0, %r0, 31;\n  setp.ne.u32 %p, %r0, 0;\n  @%p bra DONE;\n"
         "  mov.u32 %r1, 0;\nLOOP:\n  ld.global.u32 %r2, [%rd];\n  add.u32 %r2, %r2, 1;\n"
         "  st.global.u32 [%rd], %r2;\n  add.u32 %r1, %r1, 1;\n  setp.lt.u32 %p, %r1, " +
         std::to_string(rounds) + ";\n  @%p bra LOOP;\nDONE:\n  ret;\n}\n";
}

struct Order {
  std::optional<Schedule> schedule;
  uint64_t seed = 0;
  AsyncCompletion async = AsyncCompletion::Late;
  uint32_t threads = 1;
};
void apply(Grid &grid, const Order &order) {
  grid.config.schedule = order.schedule;
  grid.config.seed = order.seed;
  grid.config.async = order.async;
  grid.config.threads = order.threads;
}

/// What the counter holds in the end; `grid` CTAs of 8 warps.
uint32_t counted(const Order &order, uint32_t ctas = 1, unsigned rounds = 20) {
  Grid grid(lostUpdates(rounds));
  apply(grid, order);
  std::vector<uint32_t> out(1);
  EXPECT_EQ(grid.buffer(out).go(ctas, 256), "");
  return out[0];
}

} // namespace

TEST(Schedule, RaceShowsUnderSomeSchedule) {
  EXPECT_EQ(counted({}), 160u); // in order, each warp ends before the next begins
  EXPECT_LT(counted({Schedule::RoundRobin}), 160u);
  bool random = false, adversarial = false;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    random |= counted({Schedule::Random, seed}) < 160;
    adversarial |= counted({Schedule::Adversarial, seed}) < 160;
  }
  EXPECT_TRUE(random);
  EXPECT_TRUE(adversarial);
}
TEST(Schedule, RaceBetweenCtasShows) {
  EXPECT_EQ(counted({}, 4), 640u);
  EXPECT_LT(counted({Schedule::RoundRobin}, 4), 160u);
}
TEST(Schedule, SeedReplaysTheSameOrder) {
  std::set<uint32_t> different;
  for (Schedule schedule : {Schedule::Random, Schedule::Adversarial})
    for (uint64_t seed = 1; seed <= 6; ++seed) {
      uint32_t first = counted({schedule, seed}, 3, 50);
      EXPECT_EQ(counted({schedule, seed}, 3, 50), first) << seed;
      different.insert(first);
    }
  EXPECT_GT(different.size(), 3u);
}
TEST(Schedule, SeedReplaysEachCtaWhateverRunsBesideIt) {
  // A counter in shared memory: CTAs don't meet.
  std::string text =
      moduleHeader() +
      ".visible .entry k(.param .u64 out) {\n  .reg .pred %p;\n  .reg .b32 %r<5>;\n"
      "  .reg .b64 %rd;\n  .shared .b32 sum;\n  ld.param.u64 %rd, [out];\n  mov.u32 %r0, %tid.x;\n"
      "  mov.u32 %r4, %ctaid.x;\n  mad.wide.u32 %rd, %r4, 4, %rd;\n  mov.u32 %r1, 0;\n"
      "LOOP:\n  ld.shared.u32 %r2, [sum];\n  add.u32 %r2, %r2, 1;\n  st.shared.u32 [sum], %r2;\n"
      "  add.u32 %r1, %r1, 1;\n  setp.lt.u32 %p, %r1, 30;\n  @%p bra LOOP;\n  bar.sync 0;\n"
      "  ld.shared.u32 %r2, [sum];\n  st.global.u32 [%rd], %r2;\n  ret;\n}\n";
  auto sums = [&](Schedule schedule, uint32_t threads) {
    Grid grid(text);
    apply(grid, {schedule, 5, AsyncCompletion::Late, threads});
    std::vector<uint32_t> out(16);
    EXPECT_EQ(grid.buffer(out).go(16, 128), "");
    return out;
  };
  for (Schedule schedule : {Schedule::Random, Schedule::Adversarial})
    EXPECT_EQ(sums(schedule, 1), sums(schedule, 4));
}
TEST(Schedule, SpinLoopsEnd) {
  // Warp 0 waits for what the last warp writes after it waited for warp 1's word.
  std::string text = moduleHeader() +
                     ".visible .entry k(.param .u64 out) {\n  .reg .pred %p;\n  .reg .b32 %r<4>;\n"
                     "  .reg .b64 %rd;\n  ld.param.u64 %rd, [out];\n  mov.u32 %r0, %tid.x;\n"
                     "  shr.u32 %r0, %r0, 5;\n  mov.u32 %r1, %nwarpid;\n  mov.u32 %r1, %ntid.x;\n"
                     "  shr.u32 %r1, %r1, 5;\nWAIT:\n  ld.volatile.global.u32 %r2, [%rd];\n"
                     "  setp.ne.u32 %p, %r2, %r0;\n  @%p bra WAIT;\n  bar.warp.sync -1;\n"
                     "  add.u32 %r2, %r2, 1;\n  st.volatile.global.u32 [%rd], %r2;\n  ret;\n}\n";
  EXPECT_EQ(assemblerErrors(text), "");
  for (Schedule schedule :
       {Schedule::InOrder, Schedule::RoundRobin, Schedule::Random, Schedule::Adversarial})
    for (uint64_t seed = 0; seed < 4; ++seed) {
      Grid grid(text);
      apply(grid, {schedule, seed});
      grid.config.maxInstructions = 10'000'000;
      std::vector<uint32_t> out(1);
      EXPECT_EQ(grid.buffer(out).go(1, 512), "") << scheduleName(schedule).str() << seed;
      EXPECT_EQ(out[0], 16u);
    }
}
TEST(Schedule, FindingTellsWhatReplaysIt) {
  Grid grid(moduleHeader() + ".visible .entry k() {\n  trap;\n}\n");
  apply(grid, {Schedule::Adversarial, 7, AsyncCompletion::Early});
  EXPECT_NE(grid.go(1, 32).find(
                "schedule adversarial, asynchronous copies early, seed 7 replays this order"),
            std::string::npos);
  apply(grid, {});
  EXPECT_EQ(grid.go(1, 32).find("replays"), std::string::npos);
}
TEST(Schedule, NamesGoBothWays) {
  for (Schedule s :
       {Schedule::InOrder, Schedule::RoundRobin, Schedule::Random, Schedule::Adversarial})
    EXPECT_EQ(llvm::cantFail(parseSchedule(scheduleName(s))), s);
  EXPECT_EQ(llvm::toString(parseSchedule("fair").takeError()),
            "there is no schedule 'fair'; there are in-order, round-robin, random, adversarial");
  EXPECT_EQ(llvm::toString(parseAsyncCompletion("soon").takeError()),
            "there is no completion of asynchronous copies 'soon'; there are late, early, random");
}

namespace {
/// Thread t copies 16 bytes to shared memory, spins for a while (`wait` may come before), reads
/// them and stores them.
std::string copyAndRead(const std::string &wait) {
  return newestHeader() +
         ".visible .entry k(.param .u64 pin, .param .u64 pout) {\n  .reg .pred %p;\n"
         "  .reg .b32 %t, %s, %n, %v<4>;\n  .reg .b64 %in, %out;\n"
         "  .shared .align 16 .b8 buffer[1024];\n  mov.u32 %t, %tid.x;\n  mov.u32 %s, buffer;\n"
         "  mad.lo.u32 %s, %t, 16, %s;\n  ld.param.u64 %in, [pin];\n  ld.param.u64 %out, [pout];\n"
         "  mad.wide.u32 %in, %t, 16, %in;\n  mad.wide.u32 %out, %t, 16, %out;\n"
         "  cp.async.cg.shared.global [%s], [%in], 16;\n  cp.async.commit_group;\n" +
         wait +
         "  mov.u32 %n, 0;\nSPIN:\n  add.u32 %n, %n, 1;\n  setp.lt.u32 %p, %n, 4;\n"
         "  @%p bra SPIN;\n  ld.shared.v4.b32 {%v0, %v1, %v2, %v3}, [%s];\n"
         "  st.global.v4.b32 [%out], {%v0, %v1, %v2, %v3};\n  ret;\n}\n";
}
std::vector<uint32_t> copied(const std::string &wait, const Order &order) {
  std::string text = copyAndRead(wait);
  EXPECT_EQ(assemblerErrors(text), "");
  std::vector<uint32_t> in(128), out(128);
  for (uint32_t k = 0; k < 128; ++k)
    in[k] = k + 1;
  Grid grid(text);
  apply(grid, order);
  EXPECT_EQ(grid.buffer(in, "in", false).buffer(out, "out").go(1, 32), "");
  return out;
}
} // namespace

TEST(AsyncCompletion, EarlyHidesAMissingWaitThatLateShows) {
  EXPECT_EQ(copied("", {})[5], 0u);
  EXPECT_EQ(copied("", {{}, 0, AsyncCompletion::Early})[5], 6u);
  for (auto async : {AsyncCompletion::Late, AsyncCompletion::Early, AsyncCompletion::Random})
    EXPECT_EQ(copied("  cp.async.wait_all;\n", {{}, 3, async})[5], 6u);
}
TEST(AsyncCompletion, RandomIsSomewhereBetweenAndReplays) {
  bool early = false, late = false;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    auto first = copied("", {Schedule::InOrder, seed, AsyncCompletion::Random});
    EXPECT_EQ(copied("", {Schedule::InOrder, seed, AsyncCompletion::Random}), first);
    (first[5] ? early : late) = true;
  }
  EXPECT_TRUE(early);
  EXPECT_TRUE(late);
}
TEST(AsyncCompletion, BulkCopiesAndStoresCompleteEarly) {
  // A buffer of shared memory is overwritten right after its store was issued: only early
  // completion saves what it held.
  std::string text =
      newestHeader() +
      ".visible .entry k(.param .u64 pout) {\n  .reg .b32 %s, %v;\n  .reg .b64 %out;\n"
      "  .shared .align 16 .b8 buffer[16];\n  mov.u32 %s, buffer;\n  ld.param.u64 %out, [pout];\n"
      "  mov.u32 %v, 1;\n  st.shared.b32 [%s], %v;\n  fence.proxy.async.shared::cta;\n"
      "  cp.async.bulk.global.shared::cta.bulk_group [%out], [%s], 16;\n"
      "  cp.async.bulk.commit_group;\n  mov.u32 %v, 2;\n  st.shared.b32 [%s], %v;\n"
      "  cp.async.bulk.wait_group 0;\n  ret;\n}\n";
  EXPECT_EQ(assemblerErrors(text), "");
  for (auto [async, expected] :
       {std::pair(AsyncCompletion::Late, 2u), std::pair(AsyncCompletion::Early, 1u)}) {
    Grid grid(text);
    apply(grid, {{}, 0, async});
    std::vector<uint32_t> out(4);
    EXPECT_EQ(grid.buffer(out).go(1, 1), "");
    EXPECT_EQ(out[0], expected);
  }
}

TEST(Poll, StopsALaunchThatDoesNotEnd) {
  for (uint32_t threads : {1u, 2u}) {
    Grid grid(moduleHeader() + ".visible .entry k() {\nL:\n  bra L;\n}\n");
    apply(grid, {{}, 0, AsyncCompletion::Late, threads});
    int asked = 0;
    auto caller = std::this_thread::get_id();
    grid.config.poll = [&] {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      return ++asked < 3;
    };
    EXPECT_EQ(grid.go(4, 64), "the launch of kernel 'k' was interrupted");
    EXPECT_TRUE(grid.report.findings.empty());
  }
}
