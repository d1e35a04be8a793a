// RUN: cosmati-opt %s --pass-pipeline="builtin.module(func.func(tilegpu-decompose-reductions))" --split-input-file | FileCheck %s

#l = #tilegpu.layout<register = [[0, 1], [0, 256]], lane = [[0, 2], [0, 4], [0, 8], [0, 16], [0, 32]], warp = [[0, 64], [0, 128]], block = [], shape = [1, 512]>
#r = #tilegpu.layout<register = [], lane = [[0], [0], [0], [0], [0]], warp = [[0], [0]], block = [], shape = [1]>
// CHECK-DAG: #[[$L:.*]] = #tilegpu.layout<register = {{\[\[}}0, 1], [0, 256]]
// One partial result per warp, the same in all its lanes; then all four in the registers of every thread.
// CHECK-DAG: #[[$P:.*]] = #tilegpu.layout<register = [], lane = {{\[\[}}0, 0], [0, 0], [0, 0], [0, 0], [0, 0]], warp = {{\[\[}}0, 1], [0, 2]], block = [], shape = [1, 4]>
// CHECK-DAG: #[[$G:.*]] = #tilegpu.layout<register = {{\[\[}}0, 1], [0, 2]], lane = {{\[\[}}0, 0], [0, 0], [0, 0], [0, 0], [0, 0]], warp = {{\[\[}}0, 0], [0, 0]], block = [], shape = [1, 4]>
module attributes {tilegpu.num_warps = 4 : i32} {
// CHECK-LABEL: @two_values_across_four_warps
// CHECK: %[[W:.*]]:2 = tilegpu.warp_reduce(%{{.*}}, %{{.*}}) axis = 1 : (tensor<1x512xf32, #[[$L]]>, tensor<1x512xi32, #[[$L]]>) -> (tensor<1x4xf32, #[[$P]]>, tensor<1x4xi32, #[[$P]]>)
// CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: i32, %{{.*}}: f32, %{{.*}}: i32):
// CHECK: tile.yield
// CHECK: %[[C:.*]] = tilegpu.convert_layout %[[W]]#0 : tensor<1x4xf32, #[[$P]]> -> tensor<1x4xf32, #[[$G]]>
// CHECK: %[[D:.*]] = tilegpu.convert_layout %[[W]]#1 : tensor<1x4xi32, #[[$P]]> -> tensor<1x4xi32, #[[$G]]>
// CHECK: %[[R:.*]]:2 = tile.reduce(%[[C]], %[[D]]) axis = 1
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @two_values_across_four_warps(%x: tensor<1x512xf32, #l>, %i: tensor<1x512xi32, #l>) -> (tensor<1xf32, #r>, tensor<1xi32, #r>) {
  %0:2 = tile.reduce(%x, %i) axis = 1 : (tensor<1x512xf32, #l>, tensor<1x512xi32, #l>) -> (tensor<1xf32, #r>, tensor<1xi32, #r>) {
  ^bb0(%a: f32, %ai: i32, %b: f32, %bi: i32):
    %g = arith.cmpf ogt, %a, %b : f32
    %v = arith.select %g, %a, %b : f32
    %j = arith.select %g, %ai, %bi : i32
    tile.yield %v, %j : f32, i32
  }
  return %0#0, %0#1 : tensor<1xf32, #r>, tensor<1xi32, #r>
}
}

// -----

#w = #tilegpu.layout<register = [[0, 1]], lane = [[0, 2], [0, 4], [0, 8], [1, 0], [2, 0]], warp = [[4, 0], [8, 0]], block = [], shape = [16, 16]>
#wr = #tilegpu.layout<register = [], lane = [[0], [0], [0], [1], [2]], warp = [[4], [8]], block = [], shape = [16]>
// Warps on the other dim keep their place through the three steps; the lane bits along dim1 are no part of them.
#l = #tilegpu.layout<register = [[1, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [[8, 0], [0, 8]], block = [], shape = [16, 16]>
#r = #tilegpu.layout<register = [], lane = [[0], [0], [1], [2], [4]], warp = [[0], [8]], block = [], shape = [16]>
// CHECK-DAG: #[[$P:.*]] = #tilegpu.layout<register = [], lane = {{\[\[}}0, 0], [0, 0], [0, 1], [0, 2], [0, 4]], warp = {{\[\[}}1, 0], [0, 8]], block = [], shape = [2, 16]>
// CHECK-DAG: #[[$G:.*]] = #tilegpu.layout<register = {{\[\[}}1, 0]], lane = {{\[\[}}0, 0], [0, 0], [0, 1], [0, 2], [0, 4]], warp = {{\[\[}}0, 0], [0, 8]], block = [], shape = [2, 16]>
module attributes {tilegpu.num_warps = 4 : i32} {
// CHECK-LABEL: @some_warps_along_the_axis
// CHECK: tilegpu.warp_reduce({{.*}}) axis = 0 : {{.*}} -> tensor<2x16xf32, #[[$P]]>
// CHECK: tilegpu.convert_layout {{.*}} -> tensor<2x16xf32, #[[$G]]>
// CHECK: %[[R:.*]] = tile.reduce
// CHECK: return %[[R]]
func.func @some_warps_along_the_axis(%x: tensor<16x16xf32, #l>) -> tensor<16xf32, #r> {
  %0 = tile.reduce(%x) axis = 0 : (tensor<16x16xf32, #l>) -> tensor<16xf32, #r> {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.addf %a, %b : f32
    tile.yield %1 : f32
  }
  return %0 : tensor<16xf32, #r>
}

// CHECK-LABEL: @within_a_warp_stays
// CHECK-NOT: convert_layout
// CHECK-NOT: warp_reduce
// CHECK: tile.reduce
func.func @within_a_warp_stays(%x: tensor<16x16xf32, #w>) -> tensor<16xf32, #wr> {
  %0 = tile.reduce(%x) axis = 1 : (tensor<16x16xf32, #w>) -> tensor<16xf32, #wr> {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.addf %a, %b : f32
    tile.yield %1 : f32
  }
  return %0 : tensor<16xf32, #wr>
}
}

// -----

// A lane bit that moves along both dims at once (a diagonal): converted to a blocked layout first, and back.
#l = #tilegpu.layout<register = [[0, 4]], lane = [[1, 1], [2, 2], [0, 1], [0, 2], [4, 0]], warp = [], block = [], shape = [8, 8]>
#s = #tilegpu.layout<register = [], lane = [[1], [2], [0], [0], [4]], warp = [], block = [], shape = [8]>
module attributes {tilegpu.num_warps = 1 : i32} {
// CHECK-LABEL: @diagonal
// CHECK: tilegpu.convert_layout {{.*}} : tensor<8x8xf32
// CHECK: tile.reduce
// CHECK: tilegpu.convert_layout {{.*}} : tensor<8xf32
func.func @diagonal(%x: tensor<8x8xf32, #l>) -> tensor<8xf32, #s> {
  %0 = tile.reduce(%x) axis = 1 : (tensor<8x8xf32, #l>) -> tensor<8xf32, #s> {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.addf %a, %b : f32
    tile.yield %1 : f32
  }
  return %0 : tensor<8xf32, #s>
}
}

// -----

// A scan is done where no warp shares the axis: here every warp does all of it.
#l = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [[64], [128]], block = [], shape = [256]>
// CHECK-DAG: #[[$L:.*]] = #tilegpu.layout<register = {{\[\[}}1]], lane = {{\[\[}}2], [4], [8], [16], [32]], warp = {{\[\[}}64], [128]]
// CHECK-DAG: #[[$W:.*]] = #tilegpu.layout<register = {{\[\[}}1], [2], [4]], lane = {{\[\[}}8], [16], [32], [64], [128]], warp = {{\[\[}}0], [0]]
module attributes {tilegpu.num_warps = 4 : i32} {
// CHECK-LABEL: @scan
// CHECK: %[[C:.*]] = tilegpu.convert_layout %{{.*}} : tensor<256xf32, #[[$L]]> -> tensor<256xf32, #[[$W]]>
// CHECK: %[[S:.*]] = tile.scan(%[[C]]) axis = 0 reverse
// CHECK: tilegpu.convert_layout %[[S]] : tensor<256xf32, #[[$W]]> -> tensor<256xf32, #[[$L]]>
func.func @scan(%x: tensor<256xf32, #l>) -> tensor<256xf32, #l> {
  %0 = tile.scan(%x) axis = 0 reverse : (tensor<256xf32, #l>) -> tensor<256xf32, #l> {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.addf %a, %b : f32
    tile.yield %1 : f32
  }
  return %0 : tensor<256xf32, #l>
}
}
