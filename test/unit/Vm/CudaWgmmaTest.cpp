//===- CudaWgmmaTest.cpp - wgmma as nvcc writes it ------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/CudaPrograms.h"

using namespace vmtest;

namespace {
std::vector<uint16_t> smallHalves(size_t n, unsigned seed) {
  std::vector<uint16_t> v;
  for (int x : randomInts(n, seed, -3, 3))
    v.push_back(toHalf(x));
  return v;
}
double dotRows(const std::vector<uint16_t> &a, size_t rowA, const std::vector<uint16_t> &b,
               size_t rowB, size_t k) {
  double sum = 0;
  for (size_t l = 0; l < k; ++l)
    sum += halfValue(a[rowA * k + l]) * halfValue(b[rowB * k + l]);
  return sum;
}
/// Without and with checkers, late and at random times.
template <class F> void underAll(F launch) {
  for (Check checks : {Check::None, Check::All})
    for (AsyncCompletion async : {AsyncCompletion::Late, AsyncCompletion::Random})
      launch([=](Grid &g) {
        g.config.checks = checks;
        g.config.async = async;
      });
}
} // namespace

// cuda/wgmma.cu

TEST(CudaWgmma, APipelineWithOneGroupInFlight) {
  const size_t k = 320;
  std::vector<uint16_t> a = smallHalves(64 * k, 81), b = smallHalves(16 * k, 82);
  forEachVariant("wgmma", [&](const Compiled &c) {
    underAll([&](auto configure) {
      std::vector<float> out(64 * 16);
      Grid grid = c.grid("pipelined");
      configure(grid);
      ASSERT_EQ(grid.buffer(a).buffer(b).buffer(out).scalar(int(k)).go(1, 128), "");
      for (size_t i = 0; i < 64; ++i)
        for (size_t j = 0; j < 16; ++j)
          ASSERT_EQ(out[i * 16 + j], dotRows(a, i, b, j, k)) << i << " " << j;
    });
  });
}
TEST(CudaWgmma, AttentionPassesAnAccumulatorOnAsMatrixA) {
  const size_t blocks = 5;
  std::vector<uint16_t> q = smallHalves(64 * 16, 83), k = smallHalves(blocks * 256, 84),
                        v = smallHalves(blocks * 256, 85);
  forEachVariant("wgmma", [&](const Compiled &c) {
    underAll([&](auto configure) {
      std::vector<float> out(64 * 16);
      Grid grid = c.grid("attention");
      configure(grid);
      ASSERT_EQ(grid.buffer(q).buffer(k).buffer(v).buffer(out).scalar(int(blocks)).go(1, 128), "");
      for (size_t i = 0; i < 64; ++i)
        for (size_t n = 0; n < 16; ++n) {
          double sum = 0;
          for (size_t j = 0; j < blocks; ++j) {
            sum *= 0.5;
            for (size_t l = 0; l < 16; ++l)
              sum += dotRows(q, i, k, 16 * j + l, 16) * halfValue(v[(16 * j + l) * 16 + n]);
          }
          ASSERT_EQ(out[i * 16 + n], sum) << i << " " << n; // small integers: exact
        }
    });
  });
}
