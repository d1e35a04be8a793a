// Shared memory and the barrier that orders it.
#ifndef COSMATI_TILEGPU_SHARED_OPS
#define COSMATI_TILEGPU_SHARED_OPS

include "dialects/Tile/IR/TileAttrs.td"
include "dialects/TileGPU/IR/TileGPUTypes.td"

def TileGPU_SharedAllocOp : TileGPU_Op<"shared_alloc", [MemoryEffects<[MemAlloc<TileGPU_SharedMemory>]>]> {
  let summary = "a buffer in the CTA's shared memory";
  let description = [{
    Lives from its first to its last use. `offset` (bytes) is set by the allocation pass; `purpose` is for people: it appears in the
    error that says what does not fit. The buffer's contents are undefined until they are stored, in each iteration anew where the op stands in a loop.
    With `slots` it is a ring of so many buffers of this type, one behind the other, of which `shared_slot` names one; the result itself is slot 0.

    (alloc_c1) The offset is a multiple of the layout's alignment. (alloc_c2) There is at least one slot.

    Example: `%m = tilegpu.shared_alloc "dot operand a" slots 3 offset 4096 : <64x32xf16, #shared>`
  }];
  let arguments = (ins OptionalAttr<I32Attr>:$offset, StrAttr:$purpose, DefaultValuedAttr<I32Attr, "1">:$slots);
  let results = (outs TileGPU_MemDescType:$result);
  let builders = [OpBuilder<(ins "::cosmati::tilegpu::MemDescType":$type, "::llvm::StringRef":$purpose, CArg<"int64_t", "1">:$slots)>];
  let assemblyFormat = "$purpose (`slots` $slots^)? (`offset` $offset^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Bytes from one slot to the next: a slot's size, rounded up to the layout's alignment.
    int64_t slotBytes();
    /// Bytes of all slots; the last one is not rounded up.
    int64_t sizeInBytes() { return slotBytes() * (getSlots() - 1) + getType().sizeInBytes(); }
  }];
}

def TileGPU_SharedSlotOp : TileGPU_Op<"shared_slot", [Pure, AllTypesMatch<["memory", "result"]>]> {
  let summary = "one buffer of a ring";
  let description = [{
    Slot `index` of a shared_alloc, 0 <= index < slots. A pipelined loop fills one slot while it reads another. The indices are values, so that the op
    tells by `phase` which accesses meet: slots of one ring with different phases are different slots whenever no barrier lies between their accesses.

    (slot_c1) The memory is the result of a shared_alloc.

    Example: `%s = tilegpu.shared_slot %ring[%i] phase 1 : <64x32xf16, #shared>`
  }];
  let arguments = (ins TileGPU_MemDescType:$memory, I32:$index, DefaultValuedAttr<I32Attr, "0">:$phase);
  let results = (outs TileGPU_MemDescType:$result);
  let assemblyFormat = "$memory `[` $index `]` (`phase` $phase^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{ ::cosmati::tilegpu::SharedAllocOp ring(); }];
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

def TileGPU_AsyncCopyOp : TileGPU_Op<"async_copy", [MemoryEffects<[MemRead, MemWrite<TileGPU_SharedMemory>]>]> {
  let summary = "copies a block from global to shared memory, without waiting (cp.async)";
  let description = [{
    Element i goes from `ptr[i]` to where the buffer's layout has it; where the mask is off, zero is written and nothing is read. Each thread copies the
    elements that it holds in the pointers' layout, `tilegpu.vector` of them at once; replicas copy once. The copy has happened for the thread itself after
    an async_wait that covers it, and for the other threads after a barrier behind that.

    (async_copy_c1) Pointers and buffer have the same extents and element type. (async_copy_c2) A vector has 4, 8 or 16 bytes, and lies in the buffer
    without gaps. (async_copy_c3) Pointers and mask have one layout.

    Example: `tilegpu.async_copy %p, %s mask %m : tensor<64x32x!tile.ptr<f16>, #l>, <64x32xf16, #shared>, tensor<64x32xi1, #l>`
  }];
  let arguments = (ins Tile_PtrBlock:$ptr, TileGPU_MemDescType:$memory, Optional<RankedTensorOf<[I1]>>:$mask,
    DefaultValuedAttr<Tile_CacheModifierAttr, "::cosmati::tile::CacheModifier::None">:$cache,
    DefaultValuedAttr<Tile_EvictionPolicyAttr, "::cosmati::tile::EvictionPolicy::Normal">:$evict);
  let assemblyFormat = "$ptr `,` $memory (`mask` $mask^)? attr-dict `:` type($ptr) `,` type($memory) (`,` type($mask)^)?";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Elements that one instruction copies: the attribute `tilegpu.vector`.
    int64_t vectorLength();
  }];
}

def TileGPU_AsyncCommitOp : TileGPU_Op<"async_commit", [MemoryEffects<[MemRead<TileGPU_SharedMemory>, MemWrite<TileGPU_SharedMemory>]>]> {
  let summary = "makes the copies since the last one a group";
  let assemblyFormat = "attr-dict";
}

def TileGPU_AsyncWaitOp : TileGPU_Op<"async_wait", [MemoryEffects<[MemRead<TileGPU_SharedMemory>, MemWrite<TileGPU_SharedMemory>]>]> {
  let summary = "waits until at most `pending` of the thread's latest groups of copies are under way";
  let description = [{ Each thread waits for its own copies: a barrier must follow before another thread reads what it copied.

    Example: `tilegpu.async_wait 1` }];
  let arguments = (ins I32Attr:$pending);
  let assemblyFormat = "$pending attr-dict";
}

def TileGPU_BarrierOp : TileGPU_Op<"barrier", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "all threads of the CTA meet; earlier shared and global accesses are seen after it";
  let description = [{ Stands only where control flow is uniform over the CTA; all conditions on the tile level are scalars, and so uniform. }];
  let assemblyFormat = "attr-dict";
}

#endif
