// Registration, types, attributes and the rules about functions.
#include "dialects/Tile/IR/TileDialect.h"

#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace cosmati::tile;

#include "dialects/Tile/IR/TileDialect.cpp.inc"
#include "dialects/Tile/IR/TileEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/IR/TileAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/IR/TileTypes.cpp.inc"

namespace {
/// Every op may be inlined anywhere, and a combine region may call functions: the inliner runs
/// before any pass that gives regions a meaning of their own.
struct TileInlinerInterface : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final { return true; }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const final { return true; }
};
} // namespace

void TileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Tile/IR/TileAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Tile/IR/TileTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Tile/IR/TileOps.cpp.inc"
      >();
  addInterfaces<TileInlinerInterface>();
}

Operation *TileDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                            Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

static LogicalResult verifyKernel(Operation *op, Attribute value) {
  if (!isa<UnitAttr>(value)) // kernel_c1
    return op->emitOpError() << "'" << kKernelAttr << "' is a unit attribute, got " << value;
  auto func = dyn_cast<func::FuncOp>(op);
  if (!func) // Below the GPU level functions are of other dialects, with rules of their own.
    return isa<FunctionOpInterface>(op)
               ? success()
               : op->emitOpError() << "'" << kKernelAttr << "' belongs on a function";
  if (unsigned results = func.getNumResults()) // kernel_c2
    return op->emitOpError("a kernel returns nothing, this one returns ")
           << results << " value(s); store them through a pointer argument";
  for (auto [index, type] : llvm::enumerate(func.getArgumentTypes()))
    if (!isa<IntegerType, FloatType, PtrType>(type)) // kernel_c3
      return op->emitOpError("argument ") << index << " of a kernel has type " << type
                                          << "; a kernel takes numbers and !tile.ptr";
  return success();
}

LogicalResult TileDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() == kKernelAttr)
    return verifyKernel(op, attribute.getValue());
  return success();
}

LogicalResult TileDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned argIndex,
                                                    NamedAttribute attribute) {
  if (attribute.getName() != kDivisibilityAttr)
    return success();
  auto value = dyn_cast<IntegerAttr>(attribute.getValue());
  if (!value || !value.getType().isSignlessInteger(32) || value.getInt() < 1) // divisibility_c1
    return op->emitOpError("argument ") << argIndex << ": '" << kDivisibilityAttr
                                        << "' is a positive i32, got " << attribute.getValue();
  auto func = dyn_cast<func::FuncOp>(op);
  if (func && !isa<IntegerType, PtrType>(func.getArgumentTypes()[argIndex])) // divisibility_c2
    return op->emitOpError("argument ")
           << argIndex << ": '" << kDivisibilityAttr << "' says nothing about type "
           << func.getArgumentTypes()[argIndex] << "; it belongs on integers and pointers";
  return success();
}

LogicalResult PtrType::verify(function_ref<InFlightDiagnostic()> emitError, Type pointee,
                              unsigned addressSpace) {
  if (!isa<FloatType, PtrType>(pointee) && !pointee.isSignlessInteger()) // ptr_c1
    return emitError() << "a pointer points to a signless integer, a float or a pointer, not to "
                       << pointee;
  if (addressSpace > 7) // ptr_c2
    return emitError() << "address space " << addressSpace << " is beyond PTX's 0 to 7";
  return success();
}

namespace cosmati::tile {

Type withElementType(Type type, Type element) {
  if (auto block = dyn_cast<RankedTensorType>(type))
    return RankedTensorType::get(block.getShape(), element, block.getEncoding());
  return element;
}

Type pointeeTypeOf(Type type) {
  auto ptr = dyn_cast<PtrType>(elementTypeOf(type));
  return ptr ? withElementType(type, ptr.getPointee()) : Type();
}

Type boolLike(Type type) { return withElementType(type, IntegerType::get(type.getContext(), 1)); }

Type pointerTo(Type type, unsigned addressSpace) {
  return withElementType(type, PtrType::get(elementTypeOf(type), addressSpace));
}

void registerTileDialects(DialectRegistry &registry) {
  registry.insert<TileDialect, arith::ArithDialect, func::FuncDialect, math::MathDialect,
                  scf::SCFDialect>();
  func::registerInlinerExtension(registry);
}

LogicalResult detail::verifyStaticBlocks(Operation *op) {
  auto check = [&](Type type) -> LogicalResult { // block_c1
    auto block = dyn_cast<RankedTensorType>(type);
    if (!block)
      return success();
    if (block.getRank() == 0)
      return op->emitOpError("has a block of rank 0: ")
             << block << "; use the scalar type " << block.getElementType();
    for (auto [dim, extent] : llvm::enumerate(block.getShape()))
      if (extent < 1)
        return op->emitOpError("dimension ")
               << dim << " of " << block
               << " is no static positive number; the shape of a block is "
               << "known when it is compiled";
    return success();
  };
  for (Type type : op->getOperandTypes())
    if (failed(check(type)))
      return failure();
  for (Type type : op->getResultTypes())
    if (failed(check(type)))
      return failure();
  return success();
}

LogicalResult detail::verifySameEncoding(Operation *op) {
  RankedTensorType first;
  auto check = [&](Type type) -> LogicalResult { // block_c2
    auto block = dyn_cast<RankedTensorType>(type);
    if (!block)
      return success();
    if (!first)
      first = block;
    if (first.getEncoding() == block.getEncoding())
      return success();
    return op->emitOpError("works element by element, but its blocks have different encodings: ")
           << first << " and " << block << "; convert the layout of one first";
  };
  for (Type type : op->getOperandTypes())
    if (failed(check(type)))
      return failure();
  for (Type type : op->getResultTypes())
    if (failed(check(type)))
      return failure();
  return success();
}

} // namespace cosmati::tile

#define GET_OP_CLASSES
#include "dialects/Tile/IR/TileOps.cpp.inc"
