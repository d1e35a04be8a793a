//===- RaceRemovalTest.cpp - programs of nvcc with a wait removed ---------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Correct programs are silent. Without any one of their barriers, or waits for asynchronous copies,
// they race.
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"
#include <fstream>
#include <sstream>

using namespace vmtest;

namespace {

std::vector<std::string> linesOf(const std::string &file) {
  std::ifstream in(std::string(COSMATI_VM_CUDA_DIR) + "/" + file);
  EXPECT_TRUE(in.good()) << file;
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}
std::string joined(const std::vector<std::string> &lines, size_t without) {
  std::ostringstream text;
  for (size_t k = 0; k < lines.size(); ++k)
    text << (k == without ? "" : lines[k]) << "\n";
  return text.str();
}
/// Lines of the entry's barriers and waits.
std::vector<size_t> waitsOf(const std::vector<std::string> &lines, const std::string &entry) {
  std::vector<size_t> waits;
  bool inside = false;
  for (size_t k = 0; k < lines.size(); ++k) {
    if (lines[k].find(".entry ") != std::string::npos)
      inside = lines[k].find(".entry " + entry + "(") != std::string::npos;
    for (const char *wait : {"bar.sync", "barrier.sync", "cp.async.wait_group"})
      if (inside && lines[k].find(wait) != std::string::npos)
        waits.push_back(k);
  }
  return waits;
}

/// `launch(grid)` packs the arguments and launches. `needless`: removals that do no harm.
template <class F>
void expectEachWaitNeeded(const std::string &file, const std::string &entry, size_t needless,
                          F launch) {
  std::vector<std::string> lines = linesOf(file);
  std::vector<size_t> waits = waitsOf(lines, entry);
  EXPECT_GT(waits.size(), 0u);
  auto run = [&](size_t without) {
    Grid grid(joined(lines, without), entry);
    grid.config.checks = Check::Race;
    std::string error = launch(grid);
    for (const Finding &f : grid.report.findings)
      EXPECT_EQ(f.kind, "race") << f.message;
    return error;
  };
  EXPECT_EQ(run(lines.size()), "");
  for (size_t k = 0; k + needless < waits.size(); ++k)
    EXPECT_EQ(run(waits[k]).substr(0, 4), "race") << file << " without line " << waits[k] + 1;
}

} // namespace

TEST(RaceRemoval, Reduction) {
  std::vector<int> in(2000, 1), out(1);
  expectEachWaitNeeded("reduce.sm_80.ptx", "sumInt", 0, [&](Grid &grid) {
    return grid.buffer(in, "in").buffer(out, "out").scalar(2000).go(2, 256);
  });
}
TEST(RaceRemoval, Matmul) {
  std::vector<float> a(128 * 96), b(96 * 64), c(128 * 64);
  expectEachWaitNeeded("matrix.sm_80.ptx", "matmul", 0, [&](Grid &grid) {
    grid.buffer(a).buffer(b).buffer(c).scalar(128).scalar(64).scalar(96);
    return grid.go({1, 2, 1}, {128, 1, 1});
  });
}
TEST(RaceRemoval, Pipelines) {
  std::vector<float> in(7 * 512), out(7 * 512);
  // Nobody comes after the barrier at the end of the last round.
  expectEachWaitNeeded("pipelines.sm_80.ptx", "primitives", 1, [&](Grid &grid) {
    return grid.buffer(in).buffer(out).scalar(7).go(1, 128);
  });
  std::vector<int> words(3 * 128), copies(3 * 128);
  expectEachWaitNeeded("pipelines.sm_80.ptx", "groupCopy", 0,
                       [&](Grid &grid) { return grid.buffer(words).buffer(copies).go(3, 128); });
}
