// VmMemory: the memory that a VmDevice gave out.
#pragma once

#include "runtime/Device/Device.h"

#include "llvm/Support/Error.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace cosmati::runtime {

/// Thread-safe.
class VmMemory {
public:
  llvm::Expected<DevicePtr> allocate(uint64_t bytes);
  llvm::Error release(DevicePtr pointer);
  /// The allocation that holds `address` (or ends at it); its `name` is empty.
  std::optional<HostBuffer> find(uint64_t address) const;

private:
  struct Free {
    void operator()(uint8_t *bytes) const { ::operator delete(bytes, alignment); }
  };
  // Like cuMemAlloc, so that alignment specialisations agree with the GPU's.
  static constexpr std::align_val_t alignment{256};
  struct Allocation {
    std::unique_ptr<uint8_t, Free> bytes;
    uint64_t size;
  };
  mutable std::mutex mutex;
  std::map<uint64_t, Allocation> allocations; // by base address
};

} // namespace cosmati::runtime
