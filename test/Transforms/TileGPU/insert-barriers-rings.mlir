// RUN: cosmati-opt %s --pass-pipeline="builtin.module(func.func(tilegpu-insert-barriers))" | FileCheck %s

#v = #tilegpu.layout<register = [[1], [2], [4]], lane = [[8], [16], [32], [64], [128]], warp = [[256], [512]], block = [], shape = [1024]>
#s = #tilegpu.shared<offset = [[1], [2], [4], [8], [16], [32], [64], [128], [256], [512]], block = [], shape = [1024], alignment = 16>
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "80">, tilegpu.shared_bytes = 12288 : i32} {

// The slots of two phases never meet between two barriers; those of one phase do unless their indices are constants.
// CHECK-LABEL: @phases
// CHECK: tilegpu.async_copy
// CHECK-NEXT: tilegpu.async_commit
// CHECK: scf.for
// CHECK: tilegpu.async_wait 0
// CHECK-NEXT: tilegpu.barrier
// CHECK-NOT: tilegpu.barrier
// CHECK: scf.yield
func.func @phases(%p: tensor<1024x!tile.ptr<f32>, #v>, %c: tensor<1024xf32, #v>, %n: i32) -> tensor<1024xf32, #v> {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %ring = tilegpu.shared_alloc "ring" slots 2 offset 0 : <1024xf32, #s>
  %first = tilegpu.shared_slot %ring[%c0] phase 1 : <1024xf32, #s>
  tilegpu.async_copy %p, %first {tilegpu.vector = 4 : i32} : tensor<1024x!tile.ptr<f32>, #v>, <1024xf32, #s>
  tilegpu.async_commit
  %r:3 = scf.for %i = %c0 to %n step %c1 iter_args(%s = %c, %copied = %c1, %read = %c0) -> (tensor<1024xf32, #v>, i32, i32) : i32 {
    tilegpu.async_wait 0
    tilegpu.barrier
    %to = tilegpu.shared_slot %ring[%copied] phase 1 : <1024xf32, #s>
    tilegpu.async_copy %p, %to {tilegpu.vector = 4 : i32} : tensor<1024x!tile.ptr<f32>, #v>, <1024xf32, #s>
    tilegpu.async_commit
    %from = tilegpu.shared_slot %ring[%read] : <1024xf32, #s>
    %x = tilegpu.shared_load %from : <1024xf32, #s> -> tensor<1024xf32, #v>
    %t = arith.addf %s, %x : tensor<1024xf32, #v>
    scf.yield %t, %read, %copied : tensor<1024xf32, #v>, i32, i32
  }
  tilegpu.async_wait 0
  return %r#0 : tensor<1024xf32, #v>
}

// A barrier does not end copies: after the wait they need another one before the bytes are used for something else.
// CHECK-LABEL: @bytes_of_a_ring_are_used_again
// CHECK: tilegpu.async_copy
// CHECK: tilegpu.barrier
// CHECK: tilegpu.async_wait 0
// CHECK-NEXT: tilegpu.shared_alloc
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: tilegpu.shared_store
func.func @bytes_of_a_ring_are_used_again(%p: tensor<1024x!tile.ptr<f32>, #v>, %x: tensor<1024xf32, #v>, %i: i32) {
  %ring = tilegpu.shared_alloc "ring" slots 2 offset 0 : <1024xf32, #s>
  %slot = tilegpu.shared_slot %ring[%i] phase 1 : <1024xf32, #s>
  tilegpu.async_copy %p, %slot {tilegpu.vector = 4 : i32} : tensor<1024x!tile.ptr<f32>, #v>, <1024xf32, #s>
  tilegpu.async_commit
  tilegpu.barrier
  tilegpu.async_wait 0
  %m = tilegpu.shared_alloc "other" offset 4096 : <1024xf32, #s>
  tilegpu.shared_store %x, %m : tensor<1024xf32, #v>, <1024xf32, #s>
  return
}
}
