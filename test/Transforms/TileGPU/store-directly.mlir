// RUN: cosmati-opt %s --pass-pipeline="builtin.module(convert-tile-to-tilegpu{num-warps=4 target=80},func.func(tilegpu-coalesce,tilegpu-select-tensor-core,tilegpu-remove-layout-conversions),canonicalize,cse,func.func(tilegpu-store-directly),canonicalize)" | FileCheck %s

// Four lanes with two f32 each fill a sector.
// CHECK-LABEL: @wide
// CHECK: %[[R:.*]] = tilegpu.mma {{.*}} tensor<64x64xf32, #[[$ACC:.*]]>
// CHECK-NOT: convert_layout
// CHECK: tile.store %{{.*}}, %[[R]] {tilegpu.vector = 2 : i32} : tensor<64x64x!tile.ptr<f32>, #[[$ACC]]>
func.func @wide(%a: tensor<64x32xf16>, %b: tensor<32x64xf16>, %out: !tile.ptr<f32> {tile.divisibility = 16 : i32}) {
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %r = tile.dot %a, %b, %zero : tensor<64x32xf16>, tensor<32x64xf16>, tensor<64x64xf32>
  %i = tile.make_range 0, 64 : tensor<64xi32>
  %rows = tile.expand_dims %i {axis = 1 : i32} : tensor<64xi32> -> tensor<64x1xi32>
  %cols = tile.expand_dims %i {axis = 0 : i32} : tensor<64xi32> -> tensor<1x64xi32>
  %w = arith.constant dense<64> : tensor<64x1xi32>
  %ro = arith.muli %rows, %w : tensor<64x1xi32>
  %rb = tile.broadcast %ro : tensor<64x1xi32> -> tensor<64x64xi32>
  %cb = tile.broadcast %cols : tensor<1x64xi32> -> tensor<64x64xi32>
  %off = arith.addi %rb, %cb : tensor<64x64xi32>
  %p = tile.splat %out : !tile.ptr<f32> -> tensor<64x64x!tile.ptr<f32>>
  %q = tile.addptr %p, %off : tensor<64x64x!tile.ptr<f32>>, tensor<64x64xi32>
  tile.store %q, %r : tensor<64x64x!tile.ptr<f32>>
  return
}

// Of f16 they fill half of one; and columns lie apart.
// CHECK-LABEL: @narrow
// CHECK: tilegpu.convert_layout {{.*}} -> tensor<64x64xf16
// CHECK: tile.store {{.*}} {tilegpu.vector = 8 : i32}
// CHECK: tilegpu.convert_layout {{.*}} -> tensor<64x64xf32
// CHECK: tile.store {{.*}} {tilegpu.vector = 4 : i32}
func.func @narrow(%a: tensor<64x32xf16>, %b: tensor<32x64xf16>, %out: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %turned: !tile.ptr<f32> {tile.divisibility = 16 : i32}) {
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %r = tile.dot %a, %b, %zero : tensor<64x32xf16>, tensor<32x64xf16>, tensor<64x64xf32>
  %h = arith.truncf %r : tensor<64x64xf32> to tensor<64x64xf16>
  %i = tile.make_range 0, 64 : tensor<64xi32>
  %rows = tile.expand_dims %i {axis = 1 : i32} : tensor<64xi32> -> tensor<64x1xi32>
  %cols = tile.expand_dims %i {axis = 0 : i32} : tensor<64xi32> -> tensor<1x64xi32>
  %w = arith.constant dense<64> : tensor<64x1xi32>
  %ro = arith.muli %rows, %w : tensor<64x1xi32>
  %rb = tile.broadcast %ro : tensor<64x1xi32> -> tensor<64x64xi32>
  %cb = tile.broadcast %cols : tensor<1x64xi32> -> tensor<64x64xi32>
  %off = arith.addi %rb, %cb : tensor<64x64xi32>
  %v = arith.constant dense<64> : tensor<1x64xi32>
  %co = arith.muli %cols, %v : tensor<1x64xi32>
  %cr = tile.broadcast %co : tensor<1x64xi32> -> tensor<64x64xi32>
  %rr = tile.broadcast %rows : tensor<64x1xi32> -> tensor<64x64xi32>
  %offt = arith.addi %rr, %cr : tensor<64x64xi32>
  %p = tile.splat %out : !tile.ptr<f16> -> tensor<64x64x!tile.ptr<f16>>
  %q = tile.addptr %p, %off : tensor<64x64x!tile.ptr<f16>>, tensor<64x64xi32>
  tile.store %q, %h : tensor<64x64x!tile.ptr<f16>>
  %s = tile.splat %turned : !tile.ptr<f32> -> tensor<64x64x!tile.ptr<f32>>
  %t = tile.addptr %s, %offt : tensor<64x64x!tile.ptr<f32>>, tensor<64x64xi32>
  tile.store %t, %r : tensor<64x64x!tile.ptr<f32>>
  return
}
