#ifndef COSMATI_TILEGPU_TYPES
#define COSMATI_TILEGPU_TYPES

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "dialects/TileGPU/IR/TileGPUAttrs.td"
include "dialects/Tile/IR/TileTypes.td"

def TileGPU_MemDescType : TypeDef<TileGPU_Dialect, "MemDesc", [ShapedTypeInterface]> {
  let mnemonic = "memdesc";
  let summary = "a block in shared memory";
  let description = [{
    What a shared_alloc gives: extents, element type, and the layout that says at which offset each element lies. An element of less than 8 bits takes a byte.

    (memdesc_c1) Elements are numbers or pointers.
    (memdesc_c2) The extents are those of the layout.

    Example: `!tilegpu.memdesc<64x32xf16, #shared>`
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType, "::cosmati::tilegpu::SharedLayoutAttr":$layout);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    MemDescType cloneWith(std::optional<::llvm::ArrayRef<int64_t>> shape, ::mlir::Type elementType) const;
    bool hasRank() const { return true; }
    int64_t sizeInBytes() const; ///< bytes of the allocation of one CTA
  }];
}

#endif
