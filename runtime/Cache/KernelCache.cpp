#include "runtime/Cache/KernelCache.h"

using namespace cosmati::runtime;

KernelCache::Images::Pointer KernelCache::readImage(const CacheKey &second) {
  std::optional<std::vector<uint8_t>> bytes = diskCache.get(second);
  if (!bytes)
    return nullptr;
  llvm::Expected<KernelImage> image = KernelImage::deserialize(*bytes);
  if (image)
    return std::make_shared<const KernelImage>(std::move(*image));
  // The entry's checksum held, so this is an image of another version.
  std::string why = llvm::toString(image.takeError());
  diskCache.remove(second);
  if (warn)
    warn("cache entry " + second.hex() + " is ignored: " + why);
  return nullptr;
}

llvm::Expected<KernelCache::Images::Pointer> KernelCache::compileLocked(const CacheKey &second,
                                                                        const CompileSteps &steps,
                                                                        KernelOrigin &origin) {
  origin = KernelOrigin::Disk;
  if (Images::Pointer image = readImage(second))
    return image;
  KeyLock lock = diskCache.lock(second, lockTimeout, steps.interrupted);
  if (lock.held()) // another process may have put it while we waited
    if (Images::Pointer image = readImage(second))
      return image;
  origin = KernelOrigin::Compiled;
  llvm::Expected<KernelImage> image = steps.compile();
  if (!image)
    return image.takeError();
  diskCache.put(second, image->serialize());
  return std::make_shared<const KernelImage>(std::move(*image));
}

llvm::Expected<KernelCache::Images::Pointer>
KernelCache::make(const CacheKey &first, const CompileSteps &steps, KernelOrigin &origin) {
  if (std::optional<CacheKey> second = diskCache.getAlias(first)) {
    origin = KernelOrigin::Disk;
    if (Images::Pointer image = readImage(*second))
      return image;
  }
  llvm::Expected<CacheKey> second = steps.secondKey();
  if (!second)
    return second.takeError();
  origin = KernelOrigin::Memory;
  llvm::Expected<Images::Pointer> image =
      bySecond.getOrMake(*second, [&] { return compileLocked(*second, steps, origin); });
  if (image)
    diskCache.putAlias(first, *second);
  return image;
}

llvm::Expected<CachedKernel> KernelCache::getOrCompile(const CacheKey &first,
                                                       const CompileSteps &steps) {
  CachedKernel result;
  llvm::Expected<Images::Pointer> image =
      byFirst.getOrMake(first, [&] { return make(first, steps, result.origin); });
  if (!image)
    return image.takeError();
  result.image = std::move(*image);
  return result;
}

void KernelCache::clearMemory() {
  byFirst.clear();
  bySecond.clear();
}
