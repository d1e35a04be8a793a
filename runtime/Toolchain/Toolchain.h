// Toolchain: where NVIDIA's pieces are. Nothing of CUDA is linked; each piece is looked for when
// first needed.
//
// Search order: explicit setting, the `nvidia-*` Python packages, CUDA_HOME, the system toolkit,
// the dynamic linker's own path (libraries) or PATH (programs). This room reads no environment
// variable: the caller hands in what it wants considered, so that results depend on arguments
// alone.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace cosmati::runtime {

enum class Piece : uint8_t { Driver, NvJitLink, Nvrtc, Ptxas, Libdevice };
inline constexpr std::array<Piece, 5> allPieces = {Piece::Driver, Piece::NvJitLink, Piece::Nvrtc,
                                                   Piece::Ptxas, Piece::Libdevice};

/// "libcuda", "libnvJitLink", "libnvrtc", "ptxas", "libdevice.10.bc".
llvm::StringRef pieceName(Piece piece);
/// The command or step that makes the piece available: "pip install nvidia-nvjitlink".
llvm::StringRef pieceRemedy(Piece piece);
/// What does not work without it, for reports.
llvm::StringRef piecePurpose(Piece piece);

/// What the search considers; an empty member is skipped.
struct ToolchainSettings {
  std::map<Piece, std::string>
      paths; // explicit file of a piece; a missing file is an error, not skipped
  std::vector<std::string> sitePackages; // Python's site-packages folders, in sys.path order
  std::string cudaHome;                  // value of CUDA_HOME
  std::vector<std::string> path;         // PATH, split
  std::vector<std::string> systemToolkits = {"/usr/local/cuda"}; // roots of system-wide toolkits
  bool useSystemLinker = true; // let dlopen look for libraries by soname as the last resort
};

struct Found {
  std::string
      path; // file; of a library that only the dynamic linker can place: where it loaded it from
  std::string origin; // "setting", "Python package", "CUDA_HOME", "system toolkit", "PATH",
                      // "dynamic linker"
};

/// One row of `cosmati doctor`.
struct PieceReport {
  Piece piece;
  std::optional<Found> found;
  std::string version; // "13.0"; empty where the piece doesn't tell
  std::string problem; // why it was not found, with every place looked at
  std::string remedy;  // empty when found
};

class NvJitLink; // the library's typed symbol table, see NvJitLink.h
class Nvrtc;     // see Nvrtc.h

/// Thread-safe. Results are remembered, found or not; make a new Toolchain to look again.
class Toolchain {
public:
  explicit Toolchain(ToolchainSettings settings);
  ~Toolchain();
  Toolchain(const Toolchain &) = delete;
  Toolchain &operator=(const Toolchain &) = delete;

  /// Where the piece is, or an error that names it, the places looked at and the remedy.
  llvm::Expected<Found> find(Piece piece) const;
  /// Every piece, with its version: opens the libraries and runs `ptxas --version`, but doesn't
  /// start the driver.
  std::vector<PieceReport> report() const;
  /// "13.0"; empty when the piece is missing or doesn't tell.
  std::string version(Piece piece) const;
  /// nvJitLink, opened at the first call.
  llvm::Expected<const NvJitLink *> nvJitLink() const;
  /// NVRTC, opened at the first call.
  llvm::Expected<const Nvrtc *> nvrtc() const;
  const ToolchainSettings &settings() const { return given; }

private:
  struct Memo {
    std::optional<Found> found;
    std::string problem;
  };
  const Memo &lookUp(Piece piece) const;

  ToolchainSettings given;
  mutable std::mutex mutex;
  mutable std::map<Piece, Memo> memo;
  mutable std::map<Piece, std::string> versions;
  mutable std::unique_ptr<NvJitLink> linker;
  mutable std::unique_ptr<Nvrtc> cudaCompiler;
};

} // namespace cosmati::runtime
