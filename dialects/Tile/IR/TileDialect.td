#ifndef COSMATI_TILE_DIALECT
#define COSMATI_TILE_DIALECT

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::cosmati::tile";
  let summary = "block-level kernels: pointers, memory access, shapes, dot, reduce, scan, atomics";
  let description = [{
    A block is a builtin `tensor` of static shape; a scalar is a builtin number or a `!tile.ptr`. Elementwise work and
    control flow are arith, math, scf and func; this dialect holds what those lack. A kernel is a `func.func` with the unit
    attribute `tile.kernel`; its arguments may carry `tile.divisibility = N : i32` (the pointer or integer is a multiple of N).
    Integers are signless, as everywhere in MLIR: an op whose result depends on the sign says so by its name or kind.
    Tensors may carry a layout as their encoding (the GPU level does); every op here accepts both forms.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::func::FuncDialect", "mlir::math::MathDialect",
                           "mlir::scf::SCFDialect"];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
}

// TileTraits.h says what they check.
class Tile_Trait<string name> : NativeOpTrait<name> { let cppNamespace = "::cosmati::tile"; }
def Tile_StaticBlocks : Tile_Trait<"StaticBlocks">;
def Tile_SameEncoding : Tile_Trait<"SameEncoding">;

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, !listconcat([Tile_StaticBlocks], traits)>;

// Applies to each element on its own; blocks and scalars alike. Lowered per register by the pattern over ElementwiseMappable.
class Tile_ElementwiseOp<string mnemonic, list<Trait> traits = []>
    : Tile_Op<mnemonic, !listconcat([Pure, Tile_SameEncoding], ElementwiseMappable.traits, traits)>;

#endif
