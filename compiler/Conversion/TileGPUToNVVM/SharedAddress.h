// Addresses in shared memory that are linear functions of the thread, the register and, in a loop,
// of the trip.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/ThreadValues.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

namespace cosmati::tonvvm {

/// base + (offset ^ constant) * size for many constants. Bits of a constant that the offset never
/// has go into an immediate; addresses that differ only there share the rest.
class SharedAddresses {
public:
  /// `offset`: i32 in elements; `possibleBits`: all bits that it may have.
  SharedAddresses(Emitter &emit, Value base, Value offset, uint32_t possibleBits, Type element)
      : emit(emit), base(base), offset(offset), possibleBits(possibleBits), element(element) {}

  Value at(uint32_t constant);

private:
  Emitter &emit;
  Value base, offset;
  uint32_t possibleBits;
  Type element;
  llvm::SmallDenseMap<uint32_t, Value, 8> bases;
};

/// The integer that holds one element of `type` (after step 1) in shared memory.
Type sharedElementType(OpBuilder &builder, Type type);

/// Elements that one access may have: 16 bytes, or what the buffer's alignment allows.
int64_t widestSharedAccess(tilegpu::MemDescType memory);

/// One vector of shared memory as scalars of `type`, and back.
llvm::SmallVector<Value> loadShared(Emitter &emit, Value address, Type type, int64_t count);
void storeShared(Emitter &emit, Value address, ValueRange values);

} // namespace cosmati::tonvvm
