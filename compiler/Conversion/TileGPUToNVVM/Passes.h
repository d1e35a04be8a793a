// From the GPU level to the LLVM and NVVM dialects; see Passes.td.
#pragma once

#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Pass/Pass.h"

namespace cosmati::tilegpu {

#define GEN_PASS_DECL
#include "compiler/Conversion/TileGPUToNVVM/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/Conversion/TileGPUToNVVM/Passes.h.inc"

} // namespace cosmati::tilegpu
