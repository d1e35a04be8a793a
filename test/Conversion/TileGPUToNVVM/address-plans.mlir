// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm --cse | FileCheck %s
// Pointers of one access that follow from each other. What is read is checked by
// test/python/language/test_language_addresses.py.
#l = #tilegpu.layout<register = [[0, 1], [8, 0], [16, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [32, 8]>
#rows = #tilegpu.layout<register = [[8], [16]], lane = [[0], [0], [1], [2], [4]], warp = [], block = [], shape = [32]>
#cols = #tilegpu.layout<register = [[1]], lane = [[2], [4], [0], [0], [0]], warp = [], block = [], shape = [8]>
#r1 = #tilegpu.layout<register = [[8, 0], [16, 0]], lane = [[0, 0], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [32, 1]>
#c1 = #tilegpu.layout<register = [[0, 1]], lane = [[0, 2], [0, 4], [0, 0], [0, 0], [0, 0]], warp = [], block = [], shape = [1, 8]>
#mixed = #tilegpu.layout<register = [[1], [3]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {

// Rows 8 and 16 apart: two amounts serve four accesses, computed in front of them in 64 bits.
// CHECK-LABEL: llvm.func{{.*}} @strided
// CHECK-SAME: %[[S:[a-z0-9]+]]: i32
// CHECK-DAG: %[[WIDE:.*]] = llvm.sext %[[S]] : i32 to i64
// CHECK-DAG: %[[A:.*]] = llvm.mul %[[WIDE]], %{{.*}} : i64
// CHECK-DAG: %[[B:.*]] = llvm.mul %[[WIDE]], %{{.*}} : i64
// CHECK: llvm.load %[[P:[0-9]+]]
// CHECK: %[[P8:.*]] = llvm.getelementptr %[[P]][%[[A]]] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, i8
// CHECK: llvm.load %[[P8]]
// CHECK: %[[P16:.*]] = llvm.getelementptr %[[P]][%[[B]]]
// CHECK: llvm.load %[[P16]]
// CHECK: %[[P24:.*]] = llvm.getelementptr %[[P16]][%[[A]]]
// CHECK: llvm.load %[[P24]]
func.func @strided(%p: !tile.ptr<f16>, %s: i32, %q: tensor<32x8x!tile.ptr<f16>, #l>) {
  %r = tile.make_range 0, 32 : tensor<32xi32, #rows>
  %rx = tile.expand_dims %r {axis = 1 : i32} : tensor<32xi32, #rows> -> tensor<32x1xi32, #r1>
  %ss = tile.splat %s : i32 -> tensor<32x1xi32, #r1>
  %rs = arith.muli %rx, %ss : tensor<32x1xi32, #r1>
  %rb = tile.broadcast %rs : tensor<32x1xi32, #r1> -> tensor<32x8xi32, #l>
  %c = tile.make_range 0, 8 : tensor<8xi32, #cols>
  %cx = tile.expand_dims %c {axis = 0 : i32} : tensor<8xi32, #cols> -> tensor<1x8xi32, #c1>
  %cb = tile.broadcast %cx : tensor<1x8xi32, #c1> -> tensor<32x8xi32, #l>
  %o = arith.addi %rb, %cb : tensor<32x8xi32, #l>
  %ps = tile.splat %p : !tile.ptr<f16> -> tensor<32x8x!tile.ptr<f16>, #l>
  %pp = tile.addptr %ps, %o : tensor<32x8x!tile.ptr<f16>, #l>, tensor<32x8xi32, #l>
  %x = tile.load %pp {tilegpu.vector = 2 : i32} : tensor<32x8x!tile.ptr<f16>, #l>
  tile.store %q, %x {tilegpu.vector = 2 : i32} : tensor<32x8x!tile.ptr<f16>, #l>
  return
}

// In a loop a move hides what the pointer is made of from loop-invariant code motion.
// CHECK-LABEL: llvm.func{{.*}} @in_loop
// CHECK: %[[BASE:.*]] = llvm.call_intrinsic "llvm.nvvm.move.ptr"(%{{.*}})
// CHECK: llvm.getelementptr %[[BASE]]
func.func @in_loop(%p: !tile.ptr<f16>, %s: i32, %n: i32) {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %v = arith.constant dense<0.0> : tensor<32x8xf16, #l>
  %r = tile.make_range 0, 32 : tensor<32xi32, #rows>
  %rx = tile.expand_dims %r {axis = 1 : i32} : tensor<32xi32, #rows> -> tensor<32x1xi32, #r1>
  %ss = tile.splat %s : i32 -> tensor<32x1xi32, #r1>
  %rs = arith.muli %rx, %ss : tensor<32x1xi32, #r1>
  %rb = tile.broadcast %rs : tensor<32x1xi32, #r1> -> tensor<32x8xi32, #l>
  %ps = tile.splat %p : !tile.ptr<f16> -> tensor<32x8x!tile.ptr<f16>, #l>
  scf.for %i = %zero to %n step %one : i32 {
    %is = tile.splat %i : i32 -> tensor<32x8xi32, #l>
    %o = arith.addi %rb, %is : tensor<32x8xi32, #l>
    %pp = tile.addptr %ps, %o : tensor<32x8x!tile.ptr<f16>, #l>, tensor<32x8xi32, #l>
    tile.store %pp, %v {tilegpu.vector = 1 : i32} : tensor<32x8x!tile.ptr<f16>, #l>
  }
  return
}

// Registers reach index 3, which has a bit of lane bit 0 (index 2): distances depend on the lane, and
// each pointer stands for itself.
// CHECK-LABEL: llvm.func{{.*}} @lanes_and_registers_meet
// CHECK-NOT: llvm.getelementptr %{{.*}}[4]
func.func @lanes_and_registers_meet(%p: !tile.ptr<f32>, %q: tensor<64x!tile.ptr<f32>, #mixed>) {
  %r = tile.make_range 0, 64 : tensor<64xi32, #mixed>
  %ps = tile.splat %p : !tile.ptr<f32> -> tensor<64x!tile.ptr<f32>, #mixed>
  %pp = tile.addptr %ps, %r : tensor<64x!tile.ptr<f32>, #mixed>, tensor<64xi32, #mixed>
  %x = tile.load %pp {tilegpu.vector = 1 : i32} : tensor<64x!tile.ptr<f32>, #mixed>
  tile.store %q, %x {tilegpu.vector = 1 : i32} : tensor<64x!tile.ptr<f32>, #mixed>
  return
}
}
