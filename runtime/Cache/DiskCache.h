// DiskCache: compiled kernels on disk, safe against everything that happens to caches: concurrent
// writers, killed processes, truncated and flipped bytes, full disks, read-only folders, other
// users.
//
//   ROOT/<64 hex digits>.entry   one entry: header (magic, version, kind, length, key, checksum),
//   then the payload ROOT/<64 hex digits>.alias   the same form; its payload is the key of an entry
//   (first key -> second key) ROOT/<64 hex digits>.lock    exists while a process compiles that
//   kernel ROOT/tmp-<host>-<pid>-<n>    an entry that is being written
//
// An entry appears by one rename(2) within the folder, so a reader sees a whole file or none. The
// name is the key, and the checksum covers key and payload: a damaged or misnamed file is a miss
// with a warning, and is removed. Nothing in an entry depends on the folder's place: it may be
// copied or mounted elsewhere.
//
// What holds on NFS: rename is atomic on the server, and a file that another client replaced while
// we read it gives ESTALE, which is a miss. flock is either emulated by the server (Linux 2.6.12
// and later) or, with local locking, excludes only processes of one machine; then two machines may
// compile a kernel twice, and the last rename wins with an equal entry. No decision rests on
// exclusive creation, hard links or time stamps alone.
#pragma once

#include "runtime/Cache/CacheKey.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cosmati::runtime {

/// An exclusive lock on one key across processes, held until destroyed. The kernel drops it when
/// its process dies.
class KeyLock {
public:
  KeyLock() = default;
  KeyLock(int descriptor, std::string path) : descriptor(descriptor), path(std::move(path)) {}
  KeyLock(KeyLock &&other) noexcept { *this = std::move(other); }
  KeyLock &operator=(KeyLock &&other) noexcept;
  ~KeyLock() { release(); }
  bool held() const { return descriptor >= 0; }
  void release();

private:
  int descriptor = -1;
  std::string path;
};

struct DiskCacheOptions {
  std::string root;                      // empty: no disk at all
  uint64_t maxBytes = uint64_t(1) << 30; // bound on the entries' sizes
  std::chrono::seconds touchAfter{600};  // a hit refreshes an entry's age if it is older than this
  std::function<void(llvm::StringRef)> warn; // called with one line of text; may be empty
};

struct CacheStats {
  uint64_t entries = 0, aliases = 0, bytes = 0; // on disk now
  uint64_t temporaries = 0, locks = 0;
  uint64_t hits = 0, misses = 0, corrupt = 0, puts = 0, failedPuts = 0,
           evicted = 0; // of this object
  bool readable = false, writable = false;
};

struct VerifyResult {
  uint64_t good = 0;
  struct Bad {
    std::string name, problem;
  };
  std::vector<Bad> bad;              // corrupt entries; removed when asked for
  std::vector<std::string> dangling; // aliases of entries that are gone
};

/// Thread-safe. No function throws or fails for the disk's sake: without a usable folder every get
/// is a miss, every put does nothing, and one warning says so.
class DiskCache {
public:
  explicit DiskCache(DiskCacheOptions options);
  DiskCache(std::string root, uint64_t maxBytes);

  std::optional<std::vector<uint8_t>> get(const CacheKey &key);
  /// True when the entry is on disk afterwards. An entry larger than the bound is not kept.
  bool put(const CacheKey &key, llvm::ArrayRef<uint8_t> payload);
  std::optional<CacheKey> getAlias(const CacheKey &first);
  bool putAlias(const CacheKey &first, const CacheKey &second);
  bool remove(const CacheKey &key);

  /// Waits up to `timeout` for the sole right to compile `key`; look the key up again once it is
  /// held, since another process may have put it meanwhile. Not held on time-out, on interruption
  /// (`interrupted` is asked every 50 ms at most) and without a disk: compile anyway, nothing but
  /// time is lost.
  KeyLock lock(const CacheKey &key, std::chrono::milliseconds timeout,
               llvm::function_ref<bool()> interrupted = nullptr);

  CacheStats stats();
  VerifyResult verify(bool removeBad);
  /// Removes least recently used entries down to `maxBytes` (default: the bound), dangling aliases,
  /// and temporaries that writers left behind. Returns the bytes freed.
  uint64_t gc(std::optional<uint64_t> maxBytes = std::nullopt);
  /// Removes every entry, alias and temporary.
  uint64_t clear();

  const std::string &root() const { return settings.root; }

private:
  enum class State : uint8_t { Unopened, Usable, ReadOnly, Absent };
  enum class Kind : uint8_t { Entry = 1, Alias = 2 };
  struct Item;

  State open();
  State openLocked(std::string &problem);
  void warn(const std::string &text);
  std::string pathOf(const CacheKey &key, llvm::StringRef suffix) const;
  std::optional<std::vector<uint8_t>> read(const CacheKey &key, Kind kind);
  bool write(const CacheKey &key, Kind kind, llvm::ArrayRef<uint8_t> payload);
  void noteWritten(uint64_t bytes);
  std::vector<Item> list() const;
  uint64_t evictTo(uint64_t bound, uint64_t target);
  bool removeFile(const std::string &name) const;
  void verifyItem(const Item &item, const std::set<CacheKey> &entries, VerifyResult &result) const;
  VerifyResult check(bool aliasesOnly, bool removeBad);
  void notWritable(const std::string &why);

  DiskCacheOptions settings;
  std::mutex mutex; // guards what follows
  State state = State::Unopened;
  CacheStats counters;
  uint64_t knownBytes = 0; // size of the folder at the last scan plus what we wrote since
  bool scanned = false;
  uint64_t nextTemporary = 0;
};

} // namespace cosmati::runtime
