// RUN: cosmati-opt %s --tilegpu-allocate-shared | FileCheck %s

#v = #tilegpu.layout<register = [[128]], lane = [[1], [2], [4], [8], [16]], warp = [[32], [64]], block = [], shape = [256]>
#s = #tilegpu.shared<offset = [[1], [2], [4], [8], [16], [32], [64], [128]], block = [], shape = [256], alignment = 16>

// A function that is called has bytes that no caller's buffer shares, and lets the last call end.
// CHECK: tilegpu.shared_bytes = 2048
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
// CHECK-LABEL: @callee
// CHECK: tilegpu.barrier
// CHECK: shared_alloc "scratch" offset 0
func.func private @callee(%x: tensor<256xf32, #v>) -> tensor<256xf32, #v> attributes {no_inline} {
  %a = tilegpu.shared_alloc "scratch" : <256xf32, #s>
  tilegpu.shared_store %x, %a : tensor<256xf32, #v>, <256xf32, #s>
  %0 = tilegpu.shared_load %a : <256xf32, #s> -> tensor<256xf32, #v>
  return %0 : tensor<256xf32, #v>
}
// CHECK-LABEL: @kernel
// CHECK-NOT: tilegpu.barrier
// CHECK: shared_alloc "scratch" offset 1024
func.func @kernel(%x: tensor<256xf32, #v>) -> tensor<256xf32, #v> {
  %a = tilegpu.shared_alloc "scratch" : <256xf32, #s>
  tilegpu.shared_store %x, %a : tensor<256xf32, #v>, <256xf32, #s>
  %0 = tilegpu.shared_load %a : <256xf32, #s> -> tensor<256xf32, #v>
  return %0 : tensor<256xf32, #v>
}
}
