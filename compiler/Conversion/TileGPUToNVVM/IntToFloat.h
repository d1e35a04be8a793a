// Blocks of integers of a few bits to f16, bf16 and f32 without the converter unit.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

namespace cosmati::tonvvm {

void populateIntToFloat(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                        LoweringContext &context);

} // namespace cosmati::tonvvm
