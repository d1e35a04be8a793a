// RUN: cosmati-opt %s --convert-tile-to-tilegpu="num-warps=4 target=90a" --split-input-file --verify-diagnostics
// RUN: not cosmati-opt %s --convert-tile-to-tilegpu="num-warps=3 target=90a" --split-input-file 2>&1 | FileCheck %s --check-prefix=WARPS
// RUN: not cosmati-opt %s --convert-tile-to-tilegpu="num-warps=4 target=91" --split-input-file 2>&1 | FileCheck %s --check-prefix=TARGET
// WARPS: num-warps is 3; it must be a power of two from 1 to 32
// TARGET: unknown architecture '91'; known are 80, 86, 87, 89, 90, 90a, 100, 100a, 120, 120a

func.func @extent(%x: f32) {
  // expected-error@+1 {{a block of shape 'tensor<48xf32>' can't be placed on threads: every extent must be a power of two; pad it and mask}}
  %0 = tile.splat %x : f32 -> tensor<48xf32>
  return
}
