// RUN: cosmati-opt %s | cosmati-opt | FileCheck %s
#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>

// CHECK-LABEL: @halves
// CHECK: tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xf16, #layout{{[0-9]*}}>, tensor<16x8xf16, #layout{{[0-9]*}}>, tensor<16x8xf32, #layout{{[0-9]*}}>
func.func @halves(%a: tensor<16x16xf16, #a>, %b: tensor<16x8xf16, #b>, %c: tensor<16x8xf32, #c>) -> tensor<16x8xf32, #c> {
  %d = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %b, %c : tensor<16x16xf16, #a>, tensor<16x8xf16, #b>, tensor<16x8xf32, #c>
  return %d : tensor<16x8xf32, #c>
}

// The same fragments serve the instruction with half of k, in two steps.
// CHECK-LABEL: @half_k
// CHECK: tilegpu.mma "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32"
func.func @half_k(%a: tensor<16x16xf16, #a>, %b: tensor<16x8xf16, #b>, %c: tensor<16x8xf32, #c>) -> tensor<16x8xf32, #c> {
  %d = tilegpu.mma "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32" %a, %b, %c : tensor<16x16xf16, #a>, tensor<16x8xf16, #b>, tensor<16x8xf32, #c>
  return %d : tensor<16x8xf32, #c>
}

// 16-bit fragments of i16 hold four s4 each.
// CHECK-LABEL: @saturating
// CHECK: tilegpu.mma "mma.sync.aligned.m16n8k64.row.col.s32.s4.s4.s32" saturate
func.func @saturating(%a: tensor<16x16xi16, #a>, %b: tensor<16x8xi16, #b>, %c: tensor<16x8xi32, #c>) -> tensor<16x8xi32, #c> {
  %d = tilegpu.mma "mma.sync.aligned.m16n8k64.row.col.s32.s4.s4.s32" saturate %a, %b, %c : tensor<16x16xi16, #a>, tensor<16x8xi16, #b>, tensor<16x8xi32, #c>
  return %d : tensor<16x8xi32, #c>
}
