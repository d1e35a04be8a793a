// Fragments of mma.sync.m16n8kK, transcribed from the figures of the PTX ISA, section "Matrix
// fragments for mma.m16n8k4 ... m16n8k128". With group g = lane / 4 and t = lane % 4, and e
// elements in a 32-bit register, they all follow one pattern:
//
//   C, D   c_i: row g + 8 * (i / 2)               column 2 * t + i % 2
//   A      a_i: row g + 8 * ((i / e) % 2)         column e * t + i % e + 4 * e * (i / (2 * e))
//   B      b_i: row e * t + i % e + 4 * e * (i / e)   column g
//
// with e = 1 for f64, whose m8n8k4 is the upper left part of the same.
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/LayoutConstructorsDetail.h"
#include "dialects/Layout/LayoutError.h"
#include "dialects/Layout/MmaMetadataLayout.h"

namespace cosmati {

namespace {

/// (row, column) of a basis within the instruction's tile.
struct TileBasis {
  int64_t row, column;
};

/// The tile as a layout on the last two of `rank` dims.
LinearLayout instructionTile(unsigned rank, int64_t rows, int64_t columns,
                             llvm::ArrayRef<TileBasis> registers, llvm::ArrayRef<TileBasis> lanes) {
  llvm::SmallVector<int64_t, 4> shape(rank, 1);
  shape[rank - 2] = rows;
  shape[rank - 1] = columns;
  LayoutSpace in, out = LayoutSpace::tensor(shape);
  in.setBits(LayoutDim::Register, registers.size());
  in.setBits(LayoutDim::Lane, lanes.size());
  llvm::SmallVector<uint32_t, 16> words;
  for (llvm::ArrayRef<TileBasis> bases : {registers, lanes})
    for (TileBasis basis : bases)
      words.push_back(static_cast<uint32_t>(basis.row * columns + basis.column));
  return LinearLayout::fromColumns(std::move(in), std::move(out), words);
}

/// What one warp dim of the result does to a matrix: it moves along a dim of it or replicates.
enum class MatrixRole { A, B, Result };

LinearLayout warpGrid(MatrixRole role, llvm::ArrayRef<int64_t> warpsPerCta) {
  unsigned rank = warpsPerCta.size();
  LinearLayout grid = detail::emptyTile(rank, LayoutDim::Warp);
  for (unsigned dim = rank; dim-- > 0;) {
    bool replicates =
        (role == MatrixRole::A && dim == rank - 1) || (role == MatrixRole::B && dim == rank - 2);
    LayoutDim out = tensorDim(dim);
    grid *= replicates ? LinearLayout::zeros1D(warpsPerCta[dim], LayoutDim::Warp, out)
                       : LinearLayout::identity1D(warpsPerCta[dim], LayoutDim::Warp, out);
  }
  return grid;
}

void checkShape(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> warpsPerCta) {
  if (shape.size() < 2 || shape.size() != warpsPerCta.size())
    detail::layoutBug("an mma fragment needs a matrix and one warp count for each dim; got rank " +
                      llvm::Twine(shape.size()) + " and " + llvm::Twine(warpsPerCta.size()) +
                      " counts");
}

/// log2 of the elements in a register, which has 32 bits, for elements of 64 bits 64.
unsigned packBits(unsigned bitwidth) {
  if (bitwidth == 2 || bitwidth > 64 || !llvm::isPowerOf2_32(bitwidth))
    detail::layoutBug("mma has operands of 1, 4, 8, 16, 32 or 64 bits, not " +
                      llvm::Twine(bitwidth));
  return bitwidth == 64 ? 0 : llvm::Log2_32(32 / bitwidth);
}

LinearLayout tileToShape(const LinearLayout &tile, MatrixRole role, llvm::ArrayRef<int64_t> shape,
                         llvm::ArrayRef<int64_t> warpsPerCta) {
  return detail::fitTile(tile * warpGrid(role, warpsPerCta), shape,
                         detail::rowMajorOrder(shape.size()));
}

} // namespace

LinearLayout mmaAccumulator16x8(llvm::ArrayRef<int64_t> shape,
                                llvm::ArrayRef<int64_t> warpsPerCta) {
  checkShape(shape, warpsPerCta);
  LinearLayout tile = instructionTile(shape.size(), 16, 8, {{0, 1}, {8, 0}},
                                      {{0, 2}, {0, 4}, {1, 0}, {2, 0}, {4, 0}});
  return tileToShape(tile, MatrixRole::Result, shape, warpsPerCta);
}

LinearLayout mmaOperandA(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> warpsPerCta,
                         unsigned bitwidth) {
  checkShape(shape, warpsPerCta);
  unsigned pack = packBits(bitwidth);
  int64_t e = int64_t(1) << pack;
  llvm::SmallVector<TileBasis, 5> registers;
  for (unsigned bit = 0; bit < pack; ++bit)
    registers.push_back({0, int64_t(1) << bit});
  registers.push_back({8, 0});
  registers.push_back({0, 4 * e});
  LinearLayout tile = instructionTile(shape.size(), 16, 8 * e, registers,
                                      {{0, e}, {0, 2 * e}, {1, 0}, {2, 0}, {4, 0}});
  return tileToShape(tile, MatrixRole::A, shape, warpsPerCta);
}

LinearLayout mmaOperandB(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> warpsPerCta,
                         unsigned bitwidth) {
  checkShape(shape, warpsPerCta);
  unsigned pack = packBits(bitwidth);
  int64_t e = int64_t(1) << pack;
  llvm::SmallVector<TileBasis, 5> registers;
  for (unsigned bit = 0; bit < pack; ++bit)
    registers.push_back({int64_t(1) << bit, 0});
  registers.push_back({4 * e, 0});
  LinearLayout tile = instructionTile(shape.size(), 8 * e, 8, registers,
                                      {{e, 0}, {2 * e, 0}, {0, 1}, {0, 2}, {0, 4}});
  return tileToShape(tile, MatrixRole::B, shape, warpsPerCta);
}

// Codes of four groups of a row are 16 bits. With elements of 16 and 32 bits a register has rows g
// and g + 8 of them, and the lanes of a group alternate between groups of elements; with smaller
// elements a register has eight groups of a row, and the lanes alternate between the rows first.
LinearLayout mmaSparseMetadata(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> warpsPerCta,
                               unsigned bitwidth) {
  checkShape(shape, warpsPerCta);
  if (bitwidth != 4 && bitwidth != 8 && bitwidth != 16 && bitwidth != 32)
    detail::layoutBug("mma.sp has operands of 4, 8, 16 or 32 bits, not " + llvm::Twine(bitwidth));
  bool wide = bitwidth >= 16;
  LinearLayout tile = wide ? instructionTile(shape.size(), 16, 8, {{0, 1}, {0, 2}, {8, 0}},
                                             {{0, 4}, {0, 0}, {1, 0}, {2, 0}, {4, 0}})
                           : instructionTile(shape.size(), 16, 16, {{0, 1}, {0, 2}, {0, 4}},
                                             {{8, 0}, {0, 8}, {1, 0}, {2, 0}, {4, 0}});
  return tileToShape(tile, MatrixRole::A, shape, warpsPerCta);
}

} // namespace cosmati
