//===- OrdinaryTest.cpp - lop3 with predicates, setmaxnreg ----------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

TEST(Lop3, CombinesItsResultWithAPredicate) {
  std::vector<uint32_t> a, b, c, x = edges<uint32_t>(), few{0, 1, 0xffffffffu};
  cross(x, x, few, a, b, c);
  for (std::string op : {"and", "or"})
    for (unsigned table : {0x00u, 0x01u, 0x96u, 0xcau, 0x80u, 0xfeu}) {
      auto d = run<uint32_t>("setp.lt.u32 %p1, $2, 5;\n  lop3." + op +
                                 ".b32 %x0|%p0, $0, $1, $2, " + std::to_string(table) +
                                 ", %p1;\n  and.b32 %x0, %x0, -2;\n"
                                 "  mov.b32 $d, %x0;\n  @%p0 or.b32 $d, $d, 1;",
                             a, b, c);
      for (size_t k = 0; k < a.size(); ++k) {
        uint32_t v = 0;
        for (unsigned bit = 0; bit < 32; ++bit)
          v |= (table >> ((a[k] >> bit & 1) * 4 + (b[k] >> bit & 1) * 2 + (c[k] >> bit & 1)) & 1)
               << bit;
        bool q = c[k] < 5, p = op == "and" ? v != 0 && q : v != 0 || q;
        EXPECT_EQ(d[k], (v & ~1u) | p) << op << " " << table;
      }
    }
}
TEST(Ordinary, RegisterCountsAreNoConcernHere) {
  std::string text = newestHeader() +
                     ".visible .entry k() .reqntid 128 .maxnreg 64 {\n  .reg .b32 %x<3>;\n"
                     "  .reg .pred %p<2>;\n  mov.b32 %x0, %tid.x;\n  setp.eq.u32 %p1, %x0, 0;\n"
                     "  setmaxnreg.inc.sync.aligned.u32 104;\n"
                     "  lop3.or.b32 _|%p0, %x0, %x0, %x0, 0x1, %p1;\n"
                     "  setmaxnreg.dec.sync.aligned.u32 64;\n  ret;\n}\n";
  EXPECT_EQ(assemblerErrors(text), "");
  Grid grid(text);
  EXPECT_EQ(grid.go(1, 128), "");
}
