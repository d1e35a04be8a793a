// Calls of matrix instructions are convergent: LLVM 22 does not say so of the intrinsics.
// RUN: cosmati-compile %s --target=sm_90a --option num_warps=1 --from=nvvm --emit=llvm | FileCheck %s
// CHECK: call { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.f32.f32({{.*}}) #[[ATTRIBUTES:[0-9]+]]
// CHECK: attributes #[[ATTRIBUTES]] = { {{.*}}convergent{{.*}} }
#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.shared_bytes = 0 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @k(%x: !tile.ptr<f16>, %y: !tile.ptr<f32>, %n: i32) attributes {tile.kernel} {
  %ri = tile.make_range 0, 256 : tensor<256xi32, #tilegpu.layout<register = [[1], [128], [8]], lane = [[2], [4], [16], [32], [64]], warp = [], block = [], shape = [256]>>
  %i = tile.reshape %ri : tensor<256xi32, #tilegpu.layout<register = [[1], [128], [8]], lane = [[2], [4], [16], [32], [64]], warp = [], block = [], shape = [256]>> -> tensor<16x16xi32, #a>
  %s = tile.splat %x : !tile.ptr<f16> -> tensor<16x16x!tile.ptr<f16>, #a>
  %p = tile.addptr %s, %i : tensor<16x16x!tile.ptr<f16>, #a>, tensor<16x16xi32, #a>
  %a = tile.load %p : tensor<16x16x!tile.ptr<f16>, #a>
  %b = arith.constant dense<1.0> : tensor<16x8xf16, #b>
  %c = arith.constant dense<0.0> : tensor<16x8xf32, #c>
  %d = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %b, %c : tensor<16x16xf16, #a>, tensor<16x8xf16, #b>, tensor<16x8xf32, #c>
  %rj = tile.make_range 0, 128 : tensor<128xi32, #tilegpu.layout<register = [[1], [64]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [128]>>
  %j = tile.reshape %rj : tensor<128xi32, #tilegpu.layout<register = [[1], [64]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [128]>> -> tensor<16x8xi32, #c>
  %ns = tile.splat %n : i32 -> tensor<16x8xi32, #c>
  %m = arith.cmpi slt, %j, %ns : tensor<16x8xi32, #c>
  %t = tile.splat %y : !tile.ptr<f32> -> tensor<16x8x!tile.ptr<f32>, #c>
  %q = tile.addptr %t, %j : tensor<16x8x!tile.ptr<f32>, #c>, tensor<16x8xi32, #c>
  tile.store %q, %d mask %m : tensor<16x8xi1, #c> : tensor<16x8x!tile.ptr<f32>, #c>
  return
}
}
