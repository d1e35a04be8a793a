// Shared memory and the barrier that orders it.
#ifndef COSMATI_TILEGPU_SHARED_OPS
#define COSMATI_TILEGPU_SHARED_OPS

include "dialects/TileGPU/IR/TileGPUTypes.td"

def TileGPU_SharedAllocOp : TileGPU_Op<"shared_alloc", [MemoryEffects<[MemAlloc<TileGPU_SharedMemory>]>]> {
  let summary = "a buffer in the CTA's shared memory";
  let description = [{
    Lives from its first to its last use. `offset` (bytes) is set by the allocation pass; `purpose` is for people: it appears in the
    error that says what does not fit. The buffer's contents are undefined until they are stored, in each iteration anew where the op stands in a loop.

    (alloc_c1) The offset is a multiple of the layout's alignment.

    Example: `%m = tilegpu.shared_alloc "dot operand a" offset 4096 : <64x32xf16, #shared>`
  }];
  let arguments = (ins OptionalAttr<I32Attr>:$offset, StrAttr:$purpose);
  let results = (outs TileGPU_MemDescType:$result);
  let assemblyFormat = "$purpose (`offset` $offset^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def TileGPU_SharedStoreOp : TileGPU_Op<"shared_store", [MemoryEffects<[MemWrite<TileGPU_SharedMemory>]>]> {
  let summary = "writes a block to shared memory";
  let description = [{
    Each element is written once: of the threads that hold a replica, the one whose free bits are 0 writes it.

    (transfer_c1) Block and buffer have the same extents and element type.

    Example: `tilegpu.shared_store %x, %m : tensor<64x32xf16, #rows>, <64x32xf16, #shared>`
  }];
  let arguments = (ins Tile_Block:$value, TileGPU_MemDescType:$memory);
  let assemblyFormat = "$value `,` $memory attr-dict `:` type($value) `,` type($memory)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def TileGPU_SharedLoadOp : TileGPU_Op<"shared_load", [MemoryEffects<[MemRead<TileGPU_SharedMemory>]>]> {
  let summary = "reads a block from shared memory";
  let description = [{
    Each thread reads what it holds in the result's layout, replicas too.

    (transfer_c1) Block and buffer have the same extents and element type.

    Example: `%r = tilegpu.shared_load %m : <64x32xf16, #shared> -> tensor<64x32xf16, #cols>`
  }];
  let arguments = (ins TileGPU_MemDescType:$memory);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$memory attr-dict `:` type($memory) `->` type($result)";
  let hasVerifier = 1;
}

def TileGPU_BarrierOp : TileGPU_Op<"barrier", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "all threads of the CTA meet; earlier shared and global accesses are seen after it";
  let description = [{ Stands only where control flow is uniform over the CTA; all conditions on the tile level are scalars, and so uniform. }];
  let assemblyFormat = "attr-dict";
}

#endif
