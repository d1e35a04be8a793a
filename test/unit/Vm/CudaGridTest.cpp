//===- CudaGridTest.cpp - stencils, sorting, bytes, calls -----------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/CudaPrograms.h"
#include <algorithm>
#include <complex>
#include <map>
#include <mutex>
#include <numeric>
#include <set>

using namespace vmtest;

// cuda/grids.cu

TEST(CudaGrids, StencilInTwoDimensions) {
  const int w = 70, h = 40;
  std::vector<float> in = randomFloats(size_t(w) * h, 31);
  auto at = [&](int x, int y) {
    return x < 0 || y < 0 || x >= w || y >= h ? 0.0f : in[size_t(y) * w + size_t(x)];
  };
  forEachVariant("grids", [&](const Compiled &c) {
    std::vector<float> out(in.size());
    ASSERT_EQ(
        c.grid("stencil5").buffer(in).buffer(out).scalar(w).scalar(h).go({3, 3, 1}, {32, 16, 1}),
        "");
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        float sum = ((at(x - 1, y) + at(x + 1, y)) + at(x, y - 1)) + at(x, y + 1);
        ASSERT_NEAR(out[size_t(y * w + x)], 0.5f * at(x, y) + 0.125f * sum, 1e-6);
      }
  });
}
TEST(CudaGrids, StencilInThreeDimensions) {
  const int nx = 20, ny = 18, nz = 9;
  std::vector<float> in = randomFloats(size_t(nx) * ny * nz, 32);
  forEachVariant("grids", [&](const Compiled &c) {
    std::vector<float> out(in.size(), 7.0f);
    ASSERT_EQ(c.grid("stencil7")
                  .buffer(in)
                  .buffer(out)
                  .scalar(nx)
                  .scalar(ny)
                  .scalar(nz)
                  .go({2, 3, 1}, {16, 8, 1}),
              "");
    for (int z = 0; z < nz; ++z)
      for (int y = 0; y < ny; ++y)
        for (int x = 0; x < nx; ++x) {
          size_t plane = size_t(nx) * ny, i = size_t(z) * plane + size_t(y) * nx + size_t(x);
          bool inside = x && y && z && x < nx - 1 && y < ny - 1 && z < nz - 1;
          double expected = !inside ? 7.0
                                    : -6.0 * in[i] + in[i - 1] + in[i + 1] + in[i - nx] +
                                          in[i + nx] + in[i - plane] + in[i + plane];
          ASSERT_NEAR(out[i], expected, 1e-5);
        }
  });
}
TEST(CudaGrids, BitonicSort) {
  std::vector<uint32_t> keys = randomWords(1024, 33), values(1024);
  std::iota(values.begin(), values.end(), 0u);
  forEachVariant("grids", [&](const Compiled &c) {
    auto k = keys, v = values;
    Grid grid = c.grid("bitonic");
    grid.config.dynamicShared = 512 * 8;
    ASSERT_EQ(grid.buffer(k).buffer(v).go(2, 256), "");
    for (size_t block : {0u, 512u}) {
      EXPECT_TRUE(std::is_sorted(k.begin() + long(block), k.begin() + long(block) + 512));
      for (size_t i = block; i < block + 512; ++i)
        ASSERT_EQ(k[i], keys[v[i]]);
    }
  });
}
TEST(CudaGrids, SparseMatrixTimesVector) {
  const int rows = 50;
  std::vector<int> starts{0}, columns;
  for (int r = 0; r < rows; ++r) {
    for (int col = r % 3; col < 200; col += 1 + r)
      columns.push_back(col);
    starts.push_back(int(columns.size()));
  }
  std::vector<float> values = randomFloats(columns.size(), 34), x = randomFloats(200, 35);
  forEachVariant("grids", [&](const Compiled &c) {
    std::vector<float> y(rows);
    ASSERT_EQ(c.grid("spmv")
                  .buffer(starts)
                  .buffer(columns)
                  .buffer(values)
                  .buffer(x)
                  .buffer(y)
                  .scalar(rows)
                  .go(13, 128),
              "");
    for (size_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (int k = starts[r]; k < starts[r + 1]; ++k)
        sum += double(values[size_t(k)]) * x[size_t(columns[size_t(k)])];
      ASSERT_NEAR(y[r], sum, 1e-5);
    }
  });
}
TEST(CudaGrids, VectorisedTranspose) {
  const size_t n = 128;
  std::vector<float> in = randomFloats(n * n, 36);
  forEachVariant("grids", [&](const Compiled &c) {
    std::vector<float> out(n * n);
    ASSERT_EQ(c.grid("transpose4").buffer(in).buffer(out).scalar(int(n)).go({2, 2, 1}, {16, 16, 1}),
              "");
    for (size_t r = 0; r < n; ++r)
      for (size_t col = 0; col < n; ++col)
        ASSERT_EQ(out[col * n + r], in[r * n + col]);
  });
}
TEST(CudaGrids, FourierTransform) {
  std::vector<float> in = randomFloats(2 * 256 * 2, 37);
  forEachVariant("grids", [&](const Compiled &c) {
    std::vector<float> data = in;
    ASSERT_EQ(c.grid("fft256").buffer(data).go(2, 128), "");
    for (size_t k : {0u, 1u, 37u, 128u, 255u})
      for (size_t block : {0u, 1u}) {
        std::complex<double> sum;
        for (size_t j = 0; j < 256; ++j) {
          size_t at = 2 * (block * 256 + j);
          sum += std::complex<double>(in[at], in[at + 1]) *
                 std::polar(1.0, -2 * M_PI * double(j * k % 256) / 256);
        }
        EXPECT_NEAR(data[2 * (block * 256 + k)], sum.real(), 1e-4);
        EXPECT_NEAR(data[2 * (block * 256 + k) + 1], sum.imag(), 1e-4);
      }
  });
}

// cuda/bytes.cu

TEST(CudaBytes, Sha256) {
  const std::vector<std::pair<std::string, std::vector<uint32_t>>> known{
      {"",
       {0xe3b0c442, 0x98fc1c14, 0x9afbf4c8, 0x996fb924, 0x27ae41e4, 0x649b934c, 0xa495991b,
        0x7852b855}},
      {"abc",
       {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223, 0xb00361a3, 0x96177a9c, 0xb410ff61,
        0xf20015ad}}};
  const size_t n = 40, stride = 64;
  forEachVariant("bytes", [&](const Compiled &c) {
    std::vector<uint8_t> messages(n * stride);
    std::vector<int> lengths(n);
    std::vector<uint32_t> digests(8 * n);
    for (size_t i = 0; i < n; ++i) {
      const std::string &text = known[i % 2].first;
      std::copy(text.begin(), text.end(), messages.begin() + long(i * stride));
      lengths[i] = int(text.size());
    }
    ASSERT_EQ(c.grid("sha256")
                  .buffer(messages)
                  .buffer(lengths)
                  .scalar(int(stride))
                  .buffer(digests)
                  .scalar(int(n))
                  .go(2, 32),
              "");
    for (size_t i = 0; i < n; ++i)
      ASSERT_EQ(
          std::vector<uint32_t>(digests.begin() + long(8 * i), digests.begin() + long(8 * i + 8)),
          known[i % 2].second);
  });
}
TEST(CudaBytes, ByteCode) {
  enum { Push, Add, Sub, Mul, Dup, Swap, Jnz, Arg, Halt, Div, Over, Drop };
  // n / 36, with detours through the other codes: n 36 -> 36 n -> 36 n 36 -> 36 (n / 36)
  std::vector<uint8_t> code{Arg, Push, 36, Dup, Jnz, 8, Drop, Halt, /*8*/ Swap, Over, Div, Halt};
  std::vector<int> args = randomInts(300, 41, -1000, 1000);
  forEachVariant("bytes", [&](const Compiled &c) {
    std::vector<int> results(300);
    ASSERT_EQ(c.grid("byteCode").buffer(code).buffer(args).buffer(results).scalar(300).go(3, 128),
              "");
    for (size_t i = 0; i < 300; ++i)
      ASSERT_EQ(results[i], args[i] / 36) << i;
  });
}
TEST(CudaBytes, ByteCodeLoops) {
  enum { Push, Add, Sub, Mul, Dup, Swap, Jnz, Arg, Halt, Div, Over, Drop };
  // n -> n + (n - 1) + ... + 1: a loop whose length differs from thread to thread
  std::vector<uint8_t> code{Push,       0,    Arg, /*3*/ Dup, Jnz,  8, Drop, Halt,
                            /*8*/ Swap, Over, Add, Swap,      Push, 1, Sub,  Push, 1, Jnz, 3};
  std::vector<int> args = randomInts(200, 42, 0, 60);
  forEachVariant("bytes", [&](const Compiled &c) {
    std::vector<int> results(200);
    ASSERT_EQ(c.grid("byteCode").buffer(code).buffer(args).buffer(results).scalar(200).go(2, 128),
              "");
    for (size_t i = 0; i < 200; ++i)
      ASSERT_EQ(results[i], args[i] * (args[i] + 1) / 2) << args[i];
  });
}
TEST(CudaBytes, NumbersAsText) {
  std::vector<int> in = randomInts(200, 43, -2000000000, 2000000000);
  in[0] = 0, in[1] = std::numeric_limits<int>::min(), in[2] = std::numeric_limits<int>::max();
  forEachVariant("bytes", [&](const Compiled &c) {
    std::vector<char> text(200 * 16);
    std::vector<int> out(200);
    ASSERT_EQ(c.grid("numbers").buffer(in).buffer(text).buffer(out).scalar(200).go(2, 128), "");
    for (size_t i = 0; i < 200; ++i) {
      std::string expected = std::to_string(in[i]);
      ASSERT_EQ(std::string(&text[16 * i]), expected);
      ASSERT_EQ(out[i], in[i] ^ int(expected.size()));
    }
  });
}
TEST(CudaBytes, Recursion) {
  const int each = 40;
  std::vector<int> data = randomInts(32 * each, 44, -99, 99);
  forEachVariant("bytes", [&](const Compiled &c) {
    std::vector<int> out(32), sorted = data, expected = data;
    ASSERT_EQ(c.grid("recursion").buffer(out).buffer(sorted).scalar(each).go(1, 32), "");
    for (int i = 0; i < 32; ++i) {
      EXPECT_EQ(out[size_t(i)], (2 * (i % 5) + 3) * 1000 + i + 2);
      std::sort(expected.begin() + i * each, expected.begin() + (i + 1) * each);
    }
    EXPECT_EQ(sorted, expected);
  });
}
TEST(CudaBytes, VirtualCalls) {
  forEachVariant("bytes", [&](const Compiled &c) {
    std::vector<float> out(100);
    ASSERT_EQ(c.grid("virtualCalls").buffer(out).scalar(100).go(1, 128), "");
    for (size_t i = 0; i < 100; ++i)
      ASSERT_EQ(out[i], float(i * i) * (i % 3 ? 1.0f : 3.0f));
  });
}
TEST(CudaBytes, FunctionPointers) {
  std::vector<int> program{0, 1, 2, 0, 2}, in = randomInts(100, 45, -9, 9);
  forEachVariant("bytes", [&](const Compiled &c) {
    std::vector<int> data = in;
    ASSERT_EQ(c.grid("pipelines").buffer(program).scalar(5).buffer(data).scalar(100).go(1, 100),
              "");
    for (int i = 0; i < 100; ++i) {
      int v = in[size_t(i)];
      for (int p : program)
        v = (p + i) % 3 == 0 ? 2 * v : (p + i) % 3 == 1 ? v * v : -v;
      ASSERT_EQ(data[size_t(i)], v);
    }
  });
}
TEST(CudaBytes, Printf) {
  forEachVariant("bytes", [&](const Compiled &c) {
    if (!c.module->findEntry("speak"))
      return;
    std::multiset<std::string> lines, expected;
    Grid grid = c.grid("speak");
    grid.config.print = [&](llvm::StringRef text) { lines.insert(text.str()); };
    ASSERT_EQ(grid.scalar(20).go(2, 16), "");
    for (int i = 0; i < 20; ++i) {
      char line[100];
      std::snprintf(line, sizeof(line), "thread %d of speak: %.2f %x %c %lld%%\n", i, i * 0.25,
                    i * 17, 'a' + i, static_cast<long long>(i) << 40);
      expected.insert(line);
    }
    EXPECT_EQ(lines, expected);
  });
}
TEST(CudaBytes, Assert) {
  std::vector<int> good(64, 5), bad = good;
  bad[40] = 100;
  forEachVariant("bytes", [&](const Compiled &c) {
    if (c.variant == "nvrtc") // has no assert.h
      return;
    EXPECT_EQ(c.grid("asserting").buffer(good).go(1, 64), "");
    std::string error = c.grid("asserting").buffer(bad).go(1, 64);
    EXPECT_NE(error.find("too large"), std::string::npos) << error;
    EXPECT_NE(error.find("(40,0,0)"), std::string::npos) << error;
  });
}
