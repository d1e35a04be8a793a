//===- AsyncTest.cpp - cp.async -------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {
/// Thread t has %in and %out + 16 t in global memory and %s (64 t) in shared memory, which holds
/// 0xff bytes; %take holds t % 18. `code` ends with what to store from %v<4>.
std::string copyProgram(const std::string &code) {
  return newestHeader() +
         ".visible .entry k(.param .u64 pin, .param .u64 pout) {\n  .reg .pred %p<4>;\n"
         "  .reg .b32 %t, %s, %take, %v<4>;\n  .reg .b64 %in, %out, %policy;\n"
         "  .shared .align 16 .b8 buffer[4096];\n  mov.u32 %t, %tid.x;\n  mov.u32 %s, buffer;\n"
         "  mad.lo.u32 %s, %t, 64, %s;\n  ld.param.u64 %in, [pin];\n  ld.param.u64 %out, [pout];\n"
         "  mad.wide.u32 %in, %t, 64, %in;\n  mad.wide.u32 %out, %t, 16, %out;\n"
         "  mov.b32 %v0, -1;\n  st.shared.v4.b32 [%s], {%v0, %v0, %v0, %v0};\n"
         "  st.shared.v4.b32 [%s+16], {%v0, %v0, %v0, %v0};\n"
         "  st.shared.v4.b32 [%s+32], {%v0, %v0, %v0, %v0};\n"
         "  rem.u32 %take, %t, 18;\n" +
         code + "\n  st.global.v4.b32 [%out], {%v0, %v1, %v2, %v3};\n  ret;\n}\n";
}
const std::string loadFirst = "  ld.shared.v4.b32 {%v0, %v1, %v2, %v3}, [%s];\n";

std::vector<uint8_t> copyTest(const std::string &code, std::string *error = nullptr,
                              uint32_t threads = 64) {
  std::string text = copyProgram(code);
  EXPECT_EQ(assemblerErrors(text), "") << text;
  std::vector<uint8_t> in(64 * threads), out(16 * threads);
  for (size_t k = 0; k < in.size(); ++k)
    in[k] = uint8_t(k * 7 + 1);
  Grid grid(text);
  std::string e = grid.buffer(in, "in").buffer(out, "out").go(1, threads);
  if (error)
    *error = e;
  else
    EXPECT_EQ(e, "");
  return out;
}
uint8_t inByte(size_t t, size_t k) { return uint8_t((64 * t + k) * 7 + 1); }
} // namespace

TEST(AsyncCopy, SizesAndCaches) {
  for (std::string form :
       {"ca.shared.global [%s], [%in], 4", "ca.shared::cta.global [%s], [%in], 8",
        "ca.shared.global.L2::128B [%s], [%in], 16", "cg.shared.global [%s], [%in], 16"}) {
    auto out = copyTest("  cp.async." + form + ";\n  cp.async.wait_all;\n" + loadFirst);
    size_t size = form.back() == '4' ? 4 : form.back() == '8' ? 8 : 16;
    for (size_t t = 0; t < 64; ++t)
      for (size_t k = 0; k < 16; ++k)
        EXPECT_EQ(out[16 * t + k], k < size ? inByte(t, k) : 0xff) << form;
  }
}
TEST(AsyncCopy, WhatIsNotReadIsZero) {
  auto out = copyTest("  min.u32 %take, %take, 16;\n  cp.async.cg.shared.global [%s], [%in], 16, "
                      "%take;\n  cp.async.wait_all;\n" +
                      loadFirst);
  for (size_t t = 0; t < 64; ++t)
    for (size_t k = 0; k < 16; ++k)
      EXPECT_EQ(out[16 * t + k], k < t % 18 ? inByte(t, k) : 0) << t << " " << k;
}
TEST(AsyncCopy, IgnoredSourcesAreZeroAndMayBeAnything) {
  auto out = copyTest("  and.b32 %v0, %t, 1;\n  setp.eq.u32 %p0, %v0, 1;\n  @%p0 mov.b64 %in, 64;\n"
                      "  createpolicy.fractional.L2::evict_last.b64 %policy, 1.0;\n"
                      "  cp.async.ca.shared.global.L2::cache_hint [%s], [%in], 16, %p0, %policy;\n"
                      "  cp.async.wait_all;\n" +
                      loadFirst);
  for (size_t t = 0; t < 64; ++t)
    for (size_t k = 0; k < 16; ++k)
      EXPECT_EQ(out[16 * t + k], t % 2 ? 0 : inByte(t, k)) << t << " " << k;
}
TEST(AsyncCopy, GuardsChooseLanes) {
  auto out = copyTest("  setp.lt.u32 %p0, %t, 5;\n  @%p0 cp.async.cg.shared.global [%s], [%in], "
                      "16;\n  cp.async.wait_all;\n" +
                      loadFirst);
  for (size_t t = 0; t < 64; ++t)
    EXPECT_EQ(out[16 * t], t < 5 ? inByte(t, 0) : 0xff);
}
TEST(AsyncCopy, GroupsCompleteInOrderAndNotBeforeTheyMust) {
  // Three groups of 4 bytes; waiting for all but one leaves the third unread.
  std::string groups =
      "  cp.async.ca.shared.global [%s], [%in], 4;\n  cp.async.commit_group;\n"
      "  cp.async.ca.shared.global [%s+4], [%in+4], 4;\n  cp.async.commit_group;\n"
      "  cp.async.ca.shared.global [%s+8], [%in+8], 4;\n  cp.async.commit_group;\n";
  for (int pending : {0, 1, 2, 3, 7}) {
    auto out =
        copyTest(groups + "  cp.async.wait_group " + std::to_string(pending) + ";\n" + loadFirst);
    for (size_t t = 0; t < 64; ++t)
      for (size_t k = 0; k < 12; ++k)
        EXPECT_EQ(out[16 * t + k], int(k / 4) < 3 - pending ? inByte(t, k) : 0xff) << pending;
  }
}
TEST(AsyncCopy, CopiesOutsideGroupsOnlyWaitForAll) {
  std::string copy = "  cp.async.ca.shared.global [%s], [%in], 4;\n";
  EXPECT_EQ(copyTest(copy + "  cp.async.wait_group 0;\n" + loadFirst)[0], 0xff);
  EXPECT_EQ(copyTest(copy + "  cp.async.wait_all;\n" + loadFirst)[0], inByte(0, 0));
}
TEST(AsyncCopy, FaultsNameTheAccess) {
  std::string e;
  copyTest("  cp.async.cg.shared.global [%s+8], [%in], 16;\n" + loadFirst, &e);
  EXPECT_NE(e.find("misaligned"), std::string::npos) << e;
  copyTest("  cp.async.cg.shared.global [%s], [%in+65536], 16;\n" + loadFirst, &e);
  EXPECT_NE(e.find("nearest buffer: 'in'"), std::string::npos) << e;
  copyTest("  cp.async.cg.shared.global [%s+65536], [%in], 16;\n" + loadFirst, &e);
  EXPECT_NE(e.find("out-of-bounds"), std::string::npos) << e;
}
TEST(AsyncCopy, ArrivesAtAnMbarrierWhenDone) {
  for (bool noinc : {false, true}) {
    std::string count = noinc ? "128" : "64"; // noinc: the copy's arrival is one of those expected
    auto out = copyTest("  .shared .align 8 .b64 bar;\n  setp.eq.u32 %p0, %t, 0;\n"
                        "  @%p0 mbarrier.init.shared.b64 [bar], " +
                        count +
                        ";\n  bar.sync 0;\n"
                        "  cp.async.cg.shared.global [%s], [%in], 16;\n  cp.async.mbarrier.arrive" +
                        (noinc ? std::string(".noinc") : std::string()) +
                        ".shared.b64 [bar];\n  mbarrier.arrive.shared.b64 _, [bar];\nWAIT:\n"
                        "  mbarrier.try_wait.parity.shared.b64 %p1, [bar], 0;\n  @!%p1 bra WAIT;\n"
                        "  xor.b32 %s, %s, 64;\n" +
                        loadFirst);
    for (size_t t = 0; t < 64; ++t)
      for (size_t k = 0; k < 16; ++k)
        EXPECT_EQ(out[16 * t + k], inByte(t ^ 1, k)) << noinc;
  }
}
