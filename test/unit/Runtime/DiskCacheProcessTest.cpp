// The disk cache among processes: at once, killed, and without rights. Children end by _exit and
// report by exit codes.
#include "TestSupport.h"
#include "runtime/Cache/DiskCache.h"

#include <atomic>
#include <csignal>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace cosmati::runtime;
using namespace cosmati::test;
using namespace std::chrono_literals;

namespace {
CacheKey keyOf(int number) { return KeyBuilder("test").add("number", number).finish(); }

template <typename Body> pid_t inChild(Body body) {
  pid_t child = ::fork();
  if (child == 0)
    ::_exit(body());
  return child;
}

int exitCodeOf(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// A counter that forked processes share.
struct SharedCounter {
  std::atomic<int> *value =
      new (::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
          std::atomic<int>(0);
  ~SharedCounter() { ::munmap(value, 4096); }
};

/// What a process does that wants a kernel: look, lock, look again, compile, put.
int compileOnce(const std::string &root, std::atomic<int> &compiled) {
  DiskCache cache(root, 1 << 20);
  if (cache.get(keyOf(1)))
    return 0;
  KeyLock lock = cache.lock(keyOf(1), 20s);
  if (!lock.held())
    return 1;
  if (cache.get(keyOf(1)))
    return 0;
  ++compiled;
  std::this_thread::sleep_for(50ms);
  return cache.put(keyOf(1), std::vector<uint8_t>(1000, 7)) ? 0 : 2;
}

TEST(DiskCacheProcesses, compileAKernelOnce) {
  TemporaryFolder folder;
  SharedCounter compiled;
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i)
    children.push_back(inChild([&] { return compileOnce(folder / "kernels", *compiled.value); }));
  for (pid_t child : children)
    EXPECT_EQ(exitCodeOf(child), 0);
  EXPECT_EQ(compiled.value->load(), 1);
  CacheStats stats = DiskCache(folder / "kernels", 1 << 20).stats();
  EXPECT_EQ(stats.entries, 1u);
  EXPECT_EQ(stats.locks, 0u);
  EXPECT_EQ(stats.temporaries, 0u);
}

TEST(DiskCacheProcesses, lockIsExclusiveUnderStress) {
  TemporaryFolder folder;
  SharedCounter inside, clashes;
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i)
    children.push_back(inChild([&] {
      DiskCache cache(folder / "kernels", 1 << 20);
      for (int round = 0; round < 100; ++round) {
        KeyLock lock = cache.lock(keyOf(1), 20s);
        if (!lock.held())
          return 1;
        if (++*inside.value != 1)
          ++*clashes.value;
        --*inside.value;
      }
      return 0;
    }));
  for (pid_t child : children)
    EXPECT_EQ(exitCodeOf(child), 0);
  EXPECT_EQ(clashes.value->load(), 0);
}

TEST(DiskCacheProcesses, aKilledHolderLetsGo) {
  TemporaryFolder folder;
  SharedCounter held;
  pid_t child = inChild([&] {
    DiskCache cache(folder / "kernels", 1 << 20);
    KeyLock lock = cache.lock(keyOf(1), 1s);
    *held.value = lock.held();
    ::pause();
    return 0;
  });
  while (!held.value->load())
    std::this_thread::sleep_for(1ms);
  DiskCache cache(folder / "kernels", 1 << 20);
  auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(cache.lock(keyOf(1), 100ms).held());
  EXPECT_GE(std::chrono::steady_clock::now() - start, 100ms);
  EXPECT_TRUE(cache.lock(keyOf(2), 0ms).held()); // another key is free
  EXPECT_FALSE(cache.lock(keyOf(1), 20s, [] { return true; }).held());
  ::kill(child, SIGKILL);
  EXPECT_EQ(exitCodeOf(child), 1000 + SIGKILL);
  EXPECT_TRUE(cache.lock(keyOf(1), 1s).held());
}

TEST(DiskCacheProcesses, aWriterKilledAtAnyTimeLeavesNoBadEntry) {
  TemporaryFolder folder;
  std::string root = folder / "kernels";
  for (int round = 0; round < 20; ++round) {
    SharedCounter started;
    pid_t child = inChild([&] {
      DiskCache cache(root, uint64_t(1) << 30);
      std::vector<uint8_t> payload(1 << 20, 3);
      for (int i = 0;; ++i) {
        *started.value = 1;
        cache.put(keyOf(i % 4), payload);
      }
      return 0;
    });
    while (!started.value->load())
      std::this_thread::sleep_for(100us);
    std::this_thread::sleep_for(std::chrono::microseconds(500 * round));
    ::kill(child, SIGKILL);
    exitCodeOf(child);
    DiskCache cache(root, uint64_t(1) << 30);
    EXPECT_TRUE(cache.verify(false).bad.empty());
  }
}

TEST(DiskCacheProcesses, readersNeverSeeHalfAnEntry) {
  TemporaryFolder folder;
  std::string root = folder / "kernels";
  SharedCounter stop;
  std::vector<pid_t> writers;
  for (uint8_t value : {1, 2})
    writers.push_back(inChild([&, value] {
      DiskCache cache(root, 1 << 20);
      while (!stop.value->load())
        cache.put(keyOf(1), std::vector<uint8_t>(50000, value));
      return 0;
    }));
  std::vector<std::string> warnings;
  DiskCache cache(
      {root, 1 << 20, 600s, [&](llvm::StringRef text) { warnings.push_back(text.str()); }});
  int hits = 0;
  auto deadline = std::chrono::steady_clock::now() + 20s;
  while (hits < 500 && std::chrono::steady_clock::now() < deadline)
    if (auto payload = cache.get(keyOf(1))) {
      ++hits;
      EXPECT_EQ(std::count(payload->begin(), payload->end(), payload->front()), 50000);
    }
  *stop.value = 1;
  for (pid_t writer : writers)
    EXPECT_EQ(exitCodeOf(writer), 0);
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(hits, 500);
}

/// Root may write everywhere, so the child becomes somebody else first.
TEST(DiskCacheProcesses, aReadOnlyFolderStillServes) {
  constexpr uid_t nobody = 65534;
  if (::geteuid() != 0)
    GTEST_SKIP() << "needs root, to write as one user and read as another";
  TemporaryFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  std::string root = folder / "kernels";
  ASSERT_EQ(::mkdir(root.c_str(), 0700), 0);
  ASSERT_EQ(::chown(root.c_str(), nobody, nobody), 0);
  pid_t child = inChild([&] {
    if (::setuid(nobody) != 0)
      return 1;
    if (!DiskCache(root, 1 << 20).put(keyOf(1), {}))
      return 2;
    ::chmod(root.c_str(), 0500);
    int warnings = 0;
    DiskCache cache({root, 1 << 20, 0s, [&](llvm::StringRef) { ++warnings; }});
    if (!cache.get(keyOf(1)))
      return 3;
    if (cache.put(keyOf(2), {}) || cache.putAlias(keyOf(2), keyOf(1)))
      return 4;
    if (cache.lock(keyOf(2), 1s).held())
      return 5;
    return warnings == 1 ? 0 : 6;
  });
  EXPECT_EQ(exitCodeOf(child), 0);

  // Another user's folder is not trusted, not even by root.
  std::vector<std::string> warnings;
  DiskCache cache(
      {root, 1 << 20, 0s, [&](llvm::StringRef text) { warnings.push_back(text.str()); }});
  EXPECT_EQ(cache.get(keyOf(1)), std::nullopt);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(contains(warnings[0], "belongs to user 65534"));
}
} // namespace
