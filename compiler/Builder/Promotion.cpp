#include "compiler/Builder/Promotion.h"

namespace cosmati::lang {

LanguageType promoteIntegers(LanguageType a, LanguageType b) {
  if (a.bitwidth() != b.bitwidth())
    return a.bitwidth() > b.bitwidth() ? a : b;
  return a.isUnsigned() ? a : b;
}

/// Kind of a scalar as the rule for numbers orders them: bool < integer < float.
static bool adoptsTypeOf(LanguageType number, LanguageType tensor) {
  return number.kind() <= tensor.kind();
}

static bool isHalf(LanguageType type) {
  return type.scalarKind() == Scalar::FP16 || type.scalarKind() == Scalar::BF16;
}

/// The type of two floats, or of a float and an integer; void where there is none.
static LanguageType commonFloat(LanguageType a, LanguageType b, bool divOrMod) {
  auto either = [&](Scalar scalar) { return a == scalar || b == scalar; };
  if (either(Scalar::FP64))
    return Scalar::FP64;
  if (either(Scalar::FP32))
    return Scalar::FP32;
  // PTX has no 16-bit division or remainder.
  if (isHalf(a) || isHalf(b)) {
    if (divOrMod || (either(Scalar::FP16) && either(Scalar::BF16)))
      return Scalar::FP32;
    if (either(Scalar::FP16))
      return Scalar::FP16;
    return a == b ? Scalar::BF16 : Scalar::FP32;
  }
  if (a.isFP8() && b.isFP8())
    return a == b ? a : LanguageType(divOrMod ? Scalar::FP32 : Scalar::FP16);
  return Scalar::Void;
}

LanguageType computationType(LanguageType a, bool aWeak, LanguageType b, bool bWeak,
                             bool divOrMod) {
  if (aWeak != bWeak) {
    LanguageType number = aWeak ? a : b, tensor = aWeak ? b : a;
    if (adoptsTypeOf(number, tensor))
      return divOrMod && isHalf(tensor) ? LanguageType(Scalar::FP32) : tensor;
  }
  if (a.isFloat() || b.isFloat()) {
    LanguageType common = commonFloat(a, b, divOrMod);
    if (common.isVoid())
      failType("unexpected type {0} and {1}: convert one of them with .to(...) first", a.str(),
               b.str());
    return common;
  }
  if (!a.isInt() || !b.isInt())
    failType("invalid operands of type {0} and {1}", a.str(), b.str());
  bool mixed = a.isSigned() != b.isSigned() && !a.isBool() && !b.isBool();
  if (divOrMod && mixed)
    failType("Cannot use /, //, or % with {0} and {1} because they have different signedness; this "
             "is unlikely to "
             "result in a useful answer. Cast them to the same signedness.",
             a.str(), b.str());
  return promoteIntegers(a, b);
}

} // namespace cosmati::lang
