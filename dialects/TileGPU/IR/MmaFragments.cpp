#include "dialects/TileGPU/IR/MmaFragments.h"
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/MmaMetadataLayout.h"

#include "llvm/ADT/STLExtras.h"

namespace cosmati::tilegpu {

static constexpr int64_t kOneWarp[] = {1, 1};

LinearLayout mmaLayoutA(const MmaInstruction &instruction, llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<int64_t> warpsPerCta) {
  return mmaOperandA(shape, warpsPerCta, mmaTypeBits(instruction.a));
}
LinearLayout mmaLayoutB(const MmaInstruction &instruction, llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<int64_t> warpsPerCta) {
  return mmaOperandB(shape, warpsPerCta, mmaTypeBits(instruction.b));
}
LinearLayout mmaLayoutAcc(const MmaInstruction &, llvm::ArrayRef<int64_t> shape,
                          llvm::ArrayRef<int64_t> warpsPerCta) {
  return mmaAccumulator16x8(shape, warpsPerCta);
}
LinearLayout mmaLayoutMetadata(const MmaInstruction &instruction, llvm::ArrayRef<int64_t> shape,
                               llvm::ArrayRef<int64_t> warpsPerCta) {
  return mmaSparseMetadata(shape, warpsPerCta, mmaTypeBits(instruction.a));
}

int mmaGroup(const MmaInstruction &instruction) {
  unsigned bits = mmaTypeBits(instruction.a);
  return bits == 32 ? 2 : bits == 4 ? 8 : 4;
}

LinearLayout mmaTileA(const MmaInstruction &instruction) {
  return mmaLayoutA(instruction, {instruction.m, instruction.storedK()}, kOneWarp);
}
LinearLayout mmaTileB(const MmaInstruction &instruction) {
  return mmaLayoutB(instruction, {instruction.k, instruction.n}, kOneWarp);
}
LinearLayout mmaTileAcc(const MmaInstruction &instruction) {
  return mmaLayoutAcc(instruction, {instruction.m, instruction.n}, kOneWarp);
}
LinearLayout mmaTileMetadata(const MmaInstruction &instruction) {
  return mmaLayoutMetadata(instruction, {instruction.m, instruction.k / mmaGroup(instruction)},
                           kOneWarp);
}

int32_t TilePlaces::blockRegister(int32_t tile, int32_t inTile) const {
  int32_t index = 0;
  for (auto [bit, place] : llvm::enumerate(inner))
    if (place)
      index |= (inTile >> bit & 1) << *place;
  for (auto [bit, place] : llvm::enumerate(outer))
    index |= (tile >> bit & 1) << place;
  return index;
}

/// Whether all bases of `dim`, but for those in `except`, move by whole tiles.
static bool movesByTiles(const LinearLayout &layout, LayoutDim dim, const LayoutSpace &tile,
                         llvm::ArrayRef<std::optional<unsigned>> except = {}) {
  for (unsigned bit = 0; bit < layout.inBits(dim); ++bit)
    if (!llvm::is_contained(except, std::optional(bit)))
      for (const LayoutSpace::Axis &axis : tile.axes())
        if (layout.basis(dim, bit, axis.dim) % tile.size(axis.dim) != 0)
          return false;
  return true;
}

/// A step of a tile as a block takes it that is smaller than the tile: none where it leaves the
/// block.
static llvm::SmallVector<int32_t, 4> within(const LinearLayout &layout,
                                            llvm::SmallVector<int32_t, 4> step) {
  for (auto [value, extent] : llvm::zip_equal(step, layout.shape()))
    if (value >= extent)
      value = 0;
  return step;
}

std::optional<TilePlaces> findTiles(const LinearLayout &layout, const LinearLayout &tile) {
  LinearLayout inner = tile;
  while (inner.out().rank() < layout.out().rank())
    inner = inner.expandDims(0);
  unsigned lanes = inner.inBits(LayoutDim::Lane);
  if (inner.out().rank() != layout.out().rank() || layout.inBits(LayoutDim::Lane) != lanes)
    return std::nullopt;
  for (unsigned bit = 0; bit < lanes; ++bit)
    if (layout.basis(LayoutDim::Lane, bit) != within(layout, inner.basis(LayoutDim::Lane, bit)))
      return std::nullopt;
  TilePlaces places;
  for (unsigned bit = 0; bit < inner.inBits(LayoutDim::Register); ++bit) {
    auto basis = within(layout, inner.basis(LayoutDim::Register, bit));
    if (llvm::all_of(basis, [](int32_t step) { return step == 0; })) {
      places.inner.push_back(std::nullopt);
      continue;
    }
    unsigned place = 0, registers = layout.inBits(LayoutDim::Register);
    while (place < registers && layout.basis(LayoutDim::Register, place) != basis)
      ++place;
    if (place == registers)
      return std::nullopt;
    places.inner.push_back(place);
  }
  for (LayoutDim dim : {LayoutDim::Warp, LayoutDim::Block})
    if (!movesByTiles(layout, dim, inner.out()))
      return std::nullopt;
  if (!movesByTiles(layout, LayoutDim::Register, inner.out(), places.inner))
    return std::nullopt;
  for (unsigned bit = 0; bit < layout.inBits(LayoutDim::Register); ++bit)
    if (!llvm::is_contained(places.inner, std::optional(bit)))
      places.outer.push_back(bit);
  return places;
}

} // namespace cosmati::tilegpu
