// Gpu: one device's primary context and facts, shared by the CudaDevice and the kernels loaded on
// it.
#pragma once

#include "runtime/Device/cuda/CudaDevice.h"
#include "runtime/Device/cuda/Driver.h"

#include <memory>

namespace cosmati::runtime::cuda {

/// Holds the primary context; gives it back when the last user is gone.
struct Gpu {
  static llvm::Expected<std::shared_ptr<Gpu>> open(std::shared_ptr<Driver> driver, int ordinal);
  ~Gpu();

  /// Reads the device's properties from the driver.
  llvm::Error readProperties();
  llvm::Expected<int> attribute(DeviceAttribute which) const;

  std::shared_ptr<Driver> driver;
  int ordinal = 0;
  DeviceId id = 0;
  Context context = nullptr;
  DeviceProperties properties;
};

class CudaKernel : public LoadedKernel {
public:
  using LoadedKernel::LoadedKernel;
  ~CudaKernel() override;
  void *nativeHandle() const override { return function; }

  std::shared_ptr<Gpu> gpu;
  Module module = nullptr;
  Function function = nullptr;
};

/// Loads the cubin where it suits the GPU, else lets the driver assemble the PTX.
llvm::Expected<std::unique_ptr<CudaKernel>> loadKernel(std::shared_ptr<Gpu> gpu,
                                                       std::shared_ptr<const KernelImage> image);

} // namespace cosmati::runtime::cuda
