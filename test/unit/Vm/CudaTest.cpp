//===- CudaTest.cpp - programs compiled from CUDA C++ ---------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The PTX in cuda/ was made by nvcc from the .cu beside it.
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"
#include <fstream>
#include <random>
#include <sstream>

using namespace vmtest;

namespace {
std::shared_ptr<Module> load(const std::string &name) {
  std::ifstream file(std::string(COSMATI_VM_CUDA_DIR) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return parse(text.str());
}
std::vector<float> randoms(size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> real(-1, 1);
  std::vector<float> v(n);
  for (float &x : v)
    x = real(random);
  return v;
}
} // namespace

TEST(Cuda, BlockSum) {
  auto in = randoms(10007, 1);
  std::vector<float> out(1);
  ASSERT_EQ(Grid(load("reduction.ptx"), "blockSum")
                .buffer(in, "in", false)
                .buffer(out)
                .scalar(int(in.size()))
                .go(7, 256),
            "");
  double sum = 0, magnitude = 0;
  for (float x : in)
    sum += x, magnitude += std::fabs(x);
  EXPECT_NEAR(out[0], sum, magnitude * 1e-6);
}
TEST(Cuda, Histogram) {
  std::mt19937 random(2);
  std::vector<uint8_t> in(20000);
  std::vector<uint32_t> bins(256), expected(256);
  for (uint8_t &x : in)
    ++expected[x = uint8_t(random() % 200)];
  ASSERT_EQ(Grid(load("reduction.ptx"), "histogram")
                .buffer(in, "in", false)
                .buffer(bins)
                .scalar(int(in.size()))
                .go(5, 192),
            "");
  EXPECT_EQ(bins, expected);
}
TEST(Cuda, Scan) {
  std::vector<int> in(500), out(500), expected(500);
  for (int k = 0, sum = 0; k < 500; ++k)
    expected[size_t(k)] = sum += in[size_t(k)] = k * 7 % 13 - 5;
  Grid grid(load("reduction.ptx"), "scan");
  grid.config.dynamicShared = 512 * 8;
  ASSERT_EQ(grid.buffer(in).buffer(out).scalar(500).go(1, 512), "");
  EXPECT_EQ(out, expected);
}
TEST(Cuda, SoftmaxOfHalves) {
  size_t rows = 6, columns = 300;
  auto source = randoms(rows * columns, 3);
  std::vector<uint16_t> in, out(rows * columns);
  for (float x : source)
    in.push_back(toHalf(4 * x));
  ASSERT_EQ(Grid(load("reduction.ptx"), "softmaxRows")
                .buffer(in)
                .buffer(out)
                .scalar(int(columns))
                .go(uint32_t(rows), 128),
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
}
TEST(Cuda, Transpose) {
  size_t rows = 70, columns = 45;
  auto in = randoms(rows * columns, 4);
  std::vector<float> out(in.size());
  ASSERT_EQ(Grid(load("matrix.ptx"), "transpose")
                .buffer(in)
                .buffer(out)
                .scalar(int(rows))
                .scalar(int(columns))
                .go({2, 3, 1}, {32, 8, 1}),
            "");
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < columns; ++c)
      ASSERT_EQ(out[c * rows + r], in[r * columns + c]);
}
TEST(Cuda, Matmul) {
  size_t m = 128, n = 64, k = 96;
  auto a = randoms(m * k, 5), b = randoms(k * n, 6);
  std::vector<float> c(m * n);
  Grid grid(load("matrix.ptx"), "matmul");
  ASSERT_EQ(grid.buffer(a).buffer(b).buffer(c).scalar(int(m)).scalar(int(n)).scalar(int(k)).go(
                {1, 2, 1}, {128, 1, 1}),
            "");
  for (size_t i = 0; i < m; ++i)
    for (size_t j = 0; j < n; ++j) {
      float sum = 0;
      for (size_t l = 0; l < k; ++l)
        sum = std::fma(a[i * k + l], b[l * n + j], sum);
      ASSERT_EQ(c[i * n + j], sum); // same order, each step fused: bit-exact
    }
  EXPECT_EQ(grid.report.counters.byClass[size_t(InstClass::Float)] * 32, m * n * k);
}
TEST(Cuda, CallsWithStructuresAndPointers) {
  std::vector<int> flags(600);
  ASSERT_EQ(Grid(load("matrix.ptx"), "perfect").buffer(flags).scalar(600).go(5, 128), "");
  for (int i = 0; i < 600; ++i) {
    int sum = 0, count = 0, largest = 0;
    for (int d = 1; d < i; ++d)
      if (i % d == 0)
        sum += d, ++count, largest = d;
    ASSERT_EQ(flags[size_t(i)], sum == i && i > 0 ? 1000 + largest : count) << i;
  }
}
TEST(Cuda, IndirectCalls) {
  auto data = randoms(200, 7), before = data;
  std::vector<int> which(200);
  for (size_t k = 0; k < 200; ++k)
    which[k] = int(k * k % 3);
  ASSERT_EQ(Grid(load("matrix.ptx"), "indirect").buffer(data).buffer(which).scalar(200).go(2, 128),
            "");
  for (size_t k = 0; k < 200; ++k)
    EXPECT_EQ(data[k], which[k] & 1 ? before[k] * 0.5f : before[k] + 1.0f);
}
