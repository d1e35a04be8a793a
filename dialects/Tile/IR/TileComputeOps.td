// Dot, reduce, scan, conversions and the elementwise functions that arith and math lack.
#ifndef COSMATI_TILE_COMPUTE_OPS
#define COSMATI_TILE_COMPUTE_OPS

include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "dialects/Tile/IR/TileAttrs.td"
include "dialects/Tile/IR/TileTypes.td"

def Tile_DotOp : Tile_Op<"dot", [Pure, AllTypesMatch<["acc", "result"]>]> {
  let summary = "matrix multiply-accumulate";
  let description = [{
    `r[i,j] = acc[i,j] + sum_k a[i,k] * b[k,j]`, summed in the accumulator's type, in an order that is the compiler's; rank 3 has a leading
    batch dimension. Integers wrap. `precision` says how f32 operands are fed to tensor cores: `tf32` rounds them, the `x3` and `x6` forms
    add products of their parts, `ieee` uses no tensor core. `maxNumImpreciseAcc` is the number of products of fp8 that
    the hardware may sum by itself, in less than f32 as tensor cores of sm_90 do, before the sum is added to the accumulator in f32; 0: any number.

    - (dot_c1) K of `a` equals K of `b`.
    - (dot_c2) `a`, `b` and `acc` have rank 2, or all rank 3.
    - (dot_c3) `acc` has M of `a` and N of `b`.
    - (dot_c4) Batch sizes are equal.
    - (dot_c5) The element types are one row of

    | a, b | acc |
    |---|---|
    | f16 | f16, f32 |
    | bf16 | f32 |
    | f32 | f32 |
    | f64 | f64 |
    | i8, each signed unless `unsignedA`, `unsignedB` | i32 |
    | f8E4M3FN or f8E5M2, each | f16, f32 |

    - (dot_c6) `maxNumImpreciseAcc` is not negative.
    - (dot_c7) All blocks have a layout, or none has.
    - (dot_c8) `unsignedA` and `unsignedB` go with i8.

    Example: `%r = tile.dot %a, %b, %c precision tf32 : tensor<64x32xf32>, tensor<32x64xf32>, tensor<64x64xf32>`
  }];
  let arguments = (ins Tile_NumberBlock:$a, Tile_NumberBlock:$b, Tile_NumberBlock:$acc,
    DefaultValuedAttr<Tile_InputPrecisionAttr, "::cosmati::tile::InputPrecision::IEEE">:$precision,
    DefaultValuedAttr<I32Attr, "0">:$maxNumImpreciseAcc, UnitAttr:$unsignedA, UnitAttr:$unsignedB);
  let results = (outs Tile_NumberBlock:$result);
  let assemblyFormat = "$a `,` $b `,` $acc (`precision` $precision^)? attr-dict `:` type($a) `,` type($b) `,` type($acc)";
  let hasVerifier = 1;
}

// Rules that reduce and scan share (verifyCombineSources and verifyCombineRegion in TileDialect.h):
//   (combine_c1) There is a source.
//   (combine_c2) All sources have one shape and layout.
//   (combine_c3) `axis` is a dimension of them.
//   (combine_c4) There are as many results as sources.
//   (combine_c5) The region takes two tuples of scalars (a0, .., an, b0, .., bn), one entry per source,
//   (combine_c6) of the types of the sources' elements,
//   (combine_c7) ends with tile.yield,
//   (combine_c8) which yields one tuple,
//   (combine_c9) of these types.
// The region may call functions; they are to have no side effects, as the number of calls is the compiler's.

def Tile_ReduceOp : Tile_Op<"reduce", [Pure, SingleBlock, SameVariadicOperandSize, IsolatedFromAbove, RecursiveMemoryEffects]> {
  let summary = "combines the elements along one dimension";
  let description = [{
    `r[j] = combine over i of src[.., i, ..]`, for one or several blocks at once; the region takes two tuples of scalars and yields one. The
    combination is associative and commutative: the order is the compiler's. A block of rank 1 reduces to scalars.

    - (combine_c1 to combine_c9) as listed above in this file.
    - (reduce_c1) A result has the source's shape without `axis` (a scalar if nothing is left), and its element type.
    - (layout_c1, layout_c2)

    Example:
    ```mlir
    %sum = tile.reduce (%v) axis = 1 : (tensor<64x32xf32>) -> tensor<64xf32> {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      tile.yield %s : f32
    }
    ```
  }];
  let arguments = (ins Variadic<Tile_Block>:$sources, I32Attr:$axis);
  let results = (outs Variadic<Tile_ScalarLike>:$results);
  let regions = (region SizedRegion<1>:$combine);
  let assemblyFormat = "`(` $sources `)` `axis` `=` $axis attr-dict `:` functional-type($sources, $results) $combine";
  // Infers the results' types and leaves the region empty.
  let builders = [OpBuilder<(ins "::mlir::ValueRange":$sources, "int32_t":$axis)>];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Tile_ScanOp : Tile_Op<"scan", [Pure, SingleBlock, IsolatedFromAbove, RecursiveMemoryEffects]> {
  let summary = "running combination along one dimension";
  let description = [{
    `r[.., i, ..] = combine(src[.., 0, ..], ..., src[.., i, ..])` in that order (from the end where `reverse`). The combination is associative;
    it need not be commutative: the earlier elements are the first tuple.

    - (combine_c1 to combine_c9) as listed above in this file.
    - (scan_c1) A result has the type of its source.

    Example:
    ```mlir
    %c = tile.scan (%v) axis = 0 reverse : (tensor<64xi32>) -> tensor<64xi32> {
    ^bb0(%a: i32, %b: i32):
      %s = arith.addi %a, %b : i32
      tile.yield %s : i32
    }
    ```
  }];
  let arguments = (ins Variadic<Tile_Block>:$sources, I32Attr:$axis, UnitAttr:$reverse);
  let results = (outs Variadic<Tile_Block>:$results);
  let regions = (region SizedRegion<1>:$combine);
  let assemblyFormat = "`(` $sources `)` `axis` `=` $axis (`reverse` $reverse^)? attr-dict `:` functional-type($sources, $results) $combine";
  // Infers the results' types and leaves the region empty.
  let builders = [OpBuilder<(ins "::mlir::ValueRange":$sources, "int32_t":$axis, CArg<"bool", "false">:$reverse)>];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Tile_YieldOp : Tile_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "ends a combine region";
  let description = [{
    The combination of the region's two tuples. The op that holds the region checks number and types.

    Example: `tile.yield %value, %index : f32, i32`
  }];
  let arguments = (ins Variadic<Tile_Scalar>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def Tile_FpConvertOp : Tile_ElementwiseOp<"fp_convert", [SameOperandsAndResultShape]> {
  let summary = "conversion between floating-point types with explicit rounding and overflow";
  let description = [{
    Used where a type is fp8 or the rounding is not to nearest even; else it is arith.extf and arith.truncf. Rounds once, from the source's
    exact value. A value overflows if it rounds beyond the largest finite one. `saturate`: that becomes the largest finite value of its sign,
    as does infinity (a type that holds every value of the source has room for infinity, too: nothing overflows); `nonfinite`: infinity where the format has one, else NaN (the FNUZ formats have one zero and one NaN: -0 becomes 0). `rtz` never rounds a finite value beyond the largest one. NaN stays NaN.

    - (fp_convert_c1) The types are among f8E4M3FN, f8E5M2, f8E4M3FNUZ, f8E5M2FNUZ, f16, bf16, f32, f64.
    - (fp_convert_c2) They differ.

    Fold: of a constant or a constant splat it is one, unless the value is or becomes NaN (which NaN is the target's affair).

    Example: `%q = tile.fp_convert %x rounding rtne overflow saturate : tensor<128xf32> -> tensor<128xf8E4M3FN>`
  }];
  let arguments = (ins Tile_FloatLike:$value,
    DefaultValuedAttr<Tile_RoundingAttr, "::cosmati::tile::Rounding::NearestEven">:$rounding,
    DefaultValuedAttr<Tile_OverflowAttr, "::cosmati::tile::Overflow::Saturate">:$overflow);
  let results = (outs Tile_FloatLike:$result);
  let assemblyFormat = "$value (`rounding` $rounding^)? (`overflow` $overflow^)? attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

class Tile_ElementwiseFloatOp<string mnemonic, dag args> : Tile_ElementwiseOp<mnemonic, [SameOperandsAndResultType]> {
  let arguments = args;
  let results = (outs Tile_FloatLike:$result);
}
def Tile_DivRnOp : Tile_ElementwiseFloatOp<"div_rn", (ins Tile_FloatLike:$lhs, Tile_FloatLike:$rhs)> {
  let summary = "division rounded to nearest even, whatever the numeric mode";
  let description = [{
    `r = round(lhs / rhs)` of IEEE 754. arith.divf is the division that the numeric mode may approximate.

    Example: `%r = tile.div_rn %x, %y : tensor<128xf32>`
  }];
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}
def Tile_SqrtRnOp : Tile_ElementwiseFloatOp<"sqrt_rn", (ins Tile_FloatLike:$value)> {
  let summary = "square root rounded to nearest even, whatever the numeric mode";
  let description = [{
    `r = round(sqrt(value))` of IEEE 754. math.sqrt is the root that the numeric mode may approximate.

    Example: `%r = tile.sqrt_rn %x : tensor<128xf32>`
  }];
  let assemblyFormat = "$value attr-dict `:` type($result)";
}
def Tile_MulHiUOp : Tile_ElementwiseOp<"mulhi_u", [SameOperandsAndResultType]> {
  let summary = "upper half of the double-width unsigned product";
  let description = [{
    `r = (zext(lhs) * zext(rhs)) >> width`.

    Example: `%r = tile.mulhi_u %x, %y : tensor<128xi32>`
  }];
  let arguments = (ins Tile_IntLike:$lhs, Tile_IntLike:$rhs);
  let results = (outs Tile_IntLike:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

#endif
