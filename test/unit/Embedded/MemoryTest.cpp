// Loads, stores and atomics.
#include "EmbeddedTest.h"

namespace cosmati {
namespace {

TEST(EmbeddedMemory, MaskedElements) {
  for (int n : {0, 1, 31, 32, 63, 64}) {
    std::vector<int32_t> x = iota<int32_t>(64, 1), out(128, -1);
    kernel("masked", [](Ptr<const int32_t> x, Ptr<int32_t> out, Scalar<int> n) {
      auto i = arange<64>();
      store(out + i, load(x + i, i < n));
      store(out + 64 + i, load(x + i, i < n, 7), i % 2 == 0);
    })[1](std::span<const int32_t>(x).first(n), out, n);
    for (int i = 0; i < 64; ++i) {
      EXPECT_EQ(out[i], i < n ? i + 1 : 0);
      EXPECT_EQ(out[64 + i], i % 2 ? -1 : i < n ? i + 1 : 7);
    }
  }
}

TEST(EmbeddedMemory, EveryElementType) {
  auto copies = [](auto zero) {
    using T = decltype(zero);
    std::vector<T> x(16), out(16);
    for (int i = 0; i < 16; ++i)
      x[i] = T(static_cast<float>(i % 5));
    kernel("copy", [](Ptr<const T> x, Ptr<T> out) {
      auto i = arange<16>();
      store(out + i, load(x + i));
    })[1](x, out);
    for (int i = 0; i < 16; ++i)
      EXPECT_EQ(static_cast<float>(out[i]), static_cast<float>(x[i]));
  };
  copies(int8_t());
  copies(int16_t());
  copies(uint16_t());
  copies(uint64_t());
  copies(float8e5());
  copies(float8e4nv());
  copies(float16());
  copies(bfloat16());
  copies(double());
}

TEST(EmbeddedMemory, ScalarsOfEveryKindArePassed) {
  std::vector<double> out(6);
  kernel("scalars", [](Ptr<double> out, Scalar<bool> a, Scalar<int8_t> b, Scalar<uint64_t> c,
                       Scalar<float16> d, Scalar<float> e, Scalar<double> f) {
    store(out, a.to<double>());
    store(out + 1, b.to<double>());
    store(out + 2, c.to<double>());
    store(out + 3, d.to<double>());
    store(out + 4, e.to<double>());
    store(out + 5, f);
  })[1](out, true, -7, 1ull << 40, float16(1.5f), 0.25, 1e100);
  EXPECT_EQ(out, (std::vector<double>{1, -7, double(1ull << 40), 1.5, 0.25, 1e100}));
}

TEST(EmbeddedMemory, Atomics) {
  std::vector<int32_t> counters(4);
  std::vector<float> total(1);
  counters[1] = 100;
  kernel("count", [](Ptr<int32_t> counters, Ptr<float> total) {
    auto i = arange<64>();
    atomicAdd(counters + i * 0, 1, i < 40);
    atomicMin(counters + 1, programId(0) + 3);
    atomicMax(counters + 2, programId(0));
    atomicCas(counters + 3, programId(0), programId(0) + 1);
    atomicAdd(total, 0.5f, true, {.sem = "relaxed"});
  })[4](counters, total);
  EXPECT_EQ(counters[0], 160);
  EXPECT_EQ(counters[1], 3);
  EXPECT_EQ(counters[2], 3);
  EXPECT_GE(counters[3], 1);
  EXPECT_EQ(total[0], 2.0f);
}

TEST(EmbeddedMemory, PointersToPointersAreTyped) {
  // Compiled alone: the machine's addresses are not the host's that a table could hold.
  auto gather = kernel("gather", [](Ptr<float *> table, Ptr<float> out) {
    auto i = arange<2>();
    Block<float *, 2> rows = load(table + i);
    store(out + i, load(rows + i));
  });
  EXPECT_NE(gather.ir().find("!tile.ptr<!tile.ptr<f32>>"), std::string::npos) << gather.ir();
}

} // namespace
} // namespace cosmati
