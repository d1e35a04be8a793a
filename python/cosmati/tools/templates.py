"""C sources that tools.compile and tools.link fill in."""

from __future__ import annotations

from string import Template

PRELUDE = """\
#ifndef COSMATI_AOT_PRELUDE
#define COSMATI_AOT_PRELUDE
#include <stddef.h>
#include <stdint.h>
#if defined(__has_include)
#if __has_include(<cuda.h>)
#include <cuda.h>
#define COSMATI_AOT_HAS_CUDA_H
#endif
#endif
#ifndef COSMATI_AOT_HAS_CUDA_H
/* What is used of the driver's interface, for machines without a toolkit. */
typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
#define CUDA_SUCCESS 0
#define CUDA_ERROR_INVALID_VALUE 1
#define CUDA_ERROR_NO_BINARY_FOR_GPU 209
#define CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES 8
CUresult cuCtxGetDevice(CUdevice *device);
CUresult cuModuleLoadData(CUmodule *module, const void *image);
CUresult cuModuleUnload(CUmodule module);
CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name);
CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value);
CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ,
                        unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,
                        CUstream stream, void **parameters, void **extra);
#endif
#endif
"""

HEADER = Template("""\
/* $kernel */
#pragma once
$prelude
#ifdef __cplusplus
extern "C" {
#endif
/* Loads the code on the current context's device; a launch does so by itself. */
CUresult load_$name(void);
/* Unloads it from every device. Nothing may be running. */
CUresult unload_$name(void);
/* Launches on the current context's device. Functions give the driver's error code. */
// tt-linker: $name:$full:$algorithm
// cosmati-hints:$hints
CUresult $name(CUstream stream$parameters);
#ifdef __cplusplus
}
#endif
// tt-linker-backend: cuda
""")

SOURCE = Template("""\
/* $kernel */
#include "$header"
#include <stdatomic.h>

#define DEVICES 64
static const unsigned char cubin[] = {
    $cubin};
static const size_t cubin_size = $cubin_size;
static const unsigned char ptx[] = {
    $ptx};
static CUmodule modules[DEVICES];
static _Atomic(CUfunction) functions[DEVICES];
static atomic_flag busy = ATOMIC_FLAG_INIT;

static CUresult load_on(CUdevice device) {
  CUmodule module;
  CUfunction function;
  CUresult result = CUDA_ERROR_NO_BINARY_FOR_GPU;
  if (cubin_size)
    result = cuModuleLoadData(&module, cubin);
  if (result == CUDA_ERROR_NO_BINARY_FOR_GPU)
    result = cuModuleLoadData(&module, ptx);
  if (result != CUDA_SUCCESS)
    return result;
  result = cuModuleGetFunction(&function, module, "$entry");
  if (result == CUDA_SUCCESS && $shared > 49152)
    result = cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, $shared);
  if (result != CUDA_SUCCESS) {
    cuModuleUnload(module);
    return result;
  }
  modules[device] = module;
  atomic_store(&functions[device], function);
  return CUDA_SUCCESS;
}

static CUresult find(CUfunction *function) {
  CUdevice device;
  CUresult result = cuCtxGetDevice(&device);
  if (result != CUDA_SUCCESS)
    return result;
  if (device < 0 || device >= DEVICES)
    return CUDA_ERROR_INVALID_VALUE;
  *function = atomic_load(&functions[device]);
  if (*function)
    return CUDA_SUCCESS;
  while (atomic_flag_test_and_set(&busy)) {
  }
  if (!atomic_load(&functions[device]))
    result = load_on(device);
  atomic_flag_clear(&busy);
  *function = atomic_load(&functions[device]);
  return result;
}

CUresult load_$name(void) {
  CUfunction function;
  return find(&function);
}

CUresult unload_$name(void) {
  CUresult result = CUDA_SUCCESS;
  while (atomic_flag_test_and_set(&busy)) {
  }
  for (int device = 0; device < DEVICES; ++device) {
    if (!atomic_load(&functions[device]))
      continue;
    atomic_store(&functions[device], NULL);
    CUresult one = cuModuleUnload(modules[device]);
    if (result == CUDA_SUCCESS)
      result = one;
  }
  atomic_flag_clear(&busy);
  return result;
}

CUresult $name(CUstream stream$parameters) {
  const unsigned gX = (unsigned)($x), gY = (unsigned)($y), gZ = (unsigned)($z);
  void *parameters[] = {$pointers};
  CUfunction function;
  CUresult result = find(&function);
  if (result != CUDA_SUCCESS || gX == 0 || gY == 0 || gZ == 0)
    return result;
  return cuLaunchKernel(function, gX, gY, gZ, $threads, 1, 1, $shared, stream, parameters, NULL);
}
""")
