// RUN: cosmati-opt %s | cosmati-opt | FileCheck %s

// CHECK-LABEL: @packed
func.func @packed(%a: tensor<16x16xi8>, %b: tensor<16x8xi8>, %acc: tensor<16x8xi32>, %x: tensor<2x16x4xi32>, %y: tensor<2x4x8xi32>, %sum: tensor<2x16x8xi32>) {
  // CHECK: tile.dot_packed %arg0 as s4, %arg1 as u4, %arg2 : tensor<16x16xi8>, tensor<16x8xi8>, tensor<16x8xi32>
  %0 = tile.dot_packed %a as s4, %b as u4, %acc : tensor<16x16xi8>, tensor<16x8xi8>, tensor<16x8xi32>
  // CHECK: tile.dot_packed %arg3 as b1, %arg4 as b1, %arg5 product xor : tensor<2x16x4xi32>, tensor<2x4x8xi32>, tensor<2x16x8xi32>
  %1 = tile.dot_packed %x as b1, %y as b1, %sum product xor : tensor<2x16x4xi32>, tensor<2x4x8xi32>, tensor<2x16x8xi32>
  // CHECK: tile.dot_packed %arg3 as b1, %arg4 as b1, %arg5 product and
  %2 = tile.dot_packed %x as b1, %y as b1, %sum product and : tensor<2x16x4xi32>, tensor<2x4x8xi32>, tensor<2x16x8xi32>
  return
}

// CHECK-LABEL: @sparse
func.func @sparse(%a: tensor<16x16xf16>, %e: tensor<16x2xi16>, %b: tensor<32x8xf16>, %c: tensor<16x8xf32>, %h: tensor<16x8xf16>,
                  %f: tensor<16x16xf32>, %fe: tensor<16x4xi16>, %fb: tensor<32x8xf32>,
                  %i: tensor<16x16xi8>, %ib: tensor<32x8xi8>, %ic: tensor<16x8xi32>,
                  %q: tensor<16x16xf8E4M3FN>, %qb: tensor<32x8xf8E5M2>) {
  // CHECK: tile.dot_sparse %arg0, %arg1, %arg2, %arg3 : tensor<16x16xf16>, tensor<16x2xi16>, tensor<32x8xf16>, tensor<16x8xf32>
  %0 = tile.dot_sparse %a, %e, %b, %c : tensor<16x16xf16>, tensor<16x2xi16>, tensor<32x8xf16>, tensor<16x8xf32>
  %1 = tile.dot_sparse %a, %e, %b, %h : tensor<16x16xf16>, tensor<16x2xi16>, tensor<32x8xf16>, tensor<16x8xf16>
  // CHECK: tile.dot_sparse %arg5, %arg6, %arg7, %arg3 : tensor<16x16xf32>, tensor<16x4xi16>, tensor<32x8xf32>, tensor<16x8xf32>
  %2 = tile.dot_sparse %f, %fe, %fb, %c : tensor<16x16xf32>, tensor<16x4xi16>, tensor<32x8xf32>, tensor<16x8xf32>
  // CHECK: tile.dot_sparse %arg8, %arg1, %arg9, %arg10 {unsignedA} :
  %3 = tile.dot_sparse %i, %e, %ib, %ic {unsignedA} : tensor<16x16xi8>, tensor<16x2xi16>, tensor<32x8xi8>, tensor<16x8xi32>
  // CHECK: tile.dot_sparse %arg11, %arg1, %arg12, %arg3 : tensor<16x16xf8E4M3FN>, tensor<16x2xi16>, tensor<32x8xf8E5M2>, tensor<16x8xf32>
  %4 = tile.dot_sparse %q, %e, %qb, %c : tensor<16x16xf8E4M3FN>, tensor<16x2xi16>, tensor<32x8xf8E5M2>, tensor<16x8xf32>
  return
}
