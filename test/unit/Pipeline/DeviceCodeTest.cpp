// Functions made elsewhere, in the module of the kernel that calls them.
#include "compiler/Target/NVPTX/DeviceCode.h"

#include <gtest/gtest.h>

using namespace cosmati;

namespace {
const char *const kernel = ".version 8.0\n.target sm_90a\n.address_size 64\n\n"
                           ".extern .func (.param .b32 func_retval0) f\n(\n\t.param .b32 p0\n)\n;\n"
                           ".extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);\n"
                           ".visible .entry k() { ret; }\n";

std::string added(llvm::ArrayRef<std::string> texts) {
  auto result = addDeviceCode(kernel, texts);
  return result ? *result : "error: " + llvm::toString(result.takeError());
}
} // namespace

TEST(DeviceCode, DefinitionsReplaceDeclarationsAndTheNewestVersionCounts) {
  std::string ptx = added({".version 8.6\n.func (.param .b32 r) f(.param .b32 x) { ret; }\n",
                           ".version 8.2\n.const .b8 c_table[4];\n.func g() { ret; }\n"});
  EXPECT_EQ(ptx.find(".version 8.6\n.target sm_90a\n.address_size 64\n.func (.param .b32 r) f("),
            0u)
      << ptx;
  EXPECT_EQ(ptx.find(".extern .func (.param .b32 func_retval0) f"), std::string::npos);
  EXPECT_NE(ptx.find(".extern .func (.param .b32 r) vprintf"), std::string::npos);
  EXPECT_LT(ptx.find(".func g()"), ptx.find(".visible .entry k"));
  EXPECT_EQ(ptx.find(".version", 1), std::string::npos);
}
TEST(DeviceCode, TheKernelsVersionStaysWhereItIsNewer) {
  EXPECT_EQ(added({".version 7.8\n.func g() { ret; }\n"}).find(".version 8.0\n"), 0u);
}
TEST(DeviceCode, NothingToAddChangesNothing) { EXPECT_EQ(added({}), kernel); }
TEST(DeviceCode, ATextWithoutAVersionIsRefused) {
  EXPECT_EQ(added({".func g() { ret; }\n"}), "error: device code without a .version");
}
