// RUN: cosmati-opt %s --tilegpu-allocate-shared --split-input-file | FileCheck %s

#v = #tilegpu.layout<register = [[128]], lane = [[1], [2], [4], [8], [16]], warp = [[32], [64]], block = [], shape = [256]>
#s = #tilegpu.shared<offset = [[1], [2], [4], [8], [16], [32], [64], [128]], block = [], shape = [256], alignment = 16>
#w = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[0], [0]], block = [], shape = [32]>
#t = #tilegpu.shared<offset = [[1], [2], [4], [8], [16]], block = [], shape = [32], alignment = 16>
#odd = #tilegpu.layout<register = [], lane = [[1], [0], [0], [0], [0]], warp = [[0], [0]], block = [], shape = [2]>
#u = #tilegpu.shared<offset = [[1]], block = [], shape = [2], alignment = 16>

// The most that one function needs.
// CHECK: module attributes {{.*}}tilegpu.shared_bytes = 2072 : i32
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// CHECK-LABEL: @one_after_the_other
// CHECK: shared_alloc "first" offset 0
// CHECK: shared_alloc "second" offset 0
func.func @one_after_the_other(%x: tensor<256xf32, #v>) -> (tensor<256xf32, #v>, tensor<256xf32, #v>) {
  %a = tilegpu.shared_alloc "first" : <256xf32, #s>
  tilegpu.shared_store %x, %a : tensor<256xf32, #v>, <256xf32, #s>
  %0 = tilegpu.shared_load %a : <256xf32, #s> -> tensor<256xf32, #v>
  %b = tilegpu.shared_alloc "second" : <256xf32, #s>
  tilegpu.shared_store %0, %b : tensor<256xf32, #v>, <256xf32, #s>
  %1 = tilegpu.shared_load %b : <256xf32, #s> -> tensor<256xf32, #v>
  return %0, %1 : tensor<256xf32, #v>, tensor<256xf32, #v>
}

// CHECK-LABEL: @at_the_same_time
// CHECK: shared_alloc "small" offset 1024
// CHECK: shared_alloc "large" offset 0
func.func @at_the_same_time(%x: tensor<256xf32, #v>, %y: tensor<32xf32, #w>) -> (tensor<256xf32, #v>, tensor<32xf32, #w>) {
  %a = tilegpu.shared_alloc "small" : <32xf32, #t>
  tilegpu.shared_store %y, %a : tensor<32xf32, #w>, <32xf32, #t>
  %b = tilegpu.shared_alloc "large" : <256xf32, #s>
  tilegpu.shared_store %x, %b : tensor<256xf32, #v>, <256xf32, #s>
  %0 = tilegpu.shared_load %a : <32xf32, #t> -> tensor<32xf32, #w>
  %1 = tilegpu.shared_load %b : <256xf32, #s> -> tensor<256xf32, #v>
  return %1, %0 : tensor<256xf32, #v>, tensor<32xf32, #w>
}

// What is used in a loop and allocated before it lives through all of the loop; what is allocated in it shares bytes with what else is.
// CHECK-LABEL: @loop
// CHECK: shared_alloc "outer" offset 0
// CHECK: shared_alloc "inner one" offset 1024
// CHECK: shared_alloc "inner two" offset 1024
// CHECK: shared_alloc "after" offset 0
func.func @loop(%x: tensor<256xf32, #v>, %n: index) -> tensor<256xf32, #v> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tilegpu.shared_alloc "outer" : <256xf32, #s>
  tilegpu.shared_store %x, %a : tensor<256xf32, #v>, <256xf32, #s>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %x) -> (tensor<256xf32, #v>) {
    %0 = tilegpu.shared_load %a : <256xf32, #s> -> tensor<256xf32, #v>
    %b = tilegpu.shared_alloc "inner one" : <256xf32, #s>
    tilegpu.shared_store %0, %b : tensor<256xf32, #v>, <256xf32, #s>
    %1 = tilegpu.shared_load %b : <256xf32, #s> -> tensor<256xf32, #v>
    %c = tilegpu.shared_alloc "inner two" : <256xf32, #s>
    tilegpu.shared_store %1, %c : tensor<256xf32, #v>, <256xf32, #s>
    %2 = tilegpu.shared_load %c : <256xf32, #s> -> tensor<256xf32, #v>
    %3 = arith.addf %acc, %2 : tensor<256xf32, #v>
    scf.yield %3 : tensor<256xf32, #v>
  }
  %d = tilegpu.shared_alloc "after" : <256xf32, #s>
  tilegpu.shared_store %r, %d : tensor<256xf32, #v>, <256xf32, #s>
  %4 = tilegpu.shared_load %d : <256xf32, #s> -> tensor<256xf32, #v>
  return %4 : tensor<256xf32, #v>
}

// CHECK-LABEL: @branches_share
// CHECK: shared_alloc "then" offset 0
// CHECK: shared_alloc "else" offset 0
func.func @branches_share(%x: tensor<256xf32, #v>, %c: i1) -> tensor<256xf32, #v> {
  %r = scf.if %c -> (tensor<256xf32, #v>) {
    %a = tilegpu.shared_alloc "then" : <256xf32, #s>
    tilegpu.shared_store %x, %a : tensor<256xf32, #v>, <256xf32, #s>
    %0 = tilegpu.shared_load %a : <256xf32, #s> -> tensor<256xf32, #v>
    scf.yield %0 : tensor<256xf32, #v>
  } else {
    %a = tilegpu.shared_alloc "else" : <256xf32, #s>
    tilegpu.shared_store %x, %a : tensor<256xf32, #v>, <256xf32, #s>
    %0 = tilegpu.shared_load %a : <256xf32, #s> -> tensor<256xf32, #v>
    scf.yield %0 : tensor<256xf32, #v>
  }
  return %r : tensor<256xf32, #v>
}

// A gap left by the alignment, and one that a buffer fits into.
// CHECK-LABEL: @alignment
// CHECK: shared_alloc "a" offset 2048
// CHECK: shared_alloc "b" offset 0
// CHECK: shared_alloc "c" offset 1024
// CHECK: shared_alloc "d" offset 2064
func.func @alignment(%x: tensor<256xf32, #v>, %y: tensor<2xf32, #odd>, %z: tensor<32xi16, #w>) {
  %a = tilegpu.shared_alloc "a" : <2xf32, #u>
  tilegpu.shared_store %y, %a : tensor<2xf32, #odd>, <2xf32, #u>
  %b = tilegpu.shared_alloc "b" : <256xf32, #s>
  tilegpu.shared_store %x, %b : tensor<256xf32, #v>, <256xf32, #s>
  %c = tilegpu.shared_alloc "c" : <256xf32, #s>
  tilegpu.shared_store %x, %c : tensor<256xf32, #v>, <256xf32, #s>
  %d = tilegpu.shared_alloc "d" : <2xf32, #u>
  tilegpu.shared_store %y, %d : tensor<2xf32, #odd>, <2xf32, #u>
  %0 = tilegpu.shared_load %a : <2xf32, #u> -> tensor<2xf32, #odd>
  %1 = tilegpu.shared_load %b : <256xf32, #s> -> tensor<256xf32, #v>
  %2 = tilegpu.shared_load %c : <256xf32, #s> -> tensor<256xf32, #v>
  %3 = tilegpu.shared_load %d : <2xf32, #u> -> tensor<2xf32, #odd>
  return
}

}

// -----

// CHECK: module attributes {{.*}}tilegpu.shared_bytes = 0 : i32
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {
func.func @none() { return }
}
