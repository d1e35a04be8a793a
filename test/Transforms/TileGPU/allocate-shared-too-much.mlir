// RUN: cosmati-opt %s --tilegpu-allocate-shared --verify-diagnostics

#v = #tilegpu.layout<register = [[128], [256], [512], [1024], [2048], [4096], [8192]], lane = [[1], [2], [4], [8], [16]], warp = [[32], [64]], block = [], shape = [16384]>
#s = #tilegpu.shared<offset = [[1], [2], [4], [8], [16], [32], [64], [128], [256], [512], [1024], [2048], [4096], [8192]], block = [], shape = [16384], alignment = 16>
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "89">} {
// expected-error@+2 {{kernel 'k' needs 131072 bytes of shared memory; sm_89 has 101376 for one CTA}}
// expected-note@+1 {{131072 bytes are in use at one time; use smaller blocks, fewer stages or a narrower type}}
func.func @k(%x: tensor<16384xf32, #v>) -> (tensor<16384xf32, #v>, tensor<16384xf32, #v>) {
  %n = tilegpu.shared_alloc "not at that time" : <16384xf32, #s>
  tilegpu.shared_store %x, %n : tensor<16384xf32, #v>, <16384xf32, #s>
  // expected-note@+1 {{65536 bytes: dot operand a, 16384xf32}}
  %a = tilegpu.shared_alloc "dot operand a" : <16384xf32, #s>
  // expected-note@+1 {{65536 bytes: dot operand b, 16384xf32}}
  %b = tilegpu.shared_alloc "dot operand b" : <16384xf32, #s>
  tilegpu.shared_store %x, %a : tensor<16384xf32, #v>, <16384xf32, #s>
  tilegpu.shared_store %x, %b : tensor<16384xf32, #v>, <16384xf32, #s>
  %0 = tilegpu.shared_load %a : <16384xf32, #s> -> tensor<16384xf32, #v>
  %1 = tilegpu.shared_load %b : <16384xf32, #s> -> tensor<16384xf32, #v>
  return %0, %1 : tensor<16384xf32, #v>, tensor<16384xf32, #v>
}
}
