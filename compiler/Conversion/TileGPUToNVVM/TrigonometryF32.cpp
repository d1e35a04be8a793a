// sin and cos of an f32: a function of the module, `cosmati_sin_f32(x, q)` = sin(x + q * pi/2), so
// that the long way for large arguments exists once and behind a branch.
//
// x = k * pi/2 + r with |r| <= pi/4. Up to 2^15 the product k * pi/2 is subtracted in three pieces.
// Beyond, x * 2/pi is formed from as many bits of 2/pi as its exponent reaches (Payne and Hanek):
// 24 bits times 192 bits by 32-bit steps; of the product two bits are the quadrant, 64 bits the
// fraction.
#include "compiler/Conversion/TileGPUToNVVM/MathF32.h"

#include <limits>

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

constexpr StringLiteral kSinName = "cosmati_sin_f32";
constexpr double kFastLimit = 32768.0;
constexpr double kPiHalf = 1.5707963267948966;

/// 192 bits of 2/pi, least significant word first.
constexpr uint32_t kTwoOverPi[] = {0x3c439041, 0xdb629599, 0xf534ddc0,
                                   0xfc2757d1, 0x4e441529, 0xa2f9836e};

struct Reduced {
  Value rest, quadrant;
};

Reduced reduceFast(Emitter &emit, Value x) {
  constexpr double kRounder = 12582912.0; // 1.5 * 2^23: adding it rounds to an integer
  Value shifted = emit.fma(x, emit.f32(1 / kPiHalf), emit.f32(kRounder));
  Value k = emit.fsub(shifted, emit.f32(kRounder));
  Value r = emit.fma(k, emit.f32(-1.570796251296997), x);
  r = emit.fma(k, emit.f32(-7.549789415861596e-08), r);
  r = emit.fma(k, emit.f32(-5.390302529957765e-15), r);
  return {r, emit.sub(emit.bitcast(shifted, emit.i32()), emit.i32(0x4b400000))};
}

/// words[count - 1 - skip], for a `skip` of 0 to 3 known at run time.
Value pick(Emitter &emit, ArrayRef<Value> words, Value skip) {
  Value result = words[words.size() - 4];
  for (int64_t i = 2; i >= 0; --i)
    result = emit.select(emit.eq(skip, i), words[words.size() - 1 - i], result);
  return result;
}

Reduced reduceLarge(Emitter &emit, Value x) {
  Value bits = emit.bitcast(x, emit.i32());
  Value mantissa = emit.shl(emit.bitOr(bits, 0x800000), 8); // the leading one is bit 31
  Value factor = emit.zext(mantissa, emit.i64());
  SmallVector<Value> words;
  Value carry = emit.i64(0);
  for (uint32_t word : kTwoOverPi) {
    Value product = emit.add(emit.mul(factor, emit.i64(word)), carry);
    words.push_back(emit.trunc(product, emit.i32()));
    carry = emit.lshr(product, 32);
  }
  words.push_back(emit.trunc(carry, emit.i32()));
  // |x| = 0.mantissa * 2^e; the two bits of the quadrant end e bits below the top.
  Value field = emit.bitAnd(emit.lshr(bits, 23), 0xff);
  Value skipBits = emit.sub(field, emit.i32(128));
  Value skip = emit.lshr(skipBits, 5);
  ArrayRef<Value> all(words);
  Value high = emit.zext(pick(emit, all, skip), emit.i64());
  Value middle = emit.zext(pick(emit, all.drop_back(1), skip), emit.i64());
  Value low = emit.zext(pick(emit, all.drop_back(2), skip), emit.i64());
  Value shift = emit.zext(emit.bitAnd(skipBits, 31), emit.i64());
  Value top = emit.bitOr(emit.shl(high, 32), middle);
  top = emit.bitOr(emit.shl(top, shift), emit.lshr(emit.shl(low, shift), 32));
  // Round to the nearest quadrant: the fraction as a signed number.
  Value quadrant = emit.lshr(emit.add(emit.lshr(top, 61), 1), 1);
  Value fraction = LLVM::SIToFPOp::create(emit.builder, emit.loc, emit.f64(), emit.shl(top, 2));
  Value rest = emit.fmul(fraction, emit.real(emit.f64(), kPiHalf * 0x1p-64));
  Value single = emit.fptrunc(rest, emit.f32());
  Value count = emit.trunc(quadrant, emit.i32());
  Value negative = emit.icmp(LLVM::ICmpPredicate::slt, bits, emit.i32(0));
  single = emit.select(negative, emit.fneg(single), single);
  count = emit.select(negative, emit.sub(emit.i32(0), count), count);
  // Infinity and NaN have no sine.
  Value finite = emit.fcmp(LLVM::FCmpPredicate::one, emit.fabs(x),
                           emit.f32(std::numeric_limits<double>::infinity()));
  return {emit.select(finite, single, emit.f32(std::numeric_limits<double>::quiet_NaN())), count};
}

Value sineOfQuadrant(Emitter &emit, Value r, Value quadrant) {
  Value square = emit.fmul(r, r);
  Value sine = emit.polynomial(square, {2.717358938753023e-06, -0.00019839234300889075,
                                        0.008333329111337662, -0.1666666716337204});
  // Adding 0 makes the cube of -0 a +0, so that sin(-0) = -0 * |sine| + -0 = -0.
  sine = emit.fma(sine, emit.fma(square, r, emit.f32(0)), r);
  Value cosine = emit.polynomial(
      square, {2.442921140755061e-05, -0.0013887288514524698, 0.04166664555668831, -0.5, 1.0});
  Value result = emit.select(emit.ne(emit.bitAnd(quadrant, 1), 0), cosine, sine);
  return emit.select(emit.ne(emit.bitAnd(quadrant, 2), 0), emit.fneg(result), result);
}

/// `loc`: the call that needs it first; its line stands for the function's code.
LLVM::LLVMFuncOp defineSin(LoweringContext &context, Location loc) {
  OpBuilder builder(context.module.getContext());
  Type f32 = builder.getF32Type(), i32 = builder.getI32Type();
  LLVM::LLVMFuncOp function = context.declare(kSinName, f32, {f32, i32});
  if (!function.isExternal())
    return function;
  function.setLinkage(LLVM::Linkage::Internal);
  Block *entry = function.addEntryBlock(builder);
  Block *large = builder.createBlock(&function.getBody());
  Block *last = builder.createBlock(&function.getBody(), {}, {f32, i32}, {loc, loc});

  Value x = entry->getArgument(0), offset = entry->getArgument(1);
  builder.setInsertionPointToStart(entry);
  Emitter emit(builder, loc);
  Reduced fast = reduceFast(emit, x);
  Value isSmall = emit.fcmp(LLVM::FCmpPredicate::olt, emit.fabs(x), emit.f32(kFastLimit));
  LLVM::CondBrOp::create(builder, loc, isSmall, last, ValueRange{fast.rest, fast.quadrant}, large,
                         ValueRange{});

  builder.setInsertionPointToStart(large);
  Emitter inLarge(builder, loc);
  Reduced slow = reduceLarge(inLarge, x);
  LLVM::BrOp::create(builder, loc, ValueRange{slow.rest, slow.quadrant}, last);

  builder.setInsertionPointToStart(last);
  Emitter inLast(builder, loc);
  Value quadrant = inLast.add(last->getArgument(1), offset);
  LLVM::ReturnOp::create(builder, loc, sineOfQuadrant(inLast, last->getArgument(0), quadrant));
  return function;
}

Value callSin(Emitter &emit, Value x, int64_t quadrant, LoweringContext &context) {
  return LLVM::CallOp::create(emit.builder, emit.loc, defineSin(context, emit.loc),
                              ValueRange{x, emit.i32(quadrant)})
      .getResult();
}

} // namespace

Value emitSin(Emitter &emit, Value x, LoweringContext &context) {
  return callSin(emit, x, 0, context);
}

Value emitCos(Emitter &emit, Value x, LoweringContext &context) {
  return callSin(emit, x, 1, context);
}

} // namespace cosmati::tonvvm
