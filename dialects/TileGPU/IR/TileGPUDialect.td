#ifndef COSMATI_TILEGPU_DIALECT
#define COSMATI_TILEGPU_DIALECT

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def TileGPU_Dialect : Dialect {
  let name = "tilegpu";
  let cppNamespace = "::cosmati::tilegpu";
  let summary = "blocks placed on the threads of a CTA, shared memory, synchronisation";
  let description = [{
    The same values as on the tile level, each block with a layout (`#tilegpu.layout`, a LinearLayout) as the encoding of its tensor type:
    tile ops on encoded tensors, and the ops here for what the hardware adds. A module says what it is compiled for with
    `tilegpu.target` (a `#tilegpu.target`) and `tilegpu.num_warps`; after allocation `tilegpu.shared_bytes` holds the size of the CTA's shared memory.
  }];
  let dependentDialects = ["::cosmati::tile::TileDialect"];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
  }];
}

class TileGPU_Op<string mnemonic, list<Trait> traits = []> : Op<TileGPU_Dialect, mnemonic, traits>;

def TileGPU_SharedMemory : Resource<"::cosmati::tilegpu::SharedMemory">;

#endif
