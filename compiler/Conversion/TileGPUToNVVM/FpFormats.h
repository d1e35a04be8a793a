// Conversions between floating-point formats, fp8 included, on lists of scalars.
//
// Definitions: notes on numerics, section "Exact definitions"; PTX ISA, cvt. Each conversion rounds
// once, from the exact value. A NaN becomes fp8's canonical one, 0x7f (0x80 in
// the formats with one zero, where -0 becomes 0). Toward zero, a finite value
// never becomes infinite.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/Emitter.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

namespace cosmati::tonvvm {

/// An 8-bit format of sign, exponent, mantissa.
struct Fp8Format {
  unsigned mantissa;
  int bias;
  uint32_t largest;         ///< code of the largest finite value
  uint32_t overflow;        ///< code of infinity, or of NaN where there is none
  uint32_t nan;             ///< 0x80 where there is one zero
  llvm::StringRef hardware; ///< name in cvt: "e4m3x2"; empty: no target converts it
  bool hasNegativeZero() const { return nan != 0x80; }
};

/// The format of a type; none if it is no 8-bit format that can be converted.
std::optional<Fp8Format> fp8Format(Type type);

/// Whether convertFloats knows both types.
bool canConvert(Type from, Type to);

/// Scalars of MLIR type `from` (fp8 as i8) as type `to`. `ftz`: whether the function's f32 and f16
/// arithmetic flushes subnormals; conversions don't.
llvm::SmallVector<Value> convertFloats(Emitter &emit, tilegpu::TargetAttr target, bool ftz,
                                       ValueRange values, Type from, Type to,
                                       tile::Rounding rounding, tile::Overflow overflow);

} // namespace cosmati::tonvvm
