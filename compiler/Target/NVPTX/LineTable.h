// Completes the source locations that LLVM's optimiser and code generator lose.
#pragma once

#include "llvm/IR/Module.h"

#include <string>

namespace cosmati {

/// Gives the instructions of the kernels of `module` a location where LLVM dropped it, because it
/// merged or made them: that of what uses the instruction, else of what it uses, else of its
/// neighbour in the block. Nothing happens to functions without debug information.
void completeLocations(llvm::Module &module);

/// LLVM begins a function with `.loc F 1 0`, in force for the loads of its parameters, and writes
/// line or column 0 for instructions of the code generator's own. The former becomes chain
/// `entryChain` (the `def` itself); the latter go, so that the line before them stays in force.
std::string completeLineDirectives(const std::string &ptx, unsigned entryChain);

} // namespace cosmati
