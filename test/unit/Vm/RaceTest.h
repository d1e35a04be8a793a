//===- RaceTest.h - Programs with races and without ------------ -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A wrong program marks its two accesses with the comments "// A" and "// B"; the finding must name
// just these lines, under every seed and number of host threads. Its corrected twin is silent.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/CheckTest.h"

namespace vmtest {

struct RaceShape {
  uint32_t grid = 1, block = 64, cluster = 1;
};

/// out in %out, in in %in; %t: thread, %lane, %warp, %cta; %first: thread 0 of its CTA. %mine: the
/// thread's word of `tile` (4096 bytes), %next: that of the next thread (of `count`). %tile, %bar:
/// addresses of `tile` and of an mbarrier. %global: the thread's word of out.
inline std::string raceProgram(const std::string &body, uint32_t count = 64) {
  return newestHeader() +
         ".visible .entry k(.param .u64 pout, .param .u64 pin) {\n"
         "  .reg .pred %p<8>, %first;\n  .reg .b16 %h<4>;\n"
         "  .reg .b32 %t, %lane, %warp, %cta, %mine, %next, %tile, %bar, %x<16>;\n"
         "  .reg .b64 %out, %in, %global, %rd<8>, %state<4>;\n"
         "  .shared .align 128 .b8 tile[4096];\n  .shared .align 8 .b64 bar;\n"
         "  ld.param.u64 %out, [pout];\n  ld.param.u64 %in, [pin];\n"
         "  mov.u32 %t, %tid.x;\n  mov.u32 %cta, %ctaid.x;\n"
         "  and.b32 %lane, %t, 31;\n  shr.b32 %warp, %t, 5;\n  setp.eq.u32 %first, %t, 0;\n"
         "  mov.u32 %tile, tile;\n  mov.u32 %bar, bar;\n  mad.lo.u32 %mine, %t, 4, %tile;\n"
         "  add.u32 %x0, %t, 1;\n  rem.u32 %x0, %x0, " +
         std::to_string(count) +
         ";\n  mad.lo.u32 %next, %x0, 4, %tile;\n  mad.wide.u32 %global, %t, 4, %out;\n" + body +
         "\n  ret;\n}\n";
}

inline std::vector<Finding> racesOf(const std::string &ptx, const RaceShape &shape, uint64_t seed,
                                    uint32_t threads) {
  std::vector<uint32_t> out(4096), in(4096);
  Grid grid(ptx);
  grid.buffer(out, "out").buffer(in, "in");
  grid.config.checks = Check::Race;
  grid.config.seed = seed;
  grid.config.threads = threads;
  grid.config.cluster = {shape.cluster, 1, 1};
  grid.config.maxInstructions = 1'000'000;
  std::string error = grid.go(shape.grid, shape.block);
  EXPECT_EQ(error.empty(), grid.report.findings.empty()) << error;
  return grid.report.findings;
}

template <class F> void everyOrder(F run) {
  for (uint64_t seed : {0, 1, 7, 4242})
    for (uint32_t threads : {1, 3})
      run(seed, threads);
}

/// Silent in every order.
inline void expectNoRace(const std::string &body, const RaceShape &shape = {}) {
  std::string ptx = raceProgram(body, shape.block);
  EXPECT_EQ(assemblerErrors(ptx), "") << ptx;
  everyOrder([&](uint64_t seed, uint32_t threads) {
    for (const Finding &f : racesOf(ptx, shape, seed, threads))
      ADD_FAILURE() << "seed " << seed << ", " << threads << " threads: " << f.message << "\n"
                    << ptx;
  });
}

/// One race, of the lines marked A and B, whose text has `part`.
inline void expectRace(const std::string &body, const std::string &part,
                       const RaceShape &shape = {}) {
  std::string ptx = raceProgram(body, shape.block);
  EXPECT_EQ(assemblerErrors(ptx), "") << ptx;
  bool one = ptx.find("// A") == std::string::npos; // an instruction that races with itself
  uint32_t a = lineOf(ptx, one ? "// B" : "// A"), b = lineOf(ptx, "// B");
  everyOrder([&](uint64_t seed, uint32_t threads) {
    std::vector<Finding> findings = racesOf(ptx, shape, seed, threads);
    EXPECT_FALSE(findings.empty()) << "seed " << seed << ", " << threads << " threads\n" << ptx;
    for (const Finding &f : findings) {
      EXPECT_EQ(f.kind, "race") << f.message;
      ASSERT_EQ(f.accesses.size(), 2u);
      std::pair<uint32_t, uint32_t> lines = std::minmax(f.accesses[0].line, f.accesses[1].line);
      EXPECT_EQ(lines, (std::pair<uint32_t, uint32_t>(std::minmax(a, b)))) << f.message;
      expectText(f, part);
    }
  });
}

} // namespace vmtest
