#ifndef COSMATI_TILEGPU_ATTRS
#define COSMATI_TILEGPU_ATTRS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "dialects/TileGPU/IR/TileGPUDialect.td"

class TileGPU_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<TileGPU_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def TileGPU_LayoutAttr : TileGPU_Attr<"Layout", "layout", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "which elements of a block each thread holds in which register";
  let description = [{
    A LinearLayout from (block, warp, lane, register) onto the tensor's dims; dialects/Layout/LinearLayout.h teaches it. Each input lists the
    element that its bit 0, bit 1, ... moves to; `[]` is an input of size 1. Bits that move nowhere (`[0, 0]`) are replicas.

    (layout_c1) The inputs are exactly those four, the outputs the tensor's dims, and every element has a place.
    (layout_c2) A warp has 32 lanes.
    (layout_c3) The extents are those of the block that carries the layout.

    Example, a 16x32 block on 4 warps, 4 consecutive elements of a row per thread:
    `#tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [0, 8], [0, 16], [1, 0], [2, 0]], warp = [[4, 0], [8, 0]], block = [], shape = [16, 32]>`
  }];
  let parameters = (ins AttrParameter<"::cosmati::LinearLayout", "the map", "const ::cosmati::LinearLayout &">:$map);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def TileGPU_SharedLayoutAttr : TileGPU_Attr<"SharedLayout", "shared"> {
  let summary = "where in shared memory each element of a block lies";
  let description = [{
    A LinearLayout from (block, offset) onto the tensor's dims, offset counted in elements; `alignment` in bytes.

    (shared_c1) The inputs are exactly those two, and every element has a place.
    (shared_c2) The alignment is a power of two.

    Example, 4 rows of 8 elements, of which row r is rotated by an XOR with 2 * (r / 2):
    `#tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [1, 0], [2, 2]], block = [], shape = [4, 8], alignment = 16>`
  }];
  let parameters = (ins AttrParameter<"::cosmati::LinearLayout", "the map", "const ::cosmati::LinearLayout &">:$map, "int32_t":$alignment);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def TileGPU_TargetAttr : TileGPU_Attr<"Target", "target"> {
  let summary = "the architecture as data";
  let description = [{ `#tilegpu.target<sm = "90a">`. Code asks hasWgmma(), hasFp8Convert(), maxSharedBytes(), ptxVersion(): the answers are one table in
    TargetTable.cpp, one row per architecture. }];
  let parameters = (ins StringRefParameter<"architecture without sm_: 80, 89, 90a, 100a">:$sm);
  let assemblyFormat = "`<` `sm` `=` $sm `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    const ::cosmati::tilegpu::TargetRow &row() const;
    bool hasWgmma() const;
    bool hasMbarrier() const;
    bool hasCpAsync() const;
    bool hasFp8Convert() const;   ///< cvt between fp8 pairs and f16 pairs (sm_89)
    bool hasBf16Arithmetic() const; ///< bf16 add/mul/fma beyond fma (sm_90)
    bool hasStmatrix() const;
    int maxSharedBytes() const;   ///< per CTA, opted in
    int maxRegistersPerThread() const;
    int ptxVersion() const;       ///< lowest that knows the target, 80 = 8.0
  }];
}

#endif
