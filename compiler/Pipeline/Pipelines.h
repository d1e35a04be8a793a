// The order of passes, in C++, under names: used alike by compile(), cosmati-opt and Python.
#pragma once

#include "compiler/Pipeline/CompileOptions.h"

#include "mlir/Pass/PassManager.h"

namespace cosmati {

/// `cosmati-tile`: inlining, canonicalisation: the front end's module as the GPU level wants it.
void buildTilePipeline(mlir::OpPassManager &passes, const CompileOptions &options);
/// `cosmati-tilegpu`: layouts, shared memory, barriers.
void buildTileGPUPipeline(mlir::OpPassManager &passes, const CompileOptions &options);
/// `cosmati-nvvm`: down to the LLVM dialect.
void buildNVVMPipeline(mlir::OpPassManager &passes, const CompileOptions &options);

/// An error that lists the passes if options.print_after names none of them.
llvm::Error checkPassName(const CompileOptions &options);
/// Prints the IR after the pass that options.print_after names.
void addPrinting(mlir::PassManager &passes, const CompileOptions &options);

/// All dialects that take part, with the translations to LLVM IR.
void registerCompilerDialects(mlir::DialectRegistry &registry);
/// All passes of ours and the three pipelines, for cosmati-opt.
void registerAllPasses();

} // namespace cosmati
