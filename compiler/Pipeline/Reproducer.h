// A folder that repeats an internal failure: the IR before the stage that failed, the options, the
// versions and the command.
#pragma once

#include "compiler/Pipeline/CompileOptions.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace cosmati {

struct Reproducer {
  std::string folder; ///< parent of the bundle
  std::string kernel, stage;
  std::string content; ///< what the stage was given
  std::string suffix;  ///< "mlir" or "ptx"
  CompileOptions options;
  std::string versions; ///< compilerVersions()
};

/// Writes the bundle into a new folder below `bundle.folder` and returns its path; empty if the
/// disk refuses (the failure itself is then still reported).
std::string writeReproducer(const Reproducer &bundle);

/// Writes `content` to `folder`/`name`, making the folder if need be.
llvm::Error writeTextFile(llvm::StringRef folder, const llvm::Twine &name, llvm::StringRef content);

} // namespace cosmati
