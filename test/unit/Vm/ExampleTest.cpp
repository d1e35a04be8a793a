//===- ExampleTest.cpp - the example of docs/ptxvm.md ---------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/PtxVm.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

// The lines between the marks stand in docs/ptxvm.md; a test compares the two.
// example begin
/// Doubles `values` by a kernel `twice(.u64 x, .u32 n)` and prints what is wrong with it, if
/// anything is.
llvm::Error doubled(llvm::StringRef ptx, std::vector<int> &values) {
  namespace vm = cosmati::ptxvm;
  auto module = vm::Module::parse(ptx, "twice.ptx");
  if (!module)
    return module.takeError();
  vm::AddressSpace memory;
  uint64_t x = memory.map(values.data(), values.size() * sizeof(int), "x");
  vm::ParamBlock params(*(*module)->findEntry("twice"));
  params.set(0, x);
  params.set(1, uint32_t(values.size()));

  vm::LaunchConfig config;
  config.grid = {uint32_t(values.size() + 63) / 64, 1, 1};
  config.block = {64, 1, 1};
  config.checks = vm::Check::All;
  config.schedule = vm::Schedule::Adversarial;
  config.seed = 7;
  vm::Report report;
  llvm::Error error = vm::launch(**module, "twice", config, params.bytes(), memory, &report);
  for (const vm::Finding &finding : report.findings) {
    llvm::errs() << finding.message << "\n";
    for (const vm::AccessPoint &access : finding.accesses)
      llvm::errs() << access.what << " at line " << access.line << "\n";
  }
  return error;
}
// example end

static std::string twice(const std::string &guard) {
  return ".version 8.0\n.target sm_80\n.address_size 64\n"
         ".visible .entry twice(.param .u64 x, .param .u32 n) {\n  .reg .pred %p;\n"
         "  .reg .b32 %r<5>;\n  .reg .b64 %rd;\n  ld.param.u64 %rd, [x];\n"
         "  ld.param.u32 %r1, [n];\n  mov.u32 %r2, %ctaid.x;\n  mov.u32 %r3, %tid.x;\n"
         "  mad.lo.u32 %r0, %r2, 64, %r3;\n  setp.ge.u32 %p, %r0, %r1;\n" +
         guard +
         "  mad.wide.u32 %rd, %r0, 4, %rd;\n  ld.global.b32 %r4, [%rd];\n"
         "  add.s32 %r4, %r4, %r4;\n  st.global.b32 [%rd], %r4;\nDONE:\n  ret;\n}\n";
}

TEST(Example, Runs) {
  std::vector<int> values{1, 2, 3};
  values.resize(100, 4);
  llvm::Error error = doubled(twice("  @%p bra DONE;\n"), values);
  EXPECT_FALSE(bool(error));
  EXPECT_EQ(values[2], 6);
  EXPECT_EQ(values[99], 8);
}
TEST(Example, FindsWhatIsWrong) {
  std::vector<int> values(100);
  EXPECT_NE(llvm::toString(doubled(twice(""), values)).find("out-of-bounds"), std::string::npos);
}
