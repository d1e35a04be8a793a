// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm | FileCheck %s
#row = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// One op per register; operands that are equal in all registers are computed once.
// CHECK-LABEL: llvm.func{{.*}} @one_clone_per_register
// CHECK: llvm.mul
// CHECK-NOT: llvm.mul
// CHECK-COUNT-2: llvm.add
func.func @one_clone_per_register(%o: !tile.ptr<i32>, %n: i32) attributes {tile.kernel} {
  %r = tile.make_range 0, 64 : tensor<64xi32, #row>
  %s = tile.splat %n : i32 -> tensor<64xi32, #row>
  %same = arith.muli %s, %s : tensor<64xi32, #row>
  %sum = arith.addi %r, %same : tensor<64xi32, #row>
  %p = tile.splat %o : !tile.ptr<i32> -> tensor<64x!tile.ptr<i32>, #row>
  tile.store %p, %sum : tensor<64x!tile.ptr<i32>, #row>
  return
}

// A scalar condition serves every register.
// CHECK-LABEL: llvm.func{{.*}} @scalar_select
// CHECK-SAME: %[[C:[a-z0-9]+]]: i1
// CHECK-COUNT-2: llvm.select %[[C]], %{{.*}}, %{{.*}} : i1, i32
func.func @scalar_select(%o: !tile.ptr<i32>, %c: i1) attributes {tile.kernel} {
  %r = tile.make_range 0, 64 : tensor<64xi32, #row>
  %z = arith.constant dense<7> : tensor<64xi32, #row>
  %s = arith.select %c, %r, %z : tensor<64xi32, #row>
  %p = tile.splat %o : !tile.ptr<i32> -> tensor<64x!tile.ptr<i32>, #row>
  tile.store %p, %s : tensor<64x!tile.ptr<i32>, #row>
  return
}

// Pointers advance by whole elements, the offset sign-extended by getelementptr; no promise about wrapping.
// CHECK-LABEL: llvm.func{{.*}} @addptr
// CHECK: llvm.getelementptr %{{.*}}[%{{.*}}] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i64
// CHECK-NOT: inbounds
func.func @addptr(%o: !tile.ptr<f64>, %x: f64) attributes {tile.kernel} {
  %r = tile.make_range 0, 64 : tensor<64xi32, #row>
  %p = tile.splat %o : !tile.ptr<f64> -> tensor<64x!tile.ptr<f64>, #row>
  %q = tile.addptr %p, %r : tensor<64x!tile.ptr<f64>, #row>, tensor<64xi32, #row>
  %v = tile.splat %x : f64 -> tensor<64xf64, #row>
  tile.store %q, %v : tensor<64x!tile.ptr<f64>, #row>
  return
}

// Blocks pass through loops and branches as their registers; the loop's body sees two accumulators.
// CHECK-LABEL: llvm.func{{.*}} @control_flow
// CHECK: llvm.br ^[[HEAD:.*]](%{{.*}}, %{{.*}}, %{{.*}} : i32, f32, f32)
// CHECK: ^[[HEAD]](%{{.*}}: i32, %{{.*}}: f32, %{{.*}}: f32)
// CHECK-COUNT-2: llvm.fadd
func.func @control_flow(%o: !tile.ptr<f32>, %n: i32, %x: f32) attributes {tile.kernel} {
  %z = arith.constant dense<0.0> : tensor<64xf32, #row>
  %v = tile.splat %x : f32 -> tensor<64xf32, #row>
  %r = tile.make_range 0, 64 : tensor<64xi32, #row>
  %f = arith.sitofp %r : tensor<64xi32, #row> to tensor<64xf32, #row>
  %0 = arith.constant 0 : i32
  %1 = arith.constant 1 : i32
  %s = scf.for %i = %0 to %n step %1 iter_args(%acc = %z) -> (tensor<64xf32, #row>) : i32 {
    %t = arith.addf %acc, %f : tensor<64xf32, #row>
    scf.yield %t : tensor<64xf32, #row>
  }
  %p = tile.splat %o : !tile.ptr<f32> -> tensor<64x!tile.ptr<f32>, #row>
  tile.store %p, %s : tensor<64x!tile.ptr<f32>, #row>
  return
}

// A kernel says how many threads it has, and nothing of its pointers' alignment.
// CHECK: llvm.func @kernel(%{{.*}}: !llvm.ptr<1>, %{{.*}}: i32)
// CHECK-SAME: nvvm.kernel, nvvm.reqntid = array<i32: 32, 1, 1>
func.func @kernel(%o: !tile.ptr<f32> {tile.divisibility = 48 : i32}, %n: i32) attributes {tile.kernel} {
  return
}
}
