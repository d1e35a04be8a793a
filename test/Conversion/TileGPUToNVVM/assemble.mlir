// REQUIRES: cosmati-compile, ptxas
// RUN: cosmati-compile %s --target=sm_80 -o %t.ptx && %ptxas -arch=sm_80 %t.ptx -o %t.cubin
// RUN: cosmati-compile %s --target=sm_90a -o %t.ptx && %ptxas -arch=sm_90a %t.ptx -o %t.cubin
// The assembler accepts every form of InlinePtx.cpp.
func.func @forms(%x: !tile.ptr<i32>, %y: !tile.ptr<i8>, %h: !tile.ptr<f16>, %d: !tile.ptr<f64>, %n: i32) attributes {tile.kernel} {
  %r = tile.make_range 0, 512 : tensor<512xi32>
  %ns = tile.splat %n : i32 -> tensor<512xi32>
  %m = arith.cmpi slt, %r, %ns : tensor<512xi32>
  %xs = tile.splat %x : !tile.ptr<i32> -> tensor<512x!tile.ptr<i32>>
  %xp = tile.addptr %xs, %r : tensor<512x!tile.ptr<i32>>, tensor<512xi32>
  %ys = tile.splat %y : !tile.ptr<i8> -> tensor<512x!tile.ptr<i8>>
  %yp = tile.addptr %ys, %r : tensor<512x!tile.ptr<i8>>, tensor<512xi32>
  %hs = tile.splat %h : !tile.ptr<f16> -> tensor<512x!tile.ptr<f16>>
  %hp = tile.addptr %hs, %r : tensor<512x!tile.ptr<f16>>, tensor<512xi32>
  %ds = tile.splat %d : !tile.ptr<f64> -> tensor<512x!tile.ptr<f64>>
  %dp = tile.addptr %ds, %r : tensor<512x!tile.ptr<f64>>, tensor<512xi32>

  %0 = tile.load %xp {cache = #tile.cache<ca>} : tensor<512x!tile.ptr<i32>>
  %1 = tile.load %xp mask %m : tensor<512xi1> {cache = #tile.cache<cg>} : tensor<512x!tile.ptr<i32>>
  %2 = tile.load %xp mask %m : tensor<512xi1> {cache = #tile.cache<cv>} : tensor<512x!tile.ptr<i32>>
  %3 = tile.load %xp {evict = #tile.evict<evict_first>} : tensor<512x!tile.ptr<i32>>
  %4 = tile.load %xp mask %m : tensor<512xi1> {evict = #tile.evict<evict_last>} : tensor<512x!tile.ptr<i32>>
  %5 = tile.load %xp mask %m : tensor<512xi1> {isVolatile} : tensor<512x!tile.ptr<i32>>
  %6 = arith.addi %0, %1 : tensor<512xi32>
  %7 = arith.addi %2, %3 : tensor<512xi32>
  %8 = arith.addi %4, %5 : tensor<512xi32>
  %9 = arith.addi %6, %7 : tensor<512xi32>
  %v = arith.addi %8, %9 : tensor<512xi32>
  tile.store %xp, %v {cache = #tile.cache<wb>} : tensor<512x!tile.ptr<i32>>
  tile.store %xp, %v mask %m : tensor<512xi1> {cache = #tile.cache<cs>} : tensor<512x!tile.ptr<i32>>
  tile.store %xp, %v mask %m : tensor<512xi1> {cache = #tile.cache<wt>} : tensor<512x!tile.ptr<i32>>
  tile.store %xp, %v mask %m : tensor<512xi1> {evict = #tile.evict<evict_last>} : tensor<512x!tile.ptr<i32>>

  %b = tile.load %yp mask %m : tensor<512xi1> : tensor<512x!tile.ptr<i8>>
  tile.store %yp, %b mask %m : tensor<512xi1> : tensor<512x!tile.ptr<i8>>
  %w = tile.load %hp mask %m : tensor<512xi1> : tensor<512x!tile.ptr<f16>>
  tile.store %hp, %w mask %m : tensor<512xi1> : tensor<512x!tile.ptr<f16>>
  %g = tile.load %dp mask %m : tensor<512xi1> : tensor<512x!tile.ptr<f64>>
  tile.store %dp, %g mask %m : tensor<512xi1> : tensor<512x!tile.ptr<f64>>

  %a0 = tile.atomic_rmw add, relaxed, gpu, %xp, %v mask %m : tensor<512xi1> : tensor<512x!tile.ptr<i32>>
  %a1 = tile.atomic_rmw umax, acquire, cta, %xp, %a0 : tensor<512x!tile.ptr<i32>>
  %a2 = tile.atomic_rmw xor, release, sys, %xp, %a1 : tensor<512x!tile.ptr<i32>>
  %a3 = tile.atomic_rmw exch, acq_rel, gpu, %xp, %a2 : tensor<512x!tile.ptr<i32>>
  %a4 = tile.atomic_cas acq_rel, sys, %xp, %a3, %a2 : tensor<512x!tile.ptr<i32>>
  %a5 = tile.atomic_rmw fadd, relaxed, gpu, %hp, %w mask %m : tensor<512xi1> : tensor<512x!tile.ptr<f16>>
  %a6 = tile.atomic_rmw fadd, acq_rel, gpu, %dp, %g mask %m : tensor<512xi1> : tensor<512x!tile.ptr<f64>>
  %a7 = tile.atomic_rmw fmin, relaxed, gpu, %dp, %g : tensor<512x!tile.ptr<f64>>
  tile.store %xp, %a4 : tensor<512x!tile.ptr<i32>>
  return
}
