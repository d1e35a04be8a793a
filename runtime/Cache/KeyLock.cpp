// The lock of one key across processes: flock on ROOT/<key>.lock.
//
// The holder unlinks the file before it lets go, so that lock files don't pile up. A waiter may
// then have locked a file that no longer has a name; it notices that the name stands for another
// inode, and starts over.
#include "runtime/Cache/DiskCache.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace cosmati::runtime;

KeyLock &KeyLock::operator=(KeyLock &&other) noexcept {
  if (this != &other) {
    release();
    descriptor = std::exchange(other.descriptor, -1);
    path = std::move(other.path);
  }
  return *this;
}

void KeyLock::release() {
  if (descriptor < 0)
    return;
  // The order matters: unlinking after unlocking could remove the file that the next holder has
  // just locked.
  ::unlink(path.c_str());
  ::close(descriptor);
  descriptor = -1;
}

namespace {
bool nameStandsFor(const std::string &path, int descriptor) {
  struct stat named, opened;
  return ::stat(path.c_str(), &named) == 0 && ::fstat(descriptor, &opened) == 0 &&
         named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

/// An open, locked descriptor; -1 with errno EWOULDBLOCK when another holds the lock, or with what
/// failed.
int tryLock(const std::string &path) {
  for (;;) {
    // O_CLOEXEC: a subprocess such as ptxas must not hold the lock beyond us.
    int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
      return -1;
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      int code = errno;
      ::close(descriptor);
      errno = code;
      return -1;
    }
    if (nameStandsFor(path, descriptor))
      return descriptor;
    ::close(descriptor);
  }
}
} // namespace

KeyLock DiskCache::lock(const CacheKey &key, std::chrono::milliseconds timeout,
                        llvm::function_ref<bool()> interrupted) {
  if (open() != State::Usable)
    return {};
  std::string path = pathOf(key, ".lock");
  auto deadline = std::chrono::steady_clock::now() + timeout;
  auto pause = std::chrono::milliseconds(1);
  for (;;) {
    if (int descriptor = tryLock(path); descriptor >= 0)
      return KeyLock(descriptor, std::move(path));
    // Anything but a holder (no flock on this file system, no permission) won't get better by
    // waiting.
    if (errno != EWOULDBLOCK && errno != EINTR)
      return {};
    auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero() || (interrupted && interrupted()))
      return {};
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(pause, left));
    pause = std::min(pause * 2, std::chrono::milliseconds(50));
  }
}
