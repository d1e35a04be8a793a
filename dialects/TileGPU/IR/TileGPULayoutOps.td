// Moving a block from one layout to another.
#ifndef COSMATI_TILEGPU_LAYOUT_OPS
#define COSMATI_TILEGPU_LAYOUT_OPS

include "mlir/Interfaces/InferTypeOpInterface.td"
include "dialects/TileGPU/IR/TileGPUTypes.td"

def TileGPU_ConvertLayoutOp : TileGPU_Op<"convert_layout", [Pure, SameOperandsAndResultShape, SameOperandsAndResultElementType]> {
  let summary = "the same block in another layout";
  let description = [{
    Before scratch is explicit any pair of layouts is legal. After it only those remain that need registers or warp shuffles (planConversion);
    the others have become shared_alloc, shared_store and shared_load.

    (convert_c1) Both sides have a layout.
    (convert_c2) Both layouts are of the same number of warps and CTAs.

    Example: `%r = tilegpu.convert_layout %x : tensor<64x64xf16, #rows> -> tensor<64x64xf16, #cols>`
  }];
  let arguments = (ins Tile_Block:$value);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

#endif
