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

def SelectTensorCore : Pass<"tilegpu-select-tensor-core", "::mlir::func::FuncOp"> {
  let summary = "choose a matrix instruction for each dot";
  let description = [{
    A `tile.dot` for whose types, precision and depth the target has an instruction (MmaInstructions.td) becomes `tilegpu.mma` on fragments: the operands and
    the accumulator are converted to the instruction's layouts, which later passes carry to where the values are made. f32 operands are rounded to tf32, or
    split into parts that are multiplied one by one (tf32x3, bf16x3, bf16x6); 8-bit floats become f16 where the target multiplies no 8-bit floats. Warps
    divide the result so that they read little; those of a dot whose result is the left operand of another keep whole rows. A dot without an
    instruction stays, for tilegpu-stage-dot, with the remark `dot-on-fma`.

    Before: `%r = tile.dot %a, %b, %acc : tensor<64x32xf16, #l>, tensor<32x64xf16, #l>, tensor<64x64xf32, #m>`
    After:  `%x = tilegpu.convert_layout %a; %y = tilegpu.convert_layout %b; %z = tilegpu.convert_layout %acc;
             %s = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %x, %y, %z; %r = tilegpu.convert_layout %s`
  }];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect", "::mlir::arith::ArithDialect"];
  let statistics = [Statistic<"numDots", "num-dots", "Dots on tensor cores">];
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

def StoreDirectly : Pass<"tilegpu-store-directly", "::mlir::func::FuncOp"> {
  let summary = "store from the layout that a value is made in, where memory does not mind";
  let description = [{
    A store's layout is the coalesced one, and what comes from a matrix instruction takes a trip through shared memory to it. Where the neighbouring
    lanes of the instruction's own layout fill whole sectors of 32 bytes, as accumulators of f32 do along their rows, memory moves as much without that
    trip: the conversion is dropped, and pointers and mask are computed in the value's layout, if that is cheap.

    Before: `%y = tilegpu.convert_layout %x : tensor<64x64xf32, #mma> -> tensor<64x64xf32, #rows>; tile.store %p, %y {tilegpu.vector = 4 : i32}`
    After:  `tile.store %q, %x {tilegpu.vector = 2 : i32} : tensor<64x64x!tile.ptr<f32>, #mma>`
  }];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect"];
  let statistics = [Statistic<"numStores", "num-stores", "Stores that need no conversion">];
}

def StageShared : Pass<"tilegpu-stage-shared", "::mlir::func::FuncOp"> {
  let summary = "bring operands of matrix instructions through swizzled shared memory";
  let description = [{
    A conversion on the way to an operand of a matrix instruction that no shuffle can do becomes shared_alloc, shared_store and shared_load. The
    buffer's swizzle is the one that lets both sides move with the fewest wavefronts (StagingLayout.h): 16-byte vectors in, ldmatrix out, without bank
    conflicts. Of a block that was loaded from global memory the dim that is contiguous there stays contiguous, so that tilegpu-pipeline-loops can copy
    it without passing through registers. A large operand that a loop does not change is read in each iteration instead of held in registers.

    Before: `%x = tilegpu.convert_layout %a : tensor<64x32xf16, #rows> -> tensor<64x32xf16, #fragment>`
    After:  `%s = tilegpu.shared_alloc "dot operand" : <64x32xf16, #swizzled>; tilegpu.shared_store %a, %s; %x = tilegpu.shared_load %s`
  }];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect"];
  let statistics = [Statistic<"numOperands", "num-operands", "Operands through shared memory">];
}

def PipelineLoops : Pass<"tilegpu-pipeline-loops", "::mlir::func::FuncOp"> {
  let summary = "start loads some iterations before the products that use them";
  let description = [{
    In an innermost loop with a matrix instruction, loads go up to `num-stages` - 1 iterations ahead (a loop's own `tile.num_stages` comes first). A
    load that is only stored to shared memory, in vectors of 4, 8 or 16 bytes that stay together there, becomes `tilegpu.async_copy` into a ring of
    buffers; others are carried in registers for one iteration. What addresses and masks are computed from goes with them; a load that another one's
    address comes from (an index) goes one stage before it. No load passes an atomic, a barrier or a store that may write what it reads. Loops may
    run any number of times, none too: copies beyond the end are masked off.
  }];
  let options = [Option<"numStages", "num-stages", "int", "3", "of loops that do not say themselves">];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numLoops", "num-loops", "Loops pipelined">];
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
