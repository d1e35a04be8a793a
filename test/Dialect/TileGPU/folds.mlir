// RUN: cosmati-opt %s --canonicalize | FileCheck %s

#a = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
#b = #tilegpu.layout<register = [], lane = [[16], [8], [4], [2], [1]], warp = [], block = [], shape = [32]>
#c = #tilegpu.layout<register = [], lane = [[8], [16], [4], [2], [1]], warp = [], block = [], shape = [32]>
#s = #tilegpu.shared<offset = [[1], [2], [4], [8], [16]], block = [], shape = [32], alignment = 16>
// CHECK-DAG: #[[$B:.*]] = #tilegpu.layout<register = [], lane = {{\[\[}}16], [8]
// CHECK-DAG: #[[$C:.*]] = #tilegpu.layout<register = [], lane = {{\[\[}}8], [16]

// CHECK-LABEL: @there_and_back
// CHECK-NEXT: return %arg0
func.func @there_and_back(%x: tensor<32xf32, #a>) -> tensor<32xf32, #a> {
  %0 = tilegpu.convert_layout %x : tensor<32xf32, #a> -> tensor<32xf32, #b>
  %1 = tilegpu.convert_layout %0 : tensor<32xf32, #b> -> tensor<32xf32, #a>
  return %1 : tensor<32xf32, #a>
}

// CHECK-LABEL: @to_itself
// CHECK-NEXT: return %arg0
func.func @to_itself(%x: tensor<32xf32, #a>) -> tensor<32xf32, #a> {
  %0 = tilegpu.convert_layout %x : tensor<32xf32, #a> -> tensor<32xf32, #a>
  return %0 : tensor<32xf32, #a>
}

// CHECK-LABEL: @two_become_one
// CHECK-NEXT: %[[R:.*]] = tilegpu.convert_layout %arg0 : {{.*}} -> tensor<32xf32, #[[$C]]>
// CHECK-NEXT: return %[[R]]
func.func @two_become_one(%x: tensor<32xf32, #a>) -> tensor<32xf32, #c> {
  %0 = tilegpu.convert_layout %x : tensor<32xf32, #a> -> tensor<32xf32, #b>
  %1 = tilegpu.convert_layout %0 : tensor<32xf32, #b> -> tensor<32xf32, #c>
  return %1 : tensor<32xf32, #c>
}

// CHECK-LABEL: @constants_splats_and_ranges_are_made_in_any_layout
// CHECK-NOT: convert_layout
// CHECK-DAG: arith.constant dense<1.000000e+00> : tensor<32xf32, #[[$B]]>
// CHECK-DAG: tile.splat %arg0 : f32 -> tensor<32xf32, #[[$B]]>
// CHECK-DAG: tile.make_range 0, 32 : tensor<32xi32, #[[$B]]>
func.func @constants_splats_and_ranges_are_made_in_any_layout(%x: f32) -> (tensor<32xf32, #b>, tensor<32xf32, #b>, tensor<32xi32, #b>) {
  %0 = arith.constant dense<1.0> : tensor<32xf32, #a>
  %1 = tile.splat %x : f32 -> tensor<32xf32, #a>
  %2 = tile.make_range 0, 32 : tensor<32xi32, #a>
  %3 = tilegpu.convert_layout %0 : tensor<32xf32, #a> -> tensor<32xf32, #b>
  %4 = tilegpu.convert_layout %1 : tensor<32xf32, #a> -> tensor<32xf32, #b>
  %5 = tilegpu.convert_layout %2 : tensor<32xi32, #a> -> tensor<32xi32, #b>
  return %3, %4, %5 : tensor<32xf32, #b>, tensor<32xf32, #b>, tensor<32xi32, #b>
}

// CHECK-LABEL: @a_store_takes_any_layout
// CHECK-NOT: convert_layout
// CHECK: tilegpu.shared_store %arg0
func.func @a_store_takes_any_layout(%x: tensor<32xf32, #a>) -> tensor<32xf32, #a> {
  %m = tilegpu.shared_alloc "x" : <32xf32, #s>
  %0 = tilegpu.convert_layout %x : tensor<32xf32, #a> -> tensor<32xf32, #b>
  tilegpu.shared_store %0, %m : tensor<32xf32, #b>, <32xf32, #s>
  %1 = tilegpu.shared_load %m : <32xf32, #s> -> tensor<32xf32, #a>
  return %1 : tensor<32xf32, #a>
}
