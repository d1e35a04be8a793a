//===- FreeTest.cpp - use after free --------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/CheckTest.h"

using namespace vmtest;

namespace {

const std::string kLoad = checkedKernel("  ld.global.u32 %r3, [%rd3+8]; // READ\n"
                                        "  st.global.u32 [%rd2], %r3;\n");

std::vector<Finding> run(Grid &grid) {
  grid.go(1, 4);
  return grid.report.findings;
}

} // namespace

TEST(UseAfterFree, AnAccessToAnUnmappedBufferNamesIt) {
  std::vector<uint32_t> out(16), in(16);
  Grid grid(kLoad);
  grid.buffer(out, "out");
  uint64_t address = grid.memory.map(in.data(), 64, "weights", true);
  grid.address(address).scalar(0u);
  EXPECT_TRUE(run(grid).empty());
  EXPECT_TRUE(grid.memory.unmap(address, 64, "after launch 3"));
  std::vector<Finding> findings = run(grid);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "use-after-free");
  EXPECT_EQ(findings[0].buffer, "weights");
  EXPECT_EQ(findings[0].index, 8u);
  EXPECT_EQ(findings[0].line, lineOf(kLoad, "// READ"));
  expectText(findings[0], "it is byte 8 of 'weights' (64 bytes at 0x");
  expectText(findings[0], "released after launch 3");
}
TEST(UseAfterFree, NeitherANewBufferNorTheSameBytesTakeTheAddress) {
  std::vector<uint32_t> out(16), in(16);
  Grid grid(kLoad);
  grid.buffer(out, "out");
  uint64_t old = grid.memory.map(in.data(), 64, "old", true);
  grid.address(old).scalar(0u);
  EXPECT_TRUE(grid.memory.unmap(old, 64));
  EXPECT_NE(grid.memory.map(in.data(), 64, "new", true), old);
  std::vector<Finding> findings = run(grid);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "use-after-free");
  EXPECT_EQ(findings[0].buffer, "old");
  expectText(findings[0], "released by the host");
}
TEST(UseAfterFree, AViewThatIsStillMappedKeepsItsBytes) {
  std::vector<uint32_t> out(16), in(16);
  Grid grid(kLoad);
  grid.buffer(out, "out");
  uint64_t whole = grid.memory.map(in.data(), 64, "whole", true);
  grid.memory.map(in.data() + 2, 24, "view", true);
  grid.address(whole).scalar(0u);
  EXPECT_TRUE(grid.memory.unmap(whole, 64));
  EXPECT_TRUE(run(grid).empty());
}
TEST(UseAfterFree, BeyondAReleasedBufferIsOutOfBounds) {
  std::vector<uint32_t> out(16), in(16);
  Grid grid(kLoad);
  grid.buffer(out, "out");
  uint64_t address = grid.memory.map(in.data(), 8, "short", true);
  grid.address(address).scalar(0u);
  grid.memory.unmap(address, 8);
  std::vector<Finding> findings = run(grid);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "out-of-bounds");
}
TEST(UseAfterFree, ASecondUnmapIsKnown) {
  std::vector<uint32_t> in(16);
  AddressSpace memory;
  uint64_t address = memory.map(in.data(), 64, "x", true);
  EXPECT_EQ(memory.releasedAt(address), "");
  EXPECT_TRUE(memory.unmap(address, 64, "after launch 1"));
  EXPECT_FALSE(memory.unmap(address, 64));
  std::string text = memory.releasedAt(address);
  EXPECT_EQ(text.find("'x' (64 bytes at 0x"), 0u) << text;
  EXPECT_NE(text.find("released after launch 1"), std::string::npos) << text;
}
TEST(UseAfterFree, PointersToMemoryThatTheHostReleased) {
  std::vector<uint32_t> out(16);
  Grid grid(kLoad);
  grid.buffer(out, "out");
  grid.address(grid.memory.mapReleased(64, "gone", "before the launch")).scalar(0u);
  std::vector<Finding> findings = run(grid);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "use-after-free");
  EXPECT_EQ(findings[0].buffer, "gone");
}
