// When each buffer of shared memory is alive, and who may share bytes with whom.
//
// Control flow is structured, so time is a number: ops are counted in the order of the text, once
// on entry and once on exit. A buffer is alive from the first to the last of its uses. A use inside
// a loop or branch counts as a use by the outermost op around it in the block where the buffer is
// allocated: what is allocated outside of a loop and used inside must survive from one iteration to
// the next; what is allocated inside starts afresh in each.
#pragma once

#include "dialects/TileGPU/IR/TileGPUDialect.h"

namespace cosmati::tilegpu {

struct SharedBuffer {
  SharedAllocOp alloc;
  int64_t bytes = 0, alignment = 1;
  unsigned begin = 0, end = 0; ///< alive at the times begin..end, both included

  bool aliveWith(const SharedBuffer &other) const {
    return begin <= other.end && other.begin <= end;
  }
  /// Bytes where it lies after allocation.
  int64_t offset() const { return *SharedAllocOp(alloc).getOffset(); }
  bool overlapsInBytes(const SharedBuffer &other) const {
    return offset() < other.offset() + other.bytes && other.offset() < offset() + bytes;
  }
};

/// All buffers of a function, in the order of their allocations. Fails, with an error at the op,
/// where a buffer is used by an op other than a direct access: through a block argument or a call
/// its lifetime would be unknown.
mlir::FailureOr<llvm::SmallVector<SharedBuffer>> findSharedBuffers(mlir::func::FuncOp func);

/// The buffers that are alive when most bytes are, in the order given.
llvm::SmallVector<const SharedBuffer *> buffersAtPeak(llvm::ArrayRef<SharedBuffer> buffers);

} // namespace cosmati::tilegpu
