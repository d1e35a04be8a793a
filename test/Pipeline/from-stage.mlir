// A stage's text takes the compilation up where it was: the PTX is that of the whole way. Bundles of
// failures rest on it.
// RUN: cosmati-compile %s --target sm_80 --option lineinfo=none -o %t.whole.ptx
// RUN: cosmati-compile %s --target sm_80 --option lineinfo=none --emit=tile -o %t.tile.mlir
// RUN: cosmati-compile %t.tile.mlir --target sm_80 --option lineinfo=none --from=tilegpu -o %t.1.ptx
// RUN: diff %t.whole.ptx %t.1.ptx
// RUN: cosmati-compile %s --target sm_80 --option lineinfo=none --emit=tilegpu -o %t.tilegpu.mlir
// RUN: cosmati-compile %t.tilegpu.mlir --target sm_80 --option lineinfo=none --from=nvvm -o %t.2.ptx
// RUN: diff %t.whole.ptx %t.2.ptx
// RUN: cosmati-compile %s --target sm_80 --option lineinfo=none --emit=nvvm -o %t.nvvm.mlir
// RUN: cosmati-compile %t.nvvm.mlir --target sm_80 --option lineinfo=none --from=llvm -o %t.3.ptx
// RUN: diff %t.whole.ptx %t.3.ptx

// RUN: not cosmati-compile %s --from=ptx 2>&1 | FileCheck %s --check-prefix=STAGE
// STAGE: error: no stage is named 'ptx'; use tilegpu, nvvm or llvm
// RUN: not cosmati-compile %s --option override_stage=llvm=x 2>&1 | FileCheck %s --check-prefix=OVERRIDE
// OVERRIDE: error: override_stage='llvm=x' is not STAGE=FILE with one of the stages tile, tilegpu, nvvm, ptx
// RUN: not cosmati-compile %s --option print_after=nothing 2>&1 | FileCheck %s --check-prefix=PASS
// PASS: error: print_after='nothing' names no pass; known: all, inline
// PASS-SAME: tilegpu-coalesce
func.func @total(%x: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %y: !tile.ptr<f32>) attributes {tile.kernel} {
  %r = tile.make_range 0, 512 : tensor<512xi32>
  %xs = tile.splat %x : !tile.ptr<f32> -> tensor<512x!tile.ptr<f32>>
  %xp = tile.addptr %xs, %r : tensor<512x!tile.ptr<f32>>, tensor<512xi32>
  %v = tile.load %xp : tensor<512x!tile.ptr<f32>>
  %s = tile.reduce(%v) axis = 0 : (tensor<512xf32>) -> f32 {
  ^bb0(%a: f32, %b: f32):
    %t = arith.addf %a, %b : f32
    tile.yield %t : f32
  }
  tile.store %y, %s : !tile.ptr<f32>
  return
}
