//===- UninitializedTest.cpp ----------------------------------------------===//
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
  launch.checks = Check::Uninitialized;
  launch.n = n;
  launch.block = block;
  return launch;
}

/// Threads below n store to tile[tid + 4]; then all load.
std::string sharedKernel() {
  return checkedKernel("  mov.u32 %r2, tile;\n  mad.lo.u32 %r2, %r0, 4, %r2;\n"
                       "  setp.lt.u32 %p0, %r0, %r1;\n  @%p0 st.shared.u32 [%r2+16], %r0;\n"
                       "  bar.sync 0;\n  ld.shared.u32 %r3, [%r2+16]; // READ\n"
                       "  st.global.u32 [%rd2], %r3;\n",
                       "  .shared .b32 other[8];\n  .shared .b32 tile[128];\n");
}

} // namespace

TEST(Uninitialized, SharedMemory) {
  Finding f = expectFinding(sharedKernel(), "uninitialized", "// READ", only(61));
  EXPECT_EQ(f.buffer, "tile");
  EXPECT_EQ(f.index, 16u + 61 * 4);
  EXPECT_EQ(f.tid[0], 61u);
  ASSERT_EQ(f.accesses.size(), 1u);
  EXPECT_EQ(f.accesses[0].what, "read of 4 bytes");
  EXPECT_EQ(f.occurrences, 3u);
  expectText(f, "nobody has written byte 292 of shared memory ('tile' + 260)");
  expectText(f, "mask the read");
  expectSilent(sharedKernel(), only(64));
}
TEST(Uninitialized, SharedMemoryBeginsAnewWithEachCta) {
  CheckedLaunch launch = only(64);
  launch.grid = 40;
  expectSilent(sharedKernel(), launch);
  launch.n = 63;
  Finding f = expectFinding(sharedKernel(), "uninitialized", "// READ", launch);
  EXPECT_EQ(f.occurrences, 40u);
}
TEST(Uninitialized, ABytewiseHole) {
  std::string ptx =
      checkedKernel("  mov.u32 %r2, tile;\n  st.shared.u16 [%r2], %r0;\n"
                    "  st.shared.u8 [%r2+3], %r0;\n  ld.shared.u32 %r3, [%r2]; // READ\n"
                    "  st.global.u32 [%rd2], %r3;\n",
                    "  .shared .b32 tile[4];\n");
  // 16-bit and 8-bit stores need registers of at most their width times two.
  Finding f = expectFinding(ptx, "uninitialized", "// READ", only(0, 1));
  EXPECT_EQ(f.index, 2u);
}
TEST(Uninitialized, LocalVariables) {
  auto kernel = [](const std::string &offset) {
    return checkedKernel("  st.local.u32 [v+4], %r0;\n  mov.b64 %rd4, v;\n"
                         "  ld.local.u32 %r3, [%rd4+" +
                             offset + "]; // READ\n  st.global.u32 [%rd2], %r3;\n",
                         "  .local .b32 w[2];\n  .local .b32 v[4];\n");
  };
  Finding f = expectFinding(kernel("8"), "uninitialized", "// READ", only());
  EXPECT_EQ(f.buffer, "v");
  EXPECT_EQ(f.index, 8u);
  expectText(f, "initialise the variable");
  expectSilent(kernel("4"), only());
}
TEST(Uninitialized, FramesOfFunctionsBeginAnewButHaveTheirArguments) {
  auto kernel = [](const std::string &initial) {
    return checkedKernel(
        "  mov.b32 %r5, 0;\nNEXT:\n  {\n  .param .b32 a;\n  .param .b32 r;\n"
        "  st.param.b32 [a], %r5;\n  call.uni (r), f, (a);\n  ld.param.b32 %r6, [r];\n  }\n"
        "  add.u32 %r5, %r5, 1;\n  setp.lt.u32 %p0, %r5, 3;\n  @%p0 bra NEXT;\n"
        "  st.global.u32 [%rd2], %r6;\n",
        "",
        ".func (.param .b32 r) f(.param .b32 a) {\n  .reg .b32 %x<4>;\n  .reg .pred %q;\n"
        "  .local .b32 v[2];\n  ld.param.b32 %x0, [a];\n" +
            initial +
            "  setp.eq.u32 %q, %x0, 0;\n  @%q st.local.b32 [v], %x0;\n"
            "  ld.local.b32 %x1, [v]; // READ\n"
            "  st.param.b32 [r], %x1;\n  ret;\n}\n");
  };
  // The store of the first call is not there any more in the second one.
  Finding f = expectFinding(kernel(""), "uninitialized", "// READ", only());
  EXPECT_EQ(f.buffer, "v");
  EXPECT_EQ(f.occurrences, 64u * 2);
  expectSilent(kernel("  st.local.b32 [v], %x0;\n"), only());
}
TEST(Uninitialized, GlobalBuffersThatNobodyFilled) {
  std::string ptx = checkedKernel("  ld.global.u32 %r3, [%rd3]; // READ\n"
                                  "  st.global.u32 [%rd2], %r3;\n");
  CheckedLaunch launch = only();
  expectSilent(ptx, launch);
  launch.unwrittenInput = true;
  Finding f = expectFinding(ptx, "uninitialized", "// READ", launch);
  EXPECT_EQ(f.buffer, "in");
  EXPECT_EQ(f.index, 0u);
  EXPECT_EQ(f.occurrences, 64u);
  expectText(f, "nobody has written byte 0 of 'in' (4096 bytes)");
  std::string fills = checkedKernel("  st.global.u32 [%rd3], %r0;\n  bar.sync 0;\n"
                                    "  ld.global.u32 %r3, [%rd3];\n");
  expectSilent(fills, launch);
  launch.grid = 40; // several host threads mark the same bytes
  expectSilent(fills, launch);
}
TEST(Uninitialized, AtomicsReadAndWrite) {
  auto kernel = [](const std::string &first) {
    return checkedKernel(first + "  red.global.add.u32 [%rd1], 1; // READ\n");
  };
  CheckedLaunch launch = only(0, 1);
  launch.unwrittenInput = true;
  Finding f = expectFinding(kernel(""), "uninitialized", "// READ", launch);
  EXPECT_EQ(f.accesses[0].what, "update of 4 bytes");
  expectSilent(kernel("  st.global.u32 [%rd1], 0;\n"), launch);
}
TEST(Uninitialized, WhatOneLaunchWroteTheNextMayRead) {
  std::string ptx = checkedKernel("  setp.eq.u32 %p0, %r1, 0;\n  @%p0 bra READ;\n"
                                  "  st.global.u32 [%rd3], %r0;\n  ret;\nREAD:\n"
                                  "  ld.global.u32 %r3, [%rd3];\n");
  std::vector<uint32_t> out(1024), in(1024);
  auto written = std::make_shared<WrittenBytes>(in.size() * 4);
  auto launch = [&](uint32_t n, uint32_t block, Check checks) {
    Grid grid(ptx);
    MapOptions options;
    options.written = written;
    grid.buffer(out, "out");
    grid.address(grid.memory.map(in.data(), in.size() * 4, "in", options)).scalar(n);
    grid.config.checks = checks;
    return grid.go(1, block);
  };
  EXPECT_EQ(launch(1, 32, Check::Uninitialized), "");
  EXPECT_EQ(launch(0, 32, Check::Uninitialized), "");
  EXPECT_NE(launch(0, 64, Check::Uninitialized), "");
  // A launch without the checker may have written anything.
  written = std::make_shared<WrittenBytes>(in.size() * 4);
  EXPECT_EQ(launch(1, 32, Check::None), "");
  EXPECT_EQ(launch(0, 64, Check::Uninitialized), "");
}
TEST(Uninitialized, ViewsOfABufferShareItsAccount) {
  std::vector<uint32_t> in(1024);
  AddressSpace memory;
  MapOptions options;
  options.initialized = false;
  memory.map(in.data(), 4096, "whole", options);
  memory.map(in.data() + 256, 1024, "part");
  auto map = memory.snapshot();
  const Region &whole = map->regions[0], &part = map->regions[1];
  ASSERT_TRUE(part.written);
  EXPECT_EQ(part.written, whole.written);
  EXPECT_EQ(part.writtenFrom, 1024u);
}
TEST(Uninitialized, GlobalVariablesAreZero) {
  expectSilent(checkedKernel("  ld.global.u32 %r3, [g+8];\n  st.global.u32 [%rd2], %r3;\n", "",
                             ".global .b32 g[16];\n"),
               only());
}
TEST(Uninitialized, AsyncCopiesWriteWhenTheyAreComplete) {
  auto kernel = [](const std::string &wait) {
    return checkedKernel("  mov.u32 %r2, tile;\n  mad.lo.u32 %r2, %r0, 4, %r2;\n"
                         "  cp.async.ca.shared.global [%r2], [%rd3], 4;\n" +
                             wait + "  ld.shared.u32 %r3, [%r2]; // READ\n",
                         "  .shared .align 16 .b32 tile[64];\n");
  };
  Finding f =
      expectFinding(kernel("  cp.async.commit_group;\n"), "uninitialized", "// READ", only());
  EXPECT_EQ(f.buffer, "tile");
  expectSilent(kernel("  cp.async.wait_all;\n"), only());
  expectSilent(kernel("  cp.async.commit_group;\n  cp.async.wait_group 0;\n"), only());
}
TEST(Uninitialized, AsyncCopiesRead) {
  std::string ptx = checkedKernel("  mov.u32 %r2, tile;\n  mad.lo.u32 %r2, %r0, 4, %r2;\n"
                                  "  cp.async.ca.shared.global [%r2], [%rd3], 4; // READ\n"
                                  "  cp.async.wait_all;\n",
                                  "  .shared .align 16 .b32 tile[64];\n");
  CheckedLaunch launch = only();
  expectSilent(ptx, launch);
  launch.unwrittenInput = true;
  Finding f = expectFinding(ptx, "uninitialized", "// READ", launch);
  EXPECT_EQ(f.buffer, "in");
  EXPECT_EQ(f.accesses[0].what, "asynchronous read of 4 bytes");
}
TEST(Uninitialized, BulkCopiesWriteWhenTheirMbarrierSaysSo) {
  std::string ptx = checkedKernel(
      "  mov.u32 %r2, tile;\n  mov.u32 %r3, bar;\n  setp.ne.u32 %p0, %r0, 0;\n  @%p0 bra MEET;\n"
      "  mbarrier.init.shared.b64 [%r3], 1;\n"
      "  mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r3], 256;\n"
      "  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%rd1], 256, "
      "[%r3];\nMEET:\n  bar.sync 0;\nWAIT:\n"
      "  mbarrier.try_wait.parity.shared.b64 %p1, [%r3], 0;\n  @!%p1 bra WAIT;\n"
      "  mad.lo.u32 %r2, %r0, 4, %r2;\n  ld.shared.u32 %r4, [%r2];\n"
      "  ld.shared.u64 %rd6, [%r3];\n  st.global.u32 [%rd2], %r4;\n",
      "  .shared .align 16 .b32 tile[64];\n  .shared .align 8 .b64 bar;\n");
  expectSilent(ptx, only());
}
TEST(Uninitialized, SharedMemoryOfTheLaunchHasItsArraysName) {
  std::string ptx = checkedKernel("  ld.shared.u32 %r3, [pool+20]; // READ\n", "",
                                  ".extern .shared .align 16 .b8 pool[];\n");
  CheckedLaunch launch = only();
  launch.dynamicShared = 64;
  Finding f = expectFinding(ptx, "uninitialized", "// READ", launch);
  EXPECT_EQ(f.buffer, "pool");
  EXPECT_EQ(f.index, 20u);
}
