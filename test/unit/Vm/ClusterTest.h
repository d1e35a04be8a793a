//===- ClusterTest.h - Programs of clusters ------------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"

namespace vmtest {

using Dims = std::array<uint32_t, 3>;
inline uint32_t volume(const Dims &d) { return d[0] * d[1] * d[2]; }

/// %t: thread, %rank, %n: CTAs of the cluster, %cta: number of the CTA in the grid, %d: the result,
/// out[cta * threads + t]. %s: 1024 bytes of shared memory, %bar: an mbarrier, %peer: rank + 1.
/// Every thread meets the cluster at the end, so that no CTA leaves early.
inline std::string clusterProgram(const std::string &code, const std::string &directives = "",
                                  bool meetAtEnd = true) {
  return newestHeader() + ".visible .entry k(.param .u64 pin, .param .u64 pout)" + directives +
         " {\n  .reg .pred %p<6>, %first, %lead;\n  .reg .b16 %h<4>;\n"
         "  .reg .b32 %t, %rank, %n, %cta, %d, %s, %bar, %peer, %x<12>;\n"
         "  .reg .b64 %in, %out, %y<8>;\n  .reg .f64 %f<4>;\n"
         "  .shared .align 128 .b8 pad[128];\n  .shared .align 128 .b8 s[1024];\n"
         "  .shared .align 8 .b64 bar;\n"
         "  mov.u32 %t, %tid.x;\n  mov.u32 %rank, %cluster_ctarank;\n"
         "  mov.u32 %n, %cluster_nctarank;\n  mov.u32 %x0, %ctaid.x;\n  mov.u32 %x1, %ctaid.y;\n"
         "  mov.u32 %x2, %ctaid.z;\n  mov.u32 %x3, %nctaid.x;\n  mov.u32 %x4, %nctaid.y;\n"
         "  mad.lo.u32 %cta, %x2, %x4, %x1;\n  mad.lo.u32 %cta, %cta, %x3, %x0;\n"
         "  ld.param.u64 %in, [pin];\n  ld.param.u64 %out, [pout];\n  mov.u32 %d, 0;\n"
         "  mov.u32 %s, s;\n  mov.u32 %bar, bar;\n  add.u32 %peer, %rank, 1;\n"
         "  rem.u32 %peer, %peer, %n;\n  setp.eq.u32 %first, %t, 0;\n"
         "  setp.eq.and.u32 %lead, %rank, 0, %first;\n" +
         code +
         "\nEND:\n  mov.u32 %x0, %ntid.x;\n  mad.lo.u32 %x0, %cta, %x0, %t;\n"
         "  mad.wide.u32 %y0, %x0, 4, %out;\n  st.global.b32 [%y0], %d;\n" +
         (meetAtEnd ? "  barrier.cluster.arrive;\n  barrier.cluster.wait;\n" : "") + "  ret;\n}\n";
}
inline const std::string meet = "  barrier.cluster.arrive.release.aligned;\n"
                                "  barrier.cluster.wait.acquire.aligned;\n";
inline std::string initBar(const std::string &count) {
  return "  @%first mbarrier.init.shared::cta.b64 [%bar], " + count +
         ";\n  fence.mbarrier_init.release.cluster;\n" + meet;
}
inline std::string waitFor(const std::string &parity) {
  static int label = 0;
  std::string name = "W" + std::to_string(++label);
  return name + ":\n  mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p0, [%bar], " +
         parity + ";\n  @!%p0 bra " + name + ";\n";
}

struct Outcome {
  std::vector<uint32_t> out;
  std::string error;
  Report report;
};
inline Outcome run(const std::string &text, Dims grid, Dims cluster, uint32_t threads,
                   uint64_t seed, uint32_t hostThreads, bool nonPortable = false,
                   Check checks = Check::None) {
  Outcome result;
  result.out.assign(size_t(volume(grid)) * threads, ~0u);
  std::vector<uint32_t> in(1024);
  for (size_t k = 0; k < in.size(); ++k)
    in[k] = uint32_t(k * 2654435761u);
  Grid g(text);
  g.config.cluster = cluster;
  g.config.seed = seed;
  g.config.threads = hostThreads;
  g.config.nonPortableCluster = nonPortable;
  g.config.checks = checks;
  g.config.maxInstructions = 10'000'000;
  result.error = g.buffer(in, "in").buffer(result.out, "out").go(grid, {threads, 1, 1});
  result.report = g.report;
  return result;
}

/// Runs `code` for several shapes, seeds and host threads, and with checkers; `expected(cta, rank,
/// n, t)`.
template <class F>
void everyShape(const std::string &code, uint32_t threads, F expected, bool meetAtEnd = true,
                Check checks = Check::Race | Check::Sync) {
  std::string text = clusterProgram(code, "", meetAtEnd);
  EXPECT_EQ(assemblerErrors(text), "") << text;
  struct Shape {
    Dims grid, cluster;
  };
  for (const Shape &shape :
       {Shape{{6, 1, 1}, {2, 1, 1}}, Shape{{8, 1, 1}, {4, 1, 1}}, Shape{{16, 1, 1}, {8, 1, 1}},
        Shape{{4, 4, 1}, {2, 2, 1}}, Shape{{2, 4, 4}, {2, 2, 2}}, Shape{{1, 3, 4}, {1, 1, 4}}})
    for (uint64_t seed : {0, 3, 77})
      for (uint32_t hostThreads : {1, 2}) {
        const Dims &grid = shape.grid, &cluster = shape.cluster;
        Outcome r = run(text, grid, cluster, threads, seed, hostThreads, false,
                        seed == 3 ? checks : Check::None);
        ASSERT_EQ(r.error, "") << text;
        EXPECT_EQ(r.report.counters.ctas, volume(grid));
        for (uint32_t cta = 0; cta < volume(grid); ++cta) {
          Dims id{cta % grid[0], cta / grid[0] % grid[1], cta / grid[0] / grid[1]};
          uint32_t rank = id[0] % cluster[0] +
                          cluster[0] * (id[1] % cluster[1] + cluster[1] * (id[2] % cluster[2]));
          for (uint32_t t = 0; t < threads; ++t)
            ASSERT_EQ(r.out[cta * threads + t], expected(cta, rank, volume(cluster), t))
                << "CTA " << cta << " rank " << rank << " thread " << t << " seed " << seed;
        }
      }
}
inline std::string errorOf(const std::string &code, Dims cluster = {2, 1, 1}, uint32_t threads = 32,
                           bool meetAtEnd = true) {
  std::string text = clusterProgram(code, "", meetAtEnd);
  EXPECT_EQ(assemblerErrors(text), "") << text;
  return run(text, cluster, cluster, threads, 0, 1).error;
}
#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << text

} // namespace vmtest
