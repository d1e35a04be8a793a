// RUN: cosmati-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @addptr_of_zero
// CHECK-NEXT: return %arg0, %arg1
func.func @addptr_of_zero(%p: !tile.ptr<f32>, %ps: tensor<8x!tile.ptr<f32>>) -> (!tile.ptr<f32>, tensor<8x!tile.ptr<f32>>) {
  %c0 = arith.constant 0 : i64
  %s0 = tile.splat %c0 : i64 -> tensor<8xi64>
  %0 = tile.addptr %p, %c0 : !tile.ptr<f32>, i64
  %1 = tile.addptr %ps, %s0 : tensor<8x!tile.ptr<f32>>, tensor<8xi64>
  return %0, %1 : !tile.ptr<f32>, tensor<8x!tile.ptr<f32>>
}

// The sum of the offsets could wrap.
// CHECK-LABEL: @addptr_of_addptr_stays
// CHECK-COUNT-2: tile.addptr
func.func @addptr_of_addptr_stays(%p: !tile.ptr<f32>, %i: i32, %j: i32) -> !tile.ptr<f32> {
  %0 = tile.addptr %p, %i : !tile.ptr<f32>, i32
  %1 = tile.addptr %0, %j : !tile.ptr<f32>, i32
  return %1 : !tile.ptr<f32>
}

// CHECK-LABEL: @ptr_to_int_of_int_to_ptr
// CHECK-NEXT: return %arg0
func.func @ptr_to_int_of_int_to_ptr(%i: tensor<4xi64>) -> tensor<4xi64> {
  %0 = tile.int_to_ptr %i : tensor<4xi64> -> tensor<4x!tile.ptr<f32>>
  %1 = tile.ptr_to_int %0 : tensor<4x!tile.ptr<f32>> -> tensor<4xi64>
  return %1 : tensor<4xi64>
}

// CHECK-LABEL: @ptr_casts
// CHECK-NEXT: %[[C:.*]] = tile.ptr_cast %arg0 : !tile.ptr<f32> -> !tile.ptr<i8>
// CHECK-NEXT: return %arg0, %[[C]]
func.func @ptr_casts(%p: !tile.ptr<f32>) -> (!tile.ptr<f32>, !tile.ptr<i8>) {
  %0 = tile.ptr_cast %p : !tile.ptr<f32> -> !tile.ptr<i32>
  %1 = tile.ptr_cast %0 : !tile.ptr<i32> -> !tile.ptr<f32>
  %2 = tile.ptr_cast %0 : !tile.ptr<i32> -> !tile.ptr<i8>
  return %1, %2 : !tile.ptr<f32>, !tile.ptr<i8>
}

// CHECK-LABEL: @load_all_true
// CHECK-NEXT: %[[A:.*]] = tile.load %arg0 : tensor<8x!tile.ptr<f32>>
// CHECK-NEXT: %[[B:.*]] = tile.load %arg2 {cache = #tile.cache<cg>} : !tile.ptr<i32>
// CHECK-NEXT: return %[[A]], %[[B]]
func.func @load_all_true(%p: tensor<8x!tile.ptr<f32>>, %o: tensor<8xf32>, %q: !tile.ptr<i32>) -> (tensor<8xf32>, i32) {
  %true = arith.constant true
  %m = tile.splat %true : i1 -> tensor<8xi1>
  %0 = tile.load %p mask %m : tensor<8xi1> other %o : tensor<8xf32> : tensor<8x!tile.ptr<f32>>
  %1 = tile.load %q mask %true : i1 {cache = #tile.cache<cg>} : !tile.ptr<i32>
  return %0, %1 : tensor<8xf32>, i32
}

// CHECK-LABEL: @load_all_false
// CHECK-DAG: %[[Z:.*]] = arith.constant dense<0.000000e+00> : tensor<8xf32>
// CHECK-DAG: %[[N:.*]] = arith.constant 0 : i64
// CHECK: %[[P:.*]] = tile.int_to_ptr %[[N]] : i64 -> !tile.ptr<i8>
// CHECK-NEXT: return %arg1, %[[Z]], %[[P]]
func.func @load_all_false(%p: tensor<8x!tile.ptr<f32>>, %o: tensor<8xf32>, %q: !tile.ptr<!tile.ptr<i8>>) -> (tensor<8xf32>, tensor<8xf32>, !tile.ptr<i8>) {
  %false = arith.constant false
  %m = tile.splat %false : i1 -> tensor<8xi1>
  %0 = tile.load %p mask %m : tensor<8xi1> other %o : tensor<8xf32> : tensor<8x!tile.ptr<f32>>
  %1 = tile.load %p mask %m : tensor<8xi1> {isVolatile} : tensor<8x!tile.ptr<f32>>
  %2 = tile.load %q mask %false : i1 : !tile.ptr<!tile.ptr<i8>>
  return %0, %1, %2 : tensor<8xf32>, tensor<8xf32>, !tile.ptr<i8>
}

// CHECK-LABEL: @store_masks
// CHECK-NEXT: tile.store %arg0, %arg1 : tensor<8x!tile.ptr<f32>>
// CHECK-NEXT: return
func.func @store_masks(%p: tensor<8x!tile.ptr<f32>>, %v: tensor<8xf32>) {
  %all = arith.constant dense<true> : tensor<8xi1>
  %none = arith.constant dense<false> : tensor<8xi1>
  tile.store %p, %v mask %all : tensor<8xi1> : tensor<8x!tile.ptr<f32>>
  tile.store %p, %v mask %none : tensor<8xi1> : tensor<8x!tile.ptr<f32>>
  return
}

// CHECK-LABEL: @unused_load_disappears_unless_volatile
// CHECK-NEXT: tile.load %arg0 {isVolatile}
// CHECK-NEXT: return
func.func @unused_load_disappears_unless_volatile(%p: !tile.ptr<f32>) {
  %0 = tile.load %p : !tile.ptr<f32>
  %1 = tile.load %p {isVolatile} : !tile.ptr<f32>
  return
}

// CHECK-LABEL: @assertion_that_holds
// CHECK-NEXT: tile.assert %arg0, "may fail" : i1
// CHECK-NEXT: return
func.func @assertion_that_holds(%c: i1) {
  %true = arith.constant dense<true> : tensor<8xi1>
  tile.assert %true, "holds" : tensor<8xi1>
  tile.assert %c, "may fail" : i1
  return
}
