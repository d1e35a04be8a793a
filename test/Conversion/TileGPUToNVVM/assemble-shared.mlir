// REQUIRES: cosmati-compile, ptxas
// RUN: sed s/SM/80/ %s | cosmati-compile - --from=nvvm --target=sm_80 -o %t.ptx && %ptxas -arch=sm_80 %t.ptx -o %t.cubin
// RUN: sed s/SM/89/ %s | cosmati-compile - --from=nvvm --target=sm_89 -o %t.ptx && %ptxas -arch=sm_89 %t.ptx -o %t.cubin
// RUN: sed s/SM/90a/ %s | cosmati-compile - --from=nvvm --target=sm_90a -o %t.ptx && %ptxas -arch=sm_90a %t.ptx -o %t.cubin
// RUN: FileCheck %s < %t.ptx
// The assembler accepts copies of each size, both forms of ldmatrix and stmatrix, and the rounding to tf32.
// CHECK-DAG: cp.async.ca.shared.global {{.*}}, 4, %r{{[0-9]+}};
// CHECK-DAG: cp.async.ca.shared.global {{.*}}, 8;
// CHECK-DAG: cp.async.ca.shared.global {{.*}}, 16;
// CHECK-DAG: cp.async.cg.shared.global {{.*}}, 16, %r{{[0-9]+}};
// CHECK-DAG: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK-DAG: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK-DAG: stmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK-DAG: stmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK-DAG: cvt.rna.tf32.f32
#f = #tilegpu.layout<register = [[0, 1], [0, 2], [0, 4], [8, 0]], lane = [[0, 8], [0, 16], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 32]>
#flat = #tilegpu.layout<register = [[1], [2], [4], [256]], lane = [[8], [16], [32], [64], [128]], warp = [], block = [], shape = [512]>
#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8], [0, 16]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 32]>
#t = #tilegpu.layout<register = [[1, 0], [8, 0], [0, 8], [0, 16]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 32]>
#s = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [1, 0], [2, 8], [4, 16], [8, 0]], block = [], shape = [16, 32], alignment = 128>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.shared_bytes = 6144 : i32, tilegpu.target = #tilegpu.target<sm = "SM">} {
func.func @forms(%p: !tile.ptr<f16>, %g: !tile.ptr<f32>, %n: i32) attributes {tile.kernel} {
  %r = tile.make_range 0, 512 : tensor<512xi32, #flat>
  %i = tile.reshape %r : tensor<512xi32, #flat> -> tensor<16x32xi32, #f>
  %ps = tile.splat %p : !tile.ptr<f16> -> tensor<16x32x!tile.ptr<f16>, #f>
  %q = tile.addptr %ps, %i : tensor<16x32x!tile.ptr<f16>, #f>, tensor<16x32xi32, #f>
  %gs = tile.splat %g : !tile.ptr<f32> -> tensor<16x32x!tile.ptr<f32>, #f>
  %h = tile.addptr %gs, %i : tensor<16x32x!tile.ptr<f32>, #f>, tensor<16x32xi32, #f>
  %ns = tile.splat %n : i32 -> tensor<16x32xi32, #f>
  %mask = arith.cmpi slt, %i, %ns : tensor<16x32xi32, #f>
  %m0 = tilegpu.shared_alloc "halves" offset 0 : <16x32xf16, #s>
  %m1 = tilegpu.shared_alloc "other halves" offset 1024 : <16x32xf16, #s>
  %m2 = tilegpu.shared_alloc "floats" offset 2048 : <16x32xf32, #s>
  %m3 = tilegpu.shared_alloc "other floats" offset 4096 : <16x32xf32, #s>
  tilegpu.async_copy %q, %m0 mask %mask {tilegpu.vector = 8 : i32} : tensor<16x32x!tile.ptr<f16>, #f>, <16x32xf16, #s>, tensor<16x32xi1, #f>
  tilegpu.async_copy %q, %m1 {cache = #tile.cache<ca>, tilegpu.vector = 8 : i32} : tensor<16x32x!tile.ptr<f16>, #f>, <16x32xf16, #s>
  tilegpu.async_copy %h, %m2 mask %mask {tilegpu.vector = 1 : i32} : tensor<16x32x!tile.ptr<f32>, #f>, <16x32xf32, #s>, tensor<16x32xi1, #f>
  tilegpu.async_copy %h, %m3 {tilegpu.vector = 2 : i32} : tensor<16x32x!tile.ptr<f32>, #f>, <16x32xf32, #s>
  tilegpu.async_commit
  tilegpu.async_wait 0
  tilegpu.barrier
  %x = tilegpu.shared_load %m0 : <16x32xf16, #s> -> tensor<16x32xf16, #a>
  %y = tilegpu.shared_load %m1 : <16x32xf16, #s> -> tensor<16x32xf16, #t>
  %u = tilegpu.shared_load %m2 : <16x32xf32, #s> -> tensor<16x32xf32, #f>
  %v = tilegpu.shared_load %m3 : <16x32xf32, #s> -> tensor<16x32xf32, #f>
  tilegpu.barrier
  tilegpu.shared_store %x, %m1 : tensor<16x32xf16, #a>, <16x32xf16, #s>
  tilegpu.shared_store %y, %m0 : tensor<16x32xf16, #t>, <16x32xf16, #s>
  tilegpu.barrier
  %z = tilegpu.shared_load %m0 : <16x32xf16, #s> -> tensor<16x32xf16, #f>
  %w = tilegpu.shared_load %m1 : <16x32xf16, #s> -> tensor<16x32xf16, #f>
  %sum = arith.addf %z, %w : tensor<16x32xf16, #f>
  tile.store %q, %sum : tensor<16x32x!tile.ptr<f16>, #f>
  %rounded = tilegpu.round_tf32 %u : tensor<16x32xf32, #f>
  %total = arith.addf %rounded, %v : tensor<16x32xf32, #f>
  tile.store %h, %total : tensor<16x32x!tile.ptr<f32>, #f>
  return
}
}
