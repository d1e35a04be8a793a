// What concerns the folder as a whole: listing, bounding, verifying, clearing.
#include "runtime/Cache/DiskCache.h"
#include "runtime/Cache/EntryFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

using namespace cosmati::runtime;
using llvm::StringRef;

namespace {
// A writer needs seconds; a temporary or lock older than this was left behind by one that died.
constexpr int64_t abandonedAfterSeconds = 3600;

/// Whether an alias's payload names one of `entries`.
bool leadsTo(llvm::ArrayRef<uint8_t> payload, const std::set<CacheKey> &entries) {
  CacheKey second;
  if (payload.size() != second.bytes.size())
    return false;
  std::copy(payload.begin(), payload.end(), second.bytes.begin());
  return entries.count(second) != 0;
}
} // namespace

/// One file of the folder.
struct DiskCache::Item {
  enum class What : uint8_t { Entry, Alias, Temporary, Lock } what;
  std::string name;
  CacheKey key; // of entries, aliases and locks
  uint64_t bytes;
  int64_t seconds, nanoseconds; // when it was last written or used

  bool isKept() const { return what == What::Entry || what == What::Alias; }
};

std::vector<DiskCache::Item> DiskCache::list() const {
  std::vector<Item> items;
  DIR *folder = ::opendir(settings.root.c_str());
  if (!folder)
    return items;
  while (dirent *entry = ::readdir(folder)) {
    StringRef name = entry->d_name;
    auto [stem, suffix] = name.split('.');
    std::optional<CacheKey> key = CacheKey::fromHex(stem);
    Item item{};
    if (key && suffix == "entry")
      item.what = Item::What::Entry;
    else if (key && suffix == "alias")
      item.what = Item::What::Alias;
    else if (key && suffix == "lock")
      item.what = Item::What::Lock;
    else if (name.starts_with("tmp-"))
      item.what = Item::What::Temporary;
    else
      continue; // not ours: never touched
    struct stat info;
    if (::fstatat(::dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
      continue; // gone meanwhile
    item.name = name.str();
    item.key = key.value_or(CacheKey());
    item.bytes = static_cast<uint64_t>(info.st_size);
    item.seconds = info.st_mtim.tv_sec;
    item.nanoseconds = info.st_mtim.tv_nsec;
    items.push_back(std::move(item));
  }
  ::closedir(folder);
  return items;
}

void DiskCache::noteWritten(uint64_t bytes) {
  {
    std::lock_guard<std::mutex> guard(mutex);
    knownBytes += bytes;
    // The first write scans, because earlier processes may have filled the folder; other processes
    // that write at the same time are seen at the next scan.
    if (scanned && knownBytes <= settings.maxBytes)
      return;
  }
  // A little below the bound, so that not every further write has to scan the folder.
  evictTo(settings.maxBytes, settings.maxBytes - settings.maxBytes / 16);
}

/// When the folder holds more than `bound`, removes the least recently used down to `target`;
/// abandoned temporaries always.
uint64_t DiskCache::evictTo(uint64_t bound, uint64_t target) {
  std::vector<Item> items = list();
  uint64_t total = 0, freed = 0, evicted = 0;
  for (const Item &item : items)
    total += item.isKept() ? item.bytes : 0;
  std::sort(items.begin(), items.end(), [](const Item &a, const Item &b) {
    return std::tie(a.seconds, a.nanoseconds, a.name) < std::tie(b.seconds, b.nanoseconds, b.name);
  });
  int64_t now = std::time(nullptr);
  bool isOver = total > bound;
  for (const Item &item : items) {
    bool isEvicted = isOver && item.isKept() && total > target;
    bool isAbandoned =
        item.what == Item::What::Temporary && now - item.seconds > abandonedAfterSeconds;
    if (!isEvicted && !isAbandoned)
      continue;
    freed += removeFile(item.name) ? item.bytes : 0;
    if (isEvicted) {
      total -= item.bytes;
      evicted += item.what == Item::What::Entry;
    }
  }
  std::lock_guard<std::mutex> guard(mutex);
  knownBytes = total;
  scanned = true;
  counters.evicted += evicted;
  return freed;
}

bool DiskCache::removeFile(const std::string &name) const {
  return ::unlink((settings.root + "/" + name).c_str()) == 0;
}

CacheStats DiskCache::stats() {
  State now = open();
  CacheStats result;
  {
    std::lock_guard<std::mutex> guard(mutex);
    result = counters;
  }
  result.readable = now == State::Usable || now == State::ReadOnly;
  result.writable = now == State::Usable;
  if (!result.readable)
    return result;
  for (const Item &item : list()) {
    result.entries += item.what == Item::What::Entry;
    result.aliases += item.what == Item::What::Alias;
    result.temporaries += item.what == Item::What::Temporary;
    result.locks += item.what == Item::What::Lock;
    result.bytes += item.isKept() ? item.bytes : 0;
  }
  return result;
}

/// Checks one entry or alias whole; `entries` are the keys that aliases may lead to.
void DiskCache::verifyItem(const Item &item, const std::set<CacheKey> &entries,
                           VerifyResult &result) const {
  // Looking at an entry isn't using it: no touch.
  FileContent file = readEntryFile(settings.root + "/" + item.name, INT64_MAX);
  if (file.status == ReadStatus::Missing)
    return;
  Kind kind = item.what == Item::What::Entry ? Kind::Entry : Kind::Alias;
  std::optional<llvm::ArrayRef<uint8_t>> payload;
  if (file.status == ReadStatus::Read)
    payload = decodeEntry(file.bytes, item.key, static_cast<uint32_t>(kind), file.problem);
  if (!payload)
    result.bad.push_back({item.name, file.problem});
  else if (kind == Kind::Alias && !leadsTo(*payload, entries))
    result.dangling.push_back(item.name);
  else
    ++result.good;
}

VerifyResult DiskCache::check(bool aliasesOnly, bool removeBad) {
  VerifyResult result;
  State now = open();
  if (now != State::Usable && now != State::ReadOnly)
    return result;
  std::vector<Item> items = list();
  std::set<CacheKey> entries;
  for (const Item &item : items)
    if (item.what == Item::What::Entry)
      entries.insert(item.key);
  for (const Item &item : items)
    if (item.what == Item::What::Alias || (item.what == Item::What::Entry && !aliasesOnly))
      verifyItem(item, entries, result);
  if (!removeBad)
    return result;
  for (const auto &[name, problem] : result.bad)
    removeFile(name);
  for (const std::string &name : result.dangling)
    removeFile(name);
  return result;
}

VerifyResult DiskCache::verify(bool removeBad) { return check(/*aliasesOnly=*/false, removeBad); }

uint64_t DiskCache::gc(std::optional<uint64_t> maxBytes) {
  if (open() != State::Usable)
    return 0;
  uint64_t bound = maxBytes.value_or(settings.maxBytes);
  uint64_t freed = evictTo(bound, bound);
  check(/*aliasesOnly=*/true, /*removeBad=*/true);
  return freed;
}

uint64_t DiskCache::clear() {
  if (open() != State::Usable)
    return 0;
  uint64_t freed = 0;
  for (const Item &item : list()) {
    // A lock file may be held: its holder removes it.
    if (item.what == Item::What::Lock)
      continue;
    freed += removeFile(item.name) ? item.bytes : 0;
  }
  std::lock_guard<std::mutex> guard(mutex);
  knownBytes = 0;
  return freed;
}
