// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm | FileCheck %s --check-prefixes=CHECK,FAST
// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm="approx-math=false approx-division=false" | FileCheck %s --check-prefixes=CHECK,EXACT
// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm=ftz | FileCheck %s --check-prefix=FTZ
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// FTZ: denormal_fp_math_f32 = "preserve-sign,preserve-sign"

// CHECK-LABEL: llvm.func{{.*}} @exp
// FAST: "llvm.nvvm.ex2.approx"(%{{.*}}) : (f32) -> f32
// EXACT-NOT: ex2.approx
// FTZ: "llvm.nvvm.ex2.approx.ftz"
func.func @exp(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}

// CHECK-LABEL: llvm.func{{.*}} @div
// FAST: "llvm.nvvm.div.full"
// EXACT: llvm.fdiv
// FTZ: "llvm.nvvm.div.full.ftz"
// CHECK: "llvm.nvvm.div.rn.f"
func.func @div(%x: f32, %y: f32) -> f32 {
  %0 = arith.divf %x, %y : f32
  %1 = tile.div_rn %0, %y : f32
  return %1 : f32
}

// CHECK-LABEL: llvm.func{{.*}} @sqrt
// FAST: "llvm.nvvm.sqrt.approx.f"
// EXACT: "llvm.nvvm.sqrt.rn.f"
// CHECK: "llvm.nvvm.sqrt.rn.f"
func.func @sqrt(%x: f32) -> f32 {
  %0 = math.sqrt %x : f32
  %1 = tile.sqrt_rn %0 : f32
  return %1 : f32
}

// Halves go through f32.
// CHECK-LABEL: llvm.func{{.*}} @half
// CHECK: llvm.fpext %{{.*}} : bf16 to f32
// CHECK: llvm.call @cosmati_sin_f32
// CHECK: llvm.fptrunc %{{.*}} : f32 to bf16
func.func @half(%x: bf16) -> bf16 {
  %0 = math.sin %x : bf16
  return %0 : bf16
}

// No library for f64 either; large angles take 2/pi from a table.
// CHECK-LABEL: llvm.func{{.*}} @double
// CHECK-NOT: __nv_
// CHECK: llvm.call @cosmati_sin_f64
func.func @double(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  %1 = math.log %0 : f64
  %2 = math.erf %1 : f64
  %3 = math.cos %2 : f64
  return %3 : f64
}

// What has no lowering here is a function of libdevice.
// CHECK-LABEL: llvm.func{{.*}} @library
// CHECK: llvm.call @__nv_atanf
// CHECK: llvm.call @__nv_asinhf
func.func @library(%x: f32) -> f32 {
  %0 = math.atan %x : f32
  %1 = tile.extern_elementwise "libdevice", "__nv_asinhf" (%0) : (f32) -> f32
  return %1 : f32
}

// NaN: maximumf gives NaN, maxnumf the other operand.
// CHECK-LABEL: llvm.func{{.*}} @extrema
// CHECK: llvm.intr.maximum
// CHECK: llvm.intr.minnum
func.func @extrema(%x: f32, %y: f32) -> f32 {
  %0 = arith.maximumf %x, %y : f32
  %1 = arith.minnumf %0, %y : f32
  return %1 : f32
}
}
