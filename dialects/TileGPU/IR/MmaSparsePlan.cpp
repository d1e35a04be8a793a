// Which tiles of a sparse block product meet: as MmaPlan.cpp, with the metadata as a fourth block
// that moves as A does. All blocks are seen as grids of tiles, each one k of the instruction deep,
// so that places in them can be compared.
#include "dialects/TileGPU/IR/MmaSparsePlan.h"
#include "dialects/Layout/LayoutConstructors.h"

#include <map>

namespace cosmati::tilegpu {

namespace {

using Place = std::vector<int32_t>; ///< of a tile: batches, row, column

llvm::Error failure(const llvm::Twine &text) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
}

/// A block as a grid of tiles.
struct Grid {
  llvm::StringRef name;
  const LinearLayout &layout;
  LinearLayout tile;
  TilePlaces places;
  std::map<Place, int32_t> numbers; ///< of the tiles that a warp holds

  llvm::Error find(const MmaInstruction &instruction) {
    std::optional<TilePlaces> found = findTiles(layout, tile);
    if (!found)
      return failure("has " + name + " in a layout that isn't made of the fragments of " +
                     instruction.ptx + ": " + layout.toString());
    places = *found;
    for (int32_t number = 0; number < places.tiles(); ++number)
      numbers.try_emplace(placeOf(number), number);
    return llvm::Error::success();
  }
  Place inTiles(llvm::ArrayRef<int32_t> element) const {
    Place at(element.begin(), element.end());
    auto shape = tile.shape();
    for (unsigned dim = 0; dim < 2; ++dim)
      at[at.size() - 2 + dim] /= int32_t(shape[dim]);
    return at;
  }
  Place placeOf(int32_t number) const {
    return inTiles(layout.apply({{LayoutDim::Register, places.blockRegister(number, 0)}}));
  }
  Place basis(LayoutDim dim, unsigned bit) const { return inTiles(layout.basis(dim, bit)); }
  /// Tiles along a dim; 0 where it isn't a multiple of the tile.
  int64_t tiles(unsigned dimFromEnd) const {
    auto shape = layout.shape(), part = tile.shape();
    int64_t extent = shape[shape.size() - dimFromEnd], step = part[part.size() - dimFromEnd];
    return extent % step ? 0 : extent / step;
  }
};

constexpr unsigned kRow = 2, kColumn = 1; ///< dims from the end

Place replaced(Place place, unsigned dimFromEnd, int32_t value) {
  place[place.size() - dimFromEnd] = value;
  return place;
}

std::string shapeText(const LinearLayout &layout) {
  std::string text;
  for (int64_t extent : layout.shape())
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

llvm::Error checkExtents(const Grid &a, const Grid &metadata, const Grid &b, const Grid &acc) {
  auto batches = [](const Grid &grid) {
    auto shape = grid.layout.shape();
    return llvm::SmallVector<int64_t>(llvm::ArrayRef<int64_t>(shape).drop_back(2));
  };
  auto rank = acc.layout.shape().size();
  for (const Grid *grid : {&a, &metadata, &b})
    if (rank < 2 || grid->layout.shape().size() != rank || batches(*grid) != batches(acc))
      return failure("multiplies matrices or equal batches of them; " + grid->name + " is " +
                     shapeText(grid->layout) + ", acc is " + shapeText(acc.layout));
  bool fits = a.tiles(kRow) == acc.tiles(kRow) && metadata.tiles(kRow) == acc.tiles(kRow) &&
              b.tiles(kColumn) == acc.tiles(kColumn) && a.tiles(kColumn) == b.tiles(kRow) &&
              metadata.tiles(kColumn) == b.tiles(kRow) && acc.tiles(kRow) && acc.tiles(kColumn) &&
              b.tiles(kRow);
  if (!fits)
    return failure("has blocks that are no product of whole instructions: a is " +
                   shapeText(a.layout) + ", metadata " + shapeText(metadata.layout) + ", b " +
                   shapeText(b.layout) + ", acc " + shapeText(acc.layout));
  return llvm::Error::success();
}

/// Whether warps and CTAs move through the operand as through the result, but not along k.
llvm::Error checkWarps(const Grid &operand, unsigned kDim, const Grid &acc) {
  for (LayoutDim dim : {LayoutDim::Block, LayoutDim::Warp}) {
    bool same = operand.layout.inBits(dim) == acc.layout.inBits(dim);
    for (unsigned bit = 0; same && bit < acc.layout.inBits(dim); ++bit)
      same = operand.basis(dim, bit) == replaced(acc.basis(dim, bit), kDim, 0);
    if (!same)
      return failure("has " + operand.name +
                     " on other warps than acc: " + operand.layout.toString());
  }
  return llvm::Error::success();
}

llvm::Expected<int32_t> numberAt(const Grid &grid, const Place &place) {
  auto found = grid.numbers.find(place);
  if (found == grid.numbers.end())
    return failure("has " + grid.name +
                   " spread over warps along K, which would need a sum over warps");
  return found->second;
}

} // namespace

int mmaMetadataStep(const MmaInstruction &instruction) { return 4 * mmaGroup(instruction); }

LinearLayout mmaLayoutMetadataWords(const MmaInstruction &instruction,
                                    llvm::ArrayRef<int64_t> shape,
                                    llvm::ArrayRef<int64_t> warpsPerCta) {
  const LayoutDim inner = tensorDim(shape.size() - 1);
  const int64_t perInstruction =
      std::min<int64_t>(shape.back(), instruction.k / mmaMetadataStep(instruction));
  llvm::SmallVector<int64_t, 4> codes(shape);
  codes.back() = 4 * perInstruction;
  LinearLayout layout = mmaLayoutMetadata(instruction, codes, warpsPerCta);
  // The codes of a word are a thread's first four.
  std::optional<LinearLayout> words =
      layout.divideLeft(LinearLayout::identity1D(4, LayoutDim::Register, inner));
  if (!words)
    llvm::report_fatal_error(llvm::Twine("metadata isn't made of words: ") + layout.toString());
  // Which lanes hold what depends on the instruction's k: more of K is in more registers.
  return *words *
         LinearLayout::identity1D(shape.back() / perInstruction, LayoutDim::Register, inner);
}

LinearLayout mmaTileMetadataWords(const MmaInstruction &instruction) {
  static constexpr int64_t kOneWarp[] = {1, 1};
  return mmaLayoutMetadataWords(
      instruction, {instruction.m, instruction.k / mmaMetadataStep(instruction)}, kOneWarp);
}

llvm::Expected<MmaSparsePlan> planMmaSparse(const MmaInstruction &instruction,
                                            const MmaSparseBlocks &blocks) {
  unsigned bitsA = mmaTypeBits(instruction.a), bitsB = mmaTypeBits(instruction.b);
  if (!instruction.sparse || blocks.aBits % bitsA || blocks.bBits % bitsB)
    return failure("can't plan " + instruction.ptx + " with elements of " +
                   llvm::Twine(blocks.aBits) + " and " + llvm::Twine(blocks.bBits) + " bits");
  int64_t perA = blocks.aBits / bitsA, perB = blocks.bBits / bitsB;
  static constexpr int64_t kOneWarp[] = {1, 1};
  Grid a{"a",
         blocks.a,
         mmaOperandA({instruction.m, instruction.storedK() / perA}, kOneWarp, blocks.aBits),
         {},
         {}};
  Grid metadata{"metadata", blocks.metadata, mmaTileMetadataWords(instruction), {}, {}};
  Grid b{"b",
         blocks.b,
         mmaOperandB({instruction.k / perB, instruction.n}, kOneWarp, blocks.bBits),
         {},
         {}};
  Grid acc{"acc", blocks.acc, mmaTileAcc(instruction), {}, {}};
  if (llvm::Error error = checkExtents(a, metadata, b, acc))
    return error;
  for (Grid *grid : {&a, &metadata, &b, &acc})
    if (llvm::Error error = grid->find(instruction))
      return error;
  for (auto [grid, kDim] : {std::pair(&a, kColumn), {&metadata, kColumn}, {&b, kRow}})
    if (llvm::Error error = checkWarps(*grid, kDim, acc))
      return error;

  MmaSparsePlan plan{a.places, metadata.places, b.places, acc.places, {}};
  for (int32_t k = 0, steps = int32_t(b.tiles(kRow)); k < steps; ++k)
    for (int32_t number = 0; number < acc.places.tiles(); ++number) {
      Place at = acc.placeOf(number);
      llvm::Expected<int32_t> left = numberAt(a, replaced(at, kColumn, k));
      if (!left)
        return left.takeError();
      llvm::Expected<int32_t> codes = numberAt(metadata, replaced(at, kColumn, k));
      if (!codes)
        return codes.takeError();
      llvm::Expected<int32_t> right = numberAt(b, replaced(at, kRow, k));
      if (!right)
        return right.takeError();
      plan.steps.push_back({*left, *codes, *right, number});
    }
  return plan;
}

} // namespace cosmati::tilegpu
