// Matrix instructions.
#ifndef COSMATI_TILEGPU_MMA_OPS
#define COSMATI_TILEGPU_MMA_OPS

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/TileGPU/IR/TileGPUTypes.td"

def TileGPU_MmaOp : TileGPU_Op<"mma", [Pure, AllTypesMatch<["acc", "result"]>]> {
  let summary = "dot on tensor cores: operands and result in the registers of warps";
  let description = [{
    `r[i,j] = acc[i,j] + sum_k a[i,k] * b[k,j]` by the matrix instruction of this name, a row of MmaInstructions.td; with
    `saturate` its form that clamps integers, after each k of the instruction. Leading dimensions are batches. Each warp multiplies for the part of the result that it holds;
    a and b must lie there in the instruction's fragments (MmaFragments.h), in any order of registers; rows, columns and the inner dimension
    may be permuted bit by bit, the same way in all blocks that have them.

    Blocks hold elements of the instruction's types: s8 and u8 in i8, tf32 in f32 (of which 19 bits count), fp8 in its float types.
    Integers narrower than their block's elements are packed, the first along k lowest: s4 in i8, two an element, b1 in i32, 32 of them.

    With `promote` n the instructions sum at most n products along k from 0 (at least those of one instruction), and each such sum is added to the
    accumulator by an f32 addition: tensor cores may sum 8-bit floats in less than f32.

    (mma_c1) The instruction is in the table, and is not sparse. (mma_c2) The module's target has it. (mma_c3) Element types are those of the
    instruction. (mma_c4) `saturate` needs an instruction that has this form. (mma_c5) Layouts are made of the instruction's fragments,
    extents agree, and each warp has what its part of the result needs. (mma_c6) `promote` needs an accumulator of f32.

    Example: `%r = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %b, %c
      : tensor<64x32xf16, #a>, tensor<32x64xf16, #b>, tensor<64x64xf32, #acc>`
  }];
  let arguments = (ins StrAttr:$instruction, Tile_NumberBlock:$a, Tile_NumberBlock:$b, Tile_NumberBlock:$acc, UnitAttr:$saturate,
    DefaultValuedAttr<I32Attr, "0">:$promoteEvery);
  let results = (outs Tile_NumberBlock:$result);
  let assemblyFormat = "$instruction (`saturate` $saturate^)? (`promote` $promoteEvery^)? $a `,` $b `,` $acc attr-dict `:` type($a) `,` type($b) `,` type($acc)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The row of the table; the verifier has seen that there is one.
    const ::cosmati::tilegpu::MmaInstruction &row();
    /// Which instructions on which registers; the verifier has seen that it can be done.
    ::llvm::Expected<::cosmati::tilegpu::MmaPlan> plan();
  }];
}

def TileGPU_MmaSparseOp : TileGPU_Op<"mma_sparse", [Pure, AllTypesMatch<["acc", "result"]>]> {
  let summary = "sparse dot on tensor cores: operands and result in the registers of warps";
  let description = [{
    `r[i,j] = acc[i,j] + sum_k A[i,k] * b[k,j]` by the sparse matrix instruction of this name, a row of MmaInstructions.td; otherwise like tilegpu.mma.
    `a`, M x K/2, holds what `A` has in each group of mmaGroup elements along k, and `metadata`, in i16, says where; an i16 has the codes of four
    neighbouring groups of a row, the first in its lowest bits (tile.dot_sparse has the codes). The blocks lie in the instruction's fragments, in any
    order of registers. With elements of 4 bits, packed in i8, a code describes pairs of them.

    (mma_sparse_c1) The instruction is in the table, and is sparse. (mma_sparse_c2) The module's target has it. (mma_sparse_c3) Element types are those
    of the instruction; metadata is i16. (mma_sparse_c4) `saturate` needs an instruction that has this form. (mma_sparse_c5) Layouts are made of the
    instruction's fragments, extents agree, and each warp has what its part of the result needs.

    Example: `%r = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" %a, %e, %b, %c
      : tensor<64x32xf16, #a>, tensor<64x4xi16, #e>, tensor<64x64xf16, #b>, tensor<64x64xf32, #acc>`
  }];
  let arguments = (ins StrAttr:$instruction, Tile_NumberBlock:$a, Tile_IntBlock:$metadata, Tile_NumberBlock:$b, Tile_NumberBlock:$acc,
    UnitAttr:$saturate);
  let results = (outs Tile_NumberBlock:$result);
  let assemblyFormat = [{
    $instruction (`saturate` $saturate^)? $a `,` $metadata `,` $b `,` $acc attr-dict `:` type($a) `,` type($metadata) `,` type($b) `,` type($acc)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The row of the table; the verifier has seen that there is one.
    const ::cosmati::tilegpu::MmaInstruction &row();
    /// Which instructions on which registers; the verifier has seen that it can be done.
    ::llvm::Expected<::cosmati::tilegpu::MmaSparsePlan> plan();
  }];
}

def TileGPU_RoundTf32Op : TileGPU_Op<"round_tf32", !listconcat([Pure, Tile_SameEncoding, SameOperandsAndResultType], ElementwiseMappable.traits)> {
  let summary = "f32 rounded to the nearest tf32, ties away from zero, still in f32";
  let description = [{
    What the matrix instructions of tf32 should be fed: the lower 13 bits of the mantissa become 0. NaN stays NaN; infinity stays.
    Source: PTX ISA, `cvt.rna.tf32.f32`.

    Example: `%r = tilegpu.round_tf32 %x : tensor<64x32xf32, #a>`
  }];
  let arguments = (ins Tile_FloatBlock:$value);
  let results = (outs Tile_FloatBlock:$result);
  let assemblyFormat = "$value attr-dict `:` type($value)";
  let hasVerifier = 1;
}

#endif
