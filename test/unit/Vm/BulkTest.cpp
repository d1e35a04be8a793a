//===- BulkTest.cpp - cp.async.bulk ---------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {
/// 64 threads, thread 0 under %first; %in and %out are 1024-byte buffers; s and s2 of as many bytes
/// lie in shared memory; `bar` expects one arrival.
std::string bulkProgram(const std::string &code) {
  return newestHeader() +
         ".visible .entry k(.param .u64 pin, .param .u64 pout) {\n  .reg .pred %p<4>, %first;\n"
         "  .reg .b32 %t, %s, %s2, %bar, %v<4>;\n  .reg .b64 %in, %out, %policy;\n"
         "  .shared .align 128 .b8 a[1024];\n  .shared .align 128 .b8 b[1024];\n"
         "  .shared .align 8 .b64 barrier;\n  mov.u32 %t, %tid.x;\n  mov.u32 %s, a;\n"
         "  mov.u32 %s2, b;\n  mov.u32 %bar, barrier;\n  ld.param.u64 %in, [pin];\n"
         "  ld.param.u64 %out, [pout];\n  setp.eq.u32 %first, %t, 0;\n"
         "  createpolicy.fractional.L2::evict_first.b64 %policy, 1.0;\n"
         "  @%first mbarrier.init.shared.b64 [%bar], 1;\n  fence.proxy.async.shared::cta;\n"
         "  bar.sync 0;\n" +
         code + "\n  ret;\n}\n";
}
std::vector<uint8_t> bulkTest(const std::string &code, std::string *error = nullptr) {
  std::string text = bulkProgram(code);
  EXPECT_EQ(assemblerErrors(text), "") << text;
  std::vector<uint8_t> in(1024), out(1024, 0xee);
  for (size_t k = 0; k < in.size(); ++k)
    in[k] = uint8_t(k * 7 + k / 256);
  Grid grid(text);
  std::string e = grid.buffer(in, "in").buffer(out, "out").go(1, 64);
  if (error)
    *error = e;
  else
    EXPECT_EQ(e, "");
  return out;
}
uint8_t inByte(size_t k) { return uint8_t(k * 7 + k / 256); }
const std::string waitForIt = "WAIT:\n  mbarrier.try_wait.parity.shared.b64 %p0, [%bar], 0;\n"
                              "  @!%p0 bra WAIT;\n";
/// Each thread copies its 16 bytes of a shared buffer to out.
std::string copyOut(const std::string &base) {
  return "  mad.lo.u32 %v0, %t, 16, " + base +
         ";\n  mad.wide.u32 %out, %t, 16, %out;\n"
         "  ld.shared.v4.b32 {%v0, %v1, %v2, %v3}, [%v0];\n"
         "  st.global.v4.b32 [%out], {%v0, %v1, %v2, %v3};\n";
}
} // namespace

TEST(Bulk, LoadsCompleteTransactions) {
  for (std::string space : {"shared::cluster", "shared::cta"}) {
    auto out = bulkTest(
        "  @%first mbarrier.arrive.expect_tx.shared.b64 _, [%bar], 1024;\n"
        "  @%first cp.async.bulk." +
        space +
        ".global.mbarrier::complete_tx::bytes [%s], [%in], 512, [%bar];\n"
        "  @%first cp.async.bulk." +
        space +
        ".global.mbarrier::complete_tx::bytes.L2::cache_hint [%s+512], [%in+512], 512, [%bar], "
        "%policy;\n" +
        waitForIt + copyOut("%s"));
    for (size_t k = 0; k < out.size(); ++k)
      ASSERT_EQ(out[k], inByte(k)) << k;
  }
}
TEST(Bulk, NothingArrivesBeforeTheWait) {
  auto out = bulkTest("  @%first mbarrier.arrive.expect_tx.shared.b64 _, [%bar], 1024;\n"
                      "  @%first cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
                      "[%s], [%in], 1024, [%bar];\n  bar.sync 0;\n" +
                      copyOut("%s"));
  EXPECT_EQ(out[1], 0);
}
TEST(Bulk, MovesWithinSharedMemory) {
  auto out = bulkTest(
      "  mad.lo.u32 %v0, %t, 16, %s;\n  st.shared.b32 [%v0], %t;\n  fence.proxy.async;\n"
      "  bar.sync 0;\n  @%first mbarrier.arrive.expect_tx.shared.b64 _, [%bar], 1024;\n"
      "  @%first cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%s2], "
      "[%s], 1024, [%bar];\n" +
      waitForIt + copyOut("%s2"));
  for (size_t t = 0; t < 64; ++t)
    EXPECT_EQ(out[16 * t], t);
}
TEST(Bulk, StoresWaitForTheirGroup) {
  std::string stores = "  mad.lo.u32 %v0, %t, 16, %s;\n  mov.b32 %v1, -1;\n"
                       "  st.shared.v4.b32 [%v0], {%v1, %v1, %v1, %v1};\n  fence.proxy.async;\n"
                       "  bar.sync 0;\n  @!%first bra END;\n"
                       "  cp.async.bulk.global.shared::cta.bulk_group [%out], [%s], 256;\n"
                       "  cp.async.bulk.commit_group;\n"
                       "  cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint [%out+256], "
                       "[%s+256], 256, %policy;\n  cp.async.bulk.commit_group;\n";
  // Overwriting the source shows which stores had been done by then.
  for (std::string wait : {"wait_group 1", "wait_group.read 1", "wait_group 0", "wait_group 5"}) {
    auto out = bulkTest(stores + "  cp.async.bulk." + wait +
                        ";\n  mov.b32 %v1, 0;\n  st.shared.b32 [%s], %v1;\n"
                        "  st.shared.b32 [%s+256], %v1;\nEND:");
    EXPECT_EQ(out[0], wait.back() == '5' ? 0 : 0xff) << wait;
    EXPECT_EQ(out[256], wait.back() == '0' ? 0xff : 0) << wait;
    EXPECT_EQ(out[511], 0xff);
    EXPECT_EQ(out[512], 0xee);
  }
}
TEST(Bulk, ReductionsCombineElements) {
  // Shared memory holds the thread's number in every 32-bit word; `out` 0xeeeeeeee.
  std::string fill = "  mad.lo.u32 %v0, %t, 16, %s;\n"
                     "  st.shared.v4.b32 [%v0], {%t, %t, %t, %t};\n  fence.proxy.async;\n"
                     "  bar.sync 0;\n  @!%first bra END;\n";
  uint32_t before = 0xeeeeeeeeu;
  for (std::string op :
       {"and.b32",        "or.b32",  "xor.b32", "add.u32",  "add.s32", "min.u32",
        "max.u32",        "min.s32", "max.s32", "inc.u32",  "dec.u32", "add.u64",
        "xor.b64",        "min.s64", "max.u64", "add.f32",  "add.f64", "add.noftz.f16",
        "add.noftz.bf16", "min.f16", "max.f16", "min.bf16", "max.bf16"}) {
    auto out = bulkTest(fill + "  cp.reduce.async.bulk.global.shared::cta.bulk_group." + op +
                        " [%out], [%s], 1024;\n  cp.async.bulk.commit_group;\n"
                        "  cp.async.bulk.wait_group 0;\nEND:");
    for (uint32_t k = 0; k < 256; ++k) {
      uint32_t t = k / 4, got, expected = before;
      std::memcpy(&got, &out[4 * k], 4);
      bool wide = op.find("64") != std::string::npos;
      uint64_t both = uint64_t(t) << 32 | t, old = uint64_t(before) << 32 | before;
      auto half = [&](uint64_t v) { return uint32_t(k % 2 ? v >> 32 : v); };
      if (op == "and.b32")
        expected = before & t;
      else if (op == "or.b32")
        expected = before | t;
      else if (op == "xor.b32")
        expected = before ^ t;
      else if (op == "add.u32" || op == "add.s32")
        expected = before + t;
      else if (op == "min.u32" || op == "max.s32" || op == "max.f16" || op == "max.bf16")
        expected = t; // 0xeeeeeeee is negative
      else if (op == "inc.u32")
        expected = 0;
      else if (op == "dec.u32")
        expected = t;
      else if (op == "add.u64")
        expected = half(old + both);
      else if (op == "xor.b64")
        expected = half(old ^ both);
      else if (op == "add.f32")
        expected = as<uint32_t>(as<float>(before) + as<float>(t));
      else if (op == "add.f64")
        expected = half(as<uint64_t>(as<double>(old) + as<double>(both)));
      else if (op == "add.noftz.f16")
        expected = uint32_t(toHalf(halfValue(0xeeee))) << 16 |
                   toHalf(halfValue(0xeeee) + halfValue(uint16_t(t)));
      else if (op == "add.noftz.bf16")
        expected = uint32_t(toBfloat(bfloatValue(0xeeee))) << 16 |
                   toBfloat(bfloatValue(0xeeee) + bfloatValue(uint16_t(t)));
      EXPECT_EQ(got, expected) << op << " " << k << (wide ? " of a pair" : "");
    }
  }
}
TEST(Bulk, FaultsNameTheReason) {
  std::string load = "  @%first cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes ",
              e;
  bulkTest("  mov.b32 %v0, 20;\n" + load + "[%s], [%in], %v0, [%bar];\n", &e);
  EXPECT_NE(e.find("a bulk copy has a multiple of 16"), std::string::npos) << e;
  bulkTest(load + "[%s], [%in+8], 32, [%bar];\n", &e);
  EXPECT_NE(e.find("not a multiple of 16"), std::string::npos) << e;
  bulkTest(load + "[%s], [%in+512], 528, [%bar];\n", &e);
  EXPECT_NE(e.find("nearest buffer: 'in'"), std::string::npos) << e;
  bulkTest(load + "[%s], [%in], 32, [%s2];\n", &e);
  EXPECT_NE(e.find("no initialised mbarrier"), std::string::npos) << e;
}
