#include "runtime/Device/vm/VmMemory.h"

#include "llvm/Support/FormatVariadic.h"

#include <new>

using namespace cosmati::runtime;

llvm::Expected<DevicePtr> VmMemory::allocate(uint64_t bytes) {
  if (bytes == 0)
    return 0;
  auto *memory = static_cast<uint8_t *>(::operator new(bytes, alignment, std::nothrow));
  if (!memory)
    return llvm::make_error<DeviceError>(
        llvm::formatv("the PTX virtual machine can't allocate {0} bytes of host memory", bytes));
  auto base = reinterpret_cast<uint64_t>(memory);
  std::lock_guard<std::mutex> guard(mutex);
  allocations[base] = {std::unique_ptr<uint8_t, Free>(memory), bytes};
  return base;
}

llvm::Error VmMemory::release(DevicePtr pointer) {
  if (pointer == 0)
    return llvm::Error::success();
  std::lock_guard<std::mutex> guard(mutex);
  if (allocations.erase(pointer) == 1)
    return llvm::Error::success();
  return llvm::make_error<DeviceError>(llvm::formatv(
      "releasing {0:x}, which this virtual machine did not allocate or has released already",
      pointer));
}

std::optional<HostBuffer> VmMemory::find(uint64_t address) const {
  std::lock_guard<std::mutex> guard(mutex);
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin())
    return std::nullopt;
  const auto &[base, allocation] = *std::prev(after);
  if (address - base > allocation.size)
    return std::nullopt;
  return HostBuffer{allocation.bytes.get(), allocation.size, "", true};
}
