// RUN: cosmati-compile %s --target sm_80 | FileCheck %s
// RUN: cosmati-compile %s --target sm_90a | FileCheck %s

// 1024 elements, 128 threads: two accesses of 16 bytes each way for each thread, and nothing else
// that touches memory or waits. Each access has the line of its own op.
// CHECK-NOT: .local
// CHECK-LABEL: .entry copy(
// CHECK: .reqntid 128
// CHECK: .loc 1 4 [[LOAD:[1-9][0-9]*]]
// CHECK: ld.global.v4.b32
// CHECK: ld.global.v4.b32
// CHECK-NOT: ld.global
// CHECK-NOT: bar.sync
// CHECK: .loc 1 5 [[STORE:[1-9][0-9]*]]
// CHECK: st.global.v4.b32
// CHECK: st.global.v4.b32
// CHECK-NOT: st.global
// CHECK: ret
func.func @copy(%x: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %y: !tile.ptr<f32> {tile.divisibility = 16 : i32}) attributes {tile.kernel} {
  %r = tile.make_range 0, 1024 : tensor<1024xi32> loc("copy":2:3)
  %xs = tile.splat %x : !tile.ptr<f32> -> tensor<1024x!tile.ptr<f32>> loc("copy":3:3)
  %xp = tile.addptr %xs, %r : tensor<1024x!tile.ptr<f32>>, tensor<1024xi32> loc("copy":3:3)
  %v = tile.load %xp : tensor<1024x!tile.ptr<f32>> loc("copy":4:3)
  %ys = tile.splat %y : !tile.ptr<f32> -> tensor<1024x!tile.ptr<f32>> loc("copy":5:3)
  %yp = tile.addptr %ys, %r : tensor<1024x!tile.ptr<f32>>, tensor<1024xi32> loc("copy":5:3)
  tile.store %yp, %v : tensor<1024x!tile.ptr<f32>> loc("copy":5:3)
  return loc("copy":6:3)
} loc("copy":1:1)
