#include "runtime/Launch/ParamPack.h"

#include "llvm/ADT/APFloat.h"

#include <cstring>

using namespace cosmati::runtime;

ParamPack::ParamPack(size_t count) {
  slots.resize_for_overwrite(count);
  pointersToSlots.resize_for_overwrite(count);
  for (size_t i = 0; i < count; ++i)
    pointersToSlots[i] = &slots[i];
}

namespace {
/// Bits of `value` in a 16-bit format, rounded once from the double.
uint64_t roundTo(const llvm::fltSemantics &semantics, double value) {
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return number.bitcastToAPInt().getZExtValue();
}
} // namespace

void ParamPack::setFloat(size_t index, ParamKind kind, double value) {
  switch (kind) {
  case ParamKind::F64:
    std::memcpy(&slots[index], &value, sizeof(value));
    return;
  case ParamKind::F32: {
    float narrow = static_cast<float>(value);
    uint32_t bits;
    std::memcpy(&bits, &narrow, sizeof(bits));
    slots[index] = bits;
    return;
  }
  case ParamKind::F16:
    slots[index] = roundTo(llvm::APFloat::IEEEhalf(), value);
    return;
  case ParamKind::BF16:
    slots[index] = roundTo(llvm::APFloat::BFloat(), value);
    return;
  default:
    llvm_unreachable("setFloat is for the kinds of floating-point parameters");
  }
}

bool cosmati::runtime::fitsKind(int64_t value, ParamKind kind, bool isUnsigned) {
  if (kind == ParamKind::I1)
    return value == 0 || value == 1;
  unsigned bits = 8 * paramBytes(kind);
  if (isUnsigned)
    return value >= 0 && (bits == 64 || static_cast<uint64_t>(value) >> bits == 0);
  return bits == 64 || (value >= -(int64_t(1) << (bits - 1)) && value < int64_t(1) << (bits - 1));
}
