// !tilegpu.memdesc.
#include "dialects/Layout/LayoutQueries.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

#define GET_TYPEDEF_CLASSES
#include "dialects/TileGPU/IR/TileGPUTypes.cpp.inc"

void TileGPUDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/TileGPU/IR/TileGPUTypes.cpp.inc"
      >();
}

Type MemDescType::parse(AsmParser &parser) {
  SMLoc start = parser.getCurrentLocation();
  SmallVector<int64_t> shape;
  Type element;
  SharedLayoutAttr layout;
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(element) || parser.parseComma() || parser.parseAttribute(layout) ||
      parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(start); }, parser.getContext(), shape, element,
                    layout);
}

void MemDescType::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printDimensionList(getShape());
  printer << 'x' << getElementType() << ", " << getLayout() << '>';
}

LogicalResult MemDescType::verify(function_ref<InFlightDiagnostic()> emitError,
                                  ArrayRef<int64_t> shape, Type elementType,
                                  SharedLayoutAttr layout) {
  if (!isa<FloatType, tile::PtrType>(elementType) && !elementType.isSignlessInteger()) // memdesc_c1
    return emitError() << "shared memory holds numbers and pointers, not " << elementType;
  if (ArrayRef(layout.getMap().shape()) == shape) // memdesc_c2
    return success();
  InFlightDiagnostic error = emitError() << "the shared layout is one of a block of shape [";
  llvm::interleaveComma(layout.getMap().shape(), error);
  error << "], the buffer has shape [";
  llvm::interleaveComma(shape, error);
  return error << "]";
}

MemDescType MemDescType::cloneWith(std::optional<ArrayRef<int64_t>> shape, Type elementType) const {
  return get(getContext(), shape.value_or(getShape()), elementType, getLayout());
}

int64_t MemDescType::sizeInBytes() const {
  return getLayout().getMap().inSize(LayoutDim::Offset) *
         sharedElementBytes(elementBits(getElementType()));
}
