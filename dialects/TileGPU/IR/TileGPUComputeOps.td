// Steps of dot, reduce and scan after they are placed.
#ifndef COSMATI_TILEGPU_COMPUTE_OPS
#define COSMATI_TILEGPU_COMPUTE_OPS

include "mlir/Interfaces/InferTypeOpInterface.td"
include "dialects/Tile/IR/TileComputeOps.td"
include "dialects/TileGPU/IR/TileGPUTypes.td"

def TileGPU_DotFmaOp : TileGPU_Op<"dot_fma", [MemoryEffects<[MemRead<TileGPU_SharedMemory>]>, AllTypesMatch<["acc", "result"]>]> {
  let summary = "dot on the scalar units: a loop over K, both operands read from shared memory";
  let description = [{
    `r[i,j] = acc[i,j] + sum_k a[i,k] * b[k,j]` by each thread for the elements it holds; the K loop is unrolled at most 16 times. The
    general fallback: every type combination of the language. Rank 3 has a leading batch dimension.

    i8 operands are signed unless `unsignedA`, `unsignedB`.

    (dot_fma_c1) All have rank 2, or all rank 3. (dot_fma_c2) K of `a` equals K of `b`. (dot_fma_c3) M and N are those of `acc`.
    (dot_fma_c4) Batch extents are equal.

    Example: `%r = tilegpu.dot_fma %a, %b, %c : <64x32xf16, #a>, <32x64xf16, #b>, tensor<64x64xf32, #acc>`
  }];
  let arguments = (ins TileGPU_MemDescType:$a, TileGPU_MemDescType:$b, Tile_NumberBlock:$acc, UnitAttr:$unsignedA, UnitAttr:$unsignedB);
  let results = (outs Tile_NumberBlock:$result);
  let assemblyFormat = "$a `,` $b `,` $acc attr-dict `:` type($a) `,` type($b) `,` type($acc)";
  let hasVerifier = 1;
}

def TileGPU_WarpReduceOp : TileGPU_Op<"warp_reduce", [Pure, SingleBlock, IsolatedFromAbove, RecursiveMemoryEffects]> {
  let summary = "combines the elements along one dimension that lie within a warp";
  let description = [{
    The first step of tile.reduce: registers, then shuffles between lanes. The extent of `axis` in the result is the number of warps (or CTAs)
    that hold parts of it: 2^k for k warp bits along the axis; each warp's partial result is replicated over the lanes that took part.
    The second step converts the partial results to a layout that has them in the registers of one thread, through shared memory, and reduces again.
    The region is tile.reduce's.

    (warp_reduce_c1) One result for each source, and at least one. (warp_reduce_c2) `axis` is a dimension; the rank stays.
    (warp_reduce_c3) All other extents stay. (warp_reduce_c4) The region takes two values for each source.
  }];
  let arguments = (ins Variadic<Tile_Block>:$sources, I32Attr:$axis);
  let results = (outs Variadic<Tile_Block>:$results);
  let regions = (region SizedRegion<1>:$combine);
  let assemblyFormat = "`(` $sources `)` `axis` `=` $axis attr-dict `:` functional-type($sources, $results) $combine";
  let hasVerifier = 1;
}

#endif
