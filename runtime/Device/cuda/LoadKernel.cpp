#include "runtime/Device/Limits.h"
#include "runtime/Device/cuda/Gpu.h"

#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::runtime;
using namespace cosmati::runtime::cuda;

namespace {
constexpr uint32_t sharedWithoutOptIn = 48 * 1024;
constexpr int portableClusterCtas = 8;

/// Whether machine code for `target` runs on the GPU: same major number and no lower minor; with
/// suffix 'a' the very same.
bool cubinRuns(TargetNumber target, const DeviceProperties &gpu) {
  if (target.suffix == 'a')
    return target.number == gpu.major * 10 + gpu.minor;
  return target.number / 10 == gpu.major && target.number % 10 <= gpu.minor;
}

/// Whether the driver can assemble PTX for `target` for the GPU: PTX without a suffix runs on later
/// architectures.
bool ptxRuns(TargetNumber target, const DeviceProperties &gpu) {
  return target.suffix ? cubinRuns(target, gpu) : target.number <= gpu.major * 10 + gpu.minor;
}

/// The code to give to the driver: NUL-terminated PTX, or a cubin; null when neither suits.
const void *chooseCode(const KernelImage &image, const DeviceProperties &gpu) {
  TargetNumber target = parseTarget(image.target);
  if (target.number == 0)
    return nullptr;
  if (!image.cubin.empty() && cubinRuns(target, gpu))
    return image.cubin.data();
  if (!image.ptx.empty() && ptxRuns(target, gpu))
    return image.ptx.c_str();
  return nullptr;
}

llvm::Error loadModule(CudaKernel &kernel, const void *code) {
  const Driver &driver = *kernel.gpu->driver;
  std::string log(8192, '\0');
  int options[] = {jitErrorLog, jitErrorLogBytes};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size())};
  Result result = driver.api.moduleLoad(&kernel.module, code, 2, options, values);
  if (result == success)
    return llvm::Error::success();
  log.resize(std::min(log.find('\0'), log.size()));
  std::string doing =
      llvm::formatv("loading kernel '{0}' for {1}", kernel.image().entry, kernel.image().target);
  llvm::Error error = driver.failure(result, doing);
  if (log.empty())
    return error;
  return llvm::make_error<DeviceError>(llvm::toString(std::move(error)) + "\n" + log, result);
}

llvm::Error readAttributes(CudaKernel &kernel) {
  const Driver &driver = *kernel.gpu->driver;
  const std::pair<FunctionAttribute, int *> reads[] = {{funcRegisters, &kernel.regs},
                                                       {funcLocalBytes, &kernel.localBytes},
                                                       {funcMaxThreads, &kernel.maxThreads}};
  for (auto [which, value] : reads)
    if (llvm::Error error =
            driver.check(driver.api.funcGetAttribute(value, which, kernel.function),
                         "asking a property of kernel '" + kernel.image().entry + "'"))
      return error;
  return llvm::Error::success();
}

/// Attributes that a launch needs beforehand.
llvm::Error optIn(CudaKernel &kernel) {
  const Driver &driver = *kernel.gpu->driver;
  const KernelImage &image = kernel.image();
  if (image.sharedBytes > sharedWithoutOptIn)
    if (llvm::Error error =
            driver.check(driver.api.funcSetAttribute(kernel.function, funcMaxDynamicShared,
                                                     static_cast<int>(image.sharedBytes)),
                         llvm::formatv("allowing kernel '{0}' {1} bytes of shared memory",
                                       image.entry, image.sharedBytes)
                             .str()))
      return error;
  if (image.numCtas > portableClusterCtas)
    if (llvm::Error error = driver.check(
            driver.api.funcSetAttribute(kernel.function, funcNonPortableCluster, 1),
            llvm::formatv("allowing kernel '{0}' clusters of {1} CTAs", image.entry, image.numCtas)
                .str()))
      return error;
  return llvm::Error::success();
}
} // namespace

CudaKernel::~CudaKernel() {
  if (!module || forkedAfterInit.load())
    return;
  ContextScope scope(gpu->driver->api, gpu->context);
  if (scope.result() == success)
    gpu->driver->api.moduleUnload(module);
}

llvm::Expected<std::unique_ptr<CudaKernel>>
cuda::loadKernel(std::shared_ptr<Gpu> gpu, std::shared_ptr<const KernelImage> image) {
  const Driver &driver = *gpu->driver;
  if (llvm::Error error = driver.alive())
    return error;
  if (llvm::Error error = checkFits(*image, gpu->properties))
    return error;
  const void *code = chooseCode(*image, gpu->properties);
  if (!code)
    return llvm::make_error<DeviceError>(llvm::formatv(
        "kernel '{0}' was compiled for {1}, which {2} ({3}) can't run; compile it for {3}",
        image->entry, image->target, gpu->properties.name, gpu->properties.target));
  auto kernel = std::make_unique<CudaKernel>(std::move(image));
  kernel->gpu = gpu;
  ContextScope scope(driver.api, gpu->context);
  if (llvm::Error error = driver.check(scope.result(), "making the GPU's context current"))
    return error;
  if (llvm::Error error = loadModule(*kernel, code))
    return error;
  const std::string &entry = kernel->image().entry;
  if (llvm::Error error = driver.check(
          driver.api.moduleGetFunction(&kernel->function, kernel->module, entry.c_str()),
          "looking for kernel '" + entry + "' in its module"))
    return error;
  if (llvm::Error error = readAttributes(*kernel))
    return error;
  if (llvm::Error error = optIn(*kernel))
    return error;
  return kernel;
}
