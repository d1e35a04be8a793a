//===- KnownBadTest.cpp - programs with one mistake, and their twins ------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// cuda/knownbad.cu, compiled twice. Each mistake is found under every schedule, is called by its
// name and is put at the lines that the source marks; its corrected twin is silent with all checks
// on.
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <sstream>

using namespace vmtest;

namespace {

std::string readFile(const std::string &name) {
  const char *other = std::getenv("COSMATI_VM_CUDA");
  std::filesystem::path folder = other ? other : COSMATI_VM_CUDA_DIR;
  std::ostringstream text;
  text << std::ifstream(folder / name).rdbuf();
  return text.str();
}

/// One of the two texts, and the source line of each of its lines.
struct Program {
  std::string text;
  std::shared_ptr<Module> module;
  std::vector<unsigned> sourceLines{0}; ///< by PTX line, 1-based; of inlined code that of the use

  explicit Program(const std::string &variant) : text(readFile("knownbad." + variant + ".ptx")) {
    module = parse(text);
    std::istringstream lines(text);
    unsigned current = 0;
    for (std::string line; std::getline(lines, line);) {
      unsigned file, number;
      size_t inlined = line.find("inlined_at ");
      if (std::sscanf(line.c_str(), " .loc %u %u", &file, &number) == 2)
        if (file == 1 || inlined != std::string::npos) {
          if (inlined != std::string::npos)
            std::sscanf(line.c_str() + inlined, "inlined_at %u %u", &file, &number);
          current = number;
        }
      sourceLines.push_back(current);
    }
  }
};

const Program &program(bool fixed) {
  static const Program bad("bad"), good("fixed");
  return fixed ? good : bad;
}

/// The lines of knownbad.cu that end in `// [name]`.
std::set<unsigned> markedLines(const std::string &name) {
  std::ifstream file(std::string(COSMATI_VM_CUDA_DIR) + "/knownbad.cu");
  std::set<unsigned> lines;
  unsigned number = 1;
  for (std::string line; std::getline(file, line); ++number)
    if (line.find("// [" + name + "]") != std::string::npos)
      lines.insert(number);
  return lines;
}

/// Buffers that live as long as a launch.
struct Buffers {
  std::vector<int> in, out, more;
  alignas(16) int wideIn[512], wideOut[512];
  Buffers() : in(1024), out(1024), more(1024) {
    std::iota(in.begin(), in.end(), 1);
    std::iota(std::begin(wideIn), std::end(wideIn), 1);
    std::fill(std::begin(wideOut), std::end(wideOut), 0);
  }
};

struct Case {
  const char *entry;
  Check check;      ///< that finds it
  const char *kind; ///< of the finding
  uint32_t grid, block;
  void (*arguments)(Grid &, Buffers &);
};

void outOnly(Grid &g, Buffers &b) { g.buffer(b.out, "out"); }
void inAndOut(Grid &g, Buffers &b) { g.buffer(b.in, "in").buffer(b.out, "out"); }
void wide(Grid &g, Buffers &b) {
  g.address(g.memory.map(b.wideIn, sizeof(b.wideIn), "in", true));
  g.address(g.memory.map(b.wideOut, sizeof(b.wideOut), "out", true));
}
void small(Grid &g, Buffers &b) {
  b.in.resize(100);
  b.out.resize(100);
  inAndOut(g, b);
  g.scalar(100);
}
void freedInput(Grid &g, Buffers &b) {
  uint64_t address = g.memory.map(b.in.data(), 4096, "in", false);
  if (g.module == program(false).module)
    g.memory.unmap(address, 4096, "before the launch");
  g.address(address).buffer(b.out, "out");
}
void unwrittenInput(Grid &g, Buffers &b) {
  MapOptions options;
  options.initialized = g.module != program(false).module;
  g.address(g.memory.map(b.in.data(), 4096, "in", options)).buffer(b.out, "out");
}
/// 65,537 rows of 65,536 bytes, of which only the one that is read exists.
void farRow(Grid &g, Buffers &b) {
  static char element[64] = {1, 2, 3};
  uint64_t base = g.memory.map(element, sizeof(element), "in", true);
  bool bad = g.module == program(false).module;
  // The wrapped product is 0, so the wrong program stays inside the buffer.
  g.address(bad ? base : base - (uint64_t(65536) << 16))
      .buffer(b.out, "out")
      .scalar(65536)
      .scalar(65536);
}
void inOutAndTiles(Grid &g, Buffers &b) {
  inAndOut(g, b);
  g.scalar(4);
}
void flagged(Grid &g, Buffers &b) {
  g.buffer(b.in, "data").buffer(b.more, "flag").buffer(b.out, "out");
}
void outAndCount(Grid &g, Buffers &b) {
  outOnly(g, b);
  g.scalar(32);
}

const Case cases[] = {
    {"maskMissing", Check::None, "out-of-bounds", 1, 128, small},
    {"offByOne", Check::None, "out-of-bounds", 1, 128, small},
    {"nextArray", Check::Slices, "out-of-bounds", 1, 32, outAndCount},
    {"misaligned", Check::None, "misaligned", 1, 32, wide},
    {"freed", Check::None, "use-after-free", 1, 32, freedInput},
    {"tooLarge", Check::Overflow, "overflow", 1, 32, farRow},
    {"sharedUnwritten", Check::Uninitialized, "uninitialized", 1, 64, outOnly},
    {"localUnwritten", Check::Uninitialized, "uninitialized", 1, 32, outAndCount},
    {"globalUnwritten", Check::Uninitialized, "uninitialized", 1, 32, unwrittenInput},
    {"barrierMissing", Check::Race, "race", 1, 128, inAndOut},
    {"secondBarrierMissing", Check::Race, "race", 1, 128, inOutAndTiles},
    {"warpSyncMissing", Check::Race, "race", 1, 32, outOnly},
    {"lanesCollide", Check::Race, "race", 1, 32, outOnly},
    {"plainCounter", Check::Race, "race", 4, 32, outOnly},
    {"neighbourBlock", Check::Race, "race", 2, 64, inAndOut},
    {"narrowScope", Check::Race, "race", 2, 32, outOnly},
    {"fenceMissing", Check::Race, "race", 2, 32, flagged},
    {"waitMissing", Check::Race, "race", 1, 32, wide},
    {"waitOfOneThread", Check::Race, "race", 1, 64, wide},
    {"mbarrierWaitMissing", Check::Race, "race", 1, 64, wide},
    {"proxyFenceMissing", Check::Race, "race", 1, 64,
     [](Grid &g, Buffers &b) {
       g.address(g.memory.map(b.wideOut, sizeof(b.wideOut), "out", true));
     }},
    {"reusedTooSoon", Check::Race, "race", 1, 64,
     [](Grid &g, Buffers &b) {
       g.address(g.memory.map(b.wideOut, sizeof(b.wideOut), "out", true));
     }},
    {"wgmmaWaitMissing", Check::None, "wgmma", 1, 128, outOnly},
    {"wgmmaOperandReused", Check::Race, "race", 1, 128, outOnly},
    {"divergentBarrier", Check::Sync, "barrier-divergence", 1, 64, outOnly},
    {"countsDiffer", Check::None, "barrier", 1, 64, outOnly},
    {"crossedBarriers", Check::None, "deadlock", 1, 64, outOnly},
    {"arrivalMissing", Check::None, "deadlock", 1, 64, outOnly},
    {"notInitialised", Check::None, "asynchronous", 1, 64, outOnly},
    {"initTwice", Check::Sync, "mbarrier", 1, 64, outOnly}};

struct Order {
  Schedule schedule;
  uint64_t seed;
  uint32_t threads;
};
const Order orders[] = {{Schedule::InOrder, 0, 1},
                        {Schedule::RoundRobin, 0, 1},
                        {Schedule::Random, 11, 2},
                        {Schedule::Adversarial, 3, 1},
                        {Schedule::Adversarial, 99, 2}};

/// Launches one of the two programs under one order.
Report report(const Case &c, bool fixed, Check checks, const Order &order) {
  Buffers buffers;
  LaunchConfig config;
  config.schedule = order.schedule;
  config.seed = order.seed;
  config.threads = order.threads;
  config.checks = checks;
  config.maxInstructions = 200000;
  Grid grid(program(fixed).module, c.entry, config);
  c.arguments(grid, buffers);
  (void)grid.go(c.grid, c.block);
  return grid.report;
}

/// Whether a finding points at the marked lines: at all of them if it names several places, else at
/// one of them.
void expectMarkedLines(const Finding &f, const std::string &entry) {
  const std::vector<unsigned> &map = program(false).sourceLines;
  std::set<unsigned> marked = markedLines(entry), named;
  for (const AccessPoint &a : f.accesses)
    named.insert(map.at(a.line));
  if (f.accesses.size() > 1)
    EXPECT_EQ(named, marked) << f.message;
  else
    EXPECT_TRUE(marked.count(map.at(f.line))) << f.message;
}

class KnownBad : public testing::TestWithParam<Case> {};

} // namespace

TEST_P(KnownBad, IsFoundAndNamed) {
  for (const Order &order : orders) {
    Report r = report(GetParam(), /*fixed=*/false, GetParam().check, order);
    ASSERT_FALSE(r.findings.empty());
    EXPECT_EQ(r.findings[0].kind, GetParam().kind) << r.findings[0].message;
    expectMarkedLines(r.findings[0], GetParam().entry);
    // With all checks another one may speak first: of a race that some write comes too late, say.
    EXPECT_FALSE(report(GetParam(), /*fixed=*/false, Check::All, order).findings.empty());
  }
}
TEST_P(KnownBad, TwinIsSilent) {
  for (const Order &order : orders) {
    Report r = report(GetParam(), /*fixed=*/true, Check::All, order);
    for (const Finding &f : r.findings)
      ADD_FAILURE() << f.message;
    EXPECT_EQ(r.counters.ctas, GetParam().grid);
  }
}

INSTANTIATE_TEST_SUITE_P(All, KnownBad, testing::ValuesIn(cases),
                         [](const auto &info) { return std::string(info.param.entry); });
