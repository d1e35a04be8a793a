//===- CudaTensorTest.cpp - tensor cores, pipelines, clusters -------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/CudaPrograms.h"
#include <algorithm>
#include <bit>
#include <numeric>

using namespace vmtest;

namespace {
std::vector<uint16_t> halves(const std::vector<float> &v) {
  std::vector<uint16_t> h;
  for (float x : v)
    h.push_back(toHalf(x));
  return h;
}
std::vector<int8_t> smallBytes(size_t n, unsigned seed) {
  std::vector<int8_t> v;
  for (int x : randomInts(n, seed, -128, 127))
    v.push_back(int8_t(x));
  return v;
}
} // namespace

// cuda/mma.cu

TEST(CudaTensor, HalvesByInlinePtx) {
  const size_t m = 32, n = 24, k = 48;
  std::vector<uint16_t> a = halves(randomFloats(m * k, 61)), b = halves(randomFloats(k * n, 62));
  forEachVariant("mma", [&](const Compiled &c) {
    std::vector<float> out(m * n);
    ASSERT_EQ(c.grid("gemmHalf")
                  .buffer(a)
                  .buffer(b)
                  .buffer(out)
                  .scalar(int(n))
                  .scalar(int(k))
                  .go({3, 2, 1}, {32, 1, 1}),
              "");
    for (size_t i = 0; i < m; ++i)
      for (size_t j = 0; j < n; ++j) {
        double sum = 0;
        for (size_t l = 0; l < k; ++l)
          sum += halfValue(a[i * k + l]) * halfValue(b[l * n + j]);
        ASSERT_NEAR(out[i * n + j], sum, 1e-5);
      }
  });
}
TEST(CudaTensor, BytesByInlinePtx) {
  const size_t m = 32, n = 16, k = 96;
  std::vector<int8_t> a = smallBytes(m * k, 63), b = smallBytes(n * k, 64);
  forEachVariant("mma", [&](const Compiled &c) {
    std::vector<int> out(m * n);
    ASSERT_EQ(c.grid("gemmBytes")
                  .buffer(a)
                  .buffer(b)
                  .buffer(out)
                  .scalar(int(n))
                  .scalar(int(k))
                  .go({2, 2, 1}, {32, 1, 1}),
              "");
    for (size_t i = 0; i < m; ++i)
      for (size_t j = 0; j < n; ++j) {
        int sum = 0;
        for (size_t l = 0; l < k; ++l)
          sum += a[i * k + l] * b[j * k + l];
        ASSERT_EQ(out[i * n + j], sum);
      }
  });
}
TEST(CudaTensor, DoublesByInlinePtx) {
  const size_t k = 12;
  std::vector<float> u = randomFloats(8 * k, 65), v = randomFloats(8 * k, 66);
  std::vector<double> a(u.begin(), u.end()), b(v.begin(), v.end());
  forEachVariant("mma", [&](const Compiled &c) {
    std::vector<double> out(64);
    ASSERT_EQ(c.grid("gemmDouble").buffer(a).buffer(b).buffer(out).scalar(int(k)).go(1, 32), "");
    for (size_t i = 0; i < 8; ++i)
      for (size_t j = 0; j < 8; ++j) {
        double sum = 0;
        for (size_t l = 0; l < k; ++l)
          sum += a[i * k + l] * b[l * 8 + j];
        ASSERT_NEAR(out[i * 8 + j], sum, 1e-14);
      }
  });
}
TEST(CudaTensor, BitsByInlinePtx) {
  std::vector<uint32_t> a = randomWords(16 * 8, 67), b = randomWords(8 * 8, 68);
  forEachVariant("mma", [&](const Compiled &c) {
    std::vector<int> out(16 * 8);
    ASSERT_EQ(c.grid("gemmBits").buffer(a).buffer(b).buffer(out).go(1, 32), "");
    for (size_t i = 0; i < 16; ++i)
      for (size_t j = 0; j < 8; ++j) {
        int sum = 0;
        for (size_t w = 0; w < 8; ++w)
          sum += std::popcount(a[i * 8 + w] & b[j * 8 + w]);
        ASSERT_EQ(out[i * 8 + j], sum);
      }
  });
}

// cuda/pipelines.cu

TEST(CudaPipelines, Primitives) {
  const size_t tiles = 7, n = tiles * 128 * 4;
  std::vector<float> in = randomFloats(n, 71);
  forEachVariant("pipelines", [&](const Compiled &c) {
    std::vector<float> out(n);
    ASSERT_EQ(c.grid("primitives").buffer(in).buffer(out).scalar(int(tiles)).go(1, 128), "");
    for (size_t t = 0; t < tiles; ++t)
      for (size_t i = 0; i < 512; ++i)
        ASSERT_EQ(out[t * 512 + i], 2 * in[t * 512 + (i + 4) % 512]);
  });
}
TEST(CudaPipelines, ZeroFillBehindTheEnd) {
  std::vector<float> in = randomFloats(700, 72);
  forEachVariant("pipelines", [&](const Compiled &c) {
    std::vector<float> out(1024, -1.0f);
    ASSERT_EQ(c.grid("zeroFill").buffer(in).buffer(out).scalar(700).go(2, 128), "");
    for (size_t i = 0; i < 1024; ++i)
      ASSERT_EQ(out[i], i < 700 ? in[i] : 0.0f) << i;
  });
}
TEST(CudaPipelines, PipelineOfABlock) {
  std::vector<int> in = randomInts(9 * 128, 73, -100, 100);
  forEachVariant("pipelines", [&](const Compiled &c) {
    std::vector<int> out(128);
    ASSERT_EQ(c.grid("blockPipeline").buffer(in).buffer(out).scalar(9).go(1, 128), "");
    for (size_t t = 0; t < 128; ++t) {
      int sum = 0;
      for (size_t tile = 0; tile < 9; ++tile)
        for (size_t k = 0; k < 4; ++k)
          sum += in[tile * 128 + (t + k) % 128];
      ASSERT_EQ(out[t], sum);
    }
  });
}
TEST(CudaPipelines, ProducersAndConsumers) {
  std::vector<int> in = randomInts(6 * 128, 74, -100, 100);
  forEachVariant("pipelines", [&](const Compiled &c) {
    std::vector<int> out(in.size());
    ASSERT_EQ(c.grid("warpSpecialized").buffer(in).buffer(out).scalar(6).go(1, 256), "");
    for (size_t i = 0; i < in.size(); ++i)
      ASSERT_EQ(out[i], 3 * in[i / 128 * 128 + 127 - i % 128]);
  });
}
TEST(CudaPipelines, CopiesOfGroups) {
  std::vector<int> in = randomInts(3 * 128, 75, -100, 100);
  forEachVariant("pipelines", [&](const Compiled &c) {
    std::vector<int> out(in.size());
    ASSERT_EQ(c.grid("groupCopy").buffer(in).buffer(out).go(3, 128), "");
    for (size_t i = 0; i < in.size(); ++i)
      ASSERT_EQ(out[i], in[i / 128 * 128 + 127 - i % 128]);
  });
}

// cuda/cub.cu

TEST(CudaCub, RadixSort) {
  std::vector<int> keys = randomInts(1024, 76, -1000000, 1000000), values(1024);
  std::iota(values.begin(), values.end(), 0);
  forEachVariant("cub", [&](const Compiled &c) {
    auto k = keys, v = values;
    ASSERT_EQ(c.grid("cubSort").buffer(k).buffer(v).go(2, 128), "");
    for (size_t i = 0; i < 1024; ++i) {
      ASSERT_EQ(k[i], keys[size_t(v[i])]);
      if (i % 512) {
        ASSERT_LE(k[i - 1], k[i]);
      }
    }
  });
}
TEST(CudaCub, ScanAndReduce) {
  std::vector<int> in = randomInts(384, 77, -100, 100);
  forEachVariant("cub", [&](const Compiled &c) {
    std::vector<int> out(384), total(3);
    ASSERT_EQ(c.grid("cubScan").buffer(in).buffer(out).buffer(total).go(3, 128), "");
    for (size_t b = 0; b < 3; ++b) {
      int sum = 0;
      for (size_t i = b * 128; i < b * 128 + 128; sum += in[i++])
        ASSERT_EQ(out[i], sum);
      EXPECT_EQ(total[b], sum);
    }
  });
}

// cuda/wmma.cu

namespace {

/// How a 16-bit or other element is stored, and what it is worth.
template <class T> struct Element {
  static T store(double v) { return T(v); }
  static double value(T v) { return double(v); }
};
struct HalfElement {
  static uint16_t store(double v) { return toHalf(v); }
  static double value(uint16_t v) { return halfValue(v); }
};
struct BfloatElement {
  static uint16_t store(double v) { return toBfloat(v); }
  static double value(uint16_t v) { return bfloatValue(v); }
};

/// C = 2 A B on one warp; small integers, so that every sum is exact in all types.
template <class In, class Out>
void checkWmma(const std::string &entry, size_t m, size_t n, size_t k, bool rowA, bool rowB,
               int reach) {
  std::vector<int> a = randomInts(m * k, 81, -reach, reach),
                   b = randomInts(k * n, 82, -reach, reach);
  std::vector<decltype(In::store(0))> storedA(m * k), storedB(k * n);
  for (size_t i = 0; i < m; ++i)
    for (size_t l = 0; l < k; ++l)
      storedA[rowA ? i * k + l : l * m + i] = In::store(a[i * k + l]);
  for (size_t l = 0; l < k; ++l)
    for (size_t j = 0; j < n; ++j)
      storedB[rowB ? l * n + j : j * k + l] = In::store(b[l * n + j]);
  forEachVariant("wmma", [&](const Compiled &c) {
    std::vector<decltype(Out::store(0))> out(m * n);
    ASSERT_EQ(c.grid(entry).buffer(storedA).buffer(storedB).buffer(out).scalar(int(k)).go(1, 32),
              "");
    for (size_t i = 0; i < m; ++i)
      for (size_t j = 0; j < n; ++j) {
        int sum = 0;
        for (size_t l = 0; l < k; ++l)
          sum += a[i * k + l] * b[l * n + j];
        ASSERT_EQ(Out::value(out[i * n + j]), 2 * sum) << i << ", " << j;
      }
  });
}

} // namespace

TEST(CudaWmma, AllTypesAndShapes) {
  checkWmma<HalfElement, Element<float>>("wmma16", 16, 16, 32, true, false, 9);
  checkWmma<HalfElement, Element<float>>("wmma32", 32, 8, 32, false, true, 9);
  checkWmma<HalfElement, HalfElement>("wmma8", 8, 32, 16, true, true, 3);
  checkWmma<BfloatElement, Element<float>>("wmmaBrain", 16, 16, 32, true, true, 9);
  checkWmma<Element<float>, Element<float>>("wmmaTf32", 16, 16, 24, true, false, 9);
  checkWmma<Element<double>, Element<double>>("wmmaDouble", 8, 8, 12, true, false, 9);
  checkWmma<Element<int8_t>, Element<int>>("wmmaBytes", 16, 16, 48, true, false, 100);
}

// cuda/hopper.cu

TEST(CudaHopper, HistogramOverACluster) {
  std::vector<int> in = randomInts(3000, 83, 0, 127), expected(128);
  for (int v : in)
    ++expected[size_t(v)];
  forEachVariant("hopper", [&](const Compiled &c) {
    std::vector<int> bins(128);
    ASSERT_EQ(c.grid("clusterHistogram").buffer(in).buffer(bins).scalar(3000).go(2, 128), "");
    EXPECT_EQ(bins, expected);
  });
}
TEST(CudaHopper, RingOfACluster) {
  forEachVariant("hopper", [&](const Compiled &c) {
    std::vector<int> out(8 * 32);
    ASSERT_EQ(c.grid("clusterRing").buffer(out).go(8, 32), "");
    for (int i = 0; i < 8 * 32; ++i)
      ASSERT_EQ(out[size_t(i)], (i / 32 + 3) % 4 * 100 + i % 32 + 4);
  });
}
TEST(CudaHopper, BulkCopies) {
  std::vector<int> in = randomInts(3 * 256, 84, -1000, 1000);
  forEachVariant("hopper", [&](const Compiled &c) {
    std::vector<int> out(in.size());
    ASSERT_EQ(c.grid("bulkTile").buffer(in).buffer(out).go(3, 64), "");
    for (size_t i = 0; i < in.size(); ++i)
      ASSERT_EQ(out[i], 2 * in[i] + 1);
  });
}
