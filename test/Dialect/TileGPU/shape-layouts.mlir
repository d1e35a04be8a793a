// RUN: cosmati-opt %s --split-input-file --verify-diagnostics
// Shape ops of the tile dialect accept the layout that moves no element, and name it where another was given.

#v = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
#row = #tilegpu.layout<register = [], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16]], warp = [], block = [], shape = [1, 32]>
#rows = #tilegpu.layout<register = [[1, 0], [2, 0]], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16]], warp = [], block = [], shape = [4, 32]>
#cols = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0]], warp = [], block = [], shape = [32, 4]>
#flat = #tilegpu.layout<register = [[32], [64]], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [128]>
#pair = #tilegpu.layout<register = [[0, 1]], lane = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0]], warp = [], block = [], shape = [32, 2]>
func.func @legal(%x: tensor<32xf32, #v>) {
  %0 = tile.expand_dims %x {axis = 0 : i32} : tensor<32xf32, #v> -> tensor<1x32xf32, #row>
  %1 = tile.broadcast %0 : tensor<1x32xf32, #row> -> tensor<4x32xf32, #rows>
  %2 = tile.trans %1 order [1, 0] : tensor<4x32xf32, #rows> -> tensor<32x4xf32, #cols>
  %3 = tile.reshape %1 : tensor<4x32xf32, #rows> -> tensor<128xf32, #flat>
  %4 = tile.join %x, %x : tensor<32xf32, #v> -> tensor<32x2xf32, #pair>
  %5:2 = tile.split %4 : tensor<32x2xf32, #pair> -> tensor<32xf32, #v>
  %6 = tile.reduce(%1) axis = 0 : (tensor<4x32xf32, #rows>) -> tensor<32xf32, #v> {
  ^bb0(%a: f32, %b: f32):
    %7 = arith.addf %a, %b : f32
    tile.yield %7 : f32
  }
  return
}

// -----

#v = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
#reversed = #tilegpu.layout<register = [], lane = [[0, 16], [0, 8], [0, 4], [0, 2], [0, 1]], warp = [], block = [], shape = [1, 32]>
func.func @expand_dims_moves(%x: tensor<32xf32, #v>) {
  // expected-error@+1 {{expand_dims of a block with encoding #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]> has encoding #tilegpu.layout<register = [], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16]], warp = [], block = [], shape = [1, 32]>, not}}
  %0 = tile.expand_dims %x {axis = 0 : i32} : tensor<32xf32, #v> -> tensor<1x32xf32, #reversed>
  return
}

// -----

#row = #tilegpu.layout<register = [], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16]], warp = [], block = [], shape = [1, 32]>
#moved = #tilegpu.layout<register = [[0, 16], [2, 0]], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [1, 0]], warp = [], block = [], shape = [4, 32]>
func.func @broadcast_moves(%x: tensor<1x32xf32, #row>) {
  // expected-error@+1 {{broadcast of a block with encoding}}
  %0 = tile.broadcast %x : tensor<1x32xf32, #row> -> tensor<4x32xf32, #moved>
  return
}

// -----

#pair = #tilegpu.layout<register = [], lane = [[0, 1], [1, 0], [2, 0], [4, 0], [8, 0]], warp = [], block = [], shape = [16, 2]>
#half = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [0]], warp = [], block = [], shape = [16]>
func.func @split_between_lanes(%x: tensor<16x2xf32, #pair>) {
  // expected-error@+1 {{split needs both halves of the last dimension in registers of one thread}}
  %0:2 = tile.split %x : tensor<16x2xf32, #pair> -> tensor<16xf32, #half>
  return
}

// -----

#v = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
func.func @one_side(%x: tensor<32xf32, #v>) {
  // expected-error@+1 {{has a layout on one side only}}
  %0 = tile.expand_dims %x {axis = 0 : i32} : tensor<32xf32, #v> -> tensor<1x32xf32>
  return
}
