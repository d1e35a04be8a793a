//===- CudaWarpTest.cpp - warps, groups, atomics --------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/CudaPrograms.h"
#include <algorithm>
#include <map>

using namespace vmtest;

// cuda/warp.cu

TEST(CudaWarp, Votes) {
  const size_t n = 128;
  std::vector<int> in = randomInts(n, 21, -100, 100);
  forEachVariant("warp", [&](const Compiled &c) {
    std::vector<uint32_t> out(5 * n);
    ASSERT_EQ(c.grid("votes").buffer(in).buffer(out).scalar(int(n)).go(2, 64), "");
    for (size_t i = 0; i < n; ++i) {
      size_t base = i & ~size_t(31);
      uint32_t positive = 0, same = 0, odd = 0, any = 0, all = 1;
      for (size_t l = 0; l < 32; ++l) {
        int v = in[base + l];
        positive |= uint32_t(v > 0) << l;
        odd |= uint32_t(v > 0 && (v & 1)) << l;
        same |= uint32_t(v / 16 == in[i] / 16) << l;
        any |= v > 90;
        all &= v > -90;
      }
      ASSERT_EQ(out[i], positive);
      ASSERT_EQ(out[n + i], any | all << 1);
      ASSERT_EQ(out[2 * n + i], same);
      ASSERT_EQ(out[3 * n + i], ~1u); // all lanes agree
      ASSERT_EQ(out[4 * n + i] & ~odd, 0u);
      if (in[i] > 0 && (in[i] & 1)) {
        ASSERT_TRUE(out[4 * n + i] >> (i % 32) & 1);
      }
    }
  });
}
TEST(CudaWarp, Shuffles) {
  const size_t n = 96;
  std::vector<int> in = randomInts(n, 22, -1000, 1000);
  forEachVariant("warp", [&](const Compiled &c) {
    std::vector<int> out(6 * n);
    ASSERT_EQ(c.grid("shuffles").buffer(in).buffer(out).scalar(int(n)).go(1, 96), "");
    for (size_t i = 0; i < n; ++i) {
      size_t base = i & ~size_t(31), l = i % 32;
      ASSERT_EQ(out[i], in[base + 5]);
      ASSERT_EQ(out[n + i], in[base + (l & ~size_t(7)) + (i * 7 + 3) % 8]);
      ASSERT_EQ(out[2 * n + i], in[l % 16 >= 3 ? i - 3 : i]);
      ASSERT_EQ(out[3 * n + i], in[l % 16 < 13 ? i + 3 : i]);
      ASSERT_EQ(out[4 * n + i], in[base + (l ^ 9)]);
      ASSERT_EQ(out[5 * n + i], in[base + (l ^ 17)]);
    }
  });
}
TEST(CudaWarp, DivergentShuffles) {
  std::vector<int> in = randomInts(128, 23, -100, 100);
  forEachVariant("warp", [&](const Compiled &c) {
    std::vector<int> out(128);
    ASSERT_EQ(c.grid("diverge").buffer(in).buffer(out).go(2, 64), "");
    std::vector<int> middle(128);
    for (size_t i = 0; i < 128; ++i) {
      size_t base = i & ~size_t(31), lane = i % 32;
      middle[i] = in[i];
      if (lane % 2)
        middle[i] = in[base + (lane + 2) % 32] + 1;
      else
        for (int k = 0; k < int(lane) / 4; ++k)
          middle[i] = int(uint32_t(middle[i]) * 3 + uint32_t(k));
    }
    for (size_t i = 0; i < 128; ++i)
      ASSERT_EQ(out[i], middle[i] + middle[i ^ 1]) << i;
  });
}
TEST(CudaWarp, RotationThroughSharedMemory) {
  std::vector<int> in = randomInts(256, 24, -100, 100);
  forEachVariant("warp", [&](const Compiled &c) {
    std::vector<int> data = in;
    ASSERT_EQ(c.grid("rotate").buffer(data).go(2, 128), "");
    for (size_t i = 0; i < 256; ++i)
      ASSERT_EQ(data[i], in[(i & ~size_t(31)) + (i + 5) % 32]);
  });
}
TEST(CudaWarp, BlocksThatEndInAPartOfAWarp) {
  forEachVariant("warp", [&](const Compiled &c) {
    std::vector<int> out(2 * 75);
    ASSERT_EQ(c.grid("ragged").buffer(out).go(2, 75), "");
    for (size_t i = 0; i < 150; ++i)
      ASSERT_EQ(out[i], (i % 75 < 64 ? 32 : 11) + 25 * 100 + 100000 + 1000000);
  });
}

// cuda/groups.cu

TEST(CudaGroups, Tiles) {
  const size_t n = 192;
  std::vector<int> in = randomInts(n, 25, -20, 20);
  forEachVariant("groups", [&](const Compiled &c) {
    std::vector<int> sums(n), out(4 * n);
    ASSERT_EQ(c.grid("tileSums").buffer(in).buffer(sums).go(2, 96), "");
    ASSERT_EQ(c.grid("tileCollectives").buffer(in).buffer(out).scalar(int(n)).go(2, 96), "");
    for (size_t i = 0; i < n; ++i) {
      int eight = 0, sixteen = 0, most = -100, before = 0;
      for (size_t k = i & ~size_t(7); k < (i | 7) + 1; ++k)
        eight += in[k];
      for (size_t k = i & ~size_t(15); k < (i | 15) + 1; ++k) {
        before += k < i ? in[k] : 0;
        sixteen += in[k];
        most = std::max(most, in[k]);
      }
      ASSERT_EQ(sums[i], eight * 100 + int(i % 8));
      ASSERT_EQ(out[i], sixteen);
      ASSERT_EQ(out[n + i], most);
      ASSERT_EQ(out[2 * n + i], before + in[i]);
      ASSERT_EQ(out[3 * n + i], before);
    }
  });
}
TEST(CudaGroups, AggregatedAtomics) {
  std::vector<int> in = randomInts(1000, 26, -100, 100), expected;
  std::copy_if(in.begin(), in.end(), std::back_inserter(expected), [](int v) { return v > 0; });
  std::sort(expected.begin(), expected.end());
  forEachVariant("groups", [&](const Compiled &c) {
    std::vector<int> out(1000), count(1);
    ASSERT_EQ(c.grid("aggregate").buffer(in).buffer(out).buffer(count).scalar(1000).go(8, 128), "");
    out.resize(size_t(count[0]));
    std::sort(out.begin(), out.end());
    EXPECT_EQ(out, expected);
  });
}
TEST(CudaGroups, Partitions) {
  const size_t n = 128;
  std::vector<int> in = randomInts(n, 27, 0, 20);
  forEachVariant("groups", [&](const Compiled &c) {
    std::vector<int> out(3 * n);
    ASSERT_EQ(c.grid("partitions").buffer(in).buffer(out).scalar(int(n)).go(2, 64), "");
    for (size_t i = 0; i < n; ++i) {
      int size = 0, rank = 0, sum = 0, half = 0, halfRank = 0;
      for (size_t k = i & ~size_t(31); k < (i | 31) + 1; ++k) {
        bool same = (in[k] & 3) == (in[i] & 3), side = (in[k] > 10) == (in[i] > 10);
        size += same, rank += same && k < i, sum += same ? in[k] : 0;
        half += side, halfRank += side && k < i;
      }
      ASSERT_EQ(out[i], size * 100 + rank);
      ASSERT_EQ(out[n + i], sum);
      ASSERT_EQ(out[2 * n + i], half * 100 + halfRank);
    }
  });
}
TEST(CudaGroups, VotesInTiles) {
  const size_t n = 128;
  std::vector<int> in = randomInts(n, 28, 0, 20);
  forEachVariant("groups", [&](const Compiled &c) {
    std::vector<uint32_t> out(n);
    ASSERT_EQ(c.grid("tileVotes").buffer(in).buffer(out).go(2, 64), "");
    for (size_t i = 0; i < n; ++i) {
      uint32_t any = 0, all = 1, ballot = 0, same = 0;
      for (size_t l = 0; l < 4; ++l) {
        int v = in[(i & ~size_t(3)) + l];
        any |= v > 10, all &= v > 10;
        ballot |= uint32_t(v & 1) << l;
        same |= uint32_t(v / 4 == in[i] / 4) << l;
      }
      ASSERT_EQ(out[i], any | all << 1 | ballot << 4 | same << 8 | uint32_t(i % 64 / 4) << 16);
    }
  });
}

// cuda/atomics.cu

TEST(CudaAtomics, Words) {
  const int n = 700;
  std::vector<int> s{0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  std::vector<uint32_t> u{0, 1000, 0, 0, 0};
  std::vector<uint64_t> l{0, ~0ull, 0, ~0ull, 0, 0};
  std::vector<int64_t> m{0, 0};
  auto s0 = s;
  auto u0 = u;
  auto l0 = l;
  auto m0 = m;
  for (int i = 0; i < n; ++i) {
    int v = (i * 7919) % 1000 - 500;
    s[0] += v, s[1] -= v, s[2] = std::min(s[2], v), s[3] = std::max(s[3], v);
    s[4] &= ~(1 << (i % 17)), s[5] |= 1 << (i % 19), s[6] ^= v, ++s[7], ++s[size_t(8 + i / 128)];
    u[0] += uint32_t(i), u[1] = std::min(u[1], uint32_t(i + 5));
    u[2] = std::max(u[2], uint32_t(i + 5));
    u[3] = u[3] >= 36 ? 0 : u[3] + 1, u[4] = u[4] == 0 || u[4] > 36 ? 36 : u[4] - 1;
    l[0] += (uint64_t(1) << 32) + uint64_t(i),
        l[1] = std::min(l[1], (uint64_t(1) << 40) + uint64_t(i));
    l[2] = std::max(l[2], (uint64_t(1) << 40) + uint64_t(i)), l[3] &= ~(1ull << (i % 61));
    l[4] |= 1ull << (i % 61), l[5] ^= uint64_t(i) << 33;
    m[0] = std::min(m[0], int64_t(v) * (int64_t(1) << 33));
    m[1] = std::max(m[1], int64_t(v) * (int64_t(1) << 33));
  }
  forEachVariant("atomics", [&](const Compiled &c) {
    auto s1 = s0;
    auto u1 = u0;
    auto l1 = l0;
    auto m1 = m0;
    ASSERT_EQ(
        c.grid("atomicWords").buffer(s1).buffer(u1).buffer(l1).buffer(m1).scalar(n).go(6, 128), "");
    EXPECT_EQ(s1, s);
    EXPECT_EQ(u1, u);
    EXPECT_EQ(l1, l);
    EXPECT_EQ(m1, m);
  });
}
TEST(CudaAtomics, Floats) {
  const int n = 320;
  forEachVariant("atomics", [&](const Compiled &c) {
    std::vector<float> f(2);
    std::vector<double> d(1);
    std::vector<uint16_t> h(2), b(2), one(1);
    ASSERT_EQ(c.grid("atomicFloats")
                  .buffer(f)
                  .buffer(d)
                  .buffer(h)
                  .buffer(b)
                  .buffer(one)
                  .scalar(n)
                  .go(3, 128),
              "");
    EXPECT_EQ(f, (std::vector<float>{40 * 28, 319}));
    EXPECT_EQ(d[0], 319 * 320 / 4.0);
    EXPECT_EQ(h, (std::vector<uint16_t>{toHalf(160), toHalf(107)}));
    if (c.variant == "sm_90a") {
      EXPECT_EQ(b, (std::vector<uint16_t>{toBfloat(5), toBfloat(10)}));
    }
    EXPECT_EQ(one[0], toHalf(320));
  });
}
TEST(CudaAtomics, SixteenAnd128Bits) {
  const uint32_t n = 100;
  forEachVariant("atomics", [&](const Compiled &c) {
    std::vector<uint16_t> h{65500, 7, 9, 1234};
    alignas(16) static uint32_t q[4];
    std::fill_n(q, 4, 0u);
    Grid grid = c.grid("atomicOdd");
    grid.buffer(h).address(grid.memory.map(q, 16, "q", true)).scalar(int(n));
    ASSERT_EQ(grid.go(2, 64), "");
    EXPECT_EQ(h, (std::vector<uint16_t>{65534, 40, 42, 1234}));
    if (c.variant != "sm_90a")
      return;
    uint32_t x = 0;
    for (uint32_t i = 0; i < n; ++i)
      x ^= i;
    EXPECT_EQ(std::vector<uint32_t>(q, q + 4),
              (std::vector<uint32_t>{n, 2 * n, n * (n - 1) / 2, x}));
  });
}
TEST(CudaAtomics, LocksWithinAWarp) {
  forEachVariant("atomics", [&](const Compiled &c) {
    std::vector<int> lock(1), counter(1);
    ASSERT_EQ(c.grid("locked").buffer(lock).buffer(counter).go(3, 70), "");
    EXPECT_EQ(counter[0], 210);
    EXPECT_EQ(lock[0], 0);
  });
}
TEST(CudaAtomics, MessagesBetweenBlocks) {
  forEachVariant("atomics", [&](const Compiled &c) {
    std::vector<int> value(1), flag(1);
    ASSERT_EQ(c.grid("relay").buffer(value).buffer(flag).go(12, 32), "");
    int expected = 0;
    for (int b = 0; b < 12; ++b)
      expected = expected * 3 + b;
    EXPECT_EQ(value[0], expected);
    EXPECT_EQ(flag[0], 12);
  });
}
TEST(CudaAtomics, OrdersInSharedMemory) {
  forEachVariant("atomics", [&](const Compiled &c) {
    std::vector<uint32_t> out(12);
    ASSERT_EQ(c.grid("orders").buffer(out).go(2, 96), "");
    std::vector<uint32_t> one{95 * 96 / 2, 95, 2, 3 | 127, uint32_t(4 - 96), 5 + 2 * 96};
    for (uint32_t i = 0; i < 96; ++i)
      one[2] ^= i;
    one.insert(one.end(), one.begin(), one.end());
    EXPECT_EQ(out, one);
  });
}
