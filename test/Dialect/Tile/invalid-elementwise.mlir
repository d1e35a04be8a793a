// RUN: cosmati-opt %s --split-input-file --verify-diagnostics

func.func @extern_elementwise_c1() {
  // expected-error @+1 {{calls f without an argument; it takes one or more}}
  %0 = tile.extern_elementwise "libdevice", "f" () : () -> f32
  return
}

// -----

func.func @extern_elementwise_c2(%x: f32) {
  // expected-error @+1 {{names no function}}
  %0 = tile.extern_elementwise "libdevice", "" (%x) : (f32) -> f32
  return
}

// -----

func.func @extern_elementwise_c3(%x: f32) {
  // expected-error @+1 {{calls f of the library 'mine', whose file is not given; only libdevice is searched for}}
  %0 = tile.extern_elementwise "mine", "f" (%x) : (f32) -> f32
  return
}

// -----

func.func @extern_elementwise_shape(%x: tensor<4xf32>) {
  // expected-error @+1 {{if an operand is non-scalar, then there must be at least one non-scalar result}}
  %0 = tile.extern_elementwise "libdevice", "f" (%x) : (tensor<4xf32>) -> f32
  return
}

// -----

func.func @inline_asm_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{has no result; give it one that is not used}}
  tile.inline_asm "nanosleep.u32 1;" constraints "" () : () -> ()
  return
}

// -----

func.func @inline_asm_c2(%x: tensor<4xf32>) {
  // expected-error @+1 {{pack is 3; it must be a power of two from 1 to 32}}
  %0 = tile.inline_asm "mov.b32 $0, $1;" constraints "=r,r" pack 3 (%x) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @inline_asm_c3(%x: tensor<4xf32>) {
  // expected-error @+1 {{the constraint '+r' is not known; outputs are =r, =l, =h, =f, =d or =b}}
  %0 = tile.inline_asm "mov.b32 $0, $1;" constraints "+r,r" (%x) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @inline_asm_c4(%x: tensor<4xi8>) {
  // expected-error @+1 {{the constraints name 2 input registers, but 1 arguments with pack=4 take 1 (1 of 32 bits)}}
  %0 = tile.inline_asm "mov.b32 $0, $1;" constraints "=r,r,r" pack 4 (%x) : (tensor<4xi8>) -> tensor<4xi8>
  return
}

// -----

func.func @inline_asm_c5(%x: tensor<4xi16>) {
  // expected-error @+1 {{output register 0 has 16 bits, but holds 2 elements of 16 bits; use a wider constraint or another pack}}
  %0 = tile.inline_asm "mov.b32 $0, $1;" constraints "=h,r" pack 2 (%x) : (tensor<4xi16>) -> tensor<4xi16>
  return
}

// -----

func.func @map_elementwise_c1(%x: f32) {
  // expected-error @+1 {{has 1 source(s) and 0 result(s); it needs one of each at least}}
  "tile.map_elementwise"(%x) ({
  ^bb0(%a: f32):
    "tile.yield"() : () -> ()
  }) : (f32) -> ()
  return
}

// -----

func.func @map_elementwise_c2(%x: tensor<4xf32>) {
  // expected-error @+1 {{pack is 0; it is 1 or more}}
  %0 = tile.map_elementwise (%x) pack 0 : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @map_elementwise_c3(%x: tensor<4xf32>) {
  // expected-error @+1 {{region takes 1 value(s); 1 source(s) with pack 2 need 2}}
  %0 = tile.map_elementwise (%x) pack 2 : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @map_elementwise_c3_type(%x: tensor<4xf32>) {
  // expected-error @+1 {{region takes 'i32' as value 0; the elements of source 0 have type 'f32'}}
  %0 = tile.map_elementwise (%x) : (tensor<4xf32>) -> tensor<4xi32> {
  ^bb0(%a: i32):
    tile.yield %a : i32
  }
  return
}

// -----

func.func @map_elementwise_c5(%x: tensor<4xf32>) {
  // expected-error @+1 {{region yields 'f32' as value 0; the elements of result 0 have type 'i32'}}
  %0 = tile.map_elementwise (%x) : (tensor<4xf32>) -> tensor<4xi32> {
  ^bb0(%a: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @map_elementwise_shape(%x: tensor<4xf32>, %y: tensor<8xf32>) {
  // expected-error @+1 {{all non-scalar operands/results must have the same shape and base type}}
  %0 = tile.map_elementwise (%x, %y) : (tensor<4xf32>, tensor<8xf32>) -> tensor<4xf32> {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}
