// RUN: cosmati-opt %s | cosmati-opt | FileCheck %s
// RUN: cosmati-opt %s --mlir-print-op-generic | cosmati-opt | FileCheck %s

// CHECK-LABEL: @dots
func.func @dots(%h: tensor<16x16xf16>, %hacc: tensor<16x16xf16>, %f: tensor<16x16xf32>, %b: tensor<16x16xbf16>, %d: tensor<16x16xf64>,
    %i: tensor<16x16xi8>, %iacc: tensor<16x16xi32>, %e4: tensor<16x16xf8E4M3FN>, %e5: tensor<16x16xf8E5M2>, %a3: tensor<2x4x8xf32>, %b3: tensor<2x8x4xf32>, %c3: tensor<2x4x4xf32>) {
  // CHECK: tile.dot %arg0, %arg0, %arg1 : tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf16>
  %0 = tile.dot %h, %h, %hacc : tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf16>
  // CHECK: tile.dot %arg0, %arg0, %arg2 : tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf32>
  %1 = tile.dot %h, %h, %f : tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf32>
  // CHECK: tile.dot %arg3, %arg3, %arg2 : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
  %2 = tile.dot %b, %b, %f : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
  // CHECK: tile.dot %arg2, %arg2, %arg2 precision tf32x3 : tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>
  %3 = tile.dot %f, %f, %f precision tf32x3 : tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>
  // CHECK: tile.dot %arg4, %arg4, %arg4 : tensor<16x16xf64>, tensor<16x16xf64>, tensor<16x16xf64>
  %4 = tile.dot %d, %d, %d : tensor<16x16xf64>, tensor<16x16xf64>, tensor<16x16xf64>
  // CHECK: tile.dot %arg5, %arg5, %arg6 : tensor<16x16xi8>, tensor<16x16xi8>, tensor<16x16xi32>
  %5 = tile.dot %i, %i, %iacc : tensor<16x16xi8>, tensor<16x16xi8>, tensor<16x16xi32>
  // CHECK: tile.dot %arg7, %arg8, %arg2 {maxNumImpreciseAcc = 128 : i32} : tensor<16x16xf8E4M3FN>, tensor<16x16xf8E5M2>, tensor<16x16xf32>
  %6 = tile.dot %e4, %e5, %f {maxNumImpreciseAcc = 128 : i32} : tensor<16x16xf8E4M3FN>, tensor<16x16xf8E5M2>, tensor<16x16xf32>
  // CHECK: tile.dot %arg9, %arg10, %arg11 : tensor<2x4x8xf32>, tensor<2x8x4xf32>, tensor<2x4x4xf32>
  %7 = tile.dot %a3, %b3, %c3 : tensor<2x4x8xf32>, tensor<2x8x4xf32>, tensor<2x4x4xf32>
  return
}

// CHECK-LABEL: @reduces
func.func @reduces(%x: tensor<4x8xf32>, %i: tensor<4x8xi32>, %v: tensor<8xf32>) {
  // CHECK: tile.reduce(%arg0) axis = 1 : (tensor<4x8xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32):
  // CHECK-NEXT: %[[S:.*]] = arith.addf %[[A]], %[[B]] : f32
  // CHECK-NEXT: tile.yield %[[S]] : f32
  %0 = tile.reduce (%x) axis = 1 : (tensor<4x8xf32>) -> tensor<4xf32> {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    tile.yield %s : f32
  }
  // CHECK: tile.reduce(%arg0, %arg1) axis = 0 : (tensor<4x8xf32>, tensor<4x8xi32>) -> (tensor<8xf32>, tensor<8xi32>)
  %1:2 = tile.reduce (%x, %i) axis = 0 : (tensor<4x8xf32>, tensor<4x8xi32>) -> (tensor<8xf32>, tensor<8xi32>) {
  ^bb0(%a: f32, %ai: i32, %b: f32, %bi: i32):
    %c = arith.cmpf ogt, %a, %b : f32
    %m = arith.select %c, %a, %b : f32
    %mi = arith.select %c, %ai, %bi : i32
    tile.yield %m, %mi : f32, i32
  }
  // CHECK: tile.reduce(%arg2) axis = 0 : (tensor<8xf32>) -> f32
  %2 = tile.reduce (%v) axis = 0 : (tensor<8xf32>) -> f32 {
  ^bb0(%a: f32, %b: f32):
    %m = arith.maxnumf %a, %b : f32
    tile.yield %m : f32
  }
  return
}

// CHECK-LABEL: @scans
func.func @scans(%x: tensor<4x8xi32>) {
  // CHECK: tile.scan(%arg0) axis = 1 : (tensor<4x8xi32>) -> tensor<4x8xi32>
  %0 = tile.scan (%x) axis = 1 : (tensor<4x8xi32>) -> tensor<4x8xi32> {
  ^bb0(%a: i32, %b: i32):
    %s = arith.addi %a, %b : i32
    tile.yield %s : i32
  }
  // CHECK: tile.scan(%arg0) axis = 0 reverse : (tensor<4x8xi32>) -> tensor<4x8xi32>
  %1 = tile.scan (%x) axis = 0 reverse : (tensor<4x8xi32>) -> tensor<4x8xi32> {
  ^bb0(%a: i32, %b: i32):
    %s = arith.muli %a, %b : i32
    tile.yield %s : i32
  }
  return
}

// CHECK-LABEL: @elementwise
func.func @elementwise(%x: tensor<8xf32>, %s: f64, %i: tensor<8xi32>) {
  // CHECK: tile.fp_convert %arg0 rounding rtz overflow nonfinite : tensor<8xf32> -> tensor<8xf8E5M2>
  %0 = tile.fp_convert %x rounding rtz overflow nonfinite : tensor<8xf32> -> tensor<8xf8E5M2>
  // CHECK: tile.fp_convert %arg1 : f64 -> f8E4M3FN
  %1 = tile.fp_convert %s : f64 -> f8E4M3FN
  // CHECK: tile.div_rn %arg0, %arg0 : tensor<8xf32>
  %2 = tile.div_rn %x, %x : tensor<8xf32>
  // CHECK: tile.sqrt_rn %arg1 : f64
  %3 = tile.sqrt_rn %s : f64
  // CHECK: tile.mulhi_u %arg2, %arg2 : tensor<8xi32>
  %4 = tile.mulhi_u %i, %i : tensor<8xi32>
  // CHECK: tile.extern_elementwise "libdevice", "__nv_ldexpf"(%arg0, %arg2) : (tensor<8xf32>, tensor<8xi32>) -> tensor<8xf32>
  %5 = tile.extern_elementwise "libdevice", "__nv_ldexpf" (%x, %i) : (tensor<8xf32>, tensor<8xi32>) -> tensor<8xf32>
  return
}

// CHECK-LABEL: @program
func.func @program(%x: tensor<8xi32>, %c: i1, %cs: tensor<8xi1>) {
  // CHECK: tile.program_id x : i32
  %0 = tile.program_id x : i32
  // CHECK: tile.num_programs z : i32
  %1 = tile.num_programs z : i32
  // CHECK: tile.debug_barrier
  tile.debug_barrier
  // CHECK: tile.print "x = "(%arg0, %{{.*}} : tensor<8xi32>, i32) signed = [true, false]
  tile.print "x = " (%x, %0 : tensor<8xi32>, i32) signed = [true, false]
  // CHECK: tile.print "here" signed = []
  tile.print "here" signed = []
  // CHECK: tile.print "bits" hex(%arg0 : tensor<8xi32>) signed = [false]
  tile.print "bits" hex (%x : tensor<8xi32>) signed = [false]
  // CHECK: tile.assert %arg1, "out of range" : i1
  tile.assert %c, "out of range" : i1
  // CHECK: tile.assert %arg2, "out of range" : tensor<8xi1>
  tile.assert %cs, "out of range" : tensor<8xi1>
  return
}
