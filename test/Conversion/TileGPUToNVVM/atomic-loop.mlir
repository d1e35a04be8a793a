// RUN: cosmati-opt %s --convert-tilegpu-to-nvvm | FileCheck %s

module attributes {tilegpu.num_warps = 1 : i32, tilegpu.target = #tilegpu.target<sm = "80">} {

// Without an instruction: what is in memory is read by a swap of 0 for 0, then swapped until nobody else came between.
// CHECK-LABEL: llvm.func{{.*}} @bf16
// CHECK: llvm.cond_br
// CHECK: %[[FIRST:.*]] = llvm.inline_asm has_side_effects "atom.acq_rel.gpu.global.cas.b16 $0, [$1], $2, $3;"
// CHECK: llvm.br ^[[TRY:.*]](%[[FIRST]] : i16)
// CHECK: ^[[TRY]](%[[OLD:.*]]: i16):
// CHECK: %[[SUM:.*]] = llvm.fadd %{{.*}}, %{{.*}} : f32
// CHECK: llvm.fptrunc %[[SUM]] : f32 to bf16
// CHECK: %[[SEEN:.*]] = llvm.inline_asm has_side_effects "atom.acq_rel.gpu.global.cas.b16
// CHECK: %[[AGAIN:.*]] = llvm.icmp "ne" %[[SEEN]], %[[OLD]] : i16
// CHECK: llvm.cond_br %[[AGAIN]]
func.func @bf16(%p: !tile.ptr<bf16>, %x: bf16) attributes {tile.kernel} {
  %0 = tile.atomic_rmw fadd, acq_rel, gpu, %p, %x : !tile.ptr<bf16>
  return
}
}
