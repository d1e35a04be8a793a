// RUN: cosmati-opt %s --pass-pipeline="builtin.module(func.func(tilegpu-stage-dot))" | FileCheck %s

#acc = #tilegpu.layout<register = [[0, 1], [0, 2], [1, 0], [2, 0], [0, 32]], lane = [[0, 4], [0, 8], [0, 16], [4, 0], [8, 0]], warp = [[16, 0], [32, 0]], block = [], shape = [64, 64]>
#a = #tilegpu.layout<register = [[0, 1], [0, 2], [0, 4], [32, 0]], lane = [[0, 8], [0, 16], [1, 0], [2, 0], [4, 0]], warp = [[8, 0], [16, 0]], block = [], shape = [64, 32]>
#a2 = #tilegpu.layout<register = [[1, 0], [2, 0], [0, 8], [0, 16]], lane = [[4, 0], [8, 0], [16, 0], [32, 0], [0, 1]], warp = [[0, 2], [0, 4]], block = [], shape = [64, 32]>
#b = #tilegpu.layout<register = [[0, 1], [0, 2], [0, 4], [16, 0]], lane = [[0, 8], [0, 16], [0, 32], [1, 0], [2, 0]], warp = [[4, 0], [8, 0]], block = [], shape = [32, 64]>

// a comes with K contiguous: it is turned over, with a swizzle by K / 8, since each thread stores 8 consecutive k.
// CHECK-DAG: #[[$A:.*]] = #tilegpu.shared<offset = {{\[\[}}1, 0], [2, 0], [4, 0], [8, 0], [16, 0], [32, 0], [0, 1], [0, 2], {{\[[0-9]*, 4\], \[[0-9]+, 8\], \[[0-9]+, 16\]\]}}, block = [], shape = [64, 32], alignment = 16>
// b comes with N contiguous: nothing to swizzle.
// CHECK-DAG: #[[$B:.*]] = #tilegpu.shared<offset = {{\[\[}}0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32], [1, 0], [2, 0], [4, 0], [8, 0], [16, 0]], block = [], shape = [32, 64], alignment = 16>
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// CHECK-LABEL: @operands_go_through_shared_memory
// CHECK-SAME: %[[A:.*]]: tensor<64x32xf16, {{.*}}>, %[[B:.*]]: tensor<32x64xf16, {{.*}}>, %[[C:.*]]: tensor<64x64xf32
// CHECK-NEXT: %[[SA:.*]] = tilegpu.shared_alloc "dot operand a" : <64x32xf16, #[[$A]]>
// CHECK-NEXT: tilegpu.shared_store %[[A]], %[[SA]]
// CHECK-NEXT: %[[SB:.*]] = tilegpu.shared_alloc "dot operand b" : <32x64xf16, #[[$B]]>
// CHECK-NEXT: tilegpu.shared_store %[[B]], %[[SB]]
// CHECK-NEXT: %[[R:.*]] = tilegpu.dot_fma %[[SA]], %[[SB]], %[[C]]
// CHECK-NEXT: return %[[R]]
func.func @operands_go_through_shared_memory(%a: tensor<64x32xf16, #a>, %b: tensor<32x64xf16, #b>, %c: tensor<64x64xf32, #acc>) -> tensor<64x64xf32, #acc> {
  %0 = tile.dot %a, %b, %c : tensor<64x32xf16, #a>, tensor<32x64xf16, #b>, tensor<64x64xf32, #acc>
  return %0 : tensor<64x64xf32, #acc>
}

// CHECK-LABEL: @a_converted_operand_is_stored_as_it_was
// CHECK-SAME: %[[A:.*]]: tensor<64x32xf16
// CHECK-NOT: convert_layout
// CHECK: tilegpu.shared_store %[[A]]
func.func @a_converted_operand_is_stored_as_it_was(%a: tensor<64x32xf16, #a>, %b: tensor<32x64xf16, #b>, %c: tensor<64x64xf32, #acc>) -> tensor<64x64xf32, #acc> {
  %x = tilegpu.convert_layout %a : tensor<64x32xf16, #a> -> tensor<64x32xf16, #a2>
  %0 = tile.dot %x, %b, %c : tensor<64x32xf16, #a2>, tensor<32x64xf16, #b>, tensor<64x64xf32, #acc>
  return %0 : tensor<64x64xf32, #acc>
}

// CHECK-LABEL: @what_a_loop_does_not_change_is_staged_before_it
// CHECK: tilegpu.shared_store %{{.*}} : tensor<64x32xf16
// CHECK: scf.for
// CHECK-NOT: tensor<64x32xf16
// CHECK: tilegpu.shared_store %{{.*}} : tensor<32x64xf16
// CHECK: tilegpu.dot_fma
func.func @what_a_loop_does_not_change_is_staged_before_it(%a: tensor<64x32xf16, #a>, %p: tensor<32x64x!tile.ptr<f16>, #b>, %c: tensor<64x64xf32, #acc>, %n: index) -> tensor<64x64xf32, #acc> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %c) -> (tensor<64x64xf32, #acc>) {
    %b = tile.load %p : tensor<32x64x!tile.ptr<f16>, #b>
    %0 = tile.dot %a, %b, %acc : tensor<64x32xf16, #a>, tensor<32x64xf16, #b>, tensor<64x64xf32, #acc>
    scf.yield %0 : tensor<64x64xf32, #acc>
  }
  return %r : tensor<64x64xf32, #acc>
}

}
