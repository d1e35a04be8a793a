// Construct.h: arithmetic, mathematical functions and conversions.
#include "compiler/Embedded/Trace.h"

namespace cosmati::detail {

Handle unary(UnaryOp op, const Operand &x, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    lang::Operand value = trace.operand(x);
    switch (op) {
    case UnaryOp::Negate:
      return trace.add(b.neg(value));
    case UnaryOp::Invert:
      return trace.add(b.invert(value));
    case UnaryOp::Not:
      return trace.add(b.logicalNot(value));
    case UnaryOp::ToBool:
      return trace.add(b.toBool(value));
    case UnaryOp::Abs:
      return trace.add(b.abs(value));
    case UnaryOp::Exp:
      return trace.add(b.exp(value));
    case UnaryOp::Exp2:
      return trace.add(b.exp2(value));
    case UnaryOp::Log:
      return trace.add(b.log(value));
    case UnaryOp::Log2:
      return trace.add(b.log2(value));
    case UnaryOp::Sin:
      return trace.add(b.sin(value));
    case UnaryOp::Cos:
      return trace.add(b.cos(value));
    }
    llvm_unreachable("every operation is handled above");
  });
}

Handle unary(FloatOp op, const Operand &x, Where where) {
  using F = lang::MathFunction;
  // In the order of FloatOp.
  static constexpr F functions[] = {F::Tanh,  F::Erf,   F::Sqrt, F::SqrtRn,
                                    F::Rsqrt, F::Floor, F::Ceil};
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.math(functions[static_cast<size_t>(op)], trace.operand(x)));
  });
}

static Handle build(BinaryOp op, const Operand &x, const Operand &y, Trace &trace,
                    lang::Builder &b) {
  using Method =
      lang::Value (lang::ArithmeticBuilder::*)(const lang::Operand &, const lang::Operand &);
  using B = lang::ArithmeticBuilder;
  // In the order of BinaryOp, up to LogicalOr.
  static constexpr Method methods[] = {
      &B::add,   &B::sub,    &B::mul, &B::truediv,    &B::floordiv, &B::mod, &B::bitAnd,
      &B::bitOr, &B::bitXor, &B::shl, &B::shr,        &B::lt,       &B::le,  &B::gt,
      &B::ge,    &B::eq,     &B::ne,  &B::logicalAnd, &B::logicalOr};
  lang::Operand lhs = trace.operand(x), rhs = trace.operand(y);
  if (op == BinaryOp::DivRn)
    return trace.add(b.divRn(lhs, rhs));
  if (op == BinaryOp::UMulHi)
    return trace.add(b.umulhi(lhs, rhs));
  return trace.add((b.*methods[static_cast<size_t>(op)])(lhs, rhs));
}

Handle binary(BinaryOp op, const Operand &x, const Operand &y, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) { return build(op, x, y, trace, b); });
}

Handle binaryHere(BinaryOp op, const Operand &x, const Operand &y) {
  Trace *trace = Trace::active();
  return binary(op, x, y, trace ? trace->place() : Where());
}

Handle extremum(bool isMax, const Operand &x, const Operand &y, bool propagateNaN, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    lang::Operand lhs = trace.operand(x), rhs = trace.operand(y);
    return trace.add(isMax ? b.maximum(lhs, rhs, propagateNaN) : b.minimum(lhs, rhs, propagateNaN));
  });
}

Handle clamp(const Operand &x, const Operand &low, const Operand &high, bool propagateNaN,
             Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(
        b.clamp(trace.operand(x), trace.operand(low), trace.operand(high), propagateNaN));
  });
}

Handle fma(const Operand &x, const Operand &y, const Operand &z, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.fma(trace.operand(x), trace.operand(y), trace.operand(z)));
  });
}

Handle fdiv(const Operand &x, const Operand &y, bool ieeeRounding, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.fdiv(trace.operand(x), trace.operand(y), ieeeRounding));
  });
}

Handle where(const Operand &condition, const Operand &x, const Operand &y, Where place) {
  return at(place, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.where(trace.operand(condition), trace.operand(x), trace.operand(y)));
  });
}

Handle cast(const Operand &x, const TypeSpec &type, std::string_view rounding, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.cast(trace.operand(x), toLanguageType(type), lang::parseRounding(rounding)));
  });
}

Handle bitcast(const Operand &x, const TypeSpec &type, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.bitcast(trace.value(x.value), toLanguageType(type)));
  });
}

} // namespace cosmati::detail
