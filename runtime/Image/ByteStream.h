// ByteWriter and ByteReader: the primitives of the serialised forms. Integers are LEB128, strings
// and blobs carry their length. The reader never reads outside its bytes: after a fault it answers
// zeros and empty strings, and `ok()` is false.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cosmati::runtime {

class ByteWriter {
public:
  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      bytes.push_back(static_cast<uint8_t>(value | 0x80));
    bytes.push_back(static_cast<uint8_t>(value));
  }
  /// Small magnitudes of either sign are short: 0, -1, 1, -2 become 0, 1, 2, 3.
  void integer(int64_t value) {
    number(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
  }
  void blob(llvm::ArrayRef<uint8_t> value) {
    number(value.size());
    bytes.insert(bytes.end(), value.begin(), value.end());
  }
  void text(llvm::StringRef value) { blob(llvm::arrayRefFromStringRef(value)); }

  std::vector<uint8_t> bytes;
};

class ByteReader {
public:
  explicit ByteReader(llvm::ArrayRef<uint8_t> bytes) : rest(bytes) {}

  uint64_t number() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
      uint8_t byte = rest.front();
      rest = rest.drop_front();
      if (shift == 63 && byte > 1)
        break;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80))
        return value;
    }
    return fail();
  }
  int64_t integer() {
    uint64_t value = number();
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  /// A number of elements that take at least one byte each: more than the bytes left is a fault, so
  /// that a corrupt count can't make anyone allocate.
  size_t count() {
    uint64_t value = number();
    return value <= rest.size() ? value : fail();
  }
  llvm::ArrayRef<uint8_t> blob() {
    size_t size = count();
    llvm::ArrayRef<uint8_t> value = rest.take_front(size);
    rest = rest.drop_front(size);
    return value;
  }
  std::string text() { return llvm::toStringRef(blob()).str(); }

  size_t fail() {
    failed = true;
    rest = {};
    return 0;
  }
  bool ok() const { return !failed; }
  bool atEnd() const { return !failed && rest.empty(); }

private:
  llvm::ArrayRef<uint8_t> rest;
  bool failed = false;
};

} // namespace cosmati::runtime
