// RUN: cosmati-opt %s --split-input-file --convert-tilegpu-to-nvvm | FileCheck %s

// Before sm_90 there is no conversion to bf16: through f32, rounded to odd, so that one rounding
// decides.
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
// CHECK-LABEL: llvm.func{{.*}} @to_odd
// CHECK: %[[F:[0-9]+]] = llvm.call_intrinsic "llvm.nvvm.ll2f.rz"(%[[X:[a-z0-9]+]])
// CHECK: %[[BACK:[0-9]+]] = llvm.call_intrinsic "llvm.nvvm.f2ll.rz"(%[[F]])
// CHECK: llvm.icmp "ne" %[[BACK]], %[[X]] : i64
// CHECK: llvm.or
// CHECK: llvm.fptrunc %{{.*}} : f32 to bf16
func.func @to_odd(%x: i64, %o: !tile.ptr<bf16>) {
  %0 = arith.sitofp %x : i64 to bf16
  tile.store %o, %0 : !tile.ptr<bf16>
  return
}
// 16 bits are exact in f32.
// CHECK-LABEL: llvm.func{{.*}} @narrow
// CHECK: llvm.uitofp %{{.*}} : i16 to bf16
func.func @narrow(%x: i16, %o: !tile.ptr<bf16>) {
  %0 = arith.uitofp %x : i16 to bf16
  tile.store %o, %0 : !tile.ptr<bf16>
  return
}
}

// -----

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
// CHECK-LABEL: llvm.func{{.*}} @by_the_hardware
// CHECK: llvm.sitofp %{{.*}} : i32 to bf16
func.func @by_the_hardware(%x: i32, %o: !tile.ptr<bf16>) {
  %0 = arith.sitofp %x : i32 to bf16
  tile.store %o, %0 : !tile.ptr<bf16>
  return
}
}
