// RUN: cosmati-opt %s --tile-canonicalize-pointers | FileCheck %s

// CHECK-LABEL: @uniform_offset_moves_the_scalar
// CHECK-SAME: (%[[P:.*]]: !tile.ptr<f32>, %[[N:.*]]: i32)
// CHECK: %[[Q:.*]] = tile.addptr %[[P]], %[[N]] : !tile.ptr<f32>, i32
// CHECK: tile.splat %[[Q]]
func.func @uniform_offset_moves_the_scalar(%p: !tile.ptr<f32>, %n: i32) -> tensor<64x!tile.ptr<f32>> {
  %ps = tile.splat %p : !tile.ptr<f32> -> tensor<64x!tile.ptr<f32>>
  %ns = tile.splat %n : i32 -> tensor<64xi32>
  %q = tile.addptr %ps, %ns : tensor<64x!tile.ptr<f32>>, tensor<64xi32>
  return %q : tensor<64x!tile.ptr<f32>>
}

// A sum of a uniform and a varying offset is not taken apart: in 32 bits it may wrap.
// CHECK-LABEL: @sum_in_32_bits_stays_whole
// CHECK: %[[O:.*]] = arith.addi
// CHECK: tile.addptr %{{.*}}, %[[O]]
func.func @sum_in_32_bits_stays_whole(%p: !tile.ptr<f32>, %n: i32) -> tensor<64x!tile.ptr<f32>> {
  %r = tile.make_range 0, 64 : tensor<64xi32>
  %ps = tile.splat %p : !tile.ptr<f32> -> tensor<64x!tile.ptr<f32>>
  %ns = tile.splat %n : i32 -> tensor<64xi32>
  %o = arith.addi %r, %ns : tensor<64xi32>
  %q = tile.addptr %ps, %o : tensor<64x!tile.ptr<f32>>, tensor<64xi32>
  return %q : tensor<64x!tile.ptr<f32>>
}

// CHECK-LABEL: @loop_carries_an_offset
// CHECK: %[[STEP:.*]] = arith.extsi %{{.*}} : i32 to i64
// CHECK: %[[R:.*]]:2 = scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[OFF:.*]] = %{{.*}}) -> (tensor<64xf32>, i64)
// CHECK:   %[[S:.*]] = tile.splat %[[OFF]] : i64 -> tensor<64xi64>
// CHECK:   %[[PTR:.*]] = tile.addptr %[[BASE:.*]], %[[S]]
// CHECK:   tile.load %[[PTR]]
// CHECK:   arith.addi %[[OFF]], %[[STEP]] : i64
// CHECK: }
// CHECK: %[[END:.*]] = tile.splat %[[R]]#1
// CHECK: tile.addptr %[[BASE]], %[[END]]
func.func @loop_carries_an_offset(%p: !tile.ptr<f32>, %step: i32, %n: i32) -> (tensor<64xf32>, tensor<64x!tile.ptr<f32>>) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %zero = arith.constant dense<0.0> : tensor<64xf32>
  %r = tile.make_range 0, 64 : tensor<64xi32>
  %ps = tile.splat %p : !tile.ptr<f32> -> tensor<64x!tile.ptr<f32>>
  %init = tile.addptr %ps, %r : tensor<64x!tile.ptr<f32>>, tensor<64xi32>
  %steps = tile.splat %step : i32 -> tensor<64xi32>
  %res:2 = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero, %q = %init) -> (tensor<64xf32>, tensor<64x!tile.ptr<f32>>) : i32 {
    %v = tile.load %q : tensor<64x!tile.ptr<f32>>
    %s = arith.addf %acc, %v : tensor<64xf32>
    %next = tile.addptr %q, %steps : tensor<64x!tile.ptr<f32>>, tensor<64xi32>
    scf.yield %s, %next : tensor<64xf32>, tensor<64x!tile.ptr<f32>>
  }
  return %res#0, %res#1 : tensor<64xf32>, tensor<64x!tile.ptr<f32>>
}

// A step that differs between elements keeps the pointers.
// CHECK-LABEL: @varying_step_keeps_the_pointers
// CHECK: scf.for {{.*}} -> (tensor<64x!tile.ptr<f32>>)
func.func @varying_step_keeps_the_pointers(%p: !tile.ptr<f32>, %n: i32) -> tensor<64x!tile.ptr<f32>> {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %r = tile.make_range 0, 64 : tensor<64xi32>
  %init = tile.splat %p : !tile.ptr<f32> -> tensor<64x!tile.ptr<f32>>
  %res = scf.for %i = %c0 to %n step %c1 iter_args(%q = %init) -> (tensor<64x!tile.ptr<f32>>) : i32 {
    %next = tile.addptr %q, %r : tensor<64x!tile.ptr<f32>>, tensor<64xi32>
    scf.yield %next : tensor<64x!tile.ptr<f32>>
  }
  return %res : tensor<64x!tile.ptr<f32>>
}

// The step may be made in the loop, of blocks, and in several parts; each is sign-extended by itself.
// CHECK-LABEL: @steps_made_in_the_loop
// CHECK: scf.for {{.*}} iter_args(%[[OFF:.*]] = %{{.*}}) -> (i64)
// CHECK:   %[[SCALED:.*]] = arith.muli %{{.*}}, %{{.*}} : i32
// CHECK:   %[[A:.*]] = arith.extsi %[[SCALED]] : i32 to i64
// CHECK:   %[[SUM:.*]] = arith.addi %[[OFF]], %[[A]] : i64
// CHECK:   %[[B:.*]] = arith.extsi %{{.*}} : i32 to i64
// CHECK:   %[[NEXT:.*]] = arith.addi %[[SUM]], %[[B]] : i64
// CHECK:   scf.yield %[[NEXT]] : i64
func.func @steps_made_in_the_loop(%p: !tile.ptr<f32>, %stride: i32, %n: i32) -> tensor<64x!tile.ptr<f32>> {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %r = tile.make_range 0, 64 : tensor<64xi32>
  %ps = tile.splat %p : !tile.ptr<f32> -> tensor<64x!tile.ptr<f32>>
  %init = tile.addptr %ps, %r : tensor<64x!tile.ptr<f32>>, tensor<64xi32>
  %res = scf.for %i = %c0 to %n step %c1 iter_args(%q = %init) -> (tensor<64x!tile.ptr<f32>>) : i32 {
    %s = tile.splat %stride : i32 -> tensor<64xi32>
    %is = tile.splat %i : i32 -> tensor<64xi32>
    %k = arith.muli %s, %is : tensor<64xi32>
    %half = tile.addptr %q, %k : tensor<64x!tile.ptr<f32>>, tensor<64xi32>
    %next = tile.addptr %half, %is : tensor<64x!tile.ptr<f32>>, tensor<64xi32>
    scf.yield %next : tensor<64x!tile.ptr<f32>>
  }
  return %res : tensor<64x!tile.ptr<f32>>
}

// A pointer that an inner loop moves: both loops carry an offset.
// CHECK-LABEL: @nested
// CHECK: scf.for {{.*}} -> (i64)
// CHECK:   %[[INNER:.*]] = scf.for {{.*}} -> (i64)
// CHECK:   scf.yield
func.func @nested(%p: !tile.ptr<f32>, %stride: i32, %n: i32) -> tensor<64x!tile.ptr<f32>> {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %r = tile.make_range 0, 64 : tensor<64xi32>
  %ps = tile.splat %p : !tile.ptr<f32> -> tensor<64x!tile.ptr<f32>>
  %init = tile.addptr %ps, %r : tensor<64x!tile.ptr<f32>>, tensor<64xi32>
  %s = tile.splat %stride : i32 -> tensor<64xi32>
  %res = scf.for %i = %c0 to %n step %c1 iter_args(%q = %init) -> (tensor<64x!tile.ptr<f32>>) : i32 {
    %moved = scf.for %j = %c0 to %n step %c1 iter_args(%t = %q) -> (tensor<64x!tile.ptr<f32>>) : i32 {
      %next = tile.addptr %t, %s : tensor<64x!tile.ptr<f32>>, tensor<64xi32>
      scf.yield %next : tensor<64x!tile.ptr<f32>>
    }
    scf.yield %moved : tensor<64x!tile.ptr<f32>>
  }
  return %res : tensor<64x!tile.ptr<f32>>
}
