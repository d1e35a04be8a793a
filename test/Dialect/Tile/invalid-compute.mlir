// RUN: cosmati-opt %s --split-input-file --verify-diagnostics

func.func @dot_c1(%a: tensor<16x8xf32>, %b: tensor<16x8xf32>, %c: tensor<16x8xf32>) {
  // expected-error @+1 {{inner sizes differ: a has K=8, b has K=16}}
  %0 = tile.dot %a, %b, %c : tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>
  return
}

// -----

func.func @dot_c2(%a: tensor<8xf32>, %b: tensor<8xf32>, %c: tensor<8xf32>) {
  // expected-error @+1 {{ranks are 1, 1 and 1; a, b and the accumulator have rank 2, or 3 with a leading batch dimension}}
  %0 = tile.dot %a, %b, %c : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @dot_c2_mixed(%a: tensor<2x8x8xf32>, %b: tensor<8x8xf32>, %c: tensor<2x8x8xf32>) {
  // expected-error @+1 {{ranks are 3, 2 and 3}}
  %0 = tile.dot %a, %b, %c : tensor<2x8x8xf32>, tensor<8x8xf32>, tensor<2x8x8xf32>
  return
}

// -----

func.func @dot_c3(%a: tensor<16x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x16xf32>) {
  // expected-error @+1 {{accumulator is 4x16; a and b give 16x4}}
  %0 = tile.dot %a, %b, %c : tensor<16x8xf32>, tensor<8x4xf32>, tensor<4x16xf32>
  return
}

// -----

func.func @dot_c4(%a: tensor<2x8x8xf32>, %b: tensor<4x8x8xf32>, %c: tensor<2x8x8xf32>) {
  // expected-error @+1 {{batch sizes differ: 2, 4 and 2}}
  %0 = tile.dot %a, %b, %c : tensor<2x8x8xf32>, tensor<4x8x8xf32>, tensor<2x8x8xf32>
  return
}

// -----

func.func @dot_c5_operands(%a: tensor<8x8xf16>, %b: tensor<8x8xbf16>, %c: tensor<8x8xf32>) {
  // expected-error @+1 {{does not multiply 'f16' by 'bf16' into 'f32'; legal are f16 into f16 or f32}}
  %0 = tile.dot %a, %b, %c : tensor<8x8xf16>, tensor<8x8xbf16>, tensor<8x8xf32>
  return
}

// -----

func.func @dot_c5_accumulator(%a: tensor<8x8xbf16>, %c: tensor<8x8xbf16>) {
  // expected-error @+1 {{does not multiply 'bf16' by 'bf16' into 'bf16'}}
  %0 = tile.dot %a, %a, %c : tensor<8x8xbf16>, tensor<8x8xbf16>, tensor<8x8xbf16>
  return
}

// -----

func.func @dot_c5_integer(%a: tensor<8x8xi16>, %c: tensor<8x8xi32>) {
  // expected-error @+1 {{does not multiply 'i16' by 'i16' into 'i32'}}
  %0 = tile.dot %a, %a, %c : tensor<8x8xi16>, tensor<8x8xi16>, tensor<8x8xi32>
  return
}

// -----

func.func @dot_c6(%a: tensor<8x8xf8E5M2>, %c: tensor<8x8xf32>) {
  // expected-error @+1 {{maxNumImpreciseAcc is -1; it counts products from 0}}
  %0 = tile.dot %a, %a, %c {maxNumImpreciseAcc = -1 : i32} : tensor<8x8xf8E5M2>, tensor<8x8xf8E5M2>, tensor<8x8xf32>
  return
}

// -----

func.func @dot_unsigned(%a: tensor<16x16xf16>, %c: tensor<16x16xf32>) {
  // expected-error @+1 {{has an unsigned operand of 'f16'; i8 alone is signed or unsigned}}
  %0 = tile.dot %a, %a, %c {unsignedA} : tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf32>
  return
}

// -----

func.func @dot_c7(%a: tensor<8x8xf32>, %c: tensor<8x8xf32, "a">) {
  // expected-error @+1 {{some of its blocks have a layout, some have none; give all an encoding, or none}}
  %0 = tile.dot %a, %a, %c : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32, "a">
  return
}

// -----

func.func @combine_c1() {
  // expected-error @+1 {{has no source; it takes one block or more}}
  tile.reduce () axis = 0 : () -> () {
    "tile.yield"() : () -> ()
  }
  return
}

// -----

func.func @combine_c2(%x: tensor<4xf32>, %y: tensor<8xf32>) {
  // expected-error @+1 {{sources differ in shape or layout: 'tensor<4xf32>' and 'tensor<8xf32>'}}
  %0:2 = tile.reduce (%x, %y) axis = 0 : (tensor<4xf32>, tensor<8xf32>) -> (f32, f32) {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32):
    tile.yield %a, %b : f32, f32
  }
  return
}

// -----

func.func @combine_c2_layout(%x: tensor<4xf32, "a">, %y: tensor<4xf32, "b">) {
  // expected-error @+1 {{sources differ in shape or layout}}
  %0:2 = tile.scan (%x, %y) axis = 0 : (tensor<4xf32, "a">, tensor<4xf32, "b">) -> (tensor<4xf32, "a">, tensor<4xf32, "b">) {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32):
    tile.yield %a, %b : f32, f32
  }
  return
}

// -----

func.func @combine_c3(%x: tensor<4xf32>) {
  // expected-error @+1 {{axis 1 is not a dimension of 'tensor<4xf32>'; it has dimensions 0 to 0}}
  %0 = tile.reduce (%x) axis = 1 : (tensor<4xf32>) -> f32 {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @combine_c3_of_scan(%x: tensor<4xf32>) {
  // expected-error @+1 {{axis -1 is not a dimension of 'tensor<4xf32>'}}
  %0 = tile.scan (%x) axis = -1 : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @combine_c4(%x: tensor<4xf32>) {
  // expected-error @+1 {{has 1 source(s) but 2 result(s)}}
  %0:2 = tile.reduce (%x) axis = 0 : (tensor<4xf32>) -> (f32, f32) {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @combine_c5(%x: tensor<4xf32>) {
  // expected-error @+1 {{combine region takes 1 argument(s); 1 source(s) need 2, two tuples of scalars}}
  %0 = tile.reduce (%x) axis = 0 : (tensor<4xf32>) -> f32 {
  ^bb0(%a: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @combine_c6(%x: tensor<4xf32>, %y: tensor<4xi32>) {
  // expected-error @+1 {{argument 1 of the combine region has type 'f32'; the elements of source 1 have type 'i32'}}
  %0:2 = tile.reduce (%x, %y) axis = 0 : (tensor<4xf32>, tensor<4xi32>) -> (f32, i32) {
  ^bb0(%a: f32, %b: f32, %c: i32, %d: i32):
    tile.yield %a, %c : f32, i32
  }
  return
}

// -----

func.func @combine_c7(%x: tensor<4xf32>) {
  // expected-error @+1 {{combine region does not end with tile.yield}}
  %0 = tile.scan (%x) axis = 0 : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: f32, %b: f32):
    llvm.unreachable
  }
  return
}

// -----

func.func @combine_c8(%x: tensor<4xf32>) {
  // expected-error @+1 {{combine region yields 2 value(s) for 1 source(s)}}
  %0 = tile.reduce (%x) axis = 0 : (tensor<4xf32>) -> f32 {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a, %b : f32, f32
  }
  return
}

// -----

func.func @combine_c9(%x: tensor<4xf16>) {
  // expected-error @+1 {{combine region yields 'f32' as value 0; the elements of source 0 have type 'f16'}}
  %0 = tile.scan (%x) axis = 0 : (tensor<4xf16>) -> tensor<4xf16> {
  ^bb0(%a: f16, %b: f16):
    %c = arith.extf %a : f16 to f32
    tile.yield %c : f32
  }
  return
}

// -----

func.func @combine_region_sees_nothing_outside(%x: tensor<4xf32>, %y: f32) {
  // expected-note @+1 {{required by region isolation constraints}}
  %0 = tile.reduce (%x) axis = 0 : (tensor<4xf32>) -> f32 {
  ^bb0(%a: f32, %b: f32):
    // expected-error @+1 {{using value defined outside the region}}
    tile.yield %y : f32
  }
  return
}

// -----

func.func @reduce_c1_shape(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{result has type 'tensor<8xf32>'; 'tensor<4x8xf32>' without dimension 1 is a block of 'f32'}}
  %0 = tile.reduce (%x) axis = 1 : (tensor<4x8xf32>) -> tensor<8xf32> {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @reduce_c1_scalar(%x: tensor<4xf32>) {
  // expected-error @+1 {{result has type 'tensor<1xf32>'; 'tensor<4xf32>' without dimension 0 is a scalar 'f32'}}
  %0 = tile.reduce (%x) axis = 0 : (tensor<4xf32>) -> tensor<1xf32> {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @reduce_c1_element(%x: tensor<4xf16>) {
  // expected-error @+1 {{result has type 'f32'}}
  %0 = tile.reduce (%x) axis = 0 : (tensor<4xf16>) -> f32 {
  ^bb0(%a: f16, %b: f16):
    tile.yield %a : f16
  }
  return
}

// -----

func.func @layout_c1_of_reduce(%x: tensor<4x8xf32, "a">) {
  // expected-error @+1 {{has a layout on one side only}}
  %0 = tile.reduce (%x) axis = 0 : (tensor<4x8xf32, "a">) -> tensor<8xf32> {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @scan_c1(%x: tensor<4xf16>) {
  // expected-error @+1 {{result has type 'tensor<4xf32>'; it has the type of its source, 'tensor<4xf16>'}}
  %0 = tile.scan (%x) axis = 0 : (tensor<4xf16>) -> tensor<4xf32> {
  ^bb0(%a: f16, %b: f16):
    tile.yield %a : f16
  }
  return
}

// -----

func.func @fp_convert_c1(%x: f8E8M0FNU) {
  // expected-error @+1 {{does not convert 'f8E8M0FNU'; it knows f8E4M3FN, f8E5M2, f8E4M3FNUZ, f8E5M2FNUZ, f16, bf16, f32 and f64}}
  %0 = tile.fp_convert %x : f8E8M0FNU -> f32
  return
}

// -----

func.func @fp_convert_c2(%x: tensor<4xf32>) {
  // expected-error @+1 {{converts 'f32' to itself; use the value as it is}}
  %0 = tile.fp_convert %x : tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @fp_convert_block_c2(%x: tensor<4xf32, "a">) {
  // expected-error @+1 {{works element by element, but its blocks have different encodings}}
  %0 = tile.fp_convert %x : tensor<4xf32, "a"> -> tensor<4xf16, "b">
  return
}

// -----

func.func @fp_convert_shape(%x: tensor<4xf32>) {
  // expected-error @+1 {{all non-scalar operands/results must have the same shape and base type}}
  %0 = tile.fp_convert %x : tensor<4xf32> -> tensor<8xf16>
  return
}

// -----

func.func @print_c1(%x: i32) {
  // expected-error @+1 {{has 1 argument(s) but 0 sign(s); `signed` has one entry per argument}}
  tile.print "x" (%x : i32) signed = []
  return
}
