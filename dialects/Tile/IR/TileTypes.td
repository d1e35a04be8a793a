#ifndef COSMATI_TILE_TYPES
#define COSMATI_TILE_TYPES

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "dialects/Tile/IR/TileDialect.td"

def Tile_PtrType : TypeDef<Tile_Dialect, "Ptr", []> {
  let mnemonic = "ptr";
  let summary = "address of a scalar in global memory";
  let description = [{
    `!tile.ptr<f32>`; a block of addresses is `tensor<128x!tile.ptr<f32>>`. The address space is PTX's number: 1 (global) unless given.
  }];
  let parameters = (ins "::mlir::Type":$pointee, DefaultValuedParameter<"unsigned", "1">:$addressSpace);
  let assemblyFormat = "`<` $pointee (`,` $addressSpace^)? `>`";
  let builders = [TypeBuilderWithInferredContext<(ins "::mlir::Type":$pointee, CArg<"unsigned", "1">:$addressSpace), [{
    return $_get(pointee.getContext(), pointee, addressSpace);
  }]>];
  let genVerifyDecl = 1;
}

// Numbers of the language; floats include fp8 (f8E4M3FN, f8E5M2 and kin).
def Tile_Number : AnyTypeOf<[AnySignlessInteger, AnyFloat]>;
def Tile_Scalar : AnyTypeOf<[AnySignlessInteger, AnyFloat, Tile_PtrType]>;
def Tile_Block : RankedTensorOf<[AnySignlessInteger, AnyFloat, Tile_PtrType]>;
def Tile_NumberBlock : RankedTensorOf<[AnySignlessInteger, AnyFloat]>;
def Tile_FloatBlock : RankedTensorOf<[AnyFloat]>;
def Tile_IntBlock : RankedTensorOf<[AnySignlessInteger]>;
def Tile_PtrBlock : RankedTensorOf<[Tile_PtrType]>;
// "Like": a scalar or a block of them.
def Tile_ScalarLike : AnyTypeOf<[Tile_Scalar, Tile_Block]>;
def Tile_NumberLike : AnyTypeOf<[Tile_Number, Tile_NumberBlock]>;
def Tile_FloatLike : AnyTypeOf<[AnyFloat, Tile_FloatBlock]>;
def Tile_IntLike : AnyTypeOf<[AnySignlessInteger, Tile_IntBlock]>;
def Tile_PtrLike : AnyTypeOf<[Tile_PtrType, Tile_PtrBlock]>;
def Tile_BoolLike : AnyTypeOf<[I1, RankedTensorOf<[I1]>]>;

#endif
