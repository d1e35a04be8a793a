// KernelCache: compiled kernels by their two keys, in memory, then on disk, else compiled; each one
// once.
//
// The first key (source closure, constants, signature, options, versions) is known without the
// front end. On disk it is an alias of the second key (hash of the canonical IR), which names the
// entry: two spellings of one kernel share it.
//
//   first key -> memory? -> disk: alias, entry? -> front end -> second key -> memory? -> disk:
//   entry?
//             -> lock the second key among processes -> disk again? -> compile -> entry, alias
#pragma once

#include "runtime/Cache/DiskCache.h"
#include "runtime/Cache/MemoryCache.h"
#include "runtime/Image/KernelImage.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <chrono>
#include <memory>

namespace cosmati::runtime {

enum class KernelOrigin : uint8_t { Memory, Disk, Compiled };

struct CachedKernel {
  std::shared_ptr<const KernelImage> image;
  KernelOrigin origin = KernelOrigin::Memory;
};

/// How a missing kernel is made. `secondKey` runs the front end and keeps its result for `compile`;
/// `compile` runs after it, if at all. Neither is called on a hit of the first key.
struct CompileSteps {
  llvm::function_ref<llvm::Expected<CacheKey>()> secondKey;
  llvm::function_ref<llvm::Expected<KernelImage>()> compile;
  llvm::function_ref<bool()> interrupted = nullptr; // asked while another process compiles
};

/// Thread-safe.
class KernelCache {
public:
  explicit KernelCache(DiskCacheOptions options,
                       std::chrono::milliseconds lockTimeout = std::chrono::minutes(5))
      : warn(options.warn), diskCache(std::move(options)), lockTimeout(lockTimeout) {}

  /// Errors are those of the steps. Threads that want one first key, or first keys that lead to one
  /// second key, wait for the one that compiles.
  llvm::Expected<CachedKernel> getOrCompile(const CacheKey &first, const CompileSteps &steps);
  /// Forgets what is in memory; the disk stays.
  void clearMemory();
  DiskCache &disk() { return diskCache; }

private:
  using Images = MemoryCache<const KernelImage>;

  llvm::Expected<Images::Pointer> make(const CacheKey &first, const CompileSteps &steps,
                                       KernelOrigin &origin);
  llvm::Expected<Images::Pointer> compileLocked(const CacheKey &second, const CompileSteps &steps,
                                                KernelOrigin &origin);
  Images::Pointer readImage(const CacheKey &second);

  std::function<void(llvm::StringRef)> warn;
  DiskCache diskCache;
  std::chrono::milliseconds lockTimeout;
  Images byFirst, bySecond;
};

} // namespace cosmati::runtime
