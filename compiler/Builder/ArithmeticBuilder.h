// Elementwise arithmetic, bit operations, comparison and selection, with promotion and
// broadcasting.
#pragma once

#include "compiler/Builder/CastBuilder.h"

namespace cosmati::lang {

/// How the operands of a binary operation are brought together.
struct BinaryRules {
  bool allowLhsPointer = false;
  bool allowRhsPointer = false;
  /// `/`, `//`, `%`: see computationType.
  bool divOrMod = false;
};

class ArithmeticBuilder : public CastBuilder {
public:
  using CastBuilder::CastBuilder;

  /// Both operands in one scalar type and one shape. Pointers keep their type.
  std::pair<Value, Value> legalize(const Operand &lhs, const Operand &rhs, BinaryRules rules = {});

  /// Also pointer + integer and integer + pointer, counted in elements; the offset is extended by
  /// its sign.
  Value add(const Operand &lhs, const Operand &rhs);
  /// Also pointer - integer.
  Value sub(const Operand &lhs, const Operand &rhs);
  Value mul(const Operand &lhs, const Operand &rhs);
  /// `/`: integers are divided as fp32, 16-bit floats as fp32.
  Value truediv(const Operand &lhs, const Operand &rhs);
  /// `//` of integers, truncating toward zero as in C.
  Value floordiv(const Operand &lhs, const Operand &rhs);
  /// `%`: remainder with the dividend's sign, as in C (`fmod` for floats).
  Value mod(const Operand &lhs, const Operand &rhs);
  /// Division in the operands' own float type; `ieeeRounding` demands the nearest result whatever
  /// the numeric mode.
  Value fdiv(const Operand &lhs, const Operand &rhs, bool ieeeRounding = false);

  Value bitAnd(const Operand &lhs, const Operand &rhs);
  Value bitOr(const Operand &lhs, const Operand &rhs);
  Value bitXor(const Operand &lhs, const Operand &rhs);
  Value shl(const Operand &lhs, const Operand &rhs);
  /// `>>`: arithmetic for signed types, logical for unsigned ones.
  Value shr(const Operand &lhs, const Operand &rhs);

  Value neg(const Operand &value);
  Value invert(const Operand &value);

  /// Smaller or larger of two elements. bf16 is widened to fp32, as is the result. A NaN loses
  /// unless `propagateNaN`.
  Value minimum(const Operand &lhs, const Operand &rhs, bool propagateNaN = false);
  Value maximum(const Operand &lhs, const Operand &rhs, bool propagateNaN = false);
  /// min(max(value, low), high) of floats.
  Value clamp(const Operand &value, const Operand &low, const Operand &high,
              bool propagateNaN = false);

  // Comparisons give int1. Floats compare as IEEE 754 says: with a NaN only `ne` is true.
  Value lt(const Operand &lhs, const Operand &rhs);
  Value le(const Operand &lhs, const Operand &rhs);
  Value gt(const Operand &lhs, const Operand &rhs);
  Value ge(const Operand &lhs, const Operand &rhs);
  Value eq(const Operand &lhs, const Operand &rhs);
  Value ne(const Operand &lhs, const Operand &rhs);

  /// Truth values; operands other than int1 count as `x != 0`. Both sides are evaluated.
  Value logicalAnd(const Operand &lhs, const Operand &rhs);
  Value logicalOr(const Operand &lhs, const Operand &rhs);
  Value logicalNot(const Operand &value);

  /// `condition ? x : y`, elementwise; x and y are promoted and all three broadcast.
  Value where(const Operand &condition, const Operand &x, const Operand &y);

private:
  enum class Comparison { LT, LE, GT, GE, EQ, NE };
  Value compare(Comparison kind, const Operand &lhs, const Operand &rhs);
  Value addPointer(const Value &pointer, const Operand &offset);
  Value extremum(bool isMax, Value lhs, Value rhs, bool propagateNaN);
  /// Operands of minimum, maximum and clamp: numbers take their own type first, and bf16 becomes
  /// fp32.
  Value extremumOperand(const Operand &operand);
  std::pair<Value, Value> legalizeBits(const Operand &lhs, const Operand &rhs, const char *symbol);
  /// Applies FloatOp to floats or IntOp to integers; fp8 is computed in fp32 and rounded back once.
  template <typename FloatOp, typename IntOp>
  Value arithmetic(const Operand &lhs, const Operand &rhs);
  template <typename FloatOp> Value floatBinary(const Value &lhs, const Value &rhs);
};

} // namespace cosmati::lang
