// LLVM ends the process on an internal error; inside guarded() the same error is an exception.
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

namespace cosmati {

/// Runs `work`; a report_fatal_error inside it comes back as an Error with LLVM's text. The
/// LLVMContext and all that belongs to it must then be leaked or dropped by the caller: LLVM gives
/// no promise about their state.
llvm::Error guarded(llvm::function_ref<llvm::Error()> work);

} // namespace cosmati
