// Devices and their memory.
#pragma once

#include "cosmati/Export.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cosmati {

/// Chooses the device of the launches that follow: "vm", "cuda" or "cuda:N". Without a choice:
/// COSMATI_DEVICE, else the first GPU, else the virtual machine with a notice. Throws DeviceError
/// if it is not there, CosmatiError for another word.
COSMATI_API void setDevice(std::string_view name);
/// "vm" or "cuda:N"; chooses one if none was chosen.
COSMATI_API std::string deviceName();
/// The target that kernels are compiled for on it: "sm_90a".
COSMATI_API std::string deviceTarget();
/// Waits for everything that was launched on the device.
COSMATI_API void synchronize();
/// What this thread's launches on the virtual machine look for beside accesses out of bounds:
/// "none", "all", or words of "uninitialized,race,sync,overflow,slices". COSMATI_CHECK says it for
/// all threads.
COSMATI_API void setChecks(std::string_view names);

namespace detail {

/// Memory of the current device; see Array.
class COSMATI_API DeviceMemory {
public:
  explicit DeviceMemory(uint64_t bytes);
  ~DeviceMemory();
  DeviceMemory(DeviceMemory &&other) noexcept;
  DeviceMemory &operator=(DeviceMemory &&other) noexcept;
  void copyFrom(const void *host, uint64_t bytes);
  void copyTo(void *host, uint64_t bytes) const;
  uint64_t address() const { return place; }

private:
  void *device = nullptr;
  uint64_t place = 0, capacity = 0;
};

} // namespace detail

/// An array in the memory of the device that is current when it is made. The virtual machine takes
/// ordinary host arrays (std::vector, std::span) in place; a GPU takes these only.
template <typename T> class Array {
public:
  /// Its elements are not set.
  explicit Array(size_t size) : memory(size * sizeof(T)), count(size) {}
  explicit Array(std::span<const T> values) : Array(values.size()) { copyFrom(values); }

  size_t size() const { return count; }
  /// Address on the device.
  T *data() const { return reinterpret_cast<T *>(memory.address()); }
  /// As many elements as the array has, or fewer.
  void copyFrom(std::span<const T> values) {
    memory.copyFrom(values.data(), values.size() * sizeof(T));
  }
  /// Waits for the kernels that were launched before.
  std::vector<T> toHost() const {
    std::vector<T> values(count);
    memory.copyTo(values.data(), count * sizeof(T));
    return values;
  }

private:
  detail::DeviceMemory memory;
  size_t count;
};

} // namespace cosmati
