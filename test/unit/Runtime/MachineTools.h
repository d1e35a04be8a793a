#pragma once

#include "runtime/Toolchain/Toolchain.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace cosmati::test {

/// What the machine offers: COSMATI_TEST_SITE_PACKAGES (a list with ':') or the active virtual
/// environment, PATH and /usr/local/cuda.
inline runtime::ToolchainSettings machineSettings() {
  auto split = [](const char *value) {
    llvm::SmallVector<llvm::StringRef> parts;
    llvm::StringRef(value ? value : "").split(parts, ':', -1, /*KeepEmpty=*/false);
    return std::vector<std::string>(parts.begin(), parts.end());
  };
  runtime::ToolchainSettings settings;
  settings.sitePackages = split(std::getenv("COSMATI_TEST_SITE_PACKAGES"));
  if (const char *environment = std::getenv("VIRTUAL_ENV")) {
    std::error_code ignored;
    std::filesystem::path lib = std::filesystem::path(environment) / "lib";
    for (const auto &entry : std::filesystem::directory_iterator(lib, ignored))
      settings.sitePackages.push_back((entry.path() / "site-packages").string());
  }
  settings.path = split(std::getenv("PATH"));
  return settings;
}

} // namespace cosmati::test
