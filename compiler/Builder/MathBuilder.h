// Mathematical functions, elementwise.
#pragma once

#include "compiler/Builder/ArithmeticBuilder.h"

namespace cosmati::lang {

/// Functions of one argument. All take fp32 or fp64; SqrtRn takes fp32 only and rounds to nearest.
enum class MathFunction : uint8_t {
  Exp,
  Exp2,
  Log,
  Log2,
  Sin,
  Cos,
  Tanh,
  Erf,
  Sqrt,
  SqrtRn,
  Rsqrt,
  Floor,
  Ceil
};

/// A function of a bitcode library: "libdevice", or one whose file `path` names.
struct ExternFunction {
  llvm::StringRef library, path, symbol;
  bool isPure = true; ///< else no call is removed, moved or made twice
};

class MathBuilder : public ArithmeticBuilder {
public:
  using ArithmeticBuilder::ArithmeticBuilder;

  /// Throws LanguageError "Expected dtype ['fp32', 'fp64'] but got ..." for other types.
  Value math(MathFunction function, const Operand &value);
  Value exp(const Operand &x) { return math(MathFunction::Exp, x); }
  Value exp2(const Operand &x) { return math(MathFunction::Exp2, x); }
  Value log(const Operand &x) { return math(MathFunction::Log, x); }
  Value log2(const Operand &x) { return math(MathFunction::Log2, x); }
  Value sin(const Operand &x) { return math(MathFunction::Sin, x); }
  Value cos(const Operand &x) { return math(MathFunction::Cos, x); }
  Value tanh(const Operand &x) { return math(MathFunction::Tanh, x); }
  Value erf(const Operand &x) { return math(MathFunction::Erf, x); }
  Value sqrt(const Operand &x) { return math(MathFunction::Sqrt, x); }
  Value sqrtRn(const Operand &x) { return math(MathFunction::SqrtRn, x); }
  Value rsqrt(const Operand &x) { return math(MathFunction::Rsqrt, x); }
  Value floor(const Operand &x) { return math(MathFunction::Floor, x); }
  Value ceil(const Operand &x) { return math(MathFunction::Ceil, x); }

  /// Absolute value of any number; the most negative integer stays itself.
  Value abs(const Operand &value);
  /// x * y + z, rounded once.
  Value fma(const Operand &x, const Operand &y, const Operand &z);
  /// fp32 quotient rounded to nearest even, whatever the numeric mode.
  Value divRn(const Operand &lhs, const Operand &rhs);
  /// Upper half of the double-width product of two unsigned integers of 32 or 64 bits.
  Value umulhi(const Operand &lhs, const Operand &rhs);
  /// PTX with functions that `externElementwise` calls as those of the library "device_code"; it
  /// begins with its .version. The same text twice is one.
  void addDeviceCode(llvm::StringRef ptx);
  /// Calls a function of a bitcode library on each element. Arguments are broadcast, not
  /// converted; the result has their shape and the scalar type `result`.
  Value externElementwise(const ExternFunction &function, llvm::ArrayRef<Operand> args,
                          LanguageType result);
};

} // namespace cosmati::lang
