// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm --cse | FileCheck %s
// cp.async and the rounding to tf32. What is copied is checked by test/unit/Conversion.
#p = #tilegpu.layout<register = [[0, 1], [0, 2], [0, 4], [8, 0]], lane = [[0, 8], [0, 16], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 32]>
#f = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
#copies = #tilegpu.layout<register = [[0, 1], [0, 2], [0, 4]], lane = [[0, 0], [1, 0], [2, 0], [4, 0], [8, 0]], warp = [], block = [], shape = [16, 8]>
#s = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [1, 0], [2, 8], [4, 16], [8, 0]], block = [], shape = [16, 32], alignment = 16>
#rows = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [1, 0], [2, 0], [4, 0], [8, 0]], block = [], shape = [16, 8], alignment = 16>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {

// CHECK-LABEL: llvm.func{{.*}} @groups
// CHECK-COUNT-2: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
// CHECK-NEXT: nvvm.cp.async.commit.group
// CHECK-NEXT: nvvm.cp.async.wait.group 1
func.func @groups(%p: tensor<16x32x!tile.ptr<f16>, #p>) {
  %m = tilegpu.shared_alloc "tile" offset 0 : <16x32xf16, #s>
  tilegpu.async_copy %p, %m {tilegpu.vector = 8 : i32} : tensor<16x32x!tile.ptr<f16>, #p>, <16x32xf16, #s>
  tilegpu.async_commit
  tilegpu.async_wait 1
  return
}

// Copies with one mask share the number of bytes to read.
// CHECK-LABEL: llvm.func{{.*}} @one_mask
// CHECK: %[[SIZE:.*]] = llvm.inline_asm "selp.b32 $0, 16, 0, $1;", "=r,b" %{{.*}} : (i1) -> i32
// CHECK-NOT: selp
// CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg, %[[SIZE]]
// CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg, %[[SIZE]]
func.func @one_mask(%p: tensor<16x32x!tile.ptr<f16>, #p>, %on: i1) {
  %m = tilegpu.shared_alloc "tile" offset 0 : <16x32xf16, #s>
  %mask = tile.splat %on : i1 -> tensor<16x32xi1, #p>
  tilegpu.async_copy %p, %m mask %mask {tilegpu.vector = 8 : i32} : tensor<16x32x!tile.ptr<f16>, #p>, <16x32xf16, #s>, tensor<16x32xi1, #p>
  return
}

// CHECK-LABEL: llvm.func{{.*}} @always_on
// CHECK-NOT: selp
// CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg :
func.func @always_on(%p: tensor<16x32x!tile.ptr<f16>, #p>) {
  %m = tilegpu.shared_alloc "tile" offset 0 : <16x32xf16, #s>
  %mask = arith.constant dense<true> : tensor<16x32xi1, #p>
  tilegpu.async_copy %p, %m mask %mask {tilegpu.vector = 8 : i32} : tensor<16x32x!tile.ptr<f16>, #p>, <16x32xf16, #s>, tensor<16x32xi1, #p>
  return
}

// Only 16 bytes can bypass L1.
// CHECK-LABEL: llvm.func{{.*}} @narrow
// CHECK-COUNT-4: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 8, cache = ca
// CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = ca
func.func @narrow(%p: tensor<16x32x!tile.ptr<f16>, #p>) {
  %m = tilegpu.shared_alloc "tile" offset 0 : <16x32xf16, #s>
  tilegpu.async_copy %p, %m {tilegpu.vector = 4 : i32} : tensor<16x32x!tile.ptr<f16>, #p>, <16x32xf16, #s>
  tilegpu.async_copy %p, %m {cache = #tile.cache<ca>, tilegpu.vector = 8 : i32} : tensor<16x32x!tile.ptr<f16>, #p>, <16x32xf16, #s>
  return
}

// Of two lanes with the same elements one copies.
// CHECK-LABEL: llvm.func{{.*}} @one_replica
// CHECK: llvm.cond_br
// CHECK: nvvm.cp.async.shared.global
// CHECK: llvm.br
// CHECK: nvvm.cp.async.commit.group
func.func @one_replica(%p: tensor<16x8x!tile.ptr<f16>, #copies>) {
  %m = tilegpu.shared_alloc "tile" offset 0 : <16x8xf16, #rows>
  tilegpu.async_copy %p, %m {tilegpu.vector = 8 : i32} : tensor<16x8x!tile.ptr<f16>, #copies>, <16x8xf16, #rows>
  tilegpu.async_commit
  return
}

// Registers of one value are rounded once.
// CHECK-LABEL: llvm.func{{.*}} @tf32
// CHECK-COUNT-4: nvvm.convert.float.to.tf32 %{{.*}} {rnd = #nvvm.fp_rnd_mode<rna>}
// CHECK: nvvm.convert.float.to.tf32
// CHECK-NOT: nvvm.convert.float.to.tf32
func.func @tf32(%x: tensor<16x8xf32, #f>, %y: f32, %o: tensor<16x8x!tile.ptr<f32>, #f>) {
  %r = tilegpu.round_tf32 %x : tensor<16x8xf32, #f>
  tile.store %o, %r : tensor<16x8x!tile.ptr<f32>, #f>
  %ys = tile.splat %y : f32 -> tensor<16x8xf32, #f>
  %q = tilegpu.round_tf32 %ys : tensor<16x8xf32, #f>
  tile.store %o, %q : tensor<16x8x!tile.ptr<f32>, #f>
  return
}
}
