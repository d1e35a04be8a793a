// RUN: cosmati-opt %s --tilegpu-verify-stage="stage=barriers" --split-input-file --verify-diagnostics

// expected-error@+1 {{has no 'tilegpu.target'; convert-tile-to-tilegpu sets it}}
module attributes {tilegpu.num_warps = 1 : i32} {}

// -----

// expected-error@+1 {{has no 'tilegpu.num_warps'; convert-tile-to-tilegpu sets it}}
module attributes {tilegpu.target = #tilegpu.target<sm = "90a">} {}

// -----

// expected-error@+1 {{has no 'tilegpu.shared_bytes'; tilegpu-allocate-shared sets it}}
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {}

// -----

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.shared_bytes = 0 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
// expected-error@+1 {{has a block without a layout: 'tensor<32xf32>'}}
func.func @no_layout(%x: tensor<32xf32>) { return }
}

// -----

#v = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[0]], block = [], shape = [32]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.shared_bytes = 0 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
// expected-error@+1 {{has a block spread over 2 warps in a module of 1}}
func.func @warps(%x: tensor<32xf32, #v>) { return }
}

// -----

#v = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[32]], block = [], shape = [64]>
#w = #tilegpu.layout<register = [], lane = [[2], [4], [8], [16], [32]], warp = [[1]], block = [], shape = [64]>
module attributes {tilegpu.num_warps = 2 : i32, tilegpu.shared_bytes = 0 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @scratch(%x: tensor<64xf32, #v>) {
  // expected-error@+1 {{still needs 256 bytes of shared memory that it does not name}}
  %0 = tilegpu.convert_layout %x : tensor<64xf32, #v> -> tensor<64xf32, #w>
  return
}
}

// -----

#v = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[32]], block = [], shape = [64]>
module attributes {tilegpu.num_warps = 2 : i32, tilegpu.shared_bytes = 0 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @crosses(%x: tensor<64xf32, #v>) {
  // expected-error@+1 {{combines along axis 0, which is spread over several warps}}
  %0 = tile.reduce(%x) axis = 0 : (tensor<64xf32, #v>) -> f32 {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.addf %a, %b : f32
    tile.yield %1 : f32
  }
  return
}
}

// -----

module attributes {tilegpu.num_warps = 2 : i32, tilegpu.shared_bytes = 0 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @atomic(%p: !tile.ptr<i32>, %v: i32) -> i32 {
  // expected-error@+1 {{is performed by one of several threads, yet others use its result directly}}
  %0 = tile.atomic_rmw add, relaxed, gpu, %p, %v : !tile.ptr<i32>
  return %0 : i32
}
}

// -----

#v = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
#s = #tilegpu.shared<offset = [[1], [2], [4], [8], [16]], block = [], shape = [32], alignment = 16>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.shared_bytes = 128 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @no_offset(%x: tensor<32xf32, #v>) {
  // expected-error@+1 {{has no offset; tilegpu-allocate-shared gives one}}
  %0 = tilegpu.shared_alloc "a" : <32xf32, #s>
  return
}
}

// -----

#v = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
#s = #tilegpu.shared<offset = [[1], [2], [4], [8], [16]], block = [], shape = [32], alignment = 16>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.shared_bytes = 128 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @beyond(%x: tensor<32xf32, #v>) {
  // expected-error@+1 {{ends at byte 144, beyond the module's 128}}
  %0 = tilegpu.shared_alloc "a" offset 16 : <32xf32, #s>
  return
}
}

// -----

#v = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
#s = #tilegpu.shared<offset = [[1], [2], [4], [8], [16]], block = [], shape = [32], alignment = 16>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.shared_bytes = 256 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @overlap(%x: tensor<32xf32, #v>) -> tensor<32xf32, #v> {
  // expected-note@+1 {{the other buffer}}
  %0 = tilegpu.shared_alloc "a" offset 0 : <32xf32, #s>
  // expected-error@+1 {{shares bytes with a buffer that is alive at the same time}}
  %1 = tilegpu.shared_alloc "b" offset 64 : <32xf32, #s>
  tilegpu.shared_store %x, %0 : tensor<32xf32, #v>, <32xf32, #s>
  tilegpu.shared_store %x, %1 : tensor<32xf32, #v>, <32xf32, #s>
  tilegpu.barrier
  %2 = tilegpu.shared_load %0 : <32xf32, #s> -> tensor<32xf32, #v>
  return %2 : tensor<32xf32, #v>
}
}

// -----

#v = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
#s = #tilegpu.shared<offset = [[1], [2], [4], [8], [16]], block = [], shape = [32], alignment = 16>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.shared_bytes = 128 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @unordered(%x: tensor<32xf32, #v>) -> tensor<32xf32, #v> {
  %0 = tilegpu.shared_alloc "a" offset 0 : <32xf32, #s>
  tilegpu.shared_store %x, %0 : tensor<32xf32, #v>, <32xf32, #s>
  // expected-error@+1 {{conflicts with an earlier access that no barrier separates from it}}
  %1 = tilegpu.shared_load %0 : <32xf32, #s> -> tensor<32xf32, #v>
  return %1 : tensor<32xf32, #v>
}
}
