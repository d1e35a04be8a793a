// Pointers, loads, stores and atomics.
#ifndef COSMATI_TILE_MEMORY_OPS
#define COSMATI_TILE_MEMORY_OPS

include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "dialects/Tile/IR/TileAttrs.td"
include "dialects/Tile/IR/TileTypes.td"

// The value type that a pointer type reads or writes: !tile.ptr<T> -> T, tensor<SxPtr<T>, E> -> tensor<SxT, E>.
class Tile_Pointee<string ptr, string value> : TypesMatchWith<"type of " # value # " is what " # ptr # " points to",
    ptr, value, "::cosmati::tile::pointeeTypeOf($_self)">;
def Tile_AddPtrOp : Tile_ElementwiseOp<"addptr", [SameOperandsAndResultShape, AllTypesMatch<["ptr", "result"]>]> {
  let summary = "pointer plus an offset counted in elements";
  let description = [{
    `r = ptr + sext(offset) * sizeof(pointee)`. The offset is signed, 8 to 64 bits. The compiler introduces no wrap: the product
    is formed in 64 bits.
  }];
  let arguments = (ins Tile_PtrLike:$ptr, Tile_IntLike:$offset);
  let results = (outs Tile_PtrLike:$result);
  let assemblyFormat = "$ptr `,` $offset attr-dict `:` type($ptr) `,` type($offset)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_PtrToIntOp : Tile_ElementwiseOp<"ptr_to_int", [SameOperandsAndResultShape]> {
  let summary = "address as a 64-bit integer";
  let arguments = (ins Tile_PtrLike:$ptr);
  let results = (outs Tile_IntLike:$result);
  let assemblyFormat = "$ptr attr-dict `:` type($ptr) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_IntToPtrOp : Tile_ElementwiseOp<"int_to_ptr", [SameOperandsAndResultShape]> {
  let summary = "64-bit integer as an address";
  let arguments = (ins Tile_IntLike:$value);
  let results = (outs Tile_PtrLike:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_PtrCastOp : Tile_ElementwiseOp<"ptr_cast", [SameOperandsAndResultShape]> {
  let summary = "same address, other pointee";
  let arguments = (ins Tile_PtrLike:$ptr);
  let results = (outs Tile_PtrLike:$result);
  let assemblyFormat = "$ptr attr-dict `:` type($ptr) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_LoadOp : Tile_Op<"load", [AttrSizedOperandSegments, Tile_Pointee<"ptr", "result">,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "reads a scalar or a block from memory";
  let description = [{
    `r[i] = mask[i] ? *ptr[i] : other[i]`. Without `other` a masked-off element is 0; its address is not touched.
  }];
  let arguments = (ins Tile_PtrLike:$ptr, Optional<Tile_BoolLike>:$mask, Optional<Tile_ScalarLike>:$other,
    DefaultValuedAttr<Tile_CacheModifierAttr, "::cosmati::tile::CacheModifier::None">:$cache,
    DefaultValuedAttr<Tile_EvictionPolicyAttr, "::cosmati::tile::EvictionPolicy::Normal">:$evict,
    UnitAttr:$isVolatile);
  let results = (outs Tile_ScalarLike:$result);
  let assemblyFormat = "$ptr (`mask` $mask^ `:` type($mask))? (`other` $other^ `:` type($other))? attr-dict `:` type($ptr)";
  let builders = [OpBuilder<(ins "::mlir::Value":$ptr, CArg<"::mlir::Value", "{}">:$mask, CArg<"::mlir::Value", "{}">:$other,
      CArg<"::cosmati::tile::CacheModifier", "::cosmati::tile::CacheModifier::None">:$cache,
      CArg<"::cosmati::tile::EvictionPolicy", "::cosmati::tile::EvictionPolicy::Normal">:$evict, CArg<"bool", "false">:$isVolatile)>];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Tile_StoreOp : Tile_Op<"store", [Tile_Pointee<"ptr", "value">, MemoryEffects<[MemWrite]>]> {
  let summary = "writes a scalar or a block to memory";
  let description = [{ `if (mask[i]) *ptr[i] = value[i]`. Two elements with one address: which one stays is not defined. }];
  let arguments = (ins Tile_PtrLike:$ptr, Tile_ScalarLike:$value, Optional<Tile_BoolLike>:$mask,
    DefaultValuedAttr<Tile_CacheModifierAttr, "::cosmati::tile::CacheModifier::None">:$cache,
    DefaultValuedAttr<Tile_EvictionPolicyAttr, "::cosmati::tile::EvictionPolicy::Normal">:$evict);
  let assemblyFormat = "$ptr `,` $value (`mask` $mask^ `:` type($mask))? attr-dict `:` type($ptr)";
  let builders = [OpBuilder<(ins "::mlir::Value":$ptr, "::mlir::Value":$value, CArg<"::mlir::Value", "{}">:$mask,
      CArg<"::cosmati::tile::CacheModifier", "::cosmati::tile::CacheModifier::None">:$cache,
      CArg<"::cosmati::tile::EvictionPolicy", "::cosmati::tile::EvictionPolicy::Normal">:$evict)>];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Tile_AtomicRMWOp : Tile_Op<"atomic_rmw", [Tile_Pointee<"ptr", "value">, Tile_Pointee<"ptr", "result">,
    MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "atomic read-modify-write of each element";
  let description = [{ `r[i] = *ptr[i]; *ptr[i] = kind(r[i], value[i])` as one step, where the mask is set. Masked-off results are 0. }];
  let arguments = (ins Tile_AtomicKindAttr:$kind, Tile_MemSemanticAttr:$sem, Tile_MemScopeAttr:$scope,
    Tile_PtrLike:$ptr, Tile_ScalarLike:$value, Optional<Tile_BoolLike>:$mask);
  let results = (outs Tile_ScalarLike:$result);
  let assemblyFormat = "$kind `,` $sem `,` $scope `,` $ptr `,` $value (`mask` $mask^ `:` type($mask))? attr-dict `:` type($ptr)";
  let hasVerifier = 1;
}

def Tile_AtomicCASOp : Tile_Op<"atomic_cas", [Tile_Pointee<"ptr", "value">, Tile_Pointee<"ptr", "compare">, Tile_Pointee<"ptr", "result">,
    MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "atomic compare-and-swap of each element";
  let description = [{ `r[i] = *ptr[i]; if (r[i] == compare[i]) *ptr[i] = value[i]` as one step. Floats compare by their bits. }];
  let arguments = (ins Tile_MemSemanticAttr:$sem, Tile_MemScopeAttr:$scope, Tile_PtrLike:$ptr, Tile_ScalarLike:$compare,
    Tile_ScalarLike:$value);
  let results = (outs Tile_ScalarLike:$result);
  let assemblyFormat = "$sem `,` $scope `,` $ptr `,` $compare `,` $value attr-dict `:` type($ptr)";
  let hasVerifier = 1;
}

#endif
