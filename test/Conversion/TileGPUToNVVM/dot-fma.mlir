// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm --cse | FileCheck %s
#acc = #tilegpu.layout<register = [[0, 1], [0, 2], [1, 0]], lane = [[0, 4], [0, 8], [2, 0], [4, 0], [8, 0]], warp = [], block = [], shape = [16, 16]>
#sharedA = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [1, 0], [2, 0], [4, 0], [8, 0]], block = [], shape = [16, 32], alignment = 16>
#sharedB = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [0, 8], [1, 0], [2, 0], [4, 0], [8, 0], [16, 0]], block = [], shape = [32, 16], alignment = 16>

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// K = 32 in two trips of 16 steps, which LLVM must not unroll further. A trip reads 2 rows of A along k and 16 rows of
// B along n, four f32 at a time, and does 8 * 16 multiplications.
// CHECK-LABEL: llvm.func{{.*}} @f32
// CHECK: llvm.icmp "slt"
// CHECK-COUNT-24: llvm.load {{.*}} -> vector<4xf32>
// CHECK-NOT: llvm.load
// CHECK: llvm.br {{.*}}loop_annotation
func.func @f32(%x: tensor<16x16xf32, #acc>, %o: tensor<16x16x!tile.ptr<f32>, #acc>) {
  %a = tilegpu.shared_alloc "a" offset 0 : <16x32xf32, #sharedA>
  %b = tilegpu.shared_alloc "b" offset 2048 : <32x16xf32, #sharedB>
  %d = tilegpu.dot_fma %a, %b, %x : <16x32xf32, #sharedA>, <32x16xf32, #sharedB>, tensor<16x16xf32, #acc>
  tile.store %o, %d : tensor<16x16x!tile.ptr<f32>, #acc>
  return
}

// Halves are read eight at a time where they lie so, and converted once.
// CHECK-LABEL: llvm.func{{.*}} @f16
// CHECK: llvm.load {{.*}} -> vector<8xf16>
// CHECK: llvm.fpext {{.*}} : f16 to f32
// CHECK: llvm.intr.fma({{.*}}) : (f32, f32, f32) -> f32
func.func @f16(%x: tensor<16x16xf32, #acc>, %o: tensor<16x16x!tile.ptr<f32>, #acc>) {
  %a = tilegpu.shared_alloc "a" offset 0 : <16x32xf16, #sharedA>
  %b = tilegpu.shared_alloc "b" offset 2048 : <32x16xf16, #sharedB>
  %d = tilegpu.dot_fma %a, %b, %x : <16x32xf16, #sharedA>, <32x16xf16, #sharedB>, tensor<16x16xf32, #acc>
  tile.store %o, %d : tensor<16x16x!tile.ptr<f32>, #acc>
  return
}

// CHECK-LABEL: llvm.func{{.*}} @i8
// CHECK: llvm.sext {{.*}} : i8 to i32
// CHECK: llvm.mul {{.*}} : i32
// CHECK: llvm.add {{.*}} : i32
func.func @i8(%x: tensor<16x16xi32, #acc>, %o: tensor<16x16x!tile.ptr<i32>, #acc>) {
  %a = tilegpu.shared_alloc "a" offset 0 : <16x32xi8, #sharedA>
  %b = tilegpu.shared_alloc "b" offset 2048 : <32x16xi8, #sharedB>
  %d = tilegpu.dot_fma %a, %b, %x : <16x32xi8, #sharedA>, <32x16xi8, #sharedB>, tensor<16x16xi32, #acc>
  tile.store %o, %d : tensor<16x16x!tile.ptr<i32>, #acc>
  return
}
}
