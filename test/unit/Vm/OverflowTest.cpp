//===- OverflowTest.cpp - signed 32-bit overflow in addresses -------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/CheckTest.h"

using namespace vmtest;

namespace {

CheckedLaunch only(uint32_t n, uint32_t block = 32) {
  CheckedLaunch launch;
  launch.checks = Check::Overflow;
  launch.n = n;
  launch.block = block;
  return launch;
}

/// `index` puts a 32-bit index into %r5; the rest loads in[%r5], widened as signed.
std::string indexed(const std::string &index) {
  return checkedKernel(index + "  mul.wide.s32 %rd4, %r5, 4;\n  add.s64 %rd5, %rd1, %rd4;\n"
                               "  ld.global.u32 %r6, [%rd5]; // READ\n"
                               "  st.global.u32 [%rd2], %r6;\n");
}

} // namespace

TEST(Overflow, AProductThatWrapsIntoTheBuffer) {
  // 65536 * 65536 is 0 in 32 bits: no bounds check can see it.
  std::string ptx = indexed("  mul.lo.s32 %r5, %r1, %r1; // PRODUCT\n");
  Finding f = expectFinding(ptx, "overflow", "// READ", only(65536));
  ASSERT_EQ(f.accesses.size(), 2u);
  EXPECT_EQ(f.accesses[0].what, "access to 4 bytes");
  EXPECT_EQ(f.accesses[1].line, lineOf(ptx, "// PRODUCT"));
  EXPECT_EQ(f.accesses[1].what, "overflow of 65536 * 65536");
  EXPECT_EQ(f.buffer, "in");
  EXPECT_EQ(f.index, 0u);
  EXPECT_EQ(f.occurrences, 1u);
  expectText(f, "comes from 65536 * 65536, which is 4294967296 and overflows to 0 in 32 bits");
  expectText(f, "tl.cast(x, tl.int64)");
  expectSilent(ptx, only(31));
}
TEST(Overflow, TheProductIn64BitsIsSilent) {
  expectSilent(checkedKernel("  mul.wide.s32 %rd4, %r1, %r1;\n  shr.u64 %rd4, %rd4, 32;\n"
                             "  shl.b64 %rd4, %rd4, 2;\n  add.s64 %rd5, %rd1, %rd4;\n"
                             "  ld.global.u32 %r6, [%rd5];\n"),
               only(65536));
}
TEST(Overflow, EveryOperationIsSeen) {
  // Each wraps to an index within the buffer.
  const char *operations[] = {
      "  mov.b32 %r2, 2147483647;\n  add.s32 %r4, %r2, 1; // OP\n  add.s32 %r5, %r4, "
      "-2147483648;\n",
      "  mov.b32 %r2, -2147483648;\n  sub.s32 %r4, %r2, 2147483647; // OP\n  mov.b32 %r5, %r4;\n",
      "  shl.b32 %r5, %r1, 24; // OP\n",
      "  mad.lo.s32 %r5, %r1, %r1, 7; // OP\n",
      "  mov.b32 %r2, -2147483648;\n  neg.s32 %r3, %r2; // OP\n  mad.lo.s32 %r5, %r3, 2, 5;\n",
      "  mul.lo.s32 %r3, %r1, %r1; // OP\n  min.s32 %r4, %r3, 100;\n  max.s32 %r5, %r4, -5;\n",
      "  mul.lo.s32 %r3, %r1, %r1; // OP\n  setp.eq.u32 %p0, %r1, 65536;\n"
      "  selp.b32 %r5, %r3, 3, %p0;\n"};
  for (const char *operation : operations) {
    std::string ptx = indexed(operation);
    if (ptx.find("-2147483648;\n  mul.wide") != std::string::npos)
      continue; // 2147483647 + 1 - 2^31 mends itself; see below
    Finding f = expectFinding(ptx, "overflow", "// READ", only(65536));
    ASSERT_EQ(f.accesses.size(), 2u) << ptx;
    EXPECT_EQ(f.accesses[1].line, lineOf(ptx, "// OP")) << f.message;
  }
}
TEST(Overflow, WideningOneWayOrAnother) {
  for (const char *widen :
       {"  cvt.s64.s32 %rd4, %r5;\n  shl.b64 %rd4, %rd4, 2;\n  add.s64 %rd5, %rd1, %rd4;\n",
        "  mad.wide.s32 %rd5, %r5, 4, %rd1;\n",
        "  mul.wide.s32 %rd4, 4, %r5;\n  sub.s64 %rd5, %rd1, %rd4;\n",
        "  cvt.s64.s32 %rd4, %r5;\n  mad.lo.s64 %rd5, %rd4, 4, %rd1;\n"}) {
    std::string ptx = checkedKernel("  mul.lo.s32 %r5, %r1, %r1;\n" + std::string(widen) +
                                    "  st.global.u32 [%rd5], %r0; // ACCESS\n");
    expectFinding(ptx, "overflow", "// ACCESS", only(65536));
    expectSilent(ptx, only(0));
  }
}
TEST(Overflow, SumsThatMendThemselvesAreSilent) {
  expectSilent(indexed("  mov.b32 %r2, 2147483647;\n  add.s32 %r3, %r2, %r1;\n"
                       "  sub.s32 %r4, %r3, %r2;\n  mov.b32 %r5, %r4;\n"),
               only(9));
  expectSilent(indexed("  shl.b32 %r2, %r1, 30;\n  mad.lo.s32 %r3, %r2, 3, %r1;\n"
                       "  mad.lo.s32 %r4, %r2, -3, %r3;\n  sub.s32 %r5, %r4, 0;\n"),
               only(9));
}
TEST(Overflow, UnsignedIndicesAreSilent) {
  for (const char *widen :
       {"  cvt.u64.u32 %rd4, %r5;\n  shl.b64 %rd4, %rd4, 2;\n", "  mul.wide.u32 %rd4, %r5, 4;\n"})
    expectSilent(checkedKernel("  mul.lo.s32 %r5, %r1, %r1;\n" + std::string(widen) +
                               "  add.s64 %rd5, %rd1, %rd4;\n  ld.global.u32 %r6, [%rd5];\n"),
                 only(65536));
}
TEST(Overflow, HashingAndModularArithmeticAreSilent) {
  expectSilent(indexed("  mad.lo.s32 %r2, %r0, 1664525, 1013904223;\n  xor.b32 %r3, %r2, %r1;\n"
                       "  mul.lo.s32 %r4, %r3, -1640531527;\n  and.b32 %r5, %r4, 1023;\n"),
               only(77777));
  expectSilent(indexed("  mul.lo.s32 %r4, %r1, %r1;\n  rem.u32 %r5, %r4, 1000;\n"), only(65537));
  expectSilent(indexed("  mul.lo.s32 %r4, %r1, %r1;\n  shr.u32 %r5, %r4, 22;\n"), only(65537));
}
TEST(Overflow, AnAccessThatIsMaskedOffIsSilent) {
  std::string ptx = checkedKernel(
      "  shl.b32 %r4, %r0, 27;\n  mul.wide.s32 %rd4, %r4, 4;\n  add.s64 %rd5, %rd1, %rd4;\n"
      "  setp.lt.u32 %p0, %r0, %r1;\n  @%p0 ld.global.u32 %r6, [%rd5];\n");
  expectSilent(ptx, only(1));
}
TEST(Overflow, ALaneOfManyIsNamed) {
  // Only lane 16 and those above leave the range: 16 << 27 is 2^31.
  std::string ptx = checkedKernel(
      "  shl.b32 %r4, %r0, %r1; // SHIFT\n  shr.u32 %r7, %r0, 4;\n  shl.b32 %r7, %r7, 30;\n"
      "  setp.eq.u32 %p0, %r0, 16;\n  mul.lo.s32 %r4, %r4, 4;\n  add.s32 %r5, %r4, 3;\n"
      "  mul.wide.s32 %rd4, %r5, 4;\n  add.s64 %rd5, %rd1, %rd4;\n"
      "  @%p0 ld.global.u32 %r6, [%rd5]; // READ\n");
  Finding f = expectFinding(ptx, "overflow", "// READ", only(27));
  EXPECT_EQ(f.tid[0], 16u);
  EXPECT_EQ(f.accesses[1].what, "overflow of 16 << 27");
  EXPECT_EQ(f.accesses[1].tid[0], 16u);
}
TEST(Overflow, ItTravelsAroundALoop) {
  // stride * k for growing k: the sum leaves the range in the third round.
  std::string ptx = checkedKernel(
      "  mov.b32 %r2, 0;\n  mov.b32 %r3, 0;\n  mov.b64 %rd6, 0;\nNEXT:\n"
      "  mul.wide.s32 %rd4, %r2, 4;\n  and.b64 %rd7, %rd4, 0;\n  add.s64 %rd5, %rd1, %rd7;\n"
      "  ld.global.u32 %r6, [%rd5];\n  cvt.s64.s32 %rd8, %r2;\n  sub.s64 %rd8, %rd8, %rd8;\n"
      "  add.s64 %rd9, %rd1, %rd8;\n  ld.global.u32 %r6, [%rd9]; // READ\n"
      "  add.s32 %r2, %r2, %r1; // SUM\n  add.s32 %r3, %r3, 1;\n  setp.lt.u32 %p0, %r3, 4;\n"
      "  @%p0 bra NEXT;\n");
  Finding f = expectFinding(ptx, "overflow", "// READ", only(1000000000));
  EXPECT_EQ(f.accesses[1].line, lineOf(ptx, "// SUM"));
  EXPECT_EQ(f.accesses[1].what, "overflow of 2000000000 + 1000000000");
}
TEST(Overflow, RegistersThatShareASlotDoNotShareIt) {
  // The wrapped product is dead before %r5 takes a value from elsewhere.
  expectSilent(indexed("  mul.lo.s32 %r3, %r1, %r1;\n  st.global.u32 [%rd2], %r3;\n"
                       "  ld.global.u32 %r5, [%rd3];\n"),
               only(65536));
}
TEST(Overflow, AsyncCopiesHaveAddressesToo) {
  std::string ptx = checkedKernel(
      "  mul.lo.s32 %r5, %r1, %r1;\n  mul.wide.s32 %rd4, %r5, 4;\n  add.s64 %rd5, %rd1, %rd4;\n"
      "  mov.u32 %r6, tile;\n  cp.async.ca.shared.global [%r6], [%rd5], 4; // COPY\n"
      "  cp.async.wait_all;\n",
      "  .shared .align 16 .b32 tile[4];\n");
  expectFinding(ptx, "overflow", "// COPY", only(65536, 1));
  expectSilent(ptx, only(3, 1));
}
TEST(Overflow, WithTheOtherCheckersOn) {
  // Wrappers of several checkers stand before one instruction.
  std::string ptx = checkedKernel(
      "  mul.lo.s32 %r5, %r1, %r1;\n  mul.wide.s32 %rd4, %r5, 4;\n  add.s64 %rd5, %rd1, %rd4;\n"
      "  ld.global.u32 %r6, [%rd5]; // READ\n  mov.u32 %r7, tile;\n"
      "  mad.lo.s32 %r8, %r0, 4, %r7;\n  st.shared.u32 [%r8], %r6;\n"
      "  ld.shared.u32 %r9, [%r8];\n  st.global.u32 [%rd2], %r9;\n",
      "  .shared .b32 tile[32];\n");
  CheckedLaunch launch = only(65536);
  launch.checks = Check::All;
  expectFinding(ptx, "overflow", "// READ", launch);
  launch.n = 30;
  expectSilent(ptx, launch);
}
