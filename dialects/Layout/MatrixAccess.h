// Moving registers from and to shared memory with ldmatrix and stmatrix.
//
// These instructions of a warp move up to four 8x8 matrices of 16-bit pieces. Each row of a matrix
// is 16 bytes of shared memory at an address that one lane supplies: lane 8 * m + r that of row r
// of matrix m. Each lane receives (or gives) one 32-bit word of each matrix (PTX ISA, "Warp-level
// matrix load instruction: ldmatrix"):
//
//   plain    lane l: bytes 4 * (l % 4) .. + 3 of row l / 4
//   .trans   lane l: pieces l / 4 of row 2 * (l % 4), low half, and of row 2 * (l % 4) + 1, high
//
// Whether registers can be moved so is read off T = placeToOffset(distributed, shared), the linear
// map from place to element offset. With b bits to an element, 128 / b elements make a row:
//
//   plain    the registers of a word are offset bits below 32 / b; lane bits 0, 1 are the next two;
//            nothing else touches the bits within a row. Lane bits 2, 3, 4 choose the row.
//   .trans   the registers of a piece are offset bits below 16 / b; lane bits 2, 3, 4 are the next
//            three; nothing else touches the bits within a row. A register bit (the half of the
//            word) and lane bits 0, 1 choose the row.
//
// All else is free: the registers that are left number the matrices, and because T is linear so is
// the address of a row as a function of the lane, whichever matrices an instruction moves.
//
// Elements of 4 bits are packed in shared memory, two to a byte: offsets count elements, and the
// plans' addresses are bytes. 8-bit elements can be transposed, too: a piece is then two
// neighbouring elements, whose words are taken apart by byte permutes (`packed`). They must both
// belong to the lane; fragments of mma want lane bits 2, 3, 4 at offset bits 0, 1, 2 instead.
// `pairingBit` and `moveBitToFront` give the fragment of the same instruction for the matrix with
// its rows (of A) or columns (of B) permuted, which has the pairs; the accumulator must be permuted
// alike.
#pragma once

#include "dialects/Layout/ConversionPlan.h"

namespace cosmati {

/// One instruction of a plan: lane l of warp w supplies the address
/// (rowAddress(l, w) ^ flip) + add, in bytes from the beginning of the allocation. `add` shares no
/// bit with the rest and fits an immediate offset; instructions of equal `flip` share a register.
struct MatrixInstruction {
  uint32_t flip = 0;
  uint32_t add = 0;
};

/// prmt.b32(words[first], words[second], selector): nibble i of the selector names the byte of the
/// result's byte i, 0..3 from first, 4..7 from second.
struct PackedWord {
  int32_t first = 0, second = 0;
  uint16_t selector = 0x3210;
  bool isCopy() const { return selector == 0x3210; }
};

struct MatrixAccessPlan {
  struct Element {
    int32_t word, position;
  };

  bool transposed = false;
  /// Matrices that each instruction moves: 1, 2 or 4 (.x1, .x2, .x4).
  int64_t matrices = 1;
  /// (block, warp, lane) -> byte offset of the row whose address the lane supplies to an
  /// instruction with flip = add = 0. Lanes from 8 * matrices on repeat valid addresses.
  LinearLayout rowOffset;
  PlaceExpr rowAddress; ///< the same as an expression
  llvm::SmallVector<MatrixInstruction, 8> instructions;
  /// Word w is matrix w % matrices of instruction w / matrices; words[w][k] is the register whose
  /// element lies at bits k * elementBits of it.
  llvm::SmallVector<llvm::SmallVector<int32_t, 8>, 16> words;
  /// For each register, where it is: registers that hold the same element are at the same place.
  llvm::SmallVector<Element, 32> elements;
  /// The registers in their own order, 32 / elementBits to a word, from at most two words of the
  /// plan. Empty if that is not enough (or, for 4-bit elements, not a matter of bytes).
  llvm::SmallVector<PackedWord, 16> packed;
  /// Of one instruction; ideal is one wavefront for each matrix.
  BankConflicts conflicts;
  /// Warps (and blocks) with a bit of the mask hold copies and need not store.
  ReplicationMasks replicas;

  /// Wavefronts of one warp for all instructions.
  int64_t wavefronts() const {
    return static_cast<int64_t>(instructions.size()) * conflicts.wavefronts;
  }
  /// Byte permutes that `packed` asks for.
  int64_t permuteCount() const;
};

/// The plan that fills all registers of `distributed` by ldmatrix (sm_75 and later). elementBits: 4
/// (packed), 8, 16 or 32. maxMatrices: 1, 2 or 4. Matrices are taken in the order of the register
/// bits, so fragments of mma are filled one after the other. Fails with the reason where ldmatrix
/// cannot do it, with and without .trans.
llvm::Expected<MatrixAccessPlan> planLdmatrix(const LinearLayout &distributed,
                                              const LinearLayout &shared, unsigned elementBits,
                                              int64_t maxMatrices = 4);

/// The plan that stores all registers by stmatrix (sm_90 and later). Also fails if lanes of a warp
/// hold copies.
llvm::Expected<MatrixAccessPlan> planStmatrix(const LinearLayout &distributed,
                                              const LinearLayout &shared, unsigned elementBits,
                                              int64_t maxMatrices = 4);

/// The least bit of tensor dim `axis` that registers alone hold, if lane bits 2, 3, 4 hold bits
/// 0, 1, 2 of that dim as in fragments of mma: the bit that tells the two elements of a pair apart
/// once `moveBitToFront` has moved it. None if there is no such bit: e.g. each warp holds only 8
/// columns of B.
std::optional<unsigned> pairingBit(const LinearLayout &operand, unsigned axis);

/// The layout of the tensor with indices of dim `axis` permuted: bit `bit` becomes bit 0, the bits
/// below it move up by one.
LinearLayout moveBitToFront(const LinearLayout &layout, unsigned axis, unsigned bit);

} // namespace cosmati
