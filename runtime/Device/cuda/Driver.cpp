#include "runtime/Device/cuda/Driver.h"
#include "runtime/Device/cuda/CudaDevice.h"
#include "runtime/Toolchain/SharedLibrary.h"

#include "llvm/Support/FormatVariadic.h"

#include <map>
#include <mutex>
#include <pthread.h>
#include <variant>

using namespace cosmati::runtime;
using namespace cosmati::runtime::cuda;

std::atomic<bool> cuda::forkedAfterInit{false};

namespace {
constexpr const char *driverRemedy = "Install NVIDIA's driver (in a container, start it with GPU "
                                     "access), or run kernels on the PTX virtual machine: "
                                     "cosmati.set_device(\"vm\")";

/// What a user can do about a result code; null where there is nothing to add.
const char *adviceFor(Result result) {
  switch (result) {
  case errorOutOfMemory:
    return "The GPU's memory is full: free arrays, or end other programs that use this GPU "
           "(nvidia-smi lists them)";
  case errorNoDevice:
    return "The driver sees no GPU: check nvidia-smi and CUDA_VISIBLE_DEVICES";
  case errorSystemDriverMismatch:
    return "libcuda and the kernel driver differ in version: reboot after a driver update, or "
           "rebuild the container";
  case errorNoBinaryForGpu:
    return "The image was made for another architecture: compile for this GPU's target";
  case errorInvalidPtx:
    return "The PTX needs another target or a newer driver";
  case errorUnsupportedPtxVersion:
    return "The driver is older than the PTX: update it, or install an assembler (pip install "
           "nvidia-nvjitlink)";
  case errorLaunchOutOfResources:
    return "Registers or shared memory do not suffice for this many threads: reduce num_warps or "
           "num_stages, or set maxnreg";
  case errorIllegalAddress:
  case errorMisalignedAddress:
  case errorIllegalInstruction:
  case errorLaunchFailed:
  case errorAssert:
  case errorLaunchTimeout:
    return "A kernel launched before may be the cause, and this process can't use the GPU any "
           "more. To find the place, run it "
           "on the PTX virtual machine, which names the source line and the address: "
           "cosmati.set_device(\"vm\")";
  default:
    return nullptr;
  }
}

void watchForks() {
  static std::once_flag once;
  std::call_once(once,
                 [] { pthread_atfork(nullptr, nullptr, [] { forkedAfterInit.store(true); }); });
}

llvm::Error fillTable(Api &api, const SharedLibrary &library) {
#define COSMATI_RESOLVE(member, name, parameters, ...)                                             \
  api.member = reinterpret_cast<Result(*) parameters>(library.symbol(#name));
  COSMATI_CUDA_REQUIRED(COSMATI_RESOLVE)
  COSMATI_CUDA_OPTIONAL(COSMATI_RESOLVE)
#undef COSMATI_RESOLVE
#define COSMATI_DEMAND(member, name, parameters)                                                   \
  if (!api.member)                                                                                 \
    return llvm::make_error<DeviceError>(                                                          \
        llvm::formatv("{0} has no symbol {1}: the driver is older than CUDA 11.1, update it",      \
                      library.path(), #name));
  COSMATI_CUDA_REQUIRED(COSMATI_DEMAND)
#undef COSMATI_DEMAND
  return llvm::Error::success();
}
} // namespace

llvm::Error Driver::failure(Result result, const llvm::Twine &doing) const {
  const char *name = nullptr, *text = nullptr;
  if (api.getErrorName(result, &name) != success || !name)
    name = "unknown error";
  if (api.getErrorString(result, &text) != success || !text)
    text = "the driver has no text for it";
  std::string message =
      llvm::formatv("{0} failed: {1} ({2}): {3}", doing.str(), name, result, text);
  if (const char *advice = adviceFor(result))
    message += std::string(". ") + advice;
  return llvm::make_error<DeviceError>(std::move(message), result);
}

llvm::Error Driver::forkFailure() {
  return llvm::make_error<DeviceError>("the CUDA driver can't be used in a process that was forked "
                                       "after the driver had been started. Start the process "
                                       "with the \"spawn\" or \"forkserver\" method of "
                                       "multiprocessing, or fork before the first use of the GPU");
}

llvm::Expected<std::shared_ptr<Driver>> Driver::open(llvm::StringRef libcuda) {
  llvm::Expected<SharedLibrary> library = SharedLibrary::open(libcuda);
  if (!library)
    return llvm::make_error<DeviceError>(llvm::formatv(
        "no CUDA driver: {0}. {1}", llvm::toString(library.takeError()), driverRemedy));
  auto driver = std::make_shared<Driver>();
  driver->path = library->path();
  if (llvm::Error error = fillTable(driver->api, *library))
    return error;
  if (llvm::Error error = driver->alive())
    return error;
  if (llvm::Error error =
          driver->check(driver->api.init(0), "starting the CUDA driver (" + driver->path + ")"))
    return error;
  watchForks();
  if (llvm::Error error = driver->check(driver->api.driverGetVersion(&driver->version),
                                        "asking the driver's version"))
    return error;
  return driver;
}

llvm::Expected<std::shared_ptr<Driver>> cosmati::runtime::openCudaDriver(llvm::StringRef libcuda) {
  struct Failure {
    std::string text;
    int code;
  };
  static std::mutex mutex;
  static std::map<std::string, std::variant<std::shared_ptr<Driver>, Failure>> opened;
  std::string name = libcuda.empty() ? "libcuda.so.1" : libcuda.str();
  std::lock_guard<std::mutex> guard(mutex);
  auto known = opened.find(name);
  if (known == opened.end()) {
    llvm::Expected<std::shared_ptr<Driver>> driver = Driver::open(name);
    if (driver) {
      known = opened.emplace(name, std::move(*driver)).first;
    } else {
      Failure failure{"", 0};
      llvm::handleAllErrors(driver.takeError(),
                            [&](const DeviceError &error) { failure = {error.text, error.code}; });
      known = opened.emplace(name, std::move(failure)).first;
    }
  }
  if (auto *failure = std::get_if<Failure>(&known->second))
    return llvm::make_error<DeviceError>(failure->text, failure->code);
  auto driver = std::get<std::shared_ptr<Driver>>(known->second);
  if (llvm::Error error = driver->alive())
    return error;
  return driver;
}

llvm::Expected<int> cosmati::runtime::cudaDeviceCount(const std::shared_ptr<Driver> &driver) {
  if (llvm::Error error = driver->alive())
    return error;
  int count = 0;
  if (llvm::Error error = driver->check(driver->api.deviceGetCount(&count), "counting the GPUs"))
    return error;
  return count;
}
