//===- WgmmaTensorTest.cpp - tiles that tensor copies bring fit wgmma -----===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pairing that kernels for sm_90a live on: cp.async.bulk.tensor writes a tile with a swizzle,
// wgmma reads it through a descriptor with the same one. The two were written from different pages
// of the manual.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/TensorMap.h"
#include "test/unit/Vm/Assemble.h"
#include "test/unit/Vm/Wgmma.h"

using namespace vmtest;

namespace {

constexpr unsigned kN = 64, kK = 64; ///< M is 64, too

/// D = A B over K = 64 of f16, both operands K-major or both MN-major, by boxes of one swizzle
/// span.
std::string program(unsigned width, bool transposed) {
  unsigned boxes = 128 / width;   // of 64 elements side by side
  unsigned boxBytes = 64 * width; // 64 lines
  unsigned mode = width == 128 ? 1 : width == 64 ? 2 : 3;
  uint64_t stride = 8 * width / 16, leading = transposed ? boxBytes / 16 : 1;
  uint64_t fields = uint64_t(mode) << 62 | stride << 32 | leading << 16;
  std::string text =
      ".visible .entry k(.param .align 64 .b8 ma[128], .param .align 64 .b8 mb[128],\n"
      "  .param .u64 pd) {\n  .reg .pred %p, %first;\n  .reg .b32 %t, %bar, %at, %x;\n"
      "  .reg .f32 %d<32>;\n  .reg .b64 %ma, %mb, %rd, %da, %db, %s;\n"
      "  .shared .align 1024 .b8 sa[8192];\n  .shared .align 1024 .b8 sb[8192];\n"
      "  .shared .align 8 .b64 full;\n  mov.u32 %t, %tid.x;\n  mov.u32 %bar, full;\n"
      "  setp.eq.u32 %first, %t, 0;\n  mov.b64 %ma, ma;\n  mov.b64 %mb, mb;\n"
      "  cvta.param.u64 %ma, %ma;\n  cvta.param.u64 %mb, %mb;\n"
      "  @!%first bra WAIT;\n  mbarrier.init.shared.b64 [%bar], 1;\n"
      "  fence.mbarrier_init.release.cluster;\n"
      "  mbarrier.arrive.expect_tx.shared.b64 _, [%bar], 16384;\n";
  for (char m : {'a', 'b'})
    for (unsigned box = 0; box < boxes; ++box)
      text += std::string("  mov.u32 %at, s") + m + ";\n  add.u32 %at, %at, " +
              std::to_string(box * boxBytes) +
              ";\n  cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes "
              "[%at], [%m" +
              m + ", {" + std::to_string(box * width / 2) + ", 0}], [%bar];\n";
  text += "WAIT:\n  bar.sync 0;\nTRY:\n"
          "  mbarrier.try_wait.parity.shared.b64 %p, [%bar], 0;\n  @!%p bra TRY;\n";
  for (char m : {'a', 'b'})
    text += std::string("  mov.u32 %x, s") + m + ";\n  and.b32 %x, %x, 0x3ffff;\n" +
            "  shr.u32 %x, %x, 4;\n  cvt.u64.u32 %d" + m + ", %x;\n  mov.b64 %s, " +
            std::to_string(fields) + ";\n  or.b64 %d" + m + ", %d" + m + ", %s;\n";
  text += "  wgmma.fence.sync.aligned;\n";
  // Steps of 16 along K: 32 bytes within a span, then the next box; or 16 lines further on.
  std::string d = "{";
  for (unsigned k = 0; k < 32; ++k)
    d += (k ? ", %d" : "%d") + std::to_string(k);
  unsigned before = 0;
  for (unsigned k = 0; k < 4; ++k) {
    unsigned at = transposed ? 16 * width * k : 32 * k / width * boxBytes + 32 * k % width;
    for (char m : {'a', 'b'})
      text += std::string("  add.u64 %d") + m + ", %d" + m + ", " +
              std::to_string((at - before) / 16) + ";\n";
    before = at;
    std::string trans = transposed ? "1, 1" : "0, 0";
    text += "  wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 " + d + "}, %da, %db, " +
            (k ? "1" : "0") + ", 1, 1, " + trans + ";\n";
  }
  text += "  wgmma.commit_group.sync.aligned;\n  wgmma.wait_group.sync.aligned 0;\n"
          "  ld.param.u64 %rd, [pd];\n  mad.wide.u32 %rd, %t, 128, %rd;\n";
  for (unsigned k = 0; k < 32; ++k)
    text += "  st.global.f32 [%rd+" + std::to_string(4 * k) + "], %d" + std::to_string(k) + ";\n";
  return newestHeader() + text + "  ret;\n}\n";
}

/// A map of a matrix of 64 x 64 halves whose box is one span of the swizzle by all lines.
TensorMap mapOf(Grid &g, std::vector<uint16_t> &v, unsigned width) {
  TensorMapDesc desc;
  desc.dataType = TensorDataType::Float16;
  desc.rank = 2;
  desc.globalAddress = g.memory.map(v.data(), v.size() * 2, "matrix", false);
  desc.globalDim = {64, 64};
  desc.globalStrides = {128};
  desc.boxDim = {width / 2, 64};
  desc.swizzle = width == 128  ? TensorSwizzle::B128
                 : width == 64 ? TensorSwizzle::B64
                               : TensorSwizzle::B32;
  auto map = encodeTensorMap(desc);
  EXPECT_TRUE(bool(map));
  return *map;
}

} // namespace

TEST(WgmmaTensor, ProductsOfTilesThatTensorCopiesBring) {
  for (unsigned width : {128u, 64u, 32u})
    for (bool transposed : {false, true}) {
      std::string text = program(width, transposed);
      EXPECT_EQ(assemblerErrors(text), "");
      // Lines of A: rows, or (MN-major) k; likewise B.
      std::vector<uint16_t> a(64 * 64), b(64 * 64);
      std::vector<float> d(128 * 32);
      for (size_t k = 0; k < 64 * 64; ++k)
        a[k] = toHalf(int(k * 7 % 11) - 5), b[k] = toHalf(int(k * 5 % 13) - 6);
      Grid g(parse(text));
      g.config.checks = Check::All;
      g.scalar(mapOf(g, a, width)).scalar(mapOf(g, b, width)).buffer(d);
      ASSERT_EQ(g.go(1, 128), "") << width << transposed;
      auto at = [&](const std::vector<uint16_t> &v, unsigned row, unsigned k) {
        return halfValue(transposed ? v[k * 64 + row] : v[row * 64 + k]);
      };
      for (unsigned row = 0; row < 64; ++row)
        for (unsigned n = 0; n < kN; ++n) {
          double sum = 0;
          for (unsigned k = 0; k < kK; ++k)
            sum += at(a, row, k) * at(b, n, k);
          unsigned thread = row / 16 * 32 + row % 8 * 4 + n % 8 / 2;
          ASSERT_EQ(d[thread * 32 + n / 8 * 4 + row % 16 / 8 * 2 + n % 2], sum)
              << width << transposed << " " << row << " " << n;
        }
    }
}
