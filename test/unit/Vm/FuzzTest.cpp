//===- FuzzTest.cpp - short, repeatable runs of the fuzzers ---------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// tools/fuzz runs the same code for as long as one likes, with sanitizers; what it found is
// repeated here by name.
//
//===----------------------------------------------------------------------===//
#include "test/fuzz/ArithProgram.h"
#include "test/fuzz/Mutate.h"
#include "test/fuzz/RunModule.h"
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace vmtest;

namespace {

/// The compiled programs that are short enough to mutate thousands of times, in a fixed order.
std::vector<std::string> shortPrograms() {
  std::vector<std::string> texts;
  for (const auto &file : std::filesystem::directory_iterator(COSMATI_VM_CUDA_DIR))
    if (file.path().extension() == ".ptx" && file.file_size() < 24000) {
      std::ostringstream text;
      text << std::ifstream(file.path()).rdbuf();
      texts.push_back(text.str());
    }
  std::sort(texts.begin(), texts.end());
  return texts;
}

vmfuzz::ArithProgram program(uint32_t seed, unsigned size) {
  uint8_t bytes[] = {uint8_t(seed), uint8_t(seed >> 8), uint8_t(seed >> 16), 1};
  vmfuzz::Dice dice(bytes);
  return vmfuzz::ArithProgram(dice, size);
}

std::string withBody(const std::string &body) {
  return moduleHeader() + ".visible .entry k() {\n" + body + "\n  ret;\n}\n";
}

} // namespace

TEST(Fuzz, MutatedProgramsNeverCrashTheMachine) {
  std::vector<std::string> texts = shortPrograms();
  ASSERT_FALSE(texts.empty());
  std::mt19937 random(1);
  unsigned loaded = 0, launches = 0;
  for (unsigned k = 0; k < 1500; ++k) {
    std::string text = texts[k % texts.size()];
    text = k % 8 ? vmfuzz::mutate(text, random)
                 : vmfuzz::crossOver(text, texts[(k / 8) % texts.size()], random);
    vmfuzz::Outcome outcome = vmfuzz::runModule(text);
    loaded += outcome.loaded;
    launches += outcome.launches;
  }
  // Otherwise the mutations would be too wild to test anything but the lexer.
  EXPECT_GT(loaded, 100u);
  EXPECT_GT(launches, 50u);
}

TEST(Fuzz, RandomArithmeticAgreesWithTheHost) {
  for (uint32_t seed = 1; seed <= 400; ++seed) {
    vmfuzz::ArithProgram p = program(seed, 80);
    if (std::string report = p.compare(); !report.empty())
      FAIL() << "seed " << seed << ": " << p.minimize();
  }
  EXPECT_LT(vmfuzz::ArithProgram::valuesOpen(), vmfuzz::ArithProgram::valuesCompared() / 20);
}
TEST(Fuzz, RandomArithmeticAssembles) {
  for (uint32_t seed : {1u, 2u})
    EXPECT_EQ(assemblerErrors(program(seed, 1500).text()), "");
}

TEST(Fuzz, RegisterCountsBeyond64BitsAreRefused) {
  EXPECT_NE(parseError(withBody("  .reg .pred %p<8>;\n  .reg .b16 %h<18446744073709551615>;"))
                .find("registers"),
            std::string::npos);
}
TEST(Fuzz, ExtremeOffsetsWrap) {
  EXPECT_EQ(parseError(moduleHeader() + ".global .b64 g = g - 9223372036854775808;\n"), "");
  EXPECT_EQ(parseError(withBody("  .reg .b64 %d<2>;\n"
                                "  ld.global.b64 %d0, [%d1+9223372036854775807+1];\n"
                                "  ld.global.b64 %d0, [%d1-9223372036854775808-1];")),
            "");
}
TEST(Fuzz, DeepNestingIsRefused) {
  std::string braces(100000, '{');
  EXPECT_NE(parseError(withBody("  mov.b32 " + braces + ";")).find("nest"), std::string::npos);
  EXPECT_NE(parseError(moduleHeader() + ".global .b32 g[4] = " + braces + ";").find("nest"),
            std::string::npos);
}
TEST(Fuzz, RootsOfNegativeNumbersAreTheCanonicalNan) {
  for (std::string mode : {"rn", "rz", "rm", "rp", "rn.ftz"})
    for (uint32_t bits : run<uint32_t>("sqrt." + mode + ".f32 %x0, $0; mov.b32 $d, %x0;",
                                       std::vector<float>{-1.5f, -1e-30f, -INFINITY}))
      EXPECT_EQ(bits, 0x7fffffffu) << mode;
}
TEST(Fuzz, FnsTakesTheLeastNumber) {
  EXPECT_EQ(run<uint32_t>("fns.b32 $d, $0, $1, $2;", std::vector<uint32_t>{~0u},
                          std::vector<uint32_t>{3u}, std::vector<uint32_t>{0x80000000u}),
            std::vector<uint32_t>{~0u});
}
TEST(Fuzz, RacesOnLongRowsOfFragmentsAreFound) {
  // Two warps store a 16 x 16 tile of f32, rows of 64 bytes, to one place; or each to a place of
  // its own.
  auto text = [](const std::string &offset) {
    return moduleHeader() +
           ".visible .entry k(.param .u64 out) {\n  .reg .b64 %d<3>;\n  .reg .b32 %r<2>;\n"
           "  .reg .f32 %f<8>;\n  .reg .pred %p;\n"
           "  ld.param.u64 %d0, [out];\n  mov.u32 %r0, %tid.x;\n  shr.u32 %r0, %r0, 5;\n"
           "  mad.wide.u32 %d0, %r0, " +
           offset +
           ", %d0;\n  cvt.rn.f32.u32 %f0, %r0;\n"
           "  wmma.store.d.sync.aligned.row.m16n16k16.global.f32 [%d0], "
           "{%f0, %f0, %f0, %f0, %f0, %f0, %f0, %f0};\n  ret;\n}\n";
  };
  for (bool apart : {false, true}) {
    alignas(32) static float out[512];
    LaunchConfig config;
    config.checks = Check::All;
    Grid grid(parse(text(apart ? "1024" : "0")), "k", config);
    std::string error = grid.address(grid.memory.map(out, sizeof(out), "out", true)).go(1, 64);
    EXPECT_EQ(error.find("race") != std::string::npos, !apart) << error;
  }
}
