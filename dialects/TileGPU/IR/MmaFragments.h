// How the operands of matrix instructions lie in the registers of a warp, as layouts.
//
// A layout's register index counts elements; 32-bit register i of an operand holds elements
// i * e ... i * e + e - 1 (e = 32 / width of the element), the first in its lowest bits. An f64 has
// a 64-bit register of its own.
//
// Of one pair of types the fragments of a small k are the first registers of those of a large k
// (MmaLayouts.cpp has the formula), and an 8-row shape is half of a 16-row one. So the layout of a
// block doesn't depend on the shape that is chosen to multiply it, only on the width of its
// elements.
#pragma once

#include "dialects/Layout/LinearLayout.h"
#include "dialects/TileGPU/IR/MmaTable.h"

namespace cosmati::tilegpu {

/// The operand's block on a grid of warps. `shape` is that of the block, matrix dims last: for A
/// M x storedK, for B K x N, for C and D M x N. `warpsPerCta` has one entry for each dim of the
/// result; see LayoutConstructors.h.
LinearLayout mmaLayoutA(const MmaInstruction &instruction, llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<int64_t> warpsPerCta);
LinearLayout mmaLayoutB(const MmaInstruction &instruction, llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<int64_t> warpsPerCta);
LinearLayout mmaLayoutAcc(const MmaInstruction &instruction, llvm::ArrayRef<int64_t> shape,
                          llvm::ArrayRef<int64_t> warpsPerCta);
/// The metadata of a sparse A, one code of 4 bits per group: `shape` is M x (K / mmaGroup).
LinearLayout mmaLayoutMetadata(const MmaInstruction &instruction, llvm::ArrayRef<int64_t> shape,
                               llvm::ArrayRef<int64_t> warpsPerCta);

/// Elements along k that one code of the metadata describes: 2, 4 or 8. Requires a sparse one.
int mmaGroup(const MmaInstruction &instruction);

/// What one instruction takes, in one warp.
LinearLayout mmaTileA(const MmaInstruction &instruction);
LinearLayout mmaTileB(const MmaInstruction &instruction);
LinearLayout mmaTileAcc(const MmaInstruction &instruction);
LinearLayout mmaTileMetadata(const MmaInstruction &instruction);

/// Where a block's registers hold the tiles of an instruction. Register r of tile q is the block's
/// register with the bits of r at `inner` and those of q at `outer` (see blockRegister).
struct TilePlaces {
  /// For each register bit of the tile one of the block; none where the block is smaller than the
  /// tile, whose registers then hold the same elements.
  llvm::SmallVector<std::optional<unsigned>, 6> inner;
  llvm::SmallVector<unsigned, 6> outer; ///< the block's other register bits, ascending
  int32_t tiles() const { return int32_t(1) << outer.size(); }
  /// Register of the block that is register `inTile` of tile `tile`.
  int32_t blockRegister(int32_t tile, int32_t inTile) const;
};

/// Finds them, whatever the order of the block's registers. Where the block is smaller than a tile
/// it fills the tile with copies of itself, in lanes and registers. None where `layout` doesn't
/// consist of such tiles: where its lanes hold others, a tile's register is missing, or tiles
/// overlap. `tile` has the rank of a matrix, `layout` this rank or leading dims of batches.
std::optional<TilePlaces> findTiles(const LinearLayout &layout, const LinearLayout &tile);

/// The blocks of a product. Elements of A and B may be wider than the instruction's and hold
/// several of them along k: aBits and bBits are their widths.
struct MmaBlocks {
  const LinearLayout &a, &b, &acc;
  unsigned aBits, bBits;
};

/// acc tile += a tile * b tile, by the tiles' numbers.
struct MmaStep {
  int32_t a, b, acc;
};

/// The instructions of every warp, with the tiles' registers. Steps of one k follow each other:
/// they don't depend on one another.
struct MmaPlan {
  TilePlaces a, b, acc;
  llvm::SmallVector<MmaStep, 0> steps;
};

/// How a dense product is done. Fails, naming the operand, where extents differ, a layout isn't
/// made of the instruction's fragments, or a warp lacks what its part of the result needs.
llvm::Expected<MmaPlan> planMma(const MmaInstruction &instruction, const MmaBlocks &blocks);

} // namespace cosmati::tilegpu
