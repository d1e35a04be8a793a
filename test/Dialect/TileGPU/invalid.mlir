// RUN: cosmati-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{some elements have no place: the bases reach 32 of 64 elements}}
#hole = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [64]>

// -----

// expected-error@+1 {{a warp has 32 lanes; this layout has 16}}
#lanes = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8]], warp = [], block = [], shape = [16]>

// -----

// expected-error@+1 {{the inputs of this layout are block, warp, lane, register, each given (as [] where it has size 1) and no others}}
#missing = #tilegpu.layout<lane = [[1], [2], [4], [8], [16]], shape = [32]>

// -----

// expected-error@+1 {{expected 'register', 'lane', 'warp', 'block', 'offset' or 'shape', found 'thread'}}
#name = #tilegpu.layout<thread = [[1]], shape = [2]>

// -----

// expected-error@+1 {{extent 3 of tensor dim 0 is no power of two}}
#three = #tilegpu.layout<register = [[1]], lane = [], warp = [], block = [], shape = [3]>

// -----

// expected-error@+1 {{the alignment of a shared layout is a power of two in bytes, got 12}}
#align = #tilegpu.shared<offset = [[1]], block = [], shape = [2], alignment = 12>

// -----

#l = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
// expected-error@+1 {{the layout is one of a block of shape [32], the block has shape [64]}}
func.func private @shape(tensor<64xf32, #l>)

// -----

#s = #tilegpu.shared<offset = [[1], [2]], block = [], shape = [4], alignment = 16>
// expected-error@+1 {{the shared layout is one of a block of shape [4], the buffer has shape [8]}}
func.func private @buffer_shape(!tilegpu.memdesc<8xf32, #s>)

// -----

#s = #tilegpu.shared<offset = [[1], [2]], block = [], shape = [4], alignment = 16>
// expected-error@+1 {{shared memory holds numbers and pointers, not 'index'}}
func.func private @buffer_type(!tilegpu.memdesc<4xindex, #s>)

// -----

// expected-error@+1 {{unknown architecture '42'; known are 80, 86, 87, 89, 90, 90a, 100, 100a, 120, 120a}}
module attributes {tilegpu.target = #tilegpu.target<sm = "42">} {}

// -----

// expected-error@+1 {{'tilegpu.num_warps' is 3 : i32; it must be a power of two of at least 1 and at most 32, as an i32}}
module attributes {tilegpu.num_warps = 3 : i32} {}

// -----

// expected-error@+1 {{'tilegpu.target' is a #tilegpu.target, got "90a"}}
module attributes {tilegpu.target = "90a"} {}

// -----

#l = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
func.func @convert_from_none(%x: tensor<32xf32>) {
  // expected-error@+1 {{converts between #tilegpu.layout encodings, got 'tensor<32xf32>'}}
  %0 = tilegpu.convert_layout %x : tensor<32xf32> -> tensor<32xf32, #l>
  return
}

// -----

#one = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
#two = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[0]], block = [], shape = [32]>
func.func @convert_warps(%x: tensor<32xf32, #one>) {
  // expected-error@+1 {{both layouts are of one CTA: warp has size 1 before and 2 after}}
  %0 = tilegpu.convert_layout %x : tensor<32xf32, #one> -> tensor<32xf32, #two>
  return
}

// -----

#s = #tilegpu.shared<offset = [[1], [2]], block = [], shape = [4], alignment = 16>
func.func @misaligned() {
  // expected-error@+1 {{offset 24 is no multiple of the layout's alignment, 16 bytes}}
  %0 = tilegpu.shared_alloc "x" offset 24 : <4xf32, #s>
  return
}

// -----

#l = #tilegpu.layout<register = [], lane = [[1], [2], [0], [0], [0]], warp = [], block = [], shape = [4]>
#s = #tilegpu.shared<offset = [[1], [2]], block = [], shape = [4], alignment = 16>
func.func @other_type(%x: tensor<4xf16, #l>) {
  %0 = tilegpu.shared_alloc "x" : <4xf32, #s>
  // expected-error@+1 {{moves a whole buffer of one type}}
  tilegpu.shared_store %x, %0 : tensor<4xf16, #l>, <4xf32, #s>
  return
}

// -----

#l = #tilegpu.layout<register = [], lane = [[0, 1], [1, 0], [0, 0], [0, 0], [0, 0]], warp = [], block = [], shape = [2, 2]>
#a = #tilegpu.shared<offset = [[0, 1], [0, 2], [1, 0]], block = [], shape = [2, 4], alignment = 16>
#b = #tilegpu.shared<offset = [[0, 1], [1, 0]], block = [], shape = [2, 2], alignment = 16>
func.func @inner_sizes(%acc: tensor<2x2xf32, #l>) {
  %0 = tilegpu.shared_alloc "a" : <2x4xf32, #a>
  %1 = tilegpu.shared_alloc "b" : <2x2xf32, #b>
  // expected-error@+1 {{inner sizes differ: a has K=4, b has K=2}}
  %2 = tilegpu.dot_fma %0, %1, %acc : <2x4xf32, #a>, <2x2xf32, #b>, tensor<2x2xf32, #l>
  return
}

// -----

func.func @three_words(%p: !llvm.ptr<1>) {
  // expected-error@+1 {{moves 1, 2 or 4 words at once, got 3}}
  %0:3 = tilegpu.pred_load %p : !llvm.ptr<1> -> i32, i32, i32
  return
}

// -----

func.func @too_wide(%p: !llvm.ptr<1>) {
  // expected-error@+1 {{moves at most 16 bytes, got 32}}
  %0:4 = tilegpu.pred_load %p : !llvm.ptr<1> -> i64, i64, i64, i64
  return
}

// -----

func.func @other_without_predicate(%p: !llvm.ptr<1>, %o: i32) {
  // expected-error@+1 {{has other values but no predicate}}
  %0 = tilegpu.pred_load %p else (%o : i32) : !llvm.ptr<1> -> i32
  return
}

// -----

#l = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [], block = [], shape = [32]>
func.func @vector(%p: tensor<32x!tile.ptr<f32>, #l>) {
  // expected-error@+1 {{'tilegpu.vector' is 3 : i32; it must be a power of two of at least 1 and at most 16, as an i32}}
  %0 = tile.load %p {tilegpu.vector = 3 : i32} : tensor<32x!tile.ptr<f32>, #l>
  return
}
