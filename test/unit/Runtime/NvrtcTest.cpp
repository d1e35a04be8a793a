#include "runtime/Toolchain/Nvrtc.h"
#include "MachineTools.h"
#include "TestSupport.h"
#include "runtime/Toolchain/Toolchain.h"

using namespace cosmati::runtime;
using namespace cosmati::test;

namespace {
const Nvrtc *findNvrtc() {
  static const Toolchain tools(machineSettings());
  auto found = tools.nvrtc();
  if (found)
    return *found;
  llvm::consumeError(found.takeError());
  return nullptr;
}
} // namespace

TEST(Nvrtc, AMissingLibraryIsNamedWithItsPackage) {
  ToolchainSettings settings;
  settings.systemToolkits.clear();
  settings.useSystemLinker = false;
  auto found = Toolchain(settings).nvrtc();
  ASSERT_FALSE(found);
  std::string text = llvm::toString(found.takeError());
  EXPECT_NE(text.find("libnvrtc"), std::string::npos) << text;
  EXPECT_NE(text.find("pip install nvidia-cuda-nvrtc"), std::string::npos) << text;
}
TEST(Nvrtc, CompilesToPtxAndHandsOutItsLog) {
  const Nvrtc *nvrtc = findNvrtc();
  if (!nvrtc)
    GTEST_SKIP() << "no libnvrtc";
  EXPECT_FALSE(nvrtc->versionText().empty());
  auto good = nvrtc->compile("extern \"C\" __device__ float f(float x) { return x + 1; }", "f.cu",
                             {"-arch=compute_80", "-rdc=true"});
  ASSERT_TRUE(bool(good));
  EXPECT_TRUE(good->ok);
  EXPECT_NE(good->ptx.find(".target sm_80"), std::string::npos);
  auto bad = nvrtc->compile("float f(", "f.cu", {});
  ASSERT_TRUE(bool(bad));
  EXPECT_FALSE(bad->ok);
  EXPECT_NE(bad->log.find("f.cu(1): error"), std::string::npos) << bad->log;
}
