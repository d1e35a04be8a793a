// The layouts that kernels use.
//
// "Blocked", "slice", "swizzled" and "mma fragment" are functions that return a LinearLayout, not
// kinds of layout: what consumes a layout never asks how it was made.
//
// Every distributed layout made here has the four inputs block, warp, lane, register (possibly of
// size 1) and reaches every element of the tensor. Every shared layout has the inputs block and
// offset.
//
// Parameters that are no power of two, ranks that differ and orders that are no permutation are
// fatal errors that name the parameter; `checkBlocked` reports them as an llvm::Error for use on
// input.

#pragma once

#include "dialects/Layout/LinearLayout.h"

namespace cosmati {

constexpr int64_t kLanesPerWarp = 32;

/// The parameters of a blocked layout, one entry for each tensor dim.
struct BlockedParameters {
  llvm::SmallVector<int64_t, 4> sizePerThread;
  llvm::SmallVector<int64_t, 4> threadsPerWarp; ///< product is kLanesPerWarp
  llvm::SmallVector<int64_t, 4> warpsPerCta;
  llvm::SmallVector<int64_t, 4> order; ///< dims, fastest first; (N-1, ..., 0) is row-major
};

/// A tile of sizePerThread * threadsPerWarp * warpsPerCta elements. Register bits first, then
/// lanes, then warps, each with dim order[0] fastest. Where the tile is larger than the tensor,
/// threads replicate elements (registers never do); where it is smaller, it repeats in further
/// registers.
///
/// ctas: how many CTAs of the cluster split each dim (default one). Each has an equal part of the
/// tensor; the tile covers that part.
LinearLayout blockedLayout(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> sizePerThread,
                           llvm::ArrayRef<int64_t> threadsPerWarp,
                           llvm::ArrayRef<int64_t> warpsPerCta, llvm::ArrayRef<int64_t> order,
                           llvm::ArrayRef<int64_t> ctas = {});
LinearLayout blockedLayout(llvm::ArrayRef<int64_t> shape, const BlockedParameters &parameters,
                           llvm::ArrayRef<int64_t> ctas = {});

/// Why these parameters make no blocked layout, if they do not.
llvm::Error checkBlocked(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> sizePerThread,
                         llvm::ArrayRef<int64_t> threadsPerWarp,
                         llvm::ArrayRef<int64_t> warpsPerCta, llvm::ArrayRef<int64_t> order,
                         llvm::ArrayRef<int64_t> ctas = {});

/// A sensible blocked layout for a tensor that nothing else constrains: `vector` elements per
/// thread along order[0] (default order is row-major), then lanes, then warps, fastest dim first.
BlockedParameters defaultBlockedParameters(llvm::ArrayRef<int64_t> shape, int64_t numWarps,
                                           int64_t vector = 1, llvm::ArrayRef<int64_t> order = {});

/// The layout of the result of a reduction of `parent` along `axis`: axis forgotten, registers that
/// then hold the same element merged. Lanes and warps along the axis replicate. expandDims of it
/// broadcasts against `parent` without moving data.
LinearLayout sliceLayout(const LinearLayout &parent, unsigned axis);

/// Shared memory in row-major order, without padding.
LinearLayout sharedRowMajor(llvm::ArrayRef<int64_t> shape);

/// Shared memory with dim order[0] contiguous and the classic XOR swizzle of groups of `vec`
/// elements: with row i (along order[1]) and column j (along order[0]), element (i, j) lies in row
/// i at column
/// ((j / vec) ^ ((i / perPhase) % maxPhase)) * vec + j % vec, the group number taken modulo the
/// row. vec, perPhase and maxPhase are powers of two; maxPhase = 1 does not swizzle.
LinearLayout swizzledShared(llvm::ArrayRef<int64_t> shape, int64_t vec, int64_t perPhase,
                            int64_t maxPhase, llvm::ArrayRef<int64_t> order);

/// Fragments of the warp-wide mma.sync.m16n8kK (PTX ISA, "Matrix fragments for mma.m16n8k*"), where
/// K = 256 / bitwidth, for f64 8; those of smaller K are the first registers of them. The matrix
/// lies in the last two dims of `shape`; leading dims are batches. warpsPerCta has one entry for
/// each dim of the *result* (batches, M, N), its last dim fastest. Tiles beyond the warps' repeat
/// in registers, last dim fastest; where a tile is larger than the tensor, threads replicate.
///
/// Accumulator and result: a 16x8 tile, 4 registers per thread.
LinearLayout mmaAccumulator16x8(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> warpsPerCta);
/// Left operand, M x K: a 16 x K tile of elements of `bitwidth` 1, 4, 8, 16, 32 or 64. The warps
/// along N hold the same data.
LinearLayout mmaOperandA(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> warpsPerCta,
                         unsigned bitwidth);
/// Right operand, K x N: a K x 8 tile. The warps along M hold the same data.
LinearLayout mmaOperandB(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> warpsPerCta,
                         unsigned bitwidth);

} // namespace cosmati
