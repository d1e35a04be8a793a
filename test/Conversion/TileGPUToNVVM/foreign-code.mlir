// RUN: cosmati-opt %s --split-input-file --convert-tilegpu-to-nvvm --verify-diagnostics | FileCheck %s
#row = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// CHECK: llvm.func @f(f32) -> f32 attributes {tilegpu.library = "/tmp/mine.bc"}

// Two elements of a thread in one register of 32 bits, with zeros for the two that a group of four lacks.
// CHECK-LABEL: llvm.func{{.*}} @bytes_share_a_register
// CHECK: %[[WORD:.*]] = llvm.or %{{.*}}, %{{.*}} : i32
// CHECK-NOT: llvm.inline_asm
// CHECK: %[[R:.*]] = llvm.inline_asm "mov.b32 $0, $1;", "=r,r" %{{.*}} : (i32) -> i32
// CHECK-NOT: llvm.inline_asm "mov
// CHECK: llvm.trunc %[[R]] : i32 to i8
func.func @bytes_share_a_register(%o: !tile.ptr<i8>) attributes {tile.kernel} {
  %r = tile.make_range 0, 64 : tensor<64xi32, #row>
  %b = arith.trunci %r : tensor<64xi32, #row> to tensor<64xi8, #row>
  %c = tile.inline_asm "mov.b32 $0, $1;" constraints "=r,r" pack 4 (%b) : (tensor<64xi8, #row>) -> tensor<64xi8, #row>
  %p = tile.splat %o : !tile.ptr<i8> -> tensor<64x!tile.ptr<i8>, #row>
  tile.store %p, %c : tensor<64x!tile.ptr<i8>, #row>
  return
}

// Each run has as many registers as its constraints; floats go in their own class or as bits.
// CHECK-LABEL: llvm.func{{.*}} @classes
// CHECK-COUNT-2: llvm.inline_asm has_side_effects "x;", "=f,=l,f,r,l" %{{.*}} : (f32, i32, i64) -> !llvm.struct<(f32, i64)>
func.func @classes(%o: !tile.ptr<f32>) attributes {tile.kernel} {
  %r = tile.make_range 0, 64 : tensor<64xi32, #row>
  %f = arith.sitofp %r : tensor<64xi32, #row> to tensor<64xf32, #row>
  %p = tile.splat %o : !tile.ptr<f32> -> tensor<64x!tile.ptr<f32>, #row>
  %c:2 = tile.inline_asm "x;" constraints "=f,=l,f,r,l" impure (%f, %f, %p)
    : (tensor<64xf32, #row>, tensor<64xf32, #row>, tensor<64x!tile.ptr<f32>, #row>) -> (tensor<64xf32, #row>, tensor<64xf64, #row>)
  tile.store %p, %c#0 : tensor<64x!tile.ptr<f32>, #row>
  return
}

// The region once for each register, its control flow as branches of the thread's own.
// CHECK-LABEL: llvm.func{{.*}} @region_per_register
// CHECK-COUNT-2: llvm.cond_br
// CHECK-NOT: llvm.cond_br
// CHECK: llvm.return
func.func @region_per_register(%o: !tile.ptr<i32>) attributes {tile.kernel} {
  %r = tile.make_range 0, 64 : tensor<64xi32, #row>
  %c = tile.map_elementwise (%r) : (tensor<64xi32, #row>) -> tensor<64xi32, #row> {
  ^bb0(%x: i32):
    %seven = arith.constant 7 : i32
    %small = arith.cmpi slt, %x, %seven : i32
    %y = scf.if %small -> i32 {
      %z = arith.muli %x, %x : i32
      scf.yield %z : i32
    } else {
      scf.yield %seven : i32
    }
    tile.yield %y : i32
  }
  %p = tile.splat %o : !tile.ptr<i32> -> tensor<64x!tile.ptr<i32>, #row>
  tile.store %p, %c : tensor<64x!tile.ptr<i32>, #row>
  return
}

// The declaration of @f above names its library.
// CHECK-LABEL: llvm.func{{.*}} @library
// CHECK-COUNT-2: llvm.call @f
func.func @library(%o: !tile.ptr<f32>) attributes {tile.kernel} {
  %zero = arith.constant dense<0.0> : tensor<64xf32, #row>
  %c = tile.extern_elementwise "mine", "f" of "/tmp/mine.bc" impure (%zero) : (tensor<64xf32, #row>) -> tensor<64xf32, #row>
  %p = tile.splat %o : !tile.ptr<f32> -> tensor<64x!tile.ptr<f32>, #row>
  tile.store %p, %c : tensor<64x!tile.ptr<f32>, #row>
  return
}
}

// -----

#row = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @region_stores(%o: !tile.ptr<i32>) attributes {tile.kernel} {
  %p = tile.splat %o : !tile.ptr<i32> -> tensor<64x!tile.ptr<i32>, #row>
  // expected-error @+1 {{failed to legalize}}
  %c = tile.map_elementwise (%p) : (tensor<64x!tile.ptr<i32>, #row>) -> tensor<64xi32, #row> {
  ^bb0(%x: !tile.ptr<i32>):
    %seven = arith.constant 7 : i32
    // expected-error @+1 {{runs for single elements: it may compute with scalars and load them, but it does more (tile.store); do that outside of it}}
    tile.store %x, %seven : !tile.ptr<i32>
    tile.yield %seven : i32
  }
  return
}
}
