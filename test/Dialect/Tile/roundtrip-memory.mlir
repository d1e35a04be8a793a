// RUN: cosmati-opt %s | cosmati-opt | FileCheck %s
// RUN: cosmati-opt %s --mlir-print-op-generic | cosmati-opt | FileCheck %s

// CHECK-LABEL: func.func @kernel_arguments(%arg0: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %arg1: i32 {tile.divisibility = 16 : i32}) attributes {tile.kernel}
func.func @kernel_arguments(%p: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32 {tile.divisibility = 16 : i32}) attributes {tile.kernel} {
  return
}

// CHECK-LABEL: @pointer_types(%arg0: !tile.ptr<f32>, %arg1: !tile.ptr<f32, 3>, %arg2: !tile.ptr<!tile.ptr<i8>>, %arg3: tensor<4x!tile.ptr<f8E4M3FN>>)
func.func @pointer_types(%a: !tile.ptr<f32, 1>, %b: !tile.ptr<f32, 3>, %c: !tile.ptr<!tile.ptr<i8>>, %d: tensor<4x!tile.ptr<f8E4M3FN>>) {
  return
}

// CHECK-LABEL: @addresses
func.func @addresses(%p: !tile.ptr<f32>, %i: i64, %ps: tensor<8x!tile.ptr<f32>>, %is: tensor<8xi32>) {
  // CHECK: tile.addptr %arg0, %arg1 : !tile.ptr<f32>, i64
  %0 = tile.addptr %p, %i : !tile.ptr<f32>, i64
  // CHECK: tile.addptr %arg2, %arg3 : tensor<8x!tile.ptr<f32>>, tensor<8xi32>
  %1 = tile.addptr %ps, %is : tensor<8x!tile.ptr<f32>>, tensor<8xi32>
  // CHECK: tile.ptr_to_int %arg2 : tensor<8x!tile.ptr<f32>> -> tensor<8xi64>
  %2 = tile.ptr_to_int %ps : tensor<8x!tile.ptr<f32>> -> tensor<8xi64>
  // CHECK: tile.int_to_ptr %arg1 : i64 -> !tile.ptr<i8>
  %3 = tile.int_to_ptr %i : i64 -> !tile.ptr<i8>
  // CHECK: tile.ptr_cast %arg2 : tensor<8x!tile.ptr<f32>> -> tensor<8x!tile.ptr<i32>>
  %4 = tile.ptr_cast %ps : tensor<8x!tile.ptr<f32>> -> tensor<8x!tile.ptr<i32>>
  return
}

// CHECK-LABEL: @loads
func.func @loads(%p: !tile.ptr<f32>, %ps: tensor<8x!tile.ptr<f32>>, %m: tensor<8xi1>, %o: tensor<8xf32>, %s: i1, %pp: !tile.ptr<!tile.ptr<f16>>) {
  // CHECK: tile.load %arg0 : !tile.ptr<f32>
  %0 = tile.load %p : !tile.ptr<f32>
  // CHECK: tile.load %arg0 mask %arg4 : i1 : !tile.ptr<f32>
  %1 = tile.load %p mask %s : i1 : !tile.ptr<f32>
  // CHECK: tile.load %arg1 mask %arg2 : tensor<8xi1> other %arg3 : tensor<8xf32> : tensor<8x!tile.ptr<f32>>
  %2 = tile.load %ps mask %m : tensor<8xi1> other %o : tensor<8xf32> : tensor<8x!tile.ptr<f32>>
  // CHECK: tile.load %arg1 {cache = #tile.cache<cg>, evict = #tile.evict<evict_first>, isVolatile} : tensor<8x!tile.ptr<f32>>
  %3 = tile.load %ps {cache = #tile.cache<cg>, evict = #tile.evict<evict_first>, isVolatile} : tensor<8x!tile.ptr<f32>>
  // CHECK: %[[P:.*]] = tile.load %arg5 : !tile.ptr<!tile.ptr<f16>>
  // CHECK: tile.load %[[P]] : !tile.ptr<f16>
  %4 = tile.load %pp : !tile.ptr<!tile.ptr<f16>>
  %5 = tile.load %4 : !tile.ptr<f16>
  return
}

// CHECK-LABEL: @stores
func.func @stores(%p: !tile.ptr<i64>, %v: i64, %ps: tensor<8x!tile.ptr<f32>>, %vs: tensor<8xf32>, %m: tensor<8xi1>) {
  // CHECK: tile.store %arg0, %arg1 : !tile.ptr<i64>
  tile.store %p, %v : !tile.ptr<i64>
  // CHECK: tile.store %arg2, %arg3 mask %arg4 : tensor<8xi1> {cache = #tile.cache<wt>, evict = #tile.evict<evict_last>} : tensor<8x!tile.ptr<f32>>
  tile.store %ps, %vs mask %m : tensor<8xi1> {cache = #tile.cache<wt>, evict = #tile.evict<evict_last>} : tensor<8x!tile.ptr<f32>>
  return
}

// CHECK-LABEL: @atomics
func.func @atomics(%p: !tile.ptr<i32>, %v: i32, %ps: tensor<8x!tile.ptr<f16>>, %vs: tensor<8xf16>, %m: tensor<8xi1>) {
  // CHECK: tile.atomic_rmw umax, relaxed, sys, %arg0, %arg1 : !tile.ptr<i32>
  %0 = tile.atomic_rmw umax, relaxed, sys, %p, %v : !tile.ptr<i32>
  // CHECK: tile.atomic_rmw fadd, acq_rel, gpu, %arg2, %arg3 mask %arg4 : tensor<8xi1> : tensor<8x!tile.ptr<f16>>
  %1 = tile.atomic_rmw fadd, acq_rel, gpu, %ps, %vs mask %m : tensor<8xi1> : tensor<8x!tile.ptr<f16>>
  // CHECK: tile.atomic_cas acquire, cta, %arg0, %arg1, %arg1 : !tile.ptr<i32>
  %2 = tile.atomic_cas acquire, cta, %p, %v, %v : !tile.ptr<i32>
  // CHECK: tile.atomic_cas release, gpu, %arg2, %arg3, %arg3 : tensor<8x!tile.ptr<f16>>
  %3 = tile.atomic_cas release, gpu, %ps, %vs, %vs : tensor<8x!tile.ptr<f16>>
  return
}
