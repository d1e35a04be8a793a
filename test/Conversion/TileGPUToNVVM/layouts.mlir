// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm --cse | FileCheck %s
#a = #tilegpu.layout<register = [[1], [2]], lane = [[4], [8], [16], [32], [64]], warp = [], block = [], shape = [128]>
#b = #tilegpu.layout<register = [[2], [1]], lane = [[4], [8], [16], [32], [64]], warp = [], block = [], shape = [128]>
#c = #tilegpu.layout<register = [[4], [2]], lane = [[1], [8], [16], [32], [64]], warp = [], block = [], shape = [128]>
#halves = #tilegpu.layout<register = [[64]], lane = [[1], [2], [4], [8], [16]], warp = [[32]], block = [], shape = [128]>
#pair = #tilegpu.layout<register = [[0, 1], [1, 0], [2, 0]], lane = [[4, 0], [8, 0], [16, 0], [32, 0], [64, 0]], warp = [], block = [], shape = [128, 2]>
#flat = #tilegpu.layout<register = [[1], [2], [4]], lane = [[8], [16], [32], [64], [128]], warp = [], block = [], shape = [256]>
#col = #tilegpu.layout<register = [[1, 0], [2, 0]], lane = [[4, 0], [8, 0], [16, 0], [32, 0], [64, 0]], warp = [], block = [], shape = [128, 1]>
#wide = #tilegpu.layout<register = [[0, 1], [1, 0], [2, 0]], lane = [[4, 0], [8, 0], [16, 0], [32, 0], [64, 0]], warp = [], block = [], shape = [128, 2]>

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// Registers are renamed: no instruction.
// CHECK-LABEL: llvm.func{{.*}} @registers
// CHECK-SAME: (%[[P0:.*]]: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %[[V0:.*]]: f32, %[[V1:.*]]: f32, %[[V2:.*]]: f32, %[[V3:.*]]: f32)
// CHECK-NOT: shfl
// CHECK: llvm.store %[[V0]]
// CHECK: llvm.store %[[V2]]
// CHECK: llvm.store %[[V1]]
// CHECK: llvm.store %[[V3]]
func.func @registers(%o: tensor<128x!tile.ptr<f32>, #b>, %x: tensor<128xf32, #a>) {
  %y = tilegpu.convert_layout %x : tensor<128xf32, #a> -> tensor<128xf32, #b>
  tile.store %o, %y : tensor<128x!tile.ptr<f32>, #b>
  return
}

// Within the warp: shuffles; 64 bits go in two.
// CHECK-LABEL: llvm.func{{.*}} @lanes
// CHECK: nvvm.shfl.sync
// CHECK: nvvm.shfl.sync
// CHECK-NOT: addressof
func.func @lanes(%o: tensor<128x!tile.ptr<i64>, #c>, %x: tensor<128xi64, #a>) {
  %y = tilegpu.convert_layout %x : tensor<128xi64, #a> -> tensor<128xi64, #c>
  tile.store %o, %y : tensor<128x!tile.ptr<i64>, #c>
  return
}

// A range is lane bits moved to their places; the register's bits are or-ed.
// CHECK-LABEL: llvm.func{{.*}} @range
// CHECK: %[[TID:.*]] = nvvm.read.ptx.sreg.tid.x
// CHECK: llvm.shl %[[TID]]
// CHECK-COUNT-3: llvm.or
func.func @range(%o: tensor<128x!tile.ptr<i32>, #a>) {
  %r = tile.make_range 0, 128 : tensor<128xi32, #a>
  tile.store %o, %r : tensor<128x!tile.ptr<i32>, #a>
  return
}

// Joining, splitting and reshaping are choices of registers.
// CHECK-LABEL: llvm.func{{.*}} @shapes
// CHECK-NOT: shfl
// CHECK: llvm.return
func.func @shapes(%o: tensor<256x!tile.ptr<f32>, #flat>, %x: tensor<128xf32, #a>, %y: tensor<128xf32, #a>, %q: tensor<128x2x!tile.ptr<f32>, #wide>) {
  %j = tile.join %x, %y : tensor<128xf32, #a> -> tensor<128x2xf32, #pair>
  %f = tile.reshape %j : tensor<128x2xf32, #pair> -> tensor<256xf32, #flat>
  tile.store %o, %f : tensor<256x!tile.ptr<f32>, #flat>
  %e = tile.expand_dims %x {axis = 1 : i32} : tensor<128xf32, #a> -> tensor<128x1xf32, #col>
  %b = tile.broadcast %e : tensor<128x1xf32, #col> -> tensor<128x2xf32, #wide>
  tile.store %q, %b : tensor<128x2x!tile.ptr<f32>, #wide>
  return
}
}
