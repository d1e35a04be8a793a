// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm --cse | FileCheck %s
#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#e = #tilegpu.layout<register = [[8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 2]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
#a8 = #tilegpu.layout<register = [[0, 1], [0, 2], [8, 0], [0, 16]], lane = [[0, 4], [0, 8], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 32]>
#e8 = #tilegpu.layout<register = [[0, 1]], lane = [[8, 0], [0, 2], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 4]>
#b8 = #tilegpu.layout<register = [[1, 0], [2, 0], [16, 0], [32, 0]], lane = [[4, 0], [8, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [64, 8]>

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "89">} {

// The two words of a thread are one register of metadata; all lanes hold what selector 0 may read.
// CHECK-LABEL: llvm.func{{.*}} @halves
// CHECK: %[[ZERO:.*]] = llvm.mlir.constant(0 : i32)
// CHECK: %[[WORDS:.*]] = llvm.bitcast %{{.*}} : vector<2xi16> to i32
// CHECK: nvvm.mma.sp.sync A[%{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}}] B[%{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}}] C[{{.*}}] sparseMetadata[%[[WORDS]]] selector[%[[ZERO]]]
// CHECK-SAME: orderedMetadata
// CHECK-SAME: shape = #nvvm.shape<m = 16, n = 8, k = 32>
// CHECK-NOT: nvvm.mma.sp.sync
func.func @halves(%a: tensor<16x16xf16, #a>, %e: tensor<16x2xi16, #e>, %b: tensor<32x8xf16, #b>, %c: tensor<16x8xf32, #c>, %o: tensor<16x8x!tile.ptr<f32>, #c>) {
  %d = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" %a, %e, %b, %c : tensor<16x16xf16, #a>, tensor<16x2xi16, #e>, tensor<32x8xf16, #b>, tensor<16x8xf32, #c>
  tile.store %o, %d : tensor<16x8x!tile.ptr<f32>, #c>
  return
}

// CHECK-LABEL: llvm.func{{.*}} @saturating
// CHECK: nvvm.mma.sp.sync {{.*}}intOverflowBehavior = #nvvm.mma_int_overflow<satfinite>
// CHECK-SAME: multiplicandAPtxType = #nvvm.mma_type<s8>, multiplicandBPtxType = #nvvm.mma_type<u8>
func.func @saturating(%a: tensor<16x32xi8, #a8>, %e: tensor<16x4xi16, #e8>, %b: tensor<64x8xi8, #b8>, %c: tensor<16x8xi32, #c>, %o: tensor<16x8x!tile.ptr<i32>, #c>) {
  %d = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.s32.s8.u8.s32" saturate %a, %e, %b, %c : tensor<16x32xi8, #a8>, tensor<16x4xi16, #e8>, tensor<64x8xi8, #b8>, tensor<16x8xi32, #c>
  tile.store %o, %d : tensor<16x8x!tile.ptr<i32>, #c>
  return
}

// NVVM's op refuses fp8: the intrinsic itself.
// CHECK-LABEL: llvm.func{{.*}} @fp8
// CHECK: llvm.call_intrinsic "llvm.nvvm.mma.sp.ordered.metadata.m16n8k64.row.col.f32.e4m3.e5m2.f32"
func.func @fp8(%a: tensor<16x32xf8E4M3FN, #a8>, %e: tensor<16x4xi16, #e8>, %b: tensor<64x8xf8E5M2, #b8>, %c: tensor<16x8xf32, #c>, %o: tensor<16x8x!tile.ptr<f32>, #c>) {
  %d = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.f32.e4m3.e5m2.f32" %a, %e, %b, %c : tensor<16x32xf8E4M3FN, #a8>, tensor<16x4xi16, #e8>, tensor<64x8xf8E5M2, #b8>, tensor<16x8xf32, #c>
  tile.store %o, %d : tensor<16x8x!tile.ptr<f32>, #c>
  return
}
}
