//===- CheckTest.h - Programs under the checkers of the VM ---- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each known-bad program has a corrected twin. A finding must name the line that carries a mark
// (a comment in the PTX); a twin must be silent under several seeds and host threads.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "test/unit/Vm/VmTest.h"
#include <functional>

namespace vmtest {

/// A kernel k(out, in, n): %rd0 and %rd1 hold the pointers, %r0 is %tid.x, %r1 n, %rd2 = out + 4 *
/// tid, %rd3 = in + 4 * tid. %r2 to %r15, %rd4 to %rd15 and %p0 to %p3 are free.
inline std::string checkedKernel(const std::string &body, const std::string &declarations = "",
                                 const std::string &module = "") {
  return moduleHeader() + module +
         ".visible .entry k(.param .u64 out, .param .u64 in, .param .u32 n) {\n"
         "  .reg .pred %p<4>;\n  .reg .b32 %r<16>;\n  .reg .b64 %rd<16>;\n  .reg .f32 %f<4>;\n" +
         declarations +
         "  ld.param.u64 %rd0, [out];\n  ld.param.u64 %rd1, [in];\n  ld.param.u32 %r1, [n];\n"
         "  mov.u32 %r0, %tid.x;\n  mad.wide.u32 %rd2, %r0, 4, %rd0;\n"
         "  mad.wide.u32 %rd3, %r0, 4, %rd1;\n" +
         body + "  ret;\n}\n";
}

/// Number of the line that holds `mark`, from 1 on.
inline uint32_t lineOf(const std::string &text, const std::string &mark) {
  size_t at = text.find(mark);
  EXPECT_NE(at, std::string::npos) << "no line has " << mark;
  return uint32_t(1 + std::count(text.begin(), text.begin() + long(at), '\n'));
}

/// How a checked launch is set up.
struct CheckedLaunch {
  Check checks = Check::All;
  uint32_t n = 0;
  uint32_t grid = 1, block = 64;
  uint64_t seed = 0;
  uint32_t threads = 1;
  bool unwrittenInput = false;
  uint32_t dynamicShared = 0;
};

/// Runs with buffers 'out' (zeros) and 'in' (0, 1, 2, ...) of 1024 words.
inline std::vector<Finding> findingsOf(const std::string &ptx, const CheckedLaunch &launch = {}) {
  std::vector<uint32_t> out(1024), in(1024);
  for (uint32_t k = 0; k < in.size(); ++k)
    in[k] = k;
  Grid grid(ptx);
  grid.buffer(out, "out");
  MapOptions options;
  options.initialized = !launch.unwrittenInput;
  grid.address(grid.memory.map(in.data(), in.size() * 4, "in", options));
  grid.scalar(launch.n);
  grid.config.checks = launch.checks;
  grid.config.seed = launch.seed;
  grid.config.threads = launch.threads;
  grid.config.dynamicShared = launch.dynamicShared;
  grid.config.maxInstructions = 1000000;
  std::string error = grid.go(launch.grid, launch.block);
  EXPECT_EQ(error.empty(), grid.report.findings.empty()) << error;
  return grid.report.findings;
}

/// No finding, whatever the order.
inline void expectSilent(const std::string &ptx, CheckedLaunch launch = {}) {
  for (uint64_t seed : {0, 1, 7, 12345})
    for (uint32_t threads : {1, 2}) {
      launch.seed = seed;
      launch.threads = threads;
      for (const Finding &f : findingsOf(ptx, launch))
        ADD_FAILURE() << "seed " << seed << ", " << threads << " threads: " << f.message << "\n"
                      << ptx;
    }
}

/// The same one finding of this kind, at the line that holds `mark`, whatever the order.
inline Finding expectFinding(const std::string &ptx, const std::string &kind,
                             const std::string &mark, CheckedLaunch launch = {}) {
  Finding first;
  for (uint64_t seed : {0, 1, 7})
    for (uint32_t threads : {1, 2}) {
      launch.seed = seed;
      launch.threads = threads;
      std::vector<Finding> findings = findingsOf(ptx, launch);
      EXPECT_EQ(findings.size(), 1u) << ptx;
      for (size_t k = 1; k < findings.size(); ++k)
        ADD_FAILURE() << findings[k].message;
      if (findings.empty())
        return first;
      EXPECT_EQ(findings[0].kind, kind) << findings[0].message;
      EXPECT_EQ(findings[0].line, lineOf(ptx, mark)) << findings[0].message;
      if (!seed && threads == 1)
        first = findings[0];
    }
  return first;
}

inline void expectText(const Finding &f, const std::string &part) {
  EXPECT_NE(f.message.find(part), std::string::npos) << "no '" << part << "' in:\n" << f.message;
}

} // namespace vmtest
