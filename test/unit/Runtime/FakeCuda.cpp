#include "FakeCuda.h"
#include "runtime/Device/cuda/CudaApi.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace cosmati::runtime::cuda;
using cosmati::test::FakeCudaState;

#define FAKE extern "C" __attribute__((visibility("default")))

namespace {
FakeCudaState state;
Context const primary = reinterpret_cast<Context>(0x1000);
Module const onlyModule = reinterpret_cast<Module>(0x2000);
Function const onlyFunction = reinterpret_cast<Function>(0x3000);

/// Everything that works on memory, modules or launches needs the context, as the real one does.
Result needContext() { return state.current == primary ? success : 201; }
} // namespace

FAKE FakeCudaState *fakeCudaState() { return &state; }

FAKE Result cuInit(unsigned) {
  ++state.initCalls;
  return state.initResult;
}
FAKE Result cuGetErrorName(Result result, const char **text) {
  switch (result) {
  case errorOutOfMemory:
    *text = "CUDA_ERROR_OUT_OF_MEMORY";
    return success;
  case errorNoDevice:
    *text = "CUDA_ERROR_NO_DEVICE";
    return success;
  case errorInvalidPtx:
    *text = "CUDA_ERROR_INVALID_PTX";
    return success;
  case errorIllegalAddress:
    *text = "CUDA_ERROR_ILLEGAL_ADDRESS";
    return success;
  default:
    *text = nullptr;
    return 1;
  }
}
FAKE Result cuGetErrorString(Result result, const char **text) {
  *text = result == errorIllegalAddress ? "an illegal memory access was encountered"
                                        : "text of the error";
  return success;
}
FAKE Result cuDriverGetVersion(int *version) {
  *version = 13000;
  return success;
}
FAKE Result cuDeviceGet(DeviceId *device, int ordinal) {
  *device = ordinal;
  return success;
}
FAKE Result cuDeviceGetCount(int *count) {
  *count = state.deviceCount;
  return success;
}
FAKE Result cuDeviceGetName(char *name, int size, DeviceId) {
  std::snprintf(name, static_cast<size_t>(size), "Fake H100");
  return success;
}
FAKE Result cuDeviceGetAttribute(int *value, int which, DeviceId) {
  switch (which) {
  case attrCapabilityMajor:
    *value = state.major;
    return success;
  case attrCapabilityMinor:
    *value = state.minor;
    return success;
  case attrMaxThreadsPerBlock:
    *value = 1024;
    return success;
  case attrSharedPerBlockOptIn:
    *value = 232448;
    return success;
  case attrClusterLaunch:
    *value = state.clusters;
    return state.clusters < 0 ? 1 : success; // negative: an old driver that doesn't know it
  default:
    *value = which;
    return success;
  }
}
FAKE Result cuDeviceTotalMem_v2(size_t *bytes, DeviceId) {
  *bytes = size_t(80) << 30;
  return success;
}
FAKE Result cuDevicePrimaryCtxRetain(Context *context, DeviceId) {
  ++state.retained;
  *context = primary;
  return success;
}
FAKE Result cuDevicePrimaryCtxRelease_v2(DeviceId) {
  --state.retained;
  return success;
}
FAKE Result cuCtxGetCurrent(Context *context) {
  *context = static_cast<Context>(state.current);
  return success;
}
FAKE Result cuCtxPushCurrent_v2(Context context) {
  ++state.pushes;
  state.current = context;
  return success;
}
FAKE Result cuCtxPopCurrent_v2(Context *context) {
  ++state.pops;
  *context = static_cast<Context>(state.current);
  state.current = nullptr;
  return success;
}
FAKE Result cuModuleLoadDataEx(Module *loaded, const void *code, unsigned count, int *options,
                               void **values) {
  if (Result result = needContext())
    return result;
  ++state.loads;
  std::snprintf(state.loadedCode, sizeof(state.loadedCode), "%s", static_cast<const char *>(code));
  if (state.loadResult != success)
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == jitErrorLog)
        std::strcpy(static_cast<char *>(values[i]), "ptxas application ptx input, line 3; fatal");
  *loaded = onlyModule;
  return state.loadResult;
}
FAKE Result cuModuleUnload(Module) {
  ++state.unloads;
  return needContext();
}
FAKE Result cuModuleGetFunction(Function *function, Module, const char *name) {
  *function = onlyFunction;
  return std::strcmp(name, "absent") == 0 ? static_cast<Result>(errorNotFound) : success;
}
FAKE Result cuFuncGetAttribute(int *value, int which, Function) {
  *value = which == funcMaxThreads ? 512 : which == funcRegisters ? 64 : 8;
  return success;
}
FAKE Result cuFuncSetAttribute(Function, int which, int value) {
  (which == funcMaxDynamicShared ? state.maxDynamicShared : state.nonPortableCluster) = value;
  return success;
}

static Result record(cosmati::test::FakeLaunch launch, void **params) {
  if (Result result = needContext())
    return result;
  ++state.launches;
  for (unsigned i = 0; i < state.paramCount; ++i)
    std::memcpy(&launch.params[i], params[i], 8);
  state.last = launch;
  return state.launchResult;
}
FAKE Result cuLaunchKernel(Function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                           unsigned by, unsigned bz, unsigned shared, StreamHandle stream,
                           void **params, void **) {
  return record({{gx, gy, gz}, {bx, by, bz}, {1, 1, 1}, shared, false, false, stream, {}}, params);
}
FAKE Result cuLaunchKernelEx(const LaunchConfig *config, Function, void **params, void **) {
  cosmati::test::FakeLaunch launch = {{config->gridX, config->gridY, config->gridZ},
                                      {config->blockX, config->blockY, config->blockZ},
                                      {1, 1, 1},
                                      config->sharedBytes,
                                      false,
                                      true,
                                      config->stream,
                                      {}};
  for (unsigned i = 0; i < config->numAttributes; ++i) {
    const LaunchAttribute &attribute = config->attributes[i];
    if (attribute.id == launchClusterDimension) {
      launch.cluster[0] = attribute.value.cluster.x;
      launch.cluster[1] = attribute.value.cluster.y;
      launch.cluster[2] = attribute.value.cluster.z;
    }
    if (attribute.id == launchProgrammaticSerialization)
      launch.programmatic = attribute.value.programmaticSerialization;
  }
  return record(launch, params);
}

// Memory is the host's, so that copies can be checked.
FAKE Result cuMemAlloc_v2(Address *address, size_t bytes) {
  if (state.allocResult)
    return state.allocResult;
  *address = reinterpret_cast<Address>(std::malloc(bytes));
  return needContext();
}
FAKE Result cuMemFree_v2(Address address) {
  std::free(reinterpret_cast<void *>(address));
  return needContext();
}
FAKE Result cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t bytes, StreamHandle) {
  std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return needContext();
}
FAKE Result cuMemcpyDtoHAsync_v2(void *to, Address from, size_t bytes, StreamHandle) {
  std::memcpy(to, reinterpret_cast<void *>(from), bytes);
  return needContext();
}
FAKE Result cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, StreamHandle) {
  std::memcpy(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes);
  return needContext();
}
FAKE Result cuMemsetD8Async(Address to, unsigned char value, size_t bytes, StreamHandle) {
  std::memset(reinterpret_cast<void *>(to), value, bytes);
  return needContext();
}
FAKE Result cuStreamCreate(StreamHandle *stream, unsigned) {
  *stream = reinterpret_cast<StreamHandle>(0x4000);
  return needContext();
}
FAKE Result cuStreamDestroy_v2(StreamHandle) { return needContext(); }
FAKE Result cuStreamSynchronize(StreamHandle) {
  ++state.synchronizations;
  return needContext();
}
FAKE Result cuStreamIsCapturing(StreamHandle, int *status) {
  *status = state.capturing;
  return needContext();
}
FAKE Result cuStreamWaitEvent(StreamHandle, EventHandle, unsigned) { return needContext(); }
FAKE Result cuEventCreate(EventHandle *event, unsigned) {
  *event = reinterpret_cast<EventHandle>(0x5000);
  return needContext();
}
FAKE Result cuEventDestroy_v2(EventHandle) { return needContext(); }
FAKE Result cuEventRecord(EventHandle, StreamHandle) { return needContext(); }
FAKE Result cuEventSynchronize(EventHandle) { return needContext(); }
FAKE Result cuEventElapsedTime(float *ms, EventHandle, EventHandle) {
  *ms = 1.25f;
  return needContext();
}
