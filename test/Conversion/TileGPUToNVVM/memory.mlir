// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm --cse | FileCheck %s
#row4 = #tilegpu.layout<register = [[1], [2]], lane = [[4], [8], [16], [32], [64]], warp = [], block = [], shape = [128]>
#half8 = #tilegpu.layout<register = [[1], [2], [4]], lane = [[8], [16], [32], [64], [128]], warp = [], block = [], shape = [256]>
#twice = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [0], [0]], warp = [], block = [], shape = [16]>

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// No mask, no hint: LLVM's own load, as wide as the attribute says.
// CHECK-LABEL: llvm.func{{.*}} @plain
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// CHECK: llvm.store %{{.*}}, %{{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<1>
// CHECK-NOT: inline_asm
func.func @plain(%x: tensor<128x!tile.ptr<f32>, #row4>, %o: tensor<128x!tile.ptr<f32>, #row4>) {
  %v = tile.load %x {tilegpu.vector = 4 : i32} : tensor<128x!tile.ptr<f32>, #row4>
  tile.store %o, %v {tilegpu.vector = 4 : i32} : tensor<128x!tile.ptr<f32>, #row4>
  return
}

// Masked: one predicated instruction; `other` is tied to the result, zero if there is none.
// CHECK-LABEL: llvm.func{{.*}} @masked
// CHECK: llvm.inline_asm has_side_effects "@$9 ld.global.v4.b32 {$0,$1,$2,$3}, [$4];", "=r,=r,=r,=r,l,0,1,2,3,b"
// CHECK: llvm.inline_asm has_side_effects "@$5 st.global.v4.b32 [$0], {$1,$2,$3,$4};", "l,r,r,r,r,b"
func.func @masked(%x: tensor<128x!tile.ptr<f32>, #row4>, %m: tensor<128xi1, #row4>) {
  %v = tile.load %x mask %m : tensor<128xi1, #row4> {tilegpu.vector = 4 : i32} : tensor<128x!tile.ptr<f32>, #row4>
  tile.store %x, %v mask %m : tensor<128xi1, #row4> {tilegpu.vector = 4 : i32} : tensor<128x!tile.ptr<f32>, #row4>
  return
}

// Eight halves are four words.
// CHECK-LABEL: llvm.func{{.*}} @halves
// CHECK: ld.global.v4.b32
// CHECK: llvm.bitcast %{{.*}} : i32 to vector<2xi16>
func.func @halves(%x: tensor<256x!tile.ptr<f16>, #half8>, %m: tensor<256xi1, #half8>) {
  %v = tile.load %x mask %m : tensor<256xi1, #half8> {tilegpu.vector = 8 : i32} : tensor<256x!tile.ptr<f16>, #half8>
  tile.store %x, %v mask %m : tensor<256xi1, #half8> : tensor<256x!tile.ptr<f16>, #half8>
  return
}

// A byte travels in a 16-bit register; `other` comes along.
// CHECK-LABEL: llvm.func{{.*}} @scalar_byte
// CHECK: llvm.zext %{{.*}} : i8 to i16
// CHECK: llvm.inline_asm has_side_effects "@$3 ld.global.b8 $0, [$1];", "=h,l,0,b"
// CHECK: llvm.trunc %{{.*}} : i16 to i8
func.func @scalar_byte(%x: !tile.ptr<i8>, %m: i1, %other: i8) {
  %v = tile.load %x mask %m : i1 other %other : i8 : !tile.ptr<i8>
  tile.store %x, %v : !tile.ptr<i8>
  return
}

// Thread 0 stores a scalar; of the lanes that hold the same element the first one does.
// CHECK-LABEL: llvm.func{{.*}} @one_writer
// CHECK-DAG: %[[ZERO:.*]] = llvm.icmp "eq" %{{.*}}, %{{.*}} : i32
// CHECK-DAG: llvm.mlir.constant(24 : i32)
// CHECK: st.global.b32
// CHECK: st.global.b32
func.func @one_writer(%p: !tile.ptr<i32>, %v: i32, %q: tensor<16x!tile.ptr<i32>, #twice>, %w: tensor<16xi32, #twice>) {
  tile.store %p, %v : !tile.ptr<i32>
  tile.store %q, %w : tensor<16x!tile.ptr<i32>, #twice>
  return
}

// Hints become modifiers; a cache operator excludes an eviction priority.
// CHECK-LABEL: llvm.func{{.*}} @hints
// CHECK: "ld.global.cg.b32 $0, [$1];", "=r,l"
// CHECK: "ld.global.L1::evict_last.b32 $0, [$1];"
// CHECK: "ld.global.cs.b32 $0, [$1];"
// CHECK: llvm.load volatile
// CHECK: "@$3 ld.volatile.global.b32 $0, [$1];", "=r,l,0,b"
func.func @hints(%x: !tile.ptr<i32>, %m: i1) {
  %0 = tile.load %x {cache = #tile.cache<cg>} : !tile.ptr<i32>
  %1 = tile.load %x {evict = #tile.evict<evict_last>} : !tile.ptr<i32>
  %2 = tile.load %x {cache = #tile.cache<cs>, evict = #tile.evict<evict_first>} : !tile.ptr<i32>
  %3 = tile.load %x {isVolatile} : !tile.ptr<i32>
  %4 = tile.load %x mask %m : i1 {isVolatile} : !tile.ptr<i32>
  %5 = arith.addi %0, %1 : i32
  %6 = arith.addi %2, %3 : i32
  %7 = arith.addi %5, %6 : i32
  %8 = arith.addi %7, %4 : i32
  tile.store %x, %8 : !tile.ptr<i32>
  return
}

// CHECK-LABEL: llvm.func{{.*}} @atomics
// CHECK: "atom.acq_rel.gpu.global.add.u32 $0, [$1], $2;"
// CHECK: "@$4 atom.relaxed.cta.global.add.noftz.f16 $0, [$1], $2;"
// CHECK: "@$4 atom.relaxed.gpu.global.max.s32 $0, [$1], $2;"
// CHECK: "@$4 atom.relaxed.gpu.global.min.u32 $0, [$1], $2;"
// CHECK: "atom.acquire.sys.global.cas.b32 $0, [$1], $2, $3;"
func.func @atomics(%p: tensor<128x!tile.ptr<i32>, #row4>, %v: tensor<128xi32, #row4>, %h: tensor<128x!tile.ptr<f16>, #row4>,
    %w: tensor<128xf16, #row4>, %m: tensor<128xi1, #row4>, %f: tensor<128x!tile.ptr<f32>, #row4>, %y: tensor<128xf32, #row4>) {
  %0 = tile.atomic_rmw add, acq_rel, gpu, %p, %v : tensor<128x!tile.ptr<i32>, #row4>
  %1 = tile.atomic_rmw fadd, relaxed, cta, %h, %w mask %m : tensor<128xi1, #row4> : tensor<128x!tile.ptr<f16>, #row4>
  %2 = tile.atomic_rmw fmax, relaxed, gpu, %f, %y : tensor<128x!tile.ptr<f32>, #row4>
  %3 = tile.atomic_cas acquire, sys, %p, %v, %0 : tensor<128x!tile.ptr<i32>, #row4>
  return
}
}
