// How a product with a 2:4 sparse left matrix is done by the sparse matrix instructions.
//
// Metadata on this level comes in words of 16 bits, each with the codes of four neighbouring groups
// of a row (MmaMetadataLayout.h): two words are the 32-bit register of an instruction.
#pragma once

#include "dialects/TileGPU/IR/MmaFragments.h"

namespace cosmati::tilegpu {

/// Elements along k that one word of the metadata describes: 8, 16 or 32. Requires a sparse one.
int mmaMetadataStep(const MmaInstruction &instruction);

/// The words of a block's metadata on a grid of warps. `shape` is M x (K / mmaMetadataStep), matrix
/// dims last; `warpsPerCta` is as for mmaLayoutA.
LinearLayout mmaLayoutMetadataWords(const MmaInstruction &instruction,
                                    llvm::ArrayRef<int64_t> shape,
                                    llvm::ArrayRef<int64_t> warpsPerCta);
/// The words of one instruction, in one warp: one or two registers (elements) of each thread.
LinearLayout mmaTileMetadataWords(const MmaInstruction &instruction);

/// The blocks of a sparse product: `a` is M x K/2, `metadata` M x (K / mmaMetadataStep), `b` K x N.
/// Elements of A and B may be wider than the instruction's and hold several of them along k.
struct MmaSparseBlocks {
  const LinearLayout &a, &metadata, &b, &acc;
  unsigned aBits, bBits;
};

/// acc tile += (a tile, its metadata tile) * b tile, by the tiles' numbers.
struct MmaSparseStep {
  int32_t a, metadata, b, acc;
};

/// The instructions of every warp, with the tiles' registers, as MmaPlan.
struct MmaSparsePlan {
  TilePlaces a, metadata, b, acc;
  llvm::SmallVector<MmaSparseStep, 0> steps;
};

/// How a sparse product is done. Fails, naming the operand, where extents differ, a layout isn't
/// made of the instruction's fragments, or a warp lacks what its part of the result needs.
llvm::Expected<MmaSparsePlan> planMmaSparse(const MmaInstruction &instruction,
                                            const MmaSparseBlocks &blocks);

} // namespace cosmati::tilegpu
