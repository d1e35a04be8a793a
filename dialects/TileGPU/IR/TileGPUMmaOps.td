// Matrix instructions.
#ifndef COSMATI_TILEGPU_MMA_OPS
#define COSMATI_TILEGPU_MMA_OPS

include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/TileGPU/IR/TileGPUTypes.td"

def TileGPU_MmaOp : TileGPU_Op<"mma", [Pure, AllTypesMatch<["acc", "result"]>]> {
  let summary = "dot on tensor cores: operands and result in the registers of warps";
  let description = [{
    `r[i,j] = acc[i,j] + sum_k a[i,k] * b[k,j]` by the matrix instruction of this name, a row of MmaInstructions.td; with
    `saturate` its form that clamps integers, after each k of the instruction. Leading dimensions are batches. Each warp multiplies for the part of the result that it holds;
    a and b must lie there in the instruction's fragments (MmaFragments.h), in any order of registers.

    Blocks hold elements of the instruction's types: s8 and u8 in i8, tf32 in f32 (of which 19 bits count), fp8 in its float types.
    Integers narrower than their block's elements are packed, the first along k lowest: s4 in i8, two an element, b1 in i32, 32 of them.

    (mma_c1) The instruction is in the table, and is not sparse. (mma_c2) The module's target has it. (mma_c3) Element types are those of the
    instruction. (mma_c4) `saturate` needs an instruction that has this form. (mma_c5) Layouts are made of the instruction's fragments,
    extents agree, and each warp has what its part of the result needs.

    Example: `%r = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %b, %c
      : tensor<64x32xf16, #a>, tensor<32x64xf16, #b>, tensor<64x64xf32, #acc>`
  }];
  let arguments = (ins StrAttr:$instruction, Tile_NumberBlock:$a, Tile_NumberBlock:$b, Tile_NumberBlock:$acc, UnitAttr:$saturate);
  let results = (outs Tile_NumberBlock:$result);
  let assemblyFormat = "$instruction (`saturate` $saturate^)? $a `,` $b `,` $acc attr-dict `:` type($a) `,` type($b) `,` type($acc)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The row of the table; the verifier has seen that there is one.
    const ::cosmati::tilegpu::MmaInstruction &row();
    /// Which instructions on which registers; the verifier has seen that it can be done.
    ::llvm::Expected<::cosmati::tilegpu::MmaPlan> plan();
  }];
}

#endif
