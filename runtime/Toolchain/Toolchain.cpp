#include "runtime/Toolchain/Toolchain.h"
#include "runtime/Toolchain/NvJitLink.h"
#include "runtime/Toolchain/Nvrtc.h"
#include "runtime/Toolchain/Search.h"
#include "runtime/Toolchain/Version.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <set>

using namespace cosmati::runtime;
using llvm::StringRef;

namespace {
struct PieceFacts {
  StringRef name, remedy, purpose;
};

const PieceFacts &factsOf(Piece piece) {
  static const PieceFacts facts[] = {
      {"libcuda",
       "install NVIDIA's driver (https://www.nvidia.com/drivers); in a container, start it with "
       "GPU access",
       "running kernels on a GPU (without it they run on the PTX virtual machine)"},
      {"libnvJitLink", "pip install nvidia-nvjitlink",
       "assembling PTX in process (without it ptxas is used, else the driver assembles at load "
       "time)"},
      {"libnvrtc", "pip install nvidia-cuda-nvrtc", "device functions in CUDA C++"},
      {"ptxas", "pip install nvidia-cuda-nvcc", "assembling PTX where libnvJitLink is missing"},
      {"libdevice.10.bc", "pip install nvidia-nvvm (CUDA 12: nvidia-cuda-nvcc-cu12)",
       "math functions beyond those that are built in"},
  };
  return facts[static_cast<unsigned>(piece)];
}

/// The folders of the candidates, each once, for "looked in ...".
std::string placesText(const std::vector<Candidate> &tried) {
  std::vector<std::string> places;
  std::set<std::string> seen;
  for (const Candidate &candidate : tried) {
    std::string place = candidate.byLinker ? "the dynamic linker's path"
                                           : llvm::sys::path::parent_path(candidate.path).str();
    if (seen.insert(place).second)
      places.push_back(place);
  }
  return places.empty() ? "nowhere: no place to look was given" : llvm::join(places, ", ");
}
} // namespace

StringRef cosmati::runtime::pieceName(Piece piece) { return factsOf(piece).name; }
StringRef cosmati::runtime::pieceRemedy(Piece piece) { return factsOf(piece).remedy; }
StringRef cosmati::runtime::piecePurpose(Piece piece) { return factsOf(piece).purpose; }

Toolchain::Toolchain(ToolchainSettings settings) : given(std::move(settings)) {}
Toolchain::~Toolchain() = default;

const Toolchain::Memo &Toolchain::lookUp(Piece piece) const {
  std::lock_guard<std::mutex> guard(mutex);
  auto [it, isNew] = memo.try_emplace(piece);
  Memo &result = it->second;
  if (!isNew)
    return result;
  // A setting is an order: when it is wrong, using something else would hide that.
  if (auto set = given.paths.find(piece); set != given.paths.end()) {
    if (llvm::sys::fs::exists(set->second))
      result.found = Found{set->second, "setting"};
    else
      result.problem =
          llvm::formatv("{0} was set to {1}, which doesn't exist; correct the setting or remove it",
                        pieceName(piece), set->second);
    return result;
  }
  std::vector<Candidate> tried = candidates(given, piece);
  for (const Candidate &candidate : tried) {
    if (candidate.byLinker) {
      if (llvm::Expected<SharedLibrary> library = SharedLibrary::open(candidate.path)) {
        result.found = Found{library->path(), candidate.origin};
        return result;
      } else {
        llvm::consumeError(library.takeError());
      }
    } else if (piece == Piece::Ptxas ? llvm::sys::fs::can_execute(candidate.path)
                                     : llvm::sys::fs::is_regular_file(candidate.path)) {
      result.found = Found{candidate.path, candidate.origin};
      return result;
    }
  }
  result.problem =
      llvm::formatv("{0} was not found; it is needed for {1}. To get it: {2}. Looked in: {3}",
                    pieceName(piece), piecePurpose(piece), pieceRemedy(piece), placesText(tried));
  return result;
}

llvm::Expected<Found> Toolchain::find(Piece piece) const {
  const Memo &result = lookUp(piece);
  if (result.found)
    return *result.found;
  return llvm::createStringError("%s", result.problem.c_str());
}

llvm::Expected<const NvJitLink *> Toolchain::nvJitLink() const {
  llvm::Expected<Found> found = find(Piece::NvJitLink);
  if (!found)
    return found.takeError();
  std::lock_guard<std::mutex> guard(mutex);
  if (!linker) {
    auto opened = NvJitLink::open(found->path);
    if (!opened)
      return opened.takeError();
    linker = std::move(*opened);
  }
  return linker.get();
}

llvm::Expected<const Nvrtc *> Toolchain::nvrtc() const {
  llvm::Expected<Found> found = find(Piece::Nvrtc);
  if (!found)
    return found.takeError();
  std::lock_guard<std::mutex> guard(mutex);
  if (!cudaCompiler) {
    auto opened = Nvrtc::open(found->path);
    if (!opened)
      return opened.takeError();
    cudaCompiler = std::move(*opened);
  }
  return cudaCompiler.get();
}

std::string Toolchain::version(Piece piece) const {
  llvm::Expected<Found> found = find(piece);
  if (!found) {
    llvm::consumeError(found.takeError());
    return "";
  }
  std::lock_guard<std::mutex> guard(mutex);
  auto [it, isNew] = versions.try_emplace(piece);
  if (isNew)
    it->second = readVersion(piece, found->path);
  return it->second;
}

std::vector<PieceReport> Toolchain::report() const {
  std::vector<PieceReport> rows;
  for (Piece piece : allPieces) {
    const Memo &result = lookUp(piece);
    PieceReport row{piece, result.found, "", result.problem, ""};
    if (result.found)
      row.version = version(piece);
    else
      row.remedy = pieceRemedy(piece).str();
    rows.push_back(std::move(row));
  }
  return rows;
}
