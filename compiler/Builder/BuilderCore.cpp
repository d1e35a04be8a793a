#include "compiler/Builder/BuilderCore.h"
#include "dialects/Tile/IR/TileDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

namespace cosmati::lang {

std::unique_ptr<mlir::MLIRContext> makeContext() {
  mlir::DialectRegistry registry;
  tile::registerTileDialects(registry);
  auto context =
      std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

BuilderCore::BuilderCore(mlir::MLIRContext &context)
    : ops(&context), loc(mlir::UnknownLoc::get(&context)), moduleRef(mlir::ModuleOp::create(loc)) {
  ops.setInsertionPointToEnd(module().getBody());
}

mlir::OwningOpRef<mlir::ModuleOp> BuilderCore::takeModule() {
  mlir::OwningOpRef<mlir::ModuleOp> taken = std::move(moduleRef);
  moduleRef = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context()));
  ops.setInsertionPointToEnd(module().getBody());
  return taken;
}

std::string BuilderCore::moduleText(bool withLocations) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  mlir::OpPrintingFlags flags;
  if (withLocations)
    flags.enableDebugInfo(true, /*prettyForm=*/false);
  module().print(stream, flags);
  return text;
}

void BuilderCore::verify() {
  std::string messages;
  mlir::ScopedDiagnosticHandler handler(&context(), [&](mlir::Diagnostic &diagnostic) {
    llvm::raw_string_ostream stream(messages);
    stream << "\n  " << diagnostic.getLocation() << ": " << diagnostic;
    return mlir::success();
  });
  if (mlir::failed(mlir::verify(module())))
    fail("the kernel's tile IR is not valid, which is a defect of the compiler, not of the "
         "kernel:{0}",
         messages);
}

void BuilderCore::setLocation(llvm::StringRef file, unsigned line, unsigned column) {
  if (!lastFile || lastFile.getValue() != file)
    lastFile = ops.getStringAttr(file);
  loc = mlir::FileLineColLoc::get(lastFile, line, column);
}

mlir::Type BuilderCore::mlirType(LanguageType type) {
  mlir::Type &known = mlirTypes[type.opaque()];
  if (!known)
    known = type.mlirType(&context());
  return known;
}

Value BuilderCore::materialize(const Operand &operand) {
  if (auto *value = operand.asValue())
    return *value;
  return constant(operand, operand.type());
}

Values BuilderCore::materialize(llvm::ArrayRef<Operand> operands) {
  Values values;
  for (const Operand &operand : operands)
    values.push_back(materialize(operand));
  return values;
}

Value BuilderCore::constantOf(mlir::Attribute scalar, LanguageType type) {
  mlir::Type result = mlirType(type);
  if (auto block = llvm::dyn_cast<mlir::RankedTensorType>(result))
    scalar = mlir::DenseElementsAttr::get(block, scalar);
  auto op = mlir::arith::ConstantOp::create(ops, loc, llvm::cast<mlir::TypedAttr>(scalar));
  return {op.getResult(), type};
}

/// The number in the format of `type`, rounded once to nearest even. fp8 saturates if asked to; a
/// NaN stays one.
static llvm::APFloat roundTo(mlir::FloatType type, llvm::APFloat exact, bool saturate) {
  const llvm::fltSemantics &format = type.getFloatSemantics();
  bool wasNaN = exact.isNaN(), negative = exact.isNegative(), losesInfo = false;
  exact.convert(format, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  if (saturate && type.getWidth() == 8 && !wasNaN && !exact.isFinite())
    return llvm::APFloat::getLargest(format, negative);
  return exact;
}

static llvm::APFloat exactFloat(const Operand &number) {
  if (auto *value = number.asFloat())
    return llvm::APFloat(*value);
  // IEEE quad holds every 64-bit integer exactly, so that the one rounding is the last.
  llvm::APFloat exact(llvm::APFloat::IEEEquad());
  exact.convertFromAPInt(*number.asInt(), /*IsSigned=*/true, llvm::APFloat::rmNearestTiesToEven);
  return exact;
}

/// As CastBuilder::toE4B15 does it.
static int64_t encodeE4B15(llvm::APFloat number) {
  int64_t sign = number.isNegative() ? 0x80 : 0;
  if (number.isNaN())
    return sign | kLargestE4B15;
  bool losesInfo = false;
  number.convert(llvm::APFloat::IEEEhalf(), llvm::APFloat::rmTowardZero, &losesInfo);
  int64_t bits = static_cast<int64_t>(number.bitcastToAPInt().getZExtValue()) & 0x7fff;
  return sign | ((std::min(bits, kLargestE4B15 << 7) + 0x40) >> 7);
}

static bool holds(LanguageType type, const llvm::APSInt &value) {
  llvm::APInt low(65, static_cast<uint64_t>(type.minInt()), /*isSigned=*/true),
      high(65, type.maxInt());
  return value.sge(low) && value.sle(high);
}

/// The number as an integer for a cast: floats truncate toward zero and saturate at `type`; NaN
/// gives 0.
static llvm::APSInt castToInt(const Operand &number, LanguageType type) {
  if (auto value = number.asInt())
    return *value;
  llvm::APSInt result(type.bitwidth(), type.isUnsigned());
  bool isExact = false;
  llvm::APFloat(*number.asFloat()).convertToInteger(result, llvm::APFloat::rmTowardZero, &isExact);
  return result;
}

Value BuilderCore::constant(const Operand &number, LanguageType type) {
  if (type.isInt()) {
    std::optional<llvm::APSInt> integer = number.asInt();
    if (!integer)
      failType("a float ({0}) is no constant of type {1}: convert it first", number.str(),
               type.scalar().str());
    if (!holds(type, *integer))
      fail("Scalar {0} is out of range for type {1}, which holds {2} to {3}", number.str(),
           type.scalar().str(), type.minInt(), type.maxInt());
  }
  return convertedConstant(number, type);
}

Value BuilderCore::convertedConstant(const Operand &number, LanguageType type) {
  mlir::Type element = mlirType(type.scalar());
  if (type.scalarKind() == Scalar::FP8E4B15)
    return constantOf(ops.getIntegerAttr(element, encodeE4B15(exactFloat(number))), type);
  if (auto format = llvm::dyn_cast<mlir::FloatType>(element))
    return constantOf(
        ops.getFloatAttr(format, roundTo(format, exactFloat(number), options.saturateFP8)), type);
  if (type.isBool()) {
    auto integer = number.asInt();
    return constantOf(ops.getBoolAttr(integer ? *integer != 0 : *number.asFloat() != 0), type);
  }
  if (!type.isInt())
    failType("a number ({0}) is no constant of type {1}", number.str(), type.scalar().str());
  llvm::APInt bits = castToInt(number, type).extOrTrunc(type.bitwidth());
  return constantOf(ops.getIntegerAttr(element, bits), type);
}

} // namespace cosmati::lang
