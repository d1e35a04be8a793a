#include "runtime/Cache/KernelCache.h"
#include "TestSupport.h"

#include <thread>

using namespace cosmati::runtime;
using namespace cosmati::test;

namespace {
CacheKey keyOf(const char *name) { return KeyBuilder("test").add("name", name).finish(); }

/// A compiler that counts.
struct Compiler {
  std::atomic<int> fronts{0}, compiles{0};
  std::string failure;

  llvm::Expected<CachedKernel> get(KernelCache &cache, const char *first, const char *second) {
    auto front = [&]() -> llvm::Expected<CacheKey> {
      ++fronts;
      return keyOf(second);
    };
    auto compile = [&]() -> llvm::Expected<KernelImage> {
      ++compiles;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      if (!failure.empty())
        return llvm::createStringError("%s", failure.c_str());
      KernelImage image;
      image.entry = second;
      return image;
    };
    return cache.getOrCompile(keyOf(first), {front, compile});
  }
  KernelOrigin origin(KernelCache &cache, const char *first, const char *second) {
    CachedKernel kernel = valueOf(get(cache, first, second));
    EXPECT_EQ(kernel.image->entry, second);
    return kernel.origin;
  }
};

struct KernelCaches : testing::Test {
  TemporaryFolder folder;
  std::vector<std::string> warnings;
  Compiler compiler;
  DiskCacheOptions options() {
    DiskCacheOptions result;
    result.root = folder / "kernels";
    result.warn = [this](llvm::StringRef text) { warnings.push_back(text.str()); };
    return result;
  }
};

TEST_F(KernelCaches, memoryThenDiskThenCompiler) {
  {
    KernelCache cache(options());
    EXPECT_EQ(compiler.origin(cache, "a", "ir"), KernelOrigin::Compiled);
    EXPECT_EQ(compiler.origin(cache, "a", "ir"), KernelOrigin::Memory);
    cache.clearMemory();
    EXPECT_EQ(compiler.origin(cache, "a", "ir"), KernelOrigin::Disk);
  }
  KernelCache another(options());
  EXPECT_EQ(compiler.origin(another, "a", "ir"), KernelOrigin::Disk);
  EXPECT_EQ(compiler.fronts, 1); // a disk hit needs no front end
  EXPECT_EQ(compiler.compiles, 1);
}

TEST_F(KernelCaches, twoSpellingsOfOneKernelShareTheEntry) {
  KernelCache cache(options());
  EXPECT_EQ(compiler.origin(cache, "a", "ir"), KernelOrigin::Compiled);
  EXPECT_EQ(compiler.origin(cache, "b", "ir"), KernelOrigin::Memory);
  EXPECT_EQ(compiler.fronts, 2);
  EXPECT_EQ(compiler.compiles, 1);
  KernelCache another(options());
  EXPECT_EQ(compiler.origin(another, "c", "ir"), KernelOrigin::Disk);
  EXPECT_EQ(compiler.compiles, 1);
  EXPECT_EQ(another.disk().stats().entries, 1u);
  EXPECT_EQ(another.disk().stats().aliases, 3u);
}

TEST_F(KernelCaches, aDamagedEntryIsCompiledAgain) {
  KernelCache cache(options());
  compiler.origin(cache, "a", "ir");
  std::string path = folder / ("kernels/" + keyOf("ir").hex() + ".entry");
  std::vector<uint8_t> bytes = readFile(path);
  bytes[bytes.size() / 2] ^= 4;
  writeFile(path, bytes);
  KernelCache another(options());
  EXPECT_EQ(compiler.origin(another, "a", "ir"), KernelOrigin::Compiled);
  EXPECT_EQ(warnings.size(), 1u);
}

TEST_F(KernelCaches, anEntryThatIsNoImageIsCompiledAgain) {
  KernelCache cache(options());
  cache.disk().put(keyOf("ir"), {1, 2, 3});
  EXPECT_EQ(compiler.origin(cache, "a", "ir"), KernelOrigin::Compiled);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(contains(warnings[0], "truncated"));
  cache.clearMemory();
  EXPECT_EQ(compiler.origin(cache, "a", "ir"), KernelOrigin::Disk);
}

TEST_F(KernelCaches, failuresAreNotKept) {
  KernelCache cache(options());
  compiler.failure = "no such op";
  EXPECT_EQ(textOf(compiler.get(cache, "a", "ir")), "no such op");
  compiler.failure.clear();
  EXPECT_EQ(compiler.origin(cache, "a", "ir"), KernelOrigin::Compiled);
}

TEST_F(KernelCaches, threadsCompileAKernelOnce) {
  KernelCache cache(options());
  std::vector<std::thread> threads;
  const char *firsts[] = {"a", "b", "a", "b", "c", "c"};
  for (const char *first : firsts)
    threads.emplace_back([&, first] { compiler.origin(cache, first, "ir"); });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(compiler.compiles, 1);
  EXPECT_EQ(compiler.fronts, 3);
}

TEST_F(KernelCaches, worksWithoutADisk) {
  KernelCache cache(DiskCacheOptions{});
  EXPECT_EQ(compiler.origin(cache, "a", "ir"), KernelOrigin::Compiled);
  EXPECT_EQ(compiler.origin(cache, "a", "ir"), KernelOrigin::Memory);
}
} // namespace
