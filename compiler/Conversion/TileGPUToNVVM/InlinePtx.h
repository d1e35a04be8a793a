// The one place with PTX text: what neither NVVM ops nor LLVM intrinsics offer.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/Emitter.h"
#include "dialects/Tile/IR/TileDialect.h"

namespace cosmati::tonvvm {

/// One atomic instruction: result = *ptr; *ptr = op(*ptr, value), where `predicate` (if any) holds;
/// else the result is `other`.
/// LLVM's atomicrmw won't do: NVPTX drops its ordering and scope (22.1.8).
struct AtomicInstruction {
  llvm::StringRef operation; ///< "add.u32", "add.noftz.f16", "exch.b64", "cas.b32"
  tile::MemSemantic semantic;
  tile::MemScope scope;
};
/// `operands` are 16-, 32- or 64-bit integers with the values' bits, for "cas" the comparand first.
Value emitAtomic(Emitter &emit, const AtomicInstruction &instruction, Value ptr,
                 ValueRange operands, Value predicate, Value other);

/// PTX that a kernel's author wrote, with LLVM's constraints: one value for each result type.
llvm::SmallVector<Value> emitText(Emitter &emit, llvm::StringRef text, llvm::StringRef constraints,
                                  ValueRange inputs, llvm::ArrayRef<Type> results,
                                  bool sideEffects);

/// i32: `value` where the condition holds, else 0. LLVM's back end takes a select whose condition
/// is a conjunction apart into one for each part; the assembler then finds no predicate to copy
/// under.
Value emitValueOrZero(Emitter &emit, Value condition, int32_t value);

} // namespace cosmati::tonvvm
