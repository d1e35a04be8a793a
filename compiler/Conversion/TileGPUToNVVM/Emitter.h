// Short names for the LLVM dialect's ops at one location. Constants are shared within one Emitter;
// make a new one inside a nested region, since a constant made there is not visible outside.
#pragma once

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace cosmati::tonvvm {

using mlir::Location;
using mlir::OpBuilder;
using mlir::Type;
using mlir::Value;
using mlir::ValueRange;

class Emitter {
public:
  Emitter(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  OpBuilder &builder;
  Location loc;

  Type i1() { return builder.getI1Type(); }
  Type i8() { return builder.getI8Type(); }
  Type i16() { return builder.getI16Type(); }
  Type i32() { return builder.getI32Type(); }
  Type i64() { return builder.getI64Type(); }
  Type f16() { return builder.getF16Type(); }
  Type f32() { return builder.getF32Type(); }
  Type f64() { return builder.getF64Type(); }
  Type intType(unsigned bits) { return builder.getIntegerType(bits); }
  Type vector(int64_t count, Type element) { return mlir::VectorType::get(count, element); }
  Type pointer(unsigned space) {
    return mlir::LLVM::LLVMPointerType::get(builder.getContext(), space);
  }

  // Constants.
  Value integer(Type type, int64_t value);
  Value integer(Type type, const llvm::APInt &value);
  Value i32(int64_t value) { return integer(i32(), value); }
  Value i64(int64_t value) { return integer(i64(), value); }
  Value boolean(bool value) { return integer(i1(), value); }
  Value real(Type type, double value);
  Value f32(double value) { return real(f32(), value); }
  /// 0, 0.0 or the null pointer.
  Value zero(Type type);

  // Integers.
  Value add(Value a, Value b) { return mlir::LLVM::AddOp::create(builder, loc, a, b); }
  Value sub(Value a, Value b) { return mlir::LLVM::SubOp::create(builder, loc, a, b); }
  Value mul(Value a, Value b) { return mlir::LLVM::MulOp::create(builder, loc, a, b); }
  Value bitAnd(Value a, Value b) { return mlir::LLVM::AndOp::create(builder, loc, a, b); }
  Value bitOr(Value a, Value b) { return mlir::LLVM::OrOp::create(builder, loc, a, b); }
  Value bitXor(Value a, Value b) { return mlir::LLVM::XOrOp::create(builder, loc, a, b); }
  Value shl(Value a, Value b) { return mlir::LLVM::ShlOp::create(builder, loc, a, b); }
  Value lshr(Value a, Value b) { return mlir::LLVM::LShrOp::create(builder, loc, a, b); }
  Value ashr(Value a, Value b) { return mlir::LLVM::AShrOp::create(builder, loc, a, b); }
  Value bitAnd(Value a, int64_t b) { return bitAnd(a, integer(a.getType(), b)); }
  Value bitOr(Value a, int64_t b) { return bitOr(a, integer(a.getType(), b)); }
  Value bitXor(Value a, int64_t b) { return bitXor(a, integer(a.getType(), b)); }
  Value add(Value a, int64_t b) { return add(a, integer(a.getType(), b)); }
  Value shl(Value a, int64_t b) { return shl(a, integer(a.getType(), b)); }
  Value lshr(Value a, int64_t b) { return lshr(a, integer(a.getType(), b)); }
  Value bitNot(Value a) { return bitXor(a, integer(a.getType(), -1)); }
  Value umin(Value a, Value b) { return mlir::LLVM::UMinOp::create(builder, loc, a, b); }
  Value smin(Value a, Value b) { return mlir::LLVM::SMinOp::create(builder, loc, a, b); }
  Value smax(Value a, Value b) { return mlir::LLVM::SMaxOp::create(builder, loc, a, b); }
  Value icmp(mlir::LLVM::ICmpPredicate predicate, Value a, Value b) {
    return mlir::LLVM::ICmpOp::create(builder, loc, predicate, a, b);
  }
  Value eq(Value a, int64_t b) {
    return icmp(mlir::LLVM::ICmpPredicate::eq, a, integer(a.getType(), b));
  }
  Value ne(Value a, int64_t b) {
    return icmp(mlir::LLVM::ICmpPredicate::ne, a, integer(a.getType(), b));
  }
  Value ult(Value a, int64_t b) {
    return icmp(mlir::LLVM::ICmpPredicate::ult, a, integer(a.getType(), b));
  }
  Value ugt(Value a, int64_t b) {
    return icmp(mlir::LLVM::ICmpPredicate::ugt, a, integer(a.getType(), b));
  }

  // Floats.
  Value fadd(Value a, Value b) { return mlir::LLVM::FAddOp::create(builder, loc, a, b); }
  Value fsub(Value a, Value b) { return mlir::LLVM::FSubOp::create(builder, loc, a, b); }
  Value fmul(Value a, Value b) { return mlir::LLVM::FMulOp::create(builder, loc, a, b); }
  Value fdiv(Value a, Value b) { return mlir::LLVM::FDivOp::create(builder, loc, a, b); }
  Value fneg(Value a) { return mlir::LLVM::FNegOp::create(builder, loc, a); }
  Value fabs(Value a) { return mlir::LLVM::FAbsOp::create(builder, loc, a.getType(), a); }
  Value fma(Value a, Value b, Value c) {
    return mlir::LLVM::FMAOp::create(builder, loc, a.getType(), a, b, c);
  }
  Value fcmp(mlir::LLVM::FCmpPredicate predicate, Value a, Value b) {
    return mlir::LLVM::FCmpOp::create(builder, loc, predicate, a, b);
  }
  Value isNan(Value a) { return fcmp(mlir::LLVM::FCmpPredicate::uno, a, a); }
  /// ((c[0] * x + c[1]) * x + ...) by fused steps.
  Value polynomial(Value x, llvm::ArrayRef<double> coefficients);

  // Either.
  Value select(Value condition, Value a, Value b) {
    return mlir::LLVM::SelectOp::create(builder, loc, condition, a, b);
  }
  Value bitcast(Value a, Type type) {
    if (auto cast = a.getDefiningOp<mlir::LLVM::BitcastOp>())
      a = cast.getArg();
    return a.getType() == type ? a : mlir::LLVM::BitcastOp::create(builder, loc, type, a);
  }
  Value zext(Value a, Type type) {
    return a.getType() == type ? a : mlir::LLVM::ZExtOp::create(builder, loc, type, a);
  }
  Value sext(Value a, Type type) {
    return a.getType() == type ? a : mlir::LLVM::SExtOp::create(builder, loc, type, a);
  }
  Value trunc(Value a, Type type) {
    return a.getType() == type ? a : mlir::LLVM::TruncOp::create(builder, loc, type, a);
  }
  Value fpext(Value a, Type type) {
    return a.getType() == type ? a : mlir::LLVM::FPExtOp::create(builder, loc, type, a);
  }
  Value fptrunc(Value a, Type type) {
    return a.getType() == type ? a : mlir::LLVM::FPTruncOp::create(builder, loc, type, a);
  }

  // Vectors, structs, memory.
  Value extract(Value vector, int64_t index) {
    return mlir::LLVM::ExtractElementOp::create(builder, loc, vector, i32(index));
  }
  /// A vector of the values; the value itself where there is one.
  Value pack(ValueRange values);
  /// The elements of a vector; the value itself where it is no vector.
  llvm::SmallVector<Value> unpack(Value value);
  Value field(Value aggregate, int64_t index) {
    return mlir::LLVM::ExtractValueOp::create(builder, loc, aggregate, index);
  }
  /// `base` moved by `index` elements; no claim about wrapping.
  Value element(Value base, Type elementType, Value index) {
    return mlir::LLVM::GEPOp::create(builder, loc, base.getType(), elementType, base,
                                     llvm::ArrayRef<mlir::LLVM::GEPArg>{index});
  }
  Value byteOffset(Value base, int64_t bytes);

  /// A call of an LLVM intrinsic that MLIR has no op for.
  Value intrinsic(llvm::StringRef name, Type result, ValueRange args) {
    return mlir::LLVM::CallIntrinsicOp::create(builder, loc, result, builder.getStringAttr(name),
                                               args)
        .getResults();
  }

private:
  llvm::SmallDenseMap<mlir::Attribute, Value, 8> constants;
};

/// Size of a scalar in memory: i1 takes a byte, a pointer eight.
unsigned bitsInMemory(Type type);
inline int64_t bytesInMemory(Type type) { return bitsInMemory(type) / 8; }

/// The integer with the bits of `value`, as wide as in memory (i1 is zero-extended to i8).
Value toBits(Emitter &emit, Value value);
/// The other way round.
Value fromBits(Emitter &emit, Value bits, Type type);

/// The bits of values, first one lowest, in words of `wordBits`. A last word that is not full is
/// zero above.
llvm::SmallVector<Value> packWords(Emitter &emit, ValueRange values, unsigned wordBits);
/// The other way round: `count` scalars of `type`.
llvm::SmallVector<Value> unpackWords(Emitter &emit, ValueRange words, Type type, int64_t count);

} // namespace cosmati::tonvvm
