// RUN: cosmati-opt %s --tile-report-loop-hints --verify-diagnostics

func.func @hints(%p: !tile.ptr<i32>, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  // expected-remark@+1 {{loop-not-specialized: warp_specialize has no effect}}
  scf.for %i = %c0 to %n step %c1 : i32 {
    tile.store %p, %i : !tile.ptr<i32>
  } {tile.warp_specialize}
  scf.for %i = %c0 to %n step %c1 : i32 {
    tile.store %p, %i : !tile.ptr<i32>
  } {tile.disallow_acc_multi_buffer}
  return
}
