// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm --cse --split-input-file | FileCheck %s
// ldmatrix, stmatrix and slots of rings. What they move is checked by test/unit/Conversion.
#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8], [0, 16]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 32]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
#pairs = #tilegpu.layout<register = [[0, 1], [0, 2], [1, 0], [0, 16]], lane = [[0, 4], [0, 8], [2, 0], [4, 0], [8, 0]], warp = [], block = [], shape = [16, 32]>
#sa = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [1, 0], [2, 8], [4, 16], [8, 0]], block = [], shape = [16, 32], alignment = 16>
#sb = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [1, 0], [2, 0], [4, 0], [8, 0]], block = [], shape = [16, 8], alignment = 16>
#bytes = #tilegpu.shared<offset = [[1, 0], [2, 0], [4, 0], [8, 0], [0, 1], [0, 2], [0, 4], [0, 8], [0, 16]], block = [], shape = [16, 32], alignment = 16>

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// Two fragments of A, two instructions. The swizzle's XOR with the fragment's column is made once,
// at the head, with the thread's part.
// CHECK-LABEL: llvm.func{{.*}} @slots
// CHECK: %[[PART:.*]] = llvm.or
// CHECK: %[[OTHER:.*]] = llvm.xor
// CHECK: llvm.br ^[[HEAD:.*]](
// CHECK: ^[[HEAD]](%[[I:.*]]: i32
// CHECK: %[[OFFSET:.*]] = llvm.mul %{{.*}}, %{{.*}} : i32
// CHECK: %[[SLOT:.*]] = llvm.getelementptr %{{.*}}[%[[OFFSET]]] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
// CHECK-DAG: %[[ROW:.*]] = llvm.getelementptr %[[SLOT]][%[[PART]]]
// CHECK-DAG: %[[ROW2:.*]] = llvm.getelementptr %[[SLOT]][%[[OTHER]]]
// CHECK-DAG: nvvm.ldmatrix %[[ROW]] {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>, num = 4 : i32, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>}
// CHECK-DAG: nvvm.ldmatrix %[[ROW2]]
// CHECK-NOT: nvvm.ldmatrix
func.func @slots(%n: i32, %o: tensor<16x32x!tile.ptr<f16>, #a>) {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %ring = tilegpu.shared_alloc "ring" slots 3 offset 0 : <16x32xf16, #sa>
  scf.for %i = %zero to %n step %one : i32 {
    %slot = tilegpu.shared_slot %ring[%i] : <16x32xf16, #sa>
    %x = tilegpu.shared_load %slot : <16x32xf16, #sa> -> tensor<16x32xf16, #a>
    tile.store %o, %x : tensor<16x32x!tile.ptr<f16>, #a>
  }
  return
}

// Rows of K lie one behind the other where the fragment wants columns.
// CHECK-LABEL: llvm.func{{.*}} @transposed
// CHECK: %[[M:.*]] = nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<col>, num = 2 : i32
// CHECK: %[[W:.*]] = llvm.extractvalue %[[M]][0] : !llvm.struct<(i32, i32)>
// CHECK: llvm.bitcast %[[W]] : i32 to vector<2xbf16>
func.func @transposed(%o: tensor<16x8x!tile.ptr<bf16>, #b>) {
  %m = tilegpu.shared_alloc "operand" offset 0 : <16x8xbf16, #sb>
  %x = tilegpu.shared_load %m : <16x8xbf16, #sb> -> tensor<16x8xbf16, #b>
  tile.store %o, %x : tensor<16x8x!tile.ptr<bf16>, #b>
  return
}

// Bytes are transposed by pairs, which permutes put in order.
// CHECK-LABEL: llvm.func{{.*}} @transposed_bytes
// CHECK: nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<col>, num = 4 : i32
// CHECK-COUNT-4: nvvm.prmt <default>
func.func @transposed_bytes(%o: tensor<16x32x!tile.ptr<i8>, #pairs>) {
  %m = tilegpu.shared_alloc "operand" offset 0 : <16x32xi8, #bytes>
  %x = tilegpu.shared_load %m : <16x32xi8, #bytes> -> tensor<16x32xi8, #pairs>
  tile.store %o, %x : tensor<16x32x!tile.ptr<i8>, #pairs>
  return
}

// CHECK-LABEL: llvm.func{{.*}} @accumulator
// CHECK-DAG: %[[LOW:.*]] = llvm.insertelement %arg1, {{.*}} : vector<2xf16>
// CHECK-DAG: %[[HIGH:.*]] = llvm.insertelement %arg3, {{.*}} : vector<2xf16>
// CHECK-DAG: %[[W0:.*]] = llvm.bitcast %[[LOW]] : vector<2xf16> to i32
// CHECK-DAG: %[[W1:.*]] = llvm.bitcast %[[HIGH]] : vector<2xf16> to i32
// CHECK: nvvm.stmatrix %{{.*}}, %[[W0]], %[[W1]] {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>
// CHECK-NOT: llvm.store {{.*}}ptr<3>
func.func @accumulator(%x: tensor<16x8xf16, #c>) {
  %m = tilegpu.shared_alloc "result" offset 0 : <16x8xf16, #sb>
  tilegpu.shared_store %x, %m : tensor<16x8xf16, #c>, <16x8xf16, #sb>
  return
}
}

// -----

#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
#sb = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [1, 0], [2, 0], [4, 0], [8, 0]], block = [], shape = [16, 8], alignment = 16>

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "89">} {

// stmatrix came with sm_90.
// CHECK-LABEL: llvm.func{{.*}} @accumulator_before_stmatrix
// CHECK-COUNT-2: llvm.store {{.*}} : vector<2xf16>, !llvm.ptr<3>
func.func @accumulator_before_stmatrix(%x: tensor<16x8xf16, #c>) {
  %m = tilegpu.shared_alloc "result" offset 0 : <16x8xf16, #sb>
  tilegpu.shared_store %x, %m : tensor<16x8xf16, #c>, <16x8xf16, #sb>
  return
}
}

// -----

#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [[0, 0]], block = [], shape = [16, 8]>
#sb = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [1, 0], [2, 0], [4, 0], [8, 0]], block = [], shape = [16, 8], alignment = 16>

module attributes {tilegpu.num_warps = 2 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// The second warp holds copies. Whole warps branch: the instruction needs all lanes.
// CHECK-LABEL: llvm.func{{.*}} @copies_in_warps
// CHECK: %[[BIT:.*]] = llvm.and %{{.*}}, %{{.*}} : i32
// CHECK: llvm.icmp "eq"
// CHECK: llvm.cond_br
// CHECK: nvvm.stmatrix
func.func @copies_in_warps(%x: tensor<16x8xf16, #c>) {
  %m = tilegpu.shared_alloc "result" offset 0 : <16x8xf16, #sb>
  tilegpu.shared_store %x, %m : tensor<16x8xf16, #c>, <16x8xf16, #sb>
  return
}
}
