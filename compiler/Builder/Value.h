// Values of the kernel language, and the Python-like scalars that may stand in their place.
#pragma once

#include "compiler/Builder/Types.h"
#include "mlir/IR/Value.h"
#include <optional>
#include <type_traits>
#include <variant>

namespace cosmati::lang {

/// An MLIR value with its type in the language. The two agree: `handle.getType() ==
/// type.mlirType(context)`.
struct Value {
  mlir::Value handle;
  LanguageType type;

  llvm::ArrayRef<int64_t> shape() const { return type.shape(); }
  bool isBlock() const { return type.isBlock(); }
  explicit operator bool() const { return static_cast<bool>(handle); }
};

/// A value, or a number written in the kernel's source. Such a number is weakly typed: beside a
/// value of higher or equal kind (bool < integer < float) it takes that value's type; alone it is
/// int1, int32/uint32/int64/uint64 (the first that holds it), or fp32 (fp64 if it is out of fp32's
/// normal range).
class Operand {
public:
  Operand(const Value &value) : data(value) {}
  Operand(bool value) : data(value) {}
  template <typename T,
            std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
  Operand(T value) {
    if constexpr (std::is_unsigned_v<T>) {
      if (value > static_cast<uint64_t>(INT64_MAX)) {
        data = static_cast<uint64_t>(value);
        return;
      }
    }
    data = static_cast<int64_t>(value);
  }
  template <typename T, std::enable_if_t<std::is_floating_point_v<T>, int> = 0>
  Operand(T value) : data(static_cast<double>(value)) {}

  /// True for a number written in the source.
  bool isWeak() const { return !std::holds_alternative<Value>(data); }
  const Value &value() const { return std::get<Value>(data); }
  const Value *asValue() const { return std::get_if<Value>(&data); }
  const bool *asBool() const { return std::get_if<bool>(&data); }
  const double *asFloat() const { return std::get_if<double>(&data); }
  /// A weak integer or bool as 65 bits wide: sign in the first bit, so that uint64 and int64 both
  /// fit.
  std::optional<llvm::APSInt> asInt() const;
  bool isNegative() const;
  /// The value's own type, or the type of the number when it stands alone.
  LanguageType type() const;
  /// `x: fp32`-like text for messages: the number itself, or the value's type.
  std::string str() const;

private:
  std::variant<Value, bool, int64_t, uint64_t, double> data;
};

using Values = llvm::SmallVector<Value, 4>;

} // namespace cosmati::lang
