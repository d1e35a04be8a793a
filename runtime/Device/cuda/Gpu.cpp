#include "runtime/Device/cuda/Gpu.h"

#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::runtime;
using namespace cosmati::runtime::cuda;

llvm::Expected<std::shared_ptr<Gpu>> Gpu::open(std::shared_ptr<Driver> driver, int ordinal) {
  llvm::Expected<int> count = cudaDeviceCount(driver);
  if (!count)
    return count.takeError();
  if (ordinal < 0 || ordinal >= *count)
    return llvm::make_error<DeviceError>(
        llvm::formatv("there is no GPU number {0}: the driver sees {1}", ordinal, *count));
  auto gpu = std::make_shared<Gpu>();
  gpu->ordinal = ordinal;
  const Api &api = driver->api;
  if (llvm::Error error = driver->check(api.deviceGet(&gpu->id, ordinal), "opening the GPU"))
    return error;
  Context context = nullptr;
  if (llvm::Error error =
          driver->check(api.primaryCtxRetain(&context, gpu->id),
                        llvm::Twine("opening the context of GPU ") + llvm::Twine(ordinal)))
    return error;
  gpu->context = context;
  gpu->driver = std::move(driver);
  if (llvm::Error error = gpu->readProperties())
    return error;
  return gpu;
}

Gpu::~Gpu() {
  // After a fork the context is the parent's. At exit the driver may be gone; it says so and
  // nothing is lost.
  if (driver && context && !forkedAfterInit.load())
    driver->api.primaryCtxRelease(id);
}

llvm::Expected<int> Gpu::attribute(DeviceAttribute which) const {
  int value = 0;
  if (llvm::Error error = driver->check(driver->api.deviceGetAttribute(&value, which, id),
                                        "asking a property of the GPU"))
    return error;
  return value;
}

llvm::Error Gpu::readProperties() {
  struct Query {
    DeviceAttribute which;
    int *narrow;
    int64_t *wide;
  };
  int hasClusters = 0;
  const Query queries[] = {
      {attrCapabilityMajor, &properties.major, nullptr},
      {attrCapabilityMinor, &properties.minor, nullptr},
      {attrMultiprocessors, &properties.multiprocessors, nullptr},
      {attrMaxThreadsPerBlock, &properties.maxThreadsPerBlock, nullptr},
      {attrMaxThreadsPerMultiprocessor, &properties.maxThreadsPerMultiprocessor, nullptr},
      {attrMaxGridX, nullptr, &properties.maxGrid[0]},
      {attrMaxGridY, nullptr, &properties.maxGrid[1]},
      {attrMaxGridZ, nullptr, &properties.maxGrid[2]},
      {attrSharedPerBlock, nullptr, &properties.sharedPerBlock},
      {attrSharedPerBlockOptIn, nullptr, &properties.sharedPerBlockOptIn},
      {attrSharedPerMultiprocessor, nullptr, &properties.sharedPerMultiprocessor},
      {attrRegistersPerBlock, &properties.registersPerBlock, nullptr},
      {attrRegistersPerMultiprocessor, &properties.registersPerMultiprocessor, nullptr},
      {attrL2Bytes, nullptr, &properties.l2Bytes},
      {attrClockRate, &properties.clockKHz, nullptr},
      {attrMemoryClockRate, &properties.memoryClockKHz, nullptr},
      {attrMemoryBusWidth, &properties.memoryBusBits, nullptr},
  };
  for (const Query &query : queries) {
    llvm::Expected<int> value = attribute(query.which);
    if (!value)
      return value.takeError();
    if (query.narrow)
      *query.narrow = *value;
    else
      *query.wide = *value;
  }
  // Drivers before CUDA 11.8 don't know this attribute, and have no clusters.
  properties.clusters =
      driver->api.deviceGetAttribute(&hasClusters, attrClusterLaunch, id) == success && hasClusters;
  char name[256] = {};
  if (llvm::Error error = driver->check(driver->api.deviceGetName(name, sizeof(name) - 1, id),
                                        "asking the GPU's name"))
    return error;
  size_t bytes = 0;
  if (llvm::Error error = driver->check(driver->api.deviceTotalMem(&bytes, id),
                                        "asking the size of the GPU's memory"))
    return error;
  properties.name = name;
  properties.globalBytes = static_cast<int64_t>(bytes);
  properties.driverVersion = driver->version;
  // From sm_90 on the tensor core's instructions are in the architecture-specific targets.
  properties.target = llvm::formatv("sm_{0}{1}{2}", properties.major, properties.minor,
                                    properties.major >= 9 ? "a" : "");
  return llvm::Error::success();
}
