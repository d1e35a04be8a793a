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
    `r = ptr + sext(offset) * sizeof(pointee)`, where an i1 counts as one byte. The offset is signed. The compiler introduces no
    wrap: offset and product are formed in 64 bits. For the same reason `addptr(addptr(p, x), y)` stays as it is: `x + y` may wrap where
    the addresses don't.

    - (addptr_c1) The offset has 8 to 64 bits.

    Fold: an offset of 0 gives `ptr`.

    Example:
    ```mlir
    %q = tile.addptr %p, %i : tensor<128x!tile.ptr<f32>>, tensor<128xi32>
    ```
  }];
  let arguments = (ins Tile_PtrLike:$ptr, Tile_IntLike:$offset);
  let results = (outs Tile_PtrLike:$result);
  let assemblyFormat = "$ptr `,` $offset attr-dict `:` type($ptr) `,` type($offset)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_PtrToIntOp : Tile_ElementwiseOp<"ptr_to_int", [SameOperandsAndResultShape]> {
  let summary = "address as a 64-bit integer";
  let description = [{
    `r = address(ptr)`, in bytes.

    - (address_c1) The integer has 64 bits.

    Fold: `ptr_to_int(int_to_ptr(x))` is `x`.

    Example: `%i = tile.ptr_to_int %p : !tile.ptr<f32> -> i64`
  }];
  let arguments = (ins Tile_PtrLike:$ptr);
  let results = (outs Tile_IntLike:$result);
  let assemblyFormat = "$ptr attr-dict `:` type($ptr) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_IntToPtrOp : Tile_ElementwiseOp<"int_to_ptr", [SameOperandsAndResultShape]> {
  let summary = "64-bit integer as an address";
  let description = [{
    The pointer whose address in bytes is `value`.

    - (address_c1) The integer has 64 bits.

    Example: `%p = tile.int_to_ptr %i : tensor<4xi64> -> tensor<4x!tile.ptr<f32>>`
  }];
  let arguments = (ins Tile_IntLike:$value);
  let results = (outs Tile_PtrLike:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_PtrCastOp : Tile_ElementwiseOp<"ptr_cast", [SameOperandsAndResultShape]> {
  let summary = "same address, other pointee";
  let description = [{
    `address(r) = address(ptr)`.

    - (ptr_cast_c1) The address space stays.

    Folds: a cast to the same type is its operand; of two casts the second alone remains.

    Example: `%q = tile.ptr_cast %p : !tile.ptr<i1> -> !tile.ptr<i8>`
  }];
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
    `r[i] = mask[i] ? *ptr[i] : other[i]`. Without `other` a masked-off element is 0 (a null pointer). Its address is not touched.
    `cache` and `evict` are hints for the hardware's caches and change no result. A volatile load is neither removed nor merged.

    - (load_c1) `mask` has the shape and layout of `ptr`; a scalar pointer takes an i1.
    - (load_c2) `other` needs a `mask`.
    - (load_c3) `other` has the type of the result.
    - (load_c4) `cache` is none, ca, cg, cs or cv.
    - (load_c5) An element has 8, 16, 32 or 64 bits, or is a pointer; a pointer to i1 is first cast to i8.

    Canonical forms: a mask that is all true disappears, with `other`; a load whose mask is all false is its `other`, else zeros.

    Example:
    ```mlir
    %v = tile.load %p mask %m : tensor<128xi1> other %zero : tensor<128xf32> : tensor<128x!tile.ptr<f32>>
    %s = tile.load %q {cache = #tile.cache<cg>} : !tile.ptr<i32>
    ```
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
  let description = [{
    `if (mask[i]) *ptr[i] = value[i]`. Of two elements with one address, which one stays is not defined.

    - (store_c1) `mask` has the shape and layout of `ptr`; a scalar pointer takes an i1.
    - (store_c2) `cache` is none, wb, cg, cs or wt.
    - (store_c3) An element has 8, 16, 32 or 64 bits, or is a pointer; a pointer to i1 is first cast to i8.

    Canonical forms: a mask that is all true disappears; a store whose mask is all false is erased.

    Example: `tile.store %p, %v mask %m : tensor<128xi1> : tensor<128x!tile.ptr<f32>>`
  }];
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
  let description = [{
    `r[i] = *ptr[i]; *ptr[i] = kind(r[i], value[i])` as one step, where the mask is set. Masked-off results are 0, their addresses are not
    touched. Elements come in no defined order. `sem` orders other accesses around it, as seen by the threads of `scope`.

    - (atomic_rmw_c1) `mask` has the shape and layout of `ptr`; a scalar pointer takes an i1.
    - (atomic_rmw_c2) The kind fits the element type:

    | kind | element |
    |---|---|
    | and, or, xor, add, max, min, umax, umin | integers of 32 or 64 bits |
    | fadd | floats of 16 to 64 bits |
    | fmax, fmin | floats of 32 or 64 bits |
    | exch | numbers of 32 or 64 bits |

    Example: `%old = tile.atomic_rmw fadd, acq_rel, gpu, %p, %v mask %m : tensor<8xi1> : tensor<8x!tile.ptr<f32>>`
  }];
  let arguments = (ins Tile_AtomicKindAttr:$kind, Tile_MemSemanticAttr:$sem, Tile_MemScopeAttr:$scope,
    Tile_PtrLike:$ptr, Tile_ScalarLike:$value, Optional<Tile_BoolLike>:$mask);
  let results = (outs Tile_ScalarLike:$result);
  let assemblyFormat = "$kind `,` $sem `,` $scope `,` $ptr `,` $value (`mask` $mask^ `:` type($mask))? attr-dict `:` type($ptr)";
  let hasVerifier = 1;
}

def Tile_AtomicCASOp : Tile_Op<"atomic_cas", [Tile_Pointee<"ptr", "value">, Tile_Pointee<"ptr", "compare">, Tile_Pointee<"ptr", "result">,
    MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "atomic compare-and-swap of each element";
  let description = [{
    `r[i] = *ptr[i]; if (r[i] == compare[i]) *ptr[i] = value[i]` as one step. Floats compare by their bits.

    - (atomic_cas_c1) An element is a number of 16, 32 or 64 bits.

    Example: `%old = tile.atomic_cas acquire, gpu, %p, %free, %taken : !tile.ptr<i32>`
  }];
  let arguments = (ins Tile_MemSemanticAttr:$sem, Tile_MemScopeAttr:$scope, Tile_PtrLike:$ptr, Tile_ScalarLike:$compare,
    Tile_ScalarLike:$value);
  let results = (outs Tile_ScalarLike:$result);
  let assemblyFormat = "$sem `,` $scope `,` $ptr `,` $compare `,` $value attr-dict `:` type($ptr)";
  let hasVerifier = 1;
}

#endif
