// RUN: cosmati-opt %s --split-input-file --tilegpu-coalesce | FileCheck %s

#one = #tilegpu.layout<register = [[128], [256]], lane = [[1], [2], [4], [8], [16]], warp = [[32], [64]], block = [], shape = [512]>

// Aligned, contiguous f32: four elements (16 bytes) per thread; the mask's bound is a multiple of 16, so it is one for all four.
// CHECK: #[[$WIDE:.*]] = #tilegpu.layout<register = {{\[}}[1], [2]], lane = {{\[}}[4], [8], [16], [32], [64]], warp = {{\[}}[128], [256]], block = [], shape = [512]>
// CHECK-LABEL: @contiguous_f32_gets_16_bytes
// CHECK: tile.load {{.*}} {tilegpu.vector = 4 : i32} : tensor<512x!tile.ptr<f32>, #[[$WIDE]]>
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
  func.func @contiguous_f32_gets_16_bytes(%x: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32 {tile.divisibility = 16 : i32}) -> tensor<512xf32, #one> {
    %r = tile.make_range 0, 512 : tensor<512xi32, #one>
    %ns = tile.splat %n : i32 -> tensor<512xi32, #one>
    %m = arith.cmpi slt, %r, %ns : tensor<512xi32, #one>
    %xs = tile.splat %x : !tile.ptr<f32> -> tensor<512x!tile.ptr<f32>, #one>
    %p = tile.addptr %xs, %r : tensor<512x!tile.ptr<f32>, #one>, tensor<512xi32, #one>
    %v = tile.load %p mask %m : tensor<512xi1, #one> : tensor<512x!tile.ptr<f32>, #one>
    return %v : tensor<512xf32, #one>
  }
}

// -----

#one = #tilegpu.layout<register = [[128], [256]], lane = [[1], [2], [4], [8], [16]], warp = [[32], [64]], block = [], shape = [512]>

// The bound of the mask may be odd: each element has its own mask.
// CHECK-LABEL: @odd_bound_keeps_one_element
// CHECK: tile.load {{.*}} {tilegpu.vector = 1 : i32}
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
  func.func @odd_bound_keeps_one_element(%x: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32) -> tensor<512xf32, #one> {
    %r = tile.make_range 0, 512 : tensor<512xi32, #one>
    %ns = tile.splat %n : i32 -> tensor<512xi32, #one>
    %m = arith.cmpi slt, %r, %ns : tensor<512xi32, #one>
    %xs = tile.splat %x : !tile.ptr<f32> -> tensor<512x!tile.ptr<f32>, #one>
    %p = tile.addptr %xs, %r : tensor<512x!tile.ptr<f32>, #one>, tensor<512xi32, #one>
    %v = tile.load %p mask %m : tensor<512xi1, #one> : tensor<512x!tile.ptr<f32>, #one>
    return %v : tensor<512xf32, #one>
  }
}

// -----

#one = #tilegpu.layout<register = [[128], [256]], lane = [[1], [2], [4], [8], [16]], warp = [[32], [64]], block = [], shape = [512]>

// An address that is a multiple of 8 carries two f32 at a time.
// CHECK-LABEL: @alignment_limits_the_width
// CHECK: tile.load {{.*}} {tilegpu.vector = 2 : i32}
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
  func.func @alignment_limits_the_width(%x: !tile.ptr<f32> {tile.divisibility = 8 : i32}) -> tensor<512xf32, #one> {
    %r = tile.make_range 0, 512 : tensor<512xi32, #one>
    %xs = tile.splat %x : !tile.ptr<f32> -> tensor<512x!tile.ptr<f32>, #one>
    %p = tile.addptr %xs, %r : tensor<512x!tile.ptr<f32>, #one>, tensor<512xi32, #one>
    %v = tile.load %p : tensor<512x!tile.ptr<f32>, #one>
    return %v : tensor<512xf32, #one>
  }
}

// -----

#one = #tilegpu.layout<register = [[128], [256]], lane = [[1], [2], [4], [8], [16]], warp = [[32], [64]], block = [], shape = [512]>

// A range that starts at 3 begins no aligned group.
// CHECK-LABEL: @shifted_range_is_not_aligned
// CHECK: tile.load {{.*}} {tilegpu.vector = 1 : i32}
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
  func.func @shifted_range_is_not_aligned(%x: !tile.ptr<f32> {tile.divisibility = 16 : i32}) -> tensor<512xf32, #one> {
    %r = tile.make_range 3, 515 : tensor<512xi32, #one>
    %xs = tile.splat %x : !tile.ptr<f32> -> tensor<512x!tile.ptr<f32>, #one>
    %p = tile.addptr %xs, %r : tensor<512x!tile.ptr<f32>, #one>, tensor<512xi32, #one>
    %v = tile.load %p : tensor<512x!tile.ptr<f32>, #one>
    return %v : tensor<512xf32, #one>
  }
}

// -----

#tall = #tilegpu.layout<register = [[8, 0], [16, 0], [32, 0]], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [1, 0]], warp = [[2, 0], [4, 0]], block = [], shape = [64, 16]>
#rows = #tilegpu.layout<register = [[8], [16], [32]], lane = [[0], [0], [0], [0], [1]], warp = [[2], [4]], block = [], shape = [64]>
#column = #tilegpu.layout<register = [[8, 0], [16, 0], [32, 0]], lane = [[0, 0], [0, 0], [0, 0], [0, 0], [1, 0]], warp = [[2, 0], [4, 0]], block = [], shape = [64, 1]>

// Addresses are contiguous along dim 0: the layout turns.
// CHECK: #[[$COLUMNS:.*]] = #tilegpu.layout<register = {{\[}}[1, 0], [2, 0], [4, 0]], lane = {{\[}}[8, 0], [16, 0], [32, 0], [0, 1], [0, 2]]
// CHECK-LABEL: @column_major_turns_the_layout
// CHECK: tile.load {{.*}} {tilegpu.vector = 8 : i32} : tensor<64x16x!tile.ptr<f16>, #[[$COLUMNS]]>
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
  func.func @column_major_turns_the_layout(%x: !tile.ptr<f16> {tile.divisibility = 16 : i32}) -> tensor<64x16xf16, #tall> {
    %r = tile.make_range 0, 64 : tensor<64xi32, #rows>
    %e = tile.expand_dims %r {axis = 1 : i32} : tensor<64xi32, #rows> -> tensor<64x1xi32, #column>
    %b = tile.broadcast %e : tensor<64x1xi32, #column> -> tensor<64x16xi32, #tall>
    %xs = tile.splat %x : !tile.ptr<f16> -> tensor<64x16x!tile.ptr<f16>, #tall>
    %p = tile.addptr %xs, %b : tensor<64x16x!tile.ptr<f16>, #tall>, tensor<64x16xi32, #tall>
    %v = tile.load %p : tensor<64x16x!tile.ptr<f16>, #tall>
    return %v : tensor<64x16xf16, #tall>
  }
}
