#include "compiler/Embedded/Environment.h"
#include "compiler/Embedded/Failures.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cstdlib>
#include <optional>

namespace cosmati::detail {

using runtime::Piece;

static std::optional<std::string> variable(const char *name) {
  const char *value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

static std::string absolute(llvm::StringRef path) {
  llvm::SmallString<128> expanded;
  llvm::sys::fs::expand_tilde(path, expanded);
  // Fails only where the current folder is gone: the path then stays as it is.
  if (llvm::sys::fs::make_absolute(expanded))
    return path.str();
  return expanded.str().str();
}

static uint64_t number(const char *name, uint64_t initial) {
  std::optional<std::string> text = variable(name);
  uint64_t value = initial;
  if (text && !text->empty() && llvm::StringRef(*text).getAsInteger(10, value))
    throw CosmatiError(std::string(name) + "=" + *text + " is no number");
  return value;
}

runtime::ToolchainSettings toolchainSettings() {
  runtime::ToolchainSettings settings;
  static constexpr std::pair<Piece, const char *> names[] = {
      {Piece::Driver, "COSMATI_LIBCUDA"},
      {Piece::NvJitLink, "COSMATI_NVJITLINK"},
      {Piece::Nvrtc, "COSMATI_NVRTC"},
      {Piece::Ptxas, "COSMATI_PTXAS"},
      {Piece::Libdevice, "COSMATI_LIBDEVICE"}};
  for (auto [piece, name] : names)
    if (auto path = variable(name); path && !path->empty())
      settings.paths[piece] = *path;
  settings.cudaHome = variable("CUDA_HOME").value_or("");
  llvm::SmallVector<llvm::StringRef> folders;
  std::string path = variable("PATH").value_or("");
  llvm::StringRef(path).split(folders, ':', -1, /*KeepEmpty=*/false);
  settings.path.assign(folders.begin(), folders.end());
  return settings;
}

std::string cacheFolder() {
  if (auto chosen = variable("COSMATI_CACHE_DIR"))
    return chosen->empty() ? "" : absolute(*chosen);
  std::string base = variable("XDG_CACHE_HOME").value_or("");
  return absolute((base.empty() ? "~/.cache" : base) + "/cosmati");
}

uint64_t cacheLimit() { return number("COSMATI_CACHE_MAX_BYTES", uint64_t(1) << 30); }

std::string reproducerFolder() {
  if (auto chosen = variable("COSMATI_REPRODUCER_DIR"))
    return *chosen;
  std::string folder = cacheFolder();
  if (folder.empty())
    return {};
  return (llvm::sys::path::parent_path(folder) + "/cosmati-failures").str();
}

std::string deviceChoice() { return variable("COSMATI_DEVICE").value_or(""); }

runtime::VmOptions vmOptions() {
  runtime::VmOptions options;
  options.threads = static_cast<unsigned>(number("COSMATI_VM_THREADS", 0));
  options.target = variable("COSMATI_VM_TARGET").value_or("sm_90a");
  options.watch.checks = unwrap(ptxvm::parseChecks(variable("COSMATI_CHECK").value_or("none")));
  options.watch.seed = number("COSMATI_SEED", 0);
  std::string schedule = variable("COSMATI_SCHEDULE").value_or("");
  static constexpr std::pair<const char *, ptxvm::Schedule> words[] = {
      {"in-order", ptxvm::Schedule::InOrder},
      {"round-robin", ptxvm::Schedule::RoundRobin},
      {"random", ptxvm::Schedule::Random},
      {"adversarial", ptxvm::Schedule::Adversarial}};
  for (auto [word, value] : words)
    if (schedule == word)
      options.watch.schedule = value;
  if (!schedule.empty() && !options.watch.schedule)
    throw CosmatiError("COSMATI_SCHEDULE=" + schedule +
                       ": use one of in-order, round-robin, random, adversarial");
  return options;
}

} // namespace cosmati::detail
