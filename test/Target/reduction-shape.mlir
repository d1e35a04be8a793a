// RUN: cosmati-compile %s --target sm_80 --option num_warps=1 | FileCheck %s --check-prefix=ONE
// RUN: cosmati-compile %s --target sm_80 --option num_warps=4 | FileCheck %s --check-prefix=FOUR

// Within a warp a sum takes five shuffles and no shared memory.
// ONE-LABEL: .entry total(
// ONE-NOT: bar.sync
// ONE-COUNT-5: shfl.sync.bfly
// ONE-NOT: shfl
// ONE-NOT: st.shared
// ONE: ret

// Four warps exchange their partial sums through shared memory, behind one barrier.
// FOUR-LABEL: .entry total(
// FOUR-COUNT-5: shfl.sync.bfly
// FOUR-NOT: shfl
// FOUR: st.shared
// FOUR: bar.sync
// FOUR: ld.shared
// FOUR-NOT: bar.sync
// FOUR: ret
func.func @total(%x: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %y: !tile.ptr<f32>) attributes {tile.kernel} {
  %r = tile.make_range 0, 512 : tensor<512xi32>
  %xs = tile.splat %x : !tile.ptr<f32> -> tensor<512x!tile.ptr<f32>>
  %xp = tile.addptr %xs, %r : tensor<512x!tile.ptr<f32>>, tensor<512xi32>
  %v = tile.load %xp : tensor<512x!tile.ptr<f32>>
  %s = tile.reduce(%v) axis = 0 : (tensor<512xf32>) -> f32 {
  ^bb0(%a: f32, %b: f32):
    %t = arith.addf %a, %b : f32
    tile.yield %t : f32
  }
  tile.store %y, %s : !tile.ptr<f32>
  return
}
