//===- LinkTest.cpp - several texts as one module -------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "VmTest.h"

using namespace vmtest;

namespace {

std::shared_ptr<Module> linked(std::vector<std::string> texts, std::string *error = nullptr) {
  std::vector<std::string> names;
  std::vector<Module::Source> sources;
  for (size_t k = 0; k < texts.size(); ++k) {
    texts[k] = moduleHeader() + texts[k];
    names.push_back(std::string(1, char('a' + k)) + ".ptx");
  }
  for (size_t k = 0; k < texts.size(); ++k)
    sources.push_back({texts[k], names[k]});
  auto module = Module::link(sources);
  if (module)
    return *module;
  std::string text = llvm::toString(module.takeError());
  if (error)
    *error = text;
  else
    ADD_FAILURE() << text;
  return nullptr;
}
std::string linkError(std::vector<std::string> texts) {
  std::string error;
  EXPECT_EQ(linked(std::move(texts), &error), nullptr);
  return error;
}
bool says(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

const char *caller = ".extern .func (.param .b32 r) twice(.param .b32 a);\n"
                     ".visible .entry k(.param .u64 p) {\n  .reg .b32 %r<3>; .reg .b64 %d;\n"
                     "  ld.param.u64 %d, [p];\n  { .param .b32 x; .param .b32 y;\n"
                     "  st.param.b32 [x], 21;\n  call (y), twice, (x);\n"
                     "  ld.param.b32 %r1, [y]; }\n  st.global.b32 [%d], %r1;\n  ret;\n}\n";
std::string twice(const std::string &linkage, const std::string &factor = "2",
                  const std::string &parameter = ".param .b32 a") {
  return linkage + " .func (.param .b32 r) twice(" + parameter +
         ") {\n  .reg .b32 %r<2>;\n  ld.param.b32 %r0, [a];\n  mul.lo.s32 %r1, %r0, " + factor +
         ";\n  st.param.b32 [r], %r1;\n  ret;\n}\n";
}
uint32_t resultOf(std::shared_ptr<Module> module, const std::string &entry = "k") {
  std::vector<uint32_t> out(1);
  if (module) {
    EXPECT_EQ(Grid(module, entry).buffer(out).go(1, 1), "");
  }
  return out[0];
}

TEST(Link, AFunctionOfAnotherText) {
  EXPECT_EQ(resultOf(linked({caller, twice(".visible")})), 42u);
  EXPECT_EQ(resultOf(linked({twice(".visible"), caller})), 42u);
}
TEST(Link, AVisibleDefinitionWinsOverAWeakOne) {
  EXPECT_EQ(resultOf(linked({caller, twice(".weak", "3"), twice(".visible", "2")})), 42u);
  EXPECT_EQ(resultOf(linked({caller, twice(".weak", "3"), twice(".weak", "4")})), 63u);
}
TEST(Link, FunctionsWithoutLinkageBelongToTheirText) {
  std::string own = twice("", "5") + std::string(caller).substr(std::string(caller).find('\n') + 1);
  EXPECT_EQ(resultOf(linked({own, twice("", "7")})), 105u);
}
TEST(Link, AVariableOfAnotherText) {
  const char *reader = ".extern .global .align 4 .u32 shared_count[2];\n"
                       ".visible .entry k(.param .u64 p) {\n  .reg .b32 %r<3>; .reg .b64 %d;\n"
                       "  ld.param.u64 %d, [p];\n  ld.global.u32 %r1, [shared_count+4];\n"
                       "  st.global.b32 [%d], %r1;\n  ret;\n}\n";
  const char *owner = ".visible .global .align 4 .u32 shared_count[2] = {5, 6};\n";
  EXPECT_EQ(resultOf(linked({reader, owner})), 6u);
}
TEST(Link, KernelsOfAllTextsAreEntries) {
  auto module = linked({".visible .entry a(.param .u64 p) { ret; }\n",
                        ".visible .entry b(.param .u64 p) { ret; }\n"});
  ASSERT_NE(module, nullptr);
  EXPECT_EQ(module->entries().size(), 2u);
  EXPECT_NE(module->findEntry("a"), nullptr);
  EXPECT_NE(module->findEntry("b"), nullptr);
}
TEST(Link, ASecondDefinitionNamesBothPlaces) {
  std::string error = linkError({caller, twice(".visible"), twice(".visible", "3")});
  EXPECT_TRUE(says(error, "twice") && says(error, "b.ptx:") && says(error, "c.ptx:")) << error;
}
TEST(Link, ADeclarationThatDoesNotFitNamesBothPlaces) {
  std::string error = linkError({caller, twice(".visible", "2", ".param .b32 a, .param .b64 b")});
  EXPECT_TRUE(says(error, "twice") && says(error, "a.ptx:") && says(error, "b.ptx:")) << error;
}
TEST(Link, ANameThatNobodyDefinesIsAnErrorWhereItIsUsed) {
  std::string error = linkError({caller, ".visible .entry other() { ret; }\n"});
  EXPECT_TRUE(says(error, "a.ptx:") && says(error, "'twice' is declared but no module defines it"))
      << error;
}

} // namespace
