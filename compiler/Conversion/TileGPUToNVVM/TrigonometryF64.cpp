// sin and cos of an f64: a function of the module, `cosmati_sin_f64(x, q)` = sin(x + q * pi/2). See
// TrigonometryF32.cpp for the method; here the long way takes four 64-bit words of 2/pi from a
// table, beginning where the exponent of x says, and forms three words of the product.
#include "compiler/Conversion/TileGPUToNVVM/MathF64.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

constexpr StringLiteral kSinName = "cosmati_sin_f64";
constexpr StringLiteral kTableName = "cosmati_two_over_pi";
constexpr double kFastLimit = 1048576.0;
constexpr double kPiHalf = 1.5707963267948966;

/// 2/pi, most significant word first, behind one word of zeros.
constexpr uint64_t kTwoOverPi[] = {0,
                                   0xa2f9836e4e441529,
                                   0xfc2757d1f534ddc0,
                                   0xdb6295993c439041,
                                   0xfe5163abdebbc561,
                                   0xb7246e3a424dd2e0,
                                   0x06492eea09d1921c,
                                   0xfe1deb1cb129a73e,
                                   0xe88235f52ebb4484,
                                   0xe99c7026b45f7e41,
                                   0x3991d639835339f4,
                                   0x9c845f8bbdf9283b,
                                   0x1ff897ffde05980f,
                                   0xef2f118b5a0a6d1f,
                                   0x6d367ecf27cb09b7,
                                   0x4f463f669e5fea2d,
                                   0x7527bac7ebe5f17b,
                                   0x3d0739f78a5292ea,
                                   0x6bfb5fb11f8d5d08};

Value f64(Emitter &emit, double value) { return emit.real(emit.f64(), value); }

struct Reduced {
  Value rest, quadrant;
};

/// pi/2 in pieces of 33, 33 and 53 bits: the products with k are exact, but for the last.
Reduced reduceFast(Emitter &emit, Value x) {
  constexpr double kRounder = 6755399441055744.0; // 1.5 * 2^52: adding it rounds to an integer
  Value shifted = emit.fma(x, f64(emit, 1 / kPiHalf), f64(emit, kRounder));
  Value k = emit.fsub(shifted, f64(emit, kRounder));
  Value r = emit.fma(k, f64(emit, -1.5707963267341256), x);
  r = emit.fma(k, f64(emit, -6.077100506303966e-11), r);
  r = emit.fma(k, f64(emit, -2.0222662487959506e-21), r);
  return {r, emit.trunc(emit.bitcast(shifted, emit.i64()), emit.i32())};
}

Value tableAddress(Emitter &emit, LoweringContext &context) {
  if (!context.module.lookupSymbol(kTableName)) {
    auto builder = OpBuilder::atBlockBegin(context.module.getBody());
    auto words =
        DenseElementsAttr::get(RankedTensorType::get({std::size(kTwoOverPi)}, builder.getI64Type()),
                               ArrayRef<uint64_t>(kTwoOverPi));
    LLVM::GlobalOp::create(builder, context.module.getLoc(),
                           LLVM::LLVMArrayType::get(builder.getI64Type(), std::size(kTwoOverPi)),
                           /*isConstant=*/true, LLVM::Linkage::Internal, kTableName, words,
                           /*alignment=*/8,
                           /*addrSpace=*/1);
  }
  return LLVM::AddressOfOp::create(emit.builder, emit.loc, emit.pointer(1), kTableName);
}

/// The 192 bits below the quadrant's upper bit, as a number of 128 bits and one of 64.
std::pair<Value, Value> productBits(Emitter &emit, LoweringContext &context, Value mantissa,
                                    Value skipBits) {
  Type wide = emit.intType(128);
  Value table = emit.element(tableAddress(emit, context), emit.i64(), emit.lshr(skipBits, 6));
  auto times = [&](int64_t word) {
    Value loaded = LLVM::LoadOp::create(emit.builder, emit.loc, emit.i64(),
                                        emit.byteOffset(table, word * 8), 8);
    return emit.mul(emit.zext(mantissa, wide), emit.zext(loaded, wide));
  };
  Value sum = emit.add(emit.lshr(times(3), 64), times(2));
  Value low = emit.trunc(sum, emit.i64());
  sum = emit.add(emit.lshr(sum, 64), times(1));
  Value middle = emit.bitAnd(sum, emit.integer(wide, APInt::getLowBitsSet(128, 64)));
  Value high = emit.add(emit.lshr(sum, 64), times(0));
  return {emit.bitOr(emit.shl(high, 64), middle), low};
}

Reduced reduceLarge(Emitter &emit, LoweringContext &context, Value x) {
  Type wide = emit.intType(128);
  Value bits = emit.bitcast(x, emit.i64());
  Value mantissa = emit.shl(emit.bitOr(bits, int64_t(1) << 52), 11); // the leading one is bit 63
  // |x| = 0.mantissa * 2^e; the two bits of the quadrant end e bits below the product's top.
  Value field = emit.bitAnd(emit.lshr(bits, 52), 0x7ff);
  Value skipBits = emit.sub(field, emit.i64(1024));
  auto [top, low] = productBits(emit, context, mantissa, skipBits);
  Value shift = emit.zext(emit.bitAnd(skipBits, 63), wide);
  Value shiftedLow = emit.lshr(emit.shl(emit.zext(low, wide), shift), 64);
  top = emit.bitOr(emit.shl(top, shift), shiftedLow);
  // Round to the nearest quadrant: the fraction as a signed number, high part and low part.
  Value quadrant = emit.lshr(emit.add(emit.lshr(top, 125), 1), 1);
  Value fraction = emit.shl(top, 2);
  Value high = LLVM::SIToFPOp::create(emit.builder, emit.loc, emit.f64(),
                                      emit.trunc(emit.lshr(fraction, 64), emit.i64()));
  Value rest =
      LLVM::UIToFPOp::create(emit.builder, emit.loc, emit.f64(), emit.trunc(fraction, emit.i64()));
  Value turns = emit.fma(rest, f64(emit, 0x1p-128), emit.fmul(high, f64(emit, 0x1p-64)));
  Value angle = emit.fmul(turns, f64(emit, kPiHalf));
  Value count = emit.trunc(quadrant, emit.i32());
  Value negative = emit.icmp(LLVM::ICmpPredicate::slt, bits, emit.i64(0));
  angle = emit.select(negative, emit.fneg(angle), angle);
  count = emit.select(negative, emit.sub(emit.i32(0), count), count);
  // Infinity and NaN have no sine.
  Value finite = emit.fcmp(LLVM::FCmpPredicate::one, emit.fabs(x),
                           f64(emit, std::numeric_limits<double>::infinity()));
  return {emit.select(finite, angle, f64(emit, std::numeric_limits<double>::quiet_NaN())), count};
}

/// Series: the terms left out are below 1e-19 (sine) and 3e-18 (cosine).
Value sineOfQuadrant(Emitter &emit, Value r, Value quadrant) {
  SmallVector<double> sines, cosines;
  for (int n = 8; n >= 0; --n) {
    double sign = n % 2 ? -1.0 : 1.0;
    if (n)
      sines.push_back(sign / std::tgamma(2 * n + 2.0));
    cosines.push_back(sign / std::tgamma(2 * n + 1.0));
  }
  Value square = emit.fmul(r, r);
  // Adding 0 makes the cube of -0 a +0, so that sin(-0) = -0 * |sine| + -0 = -0.
  Value cube = emit.fma(square, r, f64(emit, 0.0));
  Value sine = emit.fma(emit.polynomial(square, sines), cube, r);
  Value cosine = emit.polynomial(square, cosines);
  Value result = emit.select(emit.ne(emit.bitAnd(quadrant, 1), 0), cosine, sine);
  return emit.select(emit.ne(emit.bitAnd(quadrant, 2), 0), emit.fneg(result), result);
}

/// `loc`: the call that needs it first; its line stands for the function's code.
LLVM::LLVMFuncOp defineSin(LoweringContext &context, Location loc) {
  OpBuilder builder(context.module.getContext());
  Type f64 = builder.getF64Type(), i32 = builder.getI32Type();
  LLVM::LLVMFuncOp function = context.declare(kSinName, f64, {f64, i32});
  if (!function.isExternal())
    return function;
  function.setLinkage(LLVM::Linkage::Internal);
  Block *entry = function.addEntryBlock(builder);
  Block *large = builder.createBlock(&function.getBody());
  Block *last = builder.createBlock(&function.getBody(), {}, {f64, i32}, {loc, loc});

  Value x = entry->getArgument(0), offset = entry->getArgument(1);
  builder.setInsertionPointToStart(entry);
  Emitter emit(builder, loc);
  Reduced fast = reduceFast(emit, x);
  Value limit = emit.real(f64, kFastLimit);
  Value isSmall = emit.fcmp(LLVM::FCmpPredicate::olt, emit.fabs(x), limit);
  LLVM::CondBrOp::create(builder, loc, isSmall, last, ValueRange{fast.rest, fast.quadrant}, large,
                         ValueRange{});

  builder.setInsertionPointToStart(large);
  Emitter inLarge(builder, loc);
  Reduced slow = reduceLarge(inLarge, context, x);
  LLVM::BrOp::create(builder, loc, ValueRange{slow.rest, slow.quadrant}, last);

  builder.setInsertionPointToStart(last);
  Emitter inLast(builder, loc);
  Value quadrant = inLast.add(last->getArgument(1), offset);
  LLVM::ReturnOp::create(builder, loc, sineOfQuadrant(inLast, last->getArgument(0), quadrant));
  return function;
}

Value callSin(Emitter &emit, Value x, int64_t quadrant, LoweringContext &context) {
  Value args[] = {x, emit.i32(quadrant)};
  return LLVM::CallOp::create(emit.builder, emit.loc, defineSin(context, emit.loc), args)
      .getResult();
}

} // namespace

Value emitSinF64(Emitter &emit, Value x, LoweringContext &context) {
  return callSin(emit, x, 0, context);
}

Value emitCosF64(Emitter &emit, Value x, LoweringContext &context) {
  return callSin(emit, x, 1, context);
}

} // namespace cosmati::tonvvm
