// MemoryCache: key -> shared entry, within a process. Threads that want the same missing key at
// once make it once.
#pragma once

#include "runtime/Cache/CacheKey.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace cosmati::runtime {

template <typename Entry> class MemoryCache {
public:
  using Pointer = std::shared_ptr<Entry>;

  Pointer get(const CacheKey &key) {
    std::lock_guard<std::mutex> guard(mutex);
    auto it = slots.find(key);
    return it == slots.end() ? nullptr : it->second.value;
  }

  /// The entry of `key`; when missing, `make` runs in one thread while others that want it wait.
  /// When `make` fails its caller gets the error and one of the waiters tries next, so that every
  /// caller sees an error of its own. A `make` that asks for its own key gets an error instead of a
  /// deadlock. `make` runs without the lock.
  llvm::Expected<Pointer> getOrMake(const CacheKey &key,
                                    llvm::function_ref<llvm::Expected<Pointer>()> make) {
    std::unique_lock<std::mutex> guard(mutex);
    for (;;) {
      Slot &slot = slots[key];
      if (slot.value)
        return slot.value;
      if (!slot.inFlight)
        break;
      if (slot.maker == std::this_thread::get_id())
        return llvm::createStringError("compiling a kernel needs that same kernel: %s",
                                       key.hex().c_str());
      changed.wait(guard);
    }
    slots[key] = {nullptr, true, std::this_thread::get_id()};
    guard.unlock();
    Release release{*this, key};
    llvm::Expected<Pointer> made = make();
    if (made)
      release.value = *made;
    return made;
  }

  /// Puts or replaces an entry.
  void put(const CacheKey &key, Pointer value) {
    std::lock_guard<std::mutex> guard(mutex);
    slots[key].value = std::move(value);
    changed.notify_all();
  }

  /// Drops what is stored; entries being made are stored when they are done.
  void clear() {
    std::lock_guard<std::mutex> guard(mutex);
    for (auto it = slots.begin(); it != slots.end();) {
      it->second.value = nullptr;
      it = it->second.inFlight ? std::next(it) : slots.erase(it);
    }
  }

  size_t size() {
    std::lock_guard<std::mutex> guard(mutex);
    size_t count = 0;
    for (const auto &slot : slots)
      count += slot.second.value != nullptr;
    return count;
  }

private:
  struct Slot {
    Pointer value;
    bool inFlight = false;
    std::thread::id maker;
  };

  /// Ends the flight, also when `make` throws: a slot left in flight would block its waiters for
  /// ever.
  struct Release {
    MemoryCache &cache;
    const CacheKey &key;
    Pointer value = nullptr;
    ~Release() {
      std::lock_guard<std::mutex> guard(cache.mutex);
      if (value)
        cache.slots[key] = {std::move(value), false, {}};
      else if (auto it = cache.slots.find(key); it != cache.slots.end() && it->second.value)
        it->second.inFlight = false;
      else
        cache.slots.erase(key);
      cache.changed.notify_all();
    }
  };

  std::mutex mutex;
  std::condition_variable changed;
  std::unordered_map<CacheKey, Slot, CacheKeyHash> slots;
};

} // namespace cosmati::runtime
