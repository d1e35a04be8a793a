// RUN: cosmati-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// The same ops work on blocks with layouts; the layout of the result follows from that of the source.

#vec = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>
#column = #tilegpu.layout<register = [[1, 0]], lane = [[2, 0], [4, 0], [8, 0], [16, 0], [32, 0]], warp = [], block = [], shape = [64, 1]>
#row = #tilegpu.layout<register = [[0, 1]], lane = [[0, 2], [0, 4], [0, 8], [0, 16], [0, 32]], warp = [], block = [], shape = [1, 64]>

// CHECK-LABEL: @layouts_that_follow
func.func @layouts_that_follow(%x: tensor<64xf32, #vec>) {
  // CHECK: tile.expand_dims
  %0 = tile.expand_dims %x {axis = 1 : i32} : tensor<64xf32, #vec> -> tensor<64x1xf32, #column>
  // CHECK: tile.trans
  %1 = tile.trans %0 order [1, 0] : tensor<64x1xf32, #column> -> tensor<1x64xf32, #row>
  // CHECK: tile.reduce
  %2 = tile.reduce (%1) axis = 0 : (tensor<1x64xf32, #row>) -> tensor<64xf32, #vec> {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    tile.yield %s : f32
  }
  return
}

// -----

#vec = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>
#other = #tilegpu.layout<register = [[32, 0]], lane = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0]], warp = [], block = [], shape = [64, 1]>

func.func @layout_c2(%x: tensor<64xf32, #vec>) {
  // expected-error @+1 {{expand_dims of a block with encoding}}
  %0 = tile.expand_dims %x {axis = 1 : i32} : tensor<64xf32, #vec> -> tensor<64x1xf32, #other>
  return
}

// -----

#vec = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>
#other = #tilegpu.layout<register = [[1, 0], [0, 32]], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16]], warp = [], block = [], shape = [2, 64]>

func.func @layout_c2_of_reduce(%x: tensor<2x64xf32, #other>) {
  // expected-error @+1 {{reduce of a block with encoding}}
  %0 = tile.reduce (%x) axis = 0 : (tensor<2x64xf32, #other>) -> tensor<64xf32, #vec> {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}
