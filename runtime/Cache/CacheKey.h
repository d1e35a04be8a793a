// CacheKey: 32 bytes that name a cache entry by its content, and the builder that makes them from
// tagged fields.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/BLAKE3.h"

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>

namespace cosmati::runtime {

struct CacheKey {
  std::array<uint8_t, 32> bytes{};

  std::string hex() const; // 64 lower-case digits
  static std::optional<CacheKey> fromHex(llvm::StringRef text);
  bool operator==(const CacheKey &) const = default;
  auto operator<=>(const CacheKey &) const = default;
};

struct CacheKeyHash {
  size_t operator()(const CacheKey &key) const {
    size_t value; // the key is a uniform hash already
    std::memcpy(&value, key.bytes.data(), sizeof(value));
    return value;
  }
};

/// BLAKE3 over (tag, type, length, value) records. Lengths are explicit, so no two different
/// sequences of fields give the same input; order matters; a field that is present but empty
/// differs from an absent one.
class KeyBuilder {
public:
  /// `domain` separates uses: "first key", "second key".
  explicit KeyBuilder(llvm::StringRef domain);

  KeyBuilder &add(llvm::StringRef tag, llvm::StringRef value);
  KeyBuilder &add(llvm::StringRef tag, const char *value) {
    return add(tag, llvm::StringRef(value));
  }
  KeyBuilder &add(llvm::StringRef tag, llvm::ArrayRef<uint8_t> value);
  /// Integers of every width; signed and unsigned ones differ.
  template <std::integral Integer> KeyBuilder &add(llvm::StringRef tag, Integer value) {
    return addInteger(std::is_signed_v<Integer> ? 'i' : 'u', tag, static_cast<uint64_t>(value));
  }
  KeyBuilder &add(llvm::StringRef tag, bool value);
  KeyBuilder &add(llvm::StringRef tag, double value); // by its bits: -0.0 and 0.0 differ
  KeyBuilder &add(llvm::StringRef tag, const CacheKey &value);
  /// Fields between begin and end belong to a nested record.
  KeyBuilder &begin(llvm::StringRef tag);
  KeyBuilder &end();

  CacheKey finish();

private:
  KeyBuilder &addInteger(char type, llvm::StringRef tag, uint64_t value);
  void record(char type, llvm::StringRef tag, llvm::ArrayRef<uint8_t> value);
  llvm::BLAKE3 hash;
};

} // namespace cosmati::runtime
