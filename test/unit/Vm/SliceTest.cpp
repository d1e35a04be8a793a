//===- SliceTest.cpp - bounds of views and of variables -------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/CheckTest.h"

using namespace vmtest;

namespace {

CheckedLaunch only(uint32_t n = 0, uint32_t block = 64) {
  CheckedLaunch launch;
  launch.checks = Check::Slices;
  launch.n = n;
  launch.block = block;
  return launch;
}

using Shape = std::vector<uint64_t>;
using Strides = std::vector<int64_t>;

/// Bytes of `host` that the view covers, by the definition.
std::vector<bool> covered(size_t size, size_t origin, const Shape &shape, const Strides &strides,
                          unsigned itemsize) {
  std::vector<bool> in(size);
  size_t elements = 1;
  for (uint64_t n : shape)
    elements *= n;
  for (size_t k = 0; k < elements; ++k) {
    auto at = int64_t(origin);
    size_t rest = k;
    for (size_t d = shape.size(); d-- > 0; rest /= shape[d])
      at += int64_t(rest % shape[d]) * strides[d];
    for (unsigned b = 0; b < itemsize; ++b)
      in[size_t(at) + b] = true;
  }
  return in;
}

void expectView(size_t origin, const Shape &shape, const Strides &strides, unsigned itemsize) {
  std::vector<uint8_t> host(4096);
  AddressSpace memory;
  uint64_t address = memory.mapStrided(host.data() + origin, shape, strides, itemsize, "view");
  std::vector<bool> in = covered(host.size(), origin, shape, strides, itemsize);
  for (size_t k = 0; k < host.size(); ++k)
    for (unsigned bytes : {1, 2, 4, 8}) {
      bool all = k + bytes <= host.size();
      for (unsigned b = 0; b < bytes && all; ++b)
        all = in[k + b];
      void *expected = all ? host.data() + k : nullptr;
      ASSERT_EQ(memory.translate(address - origin + k, bytes), expected) << k << ", " << bytes;
    }
  EXPECT_TRUE(memory.unmap(address, 0));
  EXPECT_EQ(memory.translate(address, 1), nullptr);
}

/// Loads in[n * tid] of a view.
std::string stridedLoad() {
  return checkedKernel("  mul.lo.u32 %r2, %r0, %r1;\n  mad.wide.u32 %rd4, %r2, 4, %rd1;\n"
                       "  ld.global.u32 %r3, [%rd4]; // READ\n  st.global.u32 [%rd2], %r3;\n");
}

} // namespace

TEST(Slice, ViewsAreTheirBytesAndNothingElse) {
  expectView(0, {16}, {4}, 4);           // contiguous
  expectView(12, {8}, {64}, 4);          // a column
  expectView(8, {8, 3}, {64, 4}, 4);     // a block of columns
  expectView(8, {3, 8}, {4, 64}, 4);     // transposed
  expectView(1000, {8, 3}, {-64, 4}, 4); // rows upside down
  expectView(1020, {16}, {-4}, 4);       // reversed
  expectView(4, {4, 4, 2}, {512, 64, 8}, 4);
  expectView(0, {4, 4, 4}, {256, 64, 16}, 2);
  expectView(32, {5, 7, 3}, {4, 100, 1000}, 4);
  expectView(0, {10, 4}, {4, 4}, 4);       // windows that overlap
  expectView(0, {6, 1, 2}, {0, 8, 40}, 8); // broadcast
  expectView(64, {}, {}, 8);               // a scalar
}
TEST(Slice, InterleavedDimensionsAreBoundedByTheirExtent) {
  std::vector<uint8_t> host(4096);
  AddressSpace memory;
  uint64_t at = memory.mapStrided(host.data(), Shape{4, 3}, Strides{8, 12}, 4, "view");
  EXPECT_NE(memory.translate(at, 52), nullptr);
  EXPECT_EQ(memory.translate(at + 52, 1), nullptr);
}
TEST(Slice, EmptyViewsHaveNoBytes) {
  std::vector<uint8_t> host(64);
  AddressSpace memory;
  uint64_t at = memory.mapStrided(host.data(), Shape{4, 0}, Strides{16, 4}, 4, "view");
  EXPECT_EQ(memory.translate(at, 1), nullptr);
}
TEST(Slice, AKernelThatLeavesItsColumnIsFound) {
  std::vector<uint32_t> out(1024), matrix(64 * 32);
  auto run = [&](uint32_t stride, std::vector<Finding> &findings) {
    Grid grid(stridedLoad());
    grid.buffer(out, "out");
    grid.address(grid.memory.mapStrided(matrix.data() + 5, Shape{64}, Strides{128}, 4, "column"));
    grid.scalar(stride);
    std::string e = grid.go(1, 64);
    findings = grid.report.findings;
    return e;
  };
  std::vector<Finding> findings;
  EXPECT_EQ(run(32, findings), "");
  std::string e = run(31, findings);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "out-of-bounds");
  EXPECT_EQ(findings[0].line, lineOf(stridedLoad(), "// READ"));
  EXPECT_EQ(findings[0].tid[0], 1u);
  expectText(findings[0], "nearest buffer: 'column'");
  expectText(findings[0], "at its byte 124, in or into the gap between two of its runs of 4 bytes");
}
TEST(Slice, NeighbouringSlicesOfOneArrayLieApart) {
  std::vector<uint32_t> out(1024), array(128);
  Grid grid(checkedKernel("  ld.global.u32 %r3, [%rd3]; // READ\n"));
  grid.memory.map(array.data() + 32, 128, "right", true);
  grid.buffer(out, "out");
  grid.address(grid.memory.map(array.data(), 128, "left", true)).scalar(0u);
  EXPECT_NE(grid.go(1, 33), "");
  ASSERT_EQ(grid.report.findings.size(), 1u);
  expectText(grid.report.findings[0], "nearest buffer: 'left', 128 bytes");
}

TEST(Slice, SharedArraysBesideEachOther) {
  // a[tid + n] and b[...]: a wrong n reaches into b.
  std::string ptx = checkedKernel(
      "  mov.u32 %r2, a;\n  add.u32 %r4, %r0, %r1;\n  shl.b32 %r4, %r4, 2;\n"
      "  add.s32 %r5, %r2, %r4;\n  st.shared.u32 [%r5], %r0; // WRITE\n"
      "  mov.u32 %r6, b;\n  mad.lo.s32 %r6, %r0, 4, %r6;\n  st.shared.u32 [%r6], %r0;\n",
      "  .shared .b32 a[64];\n  .shared .b32 b[64];\n");
  expectSilent(ptx, only(0));
  Finding f = expectFinding(ptx, "out-of-bounds", "// WRITE", only(3));
  EXPECT_EQ(f.buffer, "a");
  EXPECT_EQ(f.index, 256u);
  EXPECT_EQ(f.tid[0], 61u);
  expectText(f,
             "write of 4 bytes at byte 256 of 'a', which has 256 bytes of shared memory; it hits "
             "'b'");
}
TEST(Slice, StaticOffsetsBeyondTheirArray) {
  auto kernel = [](const std::string &offset) {
    return checkedKernel("  st.shared.u32 [a+" + offset + "], %r0; // WRITE\n",
                         "  .shared .b32 a[4];\n  .shared .b32 b[4];\n");
  };
  expectSilent(kernel("12"), only());
  EXPECT_EQ(expectFinding(kernel("16"), "out-of-bounds", "// WRITE", only()).buffer, "a");
}
TEST(Slice, WideAccessesMustFit) {
  auto kernel = [](const std::string &offset) {
    return checkedKernel("  mov.u32 %r2, a;\n  ld.shared.v2.u32 {%r3, %r4}, [%r2+" + offset +
                             "]; // READ\n",
                         "  .shared .align 16 .b32 a[5];\n  .shared .b32 b[4];\n");
  };
  expectSilent(kernel("8"), only());
  expectFinding(kernel("16"), "out-of-bounds", "// READ", only());
}
TEST(Slice, GenericAddressesKeepTheirVariable) {
  std::string ptx = checkedKernel(
      "  mov.u64 %rd4, a;\n  cvta.shared.u64 %rd5, %rd4;\n  setp.eq.u32 %p0, %r0, 0;\n"
      "  mov.u64 %rd6, b;\n  cvta.shared.u64 %rd6, %rd6;\n  selp.b64 %rd5, %rd6, %rd5, %p0;\n"
      "  mul.wide.u32 %rd7, %r1, 4;\n  add.s64 %rd8, %rd5, %rd7;\n  st.u32 [%rd8], %r0; // WRITE\n",
      "  .shared .b32 a[8];\n  .shared .b32 b[12];\n");
  expectSilent(ptx, only(7, 2));
  Finding f = expectFinding(ptx, "out-of-bounds", "// WRITE", only(10, 2));
  EXPECT_EQ(f.buffer, "a");
  EXPECT_EQ(f.tid[0], 1u);
}
TEST(Slice, OnlyTheAddressThatIsUsedCounts) {
  // The pointer leaves the array on the way, and two pointers' difference points nowhere.
  std::string ptx =
      checkedKernel("  mov.u32 %r2, b;\n  sub.s32 %r3, %r2, 64;\n  add.s32 %r3, %r3, 68;\n"
                    "  st.shared.u32 [%r3], %r0;\n  mov.u32 %r4, a;\n  sub.s32 %r5, %r2, %r4;\n"
                    "  add.s32 %r6, %r4, %r5;\n  st.shared.u32 [%r6], %r0;\n",
                    "  .shared .b32 a[4];\n  .shared .b32 b[4];\n");
  expectSilent(ptx, only(0, 1));
}
TEST(Slice, RegistersThatShareASlotDoNotShareTheirVariable) {
  std::string ptx = checkedKernel(
      "  mov.u32 %r2, a;\n  st.shared.u32 [%r2], %r0;\n  mov.u32 %r3, %r1;\n"
      "  st.shared.u32 [%r3], %r0;\n  ld.shared.u32 %r4, [a];\n  st.shared.u32 [%r4+16], %r0;\n",
      "  .shared .b32 a[4];\n  .shared .b32 b[4];\n");
  expectSilent(ptx, only(16, 1));
}
TEST(Slice, LocalVariables) {
  std::string ptx =
      checkedKernel("  mov.b64 %rd4, v;\n  mul.wide.u32 %rd5, %r1, 4;\n"
                    "  add.s64 %rd4, %rd4, %rd5;\n  st.local.u32 [%rd4], %r0; // WRITE\n",
                    "  .local .b32 v[4];\n  .local .b32 w[4];\n");
  expectSilent(ptx, only(3));
  Finding f = expectFinding(ptx, "out-of-bounds", "// WRITE", only(5));
  EXPECT_EQ(f.buffer, "v");
  expectText(f, "which has 16 bytes of local memory; it hits 'w'");
}
TEST(Slice, ArraysOfTheLaunchReachToTheEnd) {
  std::string ptx =
      checkedKernel("  mov.u32 %r2, pool;\n  mad.lo.s32 %r2, %r0, 4, %r2;\n"
                    "  st.shared.u32 [%r2], %r0;\n",
                    "  .shared .b32 a[4];\n", ".extern .shared .align 16 .b8 pool[];\n");
  CheckedLaunch launch = only();
  launch.dynamicShared = 256;
  expectSilent(ptx, launch);
}
TEST(Slice, ItIsACheckLikeOthers) {
  auto set = parseChecks("slices,overflow");
  ASSERT_TRUE(bool(set));
  EXPECT_TRUE(has(*set, Check::Slices));
  EXPECT_TRUE(has(Check::All, Check::Slices));
  EXPECT_FALSE(has(*set, Check::Sync));
}
