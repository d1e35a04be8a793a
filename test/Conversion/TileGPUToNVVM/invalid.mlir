// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm --split-input-file --verify-diagnostics
#row = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>

// expected-error @below {{lacks the attributes tilegpu.target and tilegpu.num_warps}}
module {}

// -----

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @no_layout() {
  // expected-error @below {{has a block without a layout: 'tensor<64xi32>'; the pass convert-tile-to-tilegpu must come before}}
  %0 = tile.make_range 0, 64 : tensor<64xi32>
  return
}
}

// -----

#row = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @wrong_warps(%o: !tile.ptr<i32>) {
  // expected-error @below {{has a layout of 1 warps and 1 CTAs; this module has 4 warps and one CTA per program}}
  %0 = tile.make_range 0, 64 : tensor<64xi32, #row>
  return
}
}

// -----

#plain = #tilegpu.shared<offset = [[1], [2], [4], [8], [16], [32]], block = [], shape = [64], alignment = 16>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @not_allocated() {
  // expected-error @below {{has no offset; the pass tilegpu-allocate-shared must come before}}
  // expected-error @below {{failed to legalize}}
  %0 = tilegpu.shared_alloc "staging" : <64xf32, #plain>
  return
}
}

// -----

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @used_scalar(%p: !tile.ptr<i32>, %x: i32) {
  // expected-error @below {{gives a scalar that is used, but only thread 0 has it; the pass tilegpu-explicit-scratch must come before}}
  // expected-error @below {{failed to legalize}}
  %0 = tile.atomic_rmw add, relaxed, gpu, %p, %x : !tile.ptr<i32>
  tile.store %p, %0 : !tile.ptr<i32>
  return
}
}

// -----

#a = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[32]], block = [], shape = [64]>
#b = #tilegpu.layout<register = [], lane = [[2], [4], [8], [16], [32]], warp = [[1]], block = [], shape = [64]>
module attributes {tilegpu.num_warps = 2 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @across_warps(%x: tensor<64xf32, #a>, %o: tensor<64x!tile.ptr<f32>, #b>) {
  // expected-error @below {{moves elements between warps, which needs shared memory; the pass tilegpu-explicit-scratch must come before}}
  // expected-error @below {{failed to legalize}}
  %0 = tilegpu.convert_layout %x : tensor<64xf32, #a> -> tensor<64xf32, #b>
  tile.store %o, %0 : tensor<64x!tile.ptr<f32>, #b>
  return
}
}

// -----

#a = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[32]], block = [], shape = [64]>
module attributes {tilegpu.num_warps = 2 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @reduce_across_warps(%x: tensor<64xf32, #a>) -> f32 {
  // expected-error @below {{reduces across warps; the pass tilegpu-decompose-reductions must come before}}
  // expected-error @below {{failed to legalize}}
  %0 = tile.reduce(%x) axis = 0 : (tensor<64xf32, #a>) -> f32 {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    tile.yield %c : f32
  }
  return %0 : f32
}
}

// -----

#p = #tilegpu.layout<register = [[0, 1], [0, 2], [0, 4]], lane = [[0, 8], [0, 16], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [8, 32]>
#narrow = #tilegpu.shared<offset = [[0, 1], [0, 2], [1, 0], [2, 0], [4, 0], [0, 4], [0, 8], [0, 16]], block = [], shape = [8, 32], alignment = 16>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
func.func @vector_in_pieces(%p: tensor<8x32x!tile.ptr<f16>, #p>) {
  %m = tilegpu.shared_alloc "tile" offset 0 : <8x32xf16, #narrow>
  // expected-error @below {{copies vectors of 8 elements, but the buffer does not hold them in one piece: register bit 2 leads to element offset 32 instead of 4}}
  // expected-error @below {{failed to legalize}}
  tilegpu.async_copy %p, %m {tilegpu.vector = 8 : i32} : tensor<8x32x!tile.ptr<f16>, #p>, <8x32xf16, #narrow>
  return
}
}

// -----

#p = #tilegpu.layout<register = [[0, 4], [0, 8]], lane = [[0, 1], [0, 2], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [8, 16]>
#turned = #tilegpu.shared<offset = [[0, 4], [0, 8], [1, 0], [2, 0], [4, 0], [0, 1], [0, 2]], block = [], shape = [8, 16], alignment = 8>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
func.func @too_little_alignment(%p: tensor<8x16x!tile.ptr<f32>, #p>) {
  %m = tilegpu.shared_alloc "tile" offset 0 : <8x16xf32, #turned>
  // expected-error @below {{copies 16 bytes at once to a buffer aligned to 8}}
  // expected-error @below {{failed to legalize}}
  tilegpu.async_copy %p, %m {tilegpu.vector = 4 : i32} : tensor<8x16x!tile.ptr<f32>, #p>, <8x16xf32, #turned>
  return
}
}

// -----

#p = #tilegpu.layout<register = [[0, 4], [0, 8]], lane = [[0, 1], [0, 2], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [8, 16]>
#turned = #tilegpu.shared<offset = [[0, 4], [0, 1], [0, 8], [1, 0], [2, 0], [4, 0], [0, 2]], block = [], shape = [8, 16], alignment = 16>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
func.func @lanes_within_a_vector(%p: tensor<8x16x!tile.ptr<f32>, #p>) {
  %m = tilegpu.shared_alloc "tile" offset 0 : <8x16xf32, #turned>
  // expected-error @below {{register bit 1 leads to element offset 4 instead of 2}}
  // expected-error @below {{failed to legalize}}
  tilegpu.async_copy %p, %m {tilegpu.vector = 4 : i32} : tensor<8x16x!tile.ptr<f32>, #p>, <8x16xf32, #turned>
  return
}
}

// -----

#p = #tilegpu.layout<register = [[0, 1]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [8, 8]>
#rows = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], block = [], shape = [8, 8], alignment = 16>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
func.func @longer_than_a_thread_holds(%p: tensor<8x8x!tile.ptr<f32>, #p>) {
  %m = tilegpu.shared_alloc "tile" offset 0 : <8x8xf32, #rows>
  // expected-error @below {{copies vectors of 4 elements, but the buffer does not hold them in one piece: a thread holds 2 elements}}
  // expected-error @below {{failed to legalize}}
  tilegpu.async_copy %p, %m {tilegpu.vector = 4 : i32} : tensor<8x8x!tile.ptr<f32>, #p>, <8x8xf32, #rows>
  return
}
}

// -----

#p = #tilegpu.layout<register = [[0, 1]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [8, 8]>
#rows = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], block = [], shape = [8, 8], alignment = 16>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
func.func @cache_operator_of_loads(%p: tensor<8x8x!tile.ptr<f32>, #p>) {
  %m = tilegpu.shared_alloc "tile" offset 0 : <8x8xf32, #rows>
  // expected-error @below {{has cache operator cv; cp.async has ca and cg}}
  // expected-error @below {{failed to legalize}}
  tilegpu.async_copy %p, %m {tilegpu.vector = 2 : i32, cache = #tile.cache<cv>} : tensor<8x8x!tile.ptr<f32>, #p>, <8x8xf32, #rows>
  return
}
}
