// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm | FileCheck %s
#one = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
#two = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>
#twice = #tilegpu.layout<register = [[0], [1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {

// The first operand of cvt is the upper half.
// CHECK-LABEL: llvm.func{{.*}} @pair
// CHECK-SAME: %[[A:[a-z0-9]+]]: f32, %[[B:[a-z0-9]+]]: f32
// CHECK: "llvm.nvvm.ff2f16x2.rn"(%[[B]], %[[A]]) : (f32, f32) -> vector<2xf16>
// CHECK-NOT: llvm.fptrunc
func.func @pair(%x: tensor<64xf32, #two>, %o: tensor<64x!tile.ptr<f16>, #two>) {
  %0 = arith.truncf %x : tensor<64xf32, #two> to tensor<64xf16, #two>
  tile.store %o, %0 : tensor<64x!tile.ptr<f16>, #two>
  return
}

// CHECK-LABEL: llvm.func{{.*}} @single
// CHECK: llvm.fptrunc %{{.*}} : f32 to bf16
func.func @single(%x: tensor<32xf32, #one>, %o: tensor<32x!tile.ptr<bf16>, #one>) {
  %0 = arith.truncf %x : tensor<32xf32, #one> to tensor<32xbf16, #one>
  tile.store %o, %0 : tensor<32x!tile.ptr<bf16>, #one>
  return
}

// Registers that hold the same element are converted once.
// CHECK-LABEL: llvm.func{{.*}} @distinct
// CHECK-COUNT-1: "llvm.nvvm.ff2bf16x2.rn"
// CHECK-NOT: llvm.nvvm
func.func @distinct(%x: tensor<64xf32, #two>, %o: tensor<64x!tile.ptr<bf16>, #twice>) {
  %0 = tilegpu.convert_layout %x : tensor<64xf32, #two> -> tensor<64xf32, #twice>
  %1 = arith.truncf %0 : tensor<64xf32, #twice> to tensor<64xbf16, #twice>
  tile.store %o, %1 : tensor<64x!tile.ptr<bf16>, #twice>
  return
}

// CHECK-LABEL: llvm.func{{.*}} @toward_zero
// CHECK: "llvm.nvvm.ff2f16x2.rz"
// CHECK-NOT: "llvm.nvvm.ff2f16x2.rz"
func.func @toward_zero(%x: tensor<64xf32, #two>, %o: tensor<64x!tile.ptr<f16>, #two>) {
  %0 = tile.fp_convert %x rounding rtz : tensor<64xf32, #two> -> tensor<64xf16, #two>
  tile.store %o, %0 : tensor<64x!tile.ptr<f16>, #two>
  return
}
}
