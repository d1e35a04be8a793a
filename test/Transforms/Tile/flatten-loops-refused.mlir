// RUN: cosmati-opt %s --tile-flatten-loops --split-input-file --verify-diagnostics

func.func @no_inner_loop(%p: !tile.ptr<i32>, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  // expected-remark@+1 {{loop-not-flattened: there is no loop in it to merge with it}}
  scf.for %i = %c0 to %n step %c1 : i32 {
    tile.store %p, %i : !tile.ptr<i32>
  } {tile.flatten}
  return
}

// -----

func.func @two_inner_loops(%p: !tile.ptr<i32>, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  // expected-remark@+1 {{loop-not-flattened: there is more than one loop in it}}
  scf.for %i = %c0 to %n step %c1 : i32 {
    scf.for %j = %c0 to %n step %c1 : i32 {
      tile.store %p, %j : !tile.ptr<i32>
    }
    scf.for %j = %c0 to %n step %c1 : i32 {
      tile.store %p, %j : !tile.ptr<i32>
    }
  } {tile.flatten}
  return
}

// -----

func.func @inner_loop_under_a_condition(%p: !tile.ptr<i32>, %n: i32, %b: i1) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  // expected-remark@+1 {{loop-not-flattened: the inner loop stands under a condition}}
  scf.for %i = %c0 to %n step %c1 : i32 {
    scf.if %b {
      scf.for %j = %c0 to %n step %c1 : i32 {
        tile.store %p, %j : !tile.ptr<i32>
      }
    }
  } {tile.flatten}
  return
}

// -----

func.func @loaded_bound(%p: !tile.ptr<i32>, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  // expected-remark@+1 {{loop-not-flattened: the inner loop's range depends on 'tile.load'}}
  scf.for %i = %c0 to %n step %c1 : i32 {
    %m = tile.load %p : !tile.ptr<i32>
    scf.for %j = %c0 to %m step %c1 : i32 {
      tile.store %p, %j : !tile.ptr<i32>
    }
  } {tile.flatten}
  return
}

// -----

func.func @carried_bound(%p: !tile.ptr<i32>, %n: i32) -> i32 {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  // expected-remark@+1 {{loop-not-flattened: the inner loop's range depends on a variable that the outer loop changes}}
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%m = %n) -> i32 : i32 {
    scf.for %j = %c0 to %m step %c1 : i32 {
      tile.store %p, %j : !tile.ptr<i32>
    }
    %next = arith.addi %m, %c1 : i32
    scf.yield %next : i32
  } {tile.flatten}
  return %r : i32
}

// -----

func.func @unrolled(%p: !tile.ptr<i32>, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  // expected-remark@+1 {{loop-not-flattened: loop_unroll_factor is given, too}}
  scf.for %i = %c0 to %n step %c1 : i32 {
    scf.for %j = %c0 to %n step %c1 : i32 {
      tile.store %p, %j : !tile.ptr<i32>
    } {tile.loop_unroll_factor = 2 : i32}
  } {tile.flatten}
  return
}

// -----

func.func @pointer_from_memory(%p: !tile.ptr<!tile.ptr<f32>>, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %x = arith.constant 0.0 : f32
  // expected-remark@+1 {{loop-not-flattened: the loop would have to carry a value of type !tile.ptr<f32>}}
  scf.for %i = %c0 to %n step %c1 : i32 {
    %q = tile.load %p : !tile.ptr<!tile.ptr<f32>>
    scf.for %j = %c0 to %n step %c1 : i32 {
      %to = tile.addptr %q, %j : !tile.ptr<f32>, i32
      tile.store %to, %x : !tile.ptr<f32>
    }
  } {tile.flatten}
  return
}
