// The program's place in the grid, barriers and debugging.
#ifndef COSMATI_TILE_PROGRAM_OPS
#define COSMATI_TILE_PROGRAM_OPS

include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/Tile/IR/TileAttrs.td"
include "dialects/Tile/IR/TileTypes.td"

def Tile_ProgramIdOp : Tile_Op<"program_id", [Pure]> {
  let summary = "index of this program along one axis of the grid";
  let description = [{
    `r` is in [0, num_programs of the axis). The grid holds at most 2^31 - 1 programs along x, 65535 along y and z.

    Example: `%x = tile.program_id x : i32`
  }];
  let arguments = (ins Tile_AxisAttr:$axis);
  let results = (outs I32:$result);
  let assemblyFormat = "$axis attr-dict `:` type($result)";
}

def Tile_NumProgramsOp : Tile_Op<"num_programs", [Pure]> {
  let summary = "extent of the grid along one axis";
  let description = [{
    `r` is 1 or more; it is the launch's, not known when the kernel is compiled.

    Example: `%n = tile.num_programs y : i32`
  }];
  let arguments = (ins Tile_AxisAttr:$axis);
  let results = (outs I32:$result);
  let assemblyFormat = "$axis attr-dict `:` type($result)";
}

def Tile_DebugBarrierOp : Tile_Op<"debug_barrier", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "all threads of the program meet here, and see each other's earlier memory accesses";
  let description = [{
    A block operation needs none: the compiler orders what depends on each other through values. It is for memory that the program both writes and reads through
    pointers, and for debugging.

    Example: `tile.debug_barrier`
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_PrintOp : Tile_Op<"print", [MemoryEffects<[MemWrite]>]> {
  let summary = "prints each element with its program id and index";
  let description = [{
    One line per element: program id, index, `prefix`, value. Integers are signless, so each argument's sign is said here; `hex` prints the bits.

    - (print_c1) `signed` has one entry per argument.

    Example: `tile.print "x = " (%x, %y : tensor<8xi32>, f32) signed = [true, false]`
  }];
  let arguments = (ins StrAttr:$prefix, UnitAttr:$hex, DenseBoolArrayAttr:$isSigned, Variadic<Tile_ScalarLike>:$args);
  let assemblyFormat = "$prefix (`hex` $hex^)? (`(` $args^ `:` type($args) `)`)? `signed` `=` $isSigned attr-dict";
  let hasVerifier = 1;
}

def Tile_AssertOp : Tile_Op<"assert", [MemoryEffects<[MemWrite]>]> {
  let summary = "stops the launch with a message where the condition is false";
  let description = [{
    Where an element of `condition` is false the program prints `message` with the source line and traps: the launch fails, and nothing that
    it wrote may be relied upon.

    Canonical form: an assertion that is all true is erased.

    Example: `tile.assert %ok, "index out of range" : tensor<128xi1>`
  }];
  let arguments = (ins Tile_BoolLike:$condition, StrAttr:$message);
  let assemblyFormat = "$condition `,` $message attr-dict `:` type($condition)";
  let hasCanonicalizeMethod = 1;
}

#endif
