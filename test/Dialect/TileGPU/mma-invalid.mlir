// RUN: cosmati-opt %s --split-input-file --verify-diagnostics
#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @unknown(%a: tensor<16x16xf16, #a>, %b: tensor<16x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{knows no instruction "mma.sync.m16n8k16"; see MmaInstructions.td}}
  %d = tilegpu.mma "mma.sync.m16n8k16" %a, %b, %c : tensor<16x16xf16, #a>, tensor<16x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @sparse(%a: tensor<16x16xf16, #a>, %b: tensor<16x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{knows no sparse instruction "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32"}}
  %d = tilegpu.mma "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" %a, %b, %c : tensor<16x16xf16, #a>, tensor<16x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
func.func @target(%a: tensor<16x16xf8E4M3FN, #a>, %b: tensor<16x8xf8E4M3FN, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{uses mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32, which sm_89 and later have; the target is sm_80}}
  %d = tilegpu.mma "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32" %a, %b, %c : tensor<16x16xf8E4M3FN, #a>, tensor<16x8xf8E4M3FN, #b>, tensor<16x8xf32, #c>
  return
}
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @element(%a: tensor<16x16xf16, #a>, %b: tensor<16x8xbf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{has 'bf16' in b, where mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 takes f16}}
  %d = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %b, %c : tensor<16x16xf16, #a>, tensor<16x8xbf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @narrow(%a: tensor<16x16xi4, #a>, %b: tensor<16x8xi8, #b>, %c: tensor<16x8xi32, #c>) {
  // expected-error@+1 {{has 'i4' in a, where mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 takes s8}}
  %d = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32" %a, %b, %c : tensor<16x16xi4, #a>, tensor<16x8xi8, #b>, tensor<16x8xi32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @saturates(%a: tensor<16x16xf16, #a>, %b: tensor<16x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{saturates, but mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 has no such form}}
  %d = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" saturate %a, %b, %c : tensor<16x16xf16, #a>, tensor<16x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @layout(%a: tensor<16x16xf16, #a>, %b: tensor<16x8xf16, #c>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{has b in a layout that isn't made of the fragments of mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32}}
  %d = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %b, %c : tensor<16x16xf16, #a>, tensor<16x8xf16, #c>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
#wide = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8], [0, 16]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 32]>
func.func @inner(%a: tensor<16x32xf16, #wide>, %b: tensor<16x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{has inner sizes that differ: a has K=32, b has K=16}}
  %d = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %b, %c : tensor<16x32xf16, #wide>, tensor<16x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
#tall = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8], [16, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [32, 16]>
func.func @outer(%a: tensor<32x16xf16, #tall>, %b: tensor<16x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{has outer sizes that differ: 32 rows of a, 8 columns of b, acc is 16x8}}
  %d = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %b, %c : tensor<32x16xf16, #tall>, tensor<16x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [16, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [[0, 0]], block = [], shape = [16, 8]>
#split = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [[0, 16]], block = [], shape = [16, 32]>
#deep = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [[0, 0]], block = [], shape = [32, 8]>
func.func @warps(%a: tensor<16x32xf16, #split>, %b: tensor<32x8xf16, #deep>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{has a on other warps than acc}}
  %d = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %b, %c : tensor<16x32xf16, #split>, tensor<32x8xf16, #deep>, tensor<16x8xf32, #c>
  return
}
