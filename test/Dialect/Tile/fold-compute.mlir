// RUN: cosmati-opt %s --canonicalize --split-input-file | FileCheck %s
// The bits of E4M3: 0x7e is 448, the largest; 0x7f is NaN. Of E5M2: 0x7b is 57344, the largest; 0x7c is infinity.

// CHECK-LABEL: @rounds_to_nearest_even_once
// E4M3 between 1 and 2 has steps of 0.125: 1.0625 is a tie and goes to the even 1.0, 1.1875 to 1.25.
// CHECK-DAG: %[[A:.*]] = arith.constant 1.000000e+00 : f8E4M3FN
// CHECK-DAG: %[[B:.*]] = arith.constant 1.250000e+00 : f8E4M3FN
// A value just above the tie, which a step through f16 would put on the tie.
// CHECK-DAG: %[[C:.*]] = arith.constant 1.125000e+00 : f8E4M3FN
// CHECK: return %[[A]], %[[B]], %[[C]]
func.func @rounds_to_nearest_even_once() -> (f8E4M3FN, f8E4M3FN, f8E4M3FN) {
  %x = arith.constant 1.0625 : f32
  %y = arith.constant 1.1875 : f32
  %z = arith.constant 1.06250011920929 : f32
  %0 = tile.fp_convert %x : f32 -> f8E4M3FN
  %1 = tile.fp_convert %y : f32 -> f8E4M3FN
  %2 = tile.fp_convert %z : f32 -> f8E4M3FN
  return %0, %1, %2 : f8E4M3FN, f8E4M3FN, f8E4M3FN
}

// -----

// CHECK-LABEL: @rounds_toward_zero
// CHECK-DAG: %[[A:.*]] = arith.constant 1.125000e+00 : f8E4M3FN
// CHECK-DAG: %[[B:.*]] = arith.constant -6.550400e+04 : f16
// CHECK: return %[[A]], %[[B]]
func.func @rounds_toward_zero() -> (f8E4M3FN, f16) {
  %x = arith.constant 1.2 : f32
  %y = arith.constant -1.0e+10 : f32
  %0 = tile.fp_convert %x rounding rtz : f32 -> f8E4M3FN
  %1 = tile.fp_convert %y rounding rtz overflow nonfinite : f32 -> f16
  return %0, %1 : f8E4M3FN, f16
}

// -----

// CHECK-LABEL: @saturates
// CHECK-DAG: %[[A:.*]] = arith.constant 4.480000e+02 : f8E4M3FN
// CHECK-DAG: %[[B:.*]] = arith.constant -4.480000e+02 : f8E4M3FN
// CHECK-DAG: %[[C:.*]] = arith.constant dense<5.734400e+04> : tensor<4xf8E5M2>
// CHECK: return %[[A]], %[[B]], %[[C]]
func.func @saturates() -> (f8E4M3FN, f8E4M3FN, tensor<4xf8E5M2>) {
  %x = arith.constant 1.0e+6 : f32
  %y = arith.constant 0xFF800000 : f32
  %z = arith.constant dense<0x7F800000> : tensor<4xf32>
  %0 = tile.fp_convert %x : f32 -> f8E4M3FN
  %1 = tile.fp_convert %y : f32 -> f8E4M3FN
  %2 = tile.fp_convert %z : tensor<4xf32> -> tensor<4xf8E5M2>
  return %0, %1, %2 : f8E4M3FN, f8E4M3FN, tensor<4xf8E5M2>
}

// -----

// 464 is the tie between 448 and the 480 that E4M3 does not have: it rounds to 448 (even), no overflow. Above it there is no number.
// CHECK-LABEL: @overflows_to_nonfinite
// CHECK-DAG: %[[A:.*]] = arith.constant 4.480000e+02 : f8E4M3FN
// CHECK-DAG: %[[B:.*]] = arith.constant 0x7C : f8E5M2
// CHECK-DAG: %[[C:.*]] = tile.fp_convert %{{.*}} overflow nonfinite : f32 -> f8E4M3FN
// CHECK: return %[[A]], %[[B]], %[[C]]
func.func @overflows_to_nonfinite() -> (f8E4M3FN, f8E5M2, f8E4M3FN) {
  %x = arith.constant 464.0 : f32
  %y = arith.constant 1.0e+6 : f32
  %z = arith.constant 465.0 : f32
  %0 = tile.fp_convert %x overflow nonfinite : f32 -> f8E4M3FN
  %1 = tile.fp_convert %y overflow nonfinite : f32 -> f8E5M2
  %2 = tile.fp_convert %z overflow nonfinite : f32 -> f8E4M3FN
  return %0, %1, %2 : f8E4M3FN, f8E5M2, f8E4M3FN
}

// -----

// CHECK-LABEL: @nan_is_left_to_the_target
// CHECK: tile.fp_convert
func.func @nan_is_left_to_the_target() -> f8E4M3FN {
  %x = arith.constant 0x7FC00000 : f32
  %0 = tile.fp_convert %x : f32 -> f8E4M3FN
  return %0 : f8E4M3FN
}

// -----

// CHECK-LABEL: @subnormals_are_exact
// CHECK-DAG: arith.constant 1.953130e-03 : f8E4M3FN
// CHECK-DAG: arith.constant 0.001953125 : f32
func.func @subnormals_are_exact() -> (f8E4M3FN, f32) {
  %x = arith.constant 0.001953125 : f32
  %0 = tile.fp_convert %x : f32 -> f8E4M3FN
  %1 = tile.fp_convert %0 : f8E4M3FN -> f32
  return %0, %1 : f8E4M3FN, f32
}

// -----

// A wider type has room for infinity: nothing overflows, whatever the mode.
// CHECK-LABEL: @infinity_survives_widening
// CHECK: %[[INF:.*]] = arith.constant 0x7F800000 : f32
// CHECK: return %[[INF]]
func.func @infinity_survives_widening() -> f32 {
  %x = arith.constant 0x7C : f8E5M2
  %0 = tile.fp_convert %x overflow saturate : f8E5M2 -> f32
  return %0 : f32
}
