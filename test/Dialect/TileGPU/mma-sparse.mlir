// RUN: cosmati-opt %s | cosmati-opt | FileCheck %s
#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#e = #tilegpu.layout<register = [[8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 2]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>

// CHECK-LABEL: @halves
// CHECK: tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xf16, #layout{{[0-9]*}}>, tensor<16x2xi16, #layout{{[0-9]*}}>, tensor<32x8xf16, #layout{{[0-9]*}}>, tensor<16x8xf32, #layout{{[0-9]*}}>
func.func @halves(%a: tensor<16x16xf16, #a>, %e: tensor<16x2xi16, #e>, %b: tensor<32x8xf16, #b>, %c: tensor<16x8xf32, #c>) -> tensor<16x8xf32, #c> {
  %d = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" %a, %e, %b, %c : tensor<16x16xf16, #a>, tensor<16x2xi16, #e>, tensor<32x8xf16, #b>, tensor<16x8xf32, #c>
  return %d : tensor<16x8xf32, #c>
}
