#include "runtime/Toolchain/Assembler.h"
#include "MachineTools.h"
#include "TestSupport.h"

#include "llvm/ADT/SmallVector.h"

#include <sys/stat.h>
#include <thread>

using namespace cosmati::runtime;
using namespace cosmati::test;

namespace {
constexpr const char *goodPtx = R"(
.version 7.0
.target sm_80
.address_size 64
.visible .entry addone(.param .u64 p, .param .u32 n) .reqntid 128
{
 .reg .pred %p; .reg .b32 %r<5>; .reg .b64 %rd<4>; .reg .f32 %f<3>;
 .shared .align 16 .b8 scratch[512];
 ld.param.u64 %rd1, [p];
 ld.param.u32 %r1, [n];
 mov.u32 %r2, %tid.x;
 setp.ge.u32 %p, %r2, %r1;
 @%p bra done;
 mul.wide.u32 %rd2, %r2, 4;
 add.s64 %rd3, %rd1, %rd2;
 ld.global.f32 %f1, [%rd3];
 add.f32 %f2, %f1, 0f3F800000;
 mov.u32 %r3, scratch;
 mad.lo.u32 %r4, %r2, 4, %r3;
 st.shared.f32 [%r4], %f2;
 bar.sync 0;
 ld.shared.f32 %f1, [%r3];
 st.global.f32 [%rd3], %f1;
done:
 ret;
}
)";

std::string badPtx() {
  std::string text = goodPtx;
  return text.replace(text.find("add.f32"), 7, "add.f37");
}

class Assembler : public testing::TestWithParam<AssemblerTool> {
protected:
  void SetUp() override {
    Piece piece = GetParam() == AssemblerTool::Ptxas ? Piece::Ptxas : Piece::NvJitLink;
    if (llvm::Expected<Found> found = toolchain.find(piece); !found)
      GTEST_SKIP() << llvm::toString(found.takeError());
    options.tool = GetParam();
  }
  Toolchain toolchain{machineSettings()};
  AssembleOptions options;
};

TEST_P(Assembler, assemblesGoodPtxAndReadsItsFigures) {
  for (const char *target : {"sm_80", "sm_90a", "sm_100a"}) {
    Assembled result = valueOf(assemble(toolchain, goodPtx, target, options));
    ASSERT_GE(result.cubin.size(), 4u);
    EXPECT_EQ(std::string(result.cubin.begin(), result.cubin.begin() + 4), "\x7f"
                                                                           "ELF");
    EXPECT_GT(result.regs, 0) << result.log;
    EXPECT_LE(result.regs, 32);
    EXPECT_EQ(result.spillStores, 0);
    EXPECT_EQ(result.spillLoads, 0);
    EXPECT_EQ(result.stackBytes, 0);
    EXPECT_GE(result.sharedBytes, 512); // from sm_90 on 1024 more are the system's
    EXPECT_TRUE(result.warnings.empty());
    EXPECT_GT(result.ms, 0);
    EXPECT_EQ(result.tool, assemblerVersion(toolchain, GetParam()));
  }
}

TEST_P(Assembler, namesKernelTargetAndLogOfBadPtx) {
  llvm::Expected<Assembled> result = assemble(toolchain, badPtx(), "sm_80", options);
  ASSERT_FALSE(result);
  bool isSeen = false;
  llvm::handleAllErrors(result.takeError(), [&](const AssemblerError &error) {
    isSeen = true;
    EXPECT_EQ(error.kernel, "addone");
    EXPECT_EQ(error.target, "sm_80");
    EXPECT_TRUE(contains(error.toolLog, "line 17"));
    EXPECT_TRUE(contains(error.toolLog, ".f37"));
    EXPECT_TRUE(contains(error.message(), "refused the PTX of kernel 'addone' for sm_80"));
    EXPECT_FALSE(contains(error.toolLog, "/cosmati-")) << error.toolLog; // its temporary file
  });
  EXPECT_TRUE(isSeen);
}

TEST_P(Assembler, refusesAnUnknownTarget) {
  EXPECT_NE(textOf(assemble(toolchain, goodPtx, "sm_990", options)), "");
  EXPECT_NE(textOf(assemble(toolchain, goodPtx, "sm_70", options)), ""); // the PTX asks for sm_80
}

TEST_P(Assembler, leavesNoTemporaryFiles) {
  TemporaryFolder folder;
  ::setenv("TMPDIR", folder.path().c_str(), 1);
  (void)textOf(assemble(toolchain, goodPtx, "sm_80", options));
  (void)textOf(assemble(toolchain, badPtx(), "sm_80", options));
  ::unsetenv("TMPDIR");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_P(Assembler, takesLineInfoAndARegisterLimit) {
  options.lineInfo = true;
  options.maxRegs = 24;
  EXPECT_LE(valueOf(assemble(toolchain, goodPtx, "sm_90a", options)).regs, 24);
}

TEST_P(Assembler, worksInSeveralThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<std::string> texts(4);
  for (size_t i = 0; i < texts.size(); ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round)
        texts[i] += textOf(assemble(toolchain, i % 2 ? badPtx() : goodPtx, "sm_90a", options));
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(texts[0], "");
  EXPECT_TRUE(contains(texts[1], ".f37"));
  EXPECT_EQ(texts[2], "");
  EXPECT_TRUE(contains(texts[3], ".f37"));
}

INSTANTIATE_TEST_SUITE_P(Tools, Assembler,
                         testing::Values(AssemblerTool::NvJitLink, AssemblerTool::Ptxas),
                         [](const auto &info) {
                           return info.param == AssemblerTool::Ptxas ? "ptxas" : "nvJitLink";
                         });

TEST(AssemblerChoice, withoutAnyToolTheErrorNamesBothAndTheirRemedies) {
  ToolchainSettings settings;
  settings.systemToolkits.clear();
  settings.useSystemLinker = false;
  Toolchain toolchain(settings);
  llvm::Expected<Assembled> result = assemble(toolchain, goodPtx, "sm_80");
  ASSERT_FALSE(result);
  llvm::Error error = result.takeError();
  EXPECT_TRUE(error.isA<NoAssemblerError>());
  std::string text = llvm::toString(std::move(error));
  EXPECT_TRUE(contains(text, "addone"));
  EXPECT_TRUE(contains(text, "pip install nvidia-nvjitlink"));
  EXPECT_TRUE(contains(text, "pip install nvidia-cuda-nvcc"));
  EXPECT_EQ(assemblerVersion(toolchain), "none");
}

TEST(AssemblerChoice, aPtxasThatCrashesIsReported) {
  TemporaryFolder folder;
  std::ofstream(folder / "ptxas") << "#!/bin/sh\necho 'about to die' >&2\nkill -SEGV $$\n";
  ::chmod((folder / "ptxas").c_str(), 0755);
  ToolchainSettings settings;
  settings.paths[Piece::Ptxas] = folder / "ptxas";
  AssembleOptions options;
  options.tool = AssemblerTool::Ptxas;
  std::string text = textOf(assemble(Toolchain(settings), goodPtx, "sm_80", options));
  EXPECT_TRUE(contains(text, "about to die"));
  EXPECT_TRUE(contains(text, "ended with"));
}

TEST(AssemblerChoice, aLibraryThatIsNoNvJitLinkIsRefusedByName) {
  TemporaryFolder folder;
  writeFile(folder / "libnvJitLink.so", {1, 2, 3});
  ToolchainSettings settings;
  settings.paths[Piece::NvJitLink] = folder / "libnvJitLink.so";
  AssembleOptions options;
  options.tool = AssemblerTool::NvJitLink;
  EXPECT_TRUE(contains(textOf(assemble(Toolchain(settings), goodPtx, "sm_80", options)),
                       "libnvJitLink.so"));
}

TEST(AssemblerLog, readsTheKernelsOwnFigures) {
  const char *log =
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : Compiling entry function 'other' for 'sm_90a'\n"
      "ptxas info    : Function properties for other\n"
      "    8 bytes stack frame, 9 bytes spill stores, 10 bytes spill loads\n"
      "ptxas info    : Used 11 registers, used 0 barriers\n"
      "ptxas info    : (C7511) Potential Performance Loss: wgmma serialized\n"
      "ptxas info    : Compiling entry function 'gemm' for 'sm_90a'\n"
      "ptxas info    : Function properties for gemm\n"
      "ptxas         .     16 bytes stack frame, 24 bytes spill stores, 32 bytes spill loads\n"
      "ptxas info    : Used 168 registers, used 1 barriers, 16 bytes cumulative stack size, 1024 "
      "bytes smem\n"
      "info    : used 8 registers, used 5 barriers, 0 stack, 77 bytes smem, 540 bytes cmem[0]\n";
  Assembled result;
  parseAssemblerLog(log, "gemm", result);
  EXPECT_EQ(result.regs, 168);
  EXPECT_EQ(result.stackBytes, 16);
  EXPECT_EQ(result.spillStores, 24);
  EXPECT_EQ(result.spillLoads, 32);
  EXPECT_EQ(result.sharedBytes, 1024);
  ASSERT_EQ(result.warnings.size(), 1u);
  Assembled first;
  parseAssemblerLog(log, "", first);
  EXPECT_EQ(first.regs, 11);
  Assembled missing;
  parseAssemblerLog(log, "absent", missing);
  EXPECT_EQ(missing.regs, -1);
}
} // namespace
