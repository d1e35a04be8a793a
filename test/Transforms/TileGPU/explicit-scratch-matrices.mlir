// RUN: cosmati-opt %s --pass-pipeline="builtin.module(func.func(tilegpu-explicit-scratch),tilegpu-allocate-shared,convert-tilegpu-to-nvvm)" --split-input-file | FileCheck %s
// Buffers of conversions are laid out for stmatrix and ldmatrix where these are cheaper.

#acc = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 16], [0, 32]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [[0, 8], [16, 0]], block = [], shape = [32, 64]>
#rows = #tilegpu.layout<register = [[0, 1], [0, 2], [0, 4], [16, 0]], lane = [[0, 8], [0, 16], [0, 32], [1, 0], [2, 0]], warp = [[4, 0], [8, 0]], block = [], shape = [32, 64]>
#columns = #tilegpu.layout<register = [[1, 0], [2, 0], [4, 0], [0, 32]], lane = [[8, 0], [16, 0], [0, 1], [0, 2], [0, 4]], warp = [[0, 8], [0, 16]], block = [], shape = [32, 64]>

module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
// 16 elements of a thread: two stores of four matrices, two loads of 16 bytes.
// CHECK-LABEL: llvm.func{{.*}} @accumulator_to_rows
// CHECK-COUNT-2: nvvm.stmatrix {{.*}}layout = #nvvm.mma_layout<row>{{.*}} : !llvm.ptr<3>, i32, i32, i32, i32
// CHECK-COUNT-2: llvm.load {{.*}}vector<8xf16>
// CHECK-NOT: llvm.load
func.func @accumulator_to_rows(%x: tensor<32x64xf16, #acc>, %o: tensor<32x64x!tile.ptr<f16>, #rows>) {
  %0 = tilegpu.convert_layout %x : tensor<32x64xf16, #acc> -> tensor<32x64xf16, #rows>
  tile.store %o, %0 : tensor<32x64x!tile.ptr<f16>, #rows>
  return
}
// CHECK-LABEL: llvm.func{{.*}} @accumulator_to_columns
// CHECK: nvvm.stmatrix {{.*}}layout = #nvvm.mma_layout<col>
// CHECK-COUNT-2: llvm.load {{.*}}vector<8xbf16>
// CHECK-NOT: llvm.load
func.func @accumulator_to_columns(%x: tensor<32x64xbf16, #acc>, %o: tensor<32x64x!tile.ptr<bf16>, #columns>) {
  %0 = tilegpu.convert_layout %x : tensor<32x64xbf16, #acc> -> tensor<32x64xbf16, #columns>
  tile.store %o, %0 : tensor<32x64x!tile.ptr<bf16>, #columns>
  return
}
// CHECK-LABEL: llvm.func{{.*}} @columns_to_fragments
// CHECK-COUNT-2: llvm.store {{.*}}vector<8xf16>, !llvm.ptr<3>
// CHECK: nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<col>
// CHECK-NOT: llvm.load
func.func @columns_to_fragments(%x: tensor<32x64xf16, #columns>, %o: tensor<32x64x!tile.ptr<f16>, #acc>) {
  %0 = tilegpu.convert_layout %x : tensor<32x64xf16, #columns> -> tensor<32x64xf16, #acc>
  tile.store %o, %0 : tensor<32x64x!tile.ptr<f16>, #acc>
  return
}
// No matrix instruction moves 64-bit elements.
// CHECK-LABEL: llvm.func{{.*}} @wide
// CHECK-NOT: matrix
// CHECK: llvm.return
func.func @wide(%x: tensor<32x64xf64, #acc>, %o: tensor<32x64x!tile.ptr<f64>, #rows>) {
  %0 = tilegpu.convert_layout %x : tensor<32x64xf64, #acc> -> tensor<32x64xf64, #rows>
  tile.store %o, %0 : tensor<32x64x!tile.ptr<f64>, #rows>
  return
}
}

// -----

#acc = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 16], [0, 32]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [[0, 8], [16, 0]], block = [], shape = [32, 64]>
#rows = #tilegpu.layout<register = [[0, 1], [0, 2], [0, 4], [16, 0]], lane = [[0, 8], [0, 16], [0, 32], [1, 0], [2, 0]], warp = [[4, 0], [8, 0]], block = [], shape = [32, 64]>

// Before sm_90 vectors write.
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
// CHECK-LABEL: llvm.func{{.*}} @accumulator_to_rows_before_stmatrix
// CHECK-NOT: nvvm.stmatrix
// CHECK-COUNT-8: llvm.store {{.*}}vector<2xf16>, !llvm.ptr<3>
// CHECK-COUNT-2: llvm.load {{.*}}vector<8xf16>
func.func @accumulator_to_rows_before_stmatrix(%x: tensor<32x64xf16, #acc>, %o: tensor<32x64x!tile.ptr<f16>, #rows>) {
  %0 = tilegpu.convert_layout %x : tensor<32x64xf16, #acc> -> tensor<32x64xf16, #rows>
  tile.store %o, %0 : tensor<32x64x!tile.ptr<f16>, #rows>
  return
}
}
