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
    `r[i,j] = acc[i,j] + sum_k a[i,k] * b[k,j]`, summed in the accumulator's type; rank 3 has a leading batch dimension.
    `precision` says how f32 operands are fed to tensor cores (`ieee`: not at all).
  }];
  let arguments = (ins Tile_NumberBlock:$a, Tile_NumberBlock:$b, Tile_NumberBlock:$acc,
    DefaultValuedAttr<Tile_InputPrecisionAttr, "::cosmati::tile::InputPrecision::IEEE">:$precision,
    DefaultValuedAttr<I32Attr, "0">:$maxNumImpreciseAcc);
  let results = (outs Tile_NumberBlock:$result);
  let assemblyFormat = "$a `,` $b `,` $acc (`precision` $precision^)? attr-dict `:` type($a) `,` type($b) `,` type($acc)";
  let hasVerifier = 1;
}

def Tile_ReduceOp : Tile_Op<"reduce", [Pure, SingleBlock, SameVariadicOperandSize, IsolatedFromAbove, RecursiveMemoryEffects]> {
  let summary = "combines the elements along one dimension";
  let description = [{
    `r[j] = combine over i of src[.., i, ..]`, for one or several blocks at once; the region takes two tuples of scalars and yields one. The
    combination is associative and commutative: the order is the compiler's. A block of rank 1 reduces to scalars.
  }];
  let arguments = (ins Variadic<Tile_Block>:$sources, I32Attr:$axis);
  let results = (outs Variadic<Tile_ScalarLike>:$results);
  let regions = (region SizedRegion<1>:$combine);
  let assemblyFormat = "`(` $sources `)` `axis` `=` $axis attr-dict `:` functional-type($sources, $results) $combine";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Tile_ScanOp : Tile_Op<"scan", [Pure, SingleBlock, IsolatedFromAbove, RecursiveMemoryEffects]> {
  let summary = "running combination along one dimension";
  let description = [{
    `r[.., i, ..] = combine(src[.., 0, ..], ..., src[.., i, ..])` in that order (from the end where `reverse`). The combination is associative.
  }];
  let arguments = (ins Variadic<Tile_Block>:$sources, I32Attr:$axis, UnitAttr:$reverse);
  let results = (outs Variadic<Tile_Block>:$results);
  let regions = (region SizedRegion<1>:$combine);
  let assemblyFormat = "`(` $sources `)` `axis` `=` $axis (`reverse` $reverse^)? attr-dict `:` functional-type($sources, $results) $combine";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Tile_YieldOp : Tile_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "ends a combine region";
  let arguments = (ins Variadic<Tile_Scalar>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def Tile_FpConvertOp : Tile_ElementwiseOp<"fp_convert", [SameOperandsAndResultShape]> {
  let summary = "conversion between floating-point types with explicit rounding and overflow";
  let description = [{
    Used where a type is fp8 or the rounding is not to nearest even; else it is arith.extf and arith.truncf. Rounds once, from the source's
    exact value. `saturate`: beyond the largest finite value becomes that value, as does infinity; `nonfinite`: infinity where the format has
    one, else NaN. NaN stays NaN.
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
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}
def Tile_SqrtRnOp : Tile_ElementwiseFloatOp<"sqrt_rn", (ins Tile_FloatLike:$value)> {
  let summary = "square root rounded to nearest even, whatever the numeric mode";
  let assemblyFormat = "$value attr-dict `:` type($result)";
}
def Tile_MulHiUOp : Tile_ElementwiseOp<"mulhi_u", [SameOperandsAndResultType]> {
  let summary = "upper half of the double-width unsigned product";
  let arguments = (ins Tile_IntLike:$lhs, Tile_IntLike:$rhs);
  let results = (outs Tile_IntLike:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}
def Tile_ExternElementwiseOp : Tile_ElementwiseOp<"extern_elementwise", [SameOperandsAndResultShape]> {
  let summary = "calls a device function of a bitcode library on each element";
  let description = [{ `symbol` is the function's name in `library` ("libdevice" is found by the tool chain search). }];
  let arguments = (ins StrAttr:$library, StrAttr:$symbol, Variadic<Tile_ScalarLike>:$args);
  let results = (outs Tile_ScalarLike:$result);
  let assemblyFormat = "$library `,` $symbol `(` $args `)` attr-dict `:` functional-type($args, $result)";
  let hasVerifier = 1;
}

#endif
