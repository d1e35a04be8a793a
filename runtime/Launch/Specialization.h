// Specialisation: what a compiled kernel assumes about its arguments' values, and the packed key of
// one call.
//
// Rules (those of Triton): an integer equal to 1 becomes a constant; an integer or a pointer
// divisible by 16 says so; None becomes a constant; bool and float are never specialised.
#pragma once

#include "runtime/Image/KernelImage.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <cstring>

namespace cosmati::runtime {

enum SpecBits : uint8_t {
  SpecNone = 0,
  SpecDivisible16 = 1, // value or address is a multiple of 16 (0 is)
  SpecEqualsOne = 2,   // the integer 1, compiled in; no parameter is passed
  SpecAbsent = 4,      // None, compiled in; no parameter is passed
};

/// What a parameter's declaration forbids.
struct SpecPolicy {
  bool onValue = true;     // false: do_not_specialize
  bool onAlignment = true; // false: do_not_specialize_on_alignment
};

inline uint8_t specializeInteger(int64_t value, SpecPolicy policy = {}) {
  if (!policy.onValue)
    return SpecNone;
  if (value == 1)
    return SpecEqualsOne;
  return policy.onAlignment && (value & 15) == 0 ? SpecDivisible16 : SpecNone;
}
inline uint8_t specializePointer(uint64_t address, SpecPolicy policy = {}) {
  return policy.onValue && policy.onAlignment && (address & 15) == 0 ? SpecDivisible16 : SpecNone;
}

/// Type of an unannotated integer by its value: "i32" where it fits, else "i64"; "u64" is the
/// caller's business, since such a value doesn't fit int64_t.
inline ParamKind integerKind(int64_t value) {
  return value >= INT32_MIN && value <= INT32_MAX ? ParamKind::I32 : ParamKind::I64;
}

/// Key of one call, built on the stack: a sequence of 16-bit and 32-bit words in a fixed order that
/// the caller keeps per kernel (classes with bits for each argument, then ids of constexpr values,
/// then the id of the options). Never allocates up to 256 bytes.
class PackedKey {
public:
  /// `argClass`: the caller's number for (argument's class, dtype, const): at most 4095.
  void addArgument(uint16_t argClass, uint8_t bits) {
    append(static_cast<uint16_t>(argClass << 4 | (bits & 15)));
  }
  void addConstexpr(uint32_t id) { append(id); }
  void addOptions(uint32_t id) { append(id); }
  void addDevice(uint32_t id) { append(id); }
  void clear() { bytes.clear(); }
  llvm::ArrayRef<uint8_t> data() const { return bytes; }

private:
  template <typename Word> void append(Word word) {
    size_t at = bytes.size();
    bytes.resize_for_overwrite(at + sizeof(word));
    std::memcpy(bytes.data() + at, &word, sizeof(word));
  }
  llvm::SmallVector<uint8_t, 256> bytes;
};

} // namespace cosmati::runtime
