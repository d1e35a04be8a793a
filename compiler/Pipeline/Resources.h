// What a kernel asks of its target: shared memory before it is lowered, registers once it is
// assembled.
#pragma once

#include "compiler/Pipeline/Compile.h"

namespace cosmati {

/// The shortage of shared memory that allocation found in `module`: what it needs, what the target
/// has.
Shortage sharedShortage(mlir::ModuleOp module, const CompileOptions &options);

/// Bytes of shared memory that the kernel of `module` would need with these options, also where
/// that is more than the target has. `module` is lowered to the GPU level on the way. Errors:
/// CompileError, where it can't be lowered for another reason.
llvm::Expected<int64_t> sharedBytesNeeded(mlir::ModuleOp module, const CompileOptions &options);

/// An error if the registers that the assembler chose don't fit a CTA: each warp gets its threads'
/// registers in units of 8 per thread.
llvm::Error checkRegisters(const runtime::KernelImage &image, const CompileOptions &options,
                           const runtime::SourceChain &place);

} // namespace cosmati
