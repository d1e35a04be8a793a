// RUN: cosmati-opt %s --split-input-file --verify-diagnostics

// kernel_c1
// expected-error @+1 {{'tile.kernel' is a unit attribute, got 1 : i32}}
func.func @kernel_attribute_is_unit() attributes {tile.kernel = 1 : i32} {
  return
}

// -----

// kernel_c2
// expected-error @+1 {{a kernel returns nothing, this one returns 1 value(s); store them through a pointer argument}}
func.func @kernel_returns_nothing(%x: i32) -> i32 attributes {tile.kernel} {
  return %x : i32
}

// -----

// kernel_c3
// expected-error @+1 {{argument 1 of a kernel has type 'tensor<4xf32>'; a kernel takes numbers and !tile.ptr}}
func.func @kernel_takes_scalars(%x: i32, %y: tensor<4xf32>) attributes {tile.kernel} {
  return
}

// -----

// divisibility_c1
// expected-error @+1 {{argument 0: 'tile.divisibility' is a positive i32, got 0 : i32}}
func.func @divisibility_is_positive(%x: i32 {tile.divisibility = 0 : i32}) attributes {tile.kernel} {
  return
}

// -----

// divisibility_c2
// expected-error @+1 {{argument 0: 'tile.divisibility' says nothing about type 'f32'; it belongs on integers and pointers}}
func.func @divisibility_of_integers(%x: f32 {tile.divisibility = 16 : i32}) attributes {tile.kernel} {
  return
}

// -----

// ptr_c1
// expected-error @+1 {{a pointer points to a signless integer, a float or a pointer, not to 'tensor<4xf32>'}}
func.func @ptr_to_scalar(%x: !tile.ptr<tensor<4xf32>>) {
  return
}

// -----

// ptr_c2
// expected-error @+1 {{address space 8 is beyond PTX's 0 to 7}}
func.func @ptr_address_space(%x: !tile.ptr<f32, 8>) {
  return
}

// -----

func.func @addptr_c1(%p: !tile.ptr<f32>, %c: i1) {
  // expected-error @+1 {{offset has 1 bits; an offset has 8 to 64}}
  %0 = tile.addptr %p, %c : !tile.ptr<f32>, i1
  return
}

// -----

func.func @addptr_shapes(%p: tensor<4x!tile.ptr<f32>>, %i: tensor<8xi32>) {
  // expected-error @+1 {{all non-scalar operands/results must have the same shape and base type}}
  %0 = tile.addptr %p, %i : tensor<4x!tile.ptr<f32>>, tensor<8xi32>
  return
}

// -----

func.func @addptr_scalar_and_block(%p: !tile.ptr<f32>, %i: tensor<8xi32>) {
  // expected-error @+1 {{if an operand is non-scalar, then there must be at least one non-scalar result}}
  %0 = tile.addptr %p, %i : !tile.ptr<f32>, tensor<8xi32>
  return
}

// -----

func.func @block_c1_static(%p: tensor<?x!tile.ptr<f32>>, %i: tensor<?xi32>) {
  // expected-error @+1 {{dimension 0 of 'tensor<?x!tile.ptr<f32>>' is no static positive number; the shape of a block is known when it is compiled}}
  %0 = tile.addptr %p, %i : tensor<?x!tile.ptr<f32>>, tensor<?xi32>
  return
}

// -----

func.func @block_c1_empty(%p: tensor<4x0x!tile.ptr<f32>>) {
  // expected-error @+1 {{dimension 1 of 'tensor<4x0x!tile.ptr<f32>>' is no static positive number}}
  %0 = tile.load %p : tensor<4x0x!tile.ptr<f32>>
  return
}

// -----

func.func @block_c1_rank(%p: tensor<!tile.ptr<f32>>) {
  // expected-error @+1 {{has a block of rank 0: 'tensor<!tile.ptr<f32>>'; use the scalar type '!tile.ptr<f32>'}}
  %0 = tile.load %p : tensor<!tile.ptr<f32>>
  return
}

// -----

func.func @block_c2(%p: tensor<4x!tile.ptr<f32>, "a">, %i: tensor<4xi32, "b">) {
  // expected-error @+1 {{works element by element, but its blocks have different encodings: 'tensor<4x!tile.ptr<f32>, "a">' and 'tensor<4xi32, "b">'; convert the layout of one first}}
  %0 = tile.addptr %p, %i : tensor<4x!tile.ptr<f32>, "a">, tensor<4xi32, "b">
  return
}

// -----

func.func @block_c2_result(%p: tensor<4x!tile.ptr<f32>, "a">) {
  // expected-error @+1 {{works element by element, but its blocks have different encodings}}
  %0 = tile.ptr_to_int %p : tensor<4x!tile.ptr<f32>, "a"> -> tensor<4xi64>
  return
}

// -----

func.func @address_c1_of_ptr_to_int(%p: !tile.ptr<f32>) {
  // expected-error @+1 {{an address has 64 bits, got 'i32'; extend or truncate it}}
  %0 = tile.ptr_to_int %p : !tile.ptr<f32> -> i32
  return
}

// -----

func.func @address_c1_of_int_to_ptr(%i: tensor<4xi32>) {
  // expected-error @+1 {{an address has 64 bits, got 'tensor<4xi32>'; extend or truncate it}}
  %0 = tile.int_to_ptr %i : tensor<4xi32> -> tensor<4x!tile.ptr<f32>>
  return
}

// -----

func.func @ptr_cast_c1(%p: !tile.ptr<f32>) {
  // expected-error @+1 {{changes the address space from 1 to 3; it changes the pointee only}}
  %0 = tile.ptr_cast %p : !tile.ptr<f32> -> !tile.ptr<f32, 3>
  return
}

// -----

func.func @load_c1(%p: tensor<8x!tile.ptr<f32>>, %m: tensor<4xi1>) {
  // expected-error @+1 {{mask has type 'tensor<4xi1>'; pointers of type 'tensor<8x!tile.ptr<f32>>' take a mask of type 'tensor<8xi1>'}}
  %0 = tile.load %p mask %m : tensor<4xi1> : tensor<8x!tile.ptr<f32>>
  return
}

// -----

func.func @load_c1_layout(%p: tensor<8x!tile.ptr<f32>, "a">, %m: tensor<8xi1>) {
  // expected-error @+1 {{mask has type 'tensor<8xi1>'; pointers of type 'tensor<8x!tile.ptr<f32>, "a">' take a mask of type 'tensor<8xi1, "a">'}}
  %0 = tile.load %p mask %m : tensor<8xi1> : tensor<8x!tile.ptr<f32>, "a">
  return
}

// -----

func.func @load_c2(%p: !tile.ptr<f32>, %o: f32) {
  // expected-error @+1 {{`other` replaces masked-off elements, but there is no mask; drop it or give a mask}}
  %0 = tile.load %p other %o : f32 : !tile.ptr<f32>
  return
}

// -----

func.func @load_c3(%p: !tile.ptr<f32>, %m: i1, %o: f16) {
  // expected-error @+1 {{`other` has type 'f16'; it has the type of the result, 'f32'}}
  %0 = tile.load %p mask %m : i1 other %o : f16 : !tile.ptr<f32>
  return
}

// -----

func.func @load_c4(%p: !tile.ptr<f32>) {
  // expected-error @+1 {{cache operator 'wt' is for stores; a load takes ca, cg, cs or cv}}
  %0 = tile.load %p {cache = #tile.cache<wt>} : !tile.ptr<f32>
  return
}

// -----

func.func @load_c5(%p: tensor<8x!tile.ptr<i1>>) {
  // expected-error @+1 {{memory holds elements of 8, 16, 32 or 64 bits, not 'i1'; cast the pointer with tile.ptr_cast, e.g. from i1 to i8}}
  %0 = tile.load %p : tensor<8x!tile.ptr<i1>>
  return
}

// -----

func.func @store_c1(%p: tensor<8x!tile.ptr<f32>>, %v: tensor<8xf32>, %m: i1) {
  // expected-error @+1 {{mask has type 'i1'; pointers of type 'tensor<8x!tile.ptr<f32>>' take a mask of type 'tensor<8xi1>'}}
  tile.store %p, %v mask %m : i1 : tensor<8x!tile.ptr<f32>>
  return
}

// -----

func.func @store_c2(%p: !tile.ptr<f32>, %v: f32) {
  // expected-error @+1 {{cache operator 'cv' is for loads; a store takes wb, cg, cs or wt}}
  tile.store %p, %v {cache = #tile.cache<cv>} : !tile.ptr<f32>
  return
}

// -----

func.func @store_c3(%p: !tile.ptr<i24>, %v: i24) {
  // expected-error @+1 {{memory holds elements of 8, 16, 32 or 64 bits, not 'i24'}}
  tile.store %p, %v : !tile.ptr<i24>
  return
}

// -----

// expected-note @+1 {{prior use here}}
func.func @store_type(%p: !tile.ptr<f32>, %v: f16) {
  // expected-error @+1 {{use of value '%v' expects different type than prior uses: 'f32' vs 'f16'}}
  tile.store %p, %v : !tile.ptr<f32>
  return
}

// -----

func.func @atomic_rmw_c1(%p: tensor<8x!tile.ptr<f32>>, %v: tensor<8xf32>, %m: tensor<4xi1>) {
  // expected-error @+1 {{mask has type 'tensor<4xi1>'}}
  %0 = tile.atomic_rmw fadd, relaxed, gpu, %p, %v mask %m : tensor<4xi1> : tensor<8x!tile.ptr<f32>>
  return
}

// -----

func.func @atomic_rmw_c2_kind(%p: !tile.ptr<f32>, %v: f32) {
  // expected-error @+1 {{'add' does not work on 'f32'; it takes integers of 32 to 64 bits}}
  %0 = tile.atomic_rmw add, relaxed, gpu, %p, %v : !tile.ptr<f32>
  return
}

// -----

func.func @atomic_rmw_c2_width(%p: !tile.ptr<f16>, %v: f16) {
  // expected-error @+1 {{'fmax' does not work on 'f16'; it takes floats of 32 to 64 bits}}
  %0 = tile.atomic_rmw fmax, relaxed, gpu, %p, %v : !tile.ptr<f16>
  return
}

// -----

func.func @atomic_rmw_c2_small(%p: !tile.ptr<i8>, %v: i8) {
  // expected-error @+1 {{'exch' does not work on 'i8'; it takes numbers of 32 to 64 bits}}
  %0 = tile.atomic_rmw exch, relaxed, gpu, %p, %v : !tile.ptr<i8>
  return
}

// -----

func.func @atomic_cas_c1(%p: !tile.ptr<i8>, %v: i8) {
  // expected-error @+1 {{does not work on 'i8'; it takes numbers of 16, 32 or 64 bits}}
  %0 = tile.atomic_cas relaxed, gpu, %p, %v, %v : !tile.ptr<i8>
  return
}
