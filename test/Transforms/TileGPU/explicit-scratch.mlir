// RUN: cosmati-opt %s --pass-pipeline="builtin.module(func.func(tilegpu-explicit-scratch))" | FileCheck %s

#rows = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [0, 8], [0, 16], [1, 0], [2, 0]], warp = [[4, 0], [8, 0]], block = [], shape = [16, 32]>
#cols = #tilegpu.layout<register = [[1, 0], [2, 0]], lane = [[4, 0], [8, 0], [0, 1], [0, 2], [0, 4]], warp = [[0, 8], [0, 16]], block = [], shape = [16, 32]>
#regs = #tilegpu.layout<register = [[0, 2], [0, 1]], lane = [[0, 4], [0, 8], [0, 16], [1, 0], [2, 0]], warp = [[4, 0], [8, 0]], block = [], shape = [16, 32]>
#full = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[32], [64]], block = [], shape = [128]>
#small = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[0], [0]], block = [], shape = [32]>
// CHECK-DAG: #[[$ONE:.*]] = #tilegpu.layout<register = [], lane = {{\[\[}}0], [0], [0], [0], [0]], warp = {{\[\[}}0], [0]], block = [], shape = [1]>
module attributes {tilegpu.num_warps = 4 : i32} {

// CHECK-LABEL: @across_warps
// CHECK: %[[M:.*]] = tilegpu.shared_alloc "layout conversion" : <16x32xf32
// CHECK: tilegpu.shared_store %arg0, %[[M]]
// CHECK: %[[R:.*]] = tilegpu.shared_load %[[M]]
// CHECK: return %[[R]]
func.func @across_warps(%x: tensor<16x32xf32, #rows>) -> tensor<16x32xf32, #cols> {
  %0 = tilegpu.convert_layout %x : tensor<16x32xf32, #rows> -> tensor<16x32xf32, #cols>
  return %0 : tensor<16x32xf32, #cols>
}

// CHECK-LABEL: @registers_only
// CHECK-NOT: shared
// CHECK: tilegpu.convert_layout
func.func @registers_only(%x: tensor<16x32xf32, #rows>) -> tensor<16x32xf32, #regs> {
  %0 = tilegpu.convert_layout %x : tensor<16x32xf32, #rows> -> tensor<16x32xf32, #regs>
  return %0 : tensor<16x32xf32, #regs>
}

// CHECK-LABEL: @unused
// CHECK-NEXT: return
func.func @unused(%x: tensor<16x32xf32, #rows>) {
  %0 = tilegpu.convert_layout %x : tensor<16x32xf32, #rows> -> tensor<16x32xf32, #cols>
  %1 = tilegpu.convert_layout %0 : tensor<16x32xf32, #cols> -> tensor<16x32xf32, #regs>
  return
}

// CHECK-LABEL: @replicas_learn_the_result_of_an_atomic
// CHECK: %[[A:.*]] = tile.atomic_rmw fadd
// CHECK: %[[M:.*]] = tilegpu.shared_alloc "result of an atomic"
// CHECK: tilegpu.shared_store %[[A]], %[[M]]
// CHECK: %[[R:.*]] = tilegpu.shared_load %[[M]]
// CHECK: return %[[R]]
func.func @replicas_learn_the_result_of_an_atomic(%p: tensor<32x!tile.ptr<f32>, #small>, %v: tensor<32xf32, #small>) -> tensor<32xf32, #small> {
  %0 = tile.atomic_rmw fadd, relaxed, gpu, %p, %v : tensor<32x!tile.ptr<f32>, #small>
  return %0 : tensor<32xf32, #small>
}

// CHECK-LABEL: @without_replicas_or_without_use
// CHECK-NOT: shared
func.func @without_replicas_or_without_use(%p: tensor<128x!tile.ptr<f32>, #full>, %v: tensor<128xf32, #full>, %q: tensor<32x!tile.ptr<f32>, #small>, %w: tensor<32xf32, #small>, %s: !tile.ptr<i32>, %i: i32) -> tensor<128xf32, #full> {
  %0 = tile.atomic_rmw fadd, relaxed, gpu, %p, %v : tensor<128x!tile.ptr<f32>, #full>
  %1 = tile.atomic_rmw fadd, relaxed, gpu, %q, %w : tensor<32x!tile.ptr<f32>, #small>
  %2 = tile.atomic_rmw add, relaxed, gpu, %s, %i : !tile.ptr<i32>
  return %0 : tensor<128xf32, #full>
}

// CHECK-LABEL: @a_scalar_atomic_is_one_of_a_block_of_one
// CHECK-DAG: %[[P:.*]] = tile.splat %arg0 : !tile.ptr<i32> -> tensor<1x!tile.ptr<i32>, #[[$ONE]]>
// CHECK-DAG: %[[V:.*]] = tile.splat %arg1 : i32 -> tensor<1xi32, #[[$ONE]]>
// CHECK-DAG: %[[MASK:.*]] = tile.splat %arg2 : i1 -> tensor<1xi1, #[[$ONE]]>
// CHECK: %[[A:.*]] = tile.atomic_rmw add, acq_rel, gpu, %[[P]], %[[V]] mask %[[MASK]]
// CHECK: tilegpu.shared_store %[[A]]
// CHECK: %[[L:.*]] = tilegpu.shared_load
// CHECK: %[[R:.*]] = tile.unsplat %[[L]]
// CHECK: return %[[R]]
func.func @a_scalar_atomic_is_one_of_a_block_of_one(%p: !tile.ptr<i32>, %v: i32, %m: i1) -> i32 {
  %0 = tile.atomic_rmw add, acq_rel, gpu, %p, %v mask %m : i1 : !tile.ptr<i32>
  return %0 : i32
}

// CHECK-LABEL: @compare_and_swap
// CHECK: tile.atomic_cas acquire, gpu, %{{.*}}, %{{.*}}, %{{.*}} : tensor<1x!tile.ptr<i32>, #[[$ONE]]>
// CHECK: tilegpu.shared_store
func.func @compare_and_swap(%p: !tile.ptr<i32>, %c: i32, %v: i32) -> i32 {
  %0 = tile.atomic_cas acquire, gpu, %p, %c, %v : !tile.ptr<i32>
  return %0 : i32
}

}
