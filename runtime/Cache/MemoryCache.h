// MemoryCache: key -> shared entry, within a process, bounded in number with eviction of the least
// recently used. Threads that want the same missing key at once make it once.
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

  /// At most `limit` entries are kept; entries being made don't count.
  explicit MemoryCache(size_t limit = SIZE_MAX) : limit(limit) {}

  Pointer get(const CacheKey &key) {
    std::lock_guard<std::mutex> guard(mutex);
    auto it = slots.find(key);
    return it == slots.end() ? nullptr : touch(it->second);
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
        return touch(slot);
      if (!slot.inFlight)
        break;
      if (slot.maker == std::this_thread::get_id())
        return llvm::createStringError("compiling a kernel needs that same kernel: %s",
                                       key.hex().c_str());
      changed.wait(guard);
    }
    slots[key] = {nullptr, true, std::this_thread::get_id(), 0};
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
    Slot &slot = slots[key];
    slot.value = std::move(value);
    touch(slot);
    evict();
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
    uint64_t lastUse = 0;
  };

  Pointer touch(Slot &slot) {
    slot.lastUse = ++uses;
    return slot.value;
  }

  /// Drops the least recently used entries beyond the limit. A scan: it follows a compilation.
  void evict() {
    size_t count = 0;
    for (const auto &slot : slots)
      count += slot.second.value && !slot.second.inFlight;
    for (; count > limit; --count) {
      auto oldest = slots.end();
      for (auto it = slots.begin(); it != slots.end(); ++it)
        if (it->second.value && !it->second.inFlight &&
            (oldest == slots.end() || it->second.lastUse < oldest->second.lastUse))
          oldest = it;
      slots.erase(oldest);
    }
  }

  /// Ends the flight, also when `make` throws: a slot left in flight would block its waiters for
  /// ever.
  struct Release {
    MemoryCache &cache;
    const CacheKey &key;
    Pointer value = nullptr;
    ~Release() {
      std::lock_guard<std::mutex> guard(cache.mutex);
      if (value)
        cache.keep(key, std::move(value));
      else if (auto it = cache.slots.find(key); it != cache.slots.end() && it->second.value)
        it->second.inFlight = false;
      else
        cache.slots.erase(key);
      cache.changed.notify_all();
    }
  };

  /// Stores what a flight made; the mutex is held.
  void keep(const CacheKey &key, Pointer value) {
    Slot &slot = slots[key];
    slot = {std::move(value), false, {}, 0};
    touch(slot);
    evict();
  }

  const size_t limit;
  uint64_t uses = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::unordered_map<CacheKey, Slot, CacheKeyHash> slots;
};

} // namespace cosmati::runtime
