//===- AddressSpaceTest.cpp -----------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

TEST(AddressSpace, KeepsAlignmentModulo256AndGuards) {
  AddressSpace memory;
  std::vector<uint8_t> a(1000), b(1000);
  uint64_t x = memory.map(a.data() + 3, 500, "a", true), y = memory.map(b.data(), 1000, "b", true);
  EXPECT_EQ(x % 256, reinterpret_cast<uintptr_t>(a.data() + 3) % 256);
  EXPECT_EQ(y % 256, reinterpret_cast<uintptr_t>(b.data()) % 256);
  EXPECT_GT(y > x ? y - x : x - y, uint64_t(1) << 31);
  EXPECT_EQ(memory.translate(x, 500), a.data() + 3);
  EXPECT_EQ(memory.translate(x + 499, 1), a.data() + 502);
  EXPECT_EQ(memory.translate(x + 499, 2), nullptr);
  EXPECT_EQ(memory.translate(x - 1, 1), nullptr);
}
TEST(AddressSpace, AliasesShareOneMapping) {
  AddressSpace memory;
  std::vector<uint8_t> a(1000);
  uint64_t whole = memory.map(a.data(), 1000, "whole", true);
  EXPECT_EQ(memory.map(a.data(), 1000, "again", true), whole);
  EXPECT_EQ(memory.map(a.data() + 100, 50, "view", true), whole + 100);
  std::vector<uint8_t> b(100);
  uint64_t left = memory.map(b.data(), 60, "left", true),
           right = memory.map(b.data() + 40, 60, "right", true);
  EXPECT_EQ(right, left + 40);
  EXPECT_EQ(memory.translate(left, 60), b.data());
  EXPECT_EQ(memory.translate(right, 60), b.data() + 40);
  EXPECT_TRUE(memory.unmap(left, 60));
  EXPECT_EQ(memory.translate(left, 1), nullptr);
  EXPECT_EQ(memory.translate(right, 60), b.data() + 40);
  EXPECT_FALSE(memory.unmap(left, 60));
}
TEST(AddressSpace, CountsUsesAndKeepsSnapshots) {
  AddressSpace memory;
  std::vector<uint8_t> a(16);
  uint64_t x = memory.map(a.data(), 16, "a", true);
  memory.map(a.data(), 16, "a", true);
  auto before = memory.snapshot();
  EXPECT_TRUE(memory.unmap(x, 16));
  EXPECT_NE(memory.translate(x, 16), nullptr);
  EXPECT_TRUE(memory.unmap(x, 16));
  EXPECT_EQ(memory.translate(x, 16), nullptr);
  EXPECT_NE(before->find(x, 16), nullptr);
  uint64_t empty = memory.map(nullptr, 0, "empty", true);
  EXPECT_EQ(memory.translate(empty, 1), nullptr);
}
TEST(AddressSpace, IncludedBuffersKeepTheirAddresses) {
  std::vector<uint8_t> a(1000), b(100);
  AddressSpace standing(uint64_t(1) << 48), memory;
  uint64_t x = standing.map(a.data(), 1000, "standing"), gone = standing.map(b.data(), 100, "gone");
  EXPECT_TRUE(standing.unmap(gone, 100, "before"));
  memory.include(standing);
  EXPECT_EQ(memory.map(a.data() + 100, 50, "argument"), x + 100);
  EXPECT_LT(memory.map(b.data(), 100, "other"), uint64_t(1) << 48);
  EXPECT_EQ(memory.translate(x, 1000), a.data());
  EXPECT_EQ(memory.snapshot()->find(x + 120, 4)->name, "argument");
  EXPECT_EQ(memory.snapshot()->find(x + 20, 4)->name, "standing");
  EXPECT_EQ(memory.snapshot()->findReleased(gone)->released, "before");
  EXPECT_TRUE(memory.includes(x + 999) && memory.includes(x + 1000) && memory.includes(gone));
  EXPECT_FALSE(memory.includes(x + 1001));
  standing.unmap(x, 1000); // what was included stays
  EXPECT_EQ(memory.translate(x, 1000), a.data());
}
TEST(AddressSpace, FindsAmongOverlappingRegions) {
  RegionMap map;
  uint8_t host[4096];
  for (auto [base, bytes] :
       {std::pair<uint64_t, uint64_t>{1000, 3000}, {1100, 10}, {1200, 10}, {5000, 10}}) {
    Region r;
    r.base = base, r.bytes = bytes, r.host = host;
    map.regions.push_back(r);
  }
  map.finish();
  EXPECT_EQ(map.find(3000, 8)->base, 1000u);
  EXPECT_EQ(map.find(5009, 1)->base, 5000u);
  EXPECT_EQ(map.find(4500, 1), nullptr);
  EXPECT_EQ(map.find(5009, 2), nullptr);
  uint64_t distance;
  EXPECT_EQ(map.nearest(4100, distance)->base, 1000u);
  EXPECT_EQ(distance, 100u);
}
