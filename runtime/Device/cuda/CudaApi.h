// The CUDA driver's functions that we call, as one typed table, and the types that they take.
//
// Source of signatures, numbers and struct layouts: NVIDIA's "CUDA Driver API" reference. They are
// part of the driver's stable ABI. test/unit/Runtime/CudaAbiTest.cpp compares them with cuda.h
// where that header is installed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cosmati::runtime::cuda {

using Result = int; // CUresult; 0: success
using DeviceId = int;
using Context = struct ContextState *;
using Module = struct ModuleState *;
using Function = struct FunctionState *;
using StreamHandle = struct StreamState *;
using EventHandle = struct EventState *;
using Address = unsigned long long; // CUdeviceptr

/// CUresult codes that are treated apart.
enum ResultCode : int {
  success = 0,
  errorOutOfMemory = 2,
  errorNotInitialized = 3,
  errorDeinitialized = 4,
  errorNoDevice = 100,
  errorNoBinaryForGpu = 209,
  errorInvalidPtx = 218,
  errorUnsupportedPtxVersion = 222,
  errorNotFound = 500,
  errorIllegalAddress = 700,
  errorLaunchOutOfResources = 701,
  errorLaunchTimeout = 702,
  errorAssert = 710,
  errorIllegalInstruction = 715,
  errorMisalignedAddress = 716,
  errorLaunchFailed = 719,
  errorSystemDriverMismatch = 803,
};

/// CUdevice_attribute.
enum DeviceAttribute : int {
  attrMaxThreadsPerBlock = 1,
  attrMaxGridX = 5,
  attrMaxGridY = 6,
  attrMaxGridZ = 7,
  attrSharedPerBlock = 8,
  attrRegistersPerBlock = 12,
  attrClockRate = 13,
  attrMultiprocessors = 16,
  attrMemoryClockRate = 36,
  attrMemoryBusWidth = 37,
  attrL2Bytes = 38,
  attrMaxThreadsPerMultiprocessor = 39,
  attrCapabilityMajor = 75,
  attrCapabilityMinor = 76,
  attrSharedPerMultiprocessor = 81,
  attrRegistersPerMultiprocessor = 82,
  attrSharedPerBlockOptIn = 97,
  attrClusterLaunch = 120,
};

/// CUfunction_attribute.
enum FunctionAttribute : int {
  funcMaxThreads = 0,
  funcLocalBytes = 3,
  funcRegisters = 4,
  funcMaxDynamicShared = 8,
  funcNonPortableCluster = 14,
};

/// CUjit_option.
enum JitOption : int { jitErrorLog = 5, jitErrorLogBytes = 6 };

/// CUlaunchAttributeID.
enum LaunchAttributeId : int { launchClusterDimension = 4, launchProgrammaticSerialization = 6 };

/// CUlaunchAttribute.
struct LaunchAttribute {
  int id;
  char pad[4];
  union {
    char bytes[64];
    struct {
      unsigned x, y, z;
    } cluster;
    int programmaticSerialization;
  } value;
};

/// CUlaunchConfig.
struct LaunchConfig {
  unsigned gridX, gridY, gridZ;
  unsigned blockX, blockY, blockZ;
  unsigned sharedBytes;
  StreamHandle stream;
  LaunchAttribute *attributes;
  unsigned numAttributes;
};

inline constexpr int captureStatusNone = 0; // CU_STREAM_CAPTURE_STATUS_NONE
inline constexpr unsigned streamNonBlocking = 1;

} // namespace cosmati::runtime::cuda

// X(member, exported symbol, parameters). Required ones exist in every driver since CUDA 11.1;
// every function returns a Result. The _v2 symbols are what cuda.h's plain names stand for.
#define COSMATI_CUDA_REQUIRED(X)                                                                   \
  X(init, cuInit, (unsigned))                                                                      \
  X(getErrorName, cuGetErrorName, (Result, const char **))                                         \
  X(getErrorString, cuGetErrorString, (Result, const char **))                                     \
  X(driverGetVersion, cuDriverGetVersion, (int *))                                                 \
  X(deviceGet, cuDeviceGet, (DeviceId *, int))                                                     \
  X(deviceGetCount, cuDeviceGetCount, (int *))                                                     \
  X(deviceGetName, cuDeviceGetName, (char *, int, DeviceId))                                       \
  X(deviceGetAttribute, cuDeviceGetAttribute, (int *, int, DeviceId))                              \
  X(deviceTotalMem, cuDeviceTotalMem_v2, (size_t *, DeviceId))                                     \
  X(primaryCtxRetain, cuDevicePrimaryCtxRetain, (Context *, DeviceId))                             \
  X(primaryCtxRelease, cuDevicePrimaryCtxRelease_v2, (DeviceId))                                   \
  X(ctxGetCurrent, cuCtxGetCurrent, (Context *))                                                   \
  X(ctxPush, cuCtxPushCurrent_v2, (Context))                                                       \
  X(ctxPop, cuCtxPopCurrent_v2, (Context *))                                                       \
  X(moduleLoad, cuModuleLoadDataEx, (Module *, const void *, unsigned, int *, void **))            \
  X(moduleUnload, cuModuleUnload, (Module))                                                        \
  X(moduleGetFunction, cuModuleGetFunction, (Function *, Module, const char *))                    \
  X(funcGetAttribute, cuFuncGetAttribute, (int *, int, Function))                                  \
  X(funcSetAttribute, cuFuncSetAttribute, (Function, int, int))                                    \
  X(launchKernel, cuLaunchKernel,                                                                  \
    (Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, StreamHandle, \
     void **, void **))                                                                            \
  X(memAlloc, cuMemAlloc_v2, (Address *, size_t))                                                  \
  X(memFree, cuMemFree_v2, (Address))                                                              \
  X(copyToDevice, cuMemcpyHtoDAsync_v2, (Address, const void *, size_t, StreamHandle))             \
  X(copyToHost, cuMemcpyDtoHAsync_v2, (void *, Address, size_t, StreamHandle))                     \
  X(copyOnDevice, cuMemcpyDtoDAsync_v2, (Address, Address, size_t, StreamHandle))                  \
  X(fill, cuMemsetD8Async, (Address, unsigned char, size_t, StreamHandle))                         \
  X(streamCreate, cuStreamCreate, (StreamHandle *, unsigned))                                      \
  X(streamDestroy, cuStreamDestroy_v2, (StreamHandle))                                             \
  X(streamSynchronize, cuStreamSynchronize, (StreamHandle))                                        \
  X(streamIsCapturing, cuStreamIsCapturing, (StreamHandle, int *))                                 \
  X(streamWaitEvent, cuStreamWaitEvent, (StreamHandle, EventHandle, unsigned))                     \
  X(eventCreate, cuEventCreate, (EventHandle *, unsigned))                                         \
  X(eventDestroy, cuEventDestroy_v2, (EventHandle))                                                \
  X(eventRecord, cuEventRecord, (EventHandle, StreamHandle))                                       \
  X(eventSynchronize, cuEventSynchronize, (EventHandle))                                           \
  X(eventElapsedTime, cuEventElapsedTime, (float *, EventHandle, EventHandle))

// Null in older drivers; X(member, symbol, parameters, first CUDA version).
#define COSMATI_CUDA_OPTIONAL(X)                                                                   \
  X(launchKernelEx, cuLaunchKernelEx, (const LaunchConfig *, Function, void **, void **), "11.8")

namespace cosmati::runtime::cuda {

struct Api {
#define COSMATI_MEMBER(member, symbol, parameters, ...) Result(*member) parameters = nullptr;
  COSMATI_CUDA_REQUIRED(COSMATI_MEMBER)
  COSMATI_CUDA_OPTIONAL(COSMATI_MEMBER)
#undef COSMATI_MEMBER
};

} // namespace cosmati::runtime::cuda
