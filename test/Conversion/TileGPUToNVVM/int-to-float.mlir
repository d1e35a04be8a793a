// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm | FileCheck %s
#four = #tilegpu.layout<register = [[1], [2]], lane = [[4], [8], [16], [32], [64]], warp = [], block = [], shape = [128]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {

// Signs flipped in one word, two bytes per half pair, 1024 + 128 taken off.
// CHECK-LABEL: llvm.func{{.*}} @i8_to_f16
// CHECK: %[[FLIP:.*]] = llvm.mlir.constant(-2139062144 : i32)
// CHECK: %[[WORD:.*]] = llvm.xor %{{.*}}, %[[FLIP]]
// CHECK: llvm.call_intrinsic "llvm.nvvm.prmt"(%[[WORD]]
// CHECK: %[[BASE:.*]] = llvm.mlir.constant(dense<-1.152000e+03> : vector<2xf16>)
// CHECK: llvm.fadd %{{.*}}, %[[BASE]]
// CHECK: llvm.call_intrinsic "llvm.nvvm.prmt"(%[[WORD]]
// CHECK-NOT: llvm.sitofp
func.func @i8_to_f16(%x: tensor<128xi8, #four>, %o: tensor<128x!tile.ptr<f16>, #four>) {
  %0 = arith.sitofp %x : tensor<128xi8, #four> to tensor<128xf16, #four>
  tile.store %o, %0 : tensor<128x!tile.ptr<f16>, #four>
  return
}

// CHECK-LABEL: llvm.func{{.*}} @u8_to_f32
// CHECK-NOT: llvm.xor
// CHECK-COUNT-4: llvm.fadd %{{.*}} : f32
// CHECK-NOT: llvm.uitofp
func.func @u8_to_f32(%x: tensor<128xi8, #four>, %o: tensor<128x!tile.ptr<f32>, #four>) {
  %0 = arith.uitofp %x : tensor<128xi8, #four> to tensor<128xf32, #four>
  tile.store %o, %0 : tensor<128x!tile.ptr<f32>, #four>
  return
}

// Eight bits fill the mantissa of bf16 and one bit of its exponent: two steps.
// CHECK-LABEL: llvm.func{{.*}} @i8_to_bf16
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.nvvm.fma.rn.bf16x2"
// CHECK-NOT: llvm.nvvm.fma
func.func @i8_to_bf16(%x: tensor<128xi8, #four>, %o: tensor<128x!tile.ptr<bf16>, #four>) {
  %0 = arith.sitofp %x : tensor<128xi8, #four> to tensor<128xbf16, #four>
  tile.store %o, %0 : tensor<128x!tile.ptr<bf16>, #four>
  return
}

// The upper nibble with its sign: shifted without it, then 8 off.
// CHECK-LABEL: llvm.func{{.*}} @signed_nibble
// CHECK: llvm.mlir.constant(134744072 : i32)
// CHECK: llvm.mlir.constant(dense<-1.360000e+02> : vector<2xbf16>)
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.nvvm.fma.rn.bf16x2"
// CHECK-NOT: llvm.nvvm.fma
func.func @signed_nibble(%x: tensor<128xi8, #four>, %o: tensor<128x!tile.ptr<bf16>, #four>) {
  %c4 = arith.constant dense<4> : tensor<128xi8, #four>
  %n = arith.shrsi %x, %c4 : tensor<128xi8, #four>
  %0 = arith.sitofp %n : tensor<128xi8, #four> to tensor<128xbf16, #four>
  tile.store %o, %0 : tensor<128x!tile.ptr<bf16>, #four>
  return
}

// (x & 15) - 8 of 32-bit words: the zero point goes into the constant.
// CHECK-LABEL: llvm.func{{.*}} @zero_point
// CHECK: llvm.mlir.constant(dense<-1.032000e+03> : vector<2xf16>)
// CHECK-NOT: llvm.sitofp
func.func @zero_point(%x: tensor<128xi32, #four>, %o: tensor<128x!tile.ptr<f16>, #four>) {
  %c15 = arith.constant dense<15> : tensor<128xi32, #four>
  %c8 = arith.constant dense<8> : tensor<128xi32, #four>
  %n = arith.andi %x, %c15 : tensor<128xi32, #four>
  %z = arith.subi %n, %c8 : tensor<128xi32, #four>
  %0 = arith.sitofp %z : tensor<128xi32, #four> to tensor<128xf16, #four>
  tile.store %o, %0 : tensor<128x!tile.ptr<f16>, #four>
  return
}

// Whatever needs more bits is left to the converter.
// CHECK-LABEL: llvm.func{{.*}} @too_wide
// CHECK-COUNT-4: llvm.sitofp
func.func @too_wide(%x: tensor<128xi32, #four>, %o: tensor<128x!tile.ptr<f16>, #four>) {
  %c = arith.constant dense<2047> : tensor<128xi32, #four>
  %n = arith.andi %x, %c : tensor<128xi32, #four>
  %0 = arith.sitofp %n : tensor<128xi32, #four> to tensor<128xf16, #four>
  tile.store %o, %0 : tensor<128x!tile.ptr<f16>, #four>
  return
}

// The difference may wrap in 8 bits: four at once, the upper bits keeping borrows apart.
// CHECK-LABEL: llvm.func{{.*}} @difference_that_wraps
// CHECK: %[[UPPER:.*]] = llvm.mlir.constant(-2139062144 : i32)
// CHECK: %[[X:.*]] = llvm.or %{{.*}}, %[[UPPER]]
// CHECK: %[[OTHERS:.*]] = llvm.mlir.constant(2139062143 : i32)
// CHECK: %[[Y:.*]] = llvm.and %{{.*}}, %[[OTHERS]]
// CHECK: llvm.sub %[[X]], %[[Y]] : i32
// CHECK: llvm.mlir.constant(dense<-1.152000e+03> : vector<2xf16>)
func.func @difference_that_wraps(%x: tensor<128xi8, #four>, %z: tensor<128xi8, #four>, %o: tensor<128x!tile.ptr<f16>, #four>) {
  %n = arith.subi %x, %z : tensor<128xi8, #four>
  %0 = arith.sitofp %n : tensor<128xi8, #four> to tensor<128xf16, #four>
  tile.store %o, %0 : tensor<128x!tile.ptr<f16>, #four>
  return
}
}
