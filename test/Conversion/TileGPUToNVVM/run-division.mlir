// REQUIRES: cosmati-compile, ptxvm-run
// RUN: cosmati-compile %s | ptxvm-run - --grid=1 --arg=i32:32:iota --arg=i32:64:zeros --dump=1 | FileCheck %s
// What LLVM leaves undefined has a result, also after optimisation: x = i - 2 divided by i % 4 - 1 (-1, 0, 1, 2) and
// then the remainders. A guard, where(y == 0, 77, x / y), stays.

// Quotients: i - 2 = -2 -1 0 1 2 3 4 5 ... ; 77 where the divisor is 0.
// CHECK: arg 1 {{.*}}: 2 77 0 0 -2 77 4 2 -6 77 8 4 -10 77 12 6 -14 77 16 8 -18 77 20 10 -22 77 24 12 -26 77 28 14
// Remainders: by 0 the dividend.
// CHECK-SAME: {{ }}0 -1 0 1 0 3 0 1 0 7 0 1 0 11 0 1 0 15 0 1 0 19 0 1 0 23 0 1 0 27 0 1
func.func @divide(%x: !tile.ptr<i32>, %o: !tile.ptr<i32>) attributes {tile.kernel} {
  %r = tile.make_range 0, 32 : tensor<32xi32>
  %xs = tile.splat %x : !tile.ptr<i32> -> tensor<32x!tile.ptr<i32>>
  %xp = tile.addptr %xs, %r : tensor<32x!tile.ptr<i32>>, tensor<32xi32>
  %i = tile.load %xp : tensor<32x!tile.ptr<i32>>
  %zero = arith.constant dense<0> : tensor<32xi32>
  %one = arith.constant dense<1> : tensor<32xi32>
  %two = arith.constant dense<2> : tensor<32xi32>
  %three = arith.constant dense<3> : tensor<32xi32>
  %n = arith.subi %i, %two : tensor<32xi32>
  %m = arith.andi %i, %three : tensor<32xi32>
  %d = arith.subi %m, %one : tensor<32xi32>
  %q = arith.divsi %n, %d : tensor<32xi32>
  %c77 = arith.constant dense<77> : tensor<32xi32>
  %is0 = arith.cmpi eq, %d, %zero : tensor<32xi32>
  %guarded = arith.select %is0, %c77, %q : tensor<32xi1>, tensor<32xi32>
  %rem = arith.remsi %n, %d : tensor<32xi32>
  %os = tile.splat %o : !tile.ptr<i32> -> tensor<32x!tile.ptr<i32>>
  %op = tile.addptr %os, %r : tensor<32x!tile.ptr<i32>>, tensor<32xi32>
  tile.store %op, %guarded : tensor<32x!tile.ptr<i32>>
  %c32 = arith.constant dense<32> : tensor<32xi32>
  %op2 = tile.addptr %op, %c32 : tensor<32x!tile.ptr<i32>>, tensor<32xi32>
  tile.store %op2, %rem : tensor<32x!tile.ptr<i32>>
  return
}
