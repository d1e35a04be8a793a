// Bitcode libraries, NVIDIA's device math library among them: only what a kernel calls is linked.
#pragma once

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace cosmati {

/// Names of the libdevice functions (`__nv_*`) that `module` calls and doesn't define.
std::vector<std::string> neededLibdeviceFunctions(const llvm::Module &module);

/// Links the needed functions from the bitcode file at `path` and makes them internal. `ftz`:
/// libdevice's own flush-to-zero variants.
llvm::Error linkLibdevice(llvm::Module &module, llvm::StringRef path, bool ftz);

/// Links the functions that `module` declares and the bitcode file at `path` defines, and makes
/// them internal.
llvm::Error linkBitcode(llvm::Module &module, llvm::StringRef path);

} // namespace cosmati
