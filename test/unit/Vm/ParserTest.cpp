//===- ParserTest.cpp - what the parser takes and what it refuses ---------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/InstTable.h"
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {
std::string kernel(const std::string &body) {
  return moduleHeader() +
         ".visible .entry k(.param .u64 p) {\n  .reg .pred %p<4>;\n  .reg .b16 %rs<4>;\n"
         "  .reg .b32 %r<8>;\n  .reg .f32 %f<8>;\n  .reg .b64 %rd<8>;\n" +
         body + "\n  ret;\n}\n";
}
} // namespace

TEST(Parser, UnknownInstructionIsNamedWithItsLine) {
  std::string e = parseError(kernel("  wibble.b32 %r1, %r2;"));
  EXPECT_EQ(e, "test.ptx:10: wibble.b32 %r1, %r2: instruction 'wibble' is not implemented");
}
TEST(Parser, UnknownModifierIsNamed) {
  EXPECT_EQ(
      parseError(kernel("  add.rn.bogus.f32 %f1, %f2, %f3;")),
      "test.ptx:10: add.rn.bogus.f32 %f1, %f2, %f3: '.bogus' is not implemented here for 'add'");
}
TEST(Parser, MissingTypeIsReported) {
  EXPECT_NE(parseError(kernel("  fma.rn %f1, %f2, %f3, %f4;")).find("lacks a modifier or type"),
            std::string::npos);
}
TEST(Parser, WidthMismatchIsReported) {
  EXPECT_NE(parseError(kernel("  add.s32 %r1, %rd2, %r3;"))
                .find("register '%rd2' has 64 bits, .s32 needs 32"),
            std::string::npos);
}
TEST(Parser, FloatRegisterInIntegerInstructionIsReported) {
  EXPECT_NE(parseError(kernel("  add.s32 %r1, %f2, %r3;"))
                .find("register '%f2' of type .f32 used as .s32"),
            std::string::npos);
}
TEST(Parser, UndeclaredNamesAreReported) {
  EXPECT_NE(parseError(kernel("  mov.b32 %r1, nosuch;")).find("'nosuch' is not declared"),
            std::string::npos);
  EXPECT_NE(parseError(kernel("  add.s32 %q1, %r1, %r2;")).find("register '%q1' is not declared"),
            std::string::npos);
  EXPECT_NE(parseError(kernel("  bra nowhere;")).find("label 'nowhere' is not defined"),
            std::string::npos);
  EXPECT_NE(parseError(kernel("  @%r1 bra nowhere;")).find("guard '%r1' is no predicate register"),
            std::string::npos);
}
TEST(Parser, OperandCountIsChecked) {
  EXPECT_NE(parseError(kernel("  add.s32 %r1, %r2;")).find("too few operands"), std::string::npos);
  EXPECT_NE(parseError(kernel("  add.s32 %r1, %r2, %r3, %r4;")).find("too many operands"),
            std::string::npos);
}
TEST(Parser, MalformedTextIsAnErrorNotACrash) {
  for (const char *text :
       {"", ".version", ".target sm_90a\n.entry", "{", "@", ".visible .entry k(", "\"",
        ".global .b8 x[", ".target sm_90a .entry k() { mov.b32 %r, 0f12; }", "/* open",
        ".target sm_90a .file 1", ".target sm_90a .entry k() { .reg .b32 %r<99999999999>; }",
        "\x01\x02", ".target sm_90a }",
        ".target sm_90a .entry k() { ld.global.v4.b32 {%a,%b}, [%c]; }"})
    EXPECT_NE(parseError(text), "") << text;
}
TEST(Parser, EveryPrefixOfAProgramIsHandled) {
  std::string text = kernel("  ld.param.u64 %rd1, [p];\n  @%p1 bra L;\n  mov.b32 {%rs1, _}, "
                            "%r1;\nL:\n  st.global.v2.b32 [%rd1+4], {%r1, 7};\n");
  for (size_t n = 0; n < text.size(); ++n)
    (void)parseError(text.substr(0, n));
  EXPECT_EQ(parseError(text), "");
}
TEST(Parser, DirectivesThatCarryNoCodeAreSkipped) {
  std::string text =
      ".version 8.0 .target sm_90a, debug .address_size 64\n.file 1 \"a.cu\"\n.file 2 \"b.cu\", "
      "123, 456\n"
      ".extern .func (.param .b32 r) vprintf(.param .b64 a, .param .b64 b);\n"
      ".visible .entry k(.param .u64 .ptr .global .align 16 p, .param .align 8 .b8 s[24], .param "
      ".f32 f)\n"
      ".reqntid 128, 1, 1\n.minnctapersm 2\n.maxnreg 64\n{\n.pragma \"nounroll\";\n.loc 1 5 3\n"
      ".loc 1 6 3, function_name $L__info_string0, inlined_at 1 5 3\nret;\n.loc 2 7 9\n}\n"
      ".section .debug_str { $L__info_string0: .b8 95, 90 }\n";
  auto module = parse(text);
  ASSERT_TRUE(module);
  const EntryInfo &entry = module->entries().at(0);
  EXPECT_EQ(entry.reqntid->at(0), 128u);
  EXPECT_EQ(entry.params.at(1).offset, 8u);
  EXPECT_EQ(entry.params.at(1).bytes, 24u);
  EXPECT_EQ(entry.params.at(2).offset, 32u);
  EXPECT_EQ(entry.paramBytes, 36u);
  EXPECT_TRUE(entry.params.at(0).pointer);
  EXPECT_EQ(module->target(), "sm_90a");
}
TEST(Parser, NestedScopesHaveTheirOwnRegistersAndLabels) {
  std::string text =
      kernel("  ld.param.u64 %rd1, [p];\n  mov.b32 %r1, 1;\n"
             "  { .reg .b32 %r1; .reg .pred p; mov.b32 %r1, 5; setp.eq.b32 p, %r1, 5; @p bra L; "
             "mov.b32 %r2, 9; L: }\n"
             "  { .reg .b32 t; mov.b32 t, 6; bra L; L: st.global.b32 [%rd1+4], t; }\n"
             "  st.global.b32 [%rd1], %r1;\n");
  std::vector<uint32_t> out(2);
  EXPECT_EQ(Grid(text).buffer(out).go(1, 1), "");
  EXPECT_EQ(out, (std::vector<uint32_t>{1, 6}));
}
TEST(Parser, InitialisedVariables) {
  std::string text = moduleHeader() +
                     ".global .align 4 .u32 g[4] = {1, 2, 3};\n.const .f32 c[2] = {0f3F800000, "
                     "2.5};\n.global .u64 ptr[2] = {g, generic(g)+8};\n"
                     ".global .align 1 .b8 text[3] = {65, 66, 0};\n"
                     ".visible .entry k(.param .u64 p) {\n  .reg .b32 %r<8>; .reg .b64 %rd<4>; "
                     ".reg .b16 %rs<2>;\n  ld.param.u64 %rd1, [p];\n"
                     "  ld.global.u32 %r1, [g+4];\n  ld.const.f32 %r2, [c+4];\n  ld.global.u64 "
                     "%rd2, [ptr+8];\n  ld.u32 %r3, [%rd2];\n"
                     "  ld.global.u8 %rs1, [text+1];\n  cvt.u32.u16 %r4, %rs1;\n  st.global.v4.u32 "
                     "[%rd1], {%r1, %r2, %r3, %r4};\n  ret;\n}\n";
  std::vector<uint32_t> out(4);
  EXPECT_EQ(Grid(text).buffer(out).go(1, 1), "");
  EXPECT_EQ(out, (std::vector<uint32_t>{2, as<uint32_t>(2.5f), 3, 66}));
}
TEST(Parser, RegisterFamiliesResolveByPrefixAndNumber) {
  std::string text =
      moduleHeader() +
      ".visible .entry k(.param .u64 p) {\n  .reg .b32 %r<12>, %r1x<3>, %q;\n  .reg .b64 %rd<2>;\n"
      "  ld.param.u64 %rd1, [p];\n  mov.b32 %r11, 4;\n  mov.b32 %r1x2, 5;\n  mov.b32 %q, 6;\n"
      "  st.global.b32 [%rd1], %r11;\n  st.global.b32 [%rd1+4], %r1x2;\n  st.global.b32 [%rd1+8], "
      "%q;\n  ret;\n}\n";
  std::vector<uint32_t> out(3);
  EXPECT_EQ(Grid(text).buffer(out).go(1, 1), "");
  EXPECT_EQ(out, (std::vector<uint32_t>{4, 5, 6}));
  EXPECT_NE(parseError(kernel("  mov.b32 %r8, 0;")), "");
}
TEST(Parser, CallOfAnUndefinedFunctionIsAnError) {
  std::string text = moduleHeader() + ".extern .func nope(.param .b64 a);\n.visible .entry k() {\n "
                                      " { .param .b64 q; call nope, (q); }\n  ret;\n}\n";
  EXPECT_NE(parseError(text).find("'nope' is declared but no module defines it"),
            std::string::npos);
}
TEST(Parser, DeclarationsThatWouldExhaustTheHostAreRefused) {
  auto refused = [](const std::string &text, const std::string &why) {
    std::string e = parseError(moduleHeader() + text);
    EXPECT_NE(e.find(why), std::string::npos) << e;
  };
  std::string k = ".visible .entry k() { ";
  refused(k + ".reg .b32 %r<1048577>; ret; }", "more than 1048576 registers");
  refused(k + ".local .b8 lo[524289]; ret; }", "bytes of local variables; the limit is 524288");
  refused(k + ".shared .b8 sh[16777217]; ret; }", "bytes of static shared variables");
  refused(".visible .entry k(.param .b8 p[32765]) { ret; }",
          "bytes of parameters; the limit is 32764");
  refused(".global .b64 g[1073741824];", "the module's variables need more than 4294967296 bytes");
  refused(".global .b64 g[1073741825];", "an array of more than 1073741824 elements");
  refused(".global .b64 g[1000000][1000000];", "an array of more than 1073741824 elements");
}
TEST(InstTable, EveryRowBuildsAndHasALastMatch) {
  // Each row, written with the first choice of every required group, finds a row with its opcode.
  for (const InstForm &form : instructionForms()) {
    std::vector<llvm::StringRef> mods;
    for (const InstForm::Group &group : form.groups)
      if (!group.optional)
        mods.insert(mods.end(), group.alternatives[0].begin(), group.alternatives[0].end());
    InstMatch match;
    std::string reason;
    EXPECT_TRUE(matchInstruction(form.opcode, mods, match, reason))
        << form.syntax.str() << ": " << reason;
  }
}
