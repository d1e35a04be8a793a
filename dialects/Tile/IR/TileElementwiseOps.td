// Foreign code on each element: PTX text, a function of a bitcode library, a region over scalars.
#ifndef COSMATI_TILE_ELEMENTWISE_OPS
#define COSMATI_TILE_ELEMENTWISE_OPS

include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/Tile/IR/TileTypes.td"

// Elementwise with effects and results of its own: MLIR's trait checks that all blocks have one shape, and that there is a block
// among the operands exactly if the results are blocks.
class Tile_ForeignOp<string mnemonic, list<Trait> traits>
    : Tile_Op<mnemonic, !listconcat([Tile_SameEncoding], ElementwiseMappable.traits, traits)>;

def Tile_ExternElementwiseOp : Tile_ForeignOp<"extern_elementwise",
    [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>, DeclareOpInterfaceMethods<ConditionallySpeculatable>]> {
  let summary = "calls a device function of a bitcode library on each element";
  let description = [{
    `r[i] = symbol(args0[i], args1[i], ..)`. `symbol` is the function's name in `library`: "libdevice", which the tool chain search finds, or any
    name with the file's `path`. The function has no side effects unless `impure`: then no call is removed, moved or made twice.

    - (extern_elementwise_c1) There is an argument.
    - (extern_elementwise_c2) `symbol` is not empty.
    - (extern_elementwise_c3) A library other than libdevice, and "device_code" for functions whose PTX the module carries, has a `path`.

    Example: `%r = tile.extern_elementwise "libdevice", "__nv_atan2f" (%y, %x) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>`
  }];
  let arguments = (ins StrAttr:$library, StrAttr:$symbol, Variadic<Tile_ScalarLike>:$args, OptionalAttr<StrAttr>:$path, UnitAttr:$impure);
  let results = (outs Tile_ScalarLike:$result);
  let assemblyFormat = "$library `,` $symbol (`of` $path^)? (`impure` $impure^)? `(` $args `)` attr-dict `:` functional-type($args, $result)";
  let hasVerifier = 1;
}

def Tile_InlineAsmOp : Tile_ForeignOp<"inline_asm",
    [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>, DeclareOpInterfaceMethods<ConditionallySpeculatable>]> {
  let summary = "PTX text applied to the elements, `pack` of them at a time";
  let description = [{
    The text is run for each group of `pack` elements that a thread holds; which elements make a group is not defined, and a last group that is
    not full is filled with zeros. In the text `$0`, `$1`, .. are the registers of `constraints` (LLVM's notation), results first: for each value in order the
    registers of its `pack` elements, where elements narrower than 32 bits share a register, the first one in the lowest bits: `min(pack, 32 / bits)`
    of them. A register may be wider than what it holds: the rest is zero in arguments, and dropped from results. `impure`: no run is removed,
    moved or made twice; each thread that holds a replica runs the text. (AsmConstraints.h has the letters.)

    - (inline_asm_c1) There is a result.
    - (inline_asm_c2) `pack` is a power of two from 1 to 32.
    - (inline_asm_c3) The constraints can be read.
    - (inline_asm_c4) They name as many outputs and inputs as the values take registers.
    - (inline_asm_c5) Each is at least as wide as what it holds.

    Example: `%r = tile.inline_asm "lop3.b32 $0, $1, $2, $2, 0x3c;" constraints "=r,r,r" pack 4 (%x, %y) : (tensor<64xi8>, tensor<64xi8>) -> tensor<64xi8>`
  }];
  let arguments = (ins StrAttr:$text, StrAttr:$constraints, Variadic<Tile_ScalarLike>:$args, DefaultValuedAttr<I32Attr, "1">:$pack, UnitAttr:$impure);
  let results = (outs Variadic<Tile_ScalarLike>:$results);
  let assemblyFormat = [{
    $text `constraints` $constraints (`pack` $pack^)? (`impure` $impure^)? `(` $args `)` attr-dict `:` functional-type($args, $results)
  }];
  let hasVerifier = 1;
}

def Tile_MapElementwiseOp : Tile_ForeignOp<"map_elementwise",
    [SingleBlock, IsolatedFromAbove, RecursiveMemoryEffects, RecursivelySpeculatable]> {
  let summary = "a region over scalars, run for each element";
  let description = [{
    The region is run for each group of `pack` elements that a thread holds; which elements make a group is not defined, and a last group that
    is not full repeats its last element. Its arguments are, for each source in order, the group's elements; it yields the same way for each
    result. Control flow in it is each thread's own: a branch that no element takes costs nothing.
    What it may do is compute and read memory (`tile.load` of scalars); checked where it is lowered, when calls are inlined.

    - (map_elementwise_c1) There are a source and a result.
    - (map_elementwise_c2) `pack` is positive.
    - (map_elementwise_c3) The region takes `pack` scalars for each source, of its element type,
    - (map_elementwise_c4) ends with tile.yield,
    - (map_elementwise_c5) which yields `pack` scalars for each result, of its element type.

    Example:
    ```mlir
    %r = tile.map_elementwise (%v) : (tensor<64xf32>) -> tensor<64xf32> {
    ^bb0(%x: f32):
      %zero = arith.constant 0.0 : f32
      %positive = arith.cmpf ogt, %x, %zero : f32
      %y = scf.if %positive -> f32 {
        scf.yield %x : f32
      } else {
        %e = math.exp %x : f32
        scf.yield %e : f32
      }
      tile.yield %y : f32
    }
    ```
  }];
  let arguments = (ins Variadic<Tile_ScalarLike>:$sources, DefaultValuedAttr<I32Attr, "1">:$pack);
  let results = (outs Variadic<Tile_ScalarLike>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`(` $sources `)` (`pack` $pack^)? attr-dict `:` functional-type($sources, $results) $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

#endif
