#include "runtime/Cache/CacheKey.h"
#include "TestSupport.h"

using namespace cosmati::runtime;

namespace {
TEST(KeyBuilder, equalFieldsGiveEqualKeys) {
  auto make = [] { return KeyBuilder("first").add("source", "x").add("warps", 4).finish(); };
  EXPECT_EQ(make(), make());
}

TEST(KeyBuilder, concatenationIsNotAmbiguous) {
  EXPECT_NE(KeyBuilder("d").add("a", "bc").finish(), KeyBuilder("d").add("ab", "c").finish());
  EXPECT_NE(KeyBuilder("d").add("a", "b").add("c", "").finish(),
            KeyBuilder("d").add("a", "").add("c", "b").finish());
  EXPECT_NE(KeyBuilder("d").add("a", "").finish(), KeyBuilder("d").finish());
  EXPECT_NE(KeyBuilder("d").begin("a").end().add("b", 1).finish(),
            KeyBuilder("d").begin("a").add("b", 1).end().finish());
}

TEST(KeyBuilder, typesAndOrderAndDomainCount) {
  EXPECT_NE(KeyBuilder("d").add("a", 1).finish(), KeyBuilder("d").add("a", true).finish());
  EXPECT_NE(KeyBuilder("d").add("a", 1).finish(), KeyBuilder("d").add("a", 1.0).finish());
  EXPECT_NE(KeyBuilder("d").add("a", 1).finish(), KeyBuilder("d").add("a", uint64_t(1)).finish());
  EXPECT_NE(KeyBuilder("d").add("a", 0.0).finish(), KeyBuilder("d").add("a", -0.0).finish());
  EXPECT_NE(KeyBuilder("d").add("a", 1).add("b", 2).finish(),
            KeyBuilder("d").add("b", 2).add("a", 1).finish());
  EXPECT_NE(KeyBuilder("d").finish(), KeyBuilder("e").finish());
}

TEST(CacheKey, hexRoundTripsAndRefusesOtherSpellings) {
  CacheKey key = KeyBuilder("d").finish();
  EXPECT_EQ(key.hex().size(), 64u);
  EXPECT_EQ(CacheKey::fromHex(key.hex()), key);
  EXPECT_EQ(CacheKey::fromHex(llvm::StringRef(key.hex()).upper()), std::nullopt);
  EXPECT_EQ(CacheKey::fromHex("ab"), std::nullopt);
  EXPECT_EQ(CacheKey::fromHex(std::string(64, 'g')), std::nullopt);
}
} // namespace
