// Passes on the GPU level. One file each; the order and its reasons are in compiler/Pipeline.
#ifndef COSMATI_TRANSFORMS_TILEGPU_PASSES
#define COSMATI_TRANSFORMS_TILEGPU_PASSES

include "mlir/Pass/PassBase.td"

def Coalesce : Pass<"tilegpu-coalesce", "::mlir::func::FuncOp"> {
  let summary = "give each memory access the widest contiguous layout";
  let description = [{
    For every `tile.load`, `tile.store` and atomic on a block, the dim along which its addresses are contiguous becomes the fastest one, and each thread
    gets as many consecutive elements as one access can carry: up to 16 bytes, as alignment, contiguity and mask allow (AxisInfoAnalysis). Neighbouring
    lanes then read neighbouring vectors, so that a warp's request covers whole 32-byte sectors. Accesses of one shape and order share a layout,
    the widest, so that values flow between them without conversion. The width that lowering may use is left on the op as `tilegpu.vector`.

    Before: `%v = tile.load %p : tensor<256x!tile.ptr<f32>, #one>`
    After:  `%q = tilegpu.convert_layout %p; %w = tile.load %q {tilegpu.vector = 4 : i32} : tensor<256x!tile.ptr<f32>, #four>; %v = tilegpu.convert_layout %w`
  }];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect"];
  let statistics = [Statistic<"numWidened", "num-widened", "Accesses of more than one element per thread">];
}

def RemoveLayoutConversions : Pass<"tilegpu-remove-layout-conversions", "::mlir::func::FuncOp"> {
  let summary = "choose one layout for each value so that few conversions are left";
  let description = [{
    A conversion costs shuffles or a trip through shared memory. Three steps:

    1. Assign. Results of dots, loads and atomics keep their layout and hand it on to what is computed from them (elementwise ops, reductions, loop
       variables). Then what memory operations need (addresses, masks, stored values) is traced back to where it is computed. The first to ask wins:
       dots before loads, inner loops before outer ones, large blocks before small.
    2. Apply. Values get their layout; where an operand still disagrees, a conversion is put.
    3. Rematerialise. A conversion of something cheap (ranges, splats, constants and what is computed from them alone) becomes a second computation in
       the wanted layout.
  }];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect"];
  let statistics = [Statistic<"numLeft", "num-left", "Conversions left">, Statistic<"numRematerialized", "num-rematerialized", "Conversions computed again instead">];
}

def StageDot : Pass<"tilegpu-stage-dot", "::mlir::func::FuncOp"> {
  let summary = "bring the operands of dots to shared memory and multiply on the scalar units";
  let description = [{
    `tile.dot a, b, acc` becomes shared_alloc and shared_store of both operands and a `tilegpu.dot_fma`. Every thread reads rows of `a` and
    columns of `b`: `a` lies with its rows (dim M) contiguous and `b` with its columns (dim N) contiguous, so that the elements of one step of
    K are read as vectors, by several lanes at once (a broadcast). An XOR swizzle per K keeps the stores of an operand that comes with K
    contiguous from hitting one bank.

    Before: `%r = tile.dot %a, %b, %acc : ...`
    After:  `%s = tilegpu.shared_alloc "dot operand a" ...; tilegpu.shared_store %a, %s; ...; %r = tilegpu.dot_fma %s, %t, %acc`
  }];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect"];
  let statistics = [Statistic<"numDots", "num-dots", "Dots placed on the scalar units">];
}

def DecomposeReductions : Pass<"tilegpu-decompose-reductions", "::mlir::func::FuncOp"> {
  let summary = "split reductions and scans that cross warps into steps within a warp";
  let description = [{
    A `tile.reduce` whose axis is spread over warps becomes `tilegpu.warp_reduce` (one partial result per warp), a convert_layout that brings
    all partial results to the registers of every thread (through shared memory, once scratch is explicit), and a `tile.reduce` of those: two
    steps and one exchange instead of log2(warps) exchanges. A `tile.scan` that crosses warps is done in a layout that keeps its axis within
    each warp, between two convert_layouts. Reductions and scans whose layout does not lie along the axis bit by bit are converted to a blocked
    layout first.
  }];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect"];
  let statistics = [Statistic<"numReductions", "num-reductions", "Reductions that crossed warps">,
                    Statistic<"numScans", "num-scans", "Scans that crossed warps">];
}

def ExplicitScratch : Pass<"tilegpu-explicit-scratch", "::mlir::func::FuncOp"> {
  let summary = "make every use of shared memory an allocation";
  let description = [{
    A convert_layout that needs shared memory (planConversion) becomes shared_alloc, shared_store and shared_load with the swizzle that costs
    the fewest wavefronts. The result of an atomic that only one of several replicas performs (a layout with free bits, or a scalar) goes
    through shared memory to the others; a scalar atomic whose result is used becomes one of a block of one element.
  }];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect"];
  let statistics = [Statistic<"numConversions", "num-conversions", "Layout conversions through shared memory">,
                    Statistic<"numAtomics", "num-atomics", "Results of atomics handed to replicas">];
}

def AllocateShared : Pass<"tilegpu-allocate-shared", "::mlir::ModuleOp"> {
  let summary = "give every shared buffer an offset";
  let description = [{
    Buffers that are never alive together share bytes. The lifetime of a buffer runs from its first to its last use, a use inside a loop
    counting as one of the whole loop where the buffer is allocated outside of it. Buffers are placed largest first, each at the lowest
    offset that is free throughout its life. Sets `offset` on each shared_alloc and `tilegpu.shared_bytes` on the module; more than
    the target has is an error that lists the buffers alive at the worst point.
  }];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect"];
  let statistics = [Statistic<"numBuffers", "num-buffers", "Buffers placed">,
                    Statistic<"numBytes", "num-bytes", "Bytes of shared memory">];
}

def InsertBarriers : Pass<"tilegpu-insert-barriers", "::mlir::func::FuncOp"> {
  let summary = "order accesses to the same bytes of shared memory";
  let description = [{
    Between two accesses to overlapping bytes of which one writes there must be a barrier, whatever buffers they belong to: buffers share
    bytes after allocation. A dataflow over the structured control flow carries the accesses that no barrier has ordered yet; loops are taken
    to a fixed point, branches are joined. A `tile.debug_barrier` counts. Atomics with release or acquire order get the barrier that
    extends their order from the one thread that performs them to the whole program. So does a load that several threads make of one element
    (a scalar, a small block) before or after a write through the same argument: all of them must see one value.
  }];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect"];
  let statistics = [Statistic<"numBarriers", "num-barriers", "Barriers inserted">];
}

def VerifyStage : Pass<"tilegpu-verify-stage", "::mlir::ModuleOp"> {
  let summary = "check what must hold after a stage of the GPU pipeline";
  let description = [{
    Stages, each including those before it: `layouts` (every block has a layout of this module's warps; target and number of warps are
    known), `scratch` (no op needs shared memory that it does not name; reductions and scans stay within a warp; dots are placed), `allocated` (every
    buffer has an offset within the limit, and no two live ones overlap), `barriers` (no two conflicting accesses without a barrier between).
  }];
  let options = [Option<"stage", "stage", "std::string", "\"barriers\"", "layouts, scratch, allocated or barriers">];
}

#endif
