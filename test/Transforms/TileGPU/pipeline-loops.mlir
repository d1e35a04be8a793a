// RUN: cosmati-opt %s --split-input-file --verify-diagnostics --pass-pipeline="builtin.module(convert-tile-to-tilegpu{num-warps=4 target=80},func.func(tilegpu-coalesce,tilegpu-select-tensor-core,tilegpu-remove-layout-conversions),canonicalize,cse,func.func(tilegpu-stage-shared,tilegpu-pipeline-loops{num-stages=3}),canonicalize)" | FileCheck %s

// Two stages of copies before the loop, masked by whether there are iterations for them; in the loop one wait, one barrier, the copy of two iterations ahead, and the products.
// CHECK-LABEL: @gemm
// CHECK: %[[A:.*]] = tilegpu.shared_alloc "dot operand" slots 3 : <32x32xf16,
// CHECK: %[[B:.*]] = tilegpu.shared_alloc "dot operand" slots 3 : <32x32xf16,
// CHECK: %[[SOME:.*]] = arith.cmpi sgt, %arg3, %c0_i32
// CHECK: %[[A0:.*]] = tilegpu.shared_slot %[[A]][%c0_i32] phase 1
// CHECK: %[[M0:.*]] = tile.splat %[[SOME]]
// CHECK: tilegpu.async_copy %{{.*}}, %[[A0]] mask %[[M0]] {tilegpu.vector = 8 : i32}
// CHECK: tilegpu.async_copy
// CHECK-NEXT: tilegpu.async_commit
// CHECK: arith.cmpi sgt, %arg3, %c1_i32
// CHECK: tilegpu.shared_slot %[[A]][%c1_i32] phase 1
// CHECK: tilegpu.async_commit
// CHECK: scf.for %[[I:.*]] = %c0_i32 to %arg3 step %c1_i32 iter_args(%[[ACC:.*]] = %{{.*}}, %[[COPIED:.*]] = %c2_i32, %[[READ:.*]] = %c0_i32)
// CHECK: %[[LAST:.*]] = arith.subi %arg3, %c2_i32
// CHECK: arith.cmpi slt, %[[I]], %[[LAST]]
// CHECK-NEXT: tilegpu.async_wait 1
// CHECK-NEXT: tilegpu.barrier
// CHECK: arith.addi %[[I]], %c2_i32
// CHECK: tilegpu.shared_slot %[[A]][%[[COPIED]]] phase 1
// CHECK: tilegpu.shared_slot %[[B]][%[[COPIED]]] phase 1
// CHECK: tilegpu.async_commit
// CHECK: %[[SLOT:.*]] = tilegpu.shared_slot %[[A]][%[[READ]]] : <32x32xf16
// CHECK: %[[X:.*]] = tilegpu.shared_load %[[SLOT]]
// CHECK: tilegpu.mma {{.*}} %[[X]], %{{.*}}, %[[ACC]]
// CHECK: }
// CHECK-NEXT: tilegpu.async_wait 0
// CHECK-NOT: tile.load
func.func @gemm(%a: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %b: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %c: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32) attributes {tile.kernel} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %acc0 = arith.constant dense<0.0> : tensor<32x32xf32>
  %r = tile.make_range 0, 32 : tensor<32xi32>
  %rows = tile.expand_dims %r {axis = 1 : i32} : tensor<32xi32> -> tensor<32x1xi32>
  %cols = tile.expand_dims %r {axis = 0 : i32} : tensor<32xi32> -> tensor<1x32xi32>
  %w = arith.constant dense<32> : tensor<32x1xi32>
  %ro = arith.muli %rows, %w : tensor<32x1xi32>
  %rb = tile.broadcast %ro : tensor<32x1xi32> -> tensor<32x32xi32>
  %cb = tile.broadcast %cols : tensor<1x32xi32> -> tensor<32x32xi32>
  %off = arith.addi %rb, %cb : tensor<32x32xi32>
  %ap = tile.splat %a : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %bp = tile.splat %b : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %cp = tile.splat %c : !tile.ptr<f32> -> tensor<32x32x!tile.ptr<f32>>
  %aq = tile.addptr %ap, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %bq = tile.addptr %bp, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %cq = tile.addptr %cp, %off : tensor<32x32x!tile.ptr<f32>>, tensor<32x32xi32>
  %k = arith.constant 1024 : i32
  %acc = scf.for %i = %zero to %n step %one iter_args(%s = %acc0) -> (tensor<32x32xf32>) : i32 {
    %ik = arith.muli %i, %k : i32
    %is = tile.splat %ik : i32 -> tensor<32x32xi32>
    %pa = tile.addptr %aq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %pb = tile.addptr %bq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %x = tile.load %pa : tensor<32x32x!tile.ptr<f16>>
    %y = tile.load %pb : tensor<32x32x!tile.ptr<f16>>
    %d = tile.dot %x, %y, %s : tensor<32x32xf16>, tensor<32x32xf16>, tensor<32x32xf32>
    scf.yield %d : tensor<32x32xf32>
  }
  tile.store %cq, %acc : tensor<32x32x!tile.ptr<f32>>
  return
}

// A loop's own number of stages comes first.
// CHECK-LABEL: @one_stage
// CHECK: scf.for
// CHECK: tile.load
// CHECK: tilegpu.shared_store
// CHECK-NOT: async_copy
func.func @one_stage(%a: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %b: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %c: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32) attributes {tile.kernel} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %acc0 = arith.constant dense<0.0> : tensor<32x32xf32>
  %r = tile.make_range 0, 32 : tensor<32xi32>
  %rows = tile.expand_dims %r {axis = 1 : i32} : tensor<32xi32> -> tensor<32x1xi32>
  %cols = tile.expand_dims %r {axis = 0 : i32} : tensor<32xi32> -> tensor<1x32xi32>
  %w = arith.constant dense<32> : tensor<32x1xi32>
  %ro = arith.muli %rows, %w : tensor<32x1xi32>
  %rb = tile.broadcast %ro : tensor<32x1xi32> -> tensor<32x32xi32>
  %cb = tile.broadcast %cols : tensor<1x32xi32> -> tensor<32x32xi32>
  %off = arith.addi %rb, %cb : tensor<32x32xi32>
  %ap = tile.splat %a : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %bp = tile.splat %b : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %cp = tile.splat %c : !tile.ptr<f32> -> tensor<32x32x!tile.ptr<f32>>
  %aq = tile.addptr %ap, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %bq = tile.addptr %bp, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %cq = tile.addptr %cp, %off : tensor<32x32x!tile.ptr<f32>>, tensor<32x32xi32>
  %k = arith.constant 1024 : i32
  %acc = scf.for %i = %zero to %n step %one iter_args(%s = %acc0) -> (tensor<32x32xf32>) : i32 {
    %ik = arith.muli %i, %k : i32
    %is = tile.splat %ik : i32 -> tensor<32x32xi32>
    %pa = tile.addptr %aq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %pb = tile.addptr %bq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %x = tile.load %pa : tensor<32x32x!tile.ptr<f16>>
    %y = tile.load %pb : tensor<32x32x!tile.ptr<f16>>
    %d = tile.dot %x, %y, %s : tensor<32x32xf16>, tensor<32x32xf16>, tensor<32x32xf32>
    scf.yield %d : tensor<32x32xf32>
  } {tile.num_stages = 1 : i32}
  tile.store %cq, %acc : tensor<32x32x!tile.ptr<f32>>
  return
}

// Fewer iterations than stages: no copy in the loop reads anything.
// CHECK-LABEL: @twice
// CHECK: scf.for %[[I:.*]] = %c0_i32 to %c2_i32 step
// CHECK: %[[MORE:.*]] = arith.cmpi slt, %[[I]], %c0_i32
// CHECK: %[[NONE:.*]] = tile.splat %[[MORE]]
// CHECK: tilegpu.async_copy %{{.*}}, %{{.*}} mask %[[NONE]]
func.func @twice(%a: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %b: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %c: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32) attributes {tile.kernel} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %acc0 = arith.constant dense<0.0> : tensor<32x32xf32>
  %r = tile.make_range 0, 32 : tensor<32xi32>
  %rows = tile.expand_dims %r {axis = 1 : i32} : tensor<32xi32> -> tensor<32x1xi32>
  %cols = tile.expand_dims %r {axis = 0 : i32} : tensor<32xi32> -> tensor<1x32xi32>
  %w = arith.constant dense<32> : tensor<32x1xi32>
  %ro = arith.muli %rows, %w : tensor<32x1xi32>
  %rb = tile.broadcast %ro : tensor<32x1xi32> -> tensor<32x32xi32>
  %cb = tile.broadcast %cols : tensor<1x32xi32> -> tensor<32x32xi32>
  %off = arith.addi %rb, %cb : tensor<32x32xi32>
  %ap = tile.splat %a : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %bp = tile.splat %b : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %cp = tile.splat %c : !tile.ptr<f32> -> tensor<32x32x!tile.ptr<f32>>
  %aq = tile.addptr %ap, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %bq = tile.addptr %bp, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %cq = tile.addptr %cp, %off : tensor<32x32x!tile.ptr<f32>>, tensor<32x32xi32>
  %two = arith.constant 2 : i32
  %k = arith.constant 1024 : i32
  %acc = scf.for %i = %zero to %two step %one iter_args(%s = %acc0) -> (tensor<32x32xf32>) : i32 {
    %ik = arith.muli %i, %k : i32
    %is = tile.splat %ik : i32 -> tensor<32x32xi32>
    %pa = tile.addptr %aq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %pb = tile.addptr %bq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %x = tile.load %pa : tensor<32x32x!tile.ptr<f16>>
    %y = tile.load %pb : tensor<32x32x!tile.ptr<f16>>
    %d = tile.dot %x, %y, %s : tensor<32x32xf16>, tensor<32x32xf16>, tensor<32x32xf32>
    scf.yield %d : tensor<32x32xf32>
  }
  tile.store %cq, %acc : tensor<32x32x!tile.ptr<f32>>
  return
}

// -----

// The index of iteration i + 2 is loaded while iteration i + 1 is copied: it waits in a register.
// CHECK-LABEL: @indirect
// CHECK: shared_alloc "dot operand" slots 2
// CHECK: tile.load
// CHECK: scf.for {{.*}} iter_args({{.*}}, %[[PAGE:[a-z0-9]*]] = %{{[a-z0-9]*}}) -> ({{.*}}, i32)
// CHECK: tilegpu.async_wait 0
// CHECK-NEXT: tilegpu.barrier
// CHECK: %[[NEXT:.*]] = tile.load %{{.*}} mask %{{.*}} : i1 : !tile.ptr<i32>
// CHECK: arith.muli %[[PAGE]], %c1024_i32
// CHECK: tilegpu.async_copy
// CHECK: scf.yield {{.*}}, %[[NEXT]] :
func.func @indirect(%index: !tile.ptr<i32>, %a: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %b: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %c: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32) attributes {tile.kernel} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %acc0 = arith.constant dense<0.0> : tensor<32x32xf32>
  %r = tile.make_range 0, 32 : tensor<32xi32>
  %rows = tile.expand_dims %r {axis = 1 : i32} : tensor<32xi32> -> tensor<32x1xi32>
  %cols = tile.expand_dims %r {axis = 0 : i32} : tensor<32xi32> -> tensor<1x32xi32>
  %w = arith.constant dense<32> : tensor<32x1xi32>
  %ro = arith.muli %rows, %w : tensor<32x1xi32>
  %rb = tile.broadcast %ro : tensor<32x1xi32> -> tensor<32x32xi32>
  %cb = tile.broadcast %cols : tensor<1x32xi32> -> tensor<32x32xi32>
  %off = arith.addi %rb, %cb : tensor<32x32xi32>
  %ap = tile.splat %a : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %bp = tile.splat %b : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %cp = tile.splat %c : !tile.ptr<f32> -> tensor<32x32x!tile.ptr<f32>>
  %aq = tile.addptr %ap, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %bq = tile.addptr %bp, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %cq = tile.addptr %cp, %off : tensor<32x32x!tile.ptr<f32>>, tensor<32x32xi32>
  %k = arith.constant 1024 : i32
  %acc = scf.for %i = %zero to %n step %one iter_args(%s = %acc0) -> (tensor<32x32xf32>) : i32 {
    %ip = tile.addptr %index, %i : !tile.ptr<i32>, i32
    %page = tile.load %ip : !tile.ptr<i32>
    %ik = arith.muli %page, %k : i32
    %is = tile.splat %ik : i32 -> tensor<32x32xi32>
    %pa = tile.addptr %aq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %pb = tile.addptr %bq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %x = tile.load %pa : tensor<32x32x!tile.ptr<f16>>
    %y = tile.load %pb : tensor<32x32x!tile.ptr<f16>>
    %d = tile.dot %x, %y, %s : tensor<32x32xf16>, tensor<32x32xf16>, tensor<32x32xf32>
    scf.yield %d : tensor<32x32xf32>
  }
  tile.store %cq, %acc : tensor<32x32x!tile.ptr<f32>>
  return
}

// -----

// What the loop stores it may read later: that operand is not loaded ahead, the other one is.
// CHECK-LABEL: @stores
// CHECK: scf.for
// CHECK: tilegpu.async_copy
// CHECK: tile.load
// CHECK-NOT: async_copy
// CHECK: }
func.func @stores(%a: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %b: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %c: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32) attributes {tile.kernel} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %acc0 = arith.constant dense<0.0> : tensor<32x32xf32>
  %r = tile.make_range 0, 32 : tensor<32xi32>
  %rows = tile.expand_dims %r {axis = 1 : i32} : tensor<32xi32> -> tensor<32x1xi32>
  %cols = tile.expand_dims %r {axis = 0 : i32} : tensor<32xi32> -> tensor<1x32xi32>
  %w = arith.constant dense<32> : tensor<32x1xi32>
  %ro = arith.muli %rows, %w : tensor<32x1xi32>
  %rb = tile.broadcast %ro : tensor<32x1xi32> -> tensor<32x32xi32>
  %cb = tile.broadcast %cols : tensor<1x32xi32> -> tensor<32x32xi32>
  %off = arith.addi %rb, %cb : tensor<32x32xi32>
  %ap = tile.splat %a : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %bp = tile.splat %b : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %cp = tile.splat %c : !tile.ptr<f32> -> tensor<32x32x!tile.ptr<f32>>
  %aq = tile.addptr %ap, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %bq = tile.addptr %bp, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %cq = tile.addptr %cp, %off : tensor<32x32x!tile.ptr<f32>>, tensor<32x32xi32>
  %k = arith.constant 1024 : i32
  %acc = scf.for %i = %zero to %n step %one iter_args(%s = %acc0) -> (tensor<32x32xf32>) : i32 {
    %ik = arith.muli %i, %k : i32
    %is = tile.splat %ik : i32 -> tensor<32x32xi32>
    %pa = tile.addptr %aq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %pb = tile.addptr %bq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    // expected-remark @+1 {{load-not-pipelined: the load waits in its own iteration: the loop stores through the same pointer argument}}
    %x = tile.load %pa : tensor<32x32x!tile.ptr<f16>>
    %y = tile.load %pb : tensor<32x32x!tile.ptr<f16>>
    %d = tile.dot %x, %y, %s : tensor<32x32xf16>, tensor<32x32xf16>, tensor<32x32xf32>
    %h = arith.truncf %d : tensor<32x32xf32> to tensor<32x32xf16>
    tile.store %pa, %h : tensor<32x32x!tile.ptr<f16>>
    scf.yield %d : tensor<32x32xf32>
  }
  tile.store %cq, %acc : tensor<32x32x!tile.ptr<f32>>
  return
}

// -----

// A copy fills with zeros only; the load goes one iteration ahead and its result waits in registers.
// CHECK-LABEL: @not_zero
// CHECK: scf.for {{.*}} iter_args({{.*}} -> ({{.*}}tensor<32x32xf16
// CHECK: tilegpu.async_copy
// CHECK: tilegpu.shared_store
// CHECK: tilegpu.mma
func.func @not_zero(%a: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %b: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %c: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32) attributes {tile.kernel} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %acc0 = arith.constant dense<0.0> : tensor<32x32xf32>
  %r = tile.make_range 0, 32 : tensor<32xi32>
  %rows = tile.expand_dims %r {axis = 1 : i32} : tensor<32xi32> -> tensor<32x1xi32>
  %cols = tile.expand_dims %r {axis = 0 : i32} : tensor<32xi32> -> tensor<1x32xi32>
  %w = arith.constant dense<32> : tensor<32x1xi32>
  %ro = arith.muli %rows, %w : tensor<32x1xi32>
  %rb = tile.broadcast %ro : tensor<32x1xi32> -> tensor<32x32xi32>
  %cb = tile.broadcast %cols : tensor<1x32xi32> -> tensor<32x32xi32>
  %off = arith.addi %rb, %cb : tensor<32x32xi32>
  %ap = tile.splat %a : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %bp = tile.splat %b : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %cp = tile.splat %c : !tile.ptr<f32> -> tensor<32x32x!tile.ptr<f32>>
  %aq = tile.addptr %ap, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %bq = tile.addptr %bp, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %cq = tile.addptr %cp, %off : tensor<32x32x!tile.ptr<f32>>, tensor<32x32xi32>
  %k = arith.constant 1024 : i32
  %acc = scf.for %i = %zero to %n step %one iter_args(%s = %acc0) -> (tensor<32x32xf32>) : i32 {
    %ik = arith.muli %i, %k : i32
    %is = tile.splat %ik : i32 -> tensor<32x32xi32>
    %pa = tile.addptr %aq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %pb = tile.addptr %bq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %seven = arith.constant dense<7.0> : tensor<32x32xf16>
    %some = arith.constant dense<true> : tensor<32x32xi1>
    %lim = tile.splat %n : i32 -> tensor<32x32xi32>
    %in = arith.cmpi slt, %rb, %lim : tensor<32x32xi32>
    // expected-remark @+1 {{load-not-pipelined: the load is one iteration ahead, in registers: `other` is not zero}}
    %x = tile.load %pa mask %in : tensor<32x32xi1> other %seven : tensor<32x32xf16> : tensor<32x32x!tile.ptr<f16>>
    %y = tile.load %pb : tensor<32x32x!tile.ptr<f16>>
    %d = tile.dot %x, %y, %s : tensor<32x32xf16>, tensor<32x32xf16>, tensor<32x32xf32>
    scf.yield %d : tensor<32x32xf32>
  }
  tile.store %cq, %acc : tensor<32x32x!tile.ptr<f32>>
  return
}

// -----

// Pipelines count with a signed counter; what the loop passes on without an op gets one.
// CHECK-LABEL: @unsigned_range
// CHECK: %[[HIGH:.*]] = arith.extui %arg3 : i32 to i64
// CHECK: tilegpu.async_copy
// CHECK: scf.for %[[I:.*]] = %c0_i64 to %[[HIGH]] step %c1_i64
// CHECK: %[[AHEAD:.*]] = arith.addi %[[I]], %c2_i64
// CHECK: arith.trunci %[[AHEAD]] : i64 to i32
// CHECK: tilegpu.async_copy
// CHECK: tilegpu.mma
func.func @unsigned_range(%a: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %b: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %c: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32) -> (i32, i32) {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %acc0 = arith.constant dense<0.0> : tensor<32x32xf32>
  %r = tile.make_range 0, 32 : tensor<32xi32>
  %rows = tile.expand_dims %r {axis = 1 : i32} : tensor<32xi32> -> tensor<32x1xi32>
  %cols = tile.expand_dims %r {axis = 0 : i32} : tensor<32xi32> -> tensor<1x32xi32>
  %w = arith.constant dense<32> : tensor<32x1xi32>
  %ro = arith.muli %rows, %w : tensor<32x1xi32>
  %rb = tile.broadcast %ro : tensor<32x1xi32> -> tensor<32x32xi32>
  %cb = tile.broadcast %cols : tensor<1x32xi32> -> tensor<32x32xi32>
  %off = arith.addi %rb, %cb : tensor<32x32xi32>
  %ap = tile.splat %a : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %bp = tile.splat %b : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %cp = tile.splat %c : !tile.ptr<f32> -> tensor<32x32x!tile.ptr<f32>>
  %aq = tile.addptr %ap, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %bq = tile.addptr %bp, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %cq = tile.addptr %cp, %off : tensor<32x32x!tile.ptr<f32>>, tensor<32x32xi32>
  %k = arith.constant 1024 : i32
  %acc:3 = scf.for unsigned %i = %zero to %n step %one iter_args(%s = %acc0, %last = %zero, %before = %zero) -> (tensor<32x32xf32>, i32, i32) : i32 {
    %ik = arith.muli %i, %k : i32
    %is = tile.splat %ik : i32 -> tensor<32x32xi32>
    %pa = tile.addptr %aq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %pb = tile.addptr %bq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %x = tile.load %pa : tensor<32x32x!tile.ptr<f16>>
    %y = tile.load %pb : tensor<32x32x!tile.ptr<f16>>
    %d = tile.dot %x, %y, %s : tensor<32x32xf16>, tensor<32x32xf16>, tensor<32x32xf32>
    scf.yield %d, %i, %last : tensor<32x32xf32>, i32, i32
  }
  tile.store %cq, %acc#0 : tensor<32x32x!tile.ptr<f32>>
  return %acc#1, %acc#2 : i32, i32
}

// -----

// CHECK-LABEL: @uint64_range
// CHECK: scf.for unsigned
// CHECK-NOT: async_copy
func.func @uint64_range(%a: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %c: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i64) {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %acc0 = arith.constant dense<0.0> : tensor<32x32xf32>
  %ap = tile.splat %a : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %cp = tile.splat %c : !tile.ptr<f32> -> tensor<32x32x!tile.ptr<f32>>
  // expected-remark@+1 {{loop-not-pipelined: the range counts in uint64}}
  %acc = scf.for unsigned %i = %zero to %n step %one iter_args(%s = %acc0) -> tensor<32x32xf32> : i64 {
    %x = tile.load %ap : tensor<32x32x!tile.ptr<f16>>
    %d = tile.dot %x, %x, %s : tensor<32x32xf16>, tensor<32x32xf16>, tensor<32x32xf32>
    scf.yield %d : tensor<32x32xf32>
  }
  tile.store %cp, %acc : tensor<32x32x!tile.ptr<f32>>
  return
}

// -----

// CHECK-LABEL: @never_cached
// CHECK: tilegpu.async_copy
// CHECK: tilegpu.shared_store
func.func @never_cached(%a: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %b: !tile.ptr<f16> {tile.divisibility = 16 : i32}, %c: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32) attributes {tile.kernel} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %acc0 = arith.constant dense<0.0> : tensor<32x32xf32>
  %r = tile.make_range 0, 32 : tensor<32xi32>
  %rows = tile.expand_dims %r {axis = 1 : i32} : tensor<32xi32> -> tensor<32x1xi32>
  %cols = tile.expand_dims %r {axis = 0 : i32} : tensor<32xi32> -> tensor<1x32xi32>
  %w = arith.constant dense<32> : tensor<32x1xi32>
  %ro = arith.muli %rows, %w : tensor<32x1xi32>
  %rb = tile.broadcast %ro : tensor<32x1xi32> -> tensor<32x32xi32>
  %cb = tile.broadcast %cols : tensor<1x32xi32> -> tensor<32x32xi32>
  %off = arith.addi %rb, %cb : tensor<32x32xi32>
  %ap = tile.splat %a : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %bp = tile.splat %b : !tile.ptr<f16> -> tensor<32x32x!tile.ptr<f16>>
  %cp = tile.splat %c : !tile.ptr<f32> -> tensor<32x32x!tile.ptr<f32>>
  %aq = tile.addptr %ap, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %bq = tile.addptr %bp, %off : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
  %cq = tile.addptr %cp, %off : tensor<32x32x!tile.ptr<f32>>, tensor<32x32xi32>
  %k = arith.constant 1024 : i32
  %acc = scf.for %i = %zero to %n step %one iter_args(%s = %acc0) -> (tensor<32x32xf32>) : i32 {
    %ik = arith.muli %i, %k : i32
    %is = tile.splat %ik : i32 -> tensor<32x32xi32>
    %pa = tile.addptr %aq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    %pb = tile.addptr %bq, %is : tensor<32x32x!tile.ptr<f16>>, tensor<32x32xi32>
    // expected-remark @+1 {{load-not-pipelined: the load is one iteration ahead, in registers: its cache modifier is cv}}
    %x = tile.load %pa {cache = #tile.cache<cv>} : tensor<32x32x!tile.ptr<f16>>
    %y = tile.load %pb : tensor<32x32x!tile.ptr<f16>>
    %d = tile.dot %x, %y, %s : tensor<32x32xf16>, tensor<32x32xf16>, tensor<32x32xf32>
    scf.yield %d : tensor<32x32xf32>
  }
  tile.store %cq, %acc : tensor<32x32x!tile.ptr<f32>>
  return
}
