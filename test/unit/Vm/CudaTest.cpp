//===- CudaTest.cpp - programs compiled from CUDA C++ ---------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reductions, scans, matrices, calls: cuda/reduction.cu, matrix.cu, reduce.cu, scan.cu.
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/CudaPrograms.h"
#include <algorithm>
#include <numeric>

using namespace vmtest;

TEST(Cuda, BlockSum) {
  forEachVariant("reduction", [&](const Compiled &c) {
    auto in = randomFloats(10007, 1);
    std::vector<float> out(1);
    ASSERT_EQ(
        c.grid("blockSum").buffer(in, "in", false).buffer(out).scalar(int(in.size())).go(7, 256),
        "");
    double sum = 0, magnitude = 0;
    for (float x : in)
      sum += x, magnitude += std::fabs(x);
    EXPECT_NEAR(out[0], sum, magnitude * 1e-6);
  });
}
TEST(Cuda, Histogram) {
  forEachVariant("reduction", [&](const Compiled &c) {
    std::mt19937 random(2);
    std::vector<uint8_t> in(20000);
    std::vector<uint32_t> bins(256), expected(256);
    for (uint8_t &x : in)
      ++expected[x = uint8_t(random() % 200)];
    ASSERT_EQ(
        c.grid("histogram").buffer(in, "in", false).buffer(bins).scalar(int(in.size())).go(5, 192),
        "");
    EXPECT_EQ(bins, expected);
  });
}
TEST(Cuda, Scan) {
  forEachVariant("reduction", [&](const Compiled &c) {
    std::vector<int> in(500), out(500), expected(500);
    for (int k = 0, sum = 0; k < 500; ++k)
      expected[size_t(k)] = sum += in[size_t(k)] = k * 7 % 13 - 5;
    Grid grid = c.grid("scan");
    grid.config.dynamicShared = 512 * 8;
    ASSERT_EQ(grid.buffer(in).buffer(out).scalar(500).go(1, 512), "");
    EXPECT_EQ(out, expected);
  });
}
TEST(Cuda, SoftmaxOfHalves) {
  forEachVariant("reduction", [&](const Compiled &c) {
    size_t rows = 6, columns = 300;
    auto source = randomFloats(rows * columns, 3);
    std::vector<uint16_t> in, out(rows * columns);
    for (float x : source)
      in.push_back(toHalf(4 * x));
    ASSERT_EQ(
        c.grid("softmaxRows").buffer(in).buffer(out).scalar(int(columns)).go(uint32_t(rows), 128),
        "");
    for (size_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (size_t c = 0; c < columns; ++c)
        sum += std::exp(halfValue(in[r * columns + c]));
      for (size_t c = 0; c < columns; ++c) {
        double expected = std::exp(halfValue(in[r * columns + c])) / sum;
        ASSERT_NEAR(halfValue(out[r * columns + c]), expected, expected * 0x1p-10 + 0x1p-24);
      }
    }
  });
}
TEST(Cuda, Transpose) {
  forEachVariant("matrix", [&](const Compiled &c) {
    size_t rows = 70, columns = 45;
    auto in = randomFloats(rows * columns, 4);
    std::vector<float> out(in.size());
    ASSERT_EQ(c.grid("transpose")
                  .buffer(in)
                  .buffer(out)
                  .scalar(int(rows))
                  .scalar(int(columns))
                  .go({2, 3, 1}, {32, 8, 1}),
              "");
    for (size_t r = 0; r < rows; ++r)
      for (size_t c = 0; c < columns; ++c)
        ASSERT_EQ(out[c * rows + r], in[r * columns + c]);
  });
}
TEST(Cuda, Matmul) {
  forEachVariant("matrix", [&](const Compiled &c) {
    size_t m = 128, n = 64, k = 96;
    auto a = randomFloats(m * k, 5), b = randomFloats(k * n, 6);
    std::vector<float> out(m * n);
    Grid grid = c.grid("matmul");
    ASSERT_EQ(grid.buffer(a).buffer(b).buffer(out).scalar(int(m)).scalar(int(n)).scalar(int(k)).go(
                  {1, 2, 1}, {128, 1, 1}),
              "");
    for (size_t i = 0; i < m; ++i)
      for (size_t j = 0; j < n; ++j) {
        float sum = 0;
        for (size_t l = 0; l < k; ++l)
          sum = std::fma(a[i * k + l], b[l * n + j], sum);
        // Same order, each step fused: bit-exact. Without the optimiser the steps are not fused.
        ASSERT_NEAR(out[i * n + j], sum, c.variant == "O0" ? 1e-5 : 0);
      }
    if (c.variant != "O0") {
      EXPECT_EQ(grid.report.counters.byClass[size_t(InstClass::Float)] * 32, m * n * k);
    }
  });
}
TEST(Cuda, CallsWithStructuresAndPointers) {
  forEachVariant("matrix", [&](const Compiled &c) {
    std::vector<int> flags(600);
    ASSERT_EQ(c.grid("perfect").buffer(flags).scalar(600).go(5, 128), "");
    for (int i = 0; i < 600; ++i) {
      int sum = 0, count = 0, largest = 0;
      for (int d = 1; d < i; ++d)
        if (i % d == 0)
          sum += d, ++count, largest = d;
      ASSERT_EQ(flags[size_t(i)], sum == i && i > 0 ? 1000 + largest : count) << i;
    }
  });
}
TEST(Cuda, IndirectCalls) {
  forEachVariant("matrix", [&](const Compiled &c) {
    auto data = randomFloats(200, 7), before = data;
    std::vector<int> which(200);
    for (size_t k = 0; k < 200; ++k)
      which[k] = int(k * k % 3);
    ASSERT_EQ(c.grid("indirect").buffer(data).buffer(which).scalar(200).go(2, 128), "");
    for (size_t k = 0; k < 200; ++k)
      EXPECT_EQ(data[k], which[k] & 1 ? before[k] * 0.5f : before[k] + 1.0f);
  });
}

// cuda/reduce.cu

template <class T> static void checkSum(const std::string &entry, const std::vector<T> &source) {
  forEachVariant("reduce", [&](const Compiled &c) {
    std::vector<T> in = source, out(1);
    ASSERT_EQ(c.grid(entry).buffer(in).buffer(out).scalar(int(in.size())).go(5, 256), "");
    EXPECT_EQ(out[0], std::accumulate(in.begin(), in.end(), T(0)));
  });
}
TEST(Cuda, SumsOfAllTypes) {
  std::vector<int> ints = randomInts(3001, 11, -1000, 1000); // sums of these are exact in any order
  checkSum<int>("sumInt", ints);
  checkSum<float>("sumFloat", {ints.begin(), ints.end()});
  checkSum<double>("sumDouble", {ints.begin(), ints.end()});
}
TEST(Cuda, ReduxOfPartialWarps) {
  std::vector<int> in = randomInts(1000, 12, -100000, 100000);
  std::vector<int> expected{0, in[0], in[0], -1, 0, 0};
  for (int v : in) {
    expected[0] += v;
    expected[1] = std::min(expected[1], v);
    expected[2] = std::max(expected[2], v);
    expected[3] &= v;
    expected[4] |= v;
    expected[5] ^= v;
  }
  forEachVariant("reduce", [&](const Compiled &c) {
    std::vector<int> out{0, 1 << 30, -(1 << 30), -1, 0, 0};
    ASSERT_EQ(c.grid("reduxAll").buffer(in).buffer(out).scalar(1000).go(8, 128), "");
    EXPECT_EQ(out, expected);
  });
}
TEST(Cuda, ArgMax) {
  std::vector<float> in = randomFloats(2000, 13);
  in[700] = in[1400] = 2.0f;
  forEachVariant("reduce", [&](const Compiled &c) {
    std::vector<uint64_t> best(1);
    ASSERT_EQ(c.grid("argMax").buffer(in).buffer(best).scalar(2000).go(3, 64), "");
    EXPECT_EQ(~uint32_t(best[0]), 700u);
  });
}
TEST(Cuda, LastBlockSumsUp) {
  std::vector<int> in = randomInts(5000, 14, -9, 9);
  forEachVariant("reduce", [&](const Compiled &c) {
    std::vector<int> partial(20), out(1);
    Grid grid = c.grid("sumLastBlock");
    grid.buffer(in).buffer(partial).buffer(out).scalar(5000);
    ASSERT_EQ(grid.go(20, 96), "");
    EXPECT_EQ(out[0], std::accumulate(in.begin(), in.end(), 0));
  });
}

// cuda/scan.cu

TEST(Cuda, ScansOfABlock) {
  std::vector<int> in = randomInts(777, 15, -50, 50);
  forEachVariant("scan", [&](const Compiled &c) {
    std::vector<int> inclusive(777), exclusive(777);
    ASSERT_EQ(
        c.grid("scanBlock").buffer(in).buffer(inclusive).buffer(exclusive).scalar(777).go(1, 800),
        "");
    int sum = 0;
    for (size_t k = 0; k < in.size(); ++k) {
      ASSERT_EQ(exclusive[k], sum);
      ASSERT_EQ(inclusive[k], sum += in[k]);
    }
  });
}
TEST(Cuda, DecoupledLookBack) {
  std::vector<int> in = randomInts(6000, 16, -50, 50);
  forEachVariant("scan", [&](const Compiled &c) {
    std::vector<int> out(6000), expected(6000);
    std::vector<uint64_t> state(48);
    std::vector<uint32_t> ticket(1);
    ASSERT_EQ(c.grid("scanLookBack")
                  .buffer(in)
                  .buffer(out)
                  .buffer(state)
                  .buffer(ticket)
                  .scalar(6000)
                  .go(47, 128),
              "");
    std::partial_sum(in.begin(), in.end(), expected.begin());
    EXPECT_EQ(out, expected);
  });
}
TEST(Cuda, Compaction) {
  std::vector<int> in = randomInts(500, 17, -50, 50), expected;
  std::copy_if(in.begin(), in.end(), std::back_inserter(expected),
               [](int v) { return v % 2 == 0; });
  forEachVariant("scan", [&](const Compiled &c) {
    std::vector<int> out(500), count(1);
    ASSERT_EQ(c.grid("compact").buffer(in).buffer(out).buffer(count).scalar(500).go(1, 512), "");
    out.resize(size_t(count[0]));
    EXPECT_EQ(out, expected);
  });
}
