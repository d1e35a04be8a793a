#include "runtime/Cache/DiskCache.h"
#include "runtime/Cache/EntryFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

using namespace cosmati::runtime;

DiskCache::DiskCache(DiskCacheOptions options) : settings(std::move(options)) {}

DiskCache::DiskCache(std::string root, uint64_t maxBytes) {
  settings.root = std::move(root);
  settings.maxBytes = maxBytes;
}

void DiskCache::warn(const std::string &text) {
  if (settings.warn)
    settings.warn(text);
}

std::string DiskCache::pathOf(const CacheKey &key, llvm::StringRef suffix) const {
  return settings.root + "/" + key.hex() + suffix.str();
}

DiskCache::State DiskCache::open() {
  std::unique_lock<std::mutex> guard(mutex);
  if (state != State::Unopened)
    return state;
  std::string problem;
  state = openLocked(problem);
  State result = state;
  guard.unlock(); // the callback is the caller's code
  if (!problem.empty())
    warn(problem);
  return result;
}

/// Creates the folder and looks whether it can be trusted and used; says in `problem` what is
/// wrong.
DiskCache::State DiskCache::openLocked(std::string &problem) {
  if (settings.root.empty())
    return State::Absent;
  const char *without = "kernels are compiled anew in every process";
  if (::mkdir(settings.root.c_str(), 0700) != 0 && errno != EEXIST) {
    // Parents may be missing, too; only the last folder is ours to restrict.
    std::error_code error =
        llvm::sys::fs::create_directories(llvm::sys::path::parent_path(settings.root));
    if (error || (::mkdir(settings.root.c_str(), 0700) != 0 && errno != EEXIST)) {
      problem = llvm::formatv("the kernel cache folder {0} can't be created ({1}): {2}",
                              settings.root, std::strerror(errno), without);
      return State::Absent;
    }
  }
  struct stat info;
  if (::stat(settings.root.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    problem = llvm::formatv("the kernel cache {0} is no folder: {1}", settings.root, without);
    return State::Absent;
  }
  if (info.st_uid != ::geteuid()) {
    problem = llvm::formatv(
        "the kernel cache folder {0} belongs to user {1}, not to {2}: it isn't used, {3}",
        settings.root, info.st_uid, ::geteuid(), without);
    return State::Absent;
  }
  if (info.st_mode & (S_IWGRP | S_IWOTH)) {
    problem = llvm::formatv(
        "others may write to the kernel cache folder {0}: it isn't used, {1} (chmod 700 {0})",
        settings.root, without);
    return State::Absent;
  }
  if (::access(settings.root.c_str(), W_OK | X_OK) != 0) {
    problem = llvm::formatv(
        "the kernel cache folder {0} can't be written to ({1}): new kernels aren't kept",
        settings.root, std::strerror(errno));
    return State::ReadOnly;
  }
  return State::Usable;
}

std::optional<std::vector<uint8_t>> DiskCache::read(const CacheKey &key, Kind kind) {
  State now = open();
  if (now == State::Absent)
    return std::nullopt;
  std::string path = pathOf(key, kind == Kind::Entry ? ".entry" : ".alias");
  FileContent file = readEntryFile(path, settings.touchAfter.count());
  if (file.status == ReadStatus::Missing)
    return std::nullopt;
  if (file.status == ReadStatus::Read) {
    auto payload = decodeEntry(file.bytes, key, static_cast<uint32_t>(kind), file.problem);
    if (payload) {
      file.bytes.erase(file.bytes.begin(),
                       file.bytes.end() - static_cast<ptrdiff_t>(payload->size()));
      return std::move(file.bytes);
    }
  }
  // Another process may have replaced it by a good one meanwhile; removing that costs one
  // compilation, no more. A file that couldn't even be read may be good: it stays.
  if (now == State::Usable && file.status == ReadStatus::Read)
    ::unlink(path.c_str());
  {
    std::lock_guard<std::mutex> guard(mutex);
    ++counters.corrupt;
  }
  warn(llvm::formatv("cache entry {0} is ignored: {1}; the kernel is compiled again", path,
                     file.problem));
  return std::nullopt;
}

std::optional<std::vector<uint8_t>> DiskCache::get(const CacheKey &key) {
  std::optional<std::vector<uint8_t>> payload = read(key, Kind::Entry);
  std::lock_guard<std::mutex> guard(mutex);
  ++(payload ? counters.hits : counters.misses);
  return payload;
}

std::optional<CacheKey> DiskCache::getAlias(const CacheKey &first) {
  std::optional<std::vector<uint8_t>> payload = read(first, Kind::Alias);
  CacheKey second;
  if (!payload || payload->size() != second.bytes.size())
    return std::nullopt;
  std::memcpy(second.bytes.data(), payload->data(), payload->size());
  return second;
}

bool DiskCache::write(const CacheKey &key, Kind kind, llvm::ArrayRef<uint8_t> payload) {
  if (open() != State::Usable)
    return false;
  char host[64] = "host";
  (void)::gethostname(host, sizeof(host) - 1);
  uint64_t number;
  {
    std::lock_guard<std::mutex> guard(mutex);
    number = nextTemporary++;
  }
  // Two objects in one process may count alike, so the object's address is in the name as well.
  std::string temporary = llvm::formatv("{0}/tmp-{1}-{2}-{3:x-}-{4}", settings.root, host,
                                        ::getpid(), reinterpret_cast<uintptr_t>(this), number);
  std::vector<uint8_t> file = encodeEntry(key, static_cast<uint32_t>(kind), payload);
  if (file.size() > settings.maxBytes) {
    notWritable(llvm::formatv("it has {0} bytes, the cache's bound is {1}", file.size(),
                              settings.maxBytes));
    return false;
  }
  std::string problem = writeNewFile(temporary, file);
  // Somebody may have removed the whole folder meanwhile, as people do with caches.
  if (!problem.empty() && ::mkdir(settings.root.c_str(), 0700) == 0)
    problem = writeNewFile(temporary, file);
  std::string path = pathOf(key, kind == Kind::Entry ? ".entry" : ".alias");
  if (problem.empty() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    problem = std::strerror(errno);
    ::unlink(temporary.c_str());
  }
  if (!problem.empty()) {
    notWritable(problem);
    return false;
  }
  noteWritten(file.size());
  return true;
}

void DiskCache::notWritable(const std::string &why) {
  bool first;
  {
    std::lock_guard<std::mutex> guard(mutex);
    first = counters.failedPuts++ == 0;
  }
  // A full disk may have room again later, so writing goes on; only the warning comes once.
  if (first)
    warn(llvm::formatv("a kernel can't be kept in the cache folder {0}: {1}", settings.root, why));
}

bool DiskCache::put(const CacheKey &key, llvm::ArrayRef<uint8_t> payload) {
  if (!write(key, Kind::Entry, payload))
    return false;
  std::lock_guard<std::mutex> guard(mutex);
  ++counters.puts;
  return true;
}

bool DiskCache::putAlias(const CacheKey &first, const CacheKey &second) {
  return write(first, Kind::Alias, second.bytes);
}

bool DiskCache::remove(const CacheKey &key) {
  return open() == State::Usable && ::unlink(pathOf(key, ".entry").c_str()) == 0;
}
