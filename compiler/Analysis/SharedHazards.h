// Which accesses to shared memory need a barrier before them.
//
// Threads of a CTA run freely between barriers. Two accesses to the same byte by different threads,
// at least one a write, are a hazard unless a barrier lies between them on every path. Which thread
// touches which byte is not asked: any two such accesses of the block count.
//
// The analysis carries the bytes that were read and written since the last barrier along the
// structured control flow. At a join of paths (a branch's end, a loop's head) sets are united;
// loops repeat until nothing is added. Since a barrier empties the sets, every barrier found is
// placed as late as possible, and once the sets at loop heads are final each op is judged once.
// Bytes are those of the allocation, so buffers that were given the same bytes are seen as what
// they are.
//
// A slot of a ring (shared_slot) is where its index says if that is a constant, and anywhere in the
// ring if not; then its phase tells it from other slots. An async_copy counts as a write where it
// is issued, and again at the next `async_wait 0`, barriers or not: until then it may be under way.
// That a slot is read only when its copy has arrived is the affair of who issues copies early: with
// a wait for some groups, the op that reads does not tell which copy it needs.
//
// Order across threads of global memory, too, needs barriers in two cases. An atomic is performed
// by single threads, but its release must cover what the whole program wrote before it, and its
// acquire must come before what the whole program reads after it. And a load that several threads
// make of one element (every load of a scalar) must give all of them the same value, or branches
// and replicas would differ: so it is ordered with writes of the program itself through the same
// argument.
#pragma once

#include "dialects/TileGPU/IR/TileGPUDialect.h"

namespace cosmati::tilegpu {

/// Half-open interval of bytes of the CTA's shared memory.
struct ByteInterval {
  int64_t begin = 0, end = 0;
  friend bool operator==(const ByteInterval &, const ByteInterval &) = default;
};

/// Slots of a ring that are not told apart by their offsets: two phases of one ring never meet.
struct RingPhase {
  mlir::Operation *ring = nullptr; ///< the shared_alloc; null: not a slot
  int32_t phase = 0;
  bool apartFrom(const RingPhase &other) const {
    return ring && ring == other.ring && phase != other.phase;
  }
  auto operator<=>(const RingPhase &) const = default;
};

struct SharedAccess {
  ByteInterval bytes;
  bool write = false;
  RingPhase slot = {};
};

/// The bytes that `op` itself (not its regions) reads and writes. Every buffer must have its
/// offset.
llvm::SmallVector<SharedAccess, 2> sharedAccessesOf(mlir::Operation *op);

/// The ops before which a barrier is missing, in the order of the text. Fails, with an error, on
/// control flow that is not structured.
mlir::FailureOr<llvm::SmallVector<mlir::Operation *>> findMissingBarriers(mlir::func::FuncOp func);

} // namespace cosmati::tilegpu
