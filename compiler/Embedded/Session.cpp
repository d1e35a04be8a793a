#include "compiler/Embedded/Session.h"
#include "compiler/Embedded/Environment.h"
#include "compiler/Embedded/Failures.h"
#include "cosmati/Device.h"
#include "runtime/Device/cuda/CudaDevice.h"

#include <cstdio>
#include <map>
#include <mutex>

namespace cosmati {
namespace detail {

using runtime::Piece;

std::shared_ptr<const runtime::Toolchain> sharedToolchain() {
  static const auto *toolchain = new std::shared_ptr<const runtime::Toolchain>(
      std::make_shared<runtime::Toolchain>(toolchainSettings()));
  return *toolchain;
}

static Jit *makeSession() {
  JitSettings settings;
  settings.toolchain = sharedToolchain();
  settings.disk.root = cacheFolder();
  settings.disk.maxBytes = cacheLimit();
  settings.reproducerFolder = reproducerFolder();
  settings.disk.warn = [](llvm::StringRef text) {
    std::fprintf(stderr, "cosmati: %s\n", text.str().c_str());
  };
  return new Jit(std::move(settings));
}

Jit &session() {
  // Never destroyed: threads may compile until the process ends.
  static Jit *jit = makeSession();
  return *jit;
}

//===------------------------------------------------------------------------------------------===//
// Devices
//===------------------------------------------------------------------------------------------===//

namespace {

class Devices {
public:
  static Devices &get() {
    static auto *devices = new Devices;
    return *devices;
  }

  DeviceSlot &current() {
    std::lock_guard<std::mutex> lock(mutex);
    if (!chosen)
      chosen = &choose();
    return *chosen;
  }

  void choose(llvm::StringRef name) {
    std::lock_guard<std::mutex> lock(mutex);
    chosen = &named(name);
  }

private:
  DeviceSlot &choose() {
    std::string wanted = deviceChoice();
    if (!wanted.empty())
      return named(wanted);
    if (countGpus() > 0)
      return named("cuda");
    std::fprintf(stderr, "cosmati: no GPU found; kernels run on the PTX virtual machine "
                         "(COSMATI_DEVICE=vm or cosmati::setDevice(\"vm\") chooses it without this "
                         "notice)\n");
    return named("vm");
  }

  DeviceSlot &named(llvm::StringRef name) {
    auto [kind, number] = name.split(':');
    int ordinal = 0;
    bool isVm = name == "vm", isCuda = kind == "cuda" || kind == "gpu";
    bool bad = !number.empty() && number.getAsInteger(10, ordinal);
    if ((!isVm && !isCuda) || bad || ordinal < 0 || name.ends_with(":"))
      throw CosmatiError("'" + name.str() + "' is no device; use 'vm', 'cuda' or 'cuda:N'");
    std::string full = isVm ? "vm" : "cuda:" + std::to_string(ordinal);
    DeviceSlot &slot = slots[full];
    if (!slot.device) {
      auto device = isVm ? runtime::createVmDevice(vmOptions()) : openGpu(ordinal);
      slot.target = unwrap(device->properties())->target;
      slot.name = full;
      slot.onHost = isVm;
      slot.id = static_cast<uint32_t>(slots.size());
      slot.device = std::move(device);
    }
    return slot;
  }

  static std::unique_ptr<runtime::Device> openGpu(int ordinal) {
    runtime::Found found = unwrap(sharedToolchain()->find(Piece::Driver));
    auto driver = unwrap(runtime::openCudaDriver(found.path));
    return unwrap(runtime::createCudaDevice(std::move(driver), ordinal));
  }

  /// 0 where there is no driver, or no GPU behind it.
  static int countGpus() {
    auto orNone = [](auto expected) {
      std::optional<typename decltype(expected)::value_type> value;
      if (expected)
        value = std::move(*expected);
      else
        llvm::consumeError(expected.takeError());
      return value;
    };
    auto found = orNone(sharedToolchain()->find(Piece::Driver));
    auto driver = found ? orNone(runtime::openCudaDriver(found->path)) : std::nullopt;
    return driver ? orNone(runtime::cudaDeviceCount(*driver)).value_or(0) : 0;
  }

  std::mutex mutex;
  std::map<std::string, DeviceSlot> slots;
  DeviceSlot *chosen = nullptr;
};

} // namespace

DeviceSlot &currentDevice() { return Devices::get().current(); }

//===------------------------------------------------------------------------------------------===//
// Memory
//===------------------------------------------------------------------------------------------===//

static runtime::Device &deviceOf(void *slot) { return *static_cast<DeviceSlot *>(slot)->device; }

DeviceMemory::DeviceMemory(uint64_t bytes) : device(&currentDevice()), capacity(bytes) {
  place = unwrap(deviceOf(device).allocate(bytes));
}

DeviceMemory::~DeviceMemory() {
  if (device && place)
    llvm::consumeError(deviceOf(device).release(place)); // the process may be ending
}

DeviceMemory::DeviceMemory(DeviceMemory &&other) noexcept
    : device(other.device), place(std::exchange(other.place, 0)),
      capacity(std::exchange(other.capacity, 0)) {}

DeviceMemory &DeviceMemory::operator=(DeviceMemory &&other) noexcept {
  std::swap(device, other.device);
  std::swap(place, other.place);
  std::swap(capacity, other.capacity);
  return *this;
}

static void checkSize(uint64_t bytes, uint64_t capacity) {
  if (bytes > capacity)
    throw CosmatiError("cannot copy " + std::to_string(bytes) + " bytes: the array has " +
                       std::to_string(capacity));
}

void DeviceMemory::copyFrom(const void *host, uint64_t bytes) {
  checkSize(bytes, capacity);
  check(deviceOf(device).copyToDevice(place, host, bytes, nullptr));
}

void DeviceMemory::copyTo(void *host, uint64_t bytes) const {
  checkSize(bytes, capacity);
  check(deviceOf(device).copyToHost(host, place, bytes, nullptr));
}

} // namespace detail

void setDevice(std::string_view name) { detail::Devices::get().choose(name); }
std::string deviceName() { return detail::currentDevice().name; }
std::string deviceTarget() { return detail::currentDevice().target; }
void synchronize() { detail::check(detail::currentDevice().device->synchronize(nullptr)); }

void setChecks(std::string_view names) {
  static thread_local runtime::VmWatch watch;
  watch.checks = detail::unwrap(ptxvm::parseChecks(names));
  runtime::watchLaunches(&watch);
}

} // namespace cosmati
