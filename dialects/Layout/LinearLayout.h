// Linear maps over F2 between hardware places and tensor elements.
//
// A layout answers one question: which tensor element does a piece of hardware hold? The hardware
// place is (register, lane, warp, block) for a value spread over threads, (offset, block) for a
// value in shared memory; the answer is an index (dim0, dim1, ...) into the tensor.
//
// 1. Everything is bits
// ---------------------
// All sizes are powers of two, so a place is a string of bits and an index is a string of bits.
// Every layout that GPUs use in practice has the same shape: each bit of the place flips a fixed
// set of bits of the index. Written with XOR for addition and AND for multiplication (the field F2
// of two elements), the layout is a *linear map*: L(a ^ b) = L(a) ^ L(b), L(0) = 0. A linear map is
// known as soon as the images of the unit vectors are known. So a layout is a short list of
// *bases*: where register bit 0 goes, where register bit 1 goes, ..., where lane bit 0 goes, and so
// on.
//
// Example 1, a row of 128 elements, 4 consecutive ones in each of 32 lanes:
//
//     register: [1], [2]                     register r holds element r + 4 * lane
//     lane:     [4], [8], [16], [32], [64]
//
// L(register = 3, lane = 5) = 1 ^ 2 ^ 4 ^ 16 = 23 = 3 + 4 * 5. XOR equals + because no two bases
// share a bit; the layouts where they do share bits are what makes swizzles expressible.
//
// Example 2, a 4x4 tile of which dim1 is the fastest, swizzled in shared memory:
//
//     offset: [0, 1], [0, 2], [1, 1], [2, 2]           bases are (dim0, dim1)
//
//     offset   0     1     2     3
//     row 0  (0,0) (0,1) (0,2) (0,3)
//     row 1  (1,1) (1,0) (1,3) (1,2)        offset 4 = 0b0100 -> (1,1)
//     row 2  (2,2) (2,3) (2,0) (2,1)        offset 9 = 0b1001 -> (2,2) ^ (0,1) = (2,3)
//     row 3  (3,3) (3,2) (3,1) (3,0)
//
// Column 0 of the tensor lies in offsets 0, 5, 10, 15: four different banks of four. That the read
// is free of conflicts is a statement about ranks, not something to try out (see LayoutQueries.h).
//
// Example 3, replication. An element that lives in many places has a zero base. The row of 128
// above, held by 4 warps that all own the same data: add  warp: [0], [0].  The zero bases are the
// *free variables* of the layout. The other way round, a tensor of 256 elements takes one more
// register base, [128]: the pattern repeats in registers.
//
// 2. What algebra buys
// --------------------
//   product       A * B     put B's tile around A's: the low bits of every index come from A.
//   Blocked
//                           layouts are (registers) * (lanes) * (warps).
//   composition   B o A     first A, then B: (thread -> tensor) then (tensor -> offset) = thread ->
//   offset. inverse                 tensor -> place. Layouts that replicate have no inverse, but a
//                           right inverse: L(R(x)) = x, one of the places that hold x.
//   invertAndCompose        solve outer(C(p)) = this(p) for C. With this = destination and outer =
//                           source, C tells every destination place which source place holds its
//                           element: the conversion of one layout into another. If C moves no lane
//                           and no warp it is a renaming of registers; if it moves lanes only, warp
//                           shuffles; else it goes through shared memory.
//   division      A * C = L solved for C: "does this layout begin with that instruction's tile?"
//   rank          surjective: every element is held. injective: none is held twice.
//
// Example 4. Source: register [1], lane [2] over 4 elements; destination: register [2], lane [1].
// destination.invertAndCompose(source): destination register 1 wants element 2 = source lane 1, and
// destination lane 1 wants element 1 = source register 1. So C = { register: [lane 1], lane:
// [register 1] }, a transposition between register and lane, done with one shuffle per pair.
//
// 3. Representation
// -----------------
// The dims of a layout have no order of their own: both sides are always kept in the order of
// `LayoutDim`. A side is a `LayoutSpace`; its bits are numbered in one flat index in which the LAST
// dim is the least significant: for a tensor this is row-major order, and for a distributed
// place it reads block | warp | lane | register. A basis is then one 32-bit word (a flat output
// index), a layout is one short vector of words, applying it is a few XORs, reshaping a tensor
// changes no word at all, and Gaussian elimination works on machine words.
//
// 4. Errors
// ---------
// What comes from outside (text, attributes) goes through `create` or `parse`, which return
// llvm::Expected with a readable reason. What may legitimately have no answer (division, inverse)
// returns std::optional. A broken precondition of any other function ends in
// llvm::report_fatal_error with the offending layout, in every build type.

#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace cosmati {

/// A named axis of a layout. The numeric order is the canonical order of dims: of two dims of one
/// space, the one with the larger value is the less significant (faster) one.
enum class LayoutDim : uint8_t {
  Block = 0,    ///< CTA within its cluster
  Warp = 1,     ///< warp within the CTA
  Lane = 2,     ///< lane within the warp
  Register = 3, ///< register (one element) within the thread
  Offset = 4,   ///< element offset within the shared allocation of one CTA
  Dim0 = 8,     ///< first (slowest) dim of the tensor; dim i is Dim0 + i
};

/// Largest tensor rank that a layout can describe.
constexpr unsigned kMaxTensorRank = 16;

/// Largest number of bits of either side of a layout: one flat index is a non-negative int32_t.
constexpr unsigned kMaxLayoutBits = 31;

/// The dim of tensor axis `index` (0 is the slowest). Requires index < kMaxTensorRank.
LayoutDim tensorDim(unsigned index);
constexpr bool isTensorDim(LayoutDim dim) { return dim >= LayoutDim::Dim0; }
/// The tensor axis of a tensor dim: tensorDimIndex(tensorDim(i)) == i.
constexpr unsigned tensorDimIndex(LayoutDim dim) {
  return static_cast<unsigned>(dim) - static_cast<unsigned>(LayoutDim::Dim0);
}
/// "register", "lane", "warp", "block", "offset", "dim0", "dim1", ...
std::string layoutDimName(LayoutDim dim);
std::optional<LayoutDim> parseLayoutDim(llvm::StringRef name);

/// One coordinate of a point: (dim, value).
using LayoutCoordinate = std::pair<LayoutDim, int32_t>;

/// One side of a layout: dims with power-of-two sizes in canonical order, and the flat bit index
/// over them (last dim least significant). Dims of size 1 are kept: a 1x64 tensor has rank 2.
class LayoutSpace {
public:
  struct Axis {
    LayoutDim dim;
    uint8_t bits; ///< log2 of the size
    friend bool operator==(const Axis &, const Axis &) = default;
  };

  LayoutSpace() = default;
  /// From (dim, size) pairs in any order. Sizes must be powers of two, dims distinct.
  LayoutSpace(std::initializer_list<std::pair<LayoutDim, int64_t>> sizes);
  /// The space dim0..dimN-1 of a tensor. Every extent must be a power of two.
  static LayoutSpace tensor(llvm::ArrayRef<int64_t> shape);

  llvm::ArrayRef<Axis> axes() const { return axisList; }
  unsigned rank() const { return axisList.size(); }
  bool has(LayoutDim dim) const { return find(dim) != nullptr; }
  /// log2 of the dim's size; 0 where the dim is absent.
  unsigned bits(LayoutDim dim) const;
  /// Size of the dim; 1 where the dim is absent.
  int64_t size(LayoutDim dim) const { return int64_t(1) << bits(dim); }
  /// Bits of the flat index.
  unsigned totalBits() const;
  /// Number of points.
  int64_t totalSize() const { return int64_t(1) << totalBits(); }
  /// Position of the dim's bit 0 in the flat index. Requires has(dim).
  unsigned shift(LayoutDim dim) const;
  /// The dim's bits of the flat index, in place. 0 where the dim is absent.
  uint32_t mask(LayoutDim dim) const;
  /// The dim's coordinate of a flat index; 0 where the dim is absent.
  int32_t coordinate(uint32_t flat, LayoutDim dim) const;
  /// Coordinates of a flat index in canonical dim order.
  llvm::SmallVector<int32_t, 4> coordinates(uint32_t flat) const;
  /// Flat index of a point; dims that are not given are 0. Each value must lie within its dim.
  uint32_t flatten(llvm::ArrayRef<LayoutCoordinate> point) const;
  /// Sizes in canonical dim order; for a tensor space its shape.
  llvm::SmallVector<int64_t, 4> shape() const;

  /// Adds a dim of 2^bits, or adds `bits` to the dim that is there already.
  void grow(LayoutDim dim, unsigned bits);
  /// Sets the size of a dim, adding the dim where it is absent.
  void setBits(LayoutDim dim, unsigned bits);
  void remove(LayoutDim dim);

  friend bool operator==(const LayoutSpace &, const LayoutSpace &) = default;
  friend llvm::hash_code hash_value(const LayoutSpace &space);

private:
  const Axis *find(LayoutDim dim) const;
  llvm::SmallVector<Axis, 6> axisList;
};

/// All of an input dim's bases, each as coordinates in the order of the output dims.
struct LayoutBases {
  LayoutDim dim;
  llvm::SmallVector<llvm::SmallVector<int32_t, 4>, 8> vectors;
};

/// One term of the bit-matrix product `out = XOR over terms of shift(in & mask, shift)`; a positive
/// shift moves left. Sent straight to code: and, shift, xor.
struct ShiftTerm {
  uint32_t mask;
  int32_t shift;
  friend bool operator==(const ShiftTerm &, const ShiftTerm &) = default;
  uint32_t apply(uint32_t in) const {
    return shift >= 0 ? (in & mask) << shift : (in & mask) >> -shift;
  }
};

/// A linear map over F2. A value type: cheap to copy, compare and hash.
class LinearLayout {
public:
  /// The map from the empty space to the empty space; the neutral element of operator*.
  LinearLayout() = default;

  //===------------------------------------------------------------------------------------------===//
  // Construction
  //===------------------------------------------------------------------------------------------===//

  /// Checked construction: an input dim of k bases has size 2^k; outputs are a tensor of `shape`.
  /// Fails, naming the basis and the bound, if an extent is no power of two, a dim repeats or is a
  /// tensor dim, a basis has the wrong rank, or a coordinate lies outside the tensor.
  static llvm::Expected<LinearLayout> create(llvm::ArrayRef<LayoutBases> bases,
                                             llvm::ArrayRef<int64_t> shape);
  /// As above with arbitrary output dims.
  static llvm::Expected<LinearLayout> create(llvm::ArrayRef<LayoutBases> bases, LayoutSpace out);
  /// From flat words: column i is the flat output of flat input bit i. Fatal on a wrong count or a
  /// column outside `out`.
  static LinearLayout fromColumns(LayoutSpace in, LayoutSpace out,
                                  llvm::ArrayRef<uint32_t> columns);
  /// in -> out, i maps to i, both of `size` (a power of two).
  static LinearLayout identity1D(int64_t size, LayoutDim in, LayoutDim out);
  /// in -> out, everything maps to 0: replication `size` times.
  static LinearLayout zeros1D(int64_t size, LayoutDim in, LayoutDim out, int64_t outSize = 1);
  /// The identity of a space.
  static LinearLayout identity(const LayoutSpace &space);
  /// Reads what `print` writes for a layout whose inputs are no tensor dims. The reason names the
  /// position and what was expected.
  static llvm::Expected<LinearLayout> parse(llvm::StringRef text);

  //===------------------------------------------------------------------------------------------===//
  // Shape and points
  //===------------------------------------------------------------------------------------------===//

  const LayoutSpace &in() const { return inSpace; }
  const LayoutSpace &out() const { return outSpace; }
  /// 1 and 0 for an absent dim.
  int64_t inSize(LayoutDim dim) const { return inSpace.size(dim); }
  unsigned inBits(LayoutDim dim) const { return inSpace.bits(dim); }
  int64_t outSize(LayoutDim dim) const { return outSpace.size(dim); }
  unsigned outBits(LayoutDim dim) const { return outSpace.bits(dim); }
  /// Output sizes in canonical order: the tensor's shape.
  llvm::SmallVector<int64_t, 4> shape() const { return outSpace.shape(); }

  /// Column i: the flat image of flat input bit i.
  llvm::ArrayRef<uint32_t> columns() const { return columnList; }
  /// The columns of one input dim, bit 0 first. Empty where the dim is absent.
  llvm::ArrayRef<uint32_t> columns(LayoutDim dim) const;
  /// Image of bit `bit` of `dim`, as coordinates in canonical order of the outputs.
  llvm::SmallVector<int32_t, 4> basis(LayoutDim dim, unsigned bit) const;
  /// One coordinate of that image.
  int32_t basis(LayoutDim dim, unsigned bit, LayoutDim outDim) const;

  /// Image of a flat input index, as a flat output index.
  uint32_t applyFlat(uint32_t flatIn) const;
  /// Image of a point (absent dims are 0), as coordinates in canonical order of the outputs.
  llvm::SmallVector<int32_t, 4> apply(llvm::ArrayRef<LayoutCoordinate> point) const;
  /// The dependence of one output coordinate on one input coordinate as and/shift/xor terms.
  llvm::SmallVector<ShiftTerm, 4> shiftTerms(LayoutDim inDim, LayoutDim outDim) const;

  //===------------------------------------------------------------------------------------------===//
  // Rank questions
  //===------------------------------------------------------------------------------------------===//

  unsigned rank() const;
  bool isSurjective() const { return rank() == outSpace.totalBits(); }
  bool isInjective() const { return rank() == inSpace.totalBits(); }
  bool isInvertible() const { return isSurjective() && isInjective(); }
  /// Bits of `dim` whose basis is zero: places that differ only there hold the same element.
  uint32_t zeroBasisMask(LayoutDim dim) const;
  /// Flat mask of input bits whose column depends on less significant columns (zero bases
  /// included). The places with all free bits 0 hold every held element exactly once.
  uint32_t freeInputBits() const;
  /// `freeInputBits` of one input dim, as a mask of that dim's index.
  uint32_t freeVariableMask(LayoutDim dim) const;

  //===------------------------------------------------------------------------------------------===//
  // Algebra (LinearLayoutAlgebra.cpp)
  //===------------------------------------------------------------------------------------------===//

  /// This tile surrounded by `outer`'s: in each dim that both have, this one takes the low bits, on
  /// the input and on the output side. Associative; not commutative.
  LinearLayout operator*(const LinearLayout &outer) const;
  LinearLayout &operator*=(const LinearLayout &outer) { return *this = *this * outer; }
  /// outer o this. Requires the dims of out() to be those of outer.in(), none larger than there.
  LinearLayout compose(const LinearLayout &outer) const;
  /// The two-sided inverse, if there is one.
  std::optional<LinearLayout> inverse() const;
  /// R with this(R(x)) = x, free variables set to 0. None unless surjective.
  std::optional<LinearLayout> rightInverse() const;
  /// P with P(this(p)) = p. None unless injective. Outputs outside the image go to some place.
  std::optional<LinearLayout> leftInverse() const;
  /// C: in() -> outer.in() with outer(C(p)) = this(p). None where outer does not reach all of this
  /// layout's image. Where outer replicates, C takes the place nearest to p: bits of block, warp,
  /// lane and register, in this order, are kept equal wherever the equation leaves them open, so
  /// layout.invertAndCompose(layout) is the identity. Requires equal output dims and sizes.
  std::optional<LinearLayout> invertAndCompose(const LinearLayout &outer) const;

  /// C with inner * C == *this.
  std::optional<LinearLayout> divideLeft(const LinearLayout &inner) const;
  /// C with C * outer == *this.
  std::optional<LinearLayout> divideRight(const LinearLayout &outer) const;
  /// For a layout that is the identity on `dims` (present on both sides, independent of all
  /// others): the layout without them. None otherwise.
  std::optional<LinearLayout> quotient(llvm::ArrayRef<LayoutDim> dims) const;
  /// The block of the bit matrix from `inDims` to `outDims`.
  LinearLayout sublayout(llvm::ArrayRef<LayoutDim> inDims, llvm::ArrayRef<LayoutDim> outDims) const;
  bool sublayoutIsZero(llvm::ArrayRef<LayoutDim> inDims, llvm::ArrayRef<LayoutDim> outDims) const;
  /// Whether the block from `dim` to `dim` is the identity and nothing else touches `dim`.
  bool isIdentityOn(LayoutDim dim) const;

  //===------------------------------------------------------------------------------------------===//
  // Shape operations on the tensor side (LinearLayoutShape.cpp). All keep tensor dims numbered
  // 0..N-1 and require that the outputs are tensor dims.
  //===------------------------------------------------------------------------------------------===//

  /// Row-major reshape (last dim fastest) to a shape of the same number of elements.
  LinearLayout reshape(llvm::ArrayRef<int64_t> shape) const;
  /// reshape to one dim.
  LinearLayout flatten() const;
  /// Dim i of the result is dim order[i] of this tensor.
  LinearLayout transpose(llvm::ArrayRef<int64_t> order) const;
  /// Forgets dim `axis`; later dims move down by one. Places that differed only there now hold the
  /// same element. (sliceLayout in LayoutConstructors.h also drops the registers that become
  /// equal.)
  LinearLayout removeDim(unsigned axis) const;
  /// Shrinks dim `axis` to size 1, keeping the rank: the operand side of a broadcast.
  LinearLayout collapseDim(unsigned axis) const;
  /// Inserts a dim of size 1 before dim `axis`.
  LinearLayout expandDims(unsigned axis) const;
  /// Appends a dim of size 2, told apart by a new register bit 0: result register 2r + i holds
  /// element (..., i) where this layout's register r holds (...).
  LinearLayout joinTrailing() const;
  /// Undoes joinTrailing: removes a trailing dim of size 2 that one register bit alone tells apart.
  /// None otherwise. `registerBit` receives that bit.
  std::optional<LinearLayout> splitTrailing(unsigned *registerBit = nullptr) const;
  /// Doubles dim `axis` with a new most significant register bit: the upper half of the registers
  /// holds the upper half of the dim.
  LinearLayout concat(unsigned axis) const;
  /// Wraps every dim to at most `shape`: bases beyond it are cut off, which replicates.
  /// Register bases that become zero are dropped unless `keepRegisters`.
  LinearLayout ensureSizeNotLargerThan(llvm::ArrayRef<int64_t> shape,
                                       bool keepRegisters = false) const;
  /// Repeats in new register bits, dims in `order` (fastest first; default last dim first), until
  /// no dim is smaller than `shape`.
  LinearLayout ensureSizeNotSmallerThan(llvm::ArrayRef<int64_t> shape,
                                        llvm::ArrayRef<int64_t> order = {}) const;
  /// Drops the bits of `dim` whose basis is zero.
  LinearLayout removeZeroBases(LayoutDim dim) const;
  /// Renames an input dim.
  LinearLayout renameInput(LayoutDim from, LayoutDim to) const;
  /// Adds absent input dims with size 1.
  LinearLayout withInputs(llvm::ArrayRef<LayoutDim> dims) const;

  //===------------------------------------------------------------------------------------------===//
  // Text, equality
  //===------------------------------------------------------------------------------------------===//

  /// `register = [[0, 1], [0, 2]], lane = [[0, 4]], warp = [], block = [], shape = [1, 8]`. Outputs
  /// that are no tensor dims print as `out = {lane: 32, ...}` instead of shape.
  void print(llvm::raw_ostream &os) const;
  std::string toString() const;

  friend bool operator==(const LinearLayout &, const LinearLayout &) = default;
  friend llvm::hash_code hash_value(const LinearLayout &layout);

private:
  LayoutSpace inSpace, outSpace;
  llvm::SmallVector<uint32_t, 16> columnList;
};

llvm::raw_ostream &operator<<(llvm::raw_ostream &os, const LinearLayout &layout);

} // namespace cosmati
