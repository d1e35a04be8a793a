#include "runtime/Cache/CacheKey.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

using namespace cosmati::runtime;
using llvm::ArrayRef;
using llvm::StringRef;

std::string CacheKey::hex() const { return llvm::toHex(bytes, /*LowerCase=*/true); }

std::optional<CacheKey> CacheKey::fromHex(StringRef text) {
  std::string raw;
  CacheKey key;
  // Upper case is refused: a key has one spelling, so that names of files are unique.
  if (text.size() != 2 * key.bytes.size() || text.lower() != text ||
      !llvm::tryGetFromHex(text, raw))
    return std::nullopt;
  std::memcpy(key.bytes.data(), raw.data(), raw.size());
  return key;
}

KeyBuilder::KeyBuilder(StringRef domain) { add("domain", domain); }

void KeyBuilder::record(char type, StringRef tag, ArrayRef<uint8_t> value) {
  uint8_t head[17];
  head[0] = static_cast<uint8_t>(type);
  llvm::support::endian::write64le(head + 1, tag.size());
  llvm::support::endian::write64le(head + 9, value.size());
  hash.update(ArrayRef<uint8_t>(head));
  hash.update(tag);
  hash.update(value);
}

KeyBuilder &KeyBuilder::add(StringRef tag, StringRef value) {
  record('s', tag, llvm::arrayRefFromStringRef(value));
  return *this;
}

KeyBuilder &KeyBuilder::add(StringRef tag, ArrayRef<uint8_t> value) {
  record('b', tag, value);
  return *this;
}

KeyBuilder &KeyBuilder::addInteger(char type, StringRef tag, uint64_t value) {
  uint8_t bytes[8];
  llvm::support::endian::write64le(bytes, value);
  record(type, tag, bytes);
  return *this;
}

KeyBuilder &KeyBuilder::add(StringRef tag, bool value) {
  uint8_t byte = value;
  record('t', tag, byte);
  return *this;
}

KeyBuilder &KeyBuilder::add(StringRef tag, double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  uint8_t bytes[8];
  llvm::support::endian::write64le(bytes, bits);
  record('d', tag, bytes);
  return *this;
}

KeyBuilder &KeyBuilder::add(StringRef tag, const CacheKey &value) {
  record('k', tag, value.bytes);
  return *this;
}

KeyBuilder &KeyBuilder::begin(StringRef tag) {
  record('(', tag, {});
  return *this;
}

KeyBuilder &KeyBuilder::end() {
  record(')', "", {});
  return *this;
}

CacheKey KeyBuilder::finish() { return {hash.final()}; }
