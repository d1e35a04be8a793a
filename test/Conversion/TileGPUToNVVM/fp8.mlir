// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm | FileCheck %s --check-prefixes=CHECK,HARD
// RUN: sed 's/"90a"/"80"/' %s | cosmati-opt --convert-tilegpu-to-nvvm | FileCheck %s --check-prefixes=CHECK,SOFT
// RUN: sed 's/"90a"/"80"/' %s | cosmati-opt --convert-tilegpu-to-nvvm=ftz | FileCheck %s --check-prefix=FLUSH
#row = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// Pairs; the first operand of cvt is the upper byte.
// CHECK-LABEL: llvm.func{{.*}} @to_fp8
// CHECK-SAME: %[[A:[a-z0-9]+]]: f32, %[[B:[a-z0-9]+]]: f32
// HARD: "llvm.nvvm.ff.to.e4m3x2.rn"(%[[B]], %[[A]]) : (f32, f32) -> i16
// HARD-NOT: llvm.nvvm
// SOFT-NOT: llvm.nvvm
// SOFT-COUNT-2: llvm.intr.umin
func.func @to_fp8(%x: tensor<64xf32, #row>, %o: tensor<64x!tile.ptr<f8E4M3FN>, #row>) {
  %0 = tile.fp_convert %x : tensor<64xf32, #row> -> tensor<64xf8E4M3FN, #row>
  tile.store %o, %0 : tensor<64x!tile.ptr<f8E4M3FN>, #row>
  return
}

// Overflow to infinity needs a comparison: cvt saturates.
// CHECK-LABEL: llvm.func{{.*}} @nonfinite
// HARD: llvm.fcmp "oge"
func.func @nonfinite(%x: tensor<64xf32, #row>, %o: tensor<64x!tile.ptr<f8E5M2>, #row>) {
  %0 = tile.fp_convert %x overflow nonfinite : tensor<64xf32, #row> -> tensor<64xf8E5M2, #row>
  tile.store %o, %0 : tensor<64x!tile.ptr<f8E5M2>, #row>
  return
}

// f64 rounds once: to f32 toward zero, keeping in the last bit that it was inexact.
// CHECK-LABEL: llvm.func{{.*}} @from_f64
// CHECK: "llvm.nvvm.d2f.rz"
// CHECK: llvm.fcmp "une"
// CHECK: llvm.or
func.func @from_f64(%x: tensor<64xf64, #row>, %o: tensor<64x!tile.ptr<f8E4M3FN>, #row>) {
  %0 = tile.fp_convert %x : tensor<64xf64, #row> -> tensor<64xf8E4M3FN, #row>
  tile.store %o, %0 : tensor<64x!tile.ptr<f8E4M3FN>, #row>
  return
}

// CHECK-LABEL: llvm.func{{.*}} @from_fp8
// HARD: "llvm.nvvm.e5m2x2.to.f16x2.rn"
// Two codes per word, each as the upper byte of a half.
// SOFT: %[[SELECT:.*]] = llvm.mlir.constant(5124 : i32)
// SOFT: %[[PAIR:.*]] = llvm.call_intrinsic "llvm.nvvm.prmt"(%{{.*}}, %{{.*}}, %[[SELECT]])
// SOFT: llvm.bitcast %[[PAIR]] : i32 to vector<2xf16>
// CHECK: llvm.fpext %{{.*}} : f16 to f32
func.func @from_fp8(%x: tensor<64xf8E5M2, #row>, %o: tensor<64x!tile.ptr<f32>, #row>) {
  %0 = tile.fp_convert %x : tensor<64xf8E5M2, #row> -> tensor<64xf32, #row>
  tile.store %o, %0 : tensor<64x!tile.ptr<f32>, #row>
  return
}

// E4M3 on integers and one product for two; under ftz two products of f32, since the factors may be
// subnormal in f16.
// FLUSH-LABEL: llvm.func{{.*}} @e4m3_to_bf16
// FLUSH-COUNT-2: llvm.fmul %{{.*}} : f32
// FLUSH-NOT: llvm.fmul
// CHECK-LABEL: llvm.func{{.*}} @e4m3_to_bf16
// HARD: "llvm.nvvm.e4m3x2.to.f16x2.rn"
// SOFT: llvm.call_intrinsic "llvm.nvvm.prmt"
// SOFT: llvm.fmul %{{.*}} : vector<2xf16>
// SOFT-NOT: llvm.fmul
// CHECK: "llvm.nvvm.ff2bf16x2.rn"
func.func @e4m3_to_bf16(%x: tensor<64xf8E4M3FN, #row>, %o: tensor<64x!tile.ptr<bf16>, #row>) {
  %0 = tile.fp_convert %x : tensor<64xf8E4M3FN, #row> -> tensor<64xbf16, #row>
  tile.store %o, %0 : tensor<64x!tile.ptr<bf16>, #row>
  return
}
}
