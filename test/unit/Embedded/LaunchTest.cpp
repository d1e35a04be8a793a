// From arguments to variants, caches and launches.
#include "EmbeddedTest.h"

#include <thread>

namespace cosmati {
namespace {

auto addKernel() {
  return kernel("add(x, y, out, n)",
                [](Ptr<const float> x, Ptr<const float> y, Ptr<float> out, Scalar<int> n) {
                  auto i = programId(0) * 128 + arange<128>();
                  auto inside = i < n;
                  store(out + i, load(x + i, inside) + load(y + i, inside), inside);
                });
}

TEST(EmbeddedLaunch, HostAndDeviceArrays) {
  auto add = addKernel();
  for (int n : {0, 1, 127, 128, 129, 1000}) {
    std::vector<float> x = iota<float>(n), y(n, 2.0f), out(n);
    add[cdiv(n, 128)](x, y, out, n);
    Array<float> dx(x), dy(y), dout(n);
    add[cdiv(n, 128)](dx, dy, dout, n);
    for (int i = 0; i < n; ++i)
      ASSERT_EQ(out[i], static_cast<float>(i) + 2);
    EXPECT_EQ(dout.toHost(), out);
  }
}

TEST(EmbeddedLaunch, ValuesSpecialise) {
  auto add = addKernel();
  alignas(16) static float data[4][64];
  auto variant = [&](float *x, int n) { return add.compile({}, x, data[1], data[2], n).ir(); };
  std::string general = variant(data[0] + 1, 3);
  EXPECT_NE(variant(data[0], 3), general);      // the pointer's alignment
  EXPECT_NE(variant(data[0] + 1, 32), general); // a multiple of 16
  EXPECT_EQ(variant(data[0] + 1, 5), general);
  EXPECT_NE(general.find("%arg3: i32"), std::string::npos);
  EXPECT_EQ(variant(data[0], 1).find("%arg3"), std::string::npos) << "the 1 is compiled in";
  Launch plain{.specialize = false};
  EXPECT_EQ(add.compile(plain, data[0], data[1], data[2], 16).ir(),
            add.compile(plain, data[0] + 1, data[1], data[2], 1).ir());
}

TEST(EmbeddedLaunch, CapturesAreCompiledIn) {
  auto fill = [](float value) {
    return kernel("fill", [value](Ptr<float> out) { store(out + arange<16>(), value); });
  };
  std::vector<float> out(16);
  fill(3)[1](out);
  EXPECT_EQ(out[5], 3);
  fill(4)[1](out);
  EXPECT_EQ(out[5], 4);
}

TEST(EmbeddedLaunch, EqualKernelsShareACompilation) {
  auto make = [] {
    return kernel("shared_in_cache", [](Ptr<float> out) { store(out + arange<32>(), 1.5f); });
  };
  EXPECT_EQ(make().compile().origin(), "compiled");
  EXPECT_EQ(make().compile().origin(), "memory");
  EXPECT_NE(make().compile({.numWarps = 8}).origin(), "memory");
}

TEST(EmbeddedLaunch, VariantsDifferByOptions) {
  auto add = addKernel();
  EXPECT_NE(add.ptx({.numWarps = 2}).find(".reqntid 64"), std::string::npos);
  EXPECT_NE(add.ptx({.numWarps = 8}).find(".reqntid 256"), std::string::npos);
  EXPECT_NE(add.ptx({.target = "sm_80"}).find(".target sm_80"), std::string::npos);
  EXPECT_EQ(add.compile({.target = "sm_80"}).target(), "sm_80");
}

TEST(EmbeddedLaunch, RemarksNameTheLine) {
  auto product = kernel("product", [](Ptr<const float> a, Ptr<float> out) {
    auto at = arange<32>().column() * 32 + arange<32>().row();
    auto x = load(a + at);
    store(out + at, dot(x, x, {.inputPrecision = "ieee"}));
  });
  int line = __LINE__ - 2;
  // The second time the image comes from a cache, which keeps no remarks.
  for (int i = 0; i < 2; ++i) {
    auto remarks = product.remarks();
    ASSERT_FALSE(remarks.empty());
    EXPECT_NE(remarks[0].find("LaunchTest.cpp:" + std::to_string(line)), std::string::npos)
        << remarks[0];
  }
}

TEST(EmbeddedLaunch, LinesAreRelativeUnlessAskedFor) {
  auto add = addKernel();
  std::string relative = add.ptx();
  std::string absolute = add.ptx({.options = {{"lineinfo", "absolute"}}});
  EXPECT_EQ(relative.find("LaunchTest.cpp"), std::string::npos);
  EXPECT_NE(absolute.find("LaunchTest.cpp"), std::string::npos);
  auto reading = kernel("reading(x)", [](Ptr<float> x) { store(x + arange<64>(), 1.0f); });
  std::string line = "LaunchTest.cpp:" + std::to_string(__LINE__ - 1);
  std::vector<float> x(4);
  for (const char *lineinfo : {"relative", "absolute"})
    try {
      reading.launch({.options = {{"lineinfo", lineinfo}}}, x);
      FAIL();
    } catch (const KernelFault &fault) {
      EXPECT_NE(std::string(fault.what()).find(line), std::string::npos) << fault.what();
    }
}

TEST(EmbeddedLaunch, ThreadsLaunchOneKernel) {
  auto add = addKernel();
  std::vector<std::thread> threads;
  std::vector<float> x = iota<float>(512);
  std::vector<std::vector<float>> outs(4, std::vector<float>(512));
  for (auto &out : outs)
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i)
        add[4](x, x, out, 512);
    });
  for (auto &thread : threads)
    thread.join();
  for (auto &out : outs)
    EXPECT_EQ(out[511], 1022);
}

TEST(EmbeddedLaunch, AMutableFunctionRunsAnewForEachVariant) {
  auto counting = kernel("counting", [calls = 0](Ptr<int> out) mutable { store(out, ++calls); });
  std::vector<int> out(1);
  for (int warps : {1, 2, 4}) {
    counting.launch({.numWarps = warps}, out);
    EXPECT_EQ(out[0], 1);
  }
}

TEST(EmbeddedLaunch, DeviceAssertsNeedDebug) {
  auto asserting = kernel("asserting", [](Ptr<int> out, Scalar<int> n) {
    deviceAssert(n < 5, "n is too large");
    store(out, n);
  });
  std::vector<int> out(1);
  EXPECT_NO_THROW(asserting.launch({}, out, 7));
  EXPECT_THROW(asserting.launch({.debug = true}, out, 7), KernelFault);
}

TEST(EmbeddedLaunch, GridsHaveThreeAxes) {
  std::vector<int> out(2 * 3 * 4);
  kernel("axes", [](Ptr<int> out) {
    auto x = programId(0), y = programId(1), z = programId(2);
    store(out + (z * numPrograms(1) + y) * numPrograms(0) + x, x + 10 * y + 100 * z);
  })[{2, 3, 4}](out);
  EXPECT_EQ(out[(3 * 3 + 2) * 2 + 1], 321);
}

} // namespace
} // namespace cosmati
