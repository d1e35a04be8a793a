#include "runtime/Launch/Launch.h"
#include "TestSupport.h"
#include "runtime/Device/Limits.h"
#include "runtime/Launch/ParamPack.h"
#include "runtime/Launch/Specialization.h"

#include "llvm/ADT/ArrayRef.h"

#include <cmath>
#include <thread>

using namespace cosmati::runtime;
using namespace cosmati::test;

namespace {
/// Records launches; does nothing else.
class RecordingDevice : public Device {
public:
  RecordingDevice() {
    facts.name = "test device";
    facts.maxThreadsPerBlock = 1024;
    facts.sharedPerBlockOptIn = 100000;
    facts.clusters = true;
  }
  llvm::StringRef kind() const override { return "test"; }
  int ordinal() const override { return 0; }
  llvm::Expected<const DeviceProperties *> properties() override { return &facts; }
  llvm::Expected<std::unique_ptr<LoadedKernel>>
  load(std::shared_ptr<const KernelImage> image) override {
    auto kernel = std::make_unique<LoadedKernel>(std::move(image));
    kernel->maxThreads = kernelMaxThreads;
    kernel->regs = 200;
    return kernel;
  }
  llvm::Error launch(LoadedKernel &, const LaunchDims &dims, llvm::ArrayRef<void *> params, Stream,
                     llvm::ArrayRef<HostBuffer>) override {
    launches.push_back(dims);
    lastParams.assign(params.begin(), params.end());
    return llvm::Error::success();
  }
  llvm::Expected<DevicePtr> allocate(uint64_t) override { return 0; }
  llvm::Error release(DevicePtr) override { return done(); }
  llvm::Error copyToDevice(DevicePtr, const void *, uint64_t, Stream) override { return done(); }
  llvm::Error copyToHost(void *, DevicePtr, uint64_t, Stream) override { return done(); }
  llvm::Error copyOnDevice(DevicePtr, DevicePtr, uint64_t, Stream) override { return done(); }
  llvm::Error fill(DevicePtr, uint8_t, uint64_t, Stream) override { return done(); }
  llvm::Expected<Stream> createStream() override { return nullptr; }
  llvm::Error destroyStream(Stream) override { return done(); }
  llvm::Error synchronize(Stream) override { return done(); }
  llvm::Expected<bool> isCapturing(Stream) override { return false; }
  llvm::Expected<Event> createEvent() override { return nullptr; }
  llvm::Error destroyEvent(Event) override { return done(); }
  llvm::Error record(Event, Stream) override { return done(); }
  llvm::Error synchronizeEvent(Event) override { return done(); }
  llvm::Error wait(Stream, Event) override { return done(); }
  llvm::Expected<float> elapsedMs(Event, Event) override { return 0.0f; }

  static llvm::Error done() { return llvm::Error::success(); }
  DeviceProperties facts;
  int kernelMaxThreads = 0;
  std::vector<LaunchDims> launches;
  std::vector<void *> lastParams;
};

KernelImage imageOf(int numWarps = 4, int numCtas = 1, uint32_t shared = 0) {
  KernelImage image;
  image.entry = "k";
  image.target = "sm_90a";
  image.numWarps = numWarps;
  image.numCtas = numCtas;
  image.sharedBytes = shared;
  image.params = {{"x", ParamKind::Pointer, "*fp32"}, {"n", ParamKind::I32, "i32"}};
  return image;
}

std::unique_ptr<LaunchEntry> entryOf(Device &device, const KernelImage &image) {
  return valueOf(makeLaunchEntry(device, std::make_shared<KernelImage>(image)));
}

std::string launchText(LaunchEntry &entry, Grid grid, size_t params = 2) {
  ParamPack pack(params);
  return textOf(launchEntry(entry, grid, pack.pointers(), nullptr));
}

TEST(Launch, passesDimensionsAndParameters) {
  RecordingDevice device;
  auto entry = entryOf(device, imageOf(8, 1, 5000));
  ParamPack pack(2);
  pack.setPointer(0, 0x1234);
  pack.setInteger(1, 77);
  EXPECT_EQ(textOf(launchEntry(*entry, {3, 4, 5}, pack.pointers(), nullptr)), "");
  ASSERT_EQ(device.launches.size(), 1u);
  const LaunchDims &dims = device.launches[0];
  EXPECT_EQ(dims.grid[0], 3u);
  EXPECT_EQ(dims.grid[1], 4u);
  EXPECT_EQ(dims.grid[2], 5u);
  EXPECT_EQ(dims.block[0], 256u);
  EXPECT_EQ(dims.dynamicShared, 5000u);
  EXPECT_EQ(*static_cast<uint64_t *>(device.lastParams[0]), 0x1234u);
  EXPECT_EQ(*static_cast<uint32_t *>(device.lastParams[1]), 77u);
}

TEST(Launch, aGridWithAZeroIsNoWork) {
  RecordingDevice device;
  auto entry = entryOf(device, imageOf());
  for (Grid grid : {Grid{0, 1, 1}, Grid{1, 0, 1}, Grid{5, 5, 0}, Grid{0, 0, 0}})
    EXPECT_EQ(launchText(*entry, grid), "");
  EXPECT_TRUE(device.launches.empty());
}

TEST(Launch, gridLimitsAreNamedWithTheAxis) {
  RecordingDevice device;
  auto entry = entryOf(device, imageOf());
  EXPECT_EQ(launchText(*entry, {INT32_MAX, 65535, 65535}), "");
  EXPECT_TRUE(contains(launchText(*entry, {int64_t(INT32_MAX) + 1, 1, 1}),
                       "x = 2147483648 is outside 0..2147483647"));
  EXPECT_TRUE(contains(launchText(*entry, {1, 65536, 1}), "y = 65536 is outside 0..65535"));
  EXPECT_TRUE(contains(launchText(*entry, {1, 1, 65536}), "z = 65536"));
  EXPECT_TRUE(contains(launchText(*entry, {-1, 1, 1}), "x = -1"));
  EXPECT_TRUE(contains(launchText(*entry, {0, -7, 1}), "y = -7"));
  EXPECT_EQ(device.launches.size(), 1u);
}

TEST(Launch, aProgramOfAClusterKernelIsACluster) {
  RecordingDevice device;
  auto entry = entryOf(device, imageOf(4, 2));
  EXPECT_EQ(launchText(*entry, {10, 1, 1}), "");
  EXPECT_EQ(device.launches[0].grid[0], 20u);
  EXPECT_EQ(device.launches[0].cluster[0], 2u);
  EXPECT_TRUE(contains(launchText(*entry, {1 << 30, 1, 1}), "0..1073741823"));
}

TEST(Launch, theNumberOfParametersIsChecked) {
  RecordingDevice device;
  auto entry = entryOf(device, imageOf());
  EXPECT_TRUE(contains(launchText(*entry, {1, 1, 1}, 3), "takes 2 parameters, 3 were passed"));
}

TEST(Launch, whatDoesNotFitIsRefusedByResource) {
  RecordingDevice device;
  auto textFor = [&](KernelImage image) {
    llvm::Error error =
        makeLaunchEntry(device, std::make_shared<KernelImage>(std::move(image))).takeError();
    EXPECT_TRUE(error.isA<OutOfResourcesError>());
    return llvm::toString(std::move(error));
  };
  KernelImage fat = imageOf(4, 1, 200000);
  fat.sharedBuffers = {{0, 150000, "operand a of tl.dot", 1}};
  fat.chains = {{{{"k", 7, 5}}}};
  std::string text = textFor(fat);
  EXPECT_TRUE(contains(text, "needs 200000 bytes per CTA, test device has 100000"));
  EXPECT_TRUE(contains(text, "150000 bytes at offset 0: operand a of tl.dot (line 7:5 of k)"));
  EXPECT_TRUE(contains(textFor(imageOf(64)), "num_warps to at most 32"));
  EXPECT_TRUE(contains(textFor(imageOf(4, 32)), "num_ctas to at most 16"));
  device.facts.clusters = false;
  EXPECT_TRUE(contains(textFor(imageOf(4, 2)), "num_ctas to at most 1"));
  device.kernelMaxThreads = 256;
  EXPECT_TRUE(contains(textFor(imageOf(16)), "200 registers per thread"));
}

TEST(ParamPack, roundsToTheParametersFormat) {
  ParamPack pack(6);
  pack.setFloat(0, ParamKind::F64, 1.5);
  pack.setFloat(1, ParamKind::F32, 0.1);
  pack.setFloat(2, ParamKind::F16, 65504.0);
  pack.setFloat(3, ParamKind::F16, 1e6);
  pack.setFloat(4, ParamKind::BF16, 1.00390625); // halfway between 1 and its successor: to even
  pack.setFloat(5, ParamKind::BF16, NAN);
  EXPECT_EQ(pack.slot(0), 0x3ff8000000000000u);
  EXPECT_EQ(pack.slot(1), 0x3dcccccdu);
  EXPECT_EQ(pack.slot(2), 0x7bffu);
  EXPECT_EQ(pack.slot(3), 0x7c00u);
  EXPECT_EQ(pack.slot(4), 0x3f80u);
  EXPECT_EQ(pack.slot(5) & 0x7fffu, 0x7fc0u);
}

TEST(ParamPack, pointersStayRightBeyondTheInlineSlots) {
  ParamPack pack(200);
  for (size_t i = 0; i < 200; ++i)
    pack.setInteger(i, i);
  for (size_t i = 0; i < 200; ++i)
    EXPECT_EQ(*static_cast<uint64_t *>(pack.pointers()[i]), i);
}

TEST(ParamPack, integersAreCheckedAgainstTheirKind) {
  EXPECT_TRUE(fitsKind(127, ParamKind::I8, false));
  EXPECT_FALSE(fitsKind(128, ParamKind::I8, false));
  EXPECT_TRUE(fitsKind(-128, ParamKind::I8, false));
  EXPECT_TRUE(fitsKind(255, ParamKind::I8, true));
  EXPECT_FALSE(fitsKind(-1, ParamKind::I8, true));
  EXPECT_FALSE(fitsKind(int64_t(1) << 31, ParamKind::I32, false));
  EXPECT_TRUE(fitsKind(int64_t(1) << 31, ParamKind::I32, true));
  EXPECT_TRUE(fitsKind(INT64_MIN, ParamKind::I64, false));
  EXPECT_FALSE(fitsKind(INT64_MIN, ParamKind::I64, true));
  EXPECT_FALSE(fitsKind(2, ParamKind::I1, false));
}

TEST(Specialization, followsTheRules) {
  EXPECT_EQ(specializeInteger(1), SpecEqualsOne);
  EXPECT_EQ(specializeInteger(0), SpecDivisible16);
  EXPECT_EQ(specializeInteger(48), SpecDivisible16);
  EXPECT_EQ(specializeInteger(-32), SpecDivisible16);
  EXPECT_EQ(specializeInteger(17), SpecNone);
  EXPECT_EQ(specializeInteger(1, {.onValue = false}), SpecNone);
  EXPECT_EQ(specializeInteger(16, {.onAlignment = false}), SpecNone);
  EXPECT_EQ(specializePointer(0x1000), SpecDivisible16);
  EXPECT_EQ(specializePointer(0x1008), SpecNone);
  EXPECT_EQ(specializePointer(0x1000, {.onAlignment = false}), SpecNone);
  EXPECT_EQ(integerKind(INT32_MIN), ParamKind::I32);
  EXPECT_EQ(integerKind(int64_t(INT32_MAX) + 1), ParamKind::I64);
}

TEST(PackedKey, differsWithEveryPart) {
  auto make = [](uint16_t cls, uint8_t bits, uint32_t constant, uint32_t options) {
    PackedKey key;
    key.addArgument(cls, bits);
    key.addConstexpr(constant);
    key.addOptions(options);
    return key.data().vec();
  };
  auto base = make(3, 1, 5, 7);
  EXPECT_EQ(base, make(3, 1, 5, 7));
  EXPECT_NE(base, make(4, 1, 5, 7));
  EXPECT_NE(base, make(3, 0, 5, 7));
  EXPECT_NE(base, make(3, 1, 6, 7));
  EXPECT_NE(base, make(3, 1, 5, 8));
  EXPECT_EQ(base.size(), 10u);
}

std::vector<uint8_t> tableKey(uint32_t number) {
  PackedKey key;
  key.addConstexpr(number);
  return key.data().vec();
}

TEST(KernelTable, findsWhatWasInsertedAndNothingElse) {
  KernelTable table;
  EXPECT_EQ(table.lookup(tableKey(1)), nullptr);
  std::vector<LaunchEntry *> entries;
  for (uint32_t i = 0; i < 1000; ++i) {
    entries.push_back(table.insert(tableKey(i), std::make_unique<LaunchEntry>()));
    entries.back()->callerId = i;
  }
  EXPECT_EQ(table.size(), 1000u);
  for (uint32_t i = 0; i < 1000; ++i)
    EXPECT_EQ(table.lookup(tableKey(i)), entries[i]);
  EXPECT_EQ(table.lookup(tableKey(1000)), nullptr);
  EXPECT_EQ(table.lookup({}), nullptr);
}

TEST(KernelTable, theFirstEntryOfAKeyStays) {
  KernelTable table;
  LaunchEntry *first = table.insert(tableKey(1), std::make_unique<LaunchEntry>());
  EXPECT_EQ(table.insert(tableKey(1), std::make_unique<LaunchEntry>()), first);
  EXPECT_EQ(table.size(), 1u);
}

TEST(KernelTable, removedEntriesAreHandedOverAndTheOthersAreFoundStill) {
  KernelTable table;
  for (uint32_t i = 0; i < 100; ++i)
    table.insert(tableKey(i), std::make_unique<LaunchEntry>())->callerId = i;
  auto removed =
      table.removeUnless([](const LaunchEntry &entry) { return entry.callerId % 3 == 0; });
  EXPECT_EQ(removed.size(), 66u);
  EXPECT_EQ(table.size(), 34u);
  for (uint32_t i = 0; i < 100; ++i) {
    LaunchEntry *entry = table.lookup(tableKey(i));
    ASSERT_EQ(entry != nullptr, i % 3 == 0) << i;
    if (entry)
      EXPECT_EQ(entry->callerId, i);
  }
  EXPECT_EQ(table.insert(tableKey(1), std::move(removed[0])), table.lookup(tableKey(1)));
  EXPECT_EQ(table.removeUnless([](const LaunchEntry &) { return false; }).size(), 35u);
  EXPECT_EQ(table.lookup(tableKey(0)), nullptr);
}

TEST(KernelTable, readersSeeEntriesWhileWritersInsert) {
  KernelTable table;
  std::atomic<uint32_t> published{0};
  std::atomic<int> missing{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (published < 5000) {
        uint32_t until = published;
        for (uint32_t k = until > 50 ? until - 50 : 0; k < until; ++k) {
          LaunchEntry *entry = table.lookup(tableKey(k));
          missing += !entry || entry->callerId != k;
        }
      }
    });
  for (uint32_t i = 0; i < 5000; ++i) {
    auto entry = std::make_unique<LaunchEntry>();
    entry->callerId = i;
    table.insert(tableKey(i), std::move(entry));
    published = i + 1;
  }
  for (std::thread &reader : readers)
    reader.join();
  EXPECT_EQ(missing, 0);
}
} // namespace
