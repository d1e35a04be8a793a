#include "runtime/Device/cuda/CudaDevice.h"
#include "FakeCuda.h"
#include "TestSupport.h"
#include "runtime/Device/Limits.h"
#include "runtime/Device/cuda/Driver.h"
#include "runtime/Launch/Launch.h"
#include "runtime/Launch/ParamPack.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cosmati::runtime;
using namespace cosmati::test;

namespace {
KernelImage imageFor(const std::string &target, bool hasCubin = true) {
  KernelImage image;
  image.entry = "k";
  image.target = target;
  image.ptx = "PTX text";
  if (hasCubin)
    image.cubin = {'c', 'u', 'b', 'i', 'n', 0};
  image.params = {{"x", ParamKind::Pointer, "*fp32"}, {"n", ParamKind::I32, "i32"}};
  return image;
}

/// A copy of the fake driver, hence with a state of its own.
class Cuda : public testing::Test {
protected:
  Cuda() : library(folder / "libcuda.so.1") {
    std::filesystem::copy_file(COSMATI_FAKE_CUDA, library);
    void *handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    auto getState = reinterpret_cast<FakeCudaState *(*)()>(::dlsym(handle, "fakeCudaState"));
    fake = getState();
  }
  std::unique_ptr<Device> open() {
    return valueOf(createCudaDevice(valueOf(openCudaDriver(library)), 0));
  }
  std::unique_ptr<LoadedKernel> load(Device &device, KernelImage image) {
    return valueOf(device.load(std::make_shared<KernelImage>(std::move(image))));
  }
  std::string loadText(Device &device, KernelImage image) {
    return textOf(device.load(std::make_shared<KernelImage>(std::move(image))));
  }

  TemporaryFolder folder;
  std::string library;
  FakeCudaState *fake;
};

TEST_F(Cuda, startsTheDriverOnceAndOnlyWhenAsked) {
  EXPECT_EQ(fake->initCalls, 0);
  auto first = valueOf(openCudaDriver(library)), second = valueOf(openCudaDriver(library));
  EXPECT_EQ(first, second);
  EXPECT_EQ(fake->initCalls, 1);
  EXPECT_EQ(fake->retained, 0);
  EXPECT_EQ(valueOf(cudaDeviceCount(first)), 1);
}

TEST_F(Cuda, readsTheDevicesProperties) {
  auto device = open();
  const DeviceProperties &facts = *valueOf(device->properties());
  EXPECT_EQ(facts.name, "Fake H100");
  EXPECT_EQ(facts.target, "sm_90a");
  EXPECT_EQ(facts.maxThreadsPerBlock, 1024);
  EXPECT_EQ(facts.sharedPerBlockOptIn, 232448);
  EXPECT_EQ(facts.globalBytes, int64_t(80) << 30);
  EXPECT_EQ(facts.driverVersion, 13000);
  EXPECT_TRUE(facts.clusters);
}

TEST_F(Cuda, anOldDriverHasNoClusters) {
  fake->clusters = -1;
  auto device = open();
  EXPECT_FALSE(valueOf(device->properties())->clusters);
}

TEST_F(Cuda, launchesWithTheParametersValues) {
  fake->paramCount = 2;
  auto device = open();
  auto entry = valueOf(makeLaunchEntry(*device, std::make_shared<KernelImage>(imageFor("sm_90a"))));
  EXPECT_STREQ(fake->loadedCode, "cubin");
  EXPECT_EQ(entry->kernel->regs, 64);
  EXPECT_EQ(entry->kernel->maxThreads, 512);
  ParamPack pack(2);
  pack.setPointer(0, 0xabcdef00);
  pack.setInteger(1, 42);
  auto stream = reinterpret_cast<Stream>(0x77);
  EXPECT_EQ(textOf(launchEntry(*entry, {5, 6, 7}, pack.pointers(), stream)), "");
  const FakeLaunch &seen = fake->last;
  EXPECT_FALSE(seen.extended);
  EXPECT_EQ(seen.grid[0], 5u);
  EXPECT_EQ(seen.grid[1], 6u);
  EXPECT_EQ(seen.grid[2], 7u);
  EXPECT_EQ(seen.block[0], 128u);
  EXPECT_EQ(seen.stream, stream);
  EXPECT_EQ(seen.params[0], 0xabcdef00u);
  EXPECT_EQ(seen.params[1], 42u);
  EXPECT_EQ(fake->pushes, fake->pops);
  EXPECT_EQ(fake->current, nullptr);
}

TEST_F(Cuda, leavesACurrentContextAlone) {
  auto device = open();
  auto kernel = load(*device, imageFor("sm_90a"));
  fake->current = reinterpret_cast<void *>(0x1000); // as under PyTorch
  int before = fake->pushes;
  EXPECT_EQ(textOf(device->launch(*kernel, {}, {}, nullptr)), "");
  EXPECT_EQ(fake->pushes, before);
}

TEST_F(Cuda, asksForClustersAndProgrammaticLaunchByAttributes) {
  auto device = open();
  KernelImage image = imageFor("sm_90a");
  image.numCtas = 16;
  image.sharedBytes = 100000;
  auto entry = valueOf(
      makeLaunchEntry(*device, std::make_shared<KernelImage>(image), /*programmatic=*/true));
  EXPECT_EQ(fake->maxDynamicShared, 100000);
  EXPECT_EQ(fake->nonPortableCluster, 1);
  ParamPack pack(2);
  EXPECT_EQ(textOf(launchEntry(*entry, {3, 1, 1}, pack.pointers(), nullptr)), "");
  EXPECT_TRUE(fake->last.extended);
  EXPECT_TRUE(fake->last.programmatic);
  EXPECT_EQ(fake->last.cluster[0], 16u);
  EXPECT_EQ(fake->last.grid[0], 48u);
  EXPECT_EQ(fake->last.sharedBytes, 100000u);
}

TEST_F(Cuda, sharedMemoryUpTo48KiBNeedsNoAttribute) {
  auto device = open();
  KernelImage image = imageFor("sm_90a");
  image.sharedBytes = 48 * 1024;
  load(*device, image);
  EXPECT_EQ(fake->maxDynamicShared, 0);
}

TEST_F(Cuda, takesTheCubinOrThePtxOrRefuses) {
  fake->major = 8;
  fake->minor = 9;
  auto device = open();
  auto loaded = [&](const std::string &target, bool hasCubin) -> std::string {
    load(*device, imageFor(target, hasCubin));
    return fake->loadedCode;
  };
  EXPECT_EQ(loaded("sm_89", true), "cubin");
  EXPECT_EQ(loaded("sm_80", true), "cubin"); // same major, lower minor
  EXPECT_EQ(loaded("sm_80", false), "PTX text");
  EXPECT_EQ(loaded("sm_75", true), "PTX text"); // another major: the driver assembles
  for (const char *target : {"sm_90", "sm_90a", "sm_100", "sm_80a", "nonsense"})
    EXPECT_TRUE(contains(loadText(*device, imageFor(target)), "compile it for sm_89")) << target;
}

TEST_F(Cuda, unloadsAndReleasesWhatItTook) {
  {
    auto device = open();
    auto kernel = load(*device, imageFor("sm_90a"));
    device.reset(); // the kernel holds the context
    EXPECT_EQ(fake->retained, 1);
  }
  EXPECT_EQ(fake->unloads, 1);
  EXPECT_EQ(fake->retained, 0);
}

TEST_F(Cuda, errorsCarryNameTextKernelAndAdvice) {
  auto device = open();
  auto kernel = load(*device, imageFor("sm_90a"));
  fake->launchResult = cuda::errorIllegalAddress;
  LaunchDims dims;
  dims.grid[0] = 9;
  std::string text = textOf(device->launch(*kernel, dims, {}, nullptr));
  EXPECT_TRUE(contains(text, "launching kernel 'k' (grid 9x1x1, 32 threads per CTA"));
  EXPECT_TRUE(contains(text, "CUDA_ERROR_ILLEGAL_ADDRESS (700): an illegal memory access"));
  EXPECT_TRUE(contains(text, "cosmati.set_device(\"vm\")"));
  fake->launchResult = 12345;
  EXPECT_TRUE(
      contains(textOf(device->launch(*kernel, dims, {}, nullptr)), "unknown error (12345)"));
  fake->allocResult = cuda::errorOutOfMemory;
  EXPECT_TRUE(contains(textOf(device->allocate(1000)), "allocating 1000 bytes on the GPU failed"));
}

TEST_F(Cuda, aRefusedModuleShowsTheDriversLog) {
  auto device = open();
  fake->loadResult = cuda::errorInvalidPtx;
  std::string text = loadText(*device, imageFor("sm_90a", false));
  EXPECT_TRUE(contains(text, "loading kernel 'k' for sm_90a failed: CUDA_ERROR_INVALID_PTX"));
  EXPECT_TRUE(contains(text, "input, line 3"));
}

TEST_F(Cuda, aMissingEntryIsNamed) {
  auto device = open();
  KernelImage image = imageFor("sm_90a");
  image.entry = "absent";
  EXPECT_TRUE(contains(loadText(*device, image), "looking for kernel 'absent'"));
  EXPECT_EQ(fake->unloads, 1); // nothing is left behind
}

TEST_F(Cuda, tooMuchSharedMemoryIsRefusedBeforeTheDriverIsAsked) {
  auto device = open();
  KernelImage image = imageFor("sm_90a");
  image.sharedBytes = 232449;
  EXPECT_TRUE(
      contains(loadText(*device, image), "needs 232449 bytes per CTA, Fake H100 has 232448"));
  EXPECT_EQ(fake->loads, 0);
}

TEST_F(Cuda, memoryStreamsAndEventsWork) {
  auto device = open();
  DevicePtr memory = valueOf(device->allocate(8));
  const char text[8] = "abcdefg";
  char back[8] = {};
  EXPECT_EQ(textOf(device->copyToDevice(memory, text, 8, nullptr)), "");
  EXPECT_EQ(textOf(device->fill(memory + 1, 'x', 2, nullptr)), "");
  EXPECT_EQ(textOf(device->copyOnDevice(memory + 4, memory, 2, nullptr)), "");
  EXPECT_EQ(textOf(device->copyToHost(back, memory, 8, nullptr)), "");
  EXPECT_STREQ(back, "axxdaxg");
  EXPECT_EQ(fake->synchronizations, 2); // the host's bytes are free when a copy returns
  EXPECT_EQ(textOf(device->release(memory)), "");
  EXPECT_EQ(valueOf(device->allocate(0)), 0u);
  EXPECT_EQ(textOf(device->release(0)), "");

  Stream stream = valueOf(device->createStream());
  EXPECT_FALSE(valueOf(device->isCapturing(stream)));
  fake->capturing = 1;
  EXPECT_TRUE(valueOf(device->isCapturing(stream)));
  Event event = valueOf(device->createEvent());
  EXPECT_EQ(textOf(device->record(event, stream)), "");
  EXPECT_EQ(textOf(device->wait(stream, event)), "");
  EXPECT_EQ(textOf(device->synchronizeEvent(event)), "");
  EXPECT_EQ(valueOf(device->elapsedMs(event, event)), 1.25f);
  EXPECT_EQ(textOf(device->destroyEvent(event)), "");
  EXPECT_EQ(textOf(device->synchronize(stream)), "");
  EXPECT_EQ(textOf(device->destroyStream(stream)), "");
  EXPECT_EQ(fake->current, nullptr);
}

TEST_F(Cuda, aGpuThatIsNotThereIsNamed) {
  auto driver = valueOf(openCudaDriver(library));
  EXPECT_TRUE(
      contains(textOf(createCudaDevice(driver, 1)), "there is no GPU number 1: the driver sees 1"));
  EXPECT_TRUE(contains(textOf(createCudaDevice(driver, -1)), "no GPU number -1"));
}

TEST_F(Cuda, aDriverThatDoesNotStartSaysWhyEveryTime) {
  fake->initResult = cuda::errorNoDevice;
  for (int i = 0; i < 2; ++i) {
    std::string text = textOf(openCudaDriver(library));
    EXPECT_TRUE(contains(text, "CUDA_ERROR_NO_DEVICE (100)"));
    EXPECT_TRUE(contains(text, "CUDA_VISIBLE_DEVICES"));
  }
  EXPECT_EQ(fake->initCalls, 1);
}

TEST(CudaDriver, aMissingLibraryIsAnErrorWithARemedy) {
  std::string text = textOf(openCudaDriver("/nowhere/libcuda.so.1"));
  EXPECT_TRUE(contains(text, "no CUDA driver"));
  EXPECT_TRUE(contains(text, "Install NVIDIA's driver"));
}

TEST(CudaDriver, aLibraryWithoutTheSymbolsIsNamed) {
  std::string text = textOf(openCudaDriver("libm.so.6"));
  EXPECT_TRUE(contains(text, "has no symbol cuInit"));
}

TEST_F(Cuda, aForkedChildIsToldAndDoesNotTouchTheDriver) {
  auto device = open();
  auto kernel = load(*device, imageFor("sm_90a"));
  pid_t child = ::fork();
  if (child == 0) {
    auto isTold = [](const std::string &text) {
      return text.find("forked after the driver had been started") != std::string::npos;
    };
    bool good = isTold(textOf(device->launch(*kernel, {}, {}, nullptr))) &&
                isTold(textOf(device->allocate(1))) && isTold(textOf(openCudaDriver(library))) &&
                isTold(loadText(*device, imageFor("sm_90a")));
    kernel.reset();
    device.reset();
    ::_exit(good && fake->unloads == 0 && fake->retained == 1 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(textOf(device->launch(*kernel, {}, {}, nullptr)), ""); // the parent goes on
}

TEST(Target, isReadOrRefused) {
  EXPECT_EQ(parseTarget("sm_90a").number, 90);
  EXPECT_EQ(parseTarget("sm_90a").suffix, 'a');
  EXPECT_EQ(parseTarget("sm_120").number, 120);
  EXPECT_EQ(parseTarget("sm_100f").suffix, 'f');
  for (const char *text : {"", "sm_", "90", "sm_90ab", "sm_90x", "compute_90"})
    EXPECT_EQ(parseTarget(text).number, 0) << text;
}
} // namespace
