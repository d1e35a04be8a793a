// RUN: cosmati-opt %s | cosmati-opt | FileCheck %s
// RUN: cosmati-opt %s --mlir-print-op-generic | cosmati-opt | FileCheck %s
// RUN: cosmati-opt %s --cse --canonicalize | FileCheck %s --check-prefix=OPT

// CHECK-LABEL: @foreign
func.func @foreign(%x: tensor<8xf32>, %b: tensor<8xi8>, %s: f32) -> (tensor<8xf32>, tensor<8xi8>) {
  // CHECK: tile.extern_elementwise "mine", "f" of "/tmp/mine.bc" impure(%arg0, %arg2) : (tensor<8xf32>, f32) -> tensor<8xf32>
  %0 = tile.extern_elementwise "mine", "f" of "/tmp/mine.bc" impure (%x, %s) : (tensor<8xf32>, f32) -> tensor<8xf32>
  // CHECK: tile.inline_asm "lop3.b32 $0, $1, $2, $2, 0x3c;" constraints "=r,r,r" pack 4(%arg1, %arg1) : (tensor<8xi8>, tensor<8xi8>) -> tensor<8xi8>
  %1 = tile.inline_asm "lop3.b32 $0, $1, $2, $2, 0x3c;" constraints "=r,r,r" pack 4 (%b, %b) : (tensor<8xi8>, tensor<8xi8>) -> tensor<8xi8>
  // CHECK: tile.map_elementwise(%{{.*}}, %arg2) pack 2 : (tensor<8xf32>, f32) -> tensor<8xf32> {
  // CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32):
  %2 = tile.map_elementwise (%0, %s) pack 2 : (tensor<8xf32>, f32) -> tensor<8xf32> {
  ^bb0(%p: f32, %q: f32, %t: f32, %u: f32):
    tile.yield %q, %p : f32, f32
  }
  return %2, %1 : tensor<8xf32>, tensor<8xi8>
}

// What is pure goes where it is not used, and is done once; what is not stays as often as it stands.
// OPT-LABEL: @effects
// OPT-COUNT-2: tile.inline_asm {{.*}} impure
// OPT-NOT: tile.inline_asm
// OPT-COUNT-2: tile.extern_elementwise {{.*}} impure
// OPT-NOT: tile.extern_elementwise
// OPT: tile.map_elementwise
// OPT-NOT: tile.map_elementwise
// OPT: return
func.func @effects(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %0 = tile.inline_asm "mov.b32 $0, $1;" constraints "=f,f" impure (%x) : (tensor<8xf32>) -> tensor<8xf32>
  %1 = tile.inline_asm "mov.b32 $0, $1;" constraints "=f,f" impure (%x) : (tensor<8xf32>) -> tensor<8xf32>
  %2 = tile.inline_asm "mov.b32 $0, $1;" constraints "=f,f" (%x) : (tensor<8xf32>) -> tensor<8xf32>
  %3 = tile.extern_elementwise "l", "f" of "l.bc" impure (%x) : (tensor<8xf32>) -> tensor<8xf32>
  %4 = tile.extern_elementwise "l", "f" of "l.bc" impure (%x) : (tensor<8xf32>) -> tensor<8xf32>
  %5 = tile.extern_elementwise "l", "f" of "l.bc" (%x) : (tensor<8xf32>) -> tensor<8xf32>
  %6 = tile.map_elementwise (%x) : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%p: f32):
    %n = arith.negf %p : f32
    tile.yield %n : f32
  }
  %7 = tile.map_elementwise (%x) : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%p: f32):
    %n = arith.negf %p : f32
    tile.yield %n : f32
  }
  return %6, %7 : tensor<8xf32>, tensor<8xf32>
}
