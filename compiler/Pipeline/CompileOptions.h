// CompileOptions: every switch of the compiler, and the compile part of the cache key.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cosmati {

struct CompileOptions {
#define OPTION(type, name, initial, doc) type name = initial;
#include "compiler/Pipeline/CompileOptions.def"

  /// "90a" of "sm_90a".
  llvm::StringRef architecture() const;

  /// All options as `name=value` lines in a fixed order: equal texts mean equal compilations.
  std::string key() const;

  /// Sets one option from text ("4", "true", "sm_80"). Errors name the option, the value and what
  /// is allowed; an unknown name lists the known ones.
  llvm::Error set(llvm::StringRef name, llvm::StringRef value);

  /// Checks ranges and combinations: the target is known, num_warps is a power of two up to 32, ...
  llvm::Error validate() const;

  /// Name, default and description of every option, for help texts.
  struct Description {
    llvm::StringRef name;
    std::string initial;
    llvm::StringRef doc;
  };
  static std::vector<Description> describe();
};

} // namespace cosmati
