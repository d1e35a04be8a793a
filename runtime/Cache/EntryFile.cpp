#include "runtime/Cache/EntryFile.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace cosmati::runtime;
namespace endian = llvm::support::endian;

namespace {
constexpr char magic[8] = {'C', 'O', 'S', 'M', 'I', 'C', 'A', '\n'};
constexpr size_t coveredFrom = sizeof(magic); // the checksum covers all but the magic and itself
constexpr size_t checksumAt = entryHeaderBytes - 8;

uint64_t checksumOf(llvm::ArrayRef<uint8_t> file) {
  uint64_t head = llvm::xxh3_64bits(file.slice(coveredFrom, checksumAt - coveredFrom));
  uint64_t body = llvm::xxh3_64bits(file.drop_front(entryHeaderBytes));
  // Multiplying one half keeps the pair ordered: swapped halves give another sum.
  return head * 0x9E3779B97F4A7C15ull + body;
}

/// Reads until the end; false on an I/O error, with errno.
bool readAll(int descriptor, std::vector<uint8_t> &bytes, size_t expected) {
  bytes.resize(expected);
  size_t got = 0;
  while (got < bytes.size()) {
    ssize_t count = ::read(descriptor, bytes.data() + got, bytes.size() - got);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return false;
    if (count == 0)
      break;
    got += static_cast<size_t>(count);
  }
  bytes.resize(got);
  return true;
}

bool writeAll(int descriptor, llvm::ArrayRef<uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return false;
    bytes = bytes.drop_front(static_cast<size_t>(count));
  }
  return true;
}

FileContent failed(int code) {
  if (code == ENOENT || code == ESTALE || code == ENOTDIR)
    return {};
  if (code == ELOOP)
    return {ReadStatus::Refused, {}, 0, "is a symbolic link"};
  return {ReadStatus::Refused, {}, 0, std::string("can't be read: ") + std::strerror(code)};
}
} // namespace

std::vector<uint8_t> cosmati::runtime::encodeEntry(const CacheKey &key, uint32_t kind,
                                                   llvm::ArrayRef<uint8_t> payload) {
  std::vector<uint8_t> file(entryHeaderBytes);
  uint8_t *at = file.data();
  std::memcpy(at, magic, sizeof(magic));
  endian::write32le(at + 8, entryFileVersion);
  endian::write32le(at + 12, kind);
  endian::write64le(at + 16, payload.size());
  std::memcpy(at + 24, key.bytes.data(), key.bytes.size());
  file.insert(file.end(), payload.begin(), payload.end());
  endian::write64le(file.data() + checksumAt, checksumOf(file));
  return file;
}

std::optional<llvm::ArrayRef<uint8_t>> cosmati::runtime::decodeEntry(llvm::ArrayRef<uint8_t> file,
                                                                     const CacheKey &key,
                                                                     uint32_t kind,
                                                                     std::string &problem) {
  auto refuse = [&](const llvm::Twine &why) {
    problem = why.str();
    return std::nullopt;
  };
  if (file.size() < entryHeaderBytes)
    return refuse("truncated: " + llvm::Twine(file.size()) + " bytes");
  if (std::memcmp(file.data(), magic, sizeof(magic)) != 0)
    return refuse("not a cache entry");
  uint32_t version = endian::read32le(file.data() + 8);
  if (version != entryFileVersion)
    return refuse("format version " + llvm::Twine(version) + ", this program uses " +
                  llvm::Twine(entryFileVersion));
  uint64_t size = endian::read64le(file.data() + 16);
  if (file.size() - entryHeaderBytes != size)
    return refuse("truncated: " + llvm::Twine(file.size() - entryHeaderBytes) + " of " +
                  llvm::Twine(size) + " payload bytes");
  if (checksumOf(file) != endian::read64le(file.data() + checksumAt))
    return refuse("its checksum doesn't match");
  if (endian::read32le(file.data() + 12) != kind ||
      std::memcmp(file.data() + 24, key.bytes.data(), key.bytes.size()) != 0)
    return refuse("it belongs to another key");
  return file.drop_front(entryHeaderBytes);
}

FileContent cosmati::runtime::readEntryFile(const std::string &path, int64_t touchAfterSeconds) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0)
    return failed(errno);
  llvm::scope_exit close([&] { ::close(descriptor); });
  struct stat info;
  if (::fstat(descriptor, &info) != 0)
    return failed(errno);
  if (!S_ISREG(info.st_mode))
    return {ReadStatus::Refused, {}, 0, "is no regular file"};
  if (info.st_uid != ::geteuid())
    return {ReadStatus::Refused,
            {},
            0,
            llvm::formatv("belongs to user {0}, not to {1}", info.st_uid, ::geteuid())};
  FileContent content{ReadStatus::Read, {}, info.st_mtime, ""};
  if (!readAll(descriptor, content.bytes, static_cast<size_t>(info.st_size)))
    return failed(errno);
  // mtime, because many file systems don't keep atime.
  if (std::time(nullptr) - info.st_mtime >= touchAfterSeconds)
    (void)::futimens(descriptor, nullptr);
  return content;
}

std::string cosmati::runtime::writeNewFile(const std::string &path, llvm::ArrayRef<uint8_t> bytes) {
  int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return std::strerror(errno);
  std::string problem;
  if (!writeAll(descriptor, bytes))
    problem = std::strerror(errno);
  // NFS and full disks may report a failed write at close.
  if (::close(descriptor) != 0 && problem.empty())
    problem = std::strerror(errno);
  if (!problem.empty())
    ::unlink(path.c_str());
  return problem;
}
