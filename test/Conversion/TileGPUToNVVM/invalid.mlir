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

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
func.func @no_instruction(%p: !tile.ptr<bf16>, %x: bf16) {
  // expected-error @below {{the target has no instruction for atomic fadd on 'bf16' for sm_80; there are integers, exchange and float max/min of 32 and 64 bits, float add of f32, f64, f16, and bf16 from sm_90}}
  // expected-error @below {{failed to legalize}}
  %0 = tile.atomic_rmw fadd, relaxed, gpu, %p, %x : !tile.ptr<bf16>
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
