// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm | FileCheck %s
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// CHECK-LABEL: llvm.func{{.*}} @unsigned_division
// CHECK-SAME: %[[X:[a-z0-9]+]]: i32, %[[Y:[a-z0-9]+]]: i32
// CHECK: %[[ISZERO:.*]] = llvm.icmp "eq" %[[Y]]
// CHECK: %[[SAFE:.*]] = llvm.select %[[ISZERO]], %{{.*}}, %[[Y]]
// CHECK: %[[Q:.*]] = llvm.udiv %[[X]], %[[SAFE]]
// CHECK: llvm.select %[[ISZERO]], %{{.*}}, %[[Q]]
func.func @unsigned_division(%x: i32, %y: i32) -> i32 {
  %0 = arith.divui %x, %y : i32
  return %0 : i32
}

// The remainder by 0 is the dividend.
// CHECK-LABEL: llvm.func{{.*}} @remainder
// CHECK-SAME: %[[X:[a-z0-9]+]]: i32
// CHECK: %[[R:.*]] = llvm.srem
// CHECK: llvm.select %{{.*}}, %[[X]], %[[R]]
func.func @remainder(%x: i32, %y: i32) -> i32 {
  %0 = arith.remsi %x, %y : i32
  return %0 : i32
}

// A constant divisor needs no care.
// CHECK-LABEL: llvm.func{{.*}} @constant_divisor
// CHECK-NOT: select
// CHECK: llvm.sdiv
// CHECK-NOT: select
func.func @constant_divisor(%x: i32) -> i32 {
  %c = arith.constant 10 : i32
  %0 = arith.divsi %x, %c : i32
  return %0 : i32
}

// CHECK-LABEL: llvm.func{{.*}} @shifts
// CHECK: llvm.icmp "ult"
// CHECK: llvm.shl
// CHECK: llvm.select
// CHECK: llvm.intr.umin
// CHECK: llvm.ashr
func.func @shifts(%x: i32, %y: i32) -> i32 {
  %0 = arith.shli %x, %y : i32
  %1 = arith.shrsi %0, %y : i32
  return %1 : i32
}

// CHECK-LABEL: llvm.func{{.*}} @float_to_int
// CHECK: "llvm.nvvm.f2i.rz"
// CHECK: llvm.intr.smin
// CHECK: llvm.intr.smax
// CHECK: llvm.trunc %{{.*}} : i32 to i8
func.func @float_to_int(%x: f32) -> i8 {
  %0 = arith.fptosi %x : f32 to i8
  return %0 : i8
}

// 64-bit results and f64 sources: the hardware's result for NaN is replaced.
// CHECK-LABEL: llvm.func{{.*}} @nan_is_zero
// CHECK: "llvm.nvvm.d2ull.rz"
// CHECK: llvm.fcmp "uno"
// CHECK: llvm.select
func.func @nan_is_zero(%x: f64) -> i64 {
  %0 = arith.fptoui %x : f64 to i64
  return %0 : i64
}

// Nobody proved these.
// CHECK-LABEL: llvm.func{{.*}} @promises
// CHECK-NOT: overflow
// CHECK-NOT: exact
// CHECK: llvm.return
func.func @promises(%x: i32, %y: i32) -> i32 {
  %0 = arith.addi %x, %y overflow<nsw, nuw> : i32
  %1 = arith.shrui %0, %y exact : i32
  return %1 : i32
}
}
