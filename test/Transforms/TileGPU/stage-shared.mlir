// RUN: cosmati-opt %s --pass-pipeline="builtin.module(func.func(tilegpu-stage-shared))" | FileCheck %s

#rows = #tilegpu.layout<register = [[0, 1], [0, 2], [0, 4], [16, 0]], lane = [[0, 8], [0, 16], [1, 0], [2, 0], [4, 0]], warp = [[8, 0], [32, 0]], block = [], shape = [64, 32]>
#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8], [0, 16], [32, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [[0, 0], [16, 0]], block = [], shape = [64, 32]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0], [0, 16]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [[0, 8], [0, 0]], block = [], shape = [32, 32]>
#acc = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 16], [32, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [[0, 8], [16, 0]], block = [], shape = [64, 32]>
// Rows of 64 bytes, two to a line of banks: pieces of 16 bytes are moved by row / 2.
// CHECK-DAG: #[[$S:.*]] = #tilegpu.shared<offset = {{\[\[}}0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [1, 0], [2, 8], [4, 16], [8, 0], [16, 0], [32, 0]], block = [], shape = [64, 32], alignment = 128>
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {

// CHECK-LABEL: @operand
// CHECK-SAME: %[[X:.*]]: tensor<64x32xf16
// CHECK: %[[M:.*]] = tilegpu.shared_alloc "dot operand" : <64x32xf16, #[[$S]]>
// CHECK: tilegpu.shared_store %[[X]], %[[M]]
// CHECK: %[[A:.*]] = tilegpu.shared_load %[[M]]
// CHECK: tilegpu.mma {{.*}} %[[A]],
func.func @operand(%x: tensor<64x32xf16, #rows>, %y: tensor<32x32xf16, #b>, %c: tensor<64x32xf32, #acc>) -> tensor<64x32xf32, #acc> {
  %a = tilegpu.convert_layout %x : tensor<64x32xf16, #rows> -> tensor<64x32xf16, #a>
  %r = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %y, %c : tensor<64x32xf16, #a>, tensor<32x32xf16, #b>, tensor<64x32xf32, #acc>
  return %r : tensor<64x32xf32, #acc>
}

// What is computed in the fragment follows the read; other conversions are left alone.
// CHECK-LABEL: @operand_computed_in_its_fragment
// CHECK: %[[A:.*]] = tilegpu.shared_load {{.*}} -> tensor<64x32xi8
// CHECK: %[[F:.*]] = arith.sitofp %[[A]]
// CHECK: tilegpu.mma {{.*}} %[[F]],
// CHECK: tilegpu.convert_layout
func.func @operand_computed_in_its_fragment(%x: tensor<64x32xi8, #rows>, %y: tensor<32x32xf16, #b>, %c: tensor<64x32xf32, #acc>) -> tensor<64x32xf32, #rows> {
  %a = tilegpu.convert_layout %x : tensor<64x32xi8, #rows> -> tensor<64x32xi8, #a>
  %f = arith.sitofp %a : tensor<64x32xi8, #a> to tensor<64x32xf16, #a>
  %r = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %f, %y, %c : tensor<64x32xf16, #a>, tensor<32x32xf16, #b>, tensor<64x32xf32, #acc>
  %o = tilegpu.convert_layout %r : tensor<64x32xf32, #acc> -> tensor<64x32xf32, #rows>
  return %o : tensor<64x32xf32, #rows>
}

// Made before the loop: stored where it is made, and, small as it is, read before the loop.
// CHECK-LABEL: @operand_of_a_loop
// CHECK: %[[H:.*]] = arith.addf
// CHECK-NEXT: %[[M:.*]] = tilegpu.shared_alloc
// CHECK-NEXT: tilegpu.shared_store %[[H]], %[[M]]
// CHECK: tilegpu.shared_load
// CHECK: scf.for
// CHECK-NOT: shared
// CHECK: tilegpu.mma
func.func @operand_of_a_loop(%x: tensor<64x32xf16, #rows>, %y: tensor<32x32xf16, #b>, %c: tensor<64x32xf32, #acc>, %n: index) -> tensor<64x32xf32, #acc> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %h = arith.addf %x, %x : tensor<64x32xf16, #rows>
  %r = scf.for %i = %zero to %n step %one iter_args(%s = %c) -> tensor<64x32xf32, #acc> {
    %a = tilegpu.convert_layout %h : tensor<64x32xf16, #rows> -> tensor<64x32xf16, #a>
    %t = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %y, %s : tensor<64x32xf16, #a>, tensor<32x32xf16, #b>, tensor<64x32xf32, #acc>
    scf.yield %t : tensor<64x32xf32, #acc>
  }
  return %r : tensor<64x32xf32, #acc>
}
}
