//===- MatrixTest.cpp - ldmatrix, stmatrix, movmatrix ---------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {
/// One warp; shared memory s (1024 bytes) is filled from `in` and copied to `out` around `code`,
/// which finds %lane, the registers %m<4> and the shared address %row of row `lane`.
std::string matrixProgram(const std::string &code, bool loadRegisters) {
  std::string text =
      newestHeader() +
      ".visible .entry k(.param .u64 in, .param .u64 out, .param .u64 regs) {\n"
      "  .reg .pred %p<2>;\n  .reg .b32 %lane, %row, %at, %m<4>;\n  .reg .b64 %rd<4>, %g;\n"
      "  .shared .align 16 .b8 s[1024];\n  mov.u32 %lane, %tid.x;\n  mov.u32 %at, s;\n"
      "  mad.lo.u32 %row, %lane, 16, %at;\n  mad.lo.u32 %at, %lane, 16, %at;\n"
      "  ld.param.u64 %rd0, [in];\n  ld.param.u64 %rd1, [out];\n  ld.param.u64 %rd2, [regs];\n"
      "  mad.wide.u32 %rd0, %lane, 16, %rd0;\n  mad.wide.u32 %rd1, %lane, 16, %rd1;\n"
      "  mad.wide.u32 %rd2, %lane, 16, %rd2;\n  cvt.u64.u32 %g, %row;\n"
      "  cvta.shared.u64 %g, %g;\n"
      "  {\n  .reg .b32 %t<4>;\n  ld.global.v4.b32 {%t0, %t1, %t2, %t3}, [%rd0];\n"
      "  st.shared.v4.b32 [%at], {%t0, %t1, %t2, %t3};\n  }\n";
  text += loadRegisters ? "  ld.global.v4.b32 {%m0, %m1, %m2, %m3}, [%rd2];\n"
                        : "  mov.b32 %m0, 0;\n  mov.b32 %m1, 0;\n  mov.b32 %m2, 0;\n"
                          "  mov.b32 %m3, 0;\n";
  text += "  bar.sync 0;\n" + code + "\n  bar.sync 0;\n";
  if (!loadRegisters)
    text += "  st.global.v4.b32 [%rd2], {%m0, %m1, %m2, %m3};\n";
  return text + "  {\n  .reg .b32 %t<4>;\n  ld.shared.v4.b32 {%t0, %t1, %t2, %t3}, [%at];\n"
                "  st.global.v4.b32 [%rd1], {%t0, %t1, %t2, %t3};\n  }\n  ret;\n}\n";
}
struct Outcome {
  std::vector<uint16_t> shared = std::vector<uint16_t>(256), regs = std::vector<uint16_t>(256);
  std::string error;
};
Outcome runMatrix(const std::string &code, bool loadRegisters) {
  std::string text = matrixProgram(code, loadRegisters);
  EXPECT_EQ(assemblerErrors(text), "") << text;
  Outcome first;
  std::string before = hostIsaName().str();
  for (const std::string &isa : hostIsas()) {
    setHostIsa(isa);
    Outcome o;
    std::vector<uint16_t> in(256);
    for (uint32_t k = 0; k < 256; ++k) {
      in[k] = uint16_t(k * 257 + 3);
      o.regs[k] = loadRegisters ? uint16_t(k * 31 + 7) : 0;
    }
    Grid grid(text);
    o.error = grid.buffer(in).buffer(o.shared).buffer(o.regs).go(1, 32);
    EXPECT_EQ(o.error, "") << code;
    if (isa != "base") {
      EXPECT_EQ(o.shared, first.shared);
      EXPECT_EQ(o.regs, first.regs);
    }
    first = o;
  }
  setHostIsa(before);
  return first;
}
/// Element (r, c) of matrix m where its rows are those of `in`.
uint16_t source(unsigned m, unsigned r, unsigned c) {
  return uint16_t((m * 64 + r * 8 + c) * 257 + 3);
}
} // namespace

TEST(Matrix, LoadGivesLaneItsPairOfEachRow) {
  for (unsigned n : {1u, 2u, 4u})
    for (bool trans : {false, true})
      for (bool generic : {false, true}) {
        std::string regs = n == 1 ? "{%m0}" : n == 2 ? "{%m0, %m1}" : "{%m0, %m1, %m2, %m3}";
        Outcome o = runMatrix("  ldmatrix.sync.aligned.m8n8.x" + std::to_string(n) +
                                  (trans ? ".trans" : "") + (generic ? "" : ".shared") + ".b16 " +
                                  regs + ", [" + (generic ? "%g" : "%row") + "];",
                              false);
        for (unsigned lane = 0; lane < 32; ++lane)
          for (unsigned m = 0; m < n; ++m)
            for (unsigned j = 0; j < 2; ++j) {
              unsigned r = lane / 4, c = 2 * (lane % 4) + j;
              EXPECT_EQ(o.regs[8 * lane + 2 * m + j], trans ? source(m, c, r) : source(m, r, c));
            }
      }
}
TEST(Matrix, StoreIsTheInverseOfLoad) {
  for (unsigned n : {1u, 2u, 4u})
    for (bool trans : {false, true}) {
      std::string regs = n == 1 ? "{%m0}" : n == 2 ? "{%m0, %m1}" : "{%m0, %m1, %m2, %m3}";
      Outcome o = runMatrix("  stmatrix.sync.aligned.m8n8.x" + std::to_string(n) +
                                (trans ? ".trans" : "") + ".shared::cta.b16 [%row], " + regs + ";",
                            true);
      for (unsigned m = 0; m < 4; ++m)
        for (unsigned r = 0; r < 8; ++r)
          for (unsigned c = 0; c < 8; ++c) {
            unsigned row = trans ? c : r, column = trans ? r : c;
            unsigned lane = 4 * row + column / 2, k = 8 * lane + 2 * m + column % 2;
            EXPECT_EQ(o.shared[64 * m + 8 * r + c], m < n ? uint16_t(k * 31 + 7) : source(m, r, c));
          }
    }
}
TEST(Matrix, MoveTransposes) {
  Outcome o = runMatrix("  movmatrix.sync.aligned.m8n8.trans.b16 %m0, %m0;\n"
                        "  st.shared.b32 [%row], %m0;",
                        true);
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned j = 0; j < 2; ++j) {
      unsigned r = lane / 4, c = 2 * (lane % 4) + j;
      EXPECT_EQ(o.shared[8 * lane + j], uint16_t((8 * (4 * c + r / 2) + r % 2) * 31 + 7));
    }
}
TEST(Matrix, MisalignedRowsAreFound) {
  std::vector<uint16_t> in(256), out(256), regs(256);
  Grid grid(matrixProgram("  ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%m0}, [%row+8];", false));
  std::string e = grid.buffer(in).buffer(out).buffer(regs).go(1, 32);
  EXPECT_NE(e.find("misaligned"), std::string::npos) << e;
  EXPECT_NE(e.find("not a multiple of 16"), std::string::npos) << e;
}
TEST(Matrix, PartOfAWarpIsRefused) {
  std::vector<uint16_t> in(256), out(256), regs(256);
  Grid grid(matrixProgram("  ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%m0}, [%row];", false));
  std::string e = grid.buffer(in).buffer(out).buffer(regs).go(1, 24);
  EXPECT_NE(e.find("needs all 32 threads of the warp"), std::string::npos) << e;
}
