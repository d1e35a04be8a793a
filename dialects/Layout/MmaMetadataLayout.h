// The layout of the metadata of sparse matrix instructions.
#pragma once

#include "dialects/Layout/LinearLayout.h"

namespace cosmati {

/// Metadata of mma.sp.m16n8kK (PTX ISA, "Matrix fragments for sparse mma.m16n8k*"). Its elements
/// are codes of 4 bits, eight in a 32-bit register, one for each row of the matrix and each group
/// of elements along K that is stored by half: `shape` is M x (K / group), where the group is 2
/// elements of 32 bits, 4 of 16 or 8 bits, or 8 of 4 bits, and `bitwidth` that of an element.
/// `warpsPerCta` is as for mmaOperandA: the warps along N hold the same codes.
///
/// The instruction reads only the lanes that its selector names. Where it needs fewer than all, the
/// others hold the same codes, so that every selector is right, 0 in particular.
LinearLayout mmaSparseMetadata(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> warpsPerCta,
                               unsigned bitwidth);

} // namespace cosmati
