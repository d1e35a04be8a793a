#include "runtime/Cache/MemoryCache.h"
#include "TestSupport.h"

#include <atomic>

using namespace cosmati::runtime;
using namespace cosmati::test;
using namespace std::chrono_literals;

namespace {
using Cache = MemoryCache<int>;
CacheKey keyOf(int number) { return KeyBuilder("test").add("number", number).finish(); }

TEST(MemoryCache, makesAMissingEntryOnce) {
  Cache cache;
  int made = 0;
  auto make = [&]() -> llvm::Expected<Cache::Pointer> { return std::make_shared<int>(++made); };
  Cache::Pointer first = valueOf(cache.getOrMake(keyOf(1), make));
  EXPECT_EQ(valueOf(cache.getOrMake(keyOf(1), make)), first);
  EXPECT_EQ(cache.get(keyOf(1)), first);
  EXPECT_EQ(cache.get(keyOf(2)), nullptr);
  EXPECT_EQ(made, 1);
  cache.clear();
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(*first, 1);
}

TEST(MemoryCache, keepsTheEntriesThatWereUsedLast) {
  Cache cache(2);
  auto make = [](int value) {
    return [value]() -> llvm::Expected<Cache::Pointer> { return std::make_shared<int>(value); };
  };
  EXPECT_EQ(*valueOf(cache.getOrMake(keyOf(1), make(1))), 1);
  EXPECT_EQ(*valueOf(cache.getOrMake(keyOf(2), make(2))), 2);
  EXPECT_NE(cache.get(keyOf(1)), nullptr); // 2 is the oldest now
  cache.put(keyOf(3), std::make_shared<int>(3));
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(cache.get(keyOf(2)), nullptr);
  EXPECT_EQ(*valueOf(cache.getOrMake(keyOf(1), make(10))), 1);
  EXPECT_EQ(*valueOf(cache.getOrMake(keyOf(2), make(20))), 20);
  EXPECT_EQ(cache.get(keyOf(3)), nullptr);
}

TEST(MemoryCache, threadsThatWantOneKeyMakeItOnce) {
  Cache cache;
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  std::vector<Cache::Pointer> got(8);
  for (auto &slot : got)
    threads.emplace_back([&] {
      slot = valueOf(cache.getOrMake(keyOf(1), [&]() -> llvm::Expected<Cache::Pointer> {
        std::this_thread::sleep_for(20ms);
        return std::make_shared<int>(++made);
      }));
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(made, 1);
  for (const auto &slot : got)
    EXPECT_EQ(slot, got[0]);
}

TEST(MemoryCache, everyCallerSeesAnErrorOfItsOwn) {
  Cache cache;
  std::atomic<int> tries{0};
  std::vector<std::thread> threads;
  std::vector<std::string> texts(4);
  for (auto &text : texts)
    threads.emplace_back([&] {
      text = textOf(cache.getOrMake(keyOf(1), [&]() -> llvm::Expected<Cache::Pointer> {
        std::this_thread::sleep_for(5ms);
        ++tries;
        return llvm::createStringError("bad kernel");
      }));
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &text : texts)
    EXPECT_EQ(text, "bad kernel");
  EXPECT_EQ(tries, 4);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(MemoryCache, anExceptionLetsTheNextOneTry) {
  Cache cache;
  EXPECT_THROW(
      (void)cache.getOrMake(
          keyOf(1), []() -> llvm::Expected<Cache::Pointer> { throw std::runtime_error("x"); }),
      std::runtime_error);
  EXPECT_EQ(
      *valueOf(cache.getOrMake(
          keyOf(1), []() -> llvm::Expected<Cache::Pointer> { return std::make_shared<int>(5); })),
      5);
}

TEST(MemoryCache, askingForItselfIsAnErrorAndNoDeadlock) {
  Cache cache;
  std::string inner;
  Cache::Pointer outer = valueOf(cache.getOrMake(keyOf(1), [&]() -> llvm::Expected<Cache::Pointer> {
    inner = textOf(cache.getOrMake(
        keyOf(1), []() -> llvm::Expected<Cache::Pointer> { return std::make_shared<int>(1); }));
    return std::make_shared<int>(2);
  }));
  EXPECT_TRUE(contains(inner, "needs that same kernel"));
  EXPECT_EQ(*outer, 2);
}
} // namespace
