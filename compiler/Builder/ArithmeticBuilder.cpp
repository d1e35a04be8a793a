#include "compiler/Builder/ArithmeticBuilder.h"
#include "compiler/Builder/Promotion.h"
#include "dialects/Tile/IR/TileDialect.h"

namespace cosmati::lang {
namespace arith = mlir::arith;

namespace {

void checkPointer(LanguageType a, LanguageType b, bool allowed) {
  if (!a.isPointer())
    return;
  if (!allowed || (b.isPointer() && a != b) || b.isFloat())
    failType("invalid operands of type {0} and {1}", a.str(), b.str());
}

void checkNumber(const Operand &number, LanguageType type) {
  if (number.isWeak() && type.isInt() && !type.isBool() && type.isUnsigned() && number.isNegative())
    fail("Cannot perform a binary operation between an unsigned tensor and a negative scalar ({0} "
         "and {1}). Perform a "
         "explicit cast on one of them.",
         type.str(), number.str());
}

[[noreturn]] void failUnexpected(LanguageType type, const char *symbol, const char *remedy) {
  failType("unexpected type {0} as operand of {1}: {2}", type.str(), symbol, remedy);
}

} // namespace

std::pair<Value, Value> ArithmeticBuilder::legalize(const Operand &lhs, const Operand &rhs,
                                                    BinaryRules rules) {
  LanguageType a = lhs.type().scalar(), b = rhs.type().scalar();
  checkPointer(a, b, rules.allowLhsPointer);
  checkPointer(b, a, rules.allowRhsPointer);
  if (a.isPointer() || b.isPointer())
    return broadcast(materialize(lhs), materialize(rhs));
  LanguageType type = computationType(a, lhs.isWeak(), b, rhs.isWeak(), rules.divOrMod);
  auto convert = [&](const Operand &operand, const Operand &other) {
    if (!operand.isWeak())
      return cast(operand, type);
    checkNumber(operand, type);
    // A splat constant rather than a splat of a constant: folders look for the former.
    LanguageType shaped = other.isWeak() ? type : other.type().withScalar(type);
    return constant(operand, shaped);
  };
  Value x = convert(lhs, rhs);
  Value y = convert(rhs, lhs);
  return broadcast(x, y);
}

template <typename FloatOp>
Value ArithmeticBuilder::floatBinary(const Value &lhs, const Value &rhs) {
  if (!lhs.type.isFP8())
    return emit<FloatOp>(lhs.type, lhs.handle, rhs.handle);
  Value wide = floatBinary<FloatOp>(cast(lhs, Scalar::FP32), cast(rhs, Scalar::FP32));
  return cast(wide, lhs.type);
}

template <typename FloatOp, typename IntOp>
Value ArithmeticBuilder::arithmetic(const Operand &lhs, const Operand &rhs) {
  auto [x, y] = legalize(lhs, rhs);
  if (x.type.isFloat())
    return floatBinary<FloatOp>(x, y);
  return emit<IntOp>(x.type, x.handle, y.handle);
}

Value ArithmeticBuilder::addPointer(const Value &pointer, const Operand &operand) {
  Value offset = operand.isWeak() ? constant(operand, pointer.type.withScalar(operand.type()))
                                  : operand.value();
  // addptr extends its offset by the sign: an unsigned one must arrive as a positive number.
  if (offset.type.isUnsigned() && offset.type.bitwidth() < 64)
    offset = cast(offset, Scalar::Int64);
  auto [p, o] = broadcast(pointer, offset);
  return emit<tile::AddPtrOp>(p.type, p.handle, o.handle);
}

Value ArithmeticBuilder::add(const Operand &lhs, const Operand &rhs) {
  bool lhsPointer = lhs.type().isPointer(), rhsPointer = rhs.type().isPointer();
  if (!lhsPointer && !rhsPointer)
    return arithmetic<arith::AddFOp, arith::AddIOp>(lhs, rhs);
  if (lhsPointer && rhsPointer)
    failType("cannot add pointers together: {0} and {1}", lhs.type().str(), rhs.type().str());
  checkPointer(lhs.type().scalar(), rhs.type().scalar(), true);
  checkPointer(rhs.type().scalar(), lhs.type().scalar(), true);
  return lhsPointer ? addPointer(lhs.value(), rhs) : addPointer(rhs.value(), lhs);
}

Value ArithmeticBuilder::sub(const Operand &lhs, const Operand &rhs) {
  if (!lhs.type().isPointer())
    return arithmetic<arith::SubFOp, arith::SubIOp>(lhs, rhs);
  if (rhs.type().isPointer() || rhs.type().isFloat())
    failType("invalid operands of type {0} and {1}", lhs.type().scalar().str(),
             rhs.type().scalar().str());
  // Negate in 64 bits: the negative of an unsigned or of the most negative offset has no room in
  // its own type.
  return addPointer(lhs.value(), neg(cast(rhs, Scalar::Int64)));
}

Value ArithmeticBuilder::mul(const Operand &lhs, const Operand &rhs) {
  return arithmetic<arith::MulFOp, arith::MulIOp>(lhs, rhs);
}

Value ArithmeticBuilder::truediv(const Operand &lhs, const Operand &rhs) {
  auto [x, y] = legalize(lhs, rhs, {.divOrMod = true});
  if (x.type.isInt()) {
    x = cast(x, Scalar::FP32);
    y = cast(y, Scalar::FP32);
  }
  return floatBinary<arith::DivFOp>(x, y);
}

Value ArithmeticBuilder::floordiv(const Operand &lhs, const Operand &rhs) {
  auto [x, y] = legalize(lhs, rhs, {.divOrMod = true});
  if (!x.type.isInt())
    failUnexpected(x.type.scalar(), "//", "it divides integers; use / and floor for floats");
  return x.type.isSigned() ? emit<arith::DivSIOp>(x.type, x.handle, y.handle)
                           : emit<arith::DivUIOp>(x.type, x.handle, y.handle);
}

Value ArithmeticBuilder::mod(const Operand &lhs, const Operand &rhs) {
  auto [x, y] = legalize(lhs, rhs, {.divOrMod = true});
  if (x.type.isFloat())
    return floatBinary<arith::RemFOp>(x, y);
  return x.type.isSigned() ? emit<arith::RemSIOp>(x.type, x.handle, y.handle)
                           : emit<arith::RemUIOp>(x.type, x.handle, y.handle);
}

Value ArithmeticBuilder::fdiv(const Operand &lhs, const Operand &rhs, bool ieeeRounding) {
  auto [x, y] = legalize(materialize(lhs), materialize(rhs));
  if (!lhs.type().isFloat() || !rhs.type().isFloat())
    failType("both operands of fdiv must have floating scalar type, got {0} and {1}",
             lhs.type().str(), rhs.type().str());
  if (x.type.bitwidth() >= 32)
    return ieeeRounding ? emit<tile::DivRnOp>(x.type, x.handle, y.handle)
                        : floatBinary<arith::DivFOp>(x, y);
  // fp32's 24 bits are more than twice those of a 16-bit float: rounding the rounded quotient gives
  // the nearest one.
  LanguageType type = x.type;
  return cast(fdiv(cast(x, Scalar::FP32), cast(y, Scalar::FP32), ieeeRounding), type);
}

std::pair<Value, Value> ArithmeticBuilder::legalizeBits(const Operand &lhs, const Operand &rhs,
                                                        const char *symbol) {
  auto [x, y] = legalize(lhs, rhs);
  if (!x.type.isInt())
    failType("invalid operands of type {0} and {1} for {2}: bit operations take integers",
             lhs.type().scalar().str(), rhs.type().scalar().str(), symbol);
  return {x, y};
}

Value ArithmeticBuilder::bitAnd(const Operand &lhs, const Operand &rhs) {
  auto [x, y] = legalizeBits(lhs, rhs, "&");
  return emit<arith::AndIOp>(x.type, x.handle, y.handle);
}

Value ArithmeticBuilder::bitOr(const Operand &lhs, const Operand &rhs) {
  auto [x, y] = legalizeBits(lhs, rhs, "|");
  return emit<arith::OrIOp>(x.type, x.handle, y.handle);
}

Value ArithmeticBuilder::bitXor(const Operand &lhs, const Operand &rhs) {
  auto [x, y] = legalizeBits(lhs, rhs, "^");
  return emit<arith::XOrIOp>(x.type, x.handle, y.handle);
}

Value ArithmeticBuilder::shl(const Operand &lhs, const Operand &rhs) {
  auto [x, y] = legalizeBits(lhs, rhs, "<<");
  return emit<arith::ShLIOp>(x.type, x.handle, y.handle);
}

Value ArithmeticBuilder::shr(const Operand &lhs, const Operand &rhs) {
  auto [x, y] = legalizeBits(lhs, rhs, ">>");
  return x.type.isSigned() ? emit<arith::ShRSIOp>(x.type, x.handle, y.handle)
                           : emit<arith::ShRUIOp>(x.type, x.handle, y.handle);
}

Value ArithmeticBuilder::neg(const Operand &operand) {
  Value value = materialize(operand);
  if (value.type.isPointer())
    failType("wrong type argument to unary minus ({0})", value.type.scalar().str());
  if (value.type.isFP8() && value.type.hasOneZero()) // which has no sign to flip
    return cast(neg(cast(value, Scalar::FP32)), value.type);
  if (value.type.isFP8()) // on the bits: a conversion would saturate an infinity
    return bitcast(bitXor(bitcast(value, Scalar::UInt8), 0x80), value.type);
  if (value.type.isFloat())
    return emit<arith::NegFOp>(value.type, value.handle);
  return emit<arith::SubIOp>(value.type, convertedConstant(0, value.type).handle, value.handle);
}

Value ArithmeticBuilder::invert(const Operand &operand) {
  Value value = materialize(operand);
  if (!value.type.isInt())
    failType("wrong type argument to unary invert ({0}): it takes integers",
             value.type.scalar().str());
  return emit<arith::XOrIOp>(value.type, value.handle,
                             convertedConstant(value.type.isBool() ? 1 : -1, value.type).handle);
}

Value ArithmeticBuilder::extremumOperand(const Operand &operand) {
  Value value = materialize(operand);
  return value.type.scalarKind() == Scalar::BF16 ? cast(value, Scalar::FP32) : value;
}

Value ArithmeticBuilder::extremum(bool isMax, Value x, Value y, bool propagateNaN) {
  LanguageType type = x.type;
  if (type.isFP8()) { // the result is an operand or NaN, so an infinity stays one
    Value wide = extremum(isMax, cast(x, Scalar::FP32), cast(y, Scalar::FP32), propagateNaN);
    if (type.scalarKind() == Scalar::FP8E4B15)
      return cast(wide, type);
    return emit<tile::FpConvertOp>(type, wide.handle, tile::Rounding::NearestEven,
                                   tile::Overflow::NonFinite);
  }
  if (type.isFloat()) {
    if (propagateNaN)
      return isMax ? emit<arith::MaximumFOp>(type, x.handle, y.handle)
                   : emit<arith::MinimumFOp>(type, x.handle, y.handle);
    return isMax ? emit<arith::MaxNumFOp>(type, x.handle, y.handle)
                 : emit<arith::MinNumFOp>(type, x.handle, y.handle);
  }
  if (type.isSigned())
    return isMax ? emit<arith::MaxSIOp>(type, x.handle, y.handle)
                 : emit<arith::MinSIOp>(type, x.handle, y.handle);
  return isMax ? emit<arith::MaxUIOp>(type, x.handle, y.handle)
               : emit<arith::MinUIOp>(type, x.handle, y.handle);
}

Value ArithmeticBuilder::minimum(const Operand &lhs, const Operand &rhs, bool propagateNaN) {
  auto [x, y] = legalize(extremumOperand(lhs), extremumOperand(rhs));
  return extremum(false, x, y, propagateNaN);
}

Value ArithmeticBuilder::maximum(const Operand &lhs, const Operand &rhs, bool propagateNaN) {
  auto [x, y] = legalize(extremumOperand(lhs), extremumOperand(rhs));
  return extremum(true, x, y, propagateNaN);
}

Value ArithmeticBuilder::clamp(const Operand &operand, const Operand &low, const Operand &high,
                               bool propagateNaN) {
  Value value = extremumOperand(operand), lo = extremumOperand(low), hi = extremumOperand(high);
  std::tie(lo, hi) = legalize(lo, hi);
  std::tie(value, lo) = legalize(value, lo);
  std::tie(value, hi) = legalize(value, hi);
  if (!value.type.isFloat())
    failType("Unexpected dtype {0}. Only floating point clamp is supported; use minimum and "
             "maximum for integers",
             value.type.scalar().str());
  std::tie(value, lo) = legalize(value, lo);
  return extremum(false, extremum(true, value, lo, propagateNaN), hi, propagateNaN);
}

Value ArithmeticBuilder::compare(Comparison kind, const Operand &lhs, const Operand &rhs) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  // In the order of Comparison. Floats are ordered: false with a NaN, but for `!=`.
  static constexpr F floats[] = {F::OLT, F::OLE, F::OGT, F::OGE, F::OEQ, F::UNE};
  static constexpr I signedInts[] = {I::slt, I::sle, I::sgt, I::sge, I::eq, I::ne};
  static constexpr I unsignedInts[] = {I::ult, I::ule, I::ugt, I::uge, I::eq, I::ne};
  auto index = static_cast<size_t>(kind);
  auto [x, y] = legalize(lhs, rhs);
  if (x.type.isFP8()) {
    x = cast(x, Scalar::FP32);
    y = cast(y, Scalar::FP32);
  }
  LanguageType type = x.type.boolLike();
  if (x.type.isFloat())
    return emit<arith::CmpFOp>(type, floats[index], x.handle, y.handle);
  return emit<arith::CmpIOp>(type, (x.type.isSigned() ? signedInts : unsignedInts)[index], x.handle,
                             y.handle);
}

Value ArithmeticBuilder::lt(const Operand &lhs, const Operand &rhs) {
  return compare(Comparison::LT, lhs, rhs);
}
Value ArithmeticBuilder::le(const Operand &lhs, const Operand &rhs) {
  return compare(Comparison::LE, lhs, rhs);
}
Value ArithmeticBuilder::gt(const Operand &lhs, const Operand &rhs) {
  return compare(Comparison::GT, lhs, rhs);
}
Value ArithmeticBuilder::ge(const Operand &lhs, const Operand &rhs) {
  return compare(Comparison::GE, lhs, rhs);
}
Value ArithmeticBuilder::eq(const Operand &lhs, const Operand &rhs) {
  return compare(Comparison::EQ, lhs, rhs);
}
Value ArithmeticBuilder::ne(const Operand &lhs, const Operand &rhs) {
  return compare(Comparison::NE, lhs, rhs);
}

Value ArithmeticBuilder::logicalAnd(const Operand &lhs, const Operand &rhs) {
  Value x = toBool(lhs), y = toBool(rhs);
  return bitAnd(x, y);
}

Value ArithmeticBuilder::logicalOr(const Operand &lhs, const Operand &rhs) {
  Value x = toBool(lhs), y = toBool(rhs);
  return bitOr(x, y);
}

Value ArithmeticBuilder::logicalNot(const Operand &value) { return invert(toBool(value)); }

Value ArithmeticBuilder::where(const Operand &condition, const Operand &x, const Operand &y) {
  Value c = toBool(condition);
  auto [a, b] = legalize(x, y, {.allowLhsPointer = true, .allowRhsPointer = true});
  if (a.type != b.type)
    failType("where needs values of one type, got {0} and {1}", a.type.str(), b.type.str());
  if (c.isBlock()) {
    Value all[] = {c, a, b};
    broadcastAll(all);
    std::tie(c, a, b) = std::tie(all[0], all[1], all[2]);
  }
  return emit<arith::SelectOp>(a.type, c.handle, a.handle, b.handle);
}

} // namespace cosmati::lang
