#include "compiler/Builder/MathBuilder.h"
#include "dialects/Tile/IR/TileDialect.h"

namespace cosmati::lang {
namespace math = mlir::math;

namespace {

/// Throws unless the scalar type of `value` is among `allowed`.
void checkType(const Value &value, const char *function, llvm::ArrayRef<Scalar> allowed) {
  if (llvm::is_contained(allowed, value.type.scalarKind()))
    return;
  std::string names = llvm::join(
      llvm::map_range(allowed, [](Scalar s) { return "'" + LanguageType(s).str() + "'"; }), ", ");
  fail("Expected dtype [{0}] but got {1}: {2} computes in these types only; convert with .to(...)",
       names, value.type.scalar().str(), function);
}

constexpr Scalar kFloats[] = {Scalar::FP32, Scalar::FP64};
constexpr Scalar kSingle[] = {Scalar::FP32};
constexpr Scalar kWideIntegers[] = {Scalar::Int32, Scalar::Int64, Scalar::UInt32, Scalar::UInt64};

// In the order of MathFunction.
constexpr const char *kNames[] = {"exp", "exp2", "log",     "log2",  "sin",   "cos", "tanh",
                                  "erf", "sqrt", "sqrt_rn", "rsqrt", "floor", "ceil"};

} // namespace

Value MathBuilder::math(MathFunction function, const Operand &operand) {
  Value x = materialize(operand);
  bool single = function == MathFunction::SqrtRn;
  checkType(x, kNames[static_cast<size_t>(function)],
            single ? llvm::ArrayRef(kSingle) : llvm::ArrayRef(kFloats));
  switch (function) {
  case MathFunction::Exp:
    return emit<math::ExpOp>(x.type, x.handle);
  case MathFunction::Exp2:
    return emit<math::Exp2Op>(x.type, x.handle);
  case MathFunction::Log:
    return emit<math::LogOp>(x.type, x.handle);
  case MathFunction::Log2:
    return emit<math::Log2Op>(x.type, x.handle);
  case MathFunction::Sin:
    return emit<math::SinOp>(x.type, x.handle);
  case MathFunction::Cos:
    return emit<math::CosOp>(x.type, x.handle);
  case MathFunction::Tanh:
    return emit<math::TanhOp>(x.type, x.handle);
  case MathFunction::Erf:
    return emit<math::ErfOp>(x.type, x.handle);
  case MathFunction::Sqrt:
    return emit<math::SqrtOp>(x.type, x.handle);
  case MathFunction::SqrtRn:
    return emit<tile::SqrtRnOp>(x.type, x.handle);
  case MathFunction::Rsqrt:
    return emit<math::RsqrtOp>(x.type, x.handle);
  case MathFunction::Floor:
    return emit<math::FloorOp>(x.type, x.handle);
  case MathFunction::Ceil:
    return emit<math::CeilOp>(x.type, x.handle);
  }
  llvm_unreachable("every function is handled above");
}

Value MathBuilder::abs(const Operand &operand) {
  Value x = materialize(operand);
  if (x.type.isPointer())
    failType("abs takes numbers, got {0}", x.type.str());
  if (x.type.isFP8() && x.type.hasOneZero()) // the sign of zero is NaN
    return cast(abs(cast(x, Scalar::FP32)), x.type);
  if (x.type.isFP8()) // on the bits: a conversion would saturate an infinity
    return bitcast(bitAnd(bitcast(x, Scalar::UInt8), 0x7f), x.type);
  if (x.type.isFloat())
    return emit<math::AbsFOp>(x.type, x.handle);
  return x.type.isSigned() ? emit<math::AbsIOp>(x.type, x.handle) : x;
}

Value MathBuilder::fma(const Operand &x, const Operand &y, const Operand &z) {
  Value a = materialize(x), b = materialize(y), c = materialize(z);
  std::tie(a, b) = legalize(a, b);
  std::tie(c, a) = legalize(c, a);
  std::tie(c, b) = legalize(c, b);
  std::tie(a, b) = legalize(a, b);
  if (!a.type.isFloat() || a.type.isFP8())
    failType("fma takes floats of 16 bits or more, got {0}: use x * y + z", a.type.scalar().str());
  return emit<math::FmaOp>(a.type, a.handle, b.handle, c.handle);
}

Value MathBuilder::divRn(const Operand &lhs, const Operand &rhs) {
  Value x = materialize(lhs), y = materialize(rhs);
  checkType(x, "div_rn", kSingle);
  checkType(y, "div_rn", kSingle);
  std::tie(x, y) = legalize(x, y);
  return emit<tile::DivRnOp>(x.type, x.handle, y.handle);
}

Value MathBuilder::umulhi(const Operand &lhs, const Operand &rhs) {
  Value x = materialize(lhs), y = materialize(rhs);
  checkType(x, "umulhi", kWideIntegers);
  checkType(y, "umulhi", kWideIntegers);
  std::tie(x, y) = legalize(x, y);
  return emit<tile::MulHiUOp>(x.type, x.handle, y.handle);
}

void MathBuilder::addDeviceCode(llvm::StringRef ptx) {
  constexpr llvm::StringLiteral attribute = "tilegpu.device_code"; // read where PTX is made
  llvm::SmallVector<mlir::Attribute> texts;
  if (auto known = module()->getAttrOfType<mlir::ArrayAttr>(attribute))
    llvm::append_range(texts, known);
  mlir::Attribute text = ops.getStringAttr(ptx);
  if (llvm::is_contained(texts, text))
    return;
  texts.push_back(text);
  module()->setAttr(attribute, ops.getArrayAttr(texts));
}

Value MathBuilder::externElementwise(const ExternFunction &function, llvm::ArrayRef<Operand> args,
                                     LanguageType result) {
  if (args.empty())
    fail("{0} of {1} needs at least one argument", function.symbol, function.library);
  if (function.path.empty() && function.library != "libdevice" &&
      function.library != tile::kDeviceCodeLibrary)
    fail("{0} of the library '{1}': give lib_path, the file of its bitcode; only libdevice is "
         "searched for",
         function.symbol, function.library);
  Values values = materialize(args);
  broadcastAll(values);
  llvm::SmallVector<mlir::Value, 4> handles;
  for (const Value &value : values)
    handles.push_back(value.handle);
  mlir::StringAttr path =
      function.path.empty() ? mlir::StringAttr() : ops.getStringAttr(function.path);
  return emit<tile::ExternElementwiseOp>(values.front().type.withScalar(result), function.library,
                                         function.symbol, mlir::ValueRange(handles), path,
                                         !function.isPure);
}

} // namespace cosmati::lang
