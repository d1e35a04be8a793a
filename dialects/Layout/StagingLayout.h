// Which swizzled shared memory to put between a writer and a reader, and how global memory is best
// read into it.
//
// A tile on its way from global memory to tensor cores is written to shared memory in 16-byte
// vectors (st.shared.v4 or cp.async) and read by ldmatrix: both move 128 bytes in a wavefront if
// the eight 16-byte pieces that go together lie in different banks. The writer's eight are
// neighbours in a row (or fill several short rows), the reader's are one above the other. The XOR
// swizzle of 16-byte pieces serves both:
//
//   vec       the elements of 16 bytes
//   perPhase  rows in 128 bytes, at least 1: rows that share a line already differ in banks
//   maxPhase  pieces in a row, at most 8
//
// e.g. rows of 32 bytes (K = 16 in fp16): perPhase 4, maxPhase 2: rows 0-3 of a column use pieces
// 0, 2, 4, 6 of a line, rows 4-7 pieces 1, 3, 5, 7. Other readers want other pieces: 32-bit
// elements transposed are read word by word, 8 neighbours of 4 rows at once, which pieces of 32
// bytes serve (in rows of 128 bytes or more). `chooseStaging` tries the rule first and then all
// others.
#pragma once

#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/MatrixAccess.h"

namespace cosmati {

/// The parameters of `swizzledShared`.
struct SwizzleParameters {
  int64_t vec = 1, perPhase = 1, maxPhase = 1;
  llvm::SmallVector<int64_t, 4> order; ///< dims, fastest first
  LinearLayout layout(llvm::ArrayRef<int64_t> shape) const;
};

/// How one warp moves all its registers to or from shared memory, and what that costs.
struct SharedTraffic {
  bool matrix = false;      ///< by ldmatrix or stmatrix, else by vectors
  int64_t accessBytes = 0;  ///< per lane and instruction; 16 for matrices
  int64_t instructions = 0; ///< of one warp
  BankConflicts perInstruction;
  int64_t wavefronts() const { return instructions * perInstruction.wavefronts; }
  /// Wavefronts beyond those that the instructions take at best.
  int64_t conflicts() const {
    return instructions * (perInstruction.wavefronts - perInstruction.ideal);
  }
};

/// Cost of moving `distributed` by the widest vectors, at most 16 bytes. 4-bit elements are packed.
/// Fails if shared memory does not hold all elements, or a thread's 4-bit elements are no bytes.
llvm::Expected<SharedTraffic> vectorTraffic(const LinearLayout &distributed,
                                            const LinearLayout &shared, unsigned elementBits);
SharedTraffic matrixTraffic(const MatrixAccessPlan &plan);
/// The cheaper of both: fewer wavefronts, then fewer instructions. Matrix instructions, stmatrix
/// for a store, else ldmatrix, only where `matrices` allows them and they fit.
llvm::Expected<SharedTraffic> cheapestTraffic(const LinearLayout &distributed,
                                              const LinearLayout &shared, unsigned elementBits,
                                              bool isStore, bool matrices);

/// What the target and the code around allow.
struct StagingOptions {
  bool ldmatrix = true;  ///< the reader may use it (sm_75)
  bool stmatrix = false; ///< the writer may use it (sm_90)
  /// The dim that must be contiguous in shared memory, one of the last two. A writer by cp.async
  /// copies 16 bytes as they are in global memory, so it is the one that is contiguous there.
  std::optional<unsigned> contiguousDim = std::nullopt;
};

struct StagingChoice {
  SwizzleParameters swizzle;
  LinearLayout shared;
  SharedTraffic write, read;
  bool conflictFree() const { return write.conflicts() == 0 && read.conflicts() == 0; }
  int64_t wavefronts() const { return write.wavefronts() + read.wavefronts(); }
};

/// The swizzle of fewest wavefronts for a write from `writer` and a read to `reader`, both layouts
/// of one matrix (with batches in leading dims), and what it costs; of equal ones that of the
/// fewest instructions. Where the options leave it open, either of the last two dims may become the
/// contiguous one. elementBits: 4 (packed) to 64. Fails if shapes differ, the rank is below 2 or a
/// side cannot access shared memory at all.
///
/// Between a blocked layout of `coalescedParameters` and any operand of mma.m16n8k* that ldmatrix
/// can fill there are no conflicts, with these exceptions: 8-bit operands that .trans transposes,
/// in rows of 16 or 32 bytes, are read at two wavefronts for each matrix. The rows of a matrix are
/// then K = {0, 1} + {0, 4} + {0, 8} (or {0, 2} + ...): a line holds four or eight successive rows,
/// of which two have the right K, and a swizzle of at most two pieces adds at most a factor of two.
llvm::Expected<StagingChoice> chooseStaging(const LinearLayout &writer, const LinearLayout &reader,
                                            unsigned elementBits,
                                            const StagingOptions &options = {});

/// The blocked layout for reading a tile from global memory, stored with dim order[0] contiguous:
/// each lane reads 16 bytes, as many lanes as the row has pieces lie side by side. A warp so reads
/// whole lines of 128 bytes where rows have 128 bytes or more, whole rows where they are shorter,
/// and its 16-byte stores to the layout that `chooseStaging` finds for an operand of mma have no
/// conflicts. Where the tile has fewer 16-byte pieces than threads, threads replicate.
BlockedParameters coalescedParameters(llvm::ArrayRef<int64_t> shape, unsigned elementBits,
                                      int64_t numWarps, llvm::ArrayRef<int64_t> order = {});

} // namespace cosmati
