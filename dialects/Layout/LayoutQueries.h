// Questions asked of layouts: how wide a thread may access memory, how often data is replicated,
// how many cycles a shared-memory access costs. How to convert one layout into another is asked in
// ConversionPlan.h.
#pragma once

#include "dialects/Layout/LinearLayout.h"

namespace cosmati {

//===----------------------------------------------------------------------------------------------===//
// Registers and replication
//===----------------------------------------------------------------------------------------------===//

/// Elements that a thread holds, replicas included: the size of the register dim.
inline int64_t elementsPerThread(const LinearLayout &layout) {
  return layout.inSize(LayoutDim::Register);
}

/// Distinct elements that a thread holds.
int64_t uniqueElementsPerThread(const LinearLayout &layout);

/// The places that must act when each element is to be handled once (a store, an atomic, a
/// reduction): those whose index in each dim has no bit of the mask. The other places hold
/// replicas.
struct ReplicationMasks {
  uint32_t registers = 0, lanes = 0, warps = 0, blocks = 0;
  bool any() const { return registers | lanes | warps | blocks; }
};
ReplicationMasks replicationMasks(const LinearLayout &layout);

//===----------------------------------------------------------------------------------------------===//
// Vector accesses
//===----------------------------------------------------------------------------------------------===//

/// One vector access of every thread: `registers[k]` goes to element `base + k`, where
/// base = offset ^ threadOffset(lane, warp, block). base is a multiple of the vector's width.
struct VectorGroup {
  int32_t offset;
  llvm::SmallVector<int32_t, 8> registers;
};

/// How all of a thread's registers are accessed by vectors of `width` elements. Each register
/// occurs in exactly one group; registers that hold the same element are in groups of equal offset.
struct VectorAccess {
  int64_t width = 1;
  llvm::SmallVector<VectorGroup, 8> groups;
};

/// The widest vector access of at most `maxWidth` elements (a power of two) for a map from a
/// distributed place to a linear element offset (one output dim). Registers may be taken in any
/// order.
VectorAccess vectorAccess(const LinearLayout &toOffset, int64_t maxWidth);

/// The map from place to the element's linear position in a dense tensor stored with dim order[0]
/// fastest (default: row-major), as `vectorAccess` takes it.
LinearLayout linearize(const LinearLayout &layout, llvm::ArrayRef<int64_t> order = {});

/// The largest w <= maxWidth such that in every thread registers k*w .. k*w + w - 1, in this order,
/// hold w consecutive elements along order[0] (default: the last dim), beginning at a multiple of
/// w.
int64_t vectorWidth(const LinearLayout &layout, llvm::ArrayRef<int64_t> order = {},
                    int64_t maxWidth = 1 << 30);

//===----------------------------------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------------------------------===//

/// The map from distributed place to (block, offset) in shared memory that holds the same element.
/// Each place prefers its own block. None where shared memory does not hold all of the tensor.
std::optional<LinearLayout> placeToOffset(const LinearLayout &distributed,
                                          const LinearLayout &shared);

/// The cost of one vector access by one warp. A wavefront is one pass through the 32 banks of 4
/// bytes. An access of 4 bytes or less per lane takes one, of 8 bytes two (half warps), of 16 bytes
/// four (quarter warps); each is repeated as often as the most contended bank has distinct words.
struct BankConflicts {
  int64_t wavefronts = 1;
  int64_t ideal = 1; ///< wavefronts without conflicts
  bool free() const { return wavefronts == ideal; }
};

/// elementBits: size of an element; below 8 it occupies a byte. vectorWidth: elements per access, a
/// power of two, at most 16 bytes in total.
BankConflicts bankConflicts(const LinearLayout &distributed, const LinearLayout &shared,
                            unsigned elementBits, int64_t vectorWidth);
/// As above from the map place -> (block, offset).
BankConflicts bankConflicts(const LinearLayout &toOffset, unsigned elementBits,
                            int64_t vectorWidth);

/// Bytes that an element occupies in shared memory: elementBits / 8, at least 1.
int64_t sharedElementBytes(unsigned elementBits);

} // namespace cosmati
