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

#endif
