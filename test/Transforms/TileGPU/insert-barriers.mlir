// RUN: cosmati-opt %s --pass-pipeline="builtin.module(func.func(tilegpu-insert-barriers))" | FileCheck %s

#v = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[32], [64]], block = [], shape = [128]>
#w = #tilegpu.layout<register = [], lane = [[1], [2], [4], [8], [16]], warp = [[0], [0]], block = [], shape = [32]>
#s = #tilegpu.shared<offset = [[1], [2], [4], [8], [16], [32], [64]], block = [], shape = [128], alignment = 16>
!b = tensor<128xf32, #v>
!m = !tilegpu.memdesc<128xf32, #s>
module attributes {tilegpu.num_warps = 4 : i32, tilegpu.shared_bytes = 1024 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// CHECK-LABEL: @read_after_write
// CHECK: shared_store
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_load
// CHECK-NEXT: shared_load
// CHECK-NEXT: return
func.func @read_after_write(%x: !b) -> (!b, !b) {
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  tilegpu.shared_store %x, %a : !b, <128xf32, #s>
  %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  %1 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  return %0, %1 : !b, !b
}

// CHECK-LABEL: @other_bytes_need_none
// CHECK-NOT: tilegpu.barrier
// CHECK: return
func.func @other_bytes_need_none(%x: !b) -> !b {
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  %c = tilegpu.shared_alloc "c" offset 512 : <128xf32, #s>
  tilegpu.shared_store %x, %a : !b, <128xf32, #s>
  %0 = tilegpu.shared_load %c : <128xf32, #s> -> !b
  return %0 : !b
}

// CHECK-LABEL: @one_barrier_for_two_stores
// CHECK: shared_store
// CHECK-NEXT: shared_store
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_load
// CHECK-NEXT: shared_load
// CHECK-NOT: tilegpu.barrier
// CHECK: return
func.func @one_barrier_for_two_stores(%x: !b) -> (!b, !b) {
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  %c = tilegpu.shared_alloc "c" offset 512 : <128xf32, #s>
  tilegpu.shared_store %x, %a : !b, <128xf32, #s>
  tilegpu.shared_store %x, %c : !b, <128xf32, #s>
  %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  %1 = tilegpu.shared_load %c : <128xf32, #s> -> !b
  return %0, %1 : !b, !b
}

// Two buffers on overlapping bytes: write after read, and write after write.
// CHECK-LABEL: @reused_bytes
// CHECK: shared_store
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_load
// CHECK: shared_alloc "second" offset 256
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_store
// CHECK: shared_alloc "third" offset 512
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_store
func.func @reused_bytes(%x: !b) -> !b {
  %a = tilegpu.shared_alloc "first" offset 0 : <128xf32, #s>
  tilegpu.shared_store %x, %a : !b, <128xf32, #s>
  %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  %c = tilegpu.shared_alloc "second" offset 256 : <128xf32, #s>
  tilegpu.shared_store %x, %c : !b, <128xf32, #s>
  %d = tilegpu.shared_alloc "third" offset 512 : <128xf32, #s>
  tilegpu.shared_store %x, %d : !b, <128xf32, #s>
  return %0 : !b
}

// The next iteration's store must wait for this iteration's load.
// CHECK-LABEL: @loop_carried
// CHECK: scf.for
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_store
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_load
// CHECK-NOT: tilegpu.barrier
// CHECK: return
func.func @loop_carried(%x: !b, %n: index) -> !b {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %x) -> (!b) {
    tilegpu.shared_store %acc, %a : !b, <128xf32, #s>
    %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
    scf.yield %0 : !b
  }
  return %r : !b
}

// Two buffers in turn need one barrier each: the one before a buffer's load also separates the other buffer's load and next store.
// CHECK-LABEL: @two_buffers_in_a_loop
// CHECK: scf.for
// CHECK: shared_store %{{.*}}, %[[A:.*]] :
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_load %[[A]]
// CHECK-NEXT: shared_store %{{.*}}, %[[C:.*]] :
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_load %[[C]]
// CHECK-NEXT: scf.yield
func.func @two_buffers_in_a_loop(%x: !b, %n: index) -> !b {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  %c = tilegpu.shared_alloc "c" offset 512 : <128xf32, #s>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %x) -> (!b) {
    tilegpu.shared_store %acc, %a : !b, <128xf32, #s>
    %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
    tilegpu.shared_store %0, %c : !b, <128xf32, #s>
    %1 = tilegpu.shared_load %c : <128xf32, #s> -> !b
    scf.yield %1 : !b
  }
  return %r : !b
}

// Only one branch reads: the store after the branch must wait all the same.
// CHECK-LABEL: @branch_then_store
// CHECK: scf.if
// CHECK-NEXT: shared_load
// CHECK: tilegpu.barrier
// CHECK-NEXT: shared_store
func.func @branch_then_store(%x: !b, %c: i1) {
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  scf.if %c {
    %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  }
  tilegpu.shared_store %x, %a : !b, <128xf32, #s>
  return
}

// CHECK-LABEL: @barrier_in_both_branches
// CHECK: scf.if
// CHECK: tilegpu.barrier
// CHECK: else
// CHECK: tile.debug_barrier
// CHECK-NOT: tilegpu.barrier
// CHECK: return
func.func @barrier_in_both_branches(%x: !b, %c: i1) -> !b {
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  tilegpu.shared_store %x, %a : !b, <128xf32, #s>
  scf.if %c {
    %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  } else {
    tile.debug_barrier
  }
  %1 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  return %1 : !b
}

// CHECK-LABEL: @a_branch_without_access_leaves_the_store_pending
// CHECK: scf.if
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_load
// CHECK-NEXT: }
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_load
func.func @a_branch_without_access_leaves_the_store_pending(%x: !b, %c: i1) -> !b {
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  tilegpu.shared_store %x, %a : !b, <128xf32, #s>
  scf.if %c {
    %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  }
  %1 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  return %1 : !b
}

// The body's store reaches the condition's load by the back edge, and the load after the loop.
// CHECK-LABEL: @while_loop
// CHECK: scf.while
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_load
// CHECK: do
// CHECK: tilegpu.barrier
// CHECK-NEXT: shared_store
// CHECK-NOT: tilegpu.barrier
// CHECK: return
func.func @while_loop(%x: !b, %c: i1) -> !b {
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  %r = scf.while (%y = %x) : (!b) -> !b {
    %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
    scf.condition(%c) %0 : !b
  } do {
  ^bb0(%z: !b):
    tilegpu.shared_store %z, %a : !b, <128xf32, #s>
    scf.yield %z : !b
  }
  %1 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  return %1 : !b
}

// An inner loop's accesses meet the outer loop's.
// CHECK-LABEL: @nested
// CHECK: scf.for
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_store
// CHECK-NEXT: tile.debug_barrier
// CHECK-NEXT: scf.for
// CHECK-NEXT: shared_load
func.func @nested(%x: !b, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  scf.for %i = %c0 to %n step %c1 {
    tilegpu.shared_store %x, %a : !b, <128xf32, #s>
    tile.debug_barrier
    scf.for %j = %c0 to %n step %c1 {
      %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
    }
  }
  return
}

// A loop that runs four times has been through its barrier.
// CHECK-LABEL: @loop_that_runs
// CHECK-NOT: tilegpu.barrier
// CHECK: return
func.func @loop_that_runs(%x: !b) -> !b {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  tilegpu.shared_store %x, %a : !b, <128xf32, #s>
  scf.for %i = %c0 to %c4 step %c1 {
    tile.debug_barrier
  }
  %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  return %0 : !b
}

// One that may run no time has not.
// CHECK-LABEL: @loop_that_may_not_run
// CHECK: tile.debug_barrier
// CHECK: tilegpu.barrier
// CHECK-NEXT: shared_load
func.func @loop_that_may_not_run(%x: !b, %n: index) -> !b {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  tilegpu.shared_store %x, %a : !b, <128xf32, #s>
  scf.for %i = %c0 to %n step %c1 {
    tile.debug_barrier
  }
  %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  return %0 : !b
}

// A loop that runs once has no next iteration to order.
// CHECK-LABEL: @loop_that_runs_once
// CHECK: scf.for
// CHECK-NEXT: shared_store
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: shared_load
// CHECK-NOT: tilegpu.barrier
// CHECK: return
func.func @loop_that_runs_once(%x: !b) -> !b {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  %r = scf.for %i = %c0 to %c1 step %c1 iter_args(%acc = %x) -> (!b) {
    tilegpu.shared_store %acc, %a : !b, <128xf32, #s>
    %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
    scf.yield %0 : !b
  }
  return %r : !b
}

// CHECK-LABEL: @debug_barrier_counts
// CHECK-NOT: tilegpu.barrier
// CHECK: return
func.func @debug_barrier_counts(%x: !b) -> !b {
  %a = tilegpu.shared_alloc "a" offset 0 : <128xf32, #s>
  tilegpu.shared_store %x, %a : !b, <128xf32, #s>
  tile.debug_barrier
  %0 = tilegpu.shared_load %a : <128xf32, #s> -> !b
  return %0 : !b
}

// A release covers what all threads wrote; an acquire comes before what all threads read. Relaxed atomics order nothing.
// CHECK-LABEL: @release_and_acquire
// CHECK: tile.store
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: tile.atomic_rmw exch, release
// CHECK-NEXT: tile.atomic_rmw add, relaxed
// CHECK-NEXT: tile.atomic_cas acquire
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: tile.load
// CHECK-NEXT: tile.load
func.func @release_and_acquire(%p: tensor<128x!tile.ptr<f32>, #v>, %x: !b, %f: !tile.ptr<i32>, %i: i32) -> (!b, !b) {
  tile.store %p, %x : tensor<128x!tile.ptr<f32>, #v>
  %0 = tile.atomic_rmw exch, release, gpu, %f, %i : !tile.ptr<i32>
  %1 = tile.atomic_rmw add, relaxed, gpu, %f, %i : !tile.ptr<i32>
  %2 = tile.atomic_cas acquire, gpu, %f, %i, %i : !tile.ptr<i32>
  %3 = tile.load %p : tensor<128x!tile.ptr<f32>, #v>
  %4 = tile.load %p : tensor<128x!tile.ptr<f32>, #v>
  return %3, %4 : !b, !b
}

// All threads load a scalar, one stores it: none may see what is stored.
// CHECK-LABEL: @scalar_in_place
// CHECK: tile.load
// CHECK-NEXT: arith.addi
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: tile.store
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: tile.load
func.func @scalar_in_place(%p: !tile.ptr<i32>) -> i32 {
  %0 = tile.load %p : !tile.ptr<i32>
  %1 = arith.addi %0, %0 : i32
  tile.store %p, %1 : !tile.ptr<i32>
  %2 = tile.load %p : !tile.ptr<i32>
  return %2 : i32
}

// CHECK-LABEL: @scalar_to_another_argument
// CHECK-NOT: tilegpu.barrier
// CHECK: return
func.func @scalar_to_another_argument(%p: !tile.ptr<i32>, %q: !tile.ptr<i32>) {
  %0 = tile.load %p : !tile.ptr<i32>
  tile.store %q, %0 : !tile.ptr<i32>
  return
}

// Each thread loads and stores its own elements.
// CHECK-LABEL: @block_in_place
// CHECK-NOT: tilegpu.barrier
// CHECK: return
func.func @block_in_place(%p: tensor<128x!tile.ptr<f32>, #v>) {
  %0 = tile.load %p : tensor<128x!tile.ptr<f32>, #v>
  tile.store %p, %0 : tensor<128x!tile.ptr<f32>, #v>
  return
}

// The warps above the first one hold replicas. The pointers go around a loop.
// CHECK-LABEL: @small_block_in_place
// CHECK: scf.for
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: tile.load
// CHECK-NEXT: tilegpu.barrier
// CHECK-NEXT: tile.store
func.func @small_block_in_place(%p: !tile.ptr<f32>, %n: index, %offsets: tensor<32xi32, #w>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = tile.splat %p : !tile.ptr<f32> -> tensor<32x!tile.ptr<f32>, #w>
  %1 = scf.for %i = %c0 to %n step %c1 iter_args(%q = %0) -> (tensor<32x!tile.ptr<f32>, #w>) {
    %2 = tile.load %q : tensor<32x!tile.ptr<f32>, #w>
    tile.store %q, %2 : tensor<32x!tile.ptr<f32>, #w>
    %3 = tile.addptr %q, %offsets : tensor<32x!tile.ptr<f32>, #w>, tensor<32xi32, #w>
    scf.yield %3 : tensor<32x!tile.ptr<f32>, #w>
  }
  return
}

}
