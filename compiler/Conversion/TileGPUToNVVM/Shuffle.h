// Words exchanged between the lanes of a warp.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/Emitter.h"

namespace cosmati::tonvvm {

/// The word (32 or 64 bits) that lane `lane` of the same warp passes as `word`.
Value shuffleIndex(Emitter &emit, Value word, Value lane);
/// The word that lane (own ^ laneXor) passes.
Value shuffleXor(Emitter &emit, Value word, uint32_t laneXor);

/// The same for any scalar: bits are packed into a word and taken out again.
Value shuffleScalarIndex(Emitter &emit, Value scalar, Value lane);
Value shuffleScalarXor(Emitter &emit, Value scalar, uint32_t laneXor);

} // namespace cosmati::tonvvm
