// RUN: cosmati-opt %s --split-input-file --convert-tile-to-tilegpu --tilegpu-coalesce --tilegpu-remove-layout-conversions | FileCheck %s

// Everything follows the loads: no conversion is left.
// CHECK-LABEL: @elementwise_follows_memory
// CHECK-NOT: convert_layout
// CHECK: return
func.func @elementwise_follows_memory(%x: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %o: !tile.ptr<f32> {tile.divisibility = 16 : i32}) attributes {tile.kernel} {
  %r = tile.make_range 0, 1024 : tensor<1024xi32>
  %xs = tile.splat %x : !tile.ptr<f32> -> tensor<1024x!tile.ptr<f32>>
  %xp = tile.addptr %xs, %r : tensor<1024x!tile.ptr<f32>>, tensor<1024xi32>
  %v = tile.load %xp : tensor<1024x!tile.ptr<f32>>
  %w = math.exp %v : tensor<1024xf32>
  %os = tile.splat %o : !tile.ptr<f32> -> tensor<1024x!tile.ptr<f32>>
  %op = tile.addptr %os, %r : tensor<1024x!tile.ptr<f32>>, tensor<1024xi32>
  tile.store %op, %w : tensor<1024x!tile.ptr<f32>>
  return
}

// -----

// A loop's accumulator and its moving pointers take the layout of the load, and the reduction is done where the data lies.
// CHECK-LABEL: @loop_variables_follow
// CHECK-NOT: convert_layout
// CHECK: scf.for
// CHECK-NOT: convert_layout
// CHECK: return
func.func @loop_variables_follow(%x: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %o: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32) attributes {tile.kernel} {
  %zero = arith.constant dense<0.0> : tensor<512xf32>
  %step = arith.constant dense<512> : tensor<512xi32>
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %r = tile.make_range 0, 512 : tensor<512xi32>
  %xs = tile.splat %x : !tile.ptr<f32> -> tensor<512x!tile.ptr<f32>>
  %xp = tile.addptr %xs, %r : tensor<512x!tile.ptr<f32>>, tensor<512xi32>
  %sum:2 = scf.for %i = %c0 to %n step %c1 iter_args(%p = %xp, %acc = %zero) -> (tensor<512x!tile.ptr<f32>>, tensor<512xf32>) : i32 {
    %v = tile.load %p : tensor<512x!tile.ptr<f32>>
    %a = arith.addf %acc, %v : tensor<512xf32>
    %q = tile.addptr %p, %step : tensor<512x!tile.ptr<f32>>, tensor<512xi32>
    scf.yield %q, %a : tensor<512x!tile.ptr<f32>>, tensor<512xf32>
  }
  %total = tile.reduce(%sum#1) axis = 0 : (tensor<512xf32>) -> f32 {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    tile.yield %s : f32
  }
  tile.store %o, %total : !tile.ptr<f32>
  return
}

// -----

// Loads that are contiguous along different dims can't share a layout: one conversion, of the loaded data, is left; addresses are computed twice.
// CHECK-LABEL: @transposed_store_needs_one_conversion
// CHECK: tile.load
// CHECK: %[[V:.*]] = tilegpu.convert_layout {{.*}} : tensor<64x64xf32
// CHECK-NOT: convert_layout
// CHECK: tile.store %{{.*}}, %[[V]]
func.func @transposed_store_needs_one_conversion(%x: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %o: !tile.ptr<f32> {tile.divisibility = 16 : i32}) attributes {tile.kernel} {
  %c64 = arith.constant dense<64> : tensor<64x64xi32>
  %r = tile.make_range 0, 64 : tensor<64xi32>
  %r0 = tile.expand_dims %r {axis = 1 : i32} : tensor<64xi32> -> tensor<64x1xi32>
  %r1 = tile.expand_dims %r {axis = 0 : i32} : tensor<64xi32> -> tensor<1x64xi32>
  %i = tile.broadcast %r0 : tensor<64x1xi32> -> tensor<64x64xi32>
  %j = tile.broadcast %r1 : tensor<1x64xi32> -> tensor<64x64xi32>
  %i64 = arith.muli %i, %c64 : tensor<64x64xi32>
  %j64 = arith.muli %j, %c64 : tensor<64x64xi32>
  %rows = arith.addi %i64, %j : tensor<64x64xi32>
  %columns = arith.addi %j64, %i : tensor<64x64xi32>
  %xs = tile.splat %x : !tile.ptr<f32> -> tensor<64x64x!tile.ptr<f32>>
  %xp = tile.addptr %xs, %rows : tensor<64x64x!tile.ptr<f32>>, tensor<64x64xi32>
  %v = tile.load %xp : tensor<64x64x!tile.ptr<f32>>
  %os = tile.splat %o : !tile.ptr<f32> -> tensor<64x64x!tile.ptr<f32>>
  %op = tile.addptr %os, %columns : tensor<64x64x!tile.ptr<f32>>, tensor<64x64xi32>
  tile.store %op, %v : tensor<64x64x!tile.ptr<f32>>
  return
}

// -----

// A row's sum divides the row: the reduced value comes back without a conversion.
// CHECK-LABEL: @reduction_and_broadcast
// CHECK-NOT: convert_layout
// CHECK: return
func.func @reduction_and_broadcast(%x: !tile.ptr<f32> {tile.divisibility = 16 : i32}) attributes {tile.kernel} {
  %c128 = arith.constant dense<128> : tensor<16x128xi32>
  %r = tile.make_range 0, 16 : tensor<16xi32>
  %c = tile.make_range 0, 128 : tensor<128xi32>
  %re = tile.expand_dims %r {axis = 1 : i32} : tensor<16xi32> -> tensor<16x1xi32>
  %ce = tile.expand_dims %c {axis = 0 : i32} : tensor<128xi32> -> tensor<1x128xi32>
  %rb = tile.broadcast %re : tensor<16x1xi32> -> tensor<16x128xi32>
  %cb = tile.broadcast %ce : tensor<1x128xi32> -> tensor<16x128xi32>
  %row = arith.muli %rb, %c128 : tensor<16x128xi32>
  %off = arith.addi %row, %cb : tensor<16x128xi32>
  %xs = tile.splat %x : !tile.ptr<f32> -> tensor<16x128x!tile.ptr<f32>>
  %p = tile.addptr %xs, %off : tensor<16x128x!tile.ptr<f32>>, tensor<16x128xi32>
  %v = tile.load %p : tensor<16x128x!tile.ptr<f32>>
  %s = tile.reduce(%v) axis = 1 : (tensor<16x128xf32>) -> tensor<16xf32> {
  ^bb0(%a: f32, %b: f32):
    %t = arith.addf %a, %b : f32
    tile.yield %t : f32
  }
  %se = tile.expand_dims %s {axis = 1 : i32} : tensor<16xf32> -> tensor<16x1xf32>
  %sb = tile.broadcast %se : tensor<16x1xf32> -> tensor<16x128xf32>
  %q = arith.divf %v, %sb : tensor<16x128xf32>
  tile.store %p, %q : tensor<16x128x!tile.ptr<f32>>
  return
}

// -----

// The blocks of a scan share one layout, though the stores would like a different one for each result: one store's value
// is converted.
// CHECK-LABEL: @results_of_a_scan_stay_together
// CHECK: tile.scan(%{{.*}}, %{{.*}}) axis = 0 : (tensor<16x64xi32, #[[S:.*]]>, tensor<16x64xi32, #[[S]]>) -> (tensor<16x64xi32, #[[S]]>, tensor<16x64xi32, #[[S]]>)
func.func @results_of_a_scan_stay_together(%x: !tile.ptr<i32> {tile.divisibility = 16 : i32}, %y: !tile.ptr<i32> {tile.divisibility = 16 : i32}) attributes {tile.kernel} {
  %c64 = arith.constant dense<64> : tensor<16x64xi32>
  %c16 = arith.constant dense<16> : tensor<16x64xi32>
  %r = tile.make_range 0, 16 : tensor<16xi32>
  %c = tile.make_range 0, 64 : tensor<64xi32>
  %re = tile.expand_dims %r {axis = 1 : i32} : tensor<16xi32> -> tensor<16x1xi32>
  %ce = tile.expand_dims %c {axis = 0 : i32} : tensor<64xi32> -> tensor<1x64xi32>
  %rb = tile.broadcast %re : tensor<16x1xi32> -> tensor<16x64xi32>
  %cb = tile.broadcast %ce : tensor<1x64xi32> -> tensor<16x64xi32>
  %s:2 = tile.scan(%rb, %cb) axis = 0 : (tensor<16x64xi32>, tensor<16x64xi32>) -> (tensor<16x64xi32>, tensor<16x64xi32>) {
  ^bb0(%a: i32, %b: i32, %d: i32, %e: i32):
    %m = arith.muli %a, %d : i32
    %n = arith.addi %b, %e : i32
    tile.yield %m, %n : i32, i32
  }
  %row = arith.muli %rb, %c64 : tensor<16x64xi32>
  %rows = arith.addi %row, %cb : tensor<16x64xi32>
  %xs = tile.splat %x : !tile.ptr<i32> -> tensor<16x64x!tile.ptr<i32>>
  %px = tile.addptr %xs, %rows : tensor<16x64x!tile.ptr<i32>>, tensor<16x64xi32>
  tile.store %px, %s#0 : tensor<16x64x!tile.ptr<i32>>
  %column = arith.muli %cb, %c16 : tensor<16x64xi32>
  %columns = arith.addi %column, %rb : tensor<16x64xi32>
  %ys = tile.splat %y : !tile.ptr<i32> -> tensor<16x64x!tile.ptr<i32>>
  %py = tile.addptr %ys, %columns : tensor<16x64x!tile.ptr<i32>>, tensor<16x64xi32>
  tile.store %py, %s#1 : tensor<16x64x!tile.ptr<i32>>
  return
}
