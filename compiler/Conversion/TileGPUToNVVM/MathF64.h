// Mathematical functions of one f64, without a library. Largest error 2 units of the last place
// (tanh 3), sin and cos for every argument.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

namespace cosmati::tonvvm {

Value emitExpF64(Emitter &emit, Value x, LoweringContext &context);
Value emitExp2F64(Emitter &emit, Value x, LoweringContext &context);
Value emitLogF64(Emitter &emit, Value x, LoweringContext &context);
Value emitLog2F64(Emitter &emit, Value x, LoweringContext &context);
Value emitSinF64(Emitter &emit, Value x, LoweringContext &context);
Value emitCosF64(Emitter &emit, Value x, LoweringContext &context);
Value emitTanhF64(Emitter &emit, Value x, LoweringContext &context);
Value emitErfF64(Emitter &emit, Value x, LoweringContext &context);
Value emitSqrtF64(Emitter &emit, Value x, LoweringContext &context);
Value emitRsqrtF64(Emitter &emit, Value x, LoweringContext &context);

} // namespace cosmati::tonvvm
