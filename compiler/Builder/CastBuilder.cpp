#include "compiler/Builder/CastBuilder.h"
#include "dialects/Tile/IR/TileDialect.h"

#include <cmath>

namespace cosmati::lang {
namespace arith = mlir::arith;

Rounding parseRounding(llvm::StringRef text) {
  if (text.empty())
    return Rounding::Default;
  if (text == "rtne")
    return Rounding::NearestEven;
  if (text == "rtz")
    return Rounding::TowardZero;
  fail("Invalid rounding mode: {0}. Supported rounding modes are 'rtne' and 'rtz'.", text);
}

static void checkRounding(LanguageType from, LanguageType to, Rounding rounding) {
  bool narrows = from.isFloat() && to.isFloat() && to.bitwidth() < from.bitwidth();
  if (rounding != Rounding::Default && !narrows)
    fail("fp_downcast_rounding should be set only for truncating fp conversions. Source scalar "
         "type is {0} and "
         "destination type is {1}",
         from.str(), to.str());
}

Value CastBuilder::cast(const Operand &operand, LanguageType target, Rounding rounding) {
  LanguageType to = target.scalar();
  if (operand.isWeak() && !to.isPointer() && !to.isVoid())
    return convertedConstant(operand, to);
  Value value = materialize(operand);
  LanguageType from = value.type.scalar();
  if (from == to)
    return value;
  checkRounding(from, to, rounding);
  if (to.isVoid())
    failType("cannot cast {0} to void", from.str());
  LanguageType type = value.type.withScalar(to);
  if (from.isPointer() || to.isPointer())
    return castPointer(value, type);
  if (to.isBool())
    return toBool(value);
  if (from == Scalar::FP8E4B15)
    return cast(fromE4B15(value), to, rounding);
  if (to == Scalar::FP8E4B15)
    return toE4B15(value);
  if (from.isFloat())
    return to.isFloat() ? castFloat(value, type, rounding) : castFloatToInt(value, type);
  return to.isFloat() ? castIntToFloat(value, type) : castInt(value, type);
}

Value CastBuilder::castFloat(const Value &value, LanguageType type, Rounding rounding) {
  LanguageType from = value.type.scalar(), to = type.scalar();
  if (from.isFP8() &&
      to.isFP8()) // fp16 holds every fp8 value exactly, so the second step rounds the first value
    return castFloat(castFloat(value, type.withScalar(Scalar::FP16), Rounding::Default), type,
                     rounding);
  if (from.isFP8() || to.isFP8() || rounding == Rounding::TowardZero) {
    auto mode =
        rounding == Rounding::TowardZero ? tile::Rounding::TowardZero : tile::Rounding::NearestEven;
    bool saturate = to.isFP8() && options.saturateFP8; // wider formats keep their infinity
    auto overflow = saturate ? tile::Overflow::Saturate : tile::Overflow::NonFinite;
    return emit<tile::FpConvertOp>(type, value.handle, mode, overflow);
  }
  if (from.bitwidth() == to.bitwidth()) // fp16 and bf16: fp32 holds both exactly
    return castFloat(castFloat(value, type.withScalar(Scalar::FP32), Rounding::Default), type,
                     rounding);
  if (from.bitwidth() < to.bitwidth())
    return emit<arith::ExtFOp>(type, value.handle);
  return emit<arith::TruncFOp>(type, value.handle);
}

/// The bits, one step to the left, are those of fp16, whose bias is the same.
Value CastBuilder::fromE4B15(const Value &value) {
  LanguageType word = value.type.withScalar(Scalar::UInt16);
  auto number = [&](int64_t n) { return convertedConstant(n, word).handle; };
  Value bits = emit<arith::ExtUIOp>(word, value.handle);
  Value magnitude = emit<arith::ShLIOp>(
      word, emit<arith::AndIOp>(word, bits.handle, number(0x7f)).handle, number(7));
  Value sign = emit<arith::ShLIOp>(
      word, emit<arith::AndIOp>(word, bits.handle, number(0x80)).handle, number(8));
  Value half = emit<arith::OrIOp>(word, magnitude.handle, sign.handle);
  return bitcast(half, Scalar::FP16);
}

/// From fp16, to which wider values are first truncated (which keeps each on its side of every
/// tie): magnitudes, at most 1.75, are rounded to the nearest code, ties away from zero.
Value CastBuilder::toE4B15(const Value &value) {
  Value wide = value.type.isInt() ? cast(value, Scalar::FP32) : value;
  bool truncates = wide.type.isFloat() && wide.type.bitwidth() > 16;
  if (wide.type.scalarKind() == Scalar::BF16)
    wide = cast(wide, Scalar::FP32), truncates = true;
  Value half = cast(wide, Scalar::FP16, truncates ? Rounding::TowardZero : Rounding::Default);
  LanguageType word = value.type.withScalar(Scalar::UInt16);
  auto number = [&](int64_t n) { return convertedConstant(n, word).handle; };
  Value bits = bitcast(half, Scalar::UInt16);
  Value magnitude = emit<arith::AndIOp>(word, bits.handle, number(0x7fff));
  Value clamped = emit<arith::MinUIOp>(word, magnitude.handle, number(kLargestE4B15 << 7));
  Value rounded = emit<arith::ShRUIOp>(
      word, emit<arith::AddIOp>(word, clamped.handle, number(0x40)).handle, number(7));
  Value sign = emit<arith::AndIOp>(word, emit<arith::ShRUIOp>(word, bits.handle, number(8)).handle,
                                   number(0x80));
  Value code = emit<arith::OrIOp>(word, rounded.handle, sign.handle);
  return {emit<arith::TruncIOp>(value.type.withScalar(Scalar::UInt8), code.handle).handle,
          value.type.withScalar(Scalar::FP8E4B15)};
}

Value CastBuilder::castFloatToInt(const Value &value, LanguageType type) {
  if (value.type.isFP8())
    return castFloatToInt(castFloat(value, type.withScalar(Scalar::FP32), Rounding::Default), type);
  return type.isSigned() ? emit<arith::FPToSIOp>(type, value.handle)
                         : emit<arith::FPToUIOp>(type, value.handle);
}

Value CastBuilder::castIntToFloat(const Value &value, LanguageType type) {
  // fp32 holds every integer up to 2^24, and fp8 overflows long before: one rounding decides.
  if (type.isFP8())
    return castFloat(castIntToFloat(value, type.withScalar(Scalar::FP32)), type, Rounding::Default);
  return value.type.isSigned() ? emit<arith::SIToFPOp>(type, value.handle)
                               : emit<arith::UIToFPOp>(type, value.handle);
}

Value CastBuilder::castInt(const Value &value, LanguageType type) {
  unsigned from = value.type.bitwidth(), to = type.bitwidth();
  if (from == to)
    return {value.handle, type};
  if (from > to)
    return emit<arith::TruncIOp>(type, value.handle);
  return value.type.isSigned() ? emit<arith::ExtSIOp>(type, value.handle)
                               : emit<arith::ExtUIOp>(type, value.handle);
}

Value CastBuilder::castPointer(const Value &value, LanguageType type) {
  LanguageType from = value.type.scalar(), to = type.scalar();
  if (from.isPointer() && to.isPointer()) {
    if (mlirType(from) == mlirType(to)) // only `const` or the sign of the pointee differ
      return {value.handle, type};
    return emit<tile::PtrCastOp>(type, value.handle);
  }
  if (from.isPointer() && to.isInt() && (to.bitwidth() == 64 || to.isBool())) {
    Value address = emit<tile::PtrToIntOp>(type.withScalar(Scalar::Int64), value.handle);
    return cast(address, to);
  }
  if (from.isInt() && to.isPointer()) {
    Value address =
        castInt(value, type.withScalar(from.isSigned() ? Scalar::Int64 : Scalar::UInt64));
    return emit<tile::IntToPtrOp>(type, address.handle);
  }
  failType("cannot cast {0} to {1}: an address is converted to and from 64-bit integers",
           from.str(), to.str());
}

Value CastBuilder::bitcast(const Value &value, LanguageType target) {
  LanguageType from = value.type.scalar(), to = target.scalar();
  if (from == to)
    return value;
  if (from.isPointer() || to.isPointer())
    return cast(value, to);
  if (from.bitwidth() != to.bitwidth() || to.isVoid())
    fail("Cannot bitcast data-type of size {0} to data-type of size {1} ({2} to {3})",
         from.bitwidth(), to.bitwidth(), from.str(), to.str());
  LanguageType type = value.type.withScalar(to);
  if (mlirType(from) == mlirType(to))
    return {value.handle, type};
  return emit<arith::BitcastOp>(type, value.handle);
}

Value CastBuilder::toBool(const Operand &operand) {
  if (operand.isWeak())
    return convertedConstant(operand, Scalar::Int1);
  Value value = operand.value();
  LanguageType type = value.type.boolLike();
  if (value.type.isBool())
    return value;
  if (value.type.isPointer())
    return castPointer(value, type);
  if (value.type.isFP8())
    value = cast(value, Scalar::FP32);
  Value zero = convertedConstant(0, value.type);
  if (value.type.isFloat())
    return emit<arith::CmpFOp>(type, arith::CmpFPredicate::UNE, value.handle, zero.handle);
  return emit<arith::CmpIOp>(type, arith::CmpIPredicate::ne, value.handle, zero.handle);
}

/// Whether an integer type has the number's very value; no type has that of NaN.
static bool holds(LanguageType type, double number) {
  double end = 2 * (static_cast<double>(type.maxInt() / 2) + 1); // beyond the largest, exactly
  return std::trunc(number) == number && number >= static_cast<double>(type.minInt()) &&
         number < end;
}

Value CastBuilder::full(Shape shape, const Operand &operand, LanguageType type) {
  LanguageType scalar = type.scalar();
  LanguageType block = LanguageType::block(scalar, shape);
  if (const double *number = operand.asFloat(); number && scalar.isInt() && !holds(scalar, *number))
    fail("Scalar {0} is out of range for type {1}, which holds the integers from {2} to {3}: round "
         "it, or choose a float type",
         operand.str(), scalar.str(), scalar.minInt(), scalar.maxInt());
  if (operand.isWeak() && (scalar.isInt() || scalar.isFloat()))
    return operand.asFloat() ? convertedConstant(operand, block) : constant(operand, block);
  return splat(item(cast(operand, scalar)), shape);
}

} // namespace cosmati::lang
