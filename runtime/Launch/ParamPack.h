// ParamPack: a launch's arguments as 8-byte slots with an array of pointers to them, the form that
// Device::launch takes.
#pragma once

#include "runtime/Image/KernelImage.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace cosmati::runtime {

/// Lives on the caller's stack; up to 64 parameters without allocation. Set every slot before use.
class ParamPack {
public:
  explicit ParamPack(size_t count);
  ParamPack(const ParamPack &) = delete; // the pointers point into the object
  ParamPack &operator=(const ParamPack &) = delete;

  void setPointer(size_t index, uint64_t address) { slots[index] = address; }
  /// Keeps the low bits; ranges are checked by fitsKind() beforehand where the value comes from a
  /// user.
  void setInteger(size_t index, uint64_t value) { slots[index] = value; }
  /// Rounds to the kind's format (nearest even; f16 and bf16 overflow to infinity, NaN stays NaN).
  void setFloat(size_t index, ParamKind kind, double value);

  uint64_t slot(size_t index) const { return slots[index]; }
  llvm::ArrayRef<void *> pointers() const { return pointersToSlots; }

private:
  llvm::SmallVector<uint64_t, 64> slots;
  llvm::SmallVector<void *, 64> pointersToSlots;
};

/// Whether an integer can be passed as `kind` without losing bits, as signed or unsigned.
bool fitsKind(int64_t value, ParamKind kind, bool isUnsigned);

} // namespace cosmati::runtime
