// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm | FileCheck %s
#src = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [0, 8], [1, 0], [2, 0], [4, 0]], warp = [[8, 0]], block = [], shape = [16, 16]>
#rows = #tilegpu.layout<register = [], lane = [[0], [0], [1], [2], [4]], warp = [[8]], block = [], shape = [16]>
#across = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [0, 8], [0, 0], [0, 0], [0, 0]], warp = [[1, 0]], block = [], shape = [2, 16]>

module attributes {tilegpu.num_warps = 2 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// Three additions in the thread, then one for each of the two lane bits along the axis.
// CHECK-LABEL: llvm.func{{.*}} @within_a_warp
// CHECK-COUNT-3: llvm.fadd
// CHECK: nvvm.shfl.sync bfly %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : f32 -> f32
// CHECK: llvm.fadd
// CHECK: nvvm.shfl.sync bfly
// CHECK: llvm.fadd
// CHECK-NOT: llvm.fadd
func.func @within_a_warp(%x: tensor<16x16xf32, #src>, %o: tensor<16x!tile.ptr<f32>, #rows>) {
  %s = tile.reduce(%x) axis = 1 : (tensor<16x16xf32, #src>) -> tensor<16xf32, #rows> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    tile.yield %c : f32
  }
  tile.store %o, %s : tensor<16x!tile.ptr<f32>, #rows>
  return
}

// The warp's part only: three lane bits, for each of four registers.
// CHECK-LABEL: llvm.func{{.*}} @warp_reduce
// CHECK-COUNT-12: nvvm.shfl.sync bfly
// CHECK-NOT: shfl
func.func @warp_reduce(%x: tensor<16x16xi16, #src>, %o: tensor<2x16x!tile.ptr<i16>, #across>) {
  %s = tilegpu.warp_reduce(%x) axis = 0 : (tensor<16x16xi16, #src>) -> tensor<2x16xi16, #across> {
  ^bb0(%a: i16, %b: i16):
    %c = arith.maxsi %a, %b : i16
    tile.yield %c : i16
  }
  tile.store %o, %s : tensor<2x16x!tile.ptr<i16>, #across>
  return
}

// A scan: along the thread's registers, then of the lanes' totals.
// CHECK-LABEL: llvm.func{{.*}} @scan
// CHECK-COUNT-3: llvm.add
// CHECK: nvvm.shfl.sync idx
// CHECK: nvvm.shfl.sync idx
func.func @scan(%x: tensor<16x16xi32, #src>, %o: tensor<16x16x!tile.ptr<i32>, #src>) {
  %s = tile.scan(%x) axis = 1 : (tensor<16x16xi32, #src>) -> tensor<16x16xi32, #src> {
  ^bb0(%a: i32, %b: i32):
    %c = arith.addi %a, %b : i32
    tile.yield %c : i32
  }
  tile.store %o, %s : tensor<16x16x!tile.ptr<i32>, #src>
  return
}
// An 8-bit float in a combine region is its byte; no cast of it remains.
// CHECK-LABEL: llvm.func{{.*}} @fp8
// CHECK: llvm.select %{{.*}} : i1, i8
// CHECK-NOT: unrealized_conversion_cast
func.func @fp8(%x: tensor<16x16xf8E5M2, #src>, %o: tensor<16x!tile.ptr<f8E5M2>, #rows>) {
  %s = tile.reduce(%x) axis = 1 : (tensor<16x16xf8E5M2, #src>) -> tensor<16xf8E5M2, #rows> {
  ^bb0(%a: f8E5M2, %b: f8E5M2):
    %c = tile.fp_convert %a : f8E5M2 -> f32
    %d = tile.fp_convert %b : f8E5M2 -> f32
    %e = arith.cmpf ogt, %c, %d : f32
    %f = arith.select %e, %a, %b : f8E5M2
    tile.yield %f : f8E5M2
  }
  tile.store %o, %s : tensor<16x!tile.ptr<f8E5M2>, #rows>
  return
}
}
