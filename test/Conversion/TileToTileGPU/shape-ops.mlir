// RUN: cosmati-opt %s --convert-tile-to-tilegpu="num-warps=1 target=90a" | FileCheck %s
// Operands and results of ops that change the shape are tied by conversions; the verifiers of the shape ops check each pair.

// CHECK-DAG: #[[$V:.*]] = #tilegpu.layout<register = [], lane = {{\[\[}}1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
// CHECK-DAG: #[[$COL:.*]] = #tilegpu.layout<register = [], lane = {{\[\[}}1, 0], [2, 0], [4, 0], [8, 0], [16, 0]], warp = [], block = [], shape = [32, 1]>
// CHECK-DAG: #[[$M:.*]] = #tilegpu.layout<register = {{\[\[}}0, 1], [0, 2], [8, 0], [16, 0]], lane = {{\[\[}}0, 4], [0, 8], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [32, 16]>
// CHECK-DAG: #[[$COLM:.*]] = #tilegpu.layout<register = {{\[\[}}8, 0], [16, 0]], lane = {{\[\[}}0, 0], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [32, 1]>
// CHECK-DAG: #[[$SLICE:.*]] = #tilegpu.layout<register = {{\[\[}}8], [16]], lane = {{\[\[}}0], [0], [1], [2], [4]], warp = [], block = [], shape = [32]>

// CHECK-LABEL: @expand_and_broadcast
// CHECK-SAME: %[[X:.*]]: tensor<32xf32, #[[$V]]>
// CHECK: %[[E:.*]] = tile.expand_dims %[[X]] {{.*}} tensor<32xf32, #[[$V]]> -> tensor<32x1xf32, #[[$COL]]>
// CHECK: %[[C:.*]] = tilegpu.convert_layout %[[E]] : {{.*}} -> tensor<32x1xf32, #[[$COLM]]>
// CHECK: tile.broadcast %[[C]] : tensor<32x1xf32, #[[$COLM]]> -> tensor<32x16xf32, #[[$M]]>
func.func @expand_and_broadcast(%x: tensor<32xf32>) -> tensor<32x16xf32> {
  %0 = tile.expand_dims %x {axis = 1 : i32} : tensor<32xf32> -> tensor<32x1xf32>
  %1 = tile.broadcast %0 : tensor<32x1xf32> -> tensor<32x16xf32>
  return %1 : tensor<32x16xf32>
}

// CHECK-LABEL: @reduce
// CHECK: %[[R:.*]] = tile.reduce({{.*}}) axis = 1 : (tensor<32x16xf32, #[[$M]]>) -> tensor<32xf32, #[[$SLICE]]>
// CHECK: %[[C:.*]] = tilegpu.convert_layout %[[R]] : tensor<32xf32, #[[$SLICE]]> -> tensor<32xf32, #[[$V]]>
// CHECK: tile.reduce(%[[C]]) axis = 0 : (tensor<32xf32, #[[$V]]>) -> f32
func.func @reduce(%x: tensor<32x16xf32>) -> f32 {
  %0 = tile.reduce(%x) axis = 1 : (tensor<32x16xf32>) -> tensor<32xf32> {
  ^bb0(%a: f32, %b: f32):
    %2 = arith.addf %a, %b : f32
    tile.yield %2 : f32
  }
  %1 = tile.reduce(%0) axis = 0 : (tensor<32xf32>) -> f32 {
  ^bb0(%a: f32, %b: f32):
    %2 = arith.addf %a, %b : f32
    tile.yield %2 : f32
  }
  return %1 : f32
}

// The result is converted, so that the chain to a dot's operand stays free.
// CHECK-LABEL: @trans
// CHECK-SAME: %[[X:.*]]: tensor<32x16xf32, #[[$M]]>
// CHECK: %[[T:.*]] = tile.trans %[[X]] order [1, 0]
// CHECK: tilegpu.convert_layout %[[T]]
func.func @trans(%x: tensor<32x16xf32>) -> tensor<16x32xf32> {
  %0 = tile.trans %x order [1, 0] : tensor<32x16xf32> -> tensor<16x32xf32>
  return %0 : tensor<16x32xf32>
}

// CHECK-LABEL: @reshape
// CHECK: tile.reshape %{{.*}} : tensor<32x16xf32, #[[$M]]> -> tensor<512xf32
func.func @reshape(%x: tensor<32x16xf32>) -> tensor<512xf32> {
  %0 = tile.reshape %x : tensor<32x16xf32> -> tensor<512xf32>
  return %0 : tensor<512xf32>
}

// CHECK-LABEL: @join_and_split
// CHECK: tile.join
// CHECK: tile.split
func.func @join_and_split(%x: tensor<32xf32>, %y: tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>) {
  %0 = tile.join %x, %y : tensor<32xf32> -> tensor<32x2xf32>
  %1:2 = tile.split %0 : tensor<32x2xf32> -> tensor<32xf32>
  return %1#0, %1#1 : tensor<32xf32>, tensor<32xf32>
}

// CHECK-LABEL: @cat
// CHECK: %[[C:.*]] = tile.cat %{{.*}}, %{{.*}} : tensor<32xf32, #[[$V]]> -> tensor<64xf32, #[[CAT:.*]]>
// CHECK: tilegpu.convert_layout %[[C]] : tensor<64xf32, #[[CAT]]>
func.func @cat(%x: tensor<32xf32>, %y: tensor<32xf32>) -> tensor<64xf32> {
  %0 = tile.cat %x, %y : tensor<32xf32> -> tensor<64xf32>
  return %0 : tensor<64xf32>
}
