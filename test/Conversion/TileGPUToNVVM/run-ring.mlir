// REQUIRES: cosmati-compile, ptxvm-run
// RUN: cosmati-compile %s --from=nvvm --target=sm_80 -o %t.80.ptx
// RUN: FileCheck %s < %t.80.ptx
// RUN: ptxvm-run %t.80.ptx --grid=1 --shared=3072 --check=all --arg=f16:2048:iota --arg=f16:1024:ones --arg=f32:128:zeros --arg=i32=4 --dump=2 | FileCheck %s --check-prefix=FOUR
// RUN: cosmati-compile %s --from=nvvm --target=sm_90a | ptxvm-run - --grid=1 --shared=3072 --check=all --arg=f16:2048:iota --arg=f16:1024:ones --arg=f32:128:zeros --arg=i32=3 --dump=2 | FileCheck %s --check-prefix=THREE
// A pipelined product in rings of two slots.

// In the loop each register of an address costs one addition to its slot; what loads from shared
// memory stays behind the barrier, and what overwrites it, too.
// CHECK: cp.async.commit_group
// CHECK: $L__BB0_[[LOOP:[0-9]+]]:
// CHECK-NOT: xor.b32
// CHECK: cp.async.wait_group 0
// CHECK: bar.sync 0
// CHECK-COUNT-3: cp.async.cg.shared.global {{.*}}, 16, %r{{[0-9]+}};
// CHECK: cp.async.commit_group
// CHECK: add.s64 %[[SLOT:rd[0-9]+]], %rd{{[0-9]+}}, %rd{{[0-9]+}};
// CHECK-DAG: add.s64 %[[A:rd[0-9]+]], %[[SLOT]], %rd{{[0-9]+}};
// CHECK-DAG: add.s64 %[[B:rd[0-9]+]], %[[SLOT]], %rd{{[0-9]+}};
// CHECK-DAG: ldmatrix.sync.aligned.m8n8.x4.shared.b16 {{.*}}, [%[[A]]];
// CHECK-DAG: ldmatrix.sync.aligned.m8n8.x4.shared.b16 {{.*}}, [%[[B]]];
// CHECK-DAG: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {{.*}}+2048];
// CHECK-DAG: mma.sync
// CHECK-DAG: mma.sync
// CHECK: bra $L__BB0_[[LOOP]];

// B is all ones: row i of the product is the sum of row i of all tiles, 32 * (512 t + 32 i + 15.5).
// FOUR: arg 2 {{.*}}: 100288 100288 100288 100288 100288 100288 100288 100288 104384
// THREE: arg 2 {{.*}}: 50640 50640 50640 50640 50640 50640 50640 50640 53712
#pa = #tilegpu.layout<register = [[0, 1], [0, 2], [0, 4], [8, 0]], lane = [[0, 8], [0, 16], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 32]>
#pb = #tilegpu.layout<register = [[0, 1], [0, 2], [0, 4]], lane = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0]], warp = [], block = [], shape = [32, 8]>
#a = #tilegpu.layout<register = [[0, 1], [8, 0], [0, 8], [0, 16]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 32]>
#b = #tilegpu.layout<register = [[1, 0], [8, 0], [16, 0]], lane = [[2, 0], [4, 0], [0, 1], [0, 2], [0, 4]], warp = [], block = [], shape = [32, 8]>
#c = #tilegpu.layout<register = [[0, 1], [8, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [], block = [], shape = [16, 8]>
#fa = #tilegpu.layout<register = [[1], [2], [4], [256]], lane = [[8], [16], [32], [64], [128]], warp = [], block = [], shape = [512]>
#fb = #tilegpu.layout<register = [[1], [2], [4]], lane = [[8], [16], [32], [64], [128]], warp = [], block = [], shape = [256]>
#fc = #tilegpu.layout<register = [[1], [64]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [128]>
#sa = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [1, 0], [2, 8], [4, 16], [8, 0]], block = [], shape = [16, 32], alignment = 16>
#sb = #tilegpu.shared<offset = [[0, 1], [0, 2], [0, 4], [1, 0], [2, 0], [4, 0], [8, 0], [16, 0]], block = [], shape = [32, 8], alignment = 16>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.shared_bytes = 3072 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {
// A is 4 tiles of 16x32, B 4 tiles of 32x8, one behind the other; D = sum of the products.
func.func @k(%p_a: !tile.ptr<f16>, %p_b: !tile.ptr<f16>, %p_d: !tile.ptr<f32>, %trips: i32) attributes {tile.kernel} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %acc0 = arith.constant dense<0.0> : tensor<16x8xf32, #c>
  %stepA = arith.constant 512 : i32
  %stepB = arith.constant 256 : i32
  %ra = tile.make_range 0, 512 : tensor<512xi32, #fa>
  %ia = tile.reshape %ra : tensor<512xi32, #fa> -> tensor<16x32xi32, #pa>
  %rb = tile.make_range 0, 256 : tensor<256xi32, #fb>
  %ib = tile.reshape %rb : tensor<256xi32, #fb> -> tensor<32x8xi32, #pb>
  %rc = tile.make_range 0, 128 : tensor<128xi32, #fc>
  %ic = tile.reshape %rc : tensor<128xi32, #fc> -> tensor<16x8xi32, #c>
  %sa = tile.splat %p_a : !tile.ptr<f16> -> tensor<16x32x!tile.ptr<f16>, #pa>
  %qa = tile.addptr %sa, %ia : tensor<16x32x!tile.ptr<f16>, #pa>, tensor<16x32xi32, #pa>
  %sb = tile.splat %p_b : !tile.ptr<f16> -> tensor<32x8x!tile.ptr<f16>, #pb>
  %qb = tile.addptr %sb, %ib : tensor<32x8x!tile.ptr<f16>, #pb>, tensor<32x8xi32, #pb>
  %ringA = tilegpu.shared_alloc "a" slots 2 offset 0 : <16x32xf16, #sa>
  %ringB = tilegpu.shared_alloc "b" slots 2 offset 2048 : <32x8xf16, #sb>
  tilegpu.async_copy %qa, %ringA {tilegpu.vector = 8 : i32} : tensor<16x32x!tile.ptr<f16>, #pa>, <16x32xf16, #sa>
  tilegpu.async_copy %qb, %ringB {tilegpu.vector = 8 : i32} : tensor<32x8x!tile.ptr<f16>, #pb>, <32x8xf16, #sb>
  tilegpu.async_commit
  %d = scf.for %i = %zero to %trips step %one iter_args(%acc = %acc0) -> (tensor<16x8xf32, #c>) : i32 {
    %next = arith.addi %i, %one : i32
    %cur = arith.andi %i, %one : i32
    %other = arith.andi %next, %one : i32
    %more = arith.cmpi slt, %next, %trips : i32
    %ma = tile.splat %more : i1 -> tensor<16x32xi1, #pa>
    %mb = tile.splat %more : i1 -> tensor<32x8xi1, #pb>
    %da = arith.muli %next, %stepA : i32
    %das = tile.splat %da : i32 -> tensor<16x32xi32, #pa>
    %qan = tile.addptr %qa, %das : tensor<16x32x!tile.ptr<f16>, #pa>, tensor<16x32xi32, #pa>
    %db = arith.muli %next, %stepB : i32
    %dbs = tile.splat %db : i32 -> tensor<32x8xi32, #pb>
    %qbn = tile.addptr %qb, %dbs : tensor<32x8x!tile.ptr<f16>, #pb>, tensor<32x8xi32, #pb>
    tilegpu.async_wait 0
    tilegpu.barrier
    %na = tilegpu.shared_slot %ringA[%other] phase 1 : <16x32xf16, #sa>
    %nb = tilegpu.shared_slot %ringB[%other] phase 1 : <32x8xf16, #sb>
    tilegpu.async_copy %qan, %na mask %ma {tilegpu.vector = 8 : i32} : tensor<16x32x!tile.ptr<f16>, #pa>, <16x32xf16, #sa>, tensor<16x32xi1, #pa>
    tilegpu.async_copy %qbn, %nb mask %mb {tilegpu.vector = 8 : i32} : tensor<32x8x!tile.ptr<f16>, #pb>, <32x8xf16, #sb>, tensor<32x8xi1, #pb>
    tilegpu.async_commit
    %ca = tilegpu.shared_slot %ringA[%cur] : <16x32xf16, #sa>
    %cb = tilegpu.shared_slot %ringB[%cur] : <32x8xf16, #sb>
    %a = tilegpu.shared_load %ca : <16x32xf16, #sa> -> tensor<16x32xf16, #a>
    %b = tilegpu.shared_load %cb : <32x8xf16, #sb> -> tensor<32x8xf16, #b>
    %sum = tilegpu.mma "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" %a, %b, %acc : tensor<16x32xf16, #a>, tensor<32x8xf16, #b>, tensor<16x8xf32, #c>
    scf.yield %sum : tensor<16x8xf32, #c>
  }
  tilegpu.async_wait 0
  %sd = tile.splat %p_d : !tile.ptr<f32> -> tensor<16x8x!tile.ptr<f32>, #c>
  %qd = tile.addptr %sd, %ic : tensor<16x8x!tile.ptr<f32>, #c>, tensor<16x8xi32, #c>
  tile.store %qd, %d : tensor<16x8x!tile.ptr<f32>, #c>
  return
}
}
