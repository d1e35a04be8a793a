// RUN: cosmati-opt %s --tile-unroll-loops --canonicalize --verify-diagnostics | FileCheck %s

// Whatever the bounds, the first loop ends where whole groups of three end, the second one does the rest.
// CHECK-LABEL: @any_bounds
// CHECK-SAME: (%[[LOW:.*]]: i32, %[[HIGH:.*]]: i32, %[[X:.*]]: i32)
// CHECK-DAG: %[[C7:.*]] = arith.constant 7 : i32
// CHECK-DAG: %[[C14:.*]] = arith.constant 14 : i32
// CHECK-DAG: %[[C21:.*]] = arith.constant 21 : i32
// CHECK: %[[SOME:.*]] = arith.cmpi slt, %[[LOW]], %[[HIGH]]
// CHECK: %[[D:.*]] = arith.subi %[[HIGH]], %[[LOW]]
// CHECK: %[[L:.*]] = arith.subi %[[D]], %{{.*}}
// CHECK: %[[Q:.*]] = arith.divui %[[L]], %[[C7]]
// CHECK: %[[N:.*]] = arith.addi %[[Q]], %{{.*}}
// CHECK: %[[TRIPS:.*]] = arith.select %[[SOME]], %[[N]], %{{.*}}
// CHECK: %[[REST:.*]] = arith.remui %[[TRIPS]], %{{.*}}
// CHECK: %[[WHOLE:.*]] = arith.subi %[[TRIPS]], %[[REST]]
// CHECK: %[[SPAN:.*]] = arith.muli %[[WHOLE]], %[[C7]]
// CHECK: %[[MIDDLE:.*]] = arith.addi %[[LOW]], %[[SPAN]]
// CHECK: %[[MAIN:.*]] = scf.for %[[I:.*]] = %[[LOW]] to %[[MIDDLE]] step %[[C21]] iter_args(%[[A:.*]] = %[[X]])
// CHECK:   %[[A1:.*]] = arith.addi %[[A]], %[[I]]
// CHECK:   %[[I1:.*]] = arith.addi %[[I]], %[[C7]]
// CHECK:   %[[A2:.*]] = arith.addi %[[A1]], %[[I1]]
// CHECK:   %[[I2:.*]] = arith.addi %[[I]], %[[C14]]
// CHECK:   %[[A3:.*]] = arith.addi %[[A2]], %[[I2]]
// CHECK:   scf.yield %[[A3]]
// CHECK: } {tile.num_stages = 4 : i32}
// CHECK: %[[END:.*]] = scf.for %[[J:.*]] = %[[MIDDLE]] to %[[HIGH]] step %[[C7]] iter_args(%[[B:.*]] = %[[MAIN]])
// CHECK:   %[[B1:.*]] = arith.addi %[[B]], %[[J]]
// CHECK:   scf.yield %[[B1]]
// CHECK: } {tile.num_stages = 1 : i32}
// CHECK: return %[[END]]
func.func @any_bounds(%low: i32, %high: i32, %x: i32) -> i32 {
  %c7 = arith.constant 7 : i32
  %r = scf.for %i = %low to %high step %c7 iter_args(%a = %x) -> i32 : i32 {
    %s = arith.addi %a, %i : i32
    scf.yield %s : i32
  } {tile.loop_unroll_factor = 3 : i32, tile.num_stages = 4 : i32}
  return %r : i32
}

// CHECK-LABEL: @no_rest_where_the_factor_divides_the_range
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: return
func.func @no_rest_where_the_factor_divides_the_range(%x: i32) -> i32 {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c8 = arith.constant 8 : i32
  %r = scf.for %i = %c0 to %c8 step %c1 iter_args(%a = %x) -> i32 : i32 {
    %s = arith.muli %a, %i : i32
    scf.yield %s : i32
  } {tile.loop_unroll_factor = 4 : i32}
  return %r : i32
}

// From -9 to 7 by 4: -9, -5, -1, then 3; their product.
// CHECK-LABEL: @negative_start
// CHECK-SAME: (%[[X:.*]]: i32)
// CHECK: %[[C:.*]] = arith.constant -135 : i32
// CHECK: %[[R:.*]] = arith.muli %[[X]], %[[C]]
// CHECK: return %[[R]]
func.func @negative_start(%x: i32) -> i32 {
  %low = arith.constant -9 : i32
  %high = arith.constant 7 : i32
  %c4 = arith.constant 4 : i32
  %r = scf.for %i = %low to %high step %c4 iter_args(%a = %x) -> i32 : i32 {
    %s = arith.muli %a, %i : i32
    scf.yield %s : i32
  } {tile.loop_unroll_factor = 3 : i32}
  return %r : i32
}

// CHECK-LABEL: @empty_range
// CHECK-SAME: (%[[X:.*]]: i32)
// CHECK-NEXT: return %[[X]]
func.func @empty_range(%x: i32) -> i32 {
  %low = arith.constant 5 : i32
  %high = arith.constant -5 : i32
  %c1 = arith.constant 1 : i32
  %r = scf.for %i = %low to %high step %c1 iter_args(%a = %x) -> i32 : i32 {
    %s = arith.muli %a, %i : i32
    scf.yield %s : i32
  } {tile.loop_unroll_factor = 2 : i32}
  return %r : i32
}

// CHECK-LABEL: @unsigned_bounds_are_compared_as_such
// CHECK: arith.cmpi ugt, %{{.*}}, %c1_i32
// CHECK: scf.for unsigned
// CHECK: scf.for unsigned
func.func @unsigned_bounds_are_compared_as_such(%n: i32, %x: i32) -> i32 {
  %c0 = arith.constant 0 : i32
  %c2 = arith.constant 2 : i32
  %low = arith.constant 1 : i32
  %r = scf.for unsigned %i = %low to %n step %c2 iter_args(%a = %x) -> i32 : i32 {
    %s = arith.muli %a, %i : i32
    scf.yield %s : i32
  } {tile.loop_unroll_factor = 2 : i32}
  return %r : i32
}

// Variables may trade places, and the body may be empty.
// CHECK-LABEL: @variables_trade_places
// CHECK-SAME: (%{{.*}}: i32, %[[X:.*]]: f32, %[[Y:.*]]: f32)
// CHECK: scf.for {{.*}} iter_args(%[[A:.*]] = %[[X]], %[[B:.*]] = %[[Y]])
// CHECK-NEXT: scf.yield %[[B]], %[[A]]
func.func @variables_trade_places(%n: i32, %x: f32, %y: f32) -> (f32, f32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x, %b = %y) -> (f32, f32) : i32 {
    scf.yield %b, %a : f32, f32
  } {tile.loop_unroll_factor = 3 : i32}
  return %r#0, %r#1 : f32, f32
}

// Both loops of the outer one hold the inner one's two loops: each unrolled once.
// CHECK-LABEL: @nested
// CHECK-COUNT-8: scf.for
// CHECK-NOT: scf.for
// CHECK: return
func.func @nested(%n: i32, %m: i32, %p: !tile.ptr<i32>) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  scf.for %i = %c0 to %n step %c1 : i32 {
    scf.for %j = %c0 to %m step %c1 : i32 {
      tile.store %p, %j : !tile.ptr<i32>
    } {tile.loop_unroll_factor = 2 : i32}
  } {tile.loop_unroll_factor = 2 : i32}
  return
}

// CHECK-LABEL: @factor_of_one
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK-NOT: unroll
// CHECK: return
func.func @factor_of_one(%n: i32, %p: !tile.ptr<i32>) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  scf.for %i = %c0 to %n step %c1 : i32 {
    tile.store %p, %i : !tile.ptr<i32>
  } {tile.loop_unroll_factor = 1 : i32}
  return
}

// CHECK-LABEL: @step_too_long
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: return
func.func @step_too_long(%n: i32, %p: !tile.ptr<i32>) {
  %c0 = arith.constant 0 : i32
  %c = arith.constant 1073741824 : i32
  // expected-remark@+1 {{loop-not-unrolled: 2 steps of the range exceed its type 'i32'}}
  scf.for %i = %c0 to %n step %c : i32 {
    tile.store %p, %i : !tile.ptr<i32>
  } {tile.loop_unroll_factor = 2 : i32}
  return
}
