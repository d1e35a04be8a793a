// RUN: cosmati-opt %s --inline | FileCheck %s

// Calls in a kernel and in a combine region disappear alike.
// CHECK-LABEL: func.func @kernel
// CHECK-NOT: call
// CHECK: tile.reduce
// CHECK: arith.addf
// CHECK: tile.yield
// CHECK: tile.program_id
// CHECK: tile.store
// CHECK-NOT: call
func.func @kernel(%p: !tile.ptr<f32>, %x: tensor<8xf32>) {
  %0 = tile.reduce (%x) axis = 0 : (tensor<8xf32>) -> f32 {
  ^bb0(%a: f32, %b: f32):
    %s = func.call @add(%a, %b) : (f32, f32) -> f32
    tile.yield %s : f32
  }
  func.call @put(%p, %0) : (!tile.ptr<f32>, f32) -> ()
  return
}
func.func private @add(%a: f32, %b: f32) -> f32 {
  %0 = arith.addf %a, %b : f32
  return %0 : f32
}
func.func private @put(%p: !tile.ptr<f32>, %x: f32) {
  %i = tile.program_id x : i32
  %q = tile.addptr %p, %i : !tile.ptr<f32>, i32
  tile.store %q, %x : !tile.ptr<f32>
  return
}
