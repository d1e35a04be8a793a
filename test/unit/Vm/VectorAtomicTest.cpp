//===- VectorAtomicTest.cpp - atom and red of vectors ---------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "VmTest.h"

using namespace vmtest;

namespace {

/// Cells after `threads` threads of each of two CTAs have run `body` on them; %rd1 is their
/// address.
template <class T>
std::vector<T> cellsAfter(const std::string &body, std::vector<T> cells, uint32_t threads) {
  std::string text = moduleHeader() +
                     ".visible .entry k(.param .u64 p) {\n  .reg .b16 %h<17>; .reg .b32 %r<17>;\n"
                     "  .reg .f32 %f<17>; .reg .b64 %rd<3>;\n  ld.param.u64 %rd1, [p];\n" +
                     body + "  ret;\n}\n";
  EXPECT_EQ(Grid(text).buffer(cells).go(2, threads), "") << body;
  return cells;
}

TEST(VectorAtomic, EveryElementIsAdded) {
  std::string values;
  for (int k = 1; k <= 4; ++k)
    values += "  mov.f32 %f" + std::to_string(k) + ", " + std::to_string(k) + ".0;\n";
  for (std::string add :
       {"atom.global.v4.f32.add {%f5, %f6, %f7, %f8}, [%rd1], {%f1, %f2, %f3, %f4};\n",
        "atom.global.add.v4.f32 {%f5, %f6, %f7, %f8}, [%rd1], {%f1, %f2, %f3, %f4};\n",
        "red.relaxed.gpu.global.add.v4.f32 [%rd1], {%f1, %f2, %f3, %f4};\n"})
    EXPECT_EQ(cellsAfter<float>(values + add, {0.5f, 0, 0, 0, 9}, 32),
              (std::vector<float>{64.5f, 128, 192, 256, 9}));
  EXPECT_EQ(
      cellsAfter<float>(values + "red.global.add.v2.f32 [%rd1+8], {%f3, %f4};\n", {1, 1, 0, 0}, 3),
      (std::vector<float>{1, 1, 18, 24}));
}
TEST(VectorAtomic, TheOldValuesComeBack) {
  std::string body = "  mov.f32 %f1, 1.0; mov.f32 %f2, 2.0;\n"
                     "  atom.global.add.v2.f32 {%f3, %f4}, [%rd1], {%f1, %f2};\n"
                     "  st.global.v2.f32 [%rd1+8], {%f3, %f4};\n";
  std::string text = moduleHeader() +
                     ".visible .entry k(.param .u64 p) {\n  .reg .f32 %f<5>; .reg .b64 %rd<2>;\n"
                     "  ld.param.u64 %rd1, [p];\n" +
                     body + "  ret;\n}\n";
  std::vector<float> cells{7, 8, 0, 0};
  EXPECT_EQ(Grid(text).buffer(cells).go(1, 1), "");
  EXPECT_EQ(cells, (std::vector<float>{8, 10, 7, 8}));
}
TEST(VectorAtomic, Halves) {
  // 1.0 and 3.0 in half precision; a maximum of 2.0 in the cells stays or gives way.
  std::string values = "  mov.b16 %h1, 0x3C00; mov.b16 %h2, 0x4200;\n";
  EXPECT_EQ(cellsAfter<uint16_t>(values + "red.global.max.noftz.v2.f16 [%rd1], {%h1, %h2};\n",
                                 {0x4000, 0x4000}, 5),
            (std::vector<uint16_t>{0x4000, 0x4200}));
  EXPECT_EQ(cellsAfter<uint16_t>(
                values + "atom.global.v2.f16.min.noftz {%h3, %h4}, [%rd1], {%h1, %h2};\n",
                {0x4000, 0x4000}, 5),
            (std::vector<uint16_t>{0x3C00, 0x4000}));
  std::string eight = "  mov.b16 %h1, 0x3F80;\n" // 1.0 as bfloat16
                      "  red.global.add.noftz.v8.bf16 [%rd1], {%h1, %h1, %h1, %h1, %h1, %h1, %h1, "
                      "%h1};\n";
  EXPECT_EQ(cellsAfter<uint16_t>(eight, std::vector<uint16_t>(8, 0), 32),
            std::vector<uint16_t>(8, 0x4280)); // 64.0
  std::string packed = "  mov.b32 %r1, 0x3C004000;\n"
                       "  red.global.add.noftz.v2.f16x2 [%rd1], {%r1, %r1};\n";
  EXPECT_EQ(cellsAfter<uint32_t>(packed, {0, 0}, 32),
            (std::vector<uint32_t>{0x54005800, 0x54005800})); // 64.0 and 128.0
}
TEST(VectorAtomic, TheVectorIsAlignedAsAWhole) {
  std::vector<float> cells(8);
  std::string text = moduleHeader() +
                     ".visible .entry k(.param .u64 p) {\n  .reg .f32 %f<5>; .reg .b64 %rd<2>;\n"
                     "  ld.param.u64 %rd1, [p];\n  mov.f32 %f1, 1.0;\n"
                     "  red.global.add.v4.f32 [%rd1+8], {%f1, %f1, %f1, %f1};\n  ret;\n}\n";
  alignas(16) float aligned[8] = {};
  Grid grid(text);
  grid.address(grid.memory.map(aligned, sizeof(aligned), "x"));
  EXPECT_NE(grid.go(1, 1).find("misaligned"), std::string::npos);
}

} // namespace
