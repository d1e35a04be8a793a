// RUN: cosmati-opt %s --tile-hoist-invariants | FileCheck %s

// CHECK: #[[LICM:.*]] = #llvm.loop_licm<disable = true>
// CHECK: #[[$KEEP:.*]] = #llvm.loop_annotation<licm = #[[LICM]]>

// CHECK-LABEL: @invariant_code_leaves_both_loops
// CHECK: math.sqrt
// CHECK: scf.for
// CHECK: scf.for
func.func @invariant_code_leaves_both_loops(%p: !tile.ptr<f32>, %x: f32, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  scf.for %i = %c0 to %n step %c1 : i32 {
    scf.for %j = %c0 to %n step %c1 : i32 {
      %y = math.sqrt %x : f32
      tile.store %p, %y : !tile.ptr<f32>
    }
  }
  return
}

// What the marked loop holds stays in it; the other one's code comes as far as into it.
// CHECK-LABEL: @marked_loop_keeps_its_code
// CHECK-NOT: math.sqrt
// CHECK: scf.for
// CHECK-NEXT: math.sqrt
// CHECK-NEXT: scf.for
// CHECK: } {loop_annotation = #[[$KEEP]], tile.disable_licm}
func.func @marked_loop_keeps_its_code(%p: !tile.ptr<f32>, %x: f32, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  scf.for %i = %c0 to %n step %c1 : i32 {
    scf.for %j = %c0 to %n step %c1 : i32 {
      %y = math.sqrt %x : f32
      tile.store %p, %y : !tile.ptr<f32>
    }
  } {tile.disable_licm}
  return
}
