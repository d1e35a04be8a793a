// RUN: cosmati-opt %s --tile-flatten-loops --canonicalize --cse | FileCheck %s

// The store runs in the last iteration of each tile; addresses come from variables that only arithmetic makes.
// Where the range of the inner loop is empty, the tiles are stored all the same.
// CHECK-LABEL: @persistent
// CHECK-SAME: (%[[P:.*]]: !tile.ptr<f32>, %[[Q:.*]]: !tile.ptr<f32>, %[[TILES:.*]]: i32, %[[N:.*]]: i32, %[[STRIDE:.*]]: i32)
// CHECK: %[[PID:.*]] = tile.program_id
// CHECK: %[[STEP:.*]] = tile.num_programs
// CHECK: %[[TRIPS:.*]] = arith.select %{{.*}}, %[[N]], %c0_i32
// CHECK: %[[OUTER:.*]] = arith.extui %{{.*}} : i32 to i64
// CHECK: %[[INNER:.*]] = arith.extui %[[TRIPS]] : i32 to i64
// CHECK: %[[ALL:.*]] = arith.muli %[[OUTER]], %[[INNER]] : i64
// CHECK: %[[SOME:.*]] = arith.cmpi ne, %[[TRIPS]], %c0_i32
// CHECK: scf.if %[[SOME]] {
// CHECK:   scf.for {{.*}} = %c0_i64 to %[[ALL]] step %c1_i64 iter_args(%[[T:.*]] = %[[PID]], %[[J:.*]] = %c0_i32, %[[ACC:[a-z0-9]+]] = %[[ZERO:[a-z_0-9]+]])
// CHECK:     %[[BEFORE_LAST:.*]] = arith.subi %[[TRIPS]], %c1_i32
// CHECK:     %[[LAST:.*]] = arith.cmpi eq, %[[J]], %[[BEFORE_LAST]]
// CHECK:     %[[O:.*]] = arith.muli %[[T]], %[[STRIDE]]
// CHECK:     %[[BASE:.*]] = tile.addptr %[[P]], %[[O]]
// CHECK:     %[[AT:.*]] = tile.addptr %[[BASE]], %[[J]]
// CHECK:     %[[V:.*]] = tile.load %[[AT]]
// CHECK:     %[[S:.*]] = arith.addf %[[ACC]], %[[V]]
// CHECK:     scf.if %[[LAST]] {
// CHECK:       %[[TO:.*]] = tile.addptr %[[Q]], %[[T]]
// CHECK:       tile.store %[[TO]], %[[S]]
// CHECK:     }
// CHECK:     %[[NEXT_ACC:.*]] = arith.select %[[LAST]], %[[ZERO]], %[[S]]
// CHECK:     %[[T1:.*]] = arith.addi %[[T]], %[[STEP]]
// CHECK:     %[[NEXT_T:.*]] = arith.select %[[LAST]], %[[T1]], %[[T]]
// CHECK:     %[[J1:.*]] = arith.addi %[[J]], %c1_i32
// CHECK:     %[[NEXT_J:.*]] = arith.select %[[LAST]], %c0_i32, %[[J1]]
// CHECK:     scf.yield %[[NEXT_T]], %[[NEXT_J]], %[[NEXT_ACC]]
// CHECK:   } {tile.num_stages = 4 : i32}
// CHECK: } else {
// CHECK:   scf.for %[[U:.*]] = %[[PID]] to %[[TILES]] step %[[STEP]]
// CHECK-NEXT: tile.addptr %[[Q]], %[[U]]
// CHECK-NEXT: tile.store
// CHECK-NEXT: }
func.func @persistent(%p: !tile.ptr<f32>, %q: !tile.ptr<f32>, %tiles: i32, %n: i32, %stride: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %zero = arith.constant 0.0 : f32
  %pid = tile.program_id x : i32
  %np = tile.num_programs x : i32
  scf.for %t = %pid to %tiles step %np : i32 {
    %o = arith.muli %t, %stride : i32
    %base = tile.addptr %p, %o : !tile.ptr<f32>, i32
    %acc = scf.for %k = %c0 to %n step %c1 iter_args(%a = %zero) -> f32 : i32 {
      %at = tile.addptr %base, %k : !tile.ptr<f32>, i32
      %v = tile.load %at : !tile.ptr<f32>
      %s = arith.addf %a, %v : f32
      scf.yield %s : f32
    } {tile.num_stages = 4 : i32}
    %to = tile.addptr %q, %t : !tile.ptr<f32>, i32
    tile.store %to, %acc : !tile.ptr<f32>
  } {tile.flatten, tile.num_stages = 2 : i32}
  return
}

// The inner range ends with the outer counter: a loop ahead adds up the iterations and sees whether each tile has one. A load before the
// inner loop runs once per tile and is carried; the offset that addresses depend on starts by a select, the sum under the condition; what
// the outer loop carries moves with the last iteration.
// CHECK-LABEL: @triangle
// CHECK-SAME: (%[[P:.*]]: !tile.ptr<f32>, %[[Q:.*]]: !tile.ptr<f32>, %[[N:.*]]: i32, %[[X0:.*]]: i32)
// CHECK: %[[COUNT:.*]]:2 = scf.for %[[O:.*]] = %c0_i32 to %[[N]] {{.*}} iter_args(%[[SUM:.*]] = %c0_i64, %[[ALL:.*]] = %true)
// CHECK:   %[[END:.*]] = arith.addi %[[O]], %c1_i32
// CHECK:   arith.andi %[[ALL]]
// CHECK: }
// CHECK: scf.if %[[COUNT]]#1 -> (i32, f32) {
// CHECK:   %[[R:.*]]:7 = scf.for {{.*}} to %[[COUNT]]#0 {{.*}} iter_args(%[[T:.*]] = %c0_i32, %[[J:.*]] = %c0_i32, %[[X:.*]] = %[[X0]], %[[Y:.*]] = %{{.*}}, %[[A:.*]] = %{{.*}}, %[[OFF:.*]] = %c0_i32, %[[START:.*]] = %{{.*}})
// CHECK:     %[[FIRST:.*]] = arith.cmpi eq, %[[J]], %c0_i32
// CHECK:     %[[IN:.*]]:2 = scf.if %[[FIRST]]
// CHECK:       %[[LOADED:.*]] = tile.load
// CHECK:       scf.yield %[[LOADED]], %[[LOADED]]
// CHECK:     } else {
// CHECK:       scf.yield %[[START]], %[[A]]
// CHECK:     }
// CHECK:     %[[NOW:.*]] = arith.select %[[FIRST]], %[[T]], %[[OFF]]
// CHECK:     %[[AT:.*]] = tile.addptr %{{.*}}, %[[NOW]]
// CHECK:     %[[V:.*]] = tile.load %[[AT]]
// CHECK:     %[[W:.*]] = arith.mulf %[[V]], %[[IN]]#0
// CHECK:     %[[S:.*]] = arith.addf %[[IN]]#1, %[[W]]
// CHECK:     %[[NEXT_OFF:.*]] = arith.addi %[[NOW]], %[[X]]
// CHECK:     %[[X1:.*]] = arith.addi %[[X]], %c1_i32
// CHECK:     %[[NEXT_X:.*]] = arith.select %[[LAST:.*]], %[[X1]], %[[X]]
// CHECK:     %[[NEXT_Y:.*]] = scf.if %[[LAST]] -> (f32) {
// CHECK:       tile.store %{{.*}}, %[[S]]
// CHECK:       arith.addf %[[Y]], %[[S]]
// CHECK:     } else {
// CHECK-NEXT:  scf.yield %[[Y]]
// CHECK:     scf.yield %{{.*}}, %{{.*}}, %[[NEXT_X]], %[[NEXT_Y]], %[[S]], %[[NEXT_OFF]], %[[IN]]#0
// CHECK:   scf.yield %[[R]]#2, %[[R]]#3
// CHECK: } else {
// CHECK:   scf.for
// CHECK:     scf.for
func.func @triangle(%p: !tile.ptr<f32>, %q: !tile.ptr<f32>, %n: i32, %x0: i32) -> (i32, f32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %zero = arith.constant 0.0 : f32
  %r:2 = scf.for %o = %c0 to %n step %c1 iter_args(%x = %x0, %y = %zero) -> (i32, f32) : i32 {
    %base = tile.addptr %p, %o : !tile.ptr<f32>, i32
    %start = tile.load %base : !tile.ptr<f32>
    %end = arith.addi %o, %c1 : i32
    %acc:2 = scf.for %k = %c0 to %end step %c1 iter_args(%a = %start, %off = %o) -> (f32, i32) : i32 {
      %at = tile.addptr %base, %off : !tile.ptr<f32>, i32
      %v = tile.load %at : !tile.ptr<f32>
      %w = arith.mulf %v, %start : f32
      %s = arith.addf %a, %w : f32
      %next = arith.addi %off, %x : i32
      scf.yield %s, %next : f32, i32
    }
    %to = tile.addptr %q, %o : !tile.ptr<f32>, i32
    tile.store %to, %acc#0 : !tile.ptr<f32>
    %xn = arith.addi %x, %c1 : i32
    %yn = arith.addf %y, %acc#0 : f32
    scf.yield %xn, %yn : i32, f32
  } {tile.flatten}
  return %r#0, %r#1 : i32, f32
}

// Known ranges need no other case: 5 times 3 iterations, k = -4 + 2 j.
// CHECK-LABEL: @known_ranges
// CHECK-NOT: scf.if
// CHECK: scf.for %{{.*}} = %c0_i64 to %c15_i64 step %c1_i64 iter_args(%{{.*}} = %c10_i32, %[[J:.*]] = %c0_i32)
// CHECK:   arith.cmpi eq, %[[J]], %c2_i32
// CHECK:   %[[D:.*]] = arith.muli %[[J]], %c2_i32
// CHECK:   %[[K:.*]] = arith.addi %[[D]], %c-4_i32
// CHECK:   tile.store %{{.*}}, %[[K]]
// CHECK-NOT: scf.for
// CHECK: return
func.func @known_ranges(%p: !tile.ptr<i32>) {
  %c2 = arith.constant 2 : i32
  %c10 = arith.constant 10 : i32
  %c20 = arith.constant 20 : i32
  %low = arith.constant -4 : i32
  %high = arith.constant 1 : i32
  scf.for %o = %c10 to %c20 step %c2 : i32 {
    scf.for %k = %low to %high step %c2 : i32 {
      tile.store %p, %k : !tile.ptr<i32>
    }
  } {tile.flatten}
  return
}

// A loop within the inner loop's body stays; so does a flattened loop under a condition.
// CHECK-LABEL: @three_deep_under_a_condition
// CHECK: scf.if
// CHECK: scf.for {{.*}} : i64
// CHECK: scf.for {{.*}} : i32
func.func @three_deep_under_a_condition(%p: !tile.ptr<i32>, %n: i32, %b: i1) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c3 = arith.constant 3 : i32
  scf.if %b {
    scf.for %o = %c0 to %n step %c1 : i32 {
      scf.for %k = %c0 to %c3 step %c1 : i32 {
        scf.for %l = %c0 to %n step %c1 : i32 {
          tile.store %p, %l : !tile.ptr<i32>
        }
      }
    } {tile.flatten}
  }
  return
}
