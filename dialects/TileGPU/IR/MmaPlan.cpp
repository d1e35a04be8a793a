// Which tiles of a block product meet. Rows, columns and the inner dimension are first renumbered
// bit by bit, so that blocks lie as the instruction's fragments: a product doesn't change when A
// and the result, B and the result, or A and B are permuted alike.
// A tile of the result needs the tiles of A in its rows and
// those of B in its columns. All warps run the same instructions, so a warp must find them in the
// same registers: what a warp (or CTA) adds to an operand's place is what it adds to the result's.
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/TileGPU/IR/MmaFragments.h"

#include "llvm/Support/MathExtras.h"

#include <map>

namespace cosmati::tilegpu {

namespace {

using Coordinates = std::vector<int32_t>; ///< of tiles: batches, row, column

llvm::Error failure(const llvm::Twine &text) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
}

/// A block seen as tiles.
struct TiledBlock {
  llvm::StringRef name;
  LinearLayout layout;
  LinearLayout tile;
  TilePlaces places;

  llvm::Error find(const MmaInstruction &instruction) {
    std::optional<TilePlaces> found = findTiles(layout, tile);
    if (!found)
      return failure("has " + name + " in a layout that isn't made of the fragments of " +
                     instruction.ptx + ": " + layout.toString());
    places = *found;
    return llvm::Error::success();
  }
  Coordinates inTiles(llvm::ArrayRef<int32_t> element) const {
    Coordinates at(element.begin(), element.end());
    auto shape = tile.shape();
    for (unsigned dim = 0; dim < 2; ++dim)
      at[at.size() - 2 + dim] /= int32_t(shape[dim]);
    return at;
  }
  Coordinates placeOf(int32_t number) const {
    return inTiles(layout.apply({{LayoutDim::Register, places.blockRegister(number, 0)}}));
  }
  Coordinates basis(LayoutDim dim, unsigned bit) const { return inTiles(layout.basis(dim, bit)); }
  int64_t extent(unsigned dimFromEnd) const {
    auto shape = layout.shape();
    return shape[shape.size() - dimFromEnd];
  }
  std::map<Coordinates, int32_t> numbers() const {
    std::map<Coordinates, int32_t> result;
    for (int32_t number = 0; number < places.tiles(); ++number)
      result.try_emplace(placeOf(number), number);
    return result;
  }
};

/// The place in an operand that goes with one in the result: dim `k` from the end is replaced.
Coordinates operandPlace(Coordinates result, unsigned dimFromEnd, int32_t k) {
  result[result.size() - dimFromEnd] = k;
  return result;
}

constexpr unsigned kRow = 2, kColumn = 1; ///< dims from the end

/// Renumbers the bits of one dimension of the product: bit b of an index becomes bit places[b].
class BitOrder {
public:
  explicit BitOrder(unsigned bits) : places(bits, kFree) {}

  bool isPlaced(unsigned bit) const { return bit >= places.size() || places[bit] != kFree; }
  bool isTaken(unsigned place) const { return llvm::is_contained(places, int(place)); }
  void put(unsigned bit, unsigned place) {
    if (!isPlaced(bit) && !isTaken(place) && place < places.size())
      places[bit] = int(place);
  }
  /// What is left keeps its order.
  void complete() {
    unsigned next = 0;
    for (int &place : places)
      if (place == kFree) {
        while (isTaken(next))
          ++next;
        place = int(next);
      }
  }
  LinearLayout apply(const LinearLayout &layout, unsigned dimFromEnd) const {
    LayoutDim dim = tensorDim(layout.out().rank() - dimFromEnd);
    const unsigned shift = layout.out().shift(dim);
    llvm::SmallVector<uint32_t> columns;
    for (uint32_t column : layout.columns()) {
      uint32_t moved = column & ~layout.out().mask(dim);
      for (auto [bit, place] : llvm::enumerate(places))
        moved |= (column >> (shift + bit) & 1) << (shift + unsigned(place));
      columns.push_back(moved);
    }
    return LinearLayout::fromColumns(layout.in(), layout.out(), columns);
  }

private:
  static constexpr int kFree = -1;
  llvm::SmallVector<int, 12> places;
};

/// The bit of dim `dimFromEnd` that this place moves, if it moves just that.
std::optional<unsigned> singleBit(const LinearLayout &layout, LayoutDim from, unsigned bit,
                                  unsigned dimFromEnd) {
  auto basis = layout.basis(from, bit);
  for (auto [dim, value] : llvm::enumerate(basis))
    if ((dim + dimFromEnd == basis.size()) != (value != 0))
      return std::nullopt;
  int32_t value = basis[basis.size() - dimFromEnd];
  return llvm::isPowerOf2_32(uint32_t(value)) ? std::optional(llvm::Log2_32(uint32_t(value)))
                                              : std::nullopt;
}

/// Makes the lanes of `block` those of its tile along one dim, then the registers of a tile the
/// first that the block has for it.
void matchTile(const TiledBlock &block, unsigned dimFromEnd, BitOrder &order) {
  for (unsigned lane = 0; lane < block.tile.inBits(LayoutDim::Lane); ++lane) {
    auto wanted = singleBit(block.tile, LayoutDim::Lane, lane, dimFromEnd);
    auto present = singleBit(block.layout, LayoutDim::Lane, lane, dimFromEnd);
    if (wanted && present)
      order.put(*present, *wanted);
  }
  llvm::SmallVector<unsigned> registers;
  for (unsigned bit = 0; bit < block.layout.inBits(LayoutDim::Register); ++bit)
    if (auto moved = singleBit(block.layout, LayoutDim::Register, bit, dimFromEnd))
      registers.push_back(*moved);
  for (unsigned bit = 0; bit < block.tile.inBits(LayoutDim::Register); ++bit) {
    auto wanted = singleBit(block.tile, LayoutDim::Register, bit, dimFromEnd);
    if (!wanted || order.isTaken(*wanted))
      continue;
    bool inPlace = llvm::is_contained(registers, *wanted) && !order.isPlaced(*wanted);
    const unsigned *first =
        llvm::find_if(registers, [&](unsigned moved) { return !order.isPlaced(moved); });
    if (inPlace)
      order.put(*wanted, *wanted);
    else if (first != registers.end())
      order.put(*first, *wanted);
  }
}

/// Renumbers rows, columns and the inner dimension in all three blocks.
void renumber(TiledBlock &a, TiledBlock &b, TiledBlock &acc) {
  auto bitsOf = [](const TiledBlock &block, unsigned dimFromEnd) {
    return block.layout.outBits(tensorDim(block.layout.out().rank() - dimFromEnd));
  };
  BitOrder rows(bitsOf(a, kRow)), columns(bitsOf(b, kColumn)), inner(bitsOf(a, kColumn));
  matchTile(a, kRow, rows);
  matchTile(b, kColumn, columns);
  matchTile(acc, kRow, rows);
  matchTile(acc, kColumn, columns);
  matchTile(a, kColumn, inner);
  for (BitOrder *order : {&rows, &columns, &inner})
    order->complete();
  a.layout = rows.apply(a.layout, kRow);
  acc.layout = columns.apply(rows.apply(acc.layout, kRow), kColumn);
  b.layout = columns.apply(b.layout, kColumn);
  if (bitsOf(b, kRow) != bitsOf(a, kColumn))
    return; // elements of different width: nothing says which bits correspond
  a.layout = inner.apply(a.layout, kColumn);
  b.layout = inner.apply(b.layout, kRow);
}

llvm::Error checkExtents(const TiledBlock &a, const TiledBlock &b, const TiledBlock &acc,
                         int64_t perA, int64_t perB) {
  auto shapeA = a.layout.shape(), shapeB = b.layout.shape(), shape = acc.layout.shape();
  size_t batches = shape.size() < 2 ? 0 : shape.size() - 2;
  if (shape.size() < 2 || shapeA.size() != shape.size() || shapeB.size() != shape.size() ||
      llvm::ArrayRef(shapeA).take_front(batches) != llvm::ArrayRef(shape).take_front(batches) ||
      llvm::ArrayRef(shapeB).take_front(batches) != llvm::ArrayRef(shape).take_front(batches))
    return failure("multiplies matrices or equal batches of them");
  int64_t depthA = a.extent(kColumn) * perA, depthB = b.extent(kRow) * perB;
  if (depthA != depthB)
    return failure("has inner sizes that differ: a has K=" + llvm::Twine(depthA) +
                   ", b has K=" + llvm::Twine(depthB));
  if (a.extent(kRow) != acc.extent(kRow) || b.extent(kColumn) != acc.extent(kColumn))
    return failure("has outer sizes that differ: " + llvm::Twine(a.extent(kRow)) + " rows of a, " +
                   llvm::Twine(b.extent(kColumn)) + " columns of b, acc is " +
                   llvm::Twine(acc.extent(kRow)) + "x" + llvm::Twine(acc.extent(kColumn)));
  return llvm::Error::success();
}

/// Whether warps and CTAs move through the operand as through the result, but not along k.
llvm::Error checkWarps(const TiledBlock &operand, unsigned kDim, const TiledBlock &acc) {
  for (LayoutDim dim : {LayoutDim::Block, LayoutDim::Warp}) {
    bool same = operand.layout.inBits(dim) == acc.layout.inBits(dim);
    for (unsigned bit = 0; same && bit < acc.layout.inBits(dim); ++bit)
      same = operand.basis(dim, bit) == operandPlace(acc.basis(dim, bit), kDim, 0);
    if (!same)
      return failure("has " + operand.name +
                     " on other warps than acc: " + operand.layout.toString());
  }
  return llvm::Error::success();
}

} // namespace

llvm::Expected<MmaPlan> planMma(const MmaInstruction &instruction, const MmaBlocks &blocks) {
  unsigned bitsA = mmaTypeBits(instruction.a), bitsB = mmaTypeBits(instruction.b);
  if (instruction.sparse || blocks.aBits % bitsA || blocks.bBits % bitsB)
    return failure("can't plan " + instruction.ptx + " with elements of " +
                   llvm::Twine(blocks.aBits) + " and " + llvm::Twine(blocks.bBits) + " bits");
  int64_t perA = blocks.aBits / bitsA, perB = blocks.bBits / bitsB;
  static constexpr int64_t kOneWarp[] = {1, 1};
  TiledBlock a{"a",
               blocks.a,
               mmaOperandA({instruction.m, instruction.k / perA}, kOneWarp, blocks.aBits),
               {}};
  TiledBlock b{"b",
               blocks.b,
               mmaOperandB({instruction.k / perB, instruction.n}, kOneWarp, blocks.bBits),
               {}};
  TiledBlock acc{"acc", blocks.acc, mmaTileAcc(instruction), {}};
  if (llvm::Error error = checkExtents(a, b, acc, perA, perB))
    return error;
  if (a.extent(kColumn) * perA % instruction.k)
    return failure("has K=" + llvm::Twine(a.extent(kColumn) * perA) +
                   ", which is no multiple of the instruction's " + llvm::Twine(instruction.k));
  renumber(a, b, acc);
  for (TiledBlock *block : {&a, &b, &acc})
    if (llvm::Error error = block->find(instruction))
      return error;
  if (llvm::Error error = checkWarps(a, kColumn, acc))
    return error;
  if (llvm::Error error = checkWarps(b, kRow, acc))
    return error;

  MmaPlan plan{a.places, b.places, acc.places, {}};
  auto numbersA = a.numbers(), numbersB = b.numbers();
  for (int32_t k = 0, steps = int32_t(a.extent(kColumn) * perA / instruction.k); k < steps; ++k)
    for (int32_t number = 0; number < acc.places.tiles(); ++number) {
      Coordinates at = acc.placeOf(number);
      auto left = numbersA.find(operandPlace(at, kColumn, k)),
           right = numbersB.find(operandPlace(at, kRow, k));
      if (left == numbersA.end() || right == numbersB.end())
        return failure("has " + llvm::Twine(left == numbersA.end() ? "a" : "b") +
                       " spread over warps along K, which would need a sum over warps");
      plan.steps.push_back({left->second, right->second, number});
    }
  return plan;
}

} // namespace cosmati::tilegpu
