#include "compiler/Conversion/TileGPUToNVVM/FpFormats.h"

#include <cmath>

using namespace mlir;
using cosmati::tile::Overflow;
using cosmati::tile::Rounding;

namespace cosmati::tonvvm {

std::optional<Fp8Format> fp8Format(Type type) {
  if (isa<Float8E4M3FNType>(type))
    return Fp8Format{3, 7, 0x7e, 0x7f, 0x7f, "e4m3x2"};
  if (isa<Float8E5M2Type>(type))
    return Fp8Format{2, 15, 0x7b, 0x7c, 0x7f, "e5m2x2"};
  if (isa<Float8E4M3FNUZType>(type))
    return Fp8Format{3, 8, 0x7f, 0x80, 0x80, ""};
  if (isa<Float8E5M2FNUZType>(type))
    return Fp8Format{2, 16, 0x7f, 0x80, 0x80, ""};
  return std::nullopt;
}

static bool isWide(Type type) {
  return type.isF16() || type.isBF16() || type.isF32() || type.isF64();
}

bool canConvert(Type from, Type to) {
  return (isWide(from) || fp8Format(from)) && (isWide(to) || fp8Format(to));
}

namespace {

class Converter {
public:
  Converter(Emitter &emit, tilegpu::TargetAttr target, bool ftz, Rounding rounding,
            Overflow overflow)
      : emit(emit), target(target), ftz(ftz), rounding(rounding), overflow(overflow) {}

  SmallVector<Value> convert(ValueRange values, Type from, Type to) {
    if (from == to)
      return SmallVector<Value>(values);
    std::optional<Fp8Format> source = fp8Format(from), result = fp8Format(to);
    if (!source && !result)
      return convertWide(values, to);
    SmallVector<Value> wide = source ? expand(values, *source) : SmallVector<Value>(values);
    if (result)
      return narrow(wide, *result);
    return widen(wide, to);
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

  /// The values of fp8, which all these types hold.
  SmallVector<Value> widen(ValueRange values, Type to) {
    if (to.isBF16())
      return roundInPairs(values, to);
    return each(values, [&](Value value) { return emit.fpext(value, to); });
  }

  SmallVector<Value> convertWide(ValueRange values, Type to) {
    Type from = values.front().getType();
    bool exact = to.isF64() || (to.isF32() && !from.isF64());
    if (exact)
      return each(values, [&](Value value) { return emit.fpext(value, to); });
    SmallVector<Value> results =
        rounding == Rounding::TowardZero ? truncateTowardZero(values, to)
        : from.isF64() ? each(values, [&](Value value) { return emit.fptrunc(value, to); })
                       : roundInPairs(values, to);
    if (overflow == Overflow::Saturate)
      for (auto [result, source] : llvm::zip_equal(results, values))
        result = saturate(result, source);
    return results;
  }

  SmallVector<Value> truncateTowardZero(ValueRange values, Type to) {
    SmallVector<Value> singles = each(values, [&](Value value) -> Value {
      return value.getType().isF64() ? emit.intrinsic("llvm.nvvm.d2f.rz", emit.f32(), {value})
                                     : emit.fpext(value, emit.f32());
    });
    if (to.isF32())
      return singles;
    return inPairs(singles,
                   [&](Value low, Value high) { return narrowPair(low, high, to, ".rz"); });
  }

  /// f16 or bf16: one cvt for two registers, which users that pack neighbours take as one word. Not
  /// by fptrunc: LLVM moves that through the phi of a loop's result, and there is no pair any more.
  SmallVector<Value> roundInPairs(ValueRange values, Type to) {
    SmallVector<Value> singles =
        each(values, [&](Value value) { return emit.fpext(value, emit.f32()); });
    size_t paired = singles.size() & ~size_t(1);
    SmallVector<Value> results =
        inPairs(ValueRange(singles).take_front(paired),
                [&](Value low, Value high) { return narrowPair(low, high, to, ".rn"); });
    if (paired != singles.size())
      results.push_back(emit.fptrunc(singles.back(), to));
    return results;
  }

  std::pair<Value, Value> narrowPair(Value low, Value high, Type to, StringRef mode) {
    StringRef name = to.isF16() ? "llvm.nvvm.ff2f16x2" : "llvm.nvvm.ff2bf16x2";
    Value pair = emit.intrinsic((name + mode).str(), emit.vector(2, to), {high, low});
    return {emit.extract(pair, 0), emit.extract(pair, 1)};
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
    if (format.hardware.empty())
      return each(bytes, [&](Value byte) { return expandOne(byte, format); });
    if (target.hasFp8Convert())
      return inPairs(bytes, [&](Value low, Value high) {
        Value pair =
            emit.bitOr(emit.zext(low, emit.i16()), emit.shl(emit.zext(high, emit.i16()), 8));
        std::string name = ("llvm.nvvm." + format.hardware + ".to.f16x2.rn").str();
        return halves(emit.intrinsic(name, emit.vector(2, emit.f16()), {pair}));
      });
    SmallVector<Value> results;
    for (size_t i = 0; i < bytes.size(); i += 4)
      expandWord(bytes.slice(i, std::min<size_t>(4, bytes.size() - i)), format, results);
    return results;
  }

  /// A format with one zero: the fields of f32 with the bias adjusted, or an integer times the
  /// smallest subnormal. All are normal in f32, so nothing is flushed.
  Value expandOne(Value byte, const Fp8Format &format) {
    Value code = emit.zext(byte, emit.i32());
    Value magnitude = emit.bitAnd(code, 0x7f);
    Value normal =
        emit.add(emit.shl(magnitude, 23 - format.mantissa), int64_t(127 - format.bias) << 23);
    Value fraction = LLVM::UIToFPOp::create(emit.builder, emit.loc, emit.f32(), magnitude);
    Value subnormal = emit.bitcast(
        emit.fmul(fraction, emit.f32(std::ldexp(1.0, 1 - format.bias - int(format.mantissa)))),
        emit.i32());
    Value bits = emit.select(emit.ult(magnitude, 1u << format.mantissa), subnormal, normal);
    bits = emit.bitOr(bits, emit.shl(emit.bitAnd(code, 0x80), 24));
    bits = emit.select(emit.eq(code, format.nan), emit.i32(0x7fc00000), bits);
    return emit.fptrunc(emit.bitcast(bits, emit.f32()), emit.f16());
  }

  std::pair<Value, Value> halves(Value pair) {
    return {emit.extract(pair, 0), emit.extract(pair, 1)};
  }

  /// Up to four codes: each pair in the upper bytes of two halves.
  void expandWord(ValueRange bytes, const Fp8Format &format, SmallVector<Value> &results) {
    constexpr int64_t kUpperBytes[] = {0x1404, 0x3424}; // of the word's bytes; 4 selects a zero
    Value word = packWords(emit, bytes, 32).front();
    for (size_t i = 0; i < bytes.size(); i += 2) {
      Value pair = emit.intrinsic("llvm.nvvm.prmt", emit.i32(),
                                  {word, emit.i32(0), emit.i32(kUpperBytes[i / 2])});
      auto [low, high] = halves(expandPair(pair, format));
      results.push_back(low);
      if (i + 1 < bytes.size())
        results.push_back(high);
    }
  }

  /// The codes, moved to the fields of f16, are the values times 2^(bias - 15), subnormals
  /// included. E4M3: the magnitude 0x7f (NaN) is in bits 7 to 13, and there alone 2^7 more carries
  /// into bit 14; with it the exponent is all ones.
  Value expandPair(Value codes, const Fp8Format &format) {
    Type pair = emit.vector(2, emit.f16());
    if (format.mantissa == 2) // E5M2 is the upper half of f16
      return emit.bitcast(codes, pair);
    Value magnitude = emit.bitAnd(emit.lshr(codes, 1), 0x3f803f80);
    Value nan = emit.bitAnd(emit.add(magnitude, 0x00800080), 0x40004000);
    Value sign = emit.bitAnd(codes, 0x80008000);
    Value bits = emit.bitOr(emit.bitOr(magnitude, nan), sign);
    return scaled(emit.bitcast(bits, pair), std::ldexp(1.0, 15 - format.bias));
  }

  /// Exact. A product of f16 would flush subnormal factors under ftz; their f32 are normal.
  Value scaled(Value pair, double factor) {
    if (!ftz)
      return emit.fmul(pair, splat(pair.getType(), factor));
    auto product = [&](Value half) {
      return emit.fmul(emit.fpext(half, emit.f32()), emit.f32(factor));
    };
    auto [low, high] = halves(pair);
    return emit.intrinsic("llvm.nvvm.ff2f16x2.rn", pair.getType(), {product(high), product(low)});
  }

  Value splat(Type type, double value) {
    auto vector = cast<VectorType>(type);
    auto number = FloatAttr::get(vector.getElementType(), value);
    return LLVM::ConstantOp::create(emit.builder, emit.loc, vector,
                                    DenseElementsAttr::get(vector, number.getValue()));
  }

  //===--------------------------------------------------------------------------------------------===//
  // To fp8
  //===--------------------------------------------------------------------------------------------===//

  SmallVector<Value> narrow(ValueRange values, const Fp8Format &format) {
    if (rounding == Rounding::NearestEven && !format.hardware.empty() && target.hasFp8Convert())
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
    Value first = emit.trunc(pair, emit.i8()), second = emit.trunc(emit.lshr(pair, 8), emit.i8());
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
    if (format.overflow != format.nan)
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
    return emit.trunc(emit.select(isNan, emit.i32(format.nan), code), emit.i8());
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
    if (!format.hasNegativeZero())
      sign = emit.select(emit.eq(clamped, 0), emit.i32(0), sign);
    auto signedCode = [&](Value c) { return emit.bitOr(c, sign); };
    if (overflow == Overflow::Saturate)
      return signedCode(clamped);
    Value beyond = rounding == Rounding::NearestEven
                       ? emit.icmp(LLVM::ICmpPredicate::ugt, code, largest)
                       : emit.eq(magnitude, 0x7f800000);
    Value replacement = emit.i32(format.overflow);
    if (format.overflow != format.nan)
      replacement = signedCode(replacement);
    return emit.select(beyond, replacement, signedCode(clamped));
  }

  Emitter &emit;
  tilegpu::TargetAttr target;
  bool ftz;
  Rounding rounding;
  Overflow overflow;
};

} // namespace

SmallVector<Value> convertFloats(Emitter &emit, tilegpu::TargetAttr target, bool ftz,
                                 ValueRange values, Type from, Type to, Rounding rounding,
                                 Overflow overflow) {
  return Converter(emit, target, ftz, rounding, overflow).convert(values, from, to);
}

} // namespace cosmati::tonvvm
