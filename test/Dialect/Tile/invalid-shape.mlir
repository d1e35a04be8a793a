// RUN: cosmati-opt %s --split-input-file --verify-diagnostics

func.func @make_range_c1() {
  // expected-error @+1 {{end -8 is not beyond start -8}}
  %0 = tile.make_range -8, -8 : tensor<1xi32>
  return
}

// -----

func.func @make_range_c2() {
  // expected-error @+1 {{result has type 'tensor<4xi32>'; its shape is end - start = 8}}
  %0 = tile.make_range 0, 8 : tensor<4xi32>
  return
}

// -----

func.func @move_c1_of_splat(%x: f32) {
  // expected-error @+1 {{changes the element type from 'f32' to 'f16'; it moves elements and keeps their type}}
  %0 = tile.splat %x : f32 -> tensor<4xf16>
  return
}

// -----

func.func @unsplat_c1(%x: tensor<2xf32>) {
  // expected-error @+1 {{takes a block of one element, got 'tensor<2xf32>'; reduce it first}}
  %0 = tile.unsplat %x : tensor<2xf32> -> f32
  return
}

// -----

func.func @move_c1_of_unsplat(%x: tensor<1xf32>) {
  // expected-error @+1 {{changes the element type from 'f32' to 'i32'}}
  %0 = tile.unsplat %x : tensor<1xf32> -> i32
  return
}

// -----

func.func @expand_dims_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{axis 2 is not in [0, 1]}}
  %0 = tile.expand_dims %x {axis = 2 : i32} : tensor<4xf32> -> tensor<4x1xf32>
  return
}

// -----

func.func @expand_dims_c1_negative(%x: tensor<4xf32>) {
  // expected-error @+1 {{axis -1 is not in [0, 1]}}
  %0 = tile.expand_dims %x {axis = -1 : i32} : tensor<4xf32> -> tensor<4x1xf32>
  return
}

// -----

func.func @expand_dims_c2(%x: tensor<4xf32>) {
  // expected-error @+1 {{result has shape 4x1; expand_dims of 4 is 1x4}}
  %0 = tile.expand_dims %x {axis = 0 : i32} : tensor<4xf32> -> tensor<4x1xf32>
  return
}

// -----

func.func @move_c1_of_expand_dims(%x: tensor<4xf32>) {
  // expected-error @+1 {{changes the element type from 'f32' to 'f64'}}
  %0 = tile.expand_dims %x {axis = 0 : i32} : tensor<4xf32> -> tensor<1x4xf64>
  return
}

// -----

func.func @layout_c1(%x: tensor<4xf32, "a">) {
  // expected-error @+1 {{has a layout on one side only: 'tensor<4xf32, "a">' becomes 'tensor<1x4xf32>'; give both an encoding, or neither}}
  %0 = tile.expand_dims %x {axis = 0 : i32} : tensor<4xf32, "a"> -> tensor<1x4xf32>
  return
}

// -----

func.func @broadcast_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{changes the rank from 1 to 2; insert dimensions with tile.expand_dims}}
  %0 = tile.broadcast %x : tensor<4xf32> -> tensor<4x4xf32>
  return
}

// -----

func.func @broadcast_c2(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{dimension 1 of extent 4 becomes 8; only a dimension of extent 1 can grow}}
  %0 = tile.broadcast %x : tensor<1x4xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @move_c1_of_broadcast(%x: tensor<1xf32>) {
  // expected-error @+1 {{changes the element type from 'f32' to 'i32'}}
  %0 = tile.broadcast %x : tensor<1xf32> -> tensor<4xi32>
  return
}

// -----

func.func @reshape_c1(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{changes the number of elements from 32 (4x8) to 16 (16)}}
  %0 = tile.reshape %x : tensor<4x8xf32> -> tensor<16xf32>
  return
}

// -----

func.func @move_c1_of_reshape(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{changes the element type from 'f32' to 'i32'}}
  %0 = tile.reshape %x : tensor<4x8xf32> -> tensor<32xi32>
  return
}

// -----

func.func @trans_c1(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{order has 1 entries for a block of rank 2}}
  %0 = tile.trans %x order [0] : tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @trans_c2(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{order [1, 1] is no permutation of 0 to 1}}
  %0 = tile.trans %x order [1, 1] : tensor<4x8xf32> -> tensor<8x8xf32>
  return
}

// -----

func.func @trans_c3(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{result has shape 4x8; trans of 4x8 is 8x4}}
  %0 = tile.trans %x order [1, 0] : tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @join_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{result has shape 2x4; join of 4 is 4x2}}
  %0 = tile.join %x, %x : tensor<4xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @split_c1_extent(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{takes a block of rank 2 or more whose last dimension has extent 2, got 'tensor<2x4xf32>'; reshape it first}}
  %0:2 = tile.split %x : tensor<2x4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @split_c1_rank(%x: tensor<2xf32>) {
  // expected-error @+1 {{takes a block of rank 2 or more}}
  %0:2 = tile.split %x : tensor<2xf32> -> tensor<1xf32>
  return
}

// -----

func.func @split_c2(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{result has shape 8; split of 4x2 is 4}}
  %0:2 = tile.split %x : tensor<4x2xf32> -> tensor<8xf32>
  return
}

// -----

func.func @cat_c1(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{result has shape 8x16; two blocks of shape 4x8 give one of twice the extent in one dimension}}
  %0 = tile.cat %x, %x : tensor<4x8xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @cat_c1_rank(%x: tensor<4xf32>) {
  // expected-error @+1 {{result has shape 2x4}}
  %0 = tile.cat %x, %x : tensor<4xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @layout_c1_of_cat(%x: tensor<4xf32, "a">) {
  // expected-error @+1 {{has a layout on one side only}}
  %0 = tile.cat %x, %x : tensor<4xf32, "a"> -> tensor<8xf32>
  return
}

// -----

func.func @move_c1_of_cat(%x: tensor<4xf32>) {
  // expected-error @+1 {{changes the element type from 'f32' to 'f16'}}
  %0 = tile.cat %x, %x : tensor<4xf32> -> tensor<8xf16>
  return
}

// -----

func.func @hint_c1(%x: i32) {
  // expected-error @+1 {{promises nothing; give multiple_of, contiguity or constancy}}
  %0 = tile.hint %x : i32
  return
}

// -----

func.func @hint_c2(%x: tensor<4x8xi32>) {
  // expected-error @+1 {{contiguity has 1 number(s); 'tensor<4x8xi32>' takes 2, one per dimension}}
  %0 = tile.hint %x contiguity [8] : tensor<4x8xi32>
  return
}

// -----

func.func @hint_c3(%x: i32) {
  // expected-error @+1 {{multiple_of holds 0; it counts elements from 1}}
  %0 = tile.hint %x multiple_of [0] : i32
  return
}

// -----

func.func @hint_c4(%x: tensor<8xf32>) {
  // expected-error @+1 {{multiple_of and contiguity speak of integers and pointers, not of 'f32'}}
  %0 = tile.hint %x contiguity [8] : tensor<8xf32>
  return
}
