// RUN: cosmati-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @range_of_one_number
// CHECK-DAG: %[[A:.*]] = arith.constant dense<-3> : tensor<1xi32>
// CHECK-DAG: %[[B:.*]] = tile.make_range 0, 4 : tensor<4xi32>
// CHECK: return %[[A]], %[[B]]
func.func @range_of_one_number() -> (tensor<1xi32>, tensor<4xi32>) {
  %0 = tile.make_range -3, -2 : tensor<1xi32>
  %1 = tile.make_range 0, 4 : tensor<4xi32>
  return %0, %1 : tensor<1xi32>, tensor<4xi32>
}

// CHECK-LABEL: @splat_of_constant
// CHECK-DAG: %[[I:.*]] = arith.constant dense<7> : tensor<4xi8>
// CHECK-DAG: %[[F:.*]] = arith.constant dense<5.000000e-01> : tensor<2x2xf8E4M3FN>
// CHECK: return %[[I]], %[[F]]
func.func @splat_of_constant() -> (tensor<4xi8>, tensor<2x2xf8E4M3FN>) {
  %i = arith.constant 7 : i8
  %f = arith.constant 0.5 : f8E4M3FN
  %0 = tile.splat %i : i8 -> tensor<4xi8>
  %1 = tile.splat %f : f8E4M3FN -> tensor<2x2xf8E4M3FN>
  return %0, %1 : tensor<4xi8>, tensor<2x2xf8E4M3FN>
}

// CHECK-LABEL: @splat_keeps_its_layout
// CHECK: arith.constant dense<7> : tensor<4xi8, "a">
func.func @splat_keeps_its_layout() -> tensor<4xi8, "a"> {
  %i = arith.constant 7 : i8
  %0 = tile.splat %i : i8 -> tensor<4xi8, "a">
  return %0 : tensor<4xi8, "a">
}

// CHECK-LABEL: @splat_and_unsplat
// CHECK-DAG: %[[C:.*]] = arith.constant 2.000000e+00 : f32
// CHECK-DAG: %[[U:.*]] = tile.unsplat %arg1
// CHECK-DAG: %[[S:.*]] = tile.splat %[[U]] : f32 -> tensor<4xf32>
// CHECK: return %[[C]], %arg0, %arg1, %[[S]]
func.func @splat_and_unsplat(%x: !tile.ptr<f32>, %b: tensor<1xf32>) -> (f32, !tile.ptr<f32>, tensor<1xf32>, tensor<4xf32>) {
  %c = arith.constant dense<2.0> : tensor<1x1xf32>
  %0 = tile.unsplat %c : tensor<1x1xf32> -> f32
  %s = tile.splat %x : !tile.ptr<f32> -> tensor<1x!tile.ptr<f32>>
  %1 = tile.unsplat %s : tensor<1x!tile.ptr<f32>> -> !tile.ptr<f32>
  %u = tile.unsplat %b : tensor<1xf32> -> f32
  %2 = tile.splat %u : f32 -> tensor<1xf32>
  %3 = tile.splat %u : f32 -> tensor<4xf32>
  return %0, %1, %2, %3 : f32, !tile.ptr<f32>, tensor<1xf32>, tensor<4xf32>
}

// CHECK-LABEL: @moves_of_a_constant_splat
// CHECK-DAG: %[[A:.*]] = arith.constant dense<1.000000e+00> : tensor<1x4xf32>
// CHECK-DAG: %[[B:.*]] = arith.constant dense<1.000000e+00> : tensor<8x4xf32>
// CHECK-DAG: %[[C:.*]] = arith.constant dense<1.000000e+00> : tensor<16x2xf32>
// CHECK-DAG: %[[D:.*]] = arith.constant dense<1.000000e+00> : tensor<4x8xf32>
// CHECK-DAG: %[[E:.*]] = arith.constant dense<1.000000e+00> : tensor<4x2xf32>
// CHECK-DAG: %[[F:.*]] = arith.constant dense<1.000000e+00> : tensor<4xf32>
// CHECK-DAG: %[[G:.*]] = arith.constant dense<1.000000e+00> : tensor<8xf32>
// CHECK: return %[[A]], %[[B]], %[[C]], %[[D]], %[[E]], %[[F]], %[[F]], %[[G]]
func.func @moves_of_a_constant_splat() -> (tensor<1x4xf32>, tensor<8x4xf32>, tensor<16x2xf32>, tensor<4x8xf32>, tensor<4x2xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xf32>) {
  %c = arith.constant dense<1.0> : tensor<4xf32>
  %0 = tile.expand_dims %c {axis = 0 : i32} : tensor<4xf32> -> tensor<1x4xf32>
  %1 = tile.broadcast %0 : tensor<1x4xf32> -> tensor<8x4xf32>
  %2 = tile.reshape %1 : tensor<8x4xf32> -> tensor<16x2xf32>
  %3 = tile.trans %1 order [1, 0] : tensor<8x4xf32> -> tensor<4x8xf32>
  %4 = tile.join %c, %c : tensor<4xf32> -> tensor<4x2xf32>
  %5:2 = tile.split %4 : tensor<4x2xf32> -> tensor<4xf32>
  %6 = tile.cat %c, %c : tensor<4xf32> -> tensor<8xf32>
  return %0, %1, %2, %3, %4, %5#0, %5#1, %6 : tensor<1x4xf32>, tensor<8x4xf32>, tensor<16x2xf32>, tensor<4x8xf32>, tensor<4x2xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xf32>
}

// CHECK-LABEL: @join_of_different_constants_stays
// CHECK: tile.join
// CHECK: tile.cat
func.func @join_of_different_constants_stays() -> (tensor<4x2xf32>, tensor<8xf32>) {
  %c = arith.constant dense<1.0> : tensor<4xf32>
  %d = arith.constant dense<2.0> : tensor<4xf32>
  %0 = tile.join %c, %d : tensor<4xf32> -> tensor<4x2xf32>
  %1 = tile.cat %c, %d : tensor<4xf32> -> tensor<8xf32>
  return %0, %1 : tensor<4x2xf32>, tensor<8xf32>
}

// CHECK-LABEL: @moves_of_a_splat
// CHECK-DAG: %[[A:.*]] = tile.splat %arg0 : f32 -> tensor<1x4xf32>
// CHECK-DAG: %[[B:.*]] = tile.splat %arg0 : f32 -> tensor<8x4xf32>
// CHECK-DAG: %[[C:.*]] = tile.splat %arg0 : f32 -> tensor<16x2xf32>
// CHECK-DAG: %[[D:.*]] = tile.splat %arg0 : f32 -> tensor<4x8xf32>
// CHECK: return %[[A]], %[[B]], %[[C]], %[[D]]
func.func @moves_of_a_splat(%x: f32) -> (tensor<1x4xf32>, tensor<8x4xf32>, tensor<16x2xf32>, tensor<4x8xf32>) {
  %s = tile.splat %x : f32 -> tensor<4xf32>
  %0 = tile.expand_dims %s {axis = 0 : i32} : tensor<4xf32> -> tensor<1x4xf32>
  %1 = tile.broadcast %0 : tensor<1x4xf32> -> tensor<8x4xf32>
  %2 = tile.reshape %1 : tensor<8x4xf32> -> tensor<16x2xf32>
  %3 = tile.trans %1 order [1, 0] : tensor<8x4xf32> -> tensor<4x8xf32>
  return %0, %1, %2, %3 : tensor<1x4xf32>, tensor<8x4xf32>, tensor<16x2xf32>, tensor<4x8xf32>
}

// CHECK-LABEL: @identities
// CHECK-NEXT: return %arg0, %arg0, %arg0
func.func @identities(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = tile.broadcast %x : tensor<4x8xf32> -> tensor<4x8xf32>
  %1 = tile.reshape %x : tensor<4x8xf32> -> tensor<4x8xf32>
  %2 = tile.trans %x order [0, 1] : tensor<4x8xf32> -> tensor<4x8xf32>
  return %0, %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

// An identity that changes the layout is none.
// CHECK-LABEL: @identity_to_another_layout_stays
// CHECK-NEXT: tile.trans
func.func @identity_to_another_layout_stays(%x: tensor<4x8xf32, "a">) -> tensor<4x8xf32, "b"> {
  %0 = tile.trans %x order [0, 1] : tensor<4x8xf32, "a"> -> tensor<4x8xf32, "b">
  return %0 : tensor<4x8xf32, "b">
}

// CHECK-LABEL: @two_moves_become_one
// CHECK-NEXT: %[[B:.*]] = tile.broadcast %arg0 : tensor<1x1xf32> -> tensor<4x8xf32>
// CHECK-NEXT: %[[R:.*]] = tile.reshape %arg1 allow_reorder : tensor<2x4x8xf32> -> tensor<8x8xf32>
// CHECK-NEXT: %[[T:.*]] = tile.trans %arg1 order [0, 2, 1] : tensor<2x4x8xf32> -> tensor<2x8x4xf32>
// CHECK-NEXT: return %[[B]], %[[R]], %[[T]], %arg1
func.func @two_moves_become_one(%x: tensor<1x1xf32>, %y: tensor<2x4x8xf32>) -> (tensor<4x8xf32>, tensor<8x8xf32>, tensor<2x8x4xf32>, tensor<2x4x8xf32>) {
  %0 = tile.broadcast %x : tensor<1x1xf32> -> tensor<4x1xf32>
  %1 = tile.broadcast %0 : tensor<4x1xf32> -> tensor<4x8xf32>
  %2 = tile.reshape %y allow_reorder : tensor<2x4x8xf32> -> tensor<64xf32>
  %3 = tile.reshape %2 : tensor<64xf32> -> tensor<8x8xf32>
  %4 = tile.trans %y order [1, 2, 0] : tensor<2x4x8xf32> -> tensor<4x8x2xf32>
  %5 = tile.trans %4 order [2, 1, 0] : tensor<4x8x2xf32> -> tensor<2x8x4xf32>
  %6 = tile.trans %4 order [2, 0, 1] : tensor<4x8x2xf32> -> tensor<2x4x8xf32>
  return %1, %3, %5, %6 : tensor<4x8xf32>, tensor<8x8xf32>, tensor<2x8x4xf32>, tensor<2x4x8xf32>
}

// CHECK-LABEL: @split_of_join
// CHECK-NEXT: return %arg0, %arg1
func.func @split_of_join(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = tile.join %x, %y : tensor<4xf32> -> tensor<4x2xf32>
  %1:2 = tile.split %0 : tensor<4x2xf32> -> tensor<4xf32>
  return %1#0, %1#1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @join_of_split
// CHECK-NEXT: %[[A:.*]], %[[B:.*]] = tile.split %arg0
// CHECK-NEXT: %[[J:.*]] = tile.join %[[B]], %[[A]]
// CHECK-NEXT: return %arg0, %[[J]]
func.func @join_of_split(%x: tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  %0:2 = tile.split %x : tensor<4x2xf32> -> tensor<4xf32>
  %1 = tile.join %0#0, %0#1 : tensor<4xf32> -> tensor<4x2xf32>
  %2 = tile.join %0#1, %0#0 : tensor<4xf32> -> tensor<4x2xf32>
  return %1, %2 : tensor<4x2xf32>, tensor<4x2xf32>
}
