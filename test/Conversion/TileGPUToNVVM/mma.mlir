// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm --cse | FileCheck %s
#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
#a8 = #tilegpu.layout<register = [[0, 1], [0, 2], [8, 0], [0, 16]], lane = [[0, 4], [0, 8], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 32]>
#b8 = #tilegpu.layout<register = [[1, 0], [2, 0], [16, 0]], lane = [[4, 0], [8, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "89">} {

// CHECK-LABEL: llvm.func{{.*}} @halves
// CHECK: nvvm.mma.sync A[%{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}}] B[%{{[0-9]+}}, %{{[0-9]+}}] C[%{{[0-9a-z]+}}, %{{[0-9a-z]+}}, %{{[0-9a-z]+}}, %{{[0-9a-z]+}}]
// CHECK-SAME: shape = #nvvm.shape<m = 16, n = 8, k = 16>
// CHECK-NOT: nvvm.mma.sync
func.func @halves(%a: tensor<16x16xf16, #a>, %b: tensor<16x8xf16, #b>, %c: tensor<16x8xf32, #c>, %o: tensor<16x8x!tile.ptr<f32>, #c>) {
  %d = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %b, %c : tensor<16x16xf16, #a>, tensor<16x8xf16, #b>, tensor<16x8xf32, #c>
  tile.store %o, %d : tensor<16x8x!tile.ptr<f32>, #c>
  return
}

// The second step adds to what the first one gave.
// CHECK-LABEL: llvm.func{{.*}} @two_steps
// CHECK: %[[FIRST:.*]] = nvvm.mma.sync {{.*}}k = 8>
// CHECK: %[[SUM:.*]] = llvm.extractvalue %[[FIRST]][0]
// CHECK: nvvm.mma.sync {{.*}} C[%[[SUM]], {{.*}}k = 8>
func.func @two_steps(%a: tensor<16x16xbf16, #a>, %b: tensor<16x8xbf16, #b>, %c: tensor<16x8xf32, #c>, %o: tensor<16x8x!tile.ptr<f32>, #c>) {
  %d = tilegpu.mma "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32" %a, %b, %c : tensor<16x16xbf16, #a>, tensor<16x8xbf16, #b>, tensor<16x8xf32, #c>
  tile.store %o, %d : tensor<16x8x!tile.ptr<f32>, #c>
  return
}

// CHECK-LABEL: llvm.func{{.*}} @wrapping
// CHECK: nvvm.mma.sync {{.*}}intOverflowBehavior = #nvvm.mma_int_overflow<wrapped>
// CHECK-SAME: multiplicandAPtxType = #nvvm.mma_type<s8>, multiplicandBPtxType = #nvvm.mma_type<u8>
func.func @wrapping(%a: tensor<16x32xi8, #a8>, %b: tensor<32x8xi8, #b8>, %c: tensor<16x8xi32, #c>, %o: tensor<16x8x!tile.ptr<i32>, #c>) {
  %d = tilegpu.mma "mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32" %a, %b, %c : tensor<16x32xi8, #a8>, tensor<32x8xi8, #b8>, tensor<16x8xi32, #c>
  tile.store %o, %d : tensor<16x8x!tile.ptr<i32>, #c>
  return
}

// CHECK-LABEL: llvm.func{{.*}} @saturating
// CHECK: nvvm.mma.sync {{.*}}intOverflowBehavior = #nvvm.mma_int_overflow<satfinite>
func.func @saturating(%a: tensor<16x32xi8, #a8>, %b: tensor<32x8xi8, #b8>, %c: tensor<16x8xi32, #c>, %o: tensor<16x8x!tile.ptr<i32>, #c>) {
  %d = tilegpu.mma "mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32" saturate %a, %b, %c : tensor<16x32xi8, #a8>, tensor<32x8xi8, #b8>, tensor<16x8xi32, #c>
  tile.store %o, %d : tensor<16x8x!tile.ptr<i32>, #c>
  return
}

// NVVM's op refuses fp8: the intrinsic itself.
// CHECK-LABEL: llvm.func{{.*}} @fp8
// CHECK: llvm.bitcast %{{.*}} : vector<4xi8> to i32
// CHECK: llvm.call_intrinsic "llvm.nvvm.mma.m16n8k32.row.col.f32.e4m3.e5m2.f32"
func.func @fp8(%a: tensor<16x32xf8E4M3FN, #a8>, %b: tensor<32x8xf8E5M2, #b8>, %c: tensor<16x8xf32, #c>, %o: tensor<16x8x!tile.ptr<f32>, #c>) {
  %d = tilegpu.mma "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e5m2.f32" %a, %b, %c : tensor<16x32xf8E4M3FN, #a8>, tensor<32x8xf8E5M2, #b8>, tensor<16x8xf32, #c>
  tile.store %o, %d : tensor<16x8x!tile.ptr<f32>, #c>
  return
}
}
