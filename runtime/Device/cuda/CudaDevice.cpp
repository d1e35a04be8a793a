#include "runtime/Device/cuda/CudaDevice.h"
#include "runtime/Device/cuda/Gpu.h"

#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::runtime;
using namespace cosmati::runtime::cuda;

namespace {
class CudaDevice : public Device {
public:
  explicit CudaDevice(std::shared_ptr<Gpu> gpu)
      : gpu(std::move(gpu)), driver(*this->gpu->driver), api(driver.api) {}

  llvm::StringRef kind() const override { return "cuda"; }
  int ordinal() const override { return gpu->ordinal; }
  llvm::Expected<const DeviceProperties *> properties() override { return &gpu->properties; }

  llvm::Expected<std::unique_ptr<LoadedKernel>>
  load(std::shared_ptr<const KernelImage> image) override {
    llvm::Expected<std::unique_ptr<CudaKernel>> kernel = loadKernel(gpu, std::move(image));
    if (!kernel)
      return kernel.takeError();
    return std::unique_ptr<LoadedKernel>(std::move(*kernel));
  }

  llvm::Error launch(LoadedKernel &kernel, const LaunchDims &dims, llvm::ArrayRef<void *> params,
                     Stream stream, llvm::ArrayRef<HostBuffer>) override;

  llvm::Expected<DevicePtr> allocate(uint64_t bytes) override {
    Address address = 0;
    if (bytes != 0)
      if (llvm::Error error = inContext([&] { return api.memAlloc(&address, bytes); },
                                        "allocating " + llvm::Twine(bytes) + " bytes on the GPU"))
        return error;
    return address;
  }
  llvm::Error release(DevicePtr pointer) override {
    if (pointer == 0)
      return llvm::Error::success();
    return inContext([&] { return api.memFree(pointer); }, "freeing GPU memory");
  }
  llvm::Error copyToDevice(DevicePtr to, const void *from, uint64_t bytes, Stream stream) override {
    return inContext(
        [&] {
          Result result = bytes ? api.copyToDevice(to, from, bytes, handle(stream)) : success;
          return result == success ? api.streamSynchronize(handle(stream)) : result;
        },
        "copying to the GPU");
  }
  llvm::Error copyToHost(void *to, DevicePtr from, uint64_t bytes, Stream stream) override {
    return inContext(
        [&] {
          Result result = bytes ? api.copyToHost(to, from, bytes, handle(stream)) : success;
          return result == success ? api.streamSynchronize(handle(stream)) : result;
        },
        "copying from the GPU");
  }
  llvm::Error copyOnDevice(DevicePtr to, DevicePtr from, uint64_t bytes, Stream stream) override {
    return inContext(
        [&] { return bytes ? api.copyOnDevice(to, from, bytes, handle(stream)) : success; },
        "copying on the GPU");
  }
  llvm::Error fill(DevicePtr to, uint8_t value, uint64_t bytes, Stream stream) override {
    return inContext([&] { return bytes ? api.fill(to, value, bytes, handle(stream)) : success; },
                     "filling GPU memory");
  }

  llvm::Expected<Stream> createStream() override {
    StreamHandle stream = nullptr;
    if (llvm::Error error = inContext([&] { return api.streamCreate(&stream, streamNonBlocking); },
                                      "creating a stream"))
      return error;
    return stream;
  }
  llvm::Error destroyStream(Stream stream) override {
    return inContext([&] { return api.streamDestroy(handle(stream)); }, "destroying a stream");
  }
  llvm::Error synchronize(Stream stream) override {
    return inContext([&] { return api.streamSynchronize(handle(stream)); }, "waiting for a stream");
  }
  llvm::Expected<bool> isCapturing(Stream stream) override {
    int status = captureStatusNone;
    if (llvm::Error error =
            inContext([&] { return api.streamIsCapturing(handle(stream), &status); },
                      "asking whether a stream is being captured"))
      return error;
    return status != captureStatusNone;
  }

  llvm::Expected<Event> createEvent() override {
    EventHandle event = nullptr;
    if (llvm::Error error =
            inContext([&] { return api.eventCreate(&event, 0); }, "creating an event"))
      return error;
    return event;
  }
  llvm::Error destroyEvent(Event event) override {
    return inContext([&] { return api.eventDestroy(eventOf(event)); }, "destroying an event");
  }
  llvm::Error record(Event event, Stream stream) override {
    return inContext([&] { return api.eventRecord(eventOf(event), handle(stream)); },
                     "recording an event");
  }
  llvm::Error synchronizeEvent(Event event) override {
    return inContext([&] { return api.eventSynchronize(eventOf(event)); }, "waiting for an event");
  }
  llvm::Error wait(Stream stream, Event event) override {
    return inContext([&] { return api.streamWaitEvent(handle(stream), eventOf(event), 0); },
                     "making a stream wait for an event");
  }
  llvm::Expected<float> elapsedMs(Event start, Event end) override {
    float ms = 0;
    if (llvm::Error error =
            inContext([&] { return api.eventElapsedTime(&ms, eventOf(start), eventOf(end)); },
                      "reading the time between two events"))
      return error;
    return ms;
  }

private:
  static StreamHandle handle(Stream stream) { return static_cast<StreamHandle>(stream); }
  static EventHandle eventOf(Event event) { return static_cast<EventHandle>(event); }

  template <typename Call> llvm::Error inContext(Call call, const llvm::Twine &doing) {
    if (llvm::Error error = driver.alive())
      return error;
    ContextScope scope(api, gpu->context);
    Result result = scope.result() == success ? call() : scope.result();
    return driver.check(result, doing);
  }
  Result launchWithAttributes(Function function, const LaunchDims &dims, void **params,
                              StreamHandle stream);
  llvm::Error launchFailure(const CudaKernel &kernel, const LaunchDims &dims, Result result);

  std::shared_ptr<Gpu> gpu;
  const Driver &driver;
  const Api &api;
};
} // namespace

Result CudaDevice::launchWithAttributes(Function function, const LaunchDims &dims, void **params,
                                        StreamHandle stream) {
  LaunchAttribute attributes[2] = {};
  unsigned count = 0;
  if (dims.cluster[0] * dims.cluster[1] * dims.cluster[2] > 1) {
    LaunchAttribute &cluster = attributes[count++];
    cluster.id = launchClusterDimension;
    cluster.value.cluster = {dims.cluster[0], dims.cluster[1], dims.cluster[2]};
  }
  if (dims.programmatic) {
    LaunchAttribute &programmatic = attributes[count++];
    programmatic.id = launchProgrammaticSerialization;
    programmatic.value.programmaticSerialization = 1;
  }
  LaunchConfig config = {dims.grid[0],  dims.grid[1],  dims.grid[2],       dims.block[0],
                         dims.block[1], dims.block[2], dims.dynamicShared, stream,
                         attributes,    count};
  return api.launchKernelEx(&config, function, params, nullptr);
}

llvm::Error CudaDevice::launch(LoadedKernel &loaded, const LaunchDims &dims,
                               llvm::ArrayRef<void *> params, Stream stream,
                               llvm::ArrayRef<HostBuffer>) {
  if (llvm::Error error = driver.alive())
    return error;
  auto &kernel = static_cast<CudaKernel &>(loaded);
  ContextScope scope(api, gpu->context);
  if (scope.result() != success)
    return launchFailure(kernel, dims, scope.result());
  void **values = const_cast<void **>(params.data());
  bool plain = !dims.programmatic && dims.cluster[0] * dims.cluster[1] * dims.cluster[2] == 1;
  Result result;
  if (plain)
    result = api.launchKernel(kernel.function, dims.grid[0], dims.grid[1], dims.grid[2],
                              dims.block[0], dims.block[1], dims.block[2], dims.dynamicShared,
                              handle(stream), values, nullptr);
  else if (api.launchKernelEx)
    result = launchWithAttributes(kernel.function, dims, values, handle(stream));
  else
    return llvm::make_error<DeviceError>(
        llvm::formatv("kernel '{0}' uses clusters or programmatic launch, which needs "
                      "cuLaunchKernelEx: the driver ({1}) "
                      "is older than CUDA 11.8, update it",
                      kernel.image().entry, driver.path));
  return result == success ? llvm::Error::success() : launchFailure(kernel, dims, result);
}

llvm::Error CudaDevice::launchFailure(const CudaKernel &kernel, const LaunchDims &dims,
                                      Result result) {
  std::string doing =
      llvm::formatv("launching kernel '{0}' (grid {1}x{2}x{3}, {4} threads per CTA, {5} bytes of "
                    "shared memory, {6} registers per thread)",
                    kernel.image().entry, dims.grid[0], dims.grid[1], dims.grid[2],
                    dims.block[0] * dims.block[1] * dims.block[2], dims.dynamicShared, kernel.regs);
  return driver.failure(result, doing);
}

llvm::Expected<std::unique_ptr<Device>>
cosmati::runtime::createCudaDevice(std::shared_ptr<Driver> driver, int ordinal) {
  llvm::Expected<std::shared_ptr<Gpu>> gpu = Gpu::open(std::move(driver), ordinal);
  if (!gpu)
    return gpu.takeError();
  return std::unique_ptr<Device>(std::make_unique<CudaDevice>(std::move(*gpu)));
}
