// RUN: cosmati-opt %s --convert-tile-to-tilegpu="num-warps=4 target=80" --split-input-file | FileCheck %s

// One layout per shape: elementwise code, loops, branches, constants and signatures agree without conversions.
// CHECK-DAG: #[[$V:.*]] = #tilegpu.layout<register = {{\[\[}}1], [2]], lane = {{\[\[}}4], [8], [16], [32], [64]], warp = {{\[\[}}128], [256]], block = [], shape = [512]>
// CHECK: module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "80">}
// CHECK-LABEL: @one_layout_per_shape
// CHECK-NOT: convert_layout
// CHECK: arith.constant dense<1.000000e+00> : tensor<512xf32, #[[$V]]>
// CHECK: scf.for {{.*}} -> (tensor<512xf32, #[[$V]]>)
// CHECK: scf.if {{.*}} -> (tensor<512xf32, #[[$V]]>)
// CHECK: scf.while {{.*}} : (tensor<512xf32, #[[$V]]>) -> tensor<512xf32, #[[$V]]>
// CHECK: ^bb0(%{{.*}}: tensor<512xf32, #[[$V]]>):
// CHECK: func.call @callee({{.*}}) : (tensor<512xf32, #[[$V]]>) -> tensor<512xf32, #[[$V]]>
// CHECK: tile.store %{{.*}}, %{{.*}} mask %{{.*}} : tensor<512xi1, #[[$V]]> : tensor<512x!tile.ptr<f32>, #[[$V]]>
// CHECK: func.func private @callee(%{{.*}}: tensor<512xf32, #[[$V]]>) -> tensor<512xf32, #[[$V]]>
func.func @one_layout_per_shape(%p: !tile.ptr<f32>, %n: i32, %c: i1) attributes {tile.kernel} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %one = arith.constant dense<1.0> : tensor<512xf32>
  %r = tile.make_range 0, 512 : tensor<512xi32>
  %x = scf.for %i = %c0 to %n step %c1 iter_args(%a = %one) -> (tensor<512xf32>) : i32 {
    %b = scf.if %c -> (tensor<512xf32>) {
      %d = arith.addf %a, %one : tensor<512xf32>
      scf.yield %d : tensor<512xf32>
    } else {
      scf.yield %a : tensor<512xf32>
    }
    scf.yield %b : tensor<512xf32>
  }
  %w = scf.while (%a = %x) : (tensor<512xf32>) -> tensor<512xf32> {
    scf.condition(%c) %a : tensor<512xf32>
  } do {
  ^bb0(%a: tensor<512xf32>):
    %y = func.call @callee(%a) : (tensor<512xf32>) -> tensor<512xf32>
    scf.yield %y : tensor<512xf32>
  }
  %ns = tile.splat %n : i32 -> tensor<512xi32>
  %m = arith.cmpi slt, %r, %ns : tensor<512xi32>
  %ps = tile.splat %p : !tile.ptr<f32> -> tensor<512x!tile.ptr<f32>>
  %pp = tile.addptr %ps, %r : tensor<512x!tile.ptr<f32>>, tensor<512xi32>
  tile.store %pp, %w mask %m : tensor<512xi1> : tensor<512x!tile.ptr<f32>>
  return
}
func.func private @callee(%x: tensor<512xf32>) -> tensor<512xf32> {
  return %x : tensor<512xf32>
}

// -----

// A block smaller than the CTA is replicated.
// CHECK: #tilegpu.layout<register = [], lane = {{\[\[}}1], [2], [4], [0], [0]], warp = {{\[\[}}0], [0]], block = [], shape = [8]>
// CHECK-LABEL: @small
func.func @small(%x: f32) {
  %0 = tile.splat %x : f32 -> tensor<8xf32>
  return
}

// -----

// The result of a dot: 4x4 per thread, warps along M; every block of that shape takes the same layout.
// CHECK: #[[$DOT:.*]] = #tilegpu.layout<register = {{\[\[}}0, 1], [0, 2], [1, 0], [2, 0], [0, 32]], lane = {{\[\[}}0, 4], [0, 8], [0, 16], [4, 0], [8, 0]], warp = {{\[\[}}16, 0], [32, 0]], block = [], shape = [64, 64]>
// CHECK-LABEL: @dot
// CHECK: %[[ACC:.*]] = arith.constant dense<0.000000e+00> : tensor<64x64xf32, #[[$DOT]]>
// CHECK-NOT: convert_layout
// CHECK: tile.dot {{.*}} tensor<64x64xf32, #[[$DOT]]>
func.func @dot(%a: tensor<64x32xf16>, %b: tensor<32x64xf16>) -> tensor<64x64xf32> {
  %acc = arith.constant dense<0.0> : tensor<64x64xf32>
  %r = tile.dot %a, %b, %acc : tensor<64x32xf16>, tensor<32x64xf16>, tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}

// -----

// Batches take warps first.
// CHECK: #tilegpu.layout<register = {{.*}}, lane = {{.*}}, warp = {{\[\[}}0, 16, 0], [1, 0, 0]], block = [], shape = [2, 32, 32]>
// CHECK-LABEL: @batched_dot
func.func @batched_dot(%a: tensor<2x32x16xf16>, %b: tensor<2x16x32xf16>, %acc: tensor<2x32x32xf32>) -> tensor<2x32x32xf32> {
  %r = tile.dot %a, %b, %acc : tensor<2x32x16xf16>, tensor<2x16x32xf16>, tensor<2x32x32xf32>
  return %r : tensor<2x32x32xf32>
}
