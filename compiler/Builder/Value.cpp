#include "compiler/Builder/Value.h"
#include "llvm/ADT/APSInt.h"
#include <cmath>

namespace cosmati::lang {

std::optional<llvm::APSInt> Operand::asInt() const {
  if (auto *value = std::get_if<bool>(&data))
    return llvm::APSInt(llvm::APInt(65, *value), /*isUnsigned=*/false);
  if (auto *value = std::get_if<int64_t>(&data))
    return llvm::APSInt(llvm::APInt(65, static_cast<uint64_t>(*value), /*isSigned=*/true), false);
  if (auto *value = std::get_if<uint64_t>(&data))
    return llvm::APSInt(llvm::APInt(65, *value), false);
  return std::nullopt;
}

bool Operand::isNegative() const {
  if (auto *value = std::get_if<int64_t>(&data))
    return *value < 0;
  auto *value = asFloat();
  return value && *value < 0;
}

static LanguageType typeOfInt(int64_t value) {
  if (value >= INT32_MIN && value <= INT32_MAX)
    return Scalar::Int32;
  return value >= 0 && value <= UINT32_MAX ? Scalar::UInt32 : Scalar::Int64;
}

static LanguageType typeOfFloat(double value) {
  constexpr double smallest = 0x1p-126, largest = 0x1.fffffep127;
  double magnitude = std::fabs(value);
  bool fits =
      !std::isfinite(value) || value == 0 || (magnitude >= smallest && magnitude <= largest);
  return fits ? Scalar::FP32 : Scalar::FP64;
}

LanguageType Operand::type() const {
  if (auto *value = asValue())
    return value->type;
  if (asBool())
    return Scalar::Int1;
  if (auto *value = std::get_if<int64_t>(&data))
    return typeOfInt(*value);
  if (std::holds_alternative<uint64_t>(data))
    return Scalar::UInt64;
  return typeOfFloat(std::get<double>(data));
}

std::string Operand::str() const {
  if (auto *value = asValue())
    return value->type.str();
  if (auto *value = asBool())
    return *value ? "True" : "False";
  if (auto *value = asFloat())
    return llvm::formatv("{0}", *value).str();
  return llvm::toString(*asInt(), 10);
}

} // namespace cosmati::lang
