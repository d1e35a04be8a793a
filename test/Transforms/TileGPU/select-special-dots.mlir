// RUN: cosmati-opt %s --split-input-file --verify-diagnostics --pass-pipeline="builtin.module(func.func(tilegpu-select-tensor-core))" | FileCheck %s

#l = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [1, 0], [2, 0], [4, 0], [8, 0]], warp = [[16, 0], [0, 0]], block = [], shape = [32, 8]>
#p = #tilegpu.layout<register = [[0, 1], [0, 2], [16, 0]], lane = [[0, 4], [0, 8], [1, 0], [2, 0], [4, 0]], warp = [[8, 0], [0, 0]], block = [], shape = [32, 16]>
#q = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [1, 0], [2, 0], [4, 0], [8, 0]], warp = [[0, 0], [0, 0]], block = [], shape = [16, 8]>
#e = #tilegpu.layout<register = [], lane = [[0, 1], [1, 0], [2, 0], [4, 0], [8, 0]], warp = [[16, 0], [0, 0]], block = [], shape = [32, 2]>
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {

// Bytes lie in the fragments of bytes, each with two elements.
// CHECK-LABEL: @packed
// CHECK: %[[A:.*]] = tilegpu.convert_layout %arg0 : tensor<32x16xi8, #{{.*}}> -> tensor<32x16xi8, #{{.*}}>
// CHECK: %[[B:.*]] = tilegpu.convert_layout %arg1 : tensor<16x8xi8, #{{.*}}> -> tensor<16x8xi8, #{{.*}}>
// CHECK: %[[ACC:.*]] = tilegpu.convert_layout %arg2
// CHECK: %[[R:.*]] = tilegpu.mma "mma.sync.aligned.m16n8k32.row.col.s32.s4.u4.s32" %[[A]], %[[B]], %[[ACC]]
// CHECK: %[[BACK:.*]] = tilegpu.convert_layout %[[R]] : tensor<32x8xi32, #{{.*}}> -> tensor<32x8xi32, #{{.*}}>
// CHECK: return %[[BACK]]
func.func @packed(%a: tensor<32x16xi8, #p>, %b: tensor<16x8xi8, #q>, %c: tensor<32x8xi32, #l>) -> tensor<32x8xi32, #l> {
  %r = tile.dot_packed %a as s4, %b as u4, %c : tensor<32x16xi8, #p>, tensor<16x8xi8, #q>, tensor<32x8xi32, #l>
  return %r : tensor<32x8xi32, #l>
}

// CHECK-LABEL: @bits
// CHECK: tilegpu.mma "mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc"
func.func @bits(%a: tensor<32x16xi32, #p>, %b: tensor<16x8xi32, #q>, %c: tensor<32x8xi32, #l>) -> tensor<32x8xi32, #l> {
  %r = tile.dot_packed %a as b1, %b as b1, %c product and : tensor<32x16xi32, #p>, tensor<16x8xi32, #q>, tensor<32x8xi32, #l>
  return %r : tensor<32x8xi32, #l>
}
}

// -----

#p = #tilegpu.layout<register = [[0, 1], [0, 2], [16, 0]], lane = [[0, 4], [0, 8], [1, 0], [2, 0], [4, 0]], warp = [[8, 0], [0, 0]], block = [], shape = [32, 16]>
#b = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [1, 0], [2, 0], [4, 0], [8, 0]], warp = [[16, 0], [0, 0]], block = [], shape = [32, 8]>
#e = #tilegpu.layout<register = [], lane = [[0, 1], [1, 0], [2, 0], [4, 0], [8, 0]], warp = [[16, 0], [0, 0]], block = [], shape = [32, 2]>
#e4 = #tilegpu.layout<register = [[0, 2]], lane = [[0, 1], [1, 0], [2, 0], [4, 0], [8, 0]], warp = [[16, 0], [0, 0]], block = [], shape = [32, 4]>
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {

// CHECK-LABEL: @sparse
// CHECK: %[[E:.*]] = tilegpu.convert_layout %arg1 : tensor<32x2xi16, #{{.*}}> -> tensor<32x2xi16, #{{.*}}>
// CHECK: tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" %{{.*}}, %[[E]], %{{.*}}, %{{.*}} :
func.func @sparse(%a: tensor<32x16xf16, #p>, %e: tensor<32x2xi16, #e>, %b: tensor<32x8xf16, #b>, %c: tensor<32x8xf32, #b>) -> tensor<32x8xf32, #b> {
  %r = tile.dot_sparse %a, %e, %b, %c : tensor<32x16xf16, #p>, tensor<32x2xi16, #e>, tensor<32x8xf16, #b>, tensor<32x8xf32, #b>
  return %r : tensor<32x8xf32, #b>
}

// CHECK-LABEL: @f32_is_rounded_to_tf32
// CHECK: tilegpu.round_tf32
// CHECK: tilegpu.round_tf32
// CHECK: tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32"
func.func @f32_is_rounded_to_tf32(%a: tensor<32x16xf32, #p>, %e: tensor<32x4xi16, #e4>, %b: tensor<32x8xf32, #b>, %c: tensor<32x8xf32, #b>) -> tensor<32x8xf32, #b> {
  %r = tile.dot_sparse %a, %e, %b, %c : tensor<32x16xf32, #p>, tensor<32x4xi16, #e4>, tensor<32x8xf32, #b>, tensor<32x8xf32, #b>
  return %r : tensor<32x8xf32, #b>
}

// sm_80 multiplies no fp8, and no instruction has fp8 with K = 32.
// CHECK-LABEL: @fp8_becomes_f16
// CHECK: tile.fp_convert %{{.*}} overflow nonfinite : tensor<32x16xf8E4M3FN, #{{.*}}> -> tensor<32x16xf16, #{{.*}}>
// CHECK: tile.fp_convert %{{.*}} overflow nonfinite : tensor<32x8xf8E5M2, #{{.*}}> -> tensor<32x8xf16, #{{.*}}>
// CHECK: tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32"
func.func @fp8_becomes_f16(%a: tensor<32x16xf8E4M3FN, #p>, %e: tensor<32x2xi16, #e>, %b: tensor<32x8xf8E5M2, #b>, %c: tensor<32x8xf32, #b>) -> tensor<32x8xf32, #b> {
  %r = tile.dot_sparse %a, %e, %b, %c : tensor<32x16xf8E4M3FN, #p>, tensor<32x2xi16, #e>, tensor<32x8xf8E5M2, #b>, tensor<32x8xf32, #b>
  return %r : tensor<32x8xf32, #b>
}

// CHECK-LABEL: @signs
// CHECK: tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32"
func.func @signs(%a: tensor<32x16xi8, #p>, %e: tensor<32x2xi16, #e>, %b: tensor<32x8xi8, #b>, %c: tensor<32x8xi32, #b>) -> tensor<32x8xi32, #b> {
  %r = tile.dot_sparse %a, %e, %b, %c {unsignedA} : tensor<32x16xi8, #p>, tensor<32x2xi16, #e>, tensor<32x8xi8, #b>, tensor<32x8xi32, #b>
  return %r : tensor<32x8xi32, #b>
}
}

// -----

#p = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [1, 0], [2, 0], [4, 0], [8, 0]], warp = [], block = [], shape = [16, 8]>
#q = #tilegpu.layout<register = [[0, 1]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [8, 8]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
func.func @depth(%a: tensor<16x8xi8, #p>, %b: tensor<8x8xi8, #q>, %c: tensor<16x8xi32, #p>) -> tensor<16x8xi32, #p> {
  // expected-error@+1 {{runs on tensor cores only, and K=16 is not a multiple of 32, which mma of s4 x s4 -> s32 takes at least; pad K with zeros}}
  %r = tile.dot_packed %a as s4, %b as s4, %c : tensor<16x8xi8, #p>, tensor<8x8xi8, #q>, tensor<16x8xi32, #p>
  return %r : tensor<16x8xi32, #p>
}
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [0, 8], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [8, 16]>
#b = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [1, 0], [2, 0], [4, 0], [8, 0]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [8, 8]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
func.func @rows(%a: tensor<8x16xi8, #a>, %b: tensor<16x8xi8, #b>, %c: tensor<8x8xi32, #c>) -> tensor<8x8xi32, #c> {
  // expected-error@+1 {{runs on tensor cores only, and has M=8 and N=8; an instruction takes at least M=16 and N=8: pad M and N with zeros}}
  %r = tile.dot_packed %a as s4, %b as s4, %c : tensor<8x16xi8, #a>, tensor<16x8xi8, #b>, tensor<8x8xi32, #c>
  return %r : tensor<8x8xi32, #c>
}
}
