// Conversions between types of the language.
#pragma once

#include "compiler/Builder/ShapeBuilder.h"

namespace cosmati::lang {

/// Rounding of a conversion to a narrower float.
enum class Rounding : uint8_t { Default, NearestEven, TowardZero };
/// "" or "rtne" or "rtz"; throws LanguageError for another word.
Rounding parseRounding(llvm::StringRef text);

class CastBuilder : public ShapeBuilder {
public:
  using ShapeBuilder::ShapeBuilder;

  /// `value` with elements of `type`'s scalar type.
  ///   float -> float: rounds once, to nearest even unless `rounding` says otherwise; fp8 overflow
  ///   as the options say; to fp8e4b15, which has no NaN, ties away from zero, beyond 1.75 and NaN
  ///   give 1.75. float -> int: truncates toward zero, saturates (the lowering sees to
  ///   it); NaN gives 0.   int -> float: nearest even. int -> int: keeps the low bits, extends by
  ///   the source's sign.   anything -> int1: `value != 0`. pointer <-> 64-bit integer, pointer ->
  ///   pointer.
  /// Throws LanguageTypeError for what has no conversion, LanguageError for a rounding that does
  /// not apply.
  Value cast(const Operand &value, LanguageType type, Rounding rounding = Rounding::Default);
  /// Same bits, other type of equal width.
  Value bitcast(const Value &value, LanguageType type);
  /// `value != 0`, elementwise.
  Value toBool(const Operand &value);
  /// A block of `shape` whose elements are `value` converted to `type`. A number gives a splat
  /// constant.
  Value full(Shape shape, const Operand &value, LanguageType type);
  Value zeros(Shape shape, LanguageType type) { return full(shape, 0, type); }

private:
  Value castFloat(const Value &value, LanguageType type, Rounding rounding);
  Value fromE4B15(const Value &value);
  Value toE4B15(const Value &value);
  Value castFloatToInt(const Value &value, LanguageType type);
  Value castIntToFloat(const Value &value, LanguageType type);
  Value castInt(const Value &value, LanguageType type);
  Value castPointer(const Value &value, LanguageType type);
};

} // namespace cosmati::lang
