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
  allocations[base] = {std::unique_ptr<uint8_t, Free>(memory), bytes,
                       std::make_shared<ptxvm::WrittenBytes>(bytes)};
  return base;
}

llvm::Error VmMemory::release(DevicePtr pointer) {
  if (pointer == 0)
    return llvm::Error::success();
  std::lock_guard<std::mutex> guard(mutex);
  auto it = allocations.find(pointer);
  if (it == allocations.end()) {
    const Released *before = findReleasedLocked(pointer);
    if (before && before->base == pointer)
      return llvm::make_error<DeviceError>(
          llvm::formatv("releasing {0:x} a second time: its {1} bytes were released already, {2}",
                        pointer, before->bytes, before->when));
    return llvm::make_error<DeviceError>(llvm::formatv(
        "releasing {0:x}, which this virtual machine did not allocate or has released already",
        pointer));
  }
  std::string when = launches ? llvm::formatv("after launch {0}", launches).str()
                              : std::string("before the first launch");
  keptBytes += it->second.size;
  released.push_back({{pointer, it->second.size, std::move(when)}, std::move(it->second.bytes)});
  allocations.erase(it);
  while (keptBytes > maxKeptBytes || released.size() > maxKept) {
    keptBytes -= released.front().facts.bytes;
    released.pop_front();
  }
  return llvm::Error::success();
}

std::optional<VmMemory::Range> VmMemory::findLocked(uint64_t address) const {
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin())
    return std::nullopt;
  const auto &[base, allocation] = *std::prev(after);
  if (address - base > allocation.size)
    return std::nullopt;
  return Range{allocation.bytes.get(), allocation.size, allocation.written};
}
std::optional<VmMemory::Range> VmMemory::find(uint64_t address) const {
  std::lock_guard<std::mutex> guard(mutex);
  return findLocked(address);
}

const VmMemory::Released *VmMemory::findReleasedLocked(uint64_t address) const {
  for (auto it = released.rbegin(); it != released.rend(); ++it)
    if (address - it->facts.base < it->facts.bytes)
      return &it->facts;
  return nullptr;
}
std::optional<VmMemory::Released> VmMemory::findReleased(uint64_t address) const {
  std::lock_guard<std::mutex> guard(mutex);
  const Released *found = findReleasedLocked(address);
  return found ? std::optional(*found) : std::nullopt;
}

void VmMemory::markWritten(uint64_t address, uint64_t bytes) const {
  std::lock_guard<std::mutex> guard(mutex);
  if (std::optional<Range> range = findLocked(address))
    range->written->write(address - reinterpret_cast<uint64_t>(range->base), bytes);
}
void VmMemory::markCopied(uint64_t to, uint64_t from, uint64_t bytes) const {
  std::lock_guard<std::mutex> guard(mutex);
  std::optional<Range> target = findLocked(to), source = findLocked(from);
  if (!target)
    return;
  uint64_t at = to - reinterpret_cast<uint64_t>(target->base);
  if (!source)
    return target->written->write(at, bytes);
  uint64_t origin = from - reinterpret_cast<uint64_t>(source->base);
  for (uint64_t k = 0; k < bytes;) {
    uint64_t run = source->written->firstUnwritten(origin + k, bytes - k);
    if (run)
      target->written->write(at + k, run);
    else
      target->written->forget(at + k, 1);
    k += run ? run : 1;
  }
}
void VmMemory::countLaunch() {
  std::lock_guard<std::mutex> guard(mutex);
  ++launches;
}
