// VmMemory: the memory that a VmDevice gave out.
#pragma once

#include "runtime/Device/Device.h"
#include "runtime/PtxVm/WrittenBytes.h"

#include "llvm/Support/Error.h"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace cosmati::runtime {

/// Thread-safe. Keeps account of which bytes hold something: those that a copy, a fill or (checked)
/// kernels have written. Released memory stays known, and its addresses unused, until much more has
/// been released after it.
class VmMemory {
public:
  /// An allocation; bytes[0] is written[0].
  struct Range {
    void *base = nullptr;
    uint64_t bytes = 0;
    std::shared_ptr<ptxvm::WrittenBytes> written;
  };
  struct Released {
    uint64_t base = 0, bytes = 0;
    std::string when; // "after launch 3"
  };

  llvm::Expected<DevicePtr> allocate(uint64_t bytes);
  /// Errors: not allocated here, released already.
  llvm::Error release(DevicePtr pointer);
  /// The allocation that holds `address` (or ends at it).
  std::optional<Range> find(uint64_t address) const;
  /// The released allocation that held `address`.
  std::optional<Released> findReleased(uint64_t address) const;
  /// The host has written these bytes, which may be any.
  void markWritten(uint64_t address, uint64_t bytes) const;
  /// The host has copied: what was written in `from` is written in `to`.
  void markCopied(uint64_t to, uint64_t from, uint64_t bytes) const;
  void countLaunch();

private:
  struct Free {
    void operator()(uint8_t *bytes) const { ::operator delete(bytes, alignment); }
  };
  // Like cuMemAlloc, so that alignment specialisations agree with the GPU's.
  static constexpr std::align_val_t alignment{256};
  static constexpr uint64_t maxKeptBytes = uint64_t(64) << 20; // of released memory
  static constexpr size_t maxKept = 1024;
  struct Allocation {
    std::unique_ptr<uint8_t, Free> bytes;
    uint64_t size;
    std::shared_ptr<ptxvm::WrittenBytes> written;
  };
  struct Kept {
    Released facts;
    std::unique_ptr<uint8_t, Free> bytes;
  };
  std::optional<Range> findLocked(uint64_t address) const;
  const Released *findReleasedLocked(uint64_t address) const;

  mutable std::mutex mutex;
  std::map<uint64_t, Allocation> allocations; // by base address
  std::deque<Kept> released;                  // in order
  uint64_t keptBytes = 0, launches = 0;
};

} // namespace cosmati::runtime
