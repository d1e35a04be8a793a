// RUN: cosmati-opt %s | cosmati-opt | FileCheck %s
// Every op, attribute and type prints as it is read.

// CHECK-DAG: #[[$ROWS:.*]] = #tilegpu.layout<register = {{\[\[}}0, 1], [0, 2]], lane = {{\[\[}}0, 4], [0, 8], [0, 16], [1, 0], [2, 0]], warp = {{\[\[}}4, 0], [8, 0]], block = [], shape = [16, 32]>
#rows = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [0, 8], [0, 16], [1, 0], [2, 0]], warp = [[4, 0], [8, 0]], block = [], shape = [16, 32]>
#cols = #tilegpu.layout<register = [[1, 0], [2, 0]], lane = [[4, 0], [8, 0], [0, 1], [0, 2], [0, 4]], warp = [[0, 8], [0, 16]], block = [], shape = [16, 32]>
#acc = #tilegpu.layout<register = [[0, 1]], lane = [[0, 2], [0, 4], [0, 8], [1, 0], [2, 0]], warp = [[4, 0], [8, 0]], block = [], shape = [16, 16]>
#partial = #tilegpu.layout<register = [[0, 1], [0, 2]], lane = [[0, 4], [0, 8], [0, 16], [0, 0], [0, 0]], warp = [[1, 0], [2, 0]], block = [], shape = [4, 32]>
// CHECK-DAG: #[[$SHARED:.*]] = #tilegpu.shared<offset = {{\[\[}}0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [1, 4], [2, 8], [4, 16], [8, 0]], block = [], shape = [16, 32], alignment = 16>
#shared = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [1, 4], [2, 8], [4, 16], [8, 0]], block = [], shape = [16, 32], alignment = 16>
#sharedB = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [0, 8], [1, 0], [2, 0], [4, 0], [8, 0], [16, 0]], block = [], shape = [32, 16], alignment = 128>

// CHECK: module attributes {tilegpu.num_warps = 4 : i32, tilegpu.shared_bytes = 2048 : i32, tilegpu.target = #tilegpu.target<sm = "90a">}
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.shared_bytes = 2048 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// CHECK-LABEL: @layouts
// CHECK: tilegpu.convert_layout %{{.*}} : tensor<16x32xf32, #[[$ROWS]]> -> tensor<16x32xf32, #{{.*}}>
func.func @layouts(%x: tensor<16x32xf32, #rows>) -> tensor<16x32xf32, #cols> {
  %0 = tilegpu.convert_layout %x : tensor<16x32xf32, #rows> -> tensor<16x32xf32, #cols>
  return %0 : tensor<16x32xf32, #cols>
}

// CHECK-LABEL: @shared_memory
// CHECK: tilegpu.shared_alloc "staging" : <16x32xf16, #[[$SHARED]]>
// CHECK: tilegpu.shared_alloc "more" offset 1024 : <16x32x!tile.ptr<f32>, #[[$SHARED]]>
// CHECK: tilegpu.shared_store %{{.*}}, %{{.*}} : tensor<16x32xf16, #[[$ROWS]]>, <16x32xf16, #[[$SHARED]]>
// CHECK: tilegpu.barrier
// CHECK: tilegpu.shared_load %{{.*}} : <16x32xf16, #[[$SHARED]]> -> tensor<16x32xf16
func.func @shared_memory(%x: tensor<16x32xf16, #rows>) -> tensor<16x32xf16, #cols> {
  %0 = tilegpu.shared_alloc "staging" : <16x32xf16, #shared>
  %1 = tilegpu.shared_alloc "more" offset 1024 : <16x32x!tile.ptr<f32>, #shared>
  tilegpu.shared_store %x, %0 : tensor<16x32xf16, #rows>, <16x32xf16, #shared>
  tilegpu.barrier
  %2 = tilegpu.shared_load %0 : <16x32xf16, #shared> -> tensor<16x32xf16, #cols>
  return %2 : tensor<16x32xf16, #cols>
}

// CHECK-LABEL: @dot_fma
// CHECK: tilegpu.dot_fma %{{.*}}, %{{.*}}, %{{.*}} : <16x32xf16, #[[$SHARED]]>, <32x16xf16, #{{.*}}>, tensor<16x16xf32, #{{.*}}>
func.func @dot_fma(%acc: tensor<16x16xf32, #acc>) -> tensor<16x16xf32, #acc> {
  %a = tilegpu.shared_alloc "a" : <16x32xf16, #shared>
  %b = tilegpu.shared_alloc "b" : <32x16xf16, #sharedB>
  %0 = tilegpu.dot_fma %a, %b, %acc : <16x32xf16, #shared>, <32x16xf16, #sharedB>, tensor<16x16xf32, #acc>
  return %0 : tensor<16x16xf32, #acc>
}

// CHECK-LABEL: @warp_reduce
// CHECK: tilegpu.warp_reduce(%{{.*}}) axis = 0 : (tensor<16x32xf32, #[[$ROWS]]>) -> tensor<4x32xf32
func.func @warp_reduce(%x: tensor<16x32xf32, #rows>) -> tensor<4x32xf32, #partial> {
  %0 = tilegpu.warp_reduce(%x) axis = 0 : (tensor<16x32xf32, #rows>) -> tensor<4x32xf32, #partial> {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.addf %a, %b : f32
    tile.yield %1 : f32
  }
  return %0 : tensor<4x32xf32, #partial>
}

// CHECK-LABEL: @predicated
// CHECK: tilegpu.pred_load %{{.*}} if %{{.*}} else(%{{.*}}, %{{.*}} : i32, i32) {cache = #tile.cache<cg>} : !llvm.ptr<1> -> i32, i32
// CHECK: tilegpu.pred_load %{{.*}} : !llvm.ptr<1> -> i16
// CHECK: tilegpu.pred_store %{{.*}}, %{{.*}}, %{{.*}} if %{{.*}} : !llvm.ptr<1>, i32, i32
func.func @predicated(%p: !llvm.ptr<1>, %c: i1, %o: i32) {
  %0:2 = tilegpu.pred_load %p if %c else (%o, %o : i32, i32) {cache = #tile.cache<cg>} : !llvm.ptr<1> -> i32, i32
  %1 = tilegpu.pred_load %p : !llvm.ptr<1> -> i16
  tilegpu.pred_store %p, %0#0, %0#1 if %c : !llvm.ptr<1>, i32, i32
  return
}

}
