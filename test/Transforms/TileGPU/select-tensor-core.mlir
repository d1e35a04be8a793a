// RUN: cosmati-opt %s --split-input-file --verify-diagnostics --pass-pipeline="builtin.module(convert-tile-to-tilegpu{num-warps=4 target=80},func.func(tilegpu-coalesce,tilegpu-select-tensor-core))" | FileCheck %s

// CHECK-LABEL: @halves
// CHECK: tilegpu.convert_layout %{{.*}} -> tensor<64x32xf16, #[[$A:.*]]>
// CHECK: tilegpu.convert_layout %{{.*}} -> tensor<32x64xf16, #[[$B:.*]]>
// CHECK: %[[R:.*]] = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %{{.*}} : tensor<64x32xf16, #[[$A]]>, tensor<32x64xf16, #[[$B]]>, tensor<64x64xf32, #[[$ACC:.*]]>
// CHECK: tilegpu.convert_layout %[[R]] : tensor<64x64xf32, #[[$ACC]]>
// CHECK-NOT: tile.dot
func.func @halves(%a: tensor<64x32xf16>, %b: tensor<32x64xf16>, %c: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %r = tile.dot %a, %b, %c : tensor<64x32xf16>, tensor<32x64xf16>, tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}

// K = 16 of bytes: the instruction of half the depth.
// CHECK-LABEL: @bytes
// CHECK: tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32"
func.func @bytes(%a: tensor<64x16xi8>, %b: tensor<16x64xi8>, %c: tensor<64x64xi32>) -> tensor<64x64xi32> {
  %r = tile.dot %a, %b, %c : tensor<64x16xi8>, tensor<16x64xi8>, tensor<64x64xi32>
  return %r : tensor<64x64xi32>
}

// Eight rows fill a tile with copies.
// CHECK-LABEL: @few_rows
// CHECK: tilegpu.mma "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"
func.func @few_rows(%a: tensor<8x32xf32>, %b: tensor<32x64xf32>, %c: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %r = tile.dot %a, %b, %c precision tf32 : tensor<8x32xf32>, tensor<32x64xf32>, tensor<8x64xf32>
  return %r : tensor<8x64xf32>
}

// Operands are rounded in the instruction's fragments.
// CHECK-LABEL: @tf32
// CHECK: %[[X:.*]] = tilegpu.convert_layout %arg0
// CHECK: %[[Y:.*]] = tilegpu.convert_layout %arg1
// CHECK-DAG: %[[A:.*]] = tilegpu.round_tf32 %[[X]]
// CHECK-DAG: %[[B:.*]] = tilegpu.round_tf32 %[[Y]]
// CHECK: tilegpu.mma "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32" %[[A]], %[[B]],
func.func @tf32(%a: tensor<64x32xf32>, %b: tensor<32x64xf32>, %c: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %r = tile.dot %a, %b, %c precision tf32 : tensor<64x32xf32>, tensor<32x64xf32>, tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}

// Three products; the accumulator is added to their sum.
// CHECK-LABEL: @tf32x3
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.0{{.*}}> : tensor<64x64xf32
// CHECK: %[[P:.*]] = tilegpu.mma {{.*}}, %[[ZERO]]
// CHECK: %[[Q:.*]] = tilegpu.mma {{.*}}, %[[P]]
// CHECK: %[[OK:.*]] = arith.cmpf ord, %[[Q]], %[[Q]]
// CHECK: %[[S:.*]] = arith.select %[[OK]], %[[Q]],
// CHECK: %[[T:.*]] = tilegpu.mma {{.*}}, %[[S]]
// CHECK-NOT: tilegpu.mma
// CHECK: arith.addf %{{.*}}, %[[T]]
func.func @tf32x3(%a: tensor<64x32xf32>, %b: tensor<32x64xf32>, %c: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %r = tile.dot %a, %b, %c precision tf32x3 : tensor<64x32xf32>, tensor<32x64xf32>, tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}

// CHECK-LABEL: @bf16x6
// CHECK-COUNT-6: tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"
// CHECK-NOT: tilegpu.mma
func.func @bf16x6(%a: tensor<64x32xf32>, %b: tensor<32x64xf32>, %c: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %r = tile.dot %a, %b, %c precision bf16x6 : tensor<64x32xf32>, tensor<32x64xf32>, tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}

// 8-bit floats are multiplied as f16 before sm_89; mixed ones, too.
// CHECK-LABEL: @floats_of_8_bits
// CHECK: tile.fp_convert {{.*}} -> tensor<64x32xf16
// CHECK: tile.fp_convert {{.*}} -> tensor<32x64xf16
// CHECK: tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"
func.func @floats_of_8_bits(%a: tensor<64x32xf8E4M3FN>, %b: tensor<32x64xf8E5M2>, %c: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %r = tile.dot %a, %b, %c : tensor<64x32xf8E4M3FN>, tensor<32x64xf8E5M2>, tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}

// The dots of a chain divide M alone over the warps: every warp holds whole rows.
// CHECK-LABEL: @chain
// CHECK: tilegpu.mma {{.*}} tensor<64x64xf32, #[[$ROWS:.*]]>
// CHECK: tilegpu.mma {{.*}} tensor<64x32xf32, #{{.*}}>
func.func @chain(%q: tensor<64x32xf16>, %k: tensor<32x64xf16>, %v: tensor<64x32xf16>, %z: tensor<64x64xf32>, %c: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %s = tile.dot %q, %k, %z : tensor<64x32xf16>, tensor<32x64xf16>, tensor<64x64xf32>
  %e = math.exp2 %s : tensor<64x64xf32>
  %p = arith.truncf %e : tensor<64x64xf32> to tensor<64x64xf16>
  %r = tile.dot %p, %v, %c : tensor<64x64xf16>, tensor<64x32xf16>, tensor<64x32xf32>
  return %r : tensor<64x32xf32>
}

// -----

// CHECK-LABEL: @ieee
// CHECK: tile.dot
func.func @ieee(%a: tensor<64x32xf32>, %b: tensor<32x64xf32>, %c: tensor<64x64xf32>) -> tensor<64x64xf32> {
  // expected-remark @+1 {{dot-on-fma: dot runs on FMA, not on tensor cores: input_precision='ieee' asks for products of full float32}}
  %r = tile.dot %a, %b, %c : tensor<64x32xf32>, tensor<32x64xf32>, tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}

// -----

// CHECK-LABEL: @shallow
// CHECK: tile.dot
func.func @shallow(%a: tensor<64x4xf16>, %b: tensor<4x64xf16>, %c: tensor<64x64xf32>) -> tensor<64x64xf32> {
  // expected-remark @+1 {{dot-on-fma: dot runs on FMA, not on tensor cores: }}
  %r = tile.dot %a, %b, %c : tensor<64x4xf16>, tensor<4x64xf16>, tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}
