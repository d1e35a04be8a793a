// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm | FileCheck %s
#row = #tilegpu.layout<register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [], block = [], shape = [64]>
module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "90a">} {

// CHECK-DAG: "a zero divisor\00"
// CHECK-DAG: "pid (%llu, %llu, %llu) idx (%llu) x%%: %f\0A\00"

// CHECK-LABEL: llvm.func{{.*}} @print
// CHECK-COUNT-2: llvm.call @vprintf(%{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr) -> i32
func.func @print(%x: tensor<64xf32, #row>) {
  tile.print "x%" (%x : tensor<64xf32, #row>) signed = [true]
  return
}

// CHECK-LABEL: llvm.func{{.*}} @assert
// CHECK: llvm.cond_br
// CHECK: llvm.call @__assertfail
// CHECK: llvm.intr.trap
func.func @assert(%c: tensor<64xi1, #row>) {
  tile.assert %c, "a zero divisor" : tensor<64xi1, #row>
  return
}
}
