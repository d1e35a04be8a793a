// RUN: cosmati-opt %s | cosmati-opt | FileCheck %s
// RUN: cosmati-opt %s --mlir-print-op-generic | cosmati-opt | FileCheck %s

// CHECK-LABEL: @making
func.func @making(%x: f32, %p: !tile.ptr<f16>, %one: tensor<1x1xf32>) {
  // CHECK: tile.make_range 0, 128 : tensor<128xi32>
  %0 = tile.make_range 0, 128 : tensor<128xi32>
  // CHECK: tile.make_range -4, 4 : tensor<8xi32>
  %1 = tile.make_range -4, 4 : tensor<8xi32>
  // CHECK: tile.splat %arg0 : f32 -> tensor<4x8xf32>
  %2 = tile.splat %x : f32 -> tensor<4x8xf32>
  // CHECK: tile.splat %arg1 : !tile.ptr<f16> -> tensor<4x!tile.ptr<f16>>
  %3 = tile.splat %p : !tile.ptr<f16> -> tensor<4x!tile.ptr<f16>>
  // CHECK: tile.unsplat %arg2 : tensor<1x1xf32> -> f32
  %4 = tile.unsplat %one : tensor<1x1xf32> -> f32
  return
}

// CHECK-LABEL: @moving
func.func @moving(%v: tensor<64xf32>, %w: tensor<4x8x2xi8>) {
  // CHECK: %[[C:.*]] = tile.expand_dims %arg0 {axis = 1 : i32} : tensor<64xf32> -> tensor<64x1xf32>
  %0 = tile.expand_dims %v {axis = 1 : i32} : tensor<64xf32> -> tensor<64x1xf32>
  // CHECK: tile.broadcast %[[C]] : tensor<64x1xf32> -> tensor<64x32xf32>
  %1 = tile.broadcast %0 : tensor<64x1xf32> -> tensor<64x32xf32>
  // CHECK: tile.reshape %arg1 : tensor<4x8x2xi8> -> tensor<64xi8>
  %2 = tile.reshape %w : tensor<4x8x2xi8> -> tensor<64xi8>
  // CHECK: tile.reshape %arg1 allow_reorder : tensor<4x8x2xi8> -> tensor<8x8xi8>
  %3 = tile.reshape %w allow_reorder : tensor<4x8x2xi8> -> tensor<8x8xi8>
  // CHECK: tile.trans %arg1 order [2, 0, 1] : tensor<4x8x2xi8> -> tensor<2x4x8xi8>
  %4 = tile.trans %w order [2, 0, 1] : tensor<4x8x2xi8> -> tensor<2x4x8xi8>
  return
}

// CHECK-LABEL: @joining
func.func @joining(%x: tensor<4x8xf32>) {
  // CHECK: %[[J:.*]] = tile.join %arg0, %arg0 : tensor<4x8xf32> -> tensor<4x8x2xf32>
  %0 = tile.join %x, %x : tensor<4x8xf32> -> tensor<4x8x2xf32>
  // CHECK: tile.split %[[J]] : tensor<4x8x2xf32> -> tensor<4x8xf32>
  %1:2 = tile.split %0 : tensor<4x8x2xf32> -> tensor<4x8xf32>
  // CHECK: tile.cat %arg0, %arg0 : tensor<4x8xf32> -> tensor<4x16xf32>
  %2 = tile.cat %x, %x : tensor<4x8xf32> -> tensor<4x16xf32>
  return
}

// CHECK-LABEL: @promises
func.func @promises(%x: tensor<4x8xi32>, %p: !tile.ptr<f32>, %f: tensor<4xf32>) {
  // CHECK: tile.hint %arg0 multiple_of [1, 16] contiguity [1, 8] constancy [4, 1] : tensor<4x8xi32>
  %0 = tile.hint %x multiple_of [1, 16] contiguity [1, 8] constancy [4, 1] : tensor<4x8xi32>
  // CHECK: tile.hint %arg1 multiple_of [16] : !tile.ptr<f32>
  %1 = tile.hint %p multiple_of [16] : !tile.ptr<f32>
  // CHECK: tile.hint %arg2 constancy [4] : tensor<4xf32>
  %2 = tile.hint %f constancy [4] : tensor<4xf32>
  return
}
