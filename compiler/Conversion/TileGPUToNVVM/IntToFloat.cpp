// Integers of a few bits to floats by placing their bits in a float's fields. The converter unit
// does one element at a time at a fraction of the rate of the arithmetic units; here a 32-bit word
// holds four bytes, and one instruction moves or subtracts for two elements (f16, bf16).
//
// An element is known as value = field - bias with 0 <= field < 2^bits (SmallInteger below says
// how it is found). Then, exactly:
//
//   f16   bits <= 10: the half 0x6400 | field is 1024 + field (its last bit counts 1).
//         value = that - (1024 + bias).
//   bf16  bits <= 7: 0x4300 | field is 128 + field; value = that - (128 + bias).
//         bits = 8: the half whose bits are the field is field * 2^-133, whether its exponent bit
//         is set or not (the smallest normal number continues the subnormal ones). Two steps, since
//         2^133 is no bf16: times 2^127, then times 2^6 minus bias.
//   f32   bits <= 23: 0x4b000000 | field is 2^23 + field; value = that - (2^23 + bias).
//
// All constants are integers that the format holds, and each difference is an integer that it
// holds, too, so nothing rounds. bf16 uses fma (sm_80 has no other arithmetic on it, and it keeps
// subnormals). A zero comes out as +0, as from cvt.
#include "compiler/Conversion/TileGPUToNVVM/IntToFloat.h"
#include "compiler/Conversion/TileGPUToNVVM/DistinctRegisters.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

/// An integer whose value is field - bias, where field = ((source >>u shift) & mask) ^ flip. The
/// steps are kept apart from the ops that the user wrote: on a word they serve all its elements.
/// Where `minus` is there, that byte is taken off before the flip, modulo 256.
struct SmallInteger {
  Value source;
  uint32_t mask;
  unsigned shift = 0;
  uint32_t flip = 0;
  int64_t bias = 0;
  Value minus = {};

  unsigned bits() const { return minus ? 8 : 32 - llvm::countl_zero(mask); }

  /// Any byte, read as signed: the upper half of the codes are the negative numbers.
  static SmallInteger signedByte(Value value) { return {value, 0xff, 0, 0x80, 0x80}; }
};

unsigned widthOf(Value value) { return cast<IntegerType>(value.getType()).getWidth(); }

std::optional<APInt> constantOf(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant;
  return std::nullopt;
}

/// What a scalar is when read as signed or unsigned, by the op that made it.
class Recognizer {
public:
  static std::optional<SmallInteger> recognize(Value value, bool isSigned) {
    if (std::optional<SmallInteger> field = fieldOf(value))
      return field;
    if (auto wide = value.getDefiningOp<arith::ExtUIOp>(); wide && widthOf(wide.getIn()) >= 8)
      return recognize(wide.getIn(), /*isSigned=*/false);
    if (isSigned)
      if (std::optional<SmallInteger> field = signedFieldOf(value))
        return field;
    if (widthOf(value) != 8)
      return std::nullopt;
    if (!isSigned)
      return SmallInteger{value, 0xff};
    if (auto op = value.getDefiningOp<arith::SubIOp>())
      return difference(op);
    return SmallInteger::signedByte(value);
  }

private:
  /// x & mask or x >>u n, never negative when read as signed.
  static std::optional<SmallInteger> fieldOf(Value value) {
    if (auto op = value.getDefiningOp<arith::AndIOp>()) {
      std::optional<APInt> mask = constantOf(op.getRhs());
      Value source = mask ? op.getLhs() : op.getRhs();
      if (!mask)
        mask = constantOf(op.getLhs());
      if (mask && mask->isStrictlyPositive() && mask->getActiveBits() < 32)
        return masked(source, static_cast<uint32_t>(mask->getZExtValue()));
      return std::nullopt;
    }
    if (auto op = value.getDefiningOp<arith::ShRUIOp>())
      return upperBits(op.getLhs(), op.getRhs());
    return std::nullopt;
  }

  static SmallInteger masked(Value source, uint32_t mask) {
    std::optional<SmallInteger> upper;
    if (auto op = source.getDefiningOp<arith::ShRUIOp>())
      upper = upperBits(op.getLhs(), op.getRhs());
    else if (auto op = source.getDefiningOp<arith::ShRSIOp>())
      upper = upperBits(op.getLhs(), op.getRhs());
    bool copiesOfSign = source.getDefiningOp<arith::ShRSIOp>() && upper && (mask & ~upper->mask);
    if (!upper || copiesOfSign || !(mask & upper->mask))
      return {source, mask};
    upper->mask &= mask;
    return *upper;
  }

  /// x >>u n for a constant n that leaves at most 31 bits, seen through an x = y << k, k <= n.
  static std::optional<SmallInteger> upperBits(Value x, Value n) {
    std::optional<unsigned> shift = shiftAmount(n);
    unsigned bits = shift ? widthOf(x) - *shift : 32;
    if (bits > 31)
      return std::nullopt;
    uint32_t mask = (uint32_t(1) << bits) - 1;
    if (auto left = x.getDefiningOp<arith::ShLIOp>())
      if (std::optional<unsigned> by = shiftAmount(left.getRhs()); by && *by <= *shift)
        return SmallInteger{left.getLhs(), mask, *shift - *by};
    return SmallInteger{x, mask, *shift};
  }

  static std::optional<SmallInteger> signedFieldOf(Value value) {
    if (auto op = value.getDefiningOp<arith::ShRSIOp>())
      return signExtended(op);
    if (auto wide = value.getDefiningOp<arith::ExtSIOp>(); wide && widthOf(wide.getIn()) >= 8)
      return recognize(wide.getIn(), /*isSigned=*/true);
    return movedByConstant(value);
  }

  /// Above 0 and below the width.
  static std::optional<unsigned> shiftAmount(Value value) {
    std::optional<APInt> by = constantOf(value);
    if (!by || by->isZero() || !by->ult(widthOf(value)))
      return std::nullopt;
    return unsigned(by->getZExtValue());
  }

  /// x >>s n: the upper bits as a field, its sign bit flipped, is the value plus half the range.
  static std::optional<SmallInteger> signExtended(arith::ShRSIOp op) {
    std::optional<SmallInteger> field = upperBits(op.getLhs(), op.getRhs());
    if (!field)
      return std::nullopt;
    field->flip = uint32_t(1) << (field->bits() - 1);
    field->bias = field->flip;
    return field;
  }

  /// Of bytes, which may wrap: a code less its zero point.
  static SmallInteger difference(arith::SubIOp op) {
    SmallInteger field = fieldOf(op.getLhs()).value_or(SmallInteger{op.getLhs(), 0xff});
    field.flip = field.bias = 0x80;
    field.minus = op.getRhs();
    return field;
  }

  /// field - c or field + c, where that cannot wrap: a field below half the type's range.
  static std::optional<SmallInteger> movedByConstant(Value value) {
    Value base;
    std::optional<APInt> amount;
    if (auto difference = value.getDefiningOp<arith::SubIOp>()) {
      base = difference.getLhs();
      amount = constantOf(difference.getRhs());
    } else if (auto sum = value.getDefiningOp<arith::AddIOp>()) {
      base = sum.getLhs();
      amount = constantOf(sum.getRhs());
      if (amount)
        amount->negate();
    }
    if (!amount || !amount->isStrictlyPositive() || !amount->isSignedIntN(32))
      return std::nullopt; // the negative of INT_MIN is negative, too
    std::optional<SmallInteger> field = recognize(base, /*isSigned=*/false);
    if (!field || field->bias || field->bits() + 1 > widthOf(value))
      return std::nullopt;
    field->bias = amount->getSExtValue();
    return field;
  }
};

class Placer {
public:
  Placer(Emitter &emit, Type to) : emit(emit), to(to) {}

  /// Whether the formulas above are exact for this one.
  bool accepts(const SmallInteger &x) const {
    if (to.isF16())
      return x.bits() <= 10 && x.bias <= 1024;
    if (to.isBF16())
      return x.bits() <= 8 && x.bias <= 128;
    return x.bits() <= 23 && x.bias <= (1 << 22);
  }

  SmallVector<Value> convert(ArrayRef<SmallInteger> fields) {
    bool bytes = llvm::all_of(fields, [](const SmallInteger &x) { return widthOf(x.source) == 8; });
    SmallVector<Value> results;
    size_t perWord = bytes ? 4 : to.isF32() ? 1 : 2;
    for (size_t i = 0; i < fields.size(); i += perWord) {
      ArrayRef<SmallInteger> group = fields.slice(i, std::min(perWord, fields.size() - i));
      Value word = bytes ? packedBytes(group) : packedHalves(group);
      for (size_t first = 0; first < group.size(); first += to.isF32() ? 1 : 2)
        place(word, group.drop_front(first), bytes, unsigned(first), results);
    }
    return results;
  }

private:
  /// The fields of up to four elements that come from bytes: a word whose sources most often are a
  /// word already, shifted, masked and flipped at once.
  Value packedBytes(ArrayRef<SmallInteger> group) {
    unsigned shift = group.front().shift;
    bool common = llvm::all_of(group, [&](const SmallInteger &x) { return x.shift == shift; });
    SmallVector<Value> bytes;
    for (const SmallInteger &x : group)
      bytes.push_back(common ? x.source : shifted(x.source, x.shift));
    Value word = packWords(emit, bytes, 32).front();
    bool whole = common && !shift &&
                 llvm::all_of(group, [](const SmallInteger &x) { return x.mask == 0xff; });
    word = common ? shifted(word, shift) : word;
    return group.front().minus ? lessBytes(masked(word, group, 8, !whole), group)
                               : flipped(masked(word, group, 8, !whole), group, 8);
  }

  /// x - y in each byte, its upper bit flipped. The upper bits, set in x and clear in y, keep a
  /// borrow from leaving its byte; what they would have been is x ^ y ^ borrow, and d has 1 ^
  /// borrow there.
  Value lessBytes(Value x, ArrayRef<SmallInteger> group) {
    constexpr int64_t kUpper = 0x80808080, kOthers = 0x7f7f7f7f;
    SmallVector<Value> bytes;
    for (const SmallInteger &each : group)
      bytes.push_back(each.minus);
    Value y = packWords(emit, bytes, 32).front();
    Value d = emit.sub(emit.bitOr(x, kUpper), emit.bitAnd(y, kOthers));
    return emit.bitXor(d, emit.bitAnd(emit.bitXor(x, y), kUpper));
  }

  /// The fields of one or two elements from other types, 16 bits apart.
  Value packedHalves(ArrayRef<SmallInteger> group) {
    const SmallInteger &low = group.front(), &high = group.back();
    if (group.size() == 1)
      return flipped(masked(shifted32(low), group, 16, true), group, 16);
    unsigned bits = std::max(low.bits(), high.bits()), shift = low.shift;
    bool common = shift == high.shift && widthOf(low.source) <= 32 && widthOf(high.source) <= 32;
    constexpr int64_t kLowerHalves = 0x5410, kUpperHalves = 0x7632;
    Value word;
    if (common && shift + bits <= 16)
      word = shifted(permute(word32(low.source), word32(high.source), kLowerHalves), shift);
    else if (common && shift >= 16)
      word = shifted(permute(word32(low.source), word32(high.source), kUpperHalves), shift - 16);
    else
      word = permute(shifted32(low), shifted32(high), kLowerHalves);
    return flipped(masked(word, group, 16, true), group, 16);
  }

  /// Fields `spacing` bits apart, masked if wanted.
  Value masked(Value word, ArrayRef<SmallInteger> group, unsigned spacing, bool wanted) {
    uint32_t mask = 0;
    for (auto [i, x] : llvm::enumerate(group))
      mask |= x.mask << (spacing * unsigned(i));
    return wanted ? emit.bitAnd(word, int64_t(mask)) : word;
  }

  Value flipped(Value word, ArrayRef<SmallInteger> group, unsigned spacing) {
    uint32_t flip = 0;
    for (auto [i, x] : llvm::enumerate(group))
      flip |= x.flip << (spacing * unsigned(i));
    return flip ? emit.bitXor(word, int64_t(flip)) : word;
  }

  Value shifted(Value value, unsigned by) { return by ? emit.lshr(value, int64_t(by)) : value; }
  Value word32(Value value) {
    return widthOf(value) > 32 ? emit.trunc(value, emit.i32()) : emit.zext(value, emit.i32());
  }
  Value shifted32(const SmallInteger &x) { return word32(shifted(x.source, x.shift)); }

  void place(Value word, ArrayRef<SmallInteger> group, bool bytes, unsigned first,
             SmallVector<Value> &results) {
    if (to.isF32()) {
      results.push_back(single(word, group.front(), bytes, first));
      return;
    }
    group = group.take_front(2);
    Value pair =
        to.isF16() ? halfPair(word, group, bytes, first) : bfloatPair(word, group, bytes, first);
    for (size_t i = 0; i < group.size(); ++i)
      results.push_back(emit.extract(pair, int64_t(i)));
  }

  Value single(Value word, const SmallInteger &x, bool bytes, unsigned index) {
    constexpr int64_t kMagic = 0x4b000000;
    Value bits = bytes ? permute(word, emit.i32(kMagic), 0x7650 | index) : emit.bitOr(word, kMagic);
    return emit.fadd(emit.bitcast(bits, to), emit.f32(-double((int64_t(1) << 23) + x.bias)));
  }

  Value halfPair(Value word, ArrayRef<SmallInteger> group, bool bytes, unsigned first) {
    Value sum = emit.bitcast(spread(word, 0x64, bytes, first), emit.vector(2, to));
    return emit.fadd(
        sum, constants(group, [](const SmallInteger &x) { return -double(1024 + x.bias); }));
  }

  Value bfloatPair(Value word, ArrayRef<SmallInteger> group, bool bytes, unsigned first) {
    Type pair = emit.vector(2, to);
    auto fma = [&](Value a, double factor, Value c) {
      return emit.intrinsic("llvm.nvvm.fma.rn.bf16x2", pair, {a, splat(factor), c});
    };
    bool small = llvm::all_of(group, [](const SmallInteger &x) { return x.bits() <= 7; });
    if (small) {
      Value sum = emit.bitcast(spread(word, 0x43, bytes, first), pair);
      return fma(sum, 1,
                 constants(group, [](const SmallInteger &x) { return -double(128 + x.bias); }));
    }
    Value tiny = emit.bitcast(spread(word, 0, bytes, first), pair);
    Value scaled = fma(tiny, std::ldexp(1.0, 127), splat(0));
    return fma(scaled, std::ldexp(1.0, 6), constants(group, [](const SmallInteger &x) {
                 return x.bias ? -double(x.bias) : 0.0; // zero stays +0
               }));
  }

  /// Two fields as the lower bytes of halves (more than a byte where they are 16 bits apart), over
  /// an upper byte.
  Value spread(Value word, int64_t upper, bool bytes, unsigned first) {
    if (bytes)
      return permute(word, emit.i32(upper * 0x01010101), first ? 0x4342 : 0x4140);
    return upper ? emit.bitOr(word, upper * 0x01000100) : word;
  }

  /// Bytes of two words: selected by 0 to 3 and 4 to 7.
  Value permute(Value low, Value high, int64_t selector) {
    return emit.intrinsic("llvm.nvvm.prmt", emit.i32(), {low, high, emit.i32(selector)});
  }

  Value splat(double value) { return pairOf(value, value); }

  Value constants(ArrayRef<SmallInteger> group, function_ref<double(const SmallInteger &)> of) {
    return pairOf(of(group.front()), of(group.back()));
  }

  Value pairOf(double low, double high) {
    auto type = cast<VectorType>(emit.vector(2, to));
    APFloat values[] = {FloatAttr::get(to, low).getValue(), FloatAttr::get(to, high).getValue()};
    return LLVM::ConstantOp::create(emit.builder, emit.loc, type,
                                    DenseElementsAttr::get(type, ArrayRef<APFloat>(values)));
  }

  Emitter &emit;
  Type to;
};

template <typename OpT, bool isSigned> struct LowerSmallInteger : OpConversionPattern<OpT> {
  using OneToNOpAdaptor = typename OpConversionPattern<OpT>::OneToNOpAdaptor;
  LowerSmallInteger(const TypeConverter &types, MLIRContext *context)
      : OpConversionPattern<OpT>(types, context, /*benefit=*/2) {}

  LogicalResult matchAndRewrite(OpT op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Type to = getElementTypeOrSelf(op.getType());
    if (!isa<RankedTensorType>(op.getType()) || (!to.isF16() && !to.isBF16() && !to.isF32()))
      return rewriter.notifyMatchFailure(op, "is no block of f16, bf16 or f32");
    Emitter emit(rewriter, op.getLoc()); // used once all elements are known to fit
    Placer placer(emit, to);
    DenseMap<Value, SmallInteger> fields;
    for (Value value : in.getIn()) {
      if (fields.contains(value))
        continue;
      std::optional<SmallInteger> field = Recognizer::recognize(value, isSigned);
      if (!field || !placer.accepts(*field))
        return rewriter.notifyMatchFailure(op, "an element may need more bits than fit");
      fields[value] = *field;
    }
    replaceWithRegisters(
        rewriter, op, onDistinct(in.getIn(), [&](ValueRange values) {
          bool differences = llvm::all_of(values, [&](Value value) { return fields[value].minus; });
          SmallVector<SmallInteger> parts;
          for (Value value : values)
            parts.push_back(fields[value].minus && !differences ? SmallInteger::signedByte(value)
                                                                : fields[value]);
          return placer.convert(parts);
        }));
    return success();
  }
};

} // namespace

void populateIntToFloat(const TypeConverter &types, RewritePatternSet &patterns,
                        LoweringContext &) {
  patterns.add<LowerSmallInteger<arith::SIToFPOp, true>, LowerSmallInteger<arith::UIToFPOp, false>>(
      types, patterns.getContext());
}

} // namespace cosmati::tonvvm
