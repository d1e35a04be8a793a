// The command-line tools' view of the machine: CUDA_HOME and PATH. Only tools and Python read the
// environment.
#pragma once

#include "runtime/Toolchain/Toolchain.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdlib>

namespace cosmati {

inline runtime::ToolchainSettings toolchainSettingsFromEnvironment() {
  runtime::ToolchainSettings settings;
  if (const char *home = std::getenv("CUDA_HOME"))
    settings.cudaHome = home;
  if (const char *path = std::getenv("PATH")) {
    llvm::SmallVector<llvm::StringRef> folders;
    llvm::StringRef(path).split(folders, ':', -1, /*KeepEmpty=*/false);
    settings.path.assign(folders.begin(), folders.end());
  }
  return settings;
}

} // namespace cosmati
