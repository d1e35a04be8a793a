#include "runtime/Toolchain/Search.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>

using namespace cosmati::runtime;
using llvm::StringRef;

namespace {
/// What distinguishes one piece's search from another's.
struct PiecePlaces {
  std::vector<std::string> files;    // file names, best first
  std::vector<std::string> packages; // folders of the CUDA 12 packages below site-packages/nvidia
  std::vector<std::string> inCudaPackage; // folders below nvidia/cu<N>, the layout since CUDA 13
  std::vector<std::string> inToolkit;     // folders below a toolkit's root
  std::vector<std::string> fixed;         // absolute folders
};

const std::vector<std::string> libraryFolders = {"lib64", "targets/x86_64-linux/lib",
                                                 "targets/sbsa-linux/lib",
                                                 "targets/aarch64-linux/lib", "lib"};

const PiecePlaces &placesOf(Piece piece) {
  // A toolkit's lib64/stubs/libcuda.so is for linking only, so the driver has no toolkit folder.
  static const PiecePlaces driver = {{"libcuda.so.1", "libcuda.so"},
                                     {},
                                     {},
                                     {},
                                     {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                                      "/usr/lib64", "/usr/lib/wsl/lib", "/usr/local/nvidia/lib64",
                                      "/run/opengl-driver/lib"}};
  static const PiecePlaces nvJitLink = {
      {"libnvJitLink.so.13", "libnvJitLink.so.12", "libnvJitLink.so"},
      {"nvjitlink/lib"},
      {"lib"},
      libraryFolders,
      {}};
  static const PiecePlaces nvrtc = {{"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"},
                                    {"cuda_nvrtc/lib"},
                                    {"lib"},
                                    libraryFolders,
                                    {}};
  static const PiecePlaces ptxas = {{"ptxas"}, {"cuda_nvcc/bin"}, {"bin"}, {"bin"}, {}};
  static const PiecePlaces libdevice = {{"libdevice.10.bc"},
                                        {"cuda_nvcc/nvvm/libdevice"},
                                        {"nvvm/libdevice"},
                                        {"nvvm/libdevice"},
                                        {}};
  switch (piece) {
  case Piece::Driver:
    return driver;
  case Piece::NvJitLink:
    return nvJitLink;
  case Piece::Nvrtc:
    return nvrtc;
  case Piece::Ptxas:
    return ptxas;
  case Piece::Libdevice:
    return libdevice;
  }
  llvm_unreachable("every piece has its places");
}

std::string join(StringRef a, StringRef b) {
  llvm::SmallString<128> path(a);
  llvm::sys::path::append(path, b);
  return path.str().str();
}

/// nvidia/cu13, nvidia/cu14, ... below a site-packages folder, newest first.
std::vector<std::string> cudaPackageRoots(StringRef nvidia) {
  std::vector<std::pair<unsigned, std::string>> found;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(nvidia, error), end; it != end && !error;
       it.increment(error)) {
    StringRef name = llvm::sys::path::filename(it->path());
    unsigned version;
    if (name.consume_front("cu") && !name.getAsInteger(10, version))
      found.emplace_back(version, it->path());
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> roots;
  for (auto &[version, path] : found)
    roots.push_back(std::move(path));
  return roots;
}

class Collector {
public:
  explicit Collector(const PiecePlaces &places) : places(places) {}

  void addFolder(StringRef folder, StringRef origin) {
    for (const std::string &file : places.files)
      result.push_back({join(folder, file), origin.str(), false});
  }
  void addSitePackages(StringRef site) {
    std::string nvidia = join(site, "nvidia");
    for (const std::string &root : cudaPackageRoots(nvidia))
      for (const std::string &folder : places.inCudaPackage)
        addFolder(join(root, folder), "Python package");
    for (const std::string &folder : places.packages)
      addFolder(join(nvidia, folder), "Python package");
  }
  void addToolkit(StringRef root, StringRef origin) {
    for (const std::string &folder : places.inToolkit)
      addFolder(join(root, folder), origin);
  }
  void addLinker() {
    for (const std::string &file : places.files)
      result.push_back({file, "dynamic linker", true});
  }

  const PiecePlaces &places;
  std::vector<Candidate> result;
};
} // namespace

std::vector<Candidate> cosmati::runtime::candidates(const ToolchainSettings &settings,
                                                    Piece piece) {
  Collector collect(placesOf(piece));
  bool isLibrary = piece == Piece::Driver || piece == Piece::NvJitLink || piece == Piece::Nvrtc;
  // The driver belongs to the machine: the linker's answer is the right one, fixed folders a
  // fallback.
  if (piece == Piece::Driver && settings.useSystemLinker)
    collect.addLinker();
  for (const std::string &site : settings.sitePackages)
    collect.addSitePackages(site);
  if (!settings.cudaHome.empty())
    collect.addToolkit(settings.cudaHome, "CUDA_HOME");
  for (const std::string &root : settings.systemToolkits)
    collect.addToolkit(root, "system toolkit");
  if (piece == Piece::Ptxas)
    for (const std::string &folder : settings.path)
      if (!folder.empty())
        collect.addFolder(folder, "PATH");
  if (settings.useSystemLinker)
    for (const std::string &folder : collect.places.fixed)
      collect.addFolder(folder, "system folder");
  if (isLibrary && piece != Piece::Driver && settings.useSystemLinker)
    collect.addLinker();
  return std::move(collect.result);
}
