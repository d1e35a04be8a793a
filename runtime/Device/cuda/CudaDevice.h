// CudaDevice: a GPU behind the CUDA driver, which is opened by dlopen at the first call that needs
// it.
#pragma once

#include "runtime/Device/Device.h"

#include <memory>
#include <string>

namespace cosmati::runtime {

namespace cuda {
class Driver;
}

/// The process's driver. Opened and initialised once, at the first call, from `libcuda` (a file, or
/// a soname for the dynamic linker; empty means "libcuda.so.1"). A failure is remembered and
/// reported again. Errors name the library, the driver's error and the remedy. After fork(), a
/// child of a process that had initialised the driver gets an error.
llvm::Expected<std::shared_ptr<cuda::Driver>> openCudaDriver(llvm::StringRef libcuda = "");

/// Number of GPUs.
llvm::Expected<int> cudaDeviceCount(const std::shared_ptr<cuda::Driver> &driver);

/// GPU number `ordinal`, through its primary context, which PyTorch and the CUDA runtime share.
llvm::Expected<std::unique_ptr<Device>> createCudaDevice(std::shared_ptr<cuda::Driver> driver,
                                                         int ordinal);

} // namespace cosmati::runtime
