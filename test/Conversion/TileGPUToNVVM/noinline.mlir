// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm --split-input-file | FileCheck %s

// Functions marked no_inline stay functions, and calls of them calls; several results are a struct.
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.shared_bytes = 0 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
// CHECK-LABEL: llvm.func internal @both(
// CHECK-SAME: no_inline
// CHECK: llvm.insertvalue
// CHECK: llvm.return %{{.*}} : !llvm.struct<(i32, f32)>
func.func private @both(%n: i32, %x: f32) -> (i32, f32) attributes {no_inline} {
  %m = arith.addi %n, %n : i32
  return %m, %x : i32, f32
}
// CHECK-LABEL: llvm.func internal @nothing(%{{.*}}: !llvm.ptr<1>
func.func private @nothing(%p: !tile.ptr<i32>) attributes {no_inline} {
  return
}
// CHECK-LABEL: llvm.func @k(
// CHECK: %[[R:.*]] = llvm.call @both(%{{.*}}, %{{.*}}) : (i32, f32) -> !llvm.struct<(i32, f32)>
// CHECK-DAG: llvm.extractvalue %[[R]][0]
// CHECK-DAG: llvm.extractvalue %[[R]][1]
// CHECK: llvm.call @nothing(
func.func @k(%p: !tile.ptr<i32>, %n: i32, %x: f32) attributes {tile.kernel} {
  %m, %y = func.call @both(%n, %x) : (i32, f32) -> (i32, f32)
  %z = arith.fptosi %y : f32 to i32
  %s = arith.addi %m, %z : i32
  tile.store %p, %s : !tile.ptr<i32>
  func.call @nothing(%p) : (!tile.ptr<i32>) -> ()
  return
}
}
