// Passes on the tile level. One file each; the order and its reasons are in compiler/Pipeline.
#ifndef COSMATI_TRANSFORMS_TILE_PASSES
#define COSMATI_TRANSFORMS_TILE_PASSES

include "mlir/Pass/PassBase.td"

def CanonicalizePointers : Pass<"tile-canonicalize-pointers", "::mlir::func::FuncOp"> {
  let summary = "keep the uniform part of addresses scalar";
  let description = [{
    A block of pointers costs each thread one 64-bit register per element, a scalar offset one register for all. Two rewrites, both exact in 64-bit address
    arithmetic (no sum of the user's is regrouped in a narrower type):

    - `addptr(splat(p), splat(o))` becomes `splat(addptr(p, o))`.
    - A loop that carries a block of pointers and moves it by the same amount for all elements carries that amount instead. The amount may be made in
      the loop, be arithmetic on uniform blocks, and consist of several steps; each is sign-extended by itself, as addptr does:

    Before: `scf.for ... iter_args(%p = %init) { ... load %p ...; scf.yield addptr(%p, splat(%step)) }`
    After:  `scf.for ... iter_args(%o = 0) { %p = addptr(%init, splat(%o)); ... load %p ...; scf.yield addi(%o, extsi(%step)) }`
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect", "::cosmati::tile::TileDialect"];
  let statistics = [Statistic<"numLoopPointers", "num-loop-pointers", "Blocks of pointers that loops no longer carry">];
}

def ReportLoopHints : Pass<"tile-report-loop-hints", "::mlir::func::FuncOp"> {
  let summary = "remark on hints of loops that have no effect";
  let description = [{
    A loop with `tile.warp_specialize` gets the remark `loop-not-specialized`: no lowering gives warps different roles. `tile.disallow_acc_multi_buffer` needs
    no pass and no remark: accumulators stay in registers and never have several buffers, so it always holds.
  }];
}

def FlattenLoops : Pass<"tile-flatten-loops", "::mlir::func::FuncOp"> {
  let summary = "make one loop of a loop over tiles and the loop over K in it";
  let description = [{
    A loop with `tile.flatten` that holds one other loop runs once for each iteration of the inner one, with the code before that under `if first`, the code after
    it under `if last`. The inner loop's pipeline then never drains: the next tile's loads are under way while a tile is stored.

    Before: `for o = l to h step s { before; r = for k ... iter_args(a = init) { body }; after }`
    After:
    ```
    for f = 0 to trips(o) * trips(k) iter_args(o = l, j = 0, a = init) {
      if j == 0 { before }
      a' = body(k = low + j * step, a)
      last = j == trips(k) - 1
      if last { after(a') }
      yield last ? o + s : o, last ? 0 : j + 1, last ? init : a'
    }
    ```
    Cheap arithmetic of `before` (indices, addresses) is repeated in each iteration rather than kept under the condition: so loads may go ahead of it. Where the
    inner loop's range depends on `o`, a scalar loop ahead adds up the iterations. Where it may be empty, the loops are kept beside the flattened one for that case.
    A loop of another shape stays, with the remark `loop-not-flattened`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numLoops", "num-loops", "Pairs of loops made one">];
}

def UnrollLoops : Pass<"tile-unroll-loops", "::mlir::func::FuncOp"> {
  let summary = "do several iterations in one";
  let description = [{
    A loop with `tile.loop_unroll_factor = n` of at least 2 does n iterations in one and is followed by a loop for the fewer than n that remain (none if the
    compiler knows that none do). Its other attributes stay, so a pipeline's stages hold n iterations each; the loop for the rest has no pipeline.
    If n steps exceed the range's type, the loop stays, with the remark `loop-not-unrolled`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numLoops", "num-loops", "Loops unrolled">];
}

def HoistInvariants : Pass<"tile-hoist-invariants", "::mlir::func::FuncOp"> {
  let summary = "move code that a loop doesn't change ahead of it, but for marked loops";
  let description = [{
    MLIR's loop-invariant code motion, on either level. Loops with `tile.disable_licm` keep their code, here and, by the attribute `loop_annotation`, in LLVM:
    values that are cheap to compute again then need no register throughout the loop.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let statistics = [Statistic<"numMoved", "num-moved", "Operations moved out of a loop">];
}

#endif
