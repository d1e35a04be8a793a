#include "runtime/Device/vm/VmDevice.h"
#include "TestSupport.h"
#include "runtime/Device/Limits.h"
#include "runtime/Launch/Launch.h"
#include "runtime/Launch/ParamPack.h"

#include <numeric>

using namespace cosmati::runtime;
using namespace cosmati::test;

namespace {
/// y[i] = a * x[i] for i < n, one element per thread; the global accesses carry columns 1 and 2.
constexpr const char *scalePtx = R"(
.version 7.0
.target sm_80
.address_size 64
.visible .entry scale(.param .u64 scale_x, .param .u64 scale_y, .param .f32 scale_a, .param .u32 scale_n)
.reqntid 32
{
 .reg .pred %p<2>;
 .reg .b32 %r<6>;
 .reg .b64 %rd<6>;
 .reg .f32 %f<4>;
 ld.param.u64 %rd1, [scale_x];
 ld.param.u64 %rd2, [scale_y];
 ld.param.f32 %f1, [scale_a];
 ld.param.u32 %r1, [scale_n];
 mov.u32 %r2, %ctaid.x;
 mov.u32 %r3, %tid.x;
 mad.lo.s32 %r4, %r2, 32, %r3;
 setp.ge.s32 %p1, %r4, %r1;
 @%p1 bra $done;
 mul.wide.s32 %rd3, %r4, 4;
 add.s64 %rd4, %rd1, %rd3;
 add.s64 %rd5, %rd2, %rd3;
 .loc 1 5 1
 ld.global.f32 %f2, [%rd4];
 mul.f32 %f3, %f1, %f2;
 .loc 1 6 2
 st.global.f32 [%rd5], %f3;
$done:
 ret;
}
 .file 1 "kernel"
)";

std::shared_ptr<KernelImage> scaleImage() {
  auto image = std::make_shared<KernelImage>();
  image->entry = "scale";
  image->target = "sm_80";
  image->numWarps = 1;
  image->ptx = scalePtx;
  image->params = {{"x", ParamKind::Pointer, "*fp32"},
                   {"y", ParamKind::Pointer, "*fp32"},
                   {"a", ParamKind::F32, "fp32"},
                   {"n", ParamKind::I32, "i32"}};
  image->chains = {{{{"load_block", 2, 11}, {"scale", 5, 9}}}, {{{"scale", 6, 5}}}};
  return image;
}

class Vm : public testing::Test {
protected:
  void SetUp() override { entry = valueOf(makeLaunchEntry(*device, scaleImage())); }

  llvm::Error run(const void *x, const void *y, int n, llvm::ArrayRef<HostBuffer> buffers) {
    ParamPack pack(4);
    pack.setPointer(0, reinterpret_cast<uint64_t>(x));
    pack.setPointer(1, reinterpret_cast<uint64_t>(y));
    pack.setFloat(2, ParamKind::F32, 2.5);
    pack.setInteger(3, static_cast<uint64_t>(n));
    return launchEntry(*entry, {(n + 31) / 32, 1, 1}, pack.pointers(), nullptr, buffers);
  }
  static HostBuffer buffer(std::vector<float> &data, const char *name, bool isWritable = true) {
    return {data.data(), data.size() * sizeof(float), name, isWritable};
  }

  std::unique_ptr<Device> device = createVmDevice();
  std::unique_ptr<LaunchEntry> entry;
};

TEST_F(Vm, runsOnHostArraysInPlace) {
  std::vector<float> x(1000), y(1000, -1);
  std::iota(x.begin(), x.end(), 0.0f);
  EXPECT_EQ(textOf(run(x.data(), y.data(), 999, {buffer(x, "x", false), buffer(y, "y")})), "");
  for (int i = 0; i < 999; ++i)
    EXPECT_EQ(y[i], 2.5f * x[i]);
  EXPECT_EQ(y[999], -1);
}

TEST_F(Vm, viewsReachTheWholeOwningBuffer) {
  std::vector<float> data(100, 2);
  // x is a view of the middle, y one of the end; both have the whole array as their owner.
  EXPECT_EQ(textOf(run(&data[10], &data[60], 40, {buffer(data, "x"), buffer(data, "y")})), "");
  EXPECT_EQ(data[59], 2);
  EXPECT_EQ(data[60], 5);
  EXPECT_EQ(data[99], 5);
}

TEST_F(Vm, anAccessOutsideNamesTheSourceAndTheBuffer) {
  std::vector<float> x(64, 1), y(40);
  llvm::Error error = run(x.data(), y.data(), 64, {buffer(x, "x"), buffer(y, "y")});
  bool isSeen = false;
  llvm::handleAllErrors(std::move(error), [&](const KernelFault &fault) {
    isSeen = true;
    EXPECT_EQ(fault.column, 2u);
    EXPECT_GT(fault.ptxLine, 0u);
    EXPECT_TRUE(contains(fault.text, "y"));
    EXPECT_TRUE(contains(fault.message(), "at line 6:5 of scale"));
    auto locate = [](llvm::StringRef) { return FunctionPlace{"scale.py", 100}; };
    EXPECT_TRUE(contains(fault.format(locate), "at scale.py:105:5 in scale"));
  });
  EXPECT_TRUE(isSeen);
}

TEST_F(Vm, aRaceNamesTheSourcesOfBothAccessesAndWhatReplaysIt) {
  // Thread i reads x[i]; y is x displaced by one element, so its neighbour writes there.
  std::vector<float> x(64, 1);
  VmWatch watch;
  watch.checks = cosmati::ptxvm::Check::Race;
  watch.seed = 9;
  const VmWatch *before = watchLaunches(&watch);
  llvm::Error error = run(x.data(), x.data() + 1, 32, {buffer(x, "x")});
  EXPECT_EQ(watchLaunches(before), &watch);
  size_t accesses = 0;
  std::string text, kind;
  llvm::handleAllErrors(std::move(error), [&](const VmFault &fault) {
    kind = fault.findings.front().kind;
    accesses = fault.findings.front().accesses.size();
    text = fault.format(nullptr);
  });
  EXPECT_EQ(kind, "race");
  EXPECT_EQ(accesses, 2u);
  EXPECT_NE(text.find("  at line 2:11 of load_block\n  called from line 5:9 of scale"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  at line 6:5 of scale"), std::string::npos) << text;
  EXPECT_NE(text.find("seed 9 replays this order"), std::string::npos) << text;
  EXPECT_EQ(text.find(".loc file"), std::string::npos) << text;
  ASSERT_FALSE(bool(run(x.data(), x.data() + 32, 32, {buffer(x, "x")}))); // without the check
}

TEST_F(Vm, aReadOnlyBufferIsNotWritten) {
  std::vector<float> x(32, 1), y(32, 7);
  EXPECT_NE(textOf(run(x.data(), y.data(), 32, {buffer(x, "x"), buffer(y, "y", false)})), "");
  EXPECT_EQ(y, std::vector<float>(32, 7));
}

TEST_F(Vm, anUnknownPointerIsRefusedByItsParametersName) {
  std::vector<float> x(32), y(32);
  std::string text = textOf(run(x.data(), y.data(), 32, {buffer(x, "x")}));
  EXPECT_TRUE(contains(text, "argument 'y' of kernel 'scale' points to memory"));
}

TEST_F(Vm, aNullPointerIsPassedAndFaultsOnlyWhenUsed) {
  std::vector<float> x(32);
  EXPECT_EQ(textOf(run(x.data(), nullptr, 0, {buffer(x, "x")})), "");
  EXPECT_NE(textOf(run(x.data(), nullptr, 32, {buffer(x, "x")})), "");
}

TEST_F(Vm, adjacentBuffersStayApart) {
  std::vector<float> both(64, 1);
  HostBuffer x{both.data(), 128, "x", true}, y{both.data() + 32, 128, "y", true};
  EXPECT_EQ(textOf(run(both.data(), both.data() + 32, 32, {x, y})), "");
  EXPECT_EQ(both[31], 1);
  EXPECT_EQ(both[32], 2.5f);
  // One element further is y's on the host, and yet outside x.
  EXPECT_NE(textOf(run(both.data() + 1, both.data() + 32, 32, {x, y})), "");
}

TEST_F(Vm, deviceMemoryIsKnownUntilItIsReleased) {
  DevicePtr x = valueOf(device->allocate(128)), y = valueOf(device->allocate(128));
  EXPECT_EQ(x % 256, 0u);
  std::vector<float> host(32, 4), back(32);
  EXPECT_EQ(textOf(device->copyToDevice(x, host.data(), 128, nullptr)), "");
  EXPECT_EQ(textOf(run(reinterpret_cast<void *>(x), reinterpret_cast<void *>(y), 32, {})), "");
  EXPECT_EQ(textOf(device->copyToHost(back.data(), y, 128, nullptr)), "");
  EXPECT_EQ(back, std::vector<float>(32, 10));
  EXPECT_EQ(textOf(device->release(y)), "");
  EXPECT_TRUE(contains(textOf(device->release(y)), "released already"));
  // A pointer to released memory may be passed, but not used.
  EXPECT_EQ(textOf(run(reinterpret_cast<void *>(x), reinterpret_cast<void *>(y), 0, {})), "");
  std::string text =
      textOf(run(reinterpret_cast<void *>(x), reinterpret_cast<void *>(y + 8), 30, {}));
  EXPECT_TRUE(contains(text, "use-after-free in kernel 'scale'"));
  EXPECT_TRUE(contains(text, "it is byte 8 of 'y' (128 bytes"));
  EXPECT_TRUE(contains(text, "released after launch 1"));
  EXPECT_EQ(textOf(device->release(x)), "");
}

TEST_F(Vm, releasedMemoryIsNotGivenOutAgainSoon) {
  DevicePtr first = valueOf(device->allocate(4096));
  EXPECT_EQ(textOf(device->release(first)), "");
  for (int k = 0; k < 100; ++k) {
    DevicePtr next = valueOf(device->allocate(4096));
    EXPECT_NE(next, first);
    EXPECT_EQ(textOf(device->release(next)), "");
  }
  EXPECT_TRUE(contains(textOf(device->release(first)),
                       "a second time: its 4096 bytes were released already, before the first "
                       "launch"));
  EXPECT_TRUE(contains(textOf(device->release(first + 1)), "did not allocate"));
}

TEST_F(Vm, deviceMemoryHoldsNothingUntilItIsWritten) {
  VmWatch watch;
  watch.checks = cosmati::ptxvm::Check::Uninitialized;
  const VmWatch *before = watchLaunches(&watch);
  DevicePtr x = valueOf(device->allocate(128)), y = valueOf(device->allocate(128)),
            z = valueOf(device->allocate(128));
  auto scale = [&](DevicePtr from, DevicePtr to, int n) {
    return textOf(run(reinterpret_cast<void *>(from), reinterpret_cast<void *>(to), n, {}));
  };
  std::string text = scale(x, y, 32);
  EXPECT_TRUE(contains(text, "uninitialized in kernel 'scale'"));
  EXPECT_TRUE(contains(text, "nobody has written byte 0 of 'x' (128 bytes)"));
  // A kernel's output, a copy of it, a fill, a copy from the host.
  EXPECT_EQ(scale(y, z, 32), "");
  DevicePtr part = valueOf(device->allocate(128));
  EXPECT_EQ(textOf(device->copyOnDevice(part, z, 64, nullptr)), "");
  EXPECT_EQ(scale(part, y, 16), "");
  EXPECT_NE(scale(part, y, 17), "");
  DevicePtr filled = valueOf(device->allocate(128));
  EXPECT_EQ(textOf(device->fill(filled, 0, 128, nullptr)), "");
  EXPECT_EQ(scale(filled, y, 32), "");
  watchLaunches(before);
}

TEST_F(Vm, slicesBoundAnArgumentToItsView) {
  std::vector<float> data(128, 2), y(32);
  int64_t shape[] = {32}, strides[] = {4};
  HostBuffer view = buffer(data, "x");
  view.first = &data[32];
  view.shape = shape;
  view.strides = strides;
  view.rank = 1;
  view.elementBytes = 4;
  VmWatch watch;
  EXPECT_EQ(textOf(run(&data[32], y.data(), 32, {view, buffer(y, "y")})), "");
  shape[0] = 31;
  EXPECT_EQ(textOf(run(&data[32], y.data(), 32, {view, buffer(y, "y")})), "");
  watch.checks = cosmati::ptxvm::Check::Slices;
  const VmWatch *before = watchLaunches(&watch);
  std::string text = textOf(run(&data[32], y.data(), 32, {view, buffer(y, "y")}));
  EXPECT_TRUE(contains(text, "out-of-bounds")) << text;
  EXPECT_TRUE(contains(text, "'x', 124 bytes")) << text;
  shape[0] = 32;
  EXPECT_EQ(textOf(run(&data[32], y.data(), 32, {view, buffer(y, "y")})), "");
  // Two views of one array, both with the whole array as their owner.
  HostBuffer second = view;
  second.first = &data[96];
  second.name = "y";
  EXPECT_EQ(textOf(run(&data[32], &data[96], 32, {view, second})), "");
  EXPECT_EQ(data[127], 5);
  watchLaunches(before);
}

TEST_F(Vm, refusesWhatItCannotLoad) {
  auto textFor = [&](auto change) {
    auto image = scaleImage();
    change(*image);
    return textOf(makeLaunchEntry(*device, image));
  };
  EXPECT_TRUE(contains(textFor([](KernelImage &i) { i.ptx.clear(); }), "has no PTX"));
  EXPECT_TRUE(
      contains(textFor([](KernelImage &i) { i.entry = "other"; }), "no entry of that name"));
  EXPECT_TRUE(contains(textFor([](KernelImage &i) { i.params.pop_back(); }),
                       "lists 3 parameters, its PTX has 4"));
  EXPECT_TRUE(contains(textFor([](KernelImage &i) { i.sharedBytes = 232449; }),
                       "needs 232449 bytes per CTA, the PTX virtual machine has 232448"));
  EXPECT_NE(textFor([](KernelImage &i) { i.ptx += "\n.visible .entry broken("; }), "");
}

TEST(VmDevice, runsProgramsOfSeveralCtasAsClusters) {
  // Each CTA leaves its rank in the shared memory of the next one, which writes it out.
  constexpr const char *ptx = R"(
.version 8.0
.target sm_90a
.address_size 64
.visible .entry k(.param .u64 out)
{
 .reg .b32 %r<8>;
 .reg .b64 %d<3>;
 .shared .align 4 .b32 box;
 mov.u32 %r1, %cluster_ctarank;
 mov.u32 %r2, %cluster_nctarank;
 add.u32 %r3, %r1, 1;
 rem.u32 %r3, %r3, %r2;
 mapa.shared::cluster.u32 %r4, box, %r3;
 st.shared::cluster.b32 [%r4], %r1;
 barrier.cluster.arrive.aligned;
 barrier.cluster.wait.aligned;
 ld.shared.b32 %r5, [box];
 ld.param.u64 %d1, [out];
 mov.u32 %r6, %ctaid.x;
 mad.wide.u32 %d1, %r6, 4, %d1;
 st.global.b32 [%d1], %r5;
 ret;
}
)";
  auto device = createVmDevice();
  for (int ctas : {2, 16}) {
    auto image = std::make_shared<KernelImage>();
    image->entry = "k";
    image->target = "sm_90a";
    image->numWarps = 1;
    image->numCtas = ctas;
    image->ptx = ptx;
    image->params = {{"out", ParamKind::Pointer, "*i32"}};
    auto entry = valueOf(makeLaunchEntry(*device, image));
    std::vector<int32_t> out(3 * ctas, -1);
    ParamPack pack(1);
    pack.setPointer(0, reinterpret_cast<uint64_t>(out.data()));
    EXPECT_EQ(textOf(launchEntry(*entry, {3, 1, 1}, pack.pointers(), nullptr,
                                 {{out.data(), out.size() * 4, "out", true}})),
              "");
    for (int k = 0; k < 3 * ctas; ++k)
      EXPECT_EQ(out[k], (k + ctas - 1) % ctas);
  }
}

TEST(VmDevice, reportsTheLimitsOfItsTarget) {
  VmOptions options;
  options.target = "sm_89";
  auto device = createVmDevice(options);
  const DeviceProperties &facts = *valueOf(device->properties());
  EXPECT_EQ(facts.target, "sm_89");
  EXPECT_EQ(facts.sharedPerBlockOptIn, 99 * 1024);
  EXPECT_FALSE(facts.clusters);
}

TEST(VmDevice, measuresTimeBetweenEvents) {
  auto device = createVmDevice();
  Event start = valueOf(device->createEvent()), end = valueOf(device->createEvent());
  EXPECT_EQ(textOf(device->record(start, nullptr)), "");
  EXPECT_EQ(textOf(device->record(end, nullptr)), "");
  EXPECT_GE(valueOf(device->elapsedMs(start, end)), 0);
  EXPECT_EQ(textOf(device->destroyEvent(start)), "");
  EXPECT_EQ(textOf(device->destroyEvent(end)), "");
}
} // namespace
