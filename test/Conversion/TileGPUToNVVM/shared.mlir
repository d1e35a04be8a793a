// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm --cse | FileCheck %s
#rows = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [0, 8], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [8, 16]>
#cols = #tilegpu.layout<register = [[1, 0], [2, 0]], lane = [[0, 4], [0, 1], [0, 2], [0, 8], [4, 0]], warp = [], block = [], shape = [8, 16]>
#copies = #tilegpu.layout<register = [[0, 1]], lane = [[0, 2], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [8, 4]>
#plain = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [0, 8], [1, 0], [2, 0], [4, 0]], block = [], shape = [8, 16], alignment = 16>
#swizzled = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [0, 8], [1, 4], [2, 8], [4, 0]], block = [], shape = [8, 16], alignment = 16>
#small = #tilegpu.shared<offset = [[0, 1], [0, 2], [1, 0], [2, 0], [4, 0]], block = [], shape = [8, 4], alignment = 16>

// CHECK: llvm.mlir.global external @cosmati_smem() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// Four consecutive floats are one access; the buffer's place is a constant offset from the CTA's memory.
// CHECK-LABEL: llvm.func{{.*}} @vectors
// CHECK: %[[BASE:.*]] = llvm.mlir.addressof @cosmati_smem : !llvm.ptr<3>
// CHECK: llvm.getelementptr %[[BASE]][512] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
// CHECK: llvm.store %{{.*}}, %{{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<3>
// CHECK-NOT: llvm.store {{.*}}ptr<3>
// CHECK: nvvm.barrier0
// CHECK-COUNT-4: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr<3> -> f32
func.func @vectors(%x: tensor<8x16xf32, #rows>, %o: tensor<8x16x!tile.ptr<f32>, #cols>) {
  %b = tilegpu.shared_alloc "staging" offset 512 : <8x16xf32, #plain>
  tilegpu.shared_store %x, %b : tensor<8x16xf32, #rows>, <8x16xf32, #plain>
  tilegpu.barrier
  %y = tilegpu.shared_load %b : <8x16xf32, #plain> -> tensor<8x16xf32, #cols>
  tile.store %o, %y : tensor<8x16x!tile.ptr<f32>, #cols>
  return
}

// Bits that the thread's offset never has are immediate offsets; the swizzled ones are XORed.
// CHECK-LABEL: llvm.func{{.*}} @swizzle
// CHECK: llvm.xor
// CHECK: llvm.load
func.func @swizzle(%o: tensor<8x16x!tile.ptr<i16>, #cols>) {
  %b = tilegpu.shared_alloc "staging" offset 0 : <8x16xi16, #swizzled>
  %y = tilegpu.shared_load %b : <8x16xi16, #swizzled> -> tensor<8x16xi16, #cols>
  tile.store %o, %y : tensor<8x16x!tile.ptr<i16>, #cols>
  return
}

// Of the lanes with the same elements one stores, behind a branch; a bool takes a byte, and bytes move as words.
// CHECK-LABEL: llvm.func{{.*}} @one_replica
// CHECK: llvm.cond_br
// CHECK: llvm.store %{{.*}}, %{{.*}} {alignment = 2 : i64} : i16, !llvm.ptr<3>
func.func @one_replica(%x: tensor<8x4xi1, #copies>) {
  %b = tilegpu.shared_alloc "staging" offset 0 : <8x4xi1, #small>
  tilegpu.shared_store %x, %b : tensor<8x4xi1, #copies>, <8x4xi1, #small>
  return
}
}
