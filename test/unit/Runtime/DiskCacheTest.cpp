#include "runtime/Cache/DiskCache.h"
#include "TestSupport.h"
#include "runtime/Cache/EntryFile.h"

#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

using namespace cosmati::runtime;
using namespace cosmati::test;

namespace {
CacheKey keyOf(int number) { return KeyBuilder("test").add("number", number).finish(); }

std::vector<uint8_t> payloadOf(int number, size_t size = 100) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<uint8_t>(i * 7 + static_cast<size_t>(number));
  return bytes;
}

/// A cache with its warnings on record; touches at every hit.
struct Fixture {
  TemporaryFolder folder;
  std::vector<std::string> warnings;
  std::string root = folder / "kernels";
  DiskCacheOptions options(uint64_t maxBytes = 1 << 20) {
    return {root, maxBytes, std::chrono::seconds(0),
            [this](llvm::StringRef text) { warnings.push_back(text.str()); }};
  }
  std::string entryPath(int number) { return root + "/" + keyOf(number).hex() + ".entry"; }
  void setAge(int number, int seconds) {
    timeval times[2] = {{std::time(nullptr) - seconds, 0}, {std::time(nullptr) - seconds, 0}};
    ASSERT_EQ(::utimes(entryPath(number).c_str(), times), 0);
  }
};

TEST(DiskCache, givesBackWhatWasPut) {
  Fixture f;
  DiskCache cache(f.options());
  EXPECT_EQ(cache.get(keyOf(1)), std::nullopt);
  EXPECT_TRUE(cache.put(keyOf(1), payloadOf(1)));
  EXPECT_TRUE(cache.put(keyOf(2), {}));
  EXPECT_EQ(cache.get(keyOf(1)), payloadOf(1));
  EXPECT_EQ(cache.get(keyOf(2)), std::vector<uint8_t>());
  DiskCache another(f.options());
  EXPECT_EQ(another.get(keyOf(1)), payloadOf(1));
  EXPECT_TRUE(f.warnings.empty());
  CacheStats stats = cache.stats();
  EXPECT_EQ(stats.entries, 2u);
  EXPECT_EQ(stats.temporaries, 0u);
  EXPECT_EQ(stats.hits, 2u);
  EXPECT_EQ(stats.misses, 1u);
  EXPECT_TRUE(stats.writable);
}

TEST(DiskCache, foldersAndFilesAreTheUsersAlone) {
  Fixture f;
  f.root = f.folder / "deeper/kernels";
  DiskCache cache(f.options());
  ASSERT_TRUE(cache.put(keyOf(1), payloadOf(1)));
  struct stat info;
  ASSERT_EQ(::stat(f.root.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat(f.entryPath(1).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(DiskCache, constructionTouchesNothing) {
  Fixture f;
  DiskCache cache(f.options());
  EXPECT_FALSE(std::filesystem::exists(f.root));
}

TEST(DiskCache, everyCorruptByteIsAMissAndIsRemoved) {
  Fixture f;
  DiskCache cache(f.options());
  ASSERT_TRUE(cache.put(keyOf(1), payloadOf(1, 20)));
  const std::vector<uint8_t> good = readFile(f.entryPath(1));
  ASSERT_EQ(good.size(), entryHeaderBytes + 20);
  for (size_t i = 0; i < good.size(); ++i) {
    std::vector<uint8_t> bad = good;
    bad[i] ^= 0x10;
    writeFile(f.entryPath(1), bad);
    f.warnings.clear();
    EXPECT_EQ(cache.get(keyOf(1)), std::nullopt) << "byte " << i;
    EXPECT_EQ(f.warnings.size(), 1u) << "byte " << i;
    EXPECT_FALSE(std::filesystem::exists(f.entryPath(1))) << "byte " << i;
  }
  EXPECT_TRUE(cache.put(keyOf(1), payloadOf(1)));
  EXPECT_EQ(cache.get(keyOf(1)), payloadOf(1));
}

TEST(DiskCache, everyTruncationIsAMiss) {
  Fixture f;
  DiskCache cache(f.options());
  ASSERT_TRUE(cache.put(keyOf(1), payloadOf(1, 20)));
  const std::vector<uint8_t> good = readFile(f.entryPath(1));
  for (size_t size = 0; size < good.size(); ++size) {
    writeFile(f.entryPath(1), {good.begin(), good.begin() + static_cast<ptrdiff_t>(size)});
    EXPECT_EQ(cache.get(keyOf(1)), std::nullopt) << size;
    EXPECT_TRUE(contains(f.warnings.back(), "truncated"));
  }
}

TEST(DiskCache, anEntryUnderAnothersNameIsAMiss) {
  Fixture f;
  DiskCache cache(f.options());
  ASSERT_TRUE(cache.put(keyOf(1), payloadOf(1)));
  std::filesystem::rename(f.entryPath(1), f.entryPath(2));
  EXPECT_EQ(cache.get(keyOf(2)), std::nullopt);
  EXPECT_TRUE(contains(f.warnings.back(), "another key"));
}

TEST(DiskCache, symbolicLinksAreNotFollowed) {
  Fixture f;
  DiskCache cache(f.options());
  ASSERT_TRUE(cache.put(keyOf(1), payloadOf(1)));
  std::string elsewhere = f.folder / "elsewhere";
  std::filesystem::rename(f.entryPath(1), elsewhere);
  std::filesystem::create_symlink(elsewhere, f.entryPath(1));
  EXPECT_EQ(cache.get(keyOf(1)), std::nullopt);
  EXPECT_TRUE(contains(f.warnings.back(), "symbolic link"));
}

TEST(DiskCache, aliasesLeadToEntries) {
  Fixture f;
  DiskCache cache(f.options());
  EXPECT_EQ(cache.getAlias(keyOf(10)), std::nullopt);
  EXPECT_TRUE(cache.putAlias(keyOf(10), keyOf(1)));
  EXPECT_EQ(cache.getAlias(keyOf(10)), keyOf(1));
  EXPECT_EQ(cache.get(keyOf(10)), std::nullopt); // an alias is no entry
}

TEST(DiskCache, evictsTheLeastRecentlyUsedFirst) {
  Fixture f;
  const size_t size = 1000;
  DiskCache cache(f.options(4 * (size + entryHeaderBytes)));
  for (int i = 1; i <= 4; ++i) {
    ASSERT_TRUE(cache.put(keyOf(i), payloadOf(i, size)));
    f.setAge(i, 100 - i);
  }
  EXPECT_NE(cache.get(keyOf(1)), std::nullopt); // used: now the youngest
  ASSERT_TRUE(cache.put(keyOf(5), payloadOf(5, size)));
  EXPECT_EQ(cache.get(keyOf(2)), std::nullopt);
  EXPECT_EQ(cache.get(keyOf(3)), std::nullopt); // down to a little below the bound
  EXPECT_NE(cache.get(keyOf(1)), std::nullopt);
  EXPECT_NE(cache.get(keyOf(4)), std::nullopt);
  EXPECT_NE(cache.get(keyOf(5)), std::nullopt);
  EXPECT_EQ(cache.stats().evicted, 2u);
}

TEST(DiskCache, gcGoesDownToTheBoundAndDropsWhatIsLeftBehind) {
  Fixture f;
  DiskCache cache(f.options());
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(cache.put(keyOf(i), payloadOf(i, 1000)));
    f.setAge(i, 100 - i);
  }
  ASSERT_TRUE(cache.putAlias(keyOf(11), keyOf(1)));
  ASSERT_TRUE(cache.putAlias(keyOf(13), keyOf(3)));
  std::string old = f.root + "/tmp-host-1-0-0", young = f.root + "/tmp-host-1-0-1";
  std::string foreign = f.root + "/README";
  for (const std::string &path : {old, young, foreign})
    writeFile(path, {1, 2, 3});
  timeval times[2] = {{std::time(nullptr) - 7200, 0}, {std::time(nullptr) - 7200, 0}};
  ASSERT_EQ(::utimes(old.c_str(), times), 0);

  EXPECT_EQ(cache.gc(2400), 1000 + entryHeaderBytes + 3);
  EXPECT_EQ(cache.get(keyOf(1)), std::nullopt);
  EXPECT_NE(cache.get(keyOf(2)), std::nullopt);
  EXPECT_NE(cache.get(keyOf(3)), std::nullopt);
  EXPECT_EQ(cache.getAlias(keyOf(11)), std::nullopt);
  EXPECT_EQ(cache.getAlias(keyOf(13)), keyOf(3));
  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_TRUE(std::filesystem::exists(young));
  EXPECT_TRUE(std::filesystem::exists(foreign));
}

TEST(DiskCache, anEntryBeyondTheBoundIsNotKept) {
  Fixture f;
  DiskCache cache(f.options(500));
  ASSERT_TRUE(cache.put(keyOf(1), payloadOf(1, 100)));
  EXPECT_FALSE(cache.put(keyOf(2), payloadOf(2, 1000)));
  EXPECT_NE(cache.get(keyOf(1)), std::nullopt);
  EXPECT_EQ(f.warnings.size(), 1u);
}

TEST(DiskCache, verifyNamesWhatIsBad) {
  Fixture f;
  DiskCache cache(f.options());
  for (int i = 1; i <= 3; ++i)
    ASSERT_TRUE(cache.put(keyOf(i), payloadOf(i)));
  ASSERT_TRUE(cache.putAlias(keyOf(10), keyOf(9)));
  std::vector<uint8_t> bytes = readFile(f.entryPath(2));
  bytes.back() ^= 1;
  writeFile(f.entryPath(2), bytes);
  VerifyResult result = cache.verify(false);
  EXPECT_EQ(result.good, 2u);
  ASSERT_EQ(result.bad.size(), 1u);
  EXPECT_TRUE(contains(result.bad[0].name, keyOf(2).hex()));
  EXPECT_TRUE(contains(result.bad[0].problem, "checksum"));
  EXPECT_EQ(result.dangling.size(), 1u);
  EXPECT_EQ(cache.stats().entries, 3u);
  cache.verify(true);
  EXPECT_EQ(cache.stats().entries, 2u);
  EXPECT_EQ(cache.stats().aliases, 0u);
}

TEST(DiskCache, clearLeavesForeignFiles) {
  Fixture f;
  DiskCache cache(f.options());
  ASSERT_TRUE(cache.put(keyOf(1), payloadOf(1)));
  ASSERT_TRUE(cache.putAlias(keyOf(2), keyOf(1)));
  writeFile(f.root + "/notes.txt", {1});
  EXPECT_EQ(cache.clear(), 100 + 32 + 2 * entryHeaderBytes);
  EXPECT_TRUE(std::filesystem::exists(f.root + "/notes.txt"));
  EXPECT_EQ(cache.stats().entries, 0u);
}

TEST(DiskCache, entriesMayBeMovedToAnotherFolder) {
  Fixture f;
  DiskCache cache(f.options());
  ASSERT_TRUE(cache.put(keyOf(1), payloadOf(1)));
  ASSERT_TRUE(cache.putAlias(keyOf(2), keyOf(1)));
  std::filesystem::rename(f.root, f.folder / "moved");
  f.root = f.folder / "moved";
  DiskCache moved(f.options());
  EXPECT_EQ(moved.get(*moved.getAlias(keyOf(2))), payloadOf(1));
}

TEST(DiskCache, aFolderRemovedMeanwhileIsMadeAgain) {
  Fixture f;
  DiskCache cache(f.options());
  ASSERT_TRUE(cache.put(keyOf(1), payloadOf(1)));
  std::filesystem::remove_all(f.root);
  EXPECT_EQ(cache.get(keyOf(1)), std::nullopt);
  EXPECT_TRUE(cache.put(keyOf(1), payloadOf(1)));
  EXPECT_EQ(cache.get(keyOf(1)), payloadOf(1));
  EXPECT_TRUE(f.warnings.empty());
}

TEST(DiskCache, worksWithoutAFolder) {
  Fixture f;
  writeFile(f.folder / "file", {1});
  f.root = f.folder / "file/kernels"; // below a file: can't be made by anyone, root included
  DiskCache cache(f.options());
  EXPECT_FALSE(cache.put(keyOf(1), payloadOf(1)));
  EXPECT_EQ(cache.get(keyOf(1)), std::nullopt);
  EXPECT_FALSE(cache.lock(keyOf(1), std::chrono::seconds(1)).held());
  EXPECT_EQ(f.warnings.size(), 1u);
  DiskCache none("", 1000);
  EXPECT_FALSE(none.put(keyOf(1), payloadOf(1)));
  EXPECT_EQ(none.get(keyOf(1)), std::nullopt);
  EXPECT_EQ(none.gc(), 0u);
}

TEST(DiskCache, aFolderThatOthersMayWriteToIsNotUsed) {
  Fixture f;
  std::filesystem::create_directory(f.root);
  ASSERT_EQ(::chmod(f.root.c_str(), 0777), 0);
  DiskCache cache(f.options());
  EXPECT_FALSE(cache.put(keyOf(1), payloadOf(1)));
  ASSERT_EQ(f.warnings.size(), 1u);
  EXPECT_TRUE(contains(f.warnings[0], "chmod 700"));
}
} // namespace
