#include "compiler/Pipeline/CompileOptions.h"

#include <gtest/gtest.h>

#include <set>

using namespace cosmati;

namespace {

TEST(CompileOptions, EveryOptionChangesTheKey) {
  const std::string initial = CompileOptions().key();
  std::set<std::string> keys = {initial};
  for (const CompileOptions::Description &row : CompileOptions::describe()) {
    CompileOptions options;
    std::string value = row.initial == "true"    ? "false"
                        : row.initial == "false" ? "true"
                        : row.initial.empty()    ? "x"
                                                 : row.initial + "1";
    ASSERT_FALSE(llvm::errorToBool(options.set(row.name, value))) << row.name.str();
    EXPECT_TRUE(keys.insert(options.key()).second) << row.name.str() << " is not in the key";
  }
}

TEST(CompileOptions, UnknownNameListsTheKnownOnes) {
  CompileOptions options;
  std::string text = llvm::toString(options.set("num_warp", "4"));
  EXPECT_NE(text.find("unknown compile option 'num_warp'"), std::string::npos) << text;
  EXPECT_NE(text.find("num_warps"), std::string::npos) << text;
}

TEST(CompileOptions, WrongKindOfValueIsNamed) {
  CompileOptions options;
  EXPECT_EQ(llvm::toString(options.set("num_warps", "four")),
            "option num_warps takes an integer, got 'four'");
  EXPECT_EQ(llvm::toString(options.set("ftz", "maybe")),
            "option ftz takes true or false, got 'maybe'");
}

struct Bad {
  const char *name, *value, *text;
};
class InvalidOption : public testing::TestWithParam<Bad> {};

TEST_P(InvalidOption, IsNamedWithItsBound) {
  CompileOptions options;
  ASSERT_FALSE(llvm::errorToBool(options.set(GetParam().name, GetParam().value)));
  std::string text = llvm::toString(options.validate());
  EXPECT_NE(text.find(GetParam().value), std::string::npos) << text;
  EXPECT_NE(text.find(GetParam().text), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(
    All, InvalidOption,
    testing::Values(Bad{"target", "sm_42", "known: "}, Bad{"num_warps", "3", "1, 2, 4, 8, 16, 32"},
                    Bad{"num_warps", "64", "1, 2, 4, 8, 16, 32"},
                    Bad{"num_stages", "0", "between 1 and 16"}, Bad{"num_ctas", "2", "num_ctas=1"},
                    Bad{"maxnreg", "256", "255"}, Bad{"opt_level", "4", "between 0 and 3"},
                    Bad{"lineinfo", "some", "relative, absolute or none"}));

TEST(CompileOptions, DefaultsAreValid) {
  EXPECT_FALSE(llvm::errorToBool(CompileOptions().validate()));
}

} // namespace
