// RUN: cosmati-opt %s --split-input-file --verify-diagnostics
#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#e = #tilegpu.layout<register = [[8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 2]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @unknown(%a: tensor<16x16xf16, #a>, %e: tensor<16x2xi16, #e>, %b: tensor<32x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{knows no instruction "mma.sp"; see MmaInstructions.td}}
  %d = tilegpu.mma_sparse "mma.sp" %a, %e, %b, %c : tensor<16x16xf16, #a>, tensor<16x2xi16, #e>, tensor<32x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#e = #tilegpu.layout<register = [[8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 2]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @dense(%a: tensor<16x16xf16, #a>, %e: tensor<16x2xi16, #e>, %b: tensor<32x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{knows no dense instruction "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"}}
  %d = tilegpu.mma_sparse "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %e, %b, %c : tensor<16x16xf16, #a>, tensor<16x2xi16, #e>, tensor<32x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#e = #tilegpu.layout<register = [[8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 2]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @element(%a: tensor<16x16xf16, #a>, %e: tensor<16x2xi16, #e>, %b: tensor<32x8xbf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{has 'bf16' in b, where mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 takes f16}}
  %d = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" %a, %e, %b, %c : tensor<16x16xf16, #a>, tensor<16x2xi16, #e>, tensor<32x8xbf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#e = #tilegpu.layout<register = [[8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 2]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @codes(%a: tensor<16x16xf16, #a>, %e: tensor<16x2xi32, #e>, %b: tensor<32x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{takes metadata in i16, four codes each; got 'tensor<16x2xi32}}
  %d = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" %a, %e, %b, %c : tensor<16x16xf16, #a>, tensor<16x2xi32, #e>, tensor<32x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#e = #tilegpu.layout<register = [[8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 2]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @saturates(%a: tensor<16x16xf16, #a>, %e: tensor<16x2xi16, #e>, %b: tensor<32x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{saturates, but mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 has no such form}}
  %d = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" saturate %a, %e, %b, %c : tensor<16x16xf16, #a>, tensor<16x2xi16, #e>, tensor<32x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#e = #tilegpu.layout<register = [[8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 2]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
#wide = #tilegpu.layout<register = [[0, 2], [8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 4]>
func.func @extents(%a: tensor<16x16xf16, #a>, %e: tensor<16x4xi16, #wide>, %b: tensor<32x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{has blocks that are no product of whole instructions: a is 16x16, metadata 16x4, b 32x8, acc 16x8}}
  %d = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" %a, %e, %b, %c : tensor<16x16xf16, #a>, tensor<16x4xi16, #wide>, tensor<32x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#e = #tilegpu.layout<register = [[8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 2]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
#rows = #tilegpu.layout<register = [[0, 1]], lane = [[0, 0], [1, 0], [2, 0], [4, 0], [8, 0]], warp = [], block = [], shape = [16, 2]>
func.func @layout(%a: tensor<16x16xf16, #a>, %e: tensor<16x2xi16, #rows>, %b: tensor<32x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{has metadata in a layout that isn't made of the fragments of mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32}}
  %d = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" %a, %e, %b, %c : tensor<16x16xf16, #a>, tensor<16x2xi16, #rows>, tensor<32x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
#e = #tilegpu.layout<register = [[8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 2]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
func.func @layoutless(%a: tensor<16x16xf16, #a>, %e: tensor<16x2xi16>, %b: tensor<32x8xf16, #b>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{takes blocks with layouts; metadata is 'tensor<16x2xi16>'}}
  %d = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32" %a, %e, %b, %c : tensor<16x16xf16, #a>, tensor<16x2xi16>, tensor<32x8xf16, #b>, tensor<16x8xf32, #c>
  return
}

// -----

#a8 = #tilegpu.layout<register = [[0, 1], [0, 2], [8, 0], [0, 16]], lane = [[0, 4], [0, 8], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 32]>
#e8 = #tilegpu.layout<register = [[0, 1]], lane = [[8, 0], [0, 2], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 4]>
#b8 = #tilegpu.layout<register = [[1, 0], [2, 0], [16, 0], [32, 0]], lane = [[4, 0], [8, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [64, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
func.func @target(%a: tensor<16x32xf8E4M3FN, #a8>, %e: tensor<16x4xi16, #e8>, %b: tensor<64x8xf8E4M3FN, #b8>, %c: tensor<16x8xf32, #c>) {
  // expected-error@+1 {{uses mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.f32.e4m3.e4m3.f32, which sm_89 and later have; the target is sm_80}}
  %d = tilegpu.mma_sparse "mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.f32.e4m3.e4m3.f32" %a, %e, %b, %c : tensor<16x32xf8E4M3FN, #a8>, tensor<16x4xi16, #e8>, tensor<64x8xf8E4M3FN, #b8>, tensor<16x8xf32, #c>
  return
}
}
