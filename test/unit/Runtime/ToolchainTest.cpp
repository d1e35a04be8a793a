#include "runtime/Toolchain/Toolchain.h"
#include "TestSupport.h"

#include <sys/stat.h>

using namespace cosmati::runtime;
using namespace cosmati::test;

namespace {
/// A tree of empty files in the places where the pieces are looked for.
struct Tree {
  TemporaryFolder folder;
  std::string add(const std::string &path, bool isExecutable = false) {
    writeFile(folder / path, {0});
    if (isExecutable)
      ::chmod((folder / path).c_str(), 0755);
    return folder / path;
  }
  /// Settings that see nothing outside this tree.
  ToolchainSettings settings() const {
    ToolchainSettings result;
    result.systemToolkits.clear();
    result.useSystemLinker = false;
    return result;
  }
};

std::string pathOf(const Toolchain &toolchain, Piece piece) {
  return valueOf(toolchain.find(piece)).path;
}

TEST(Toolchain, findsTheCuda13Packages) {
  Tree tree;
  std::string linker = tree.add("site/nvidia/cu13/lib/libnvJitLink.so.13");
  std::string nvrtc = tree.add("site/nvidia/cu13/lib/libnvrtc.so.13");
  std::string ptxas = tree.add("site/nvidia/cu13/bin/ptxas", true);
  std::string libdevice = tree.add("site/nvidia/cu13/nvvm/libdevice/libdevice.10.bc");
  ToolchainSettings settings = tree.settings();
  settings.sitePackages = {tree.folder / "nothing", tree.folder / "site"};
  Toolchain toolchain(settings);
  EXPECT_EQ(pathOf(toolchain, Piece::NvJitLink), linker);
  EXPECT_EQ(pathOf(toolchain, Piece::Nvrtc), nvrtc);
  EXPECT_EQ(pathOf(toolchain, Piece::Ptxas), ptxas);
  EXPECT_EQ(pathOf(toolchain, Piece::Libdevice), libdevice);
  EXPECT_EQ(valueOf(toolchain.find(Piece::Ptxas)).origin, "Python package");
}

TEST(Toolchain, findsTheCuda12Packages) {
  Tree tree;
  std::string linker = tree.add("site/nvidia/nvjitlink/lib/libnvJitLink.so.12");
  std::string nvrtc = tree.add("site/nvidia/cuda_nvrtc/lib/libnvrtc.so.12");
  std::string ptxas = tree.add("site/nvidia/cuda_nvcc/bin/ptxas", true);
  std::string libdevice = tree.add("site/nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc");
  ToolchainSettings settings = tree.settings();
  settings.sitePackages = {tree.folder / "site"};
  Toolchain toolchain(settings);
  EXPECT_EQ(pathOf(toolchain, Piece::NvJitLink), linker);
  EXPECT_EQ(pathOf(toolchain, Piece::Nvrtc), nvrtc);
  EXPECT_EQ(pathOf(toolchain, Piece::Ptxas), ptxas);
  EXPECT_EQ(pathOf(toolchain, Piece::Libdevice), libdevice);
}

TEST(Toolchain, prefersTheNewestPackageFolder) {
  Tree tree;
  tree.add("site/nvidia/cu9/bin/ptxas", true);
  tree.add("site/nvidia/cu13/bin/ptxas", true);
  std::string newest = tree.add("site/nvidia/cu14/bin/ptxas", true);
  tree.add("site/nvidia/cublas/bin/ptxas", true);
  ToolchainSettings settings = tree.settings();
  settings.sitePackages = {tree.folder / "site"};
  EXPECT_EQ(pathOf(Toolchain(settings), Piece::Ptxas), newest);
}

TEST(Toolchain, searchesInTheDocumentedOrder) {
  Tree tree;
  std::string set = tree.add("mine/ptxas", true);
  std::string package = tree.add("site/nvidia/cu13/bin/ptxas", true);
  std::string home = tree.add("home/bin/ptxas", true);
  std::string toolkit = tree.add("toolkit/bin/ptxas", true);
  std::string path = tree.add("bin/ptxas", true);
  ToolchainSettings settings = tree.settings();
  settings.paths[Piece::Ptxas] = set;
  settings.sitePackages = {tree.folder / "site"};
  settings.cudaHome = tree.folder / "home";
  settings.systemToolkits = {tree.folder / "toolkit"};
  settings.path = {"", tree.folder / "empty", tree.folder / "bin"};

  std::vector<std::pair<std::string, std::string>> seen;
  auto look = [&] {
    Found found = valueOf(Toolchain(settings).find(Piece::Ptxas));
    seen.emplace_back(found.path, found.origin);
  };
  look();
  settings.paths.clear();
  look();
  settings.sitePackages.clear();
  look();
  settings.cudaHome.clear();
  look();
  settings.systemToolkits.clear();
  look();
  EXPECT_EQ(seen, (std::vector<std::pair<std::string, std::string>>{{set, "setting"},
                                                                    {package, "Python package"},
                                                                    {home, "CUDA_HOME"},
                                                                    {toolkit, "system toolkit"},
                                                                    {path, "PATH"}}));
}

TEST(Toolchain, aMissingPieceIsNamedWithItsRemedyAndThePlaces) {
  Tree tree;
  ToolchainSettings settings = tree.settings();
  settings.cudaHome = tree.folder / "home";
  std::string text = textOf(Toolchain(settings).find(Piece::NvJitLink));
  EXPECT_TRUE(contains(text, "libnvJitLink was not found"));
  EXPECT_TRUE(contains(text, "pip install nvidia-nvjitlink"));
  EXPECT_TRUE(contains(text, tree.folder / "home/lib64"));
  EXPECT_TRUE(
      contains(textOf(Toolchain(tree.settings()).find(Piece::Libdevice)), "no place to look"));
}

TEST(Toolchain, aWrongSettingIsAnErrorEvenWhenThePieceIsElsewhere) {
  Tree tree;
  tree.add("home/bin/ptxas", true);
  ToolchainSettings settings = tree.settings();
  settings.cudaHome = tree.folder / "home";
  settings.paths[Piece::Ptxas] = tree.folder / "gone";
  EXPECT_TRUE(
      contains(textOf(Toolchain(settings).find(Piece::Ptxas)), "gone, which doesn't exist"));
}

TEST(Toolchain, aPtxasThatCannotBeExecutedIsPassedOver) {
  Tree tree;
  tree.add("home/bin/ptxas", false);
  ToolchainSettings settings = tree.settings();
  settings.cudaHome = tree.folder / "home";
  EXPECT_NE(textOf(Toolchain(settings).find(Piece::Ptxas)), "");
}

TEST(Toolchain, theDriverIsNeverTakenFromAToolkitsStubs) {
  Tree tree;
  tree.add("home/lib64/stubs/libcuda.so");
  tree.add("home/lib64/libcuda.so.1");
  ToolchainSettings settings = tree.settings();
  settings.cudaHome = tree.folder / "home";
  EXPECT_TRUE(contains(textOf(Toolchain(settings).find(Piece::Driver)), "install NVIDIA's driver"));
}

TEST(Toolchain, reportsEveryPiece) {
  Tree tree;
  tree.add("home/nvvm/libdevice/libdevice.10.bc");
  writeFile(tree.folder / "home/bin/ptxas", {});
  std::ofstream(tree.folder / "home/bin/ptxas")
      << "#!/bin/sh\necho 'Cuda compilation tools, release 12.9, V12.9.41'\n";
  ::chmod((tree.folder / "home/bin/ptxas").c_str(), 0755);
  ToolchainSettings settings = tree.settings();
  settings.cudaHome = tree.folder / "home";
  std::vector<PieceReport> rows = Toolchain(settings).report();
  ASSERT_EQ(rows.size(), allPieces.size());
  for (const PieceReport &row : rows) {
    bool isThere = row.piece == Piece::Libdevice || row.piece == Piece::Ptxas;
    EXPECT_EQ(row.found.has_value(), isThere) << pieceName(row.piece).str();
    EXPECT_EQ(row.remedy.empty(), isThere);
    EXPECT_EQ(row.problem.empty(), isThere);
    if (row.piece == Piece::Ptxas) {
      EXPECT_EQ(row.version, "12.9");
    }
  }
}
} // namespace
