// REQUIRES: cosmati-compile, ptxvm-run
// RUN: cosmati-compile %s --target=sm_90a | ptxvm-run - --grid=1 --arg=f32:32:iota --arg=u8:64:zeros --dump=1 | FileCheck %s
// RUN: cosmati-compile %s --target=sm_80 | ptxvm-run - --grid=1 --arg=f32:32:iota --arg=u8:64:zeros --dump=1 | FileCheck %s
// i * 29 / 2 as E4M3 (saturating), i * 4000 as E5M2 (to infinity): the same bytes by cvt and by integers. 464 = 32 * 14.5 is a tie.

// CHECK: arg 1 {{.*}}: 0 86 94 99 102 105 107 109 110 112 113 114 115 116 117 118 118 119 120 121 121 122 122 122 123 123 124 124 125 125 126 126
// CHECK-SAME: {{ }}0 108 112 114 116 117 118 119 120 120 121 121 122 122 123 123 124 124 124 124 124 124 124 124 124 124 124 124 124 124 124 124
func.func @convert(%x: !tile.ptr<f32>, %o: !tile.ptr<i8>) attributes {tile.kernel} {
  %r = tile.make_range 0, 32 : tensor<32xi32>
  %xs = tile.splat %x : !tile.ptr<f32> -> tensor<32x!tile.ptr<f32>>
  %xp = tile.addptr %xs, %r : tensor<32x!tile.ptr<f32>>, tensor<32xi32>
  %i = tile.load %xp : tensor<32x!tile.ptr<f32>>
  %s1 = arith.constant dense<14.5> : tensor<32xf32>
  %s2 = arith.constant dense<4000.0> : tensor<32xf32>
  %v1 = arith.mulf %i, %s1 : tensor<32xf32>
  %v2 = arith.mulf %i, %s2 : tensor<32xf32>
  %e4 = tile.fp_convert %v1 : tensor<32xf32> -> tensor<32xf8E4M3FN>
  %e5 = tile.fp_convert %v2 overflow nonfinite : tensor<32xf32> -> tensor<32xf8E5M2>
  %b4 = arith.bitcast %e4 : tensor<32xf8E4M3FN> to tensor<32xi8>
  %b5 = arith.bitcast %e5 : tensor<32xf8E5M2> to tensor<32xi8>
  %os = tile.splat %o : !tile.ptr<i8> -> tensor<32x!tile.ptr<i8>>
  %op = tile.addptr %os, %r : tensor<32x!tile.ptr<i8>>, tensor<32xi32>
  tile.store %op, %b4 : tensor<32x!tile.ptr<i8>>
  %c32 = arith.constant dense<32> : tensor<32xi32>
  %op2 = tile.addptr %op, %c32 : tensor<32x!tile.ptr<i8>>, tensor<32xi32>
  tile.store %op2, %b5 : tensor<32x!tile.ptr<i8>>
  return
}
