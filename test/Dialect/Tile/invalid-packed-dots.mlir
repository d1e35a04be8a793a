// RUN: cosmati-opt %s --split-input-file --verify-diagnostics

func.func @dot_packed_c1_inner(%a: tensor<16x16xi8>, %b: tensor<32x8xi8>, %c: tensor<16x8xi32>) {
  // expected-error @+1 {{inner sizes differ: a has K=32, b has K=64}}
  %0 = tile.dot_packed %a as s4, %b as s4, %c : tensor<16x16xi8>, tensor<32x8xi8>, tensor<16x8xi32>
  return
}

// -----

func.func @dot_packed_c1_outer(%a: tensor<16x16xi8>, %b: tensor<16x8xi8>, %c: tensor<8x16xi32>) {
  // expected-error @+1 {{accumulator is 8x16; a and b give 16x8}}
  %0 = tile.dot_packed %a as s4, %b as s4, %c : tensor<16x16xi8>, tensor<16x8xi8>, tensor<8x16xi32>
  return
}

// -----

func.func @dot_packed_c1_rank(%a: tensor<16xi8>, %b: tensor<16xi8>, %c: tensor<16xi32>) {
  // expected-error @+1 {{ranks are 1, 1 and 1; a, b and the accumulator have rank 2, or 3 with a leading batch dimension}}
  %0 = tile.dot_packed %a as s4, %b as s4, %c : tensor<16xi8>, tensor<16xi8>, tensor<16xi32>
  return
}

// -----

func.func @dot_packed_c1_batch(%a: tensor<2x16x16xi8>, %b: tensor<4x16x8xi8>, %c: tensor<2x16x8xi32>) {
  // expected-error @+1 {{batch sizes differ: 2, 4 and 2}}
  %0 = tile.dot_packed %a as s4, %b as s4, %c : tensor<2x16x16xi8>, tensor<4x16x8xi8>, tensor<2x16x8xi32>
  return
}

// -----

func.func @dot_packed_c2_operand(%a: tensor<16x16xi8>, %b: tensor<16x8xi32>, %c: tensor<16x8xi32>) {
  // expected-error @+1 {{has u4 in blocks of i8; b is 'tensor<16x8xi32>'}}
  %0 = tile.dot_packed %a as s4, %b as u4, %c : tensor<16x16xi8>, tensor<16x8xi32>, tensor<16x8xi32>
  return
}

// -----

func.func @dot_packed_c2_acc(%a: tensor<16x16xi8>, %b: tensor<16x8xi8>, %c: tensor<16x8xi64>) {
  // expected-error @+1 {{sums in i32, got 'tensor<16x8xi64>'}}
  %0 = tile.dot_packed %a as s4, %b as u4, %c : tensor<16x16xi8>, tensor<16x8xi8>, tensor<16x8xi64>
  return
}

// -----

func.func @dot_packed_c3_without(%a: tensor<16x4xi32>, %b: tensor<4x8xi32>, %c: tensor<16x8xi32>) {
  // expected-error @+1 {{multiplies b1 by b1 without a product of bits; b1 goes with b1 and with one, s4 and u4 go without}}
  %0 = tile.dot_packed %a as b1, %b as b1, %c : tensor<16x4xi32>, tensor<4x8xi32>, tensor<16x8xi32>
  return
}

// -----

func.func @dot_packed_c3_with(%a: tensor<16x16xi8>, %b: tensor<16x8xi8>, %c: tensor<16x8xi32>) {
  // expected-error @+1 {{multiplies s4 by s4 with a product of bits}}
  %0 = tile.dot_packed %a as s4, %b as s4, %c product and : tensor<16x16xi8>, tensor<16x8xi8>, tensor<16x8xi32>
  return
}

// -----

func.func @dot_packed_c3_mixed(%a: tensor<16x4xi32>, %b: tensor<64x8xi8>, %c: tensor<16x8xi32>) {
  // expected-error @+1 {{multiplies b1 by s4 with a product of bits}}
  %0 = tile.dot_packed %a as b1, %b as s4, %c product xor : tensor<16x4xi32>, tensor<64x8xi8>, tensor<16x8xi32>
  return
}

// -----

#l = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 16]>
func.func @dot_packed_c4(%a: tensor<16x16xi8, #l>, %b: tensor<16x8xi8>, %c: tensor<16x8xi32>) {
  // expected-error @+1 {{some of its blocks have a layout, some have none; give all an encoding, or none}}
  %0 = tile.dot_packed %a as s4, %b as s4, %c : tensor<16x16xi8, #l>, tensor<16x8xi8>, tensor<16x8xi32>
  return
}

// -----

func.func @dot_sparse_c1(%a: tensor<16x16xf16>, %e: tensor<16x2xi16>, %b: tensor<16x8xf16>, %c: tensor<16x8xf32>) {
  // expected-error @+1 {{inner sizes differ: a has K=32, b has K=16}}
  %0 = tile.dot_sparse %a, %e, %b, %c : tensor<16x16xf16>, tensor<16x2xi16>, tensor<16x8xf16>, tensor<16x8xf32>
  return
}

// -----

func.func @dot_sparse_c2_mixed(%a: tensor<16x16xf16>, %e: tensor<16x2xi16>, %b: tensor<32x8xbf16>, %c: tensor<16x8xf32>) {
  // expected-error @+1 {{does not multiply 'f16' by 'bf16' into 'f32'}}
  %0 = tile.dot_sparse %a, %e, %b, %c : tensor<16x16xf16>, tensor<16x2xi16>, tensor<32x8xbf16>, tensor<16x8xf32>
  return
}

// -----

func.func @dot_sparse_c2_acc(%a: tensor<16x16xf8E4M3FN>, %e: tensor<16x2xi16>, %b: tensor<32x8xf8E4M3FN>, %c: tensor<16x8xf16>) {
  // expected-error @+1 {{does not multiply 'f8E4M3FN' by 'f8E4M3FN' into 'f16'; legal are}}
  %0 = tile.dot_sparse %a, %e, %b, %c : tensor<16x16xf8E4M3FN>, tensor<16x2xi16>, tensor<32x8xf8E4M3FN>, tensor<16x8xf16>
  return
}

// -----

func.func @dot_sparse_c3_extent(%a: tensor<16x16xf16>, %e: tensor<16x4xi16>, %b: tensor<32x8xf16>, %c: tensor<16x8xf32>) {
  // expected-error @+1 {{metadata is 'tensor<16x4xi16>'; an i16 describes 8 stored elements of a row of a, 'tensor<16x16xf16>'}}
  %0 = tile.dot_sparse %a, %e, %b, %c : tensor<16x16xf16>, tensor<16x4xi16>, tensor<32x8xf16>, tensor<16x8xf32>
  return
}

// -----

func.func @dot_sparse_c3_of_f32(%a: tensor<16x16xf32>, %e: tensor<16x2xi16>, %b: tensor<32x8xf32>, %c: tensor<16x8xf32>) {
  // expected-error @+1 {{an i16 describes 4 stored elements of a row of a}}
  %0 = tile.dot_sparse %a, %e, %b, %c : tensor<16x16xf32>, tensor<16x2xi16>, tensor<32x8xf32>, tensor<16x8xf32>
  return
}

// -----

func.func @dot_sparse_c3_type(%a: tensor<16x16xf16>, %e: tensor<16x2xi32>, %b: tensor<32x8xf16>, %c: tensor<16x8xf32>) {
  // expected-error @+1 {{metadata is 'tensor<16x2xi32>'}}
  %0 = tile.dot_sparse %a, %e, %b, %c : tensor<16x16xf16>, tensor<16x2xi32>, tensor<32x8xf16>, tensor<16x8xf32>
  return
}

// -----

func.func @dot_sparse_c4(%a: tensor<16x16xf16>, %e: tensor<16x2xi16>, %b: tensor<32x8xf16>, %c: tensor<16x8xf32>) {
  // expected-error @+1 {{says that operands of 'f16' are unsigned; that is for i8}}
  %0 = tile.dot_sparse %a, %e, %b, %c {unsignedB} : tensor<16x16xf16>, tensor<16x2xi16>, tensor<32x8xf16>, tensor<16x8xf32>
  return
}

// -----

#l = #tilegpu.layout<register = [[8, 0]], lane = [[0, 1], [0, 0], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 2]>
func.func @dot_sparse_c5(%a: tensor<16x16xf16>, %e: tensor<16x2xi16, #l>, %b: tensor<32x8xf16>, %c: tensor<16x8xf32>) {
  // expected-error @+1 {{some of its blocks have a layout, some have none}}
  %0 = tile.dot_sparse %a, %e, %b, %c : tensor<16x16xf16>, tensor<16x2xi16, #l>, tensor<32x8xf16>, tensor<16x8xf32>
  return
}
