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

/// Where an op's block lies in a buffer: (block, warp, lane, register) -> element offset. Fails
/// with an error at the op where the buffer lacks an element.
mlir::FailureOr<LinearLayout> offsetsInBuffer(mlir::Operation *op, Type block,
                                              tilegpu::MemDescType memory);

/// From here on only threads for which `acting` holds: moves the insertion point into a branch, or
/// nowhere where `acting` is null. Restore it by a guard.
void enterBranch(OpBuilder &builder, Location loc, Value acting);

/// The integer that holds one element of `type` (after step 1) in shared memory.
Type sharedElementType(OpBuilder &builder, Type type);

/// Elements that one access may have: 16 bytes, or what the buffer's alignment allows.
int64_t widestSharedAccess(tilegpu::MemDescType memory);

/// How scalars of `type` lie in memory: integers and floats as they are, pointers and i1 as
/// integers.
Type sharedMemoryType(OpBuilder &builder, Type type);

/// One vector of shared memory as scalars of `type`, and back.
llvm::SmallVector<Value> loadShared(Emitter &emit, Value address, Type type, int64_t count);
void storeShared(Emitter &emit, Value address, ValueRange values);

} // namespace cosmati::tonvvm
