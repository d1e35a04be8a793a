// The environment variables that the C++ interface follows: those of the Python package. Nothing
// below this room reads any.
#pragma once

#include "runtime/Device/vm/VmDevice.h"
#include "runtime/Toolchain/Toolchain.h"

#include <string>

namespace cosmati::detail {

/// CUDA_HOME, PATH, and COSMATI_LIBCUDA, COSMATI_NVJITLINK, COSMATI_NVRTC, COSMATI_PTXAS,
/// COSMATI_LIBDEVICE, each an explicit file.
runtime::ToolchainSettings toolchainSettings();
/// COSMATI_CACHE_DIR (empty: no disk cache), else below the user's cache folder.
std::string cacheFolder();
/// COSMATI_CACHE_MAX_BYTES, else 1 GiB.
uint64_t cacheLimit();
/// COSMATI_REPRODUCER_DIR, else beside the cache.
std::string reproducerFolder();
/// COSMATI_DEVICE; empty where nothing is said.
std::string deviceChoice();
/// COSMATI_VM_THREADS, COSMATI_VM_TARGET, COSMATI_CHECK, COSMATI_SEED, COSMATI_SCHEDULE.
runtime::VmOptions vmOptions();

} // namespace cosmati::detail
