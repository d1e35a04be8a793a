// Mathematical functions of one f32, by hardware approximations and polynomials of our own.
//
// Accuracy, largest error in units of the last place, over all finite arguments:
//   exp2 2 (ex2.approx); exp 2, or 2 + |x| where approximate; log, log2 1.5, or an absolute
//   2^-22 near 1 where approximate (lg2.approx); sin, cos 1.5 for every argument; tanh 2; erf 1.5;
//   rsqrt 2; sqrt rounded to nearest, or 1 where approximate.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

namespace cosmati::tonvvm {

Value emitExp(Emitter &emit, Value x, LoweringContext &context);
Value emitExp2(Emitter &emit, Value x, LoweringContext &context);
Value emitLog(Emitter &emit, Value x, LoweringContext &context);
Value emitLog2(Emitter &emit, Value x, LoweringContext &context);
Value emitSin(Emitter &emit, Value x, LoweringContext &context);
Value emitCos(Emitter &emit, Value x, LoweringContext &context);
Value emitTanh(Emitter &emit, Value x, LoweringContext &context);
Value emitErf(Emitter &emit, Value x, LoweringContext &context);
Value emitSqrt(Emitter &emit, Value x, LoweringContext &context);
Value emitRsqrt(Emitter &emit, Value x, LoweringContext &context);

} // namespace cosmati::tonvvm
