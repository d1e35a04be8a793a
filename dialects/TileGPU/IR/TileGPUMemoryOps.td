// Predicated access to global memory, one instruction each; made by TileGPUToNVVM, lowered to inline PTX in one file.
#ifndef COSMATI_TILEGPU_MEMORY_OPS
#define COSMATI_TILEGPU_MEMORY_OPS

include "dialects/Tile/IR/TileAttrs.td"
include "dialects/TileGPU/IR/TileGPUTypes.td"

def TileGPU_Word : AnyTypeOf<[I8, I16, I32, I64]>;

def TileGPU_PredLoadOp : TileGPU_Op<"pred_load", [AttrSizedOperandSegments]> {
  let summary = "reads 1 to 16 bytes as 1, 2 or 4 words where the predicate holds, else gives `others`";
  let description = [{
    One `ld.global` under a predicate, its results tied to `others` (0 where there are none), so that no branch is needed. A word is 8 to 64 bits.

    (access_c1) 1, 2 or 4 words. (access_c2) All of one size. (access_c3) At most 16 bytes together.
    (access_c4) `others` has the words' types. (access_c5) `others` needs a predicate.

    Example: `%w:4 = tilegpu.pred_load %p if %c else (%o, %o, %o, %o : i32, i32, i32, i32) : !llvm.ptr<1> -> i32, i32, i32, i32`
  }];
  let arguments = (ins AnyType:$ptr, Optional<I1>:$pred, Variadic<TileGPU_Word>:$others,
    DefaultValuedAttr<Tile_CacheModifierAttr, "::cosmati::tile::CacheModifier::None">:$cache,
    DefaultValuedAttr<Tile_EvictionPolicyAttr, "::cosmati::tile::EvictionPolicy::Normal">:$evict, UnitAttr:$isVolatile);
  let results = (outs Variadic<TileGPU_Word>:$words);
  let assemblyFormat = "$ptr (`if` $pred^)? (`else` `(` $others^ `:` type($others) `)`)? attr-dict `:` type($ptr) `->` type($words)";
  let hasVerifier = 1;
}

def TileGPU_PredStoreOp : TileGPU_Op<"pred_store", [AttrSizedOperandSegments]> {
  let summary = "writes 1, 2 or 4 words of 1 to 16 bytes together where the predicate holds";
  let description = [{
    One `st.global` under a predicate.

    (access_c1) 1, 2 or 4 words. (access_c2) All of one size. (access_c3) At most 16 bytes together.

    Example: `tilegpu.pred_store %p, %a, %b if %c : !llvm.ptr<1>, i32, i32`
  }];
  let arguments = (ins AnyType:$ptr, Variadic<TileGPU_Word>:$words, Optional<I1>:$pred,
    DefaultValuedAttr<Tile_CacheModifierAttr, "::cosmati::tile::CacheModifier::None">:$cache,
    DefaultValuedAttr<Tile_EvictionPolicyAttr, "::cosmati::tile::EvictionPolicy::Normal">:$evict);
  let assemblyFormat = "$ptr `,` $words (`if` $pred^)? attr-dict `:` type($ptr) `,` type($words)";
  let hasVerifier = 1;
}

#endif
