#include "compiler/Conversion/TileGPUToNVVM/FpFormats.h"

#include <cmath>

using namespace mlir;
using cosmati::tile::Overflow;
using cosmati::tile::Rounding;

namespace cosmati::tonvvm {

std::optional<Fp8Format> fp8Format(Type type) {
  if (isa<Float8E4M3FNType>(type))
    return Fp8Format{3, 7, 0x7e, 0x7f, "e4m3x2"};
  if (isa<Float8E5M2Type>(type))
    return Fp8Format{2, 15, 0x7b, 0x7c, "e5m2x2"};
  return std::nullopt;
}

static bool isWide(Type type) {
  return type.isF16() || type.isBF16() || type.isF32() || type.isF64();
}

bool canConvert(Type from, Type to) {
  return (isWide(from) || fp8Format(from)) && (isWide(to) || fp8Format(to));
}

namespace {

constexpr uint32_t kNan = 0x7f; ///< of both formats

class Converter {
public:
  Converter(Emitter &emit, tilegpu::TargetAttr target, Rounding rounding, Overflow overflow)
      : emit(emit), target(target), rounding(rounding), overflow(overflow) {}

  SmallVector<Value> convert(ValueRange values, Type from, Type to) {
    if (from == to)
      return SmallVector<Value>(values);
    std::optional<Fp8Format> source = fp8Format(from), result = fp8Format(to);
    if (!source && !result)
      return each(values, [&](Value v) { return convertWide(v, to); });
    SmallVector<Value> wide = source ? expand(values, *source) : SmallVector<Value>(values);
    if (result)
      return narrow(wide, *result);
    return each(wide, [&](Value v) { return widen(v, to); });
  }

private:
  SmallVector<Value> each(ValueRange values, function_ref<Value(Value)> make) {
    return llvm::map_to_vector<6>(values, make);
  }
  SmallVector<Value> inPairs(ValueRange values,
                             function_ref<std::pair<Value, Value>(Value, Value)> make) {
    SmallVector<Value> results;
    for (size_t i = 0; i < values.size(); i += 2) {
      bool both = i + 1 < values.size();
      auto [first, second] = make(values[i], both ? values[i + 1] : emit.zero(values[i].getType()));
      results.push_back(first);
      if (both)
        results.push_back(second);
    }
    return results;
  }

  //===--------------------------------------------------------------------------------------------===//
  // Wide formats
  //===--------------------------------------------------------------------------------------------===//

  /// Exact, except that it is never used where it would round.
  Value widen(Value value, Type to) {
    if (value.getType() == to)
      return value;
    Value wide = emit.fpext(value, to.isF64() ? to : emit.f32());
    return emit.fptrunc(wide, to);
  }

  Value convertWide(Value value, Type to) {
    Type from = value.getType();
    bool exact = to.isF64() || (to.isF32() && !from.isF64());
    if (exact)
      return emit.fpext(value, to);
    Value single = from.isF64() ? value : emit.fpext(value, emit.f32());
    Value result = rounding == Rounding::TowardZero ? truncateTowardZero(single, to)
                                                    : emit.fptrunc(single, to);
    return overflow == Overflow::Saturate ? saturate(result, value) : result;
  }

  Value truncateTowardZero(Value value, Type to) {
    if (value.getType().isF64())
      value = emit.intrinsic("llvm.nvvm.d2f.rz", emit.f32(), {value});
    if (to.isF32())
      return value;
    StringRef name = to.isF16() ? "llvm.nvvm.ff2f16x2.rz" : "llvm.nvvm.ff2bf16x2.rz";
    Value pair = emit.intrinsic(name, emit.vector(2, to), {emit.f32(0), value});
    return emit.extract(pair, 0);
  }

  /// Infinity becomes the largest finite value.
  Value saturate(Value result, Value source) {
    auto type = cast<FloatType>(result.getType());
    const llvm::fltSemantics &semantics = type.getFloatSemantics();
    auto constant = [&](const APFloat &value) -> Value {
      return LLVM::ConstantOp::create(emit.builder, emit.loc, type, FloatAttr::get(type, value));
    };
    Value infinite = emit.fcmp(LLVM::FCmpPredicate::oeq, emit.fabs(result),
                               constant(APFloat::getInf(semantics)));
    Value largest = LLVM::CopySignOp::create(emit.builder, emit.loc, type,
                                             constant(APFloat::getLargest(semantics)), result);
    return emit.select(infinite, largest, result);
  }

  //===--------------------------------------------------------------------------------------------===//
  // From fp8: to f16, which holds every value
  //===--------------------------------------------------------------------------------------------===//

  SmallVector<Value> expand(ValueRange bytes, const Fp8Format &format) {
    if (target.hasFp8Convert())
      return inPairs(bytes, [&](Value low, Value high) {
        Value pair = emit.bitcast(emit.pack({low, high}), emit.i16());
        std::string name = ("llvm.nvvm." + format.hardware + ".to.f16x2.rn").str();
        Value halves = emit.intrinsic(name, emit.vector(2, emit.f16()), {pair});
        return std::pair(emit.extract(halves, 0), emit.extract(halves, 1));
      });
    return each(bytes, [&](Value byte) { return expandToF16(byte, format); });
  }

  /// The code, moved to f16's fields, is the value times 2^(bias - 15), subnormals included.
  Value expandToF16(Value byte, const Fp8Format &format) {
    Value code = emit.zext(byte, emit.i16());
    if (format.mantissa == 2) // E5M2 is the upper half of f16
      return emit.bitcast(emit.shl(code, 8), emit.f16());
    Value magnitude = emit.shl(emit.bitAnd(code, 0x7f), 10 - format.mantissa);
    Value sign = emit.shl(emit.bitAnd(code, 0x80), 8);
    Value scale = emit.real(emit.f16(), std::ldexp(1.0, 15 - format.bias));
    Value value = emit.fmul(emit.bitcast(emit.bitOr(magnitude, sign), emit.f16()), scale);
    Value nan = emit.bitcast(emit.integer(emit.i16(), 0x7fff), emit.f16());
    Value isNan = emit.eq(emit.bitAnd(code, 0x7f), 0x7f);
    return emit.select(isNan, nan, value);
  }

  //===--------------------------------------------------------------------------------------------===//
  // To fp8
  //===--------------------------------------------------------------------------------------------===//

  SmallVector<Value> narrow(ValueRange values, const Fp8Format &format) {
    if (rounding == Rounding::NearestEven && target.hasFp8Convert())
      return inPairs(values, [&](Value low, Value high) { return narrowPair(low, high, format); });
    return each(values, [&](Value value) { return narrowOne(toSingle(value), format); });
  }

  /// f32 with the same value, or for f64 with one that rounds to the same fp8 value: toward zero
  /// with the last bit set where that was inexact ("round to odd").
  Value toSingle(Value value) {
    if (!value.getType().isF64())
      return emit.fpext(value, emit.f32());
    Value single = emit.intrinsic("llvm.nvvm.d2f.rz", emit.f32(), {value});
    Value inexact = emit.fcmp(LLVM::FCmpPredicate::une, emit.fpext(single, emit.f64()), value);
    Value bits = emit.bitOr(emit.bitcast(single, emit.i32()), emit.zext(inexact, emit.i32()));
    return emit.bitcast(bits, emit.f32());
  }

  /// cvt.rn.satfinite: saturates; NaN gives 0x7f.
  std::pair<Value, Value> narrowPair(Value low, Value high, const Fp8Format &format) {
    Value pair;
    if (low.getType().isF16()) {
      std::string name = ("llvm.nvvm.f16x2.to." + format.hardware + ".rn").str();
      pair = emit.intrinsic(name, emit.i16(), {emit.pack({low, high})});
    } else {
      low = toSingle(low);
      high = toSingle(high);
      std::string name = ("llvm.nvvm.ff.to." + format.hardware + ".rn").str();
      pair = emit.intrinsic(name, emit.i16(), {high, low}); // the first one is the upper byte
    }
    Value bytes = emit.bitcast(pair, emit.vector(2, emit.i8()));
    Value first = emit.extract(bytes, 0), second = emit.extract(bytes, 1);
    if (overflow == Overflow::Saturate)
      return {first, second};
    return {overflowed(first, low, format), overflowed(second, high, format)};
  }

  /// The byte, or the format's code for overflow where the value is beyond the last one that rounds
  /// to a finite value (for E5M2 a tie rounds up, to the even mantissa).
  Value overflowed(Value byte, Value value, const Fp8Format &format) {
    bool tieOverflows = format.largest & 1;
    double largest = decode(format.largest, format), next = decode(format.largest + 1, format);
    Value limit = emit.real(value.getType(), (largest + next) / 2);
    Value beyond = emit.fcmp(tieOverflows ? LLVM::FCmpPredicate::oge : LLVM::FCmpPredicate::ogt,
                             emit.fabs(value), limit);
    Value code = emit.integer(emit.i8(), format.overflow);
    if (format.overflow != kNan)
      code = emit.bitOr(code, emit.bitAnd(byte, 0x80));
    return emit.select(beyond, code, byte);
  }

  /// The value that a code would have if all exponents were finite.
  static double decode(uint32_t code, const Fp8Format &format) {
    int exponent = static_cast<int>(code >> format.mantissa) - format.bias;
    uint32_t fraction = code & ((1u << format.mantissa) - 1);
    return std::ldexp(1.0 + std::ldexp(fraction, -static_cast<int>(format.mantissa)), exponent);
  }

  /// By integer arithmetic on the bits of an f32.
  Value narrowOne(Value value, const Fp8Format &format) {
    Value bits = emit.bitcast(value, emit.i32());
    Value magnitude = emit.bitAnd(bits, 0x7fffffff);
    Value smallest = emit.i32(int64_t(128 - format.bias) << 23);
    Value code = emit.select(emit.icmp(LLVM::ICmpPredicate::ult, magnitude, smallest),
                             subnormalCode(value, format), normalCode(magnitude, format));
    code = handleOverflow(code, magnitude, bits, format);
    Value isNan = emit.ugt(magnitude, 0x7f800000);
    return emit.trunc(emit.select(isNan, emit.i32(kNan), code), emit.i8());
  }

  Value normalCode(Value magnitude, const Fp8Format &format) {
    unsigned shift = 23 - format.mantissa;
    if (rounding == Rounding::NearestEven) {
      Value odd = emit.bitAnd(emit.lshr(magnitude, shift), 1);
      magnitude = emit.add(emit.add(magnitude, odd), (int64_t(1) << (shift - 1)) - 1);
    }
    return emit.add(emit.lshr(magnitude, shift), -(int64_t(127 - format.bias) << format.mantissa));
  }

  /// |value| + 2^k, with k such that the sum's last bit is the smallest subnormal: the adder
  /// rounds.
  Value subnormalCode(Value value, const Fp8Format &format) {
    Value anchor = emit.f32(std::ldexp(1.0, 24 - format.bias - static_cast<int>(format.mantissa)));
    Value absolute = emit.fabs(value);
    Value sum = rounding == Rounding::NearestEven
                    ? emit.fadd(absolute, anchor)
                    : emit.intrinsic("llvm.nvvm.add.rz.f", emit.f32(), {absolute, anchor});
    return emit.sub(emit.bitcast(sum, emit.i32()), emit.bitcast(anchor, emit.i32()));
  }

  /// Clamps the code or replaces it, and adds the sign.
  Value handleOverflow(Value code, Value magnitude, Value bits, const Fp8Format &format) {
    Value largest = emit.i32(format.largest);
    Value clamped = emit.umin(code, largest);
    Value sign = emit.bitAnd(emit.lshr(bits, 24), 0x80);
    auto signedCode = [&](Value c) { return emit.bitOr(c, sign); };
    if (overflow == Overflow::Saturate)
      return signedCode(clamped);
    Value beyond = rounding == Rounding::NearestEven
                       ? emit.icmp(LLVM::ICmpPredicate::ugt, code, largest)
                       : emit.eq(magnitude, 0x7f800000);
    Value replacement = emit.i32(format.overflow);
    if (format.overflow != kNan)
      replacement = signedCode(replacement);
    return emit.select(beyond, replacement, signedCode(clamped));
  }

  Emitter &emit;
  tilegpu::TargetAttr target;
  Rounding rounding;
  Overflow overflow;
};

} // namespace

SmallVector<Value> convertFloats(Emitter &emit, tilegpu::TargetAttr target, ValueRange values,
                                 Type from, Type to, Rounding rounding, Overflow overflow) {
  return Converter(emit, target, rounding, overflow).convert(values, from, to);
}

} // namespace cosmati::tonvvm
