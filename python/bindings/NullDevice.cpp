#include "python/bindings/NullDevice.h"

namespace cosmati::bindings {
using namespace runtime;
using llvm::Error;
using llvm::Expected;

namespace {

class NullKernel : public LoadedKernel {
public:
  using LoadedKernel::LoadedKernel;
};

class NullDevice : public Device {
public:
  NullDevice() {
    given.name = "null device";
    given.target = "sm_90a";
    given.major = 9;
    given.maxThreadsPerBlock = 1024;
    given.sharedPerBlock = given.sharedPerBlockOptIn = 227 * 1024;
    given.maxGrid[0] = INT32_MAX;
    given.maxGrid[1] = given.maxGrid[2] = 65535;
  }
  llvm::StringRef kind() const override { return "null"; }
  int ordinal() const override { return 0; }
  Expected<const DeviceProperties *> properties() override { return &given; }
  Expected<std::unique_ptr<LoadedKernel>> load(std::shared_ptr<const KernelImage> image) override {
    return std::make_unique<NullKernel>(std::move(image));
  }
  Error launch(LoadedKernel &, const LaunchDims &, llvm::ArrayRef<void *>, Stream,
               llvm::ArrayRef<HostBuffer>) override {
    return Error::success();
  }

  Expected<DevicePtr> allocate(uint64_t) override { return refuse<DevicePtr>(); }
  Error release(DevicePtr) override { return refusal(); }
  Error copyToDevice(DevicePtr, const void *, uint64_t, Stream) override { return refusal(); }
  Error copyToHost(void *, DevicePtr, uint64_t, Stream) override { return refusal(); }
  Error copyOnDevice(DevicePtr, DevicePtr, uint64_t, Stream) override { return refusal(); }
  Error fill(DevicePtr, uint8_t, uint64_t, Stream) override { return refusal(); }
  Expected<Stream> createStream() override { return refuse<Stream>(); }
  Error destroyStream(Stream) override { return refusal(); }
  Error synchronize(Stream) override { return Error::success(); }
  Expected<bool> isCapturing(Stream) override { return false; }
  Expected<Event> createEvent() override { return refuse<Event>(); }
  Error destroyEvent(Event) override { return refusal(); }
  Error record(Event, Stream) override { return refusal(); }
  Error synchronizeEvent(Event) override { return refusal(); }
  Error wait(Stream, Event) override { return refusal(); }
  Expected<float> elapsedMs(Event, Event) override { return refuse<float>(); }

private:
  static Error refusal() {
    return llvm::createStringError("the null device has no memory, streams or events");
  }
  template <typename T> static Expected<T> refuse() { return refusal(); }
  DeviceProperties given;
};

} // namespace

std::unique_ptr<Device> createNullDevice() { return std::make_unique<NullDevice>(); }

} // namespace cosmati::bindings
