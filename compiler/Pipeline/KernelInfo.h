// What the KernelImage says about a kernel, read off its module.
#pragma once

#include "compiler/Pipeline/CompileOptions.h"
#include "runtime/Image/KernelImage.h"

#include "mlir/IR/BuiltinOps.h"

namespace cosmati {

/// Fills entry, target, launch shape and parameters from the one `tile.kernel` of the module.
/// `given`: the front end's language types; where empty, the parameters' types are those of the
/// function. Errors: no kernel, several, a parameter type that can't be passed.
llvm::Error describeKernel(mlir::ModuleOp module, const CompileOptions &options,
                           llvm::ArrayRef<runtime::KernelParam> given, runtime::KernelImage &image);

/// Whether any value is of an 8-bit floating-point type: its conversions may need a newer PTX than
/// the target itself.
bool usesFp8(mlir::ModuleOp module);

/// The lowest PTX version (84 is 8.4) that has all matrix instructions of a lowered module; 0 where
/// there are none.
int ptxVersionOfMma(mlir::ModuleOp module);

/// Takes down the shared buffers and their total after allocation; returns their source chains, one
/// for each buffer.
std::vector<runtime::SourceChain> recordSharedBuffers(mlir::ModuleOp module,
                                                      runtime::KernelImage &image);

/// Appends the buffers' chains to the image's table and numbers the buffers by it.
void appendBufferChains(llvm::ArrayRef<runtime::SourceChain> places, runtime::KernelImage &image);

std::string printModule(mlir::ModuleOp module);

} // namespace cosmati
