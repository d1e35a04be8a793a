// Dots of operands that tile.dot cannot name: elements narrower than a byte, and matrices of which half is stored.
#ifndef COSMATI_TILE_PACKED_DOT_OPS
#define COSMATI_TILE_PACKED_DOT_OPS

include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/Tile/IR/TileAttrs.td"
include "dialects/Tile/IR/TileTypes.td"

def Tile_PackedType : Tile_Enum<"PackedType", "type of elements that are narrower than a byte", [
  I32EnumAttrCase<"S4", 0, "s4">, I32EnumAttrCase<"U4", 1, "u4">, I32EnumAttrCase<"B1", 2, "b1">]>;
def Tile_PackedTypeAttr : Tile_EnumAttr<Tile_PackedType, "packed_type"> { let assemblyFormat = "$value"; }

def Tile_BitProduct : Tile_Enum<"BitProduct", "product of two single bits", [
  I32EnumAttrCase<"Xor", 0, "xor">, I32EnumAttrCase<"And", 1, "and">]>;
def Tile_BitProductAttr : Tile_EnumAttr<Tile_BitProduct, "bit_product"> { let assemblyFormat = "$value"; }

def Tile_DotPackedOp : Tile_Op<"dot_packed", [Pure, AllTypesMatch<["acc", "result"]>]> {
  let summary = "matrix multiply-accumulate of elements that are narrower than a byte";
  let description = [{
    `r[i,j] = acc[i,j] + sum_k a[i,k] * b[k,j]`, where an element of the blocks a and b holds p elements of the matrices, neighbours along k, the
    first in its lowest bits: of s4 (-8 to 7) and u4 (0 to 15) two in an i8, of b1 32 in an i32. The product of bits is `xor` or `and`. Sums are i32
    and wrap. The blocks are M x K/p and K/p x N; rank 3 has a leading batch dimension. It is done on tensor cores or not at all.

    - (dot_packed_c1) The shapes are those of a product: K of a is K of b, acc is M x N, batches are equal, all of rank 2 or 3.
    - (dot_packed_c2) Blocks of s4 and u4 are of i8, of b1 of i32; acc is of i32.
    - (dot_packed_c3) a and b are both of b1, with a `product`, or neither is, without.
    - (dot_packed_c4) All blocks have a layout, or none has.

    Examples: `%r = tile.dot_packed %a as s4, %b as u4, %c : tensor<64x32xi8>, tensor<32x64xi8>, tensor<64x64xi32>`
    `%r = tile.dot_packed %a as b1, %b as b1, %c product xor : tensor<64x8xi32>, tensor<8x64xi32>, tensor<64x64xi32>`
  }];
  let arguments = (ins Tile_IntBlock:$a, Tile_IntBlock:$b, Tile_IntBlock:$acc,
    Tile_PackedTypeAttr:$aType, Tile_PackedTypeAttr:$bType, OptionalAttr<Tile_BitProductAttr>:$product);
  let results = (outs Tile_IntBlock:$result);
  let assemblyFormat = [{
    $a `as` $aType `,` $b `as` $bType `,` $acc (`product` $product^)? attr-dict `:` type($a) `,` type($b) `,` type($acc)
  }];
  let hasVerifier = 1;
}

def Tile_DotSparseOp : Tile_Op<"dot_sparse", [Pure, AllTypesMatch<["acc", "result"]>]> {
  let summary = "matrix multiply-accumulate where half of the left matrix is zero and not stored";
  let description = [{
    `r[i,j] = acc[i,j] + sum_k A[i,k] * b[k,j]`, where `A`, M x K, has two elements of each group of four neighbours along k (of f32: one of two), and
    zeros besides. `a`, M x K/2, holds those elements, in their order; `metadata` says where they stand. Rank 3 has a leading batch dimension.

    A code of four bits per group has the place of the first stored element in its lower two bits and that of the second in its upper two, the first
    lower than the second: 0x4 (0 and 1), 0x8, 0xc, 0x9, 0xd, 0xe (2 and 3). Of f32 it is 0x4 for the first element of the group, 0xe for the second.
    Other codes have no meaning. An i16 of `metadata` holds the codes of four neighbouring groups, the first in its lowest bits:
    M x K/16, of f32 M x K/8. It is done on tensor cores or not at all; f32 is multiplied as tf32.

    - (dot_sparse_c1) K of b is twice that of a, acc is M x N, batches are equal, all of rank 2 or 3.
    - (dot_sparse_c2) The element types are one row of

    | a, b | acc |
    |---|---|
    | f16 | f16, f32 |
    | bf16 | f32 |
    | f32 | f32 |
    | i8, each signed unless `unsignedA`, `unsignedB` | i32 |
    | f8E4M3FN or f8E5M2, each | f32 |

    - (dot_sparse_c3) The metadata is M x K/16 (f32: M x K/8), of i16, with the batches of a.
    - (dot_sparse_c4) `unsignedA` and `unsignedB` go with i8.
    - (dot_sparse_c5) All blocks have a layout, or none has.

    Example: `%r = tile.dot_sparse %a, %e, %b, %c : tensor<64x32xf16>, tensor<64x4xi16>, tensor<64x64xf16>, tensor<64x64xf32>`
  }];
  let arguments = (ins Tile_NumberBlock:$a, Tile_IntBlock:$metadata, Tile_NumberBlock:$b, Tile_NumberBlock:$acc,
    UnitAttr:$unsignedA, UnitAttr:$unsignedB);
  let results = (outs Tile_NumberBlock:$result);
  let assemblyFormat = [{
    $a `,` $metadata `,` $b `,` $acc attr-dict `:` type($a) `,` type($metadata) `,` type($b) `,` type($acc)
  }];
  let hasVerifier = 1;
}

#endif
